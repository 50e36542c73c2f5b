"""What `ProgressStore` promises, of the real store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.ports import ProgressStore, WorkStore
from sentinel_app.core.work import Progress, Reading
from sentinel_app.errors import ReadAuthError, StorageError, UploadDeniedError
from sentinel_app.storage import progress as progress_module
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.sqlite import Database
from tests.clocks import NOON
from tests.stored import make_job, make_query, minutes
from tests.working import make_chosen, make_conversion

DENIED = UploadDeniedError('Give the role.', reason='403')


def begin(progress: ProgressStore, *request_ids: str, update_id: str = 'u1') -> None:
    progress.begin(
        [
            make_job(
                request_id, update_id=update_id, position=place, query=make_query(f'q{place + 1}')
            )
            for place, request_id in enumerate(request_ids)
        ]
    )


def rows(*ids: int) -> list[dict[str, object]]:
    return [{'id': number, 'summary': f'row {number}'} for number in ids]


def add(progress: ProgressStore, request_id: str, *ids: int) -> None:
    progress.add_page(request_id, rows(*ids), last_id=ids[-1], page_size=1_000)


def the(progress: ProgressStore, request_id: str = 'j1', update_id: str = 'u1') -> Progress:
    found = {item.request_id: item for item in progress.progress(update_id)}
    return found[request_id]


def test_a_job_that_was_begun_has_done_nothing_yet(progress: ProgressStore):
    begin(progress, 'j1')
    item = the(progress)

    assert (item.update_id, item.position, item.query_id) == ('u1', 0, 'q1')
    assert item.reading is Reading.WAITING
    assert (item.last_id, item.page_size, item.expected) == (None, None, None)
    assert (item.pages_waiting, item.rows_waiting, item.open_treatments) == (0, 0, 0)
    assert item.is_stopped is False
    assert progress.counts('j1') == Counts()


def test_beginning_again_leaves_a_job_as_it_is(progress: ProgressStore):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=7)
    add(progress, 'j1', 1, 2)
    before = the(progress)
    begin(progress, 'j1', 'j2')

    assert the(progress) == before
    assert the(progress, 'j2').reading is Reading.WAITING


def test_progress_comes_in_the_order_of_precedence_and_of_one_update(progress: ProgressStore):
    jobs = [make_job(f'j{place}', position=place) for place in (2, 0, 1)]
    progress.begin(jobs)
    begin(progress, 'other', update_id='u2')

    assert [item.request_id for item in progress.progress('u1')] == ['j0', 'j1', 'j2']
    assert progress.progress('u3') == ()


def test_counts_of_an_unknown_job_are_none(progress: ProgressStore):
    assert progress.counts('j1') is None


def test_reading_begins_once(progress: ProgressStore):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=7)
    progress.start_reading('j1', at=minutes(90), expected=8)
    item = the(progress)

    assert (item.reading, item.download_started_at, item.expected) == (Reading.READING, NOON, 7)
    assert progress.counts('j1') == Counts(expected=7)


def test_a_page_and_its_last_id_are_stored_together(progress: ProgressStore):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None)
    progress.add_page('j1', rows(3, 9), last_id=9, page_size=2_000)
    item = the(progress)

    assert (item.last_id, item.page_size) == (9, 2_000)
    assert (item.pages_waiting, item.rows_waiting) == (1, 2)
    assert progress.pages_waiting() == 1
    assert progress.counts('j1') == Counts(read=2)


def test_a_page_that_the_disk_refuses_leaves_the_last_id_where_it_was(
    db: Database, progress: ProgressStore
):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None)
    add(progress, 'j1', 1)
    with db.write() as connection:
        connection.execute(
            'CREATE TRIGGER refuse BEFORE UPDATE OF last_id ON progress'
            " BEGIN SELECT raise(ABORT, 'disk') ; END"
        )
    with pytest.raises(StorageError):
        add(progress, 'j1', 2)

    assert the(progress).last_id == 1
    assert progress.pages_waiting() == 1


def test_rows_come_back_as_they_were(progress: ProgressStore):
    begin(progress, 'j1')
    row = {
        'id': 2**53 + 1,
        'summary': 'ü \ufffd \u2028 "\\',
        'rating': 2.5,
        'tags': {'data': [{'name': None}]},
        'active': True,
    }
    progress.add_page('j1', [row], last_id=2**53 + 1, page_size=1)
    page = progress.next_page('u1')

    assert page is not None
    assert page.rows == [row]
    assert the(progress).last_id == 2**53 + 1


def test_a_page_tells_whether_its_rows_were_looked_up_beside_the_window(
    progress: ProgressStore, work: WorkStore
):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None, lookups=['a'])
    add(progress, 'j1', 1)
    progress.next_slice('j1')
    add(progress, 'j1', 2)
    found = []
    for _ in range(2):
        page = progress.next_page('u1')
        assert page is not None
        found.append(page.is_looked_up)
        convert_next(progress, work)

    assert found == [False, True]


def test_an_empty_page_moves_the_last_id_and_waits_for_nobody(progress: ProgressStore):
    begin(progress, 'j1')
    progress.add_page('j1', [], last_id=5, page_size=10)

    assert the(progress).last_id == 5
    assert progress.pages_waiting() == 0


def test_a_reading_by_time_goes_on_where_its_last_span_ended(progress: ProgressStore):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None, lookups=['a', 'b'], is_by_time=True)
    assert (the(progress).is_by_time, the(progress).read_until) == (True, None)
    progress.add_page('j1', rows(9, 3), read_until=minutes(60), page_size=10)
    progress.add_page('j1', [], read_until=minutes(90), page_size=20)
    item = the(progress)

    assert (item.last_id, item.read_until, item.page_size) == (None, minutes(90), 20)
    assert (item.pages_waiting, item.rows_waiting) == (1, 2)
    # What is looked at next has a time of its own, but is read in the same way.
    assert progress.next_slice('j1')
    item = the(progress)
    assert (item.clause, item.is_by_time, item.read_until) == ('a', True, None)


def test_a_reading_by_id_goes_on_by_time_from_the_beginning_of_its_slice(progress: ProgressStore):
    begin(progress, 'j1', 'j2')
    for name in ('j1', 'j2'):
        progress.start_reading(name, at=NOON, expected=None, lookups=['a'])
        progress.next_slice(name)
        add(progress, name, 1, 2)
    progress.read_by_time('j1')
    item = the(progress)

    assert (item.is_by_time, item.last_id, item.read_until, item.clause) == (True, None, None, 'a')
    assert item.pages_waiting == 1
    assert (the(progress, 'j2').is_by_time, the(progress, 'j2').last_id) == (False, 2)
    # Said once more, it takes nothing back.
    progress.add_page('j1', rows(3), read_until=minutes(60), page_size=10)
    progress.read_by_time('j1')
    assert the(progress).read_until == minutes(60)


def test_a_reading_that_has_ended_stays_as_it_was(progress: ProgressStore):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None)
    add(progress, 'j1', 7)
    progress.end_reading('j1', at=NOON)
    progress.read_by_time('j1')
    assert (the(progress).is_by_time, the(progress).last_id) == (False, 7)


def test_complete_reading_is_stored_with_its_time(progress: ProgressStore):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None)
    progress.end_reading('j1', at=minutes(300))
    item = the(progress)

    assert (item.reading, item.download_completed_at) == (Reading.COMPLETE, minutes(300))
    assert (item.failure_code, item.failure_reason) == (None, None)


@pytest.mark.parametrize(
    ('reason', 'shown'), [('', 'Mend it.'), ('no such key', 'Mend it. (no such key)')]
)
def test_failed_reading_is_stored_with_what_to_do_and_why(
    progress: ProgressStore, reason: str, shown: str
):
    begin(progress, 'j1')
    progress.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.', reason=reason))
    item = the(progress)

    assert (item.reading, item.failure_code) == (Reading.FAILED, 'TC-AUTH')
    assert item.failure_reason == shown


def test_reading_ends_once(progress: ProgressStore):
    begin(progress, 'j1')
    progress.end_reading('j1', at=NOON)
    progress.end_reading('j1', at=minutes(300), error=ReadAuthError('Mend it.'))
    item = the(progress)

    assert (item.reading, item.download_completed_at) == (Reading.COMPLETE, NOON)
    assert item.failure_code is None


@pytest.mark.parametrize('how', ['complete', 'failed', 'stopped'])
def test_a_page_that_comes_after_the_end_of_reading_is_not_taken_up(
    progress: ProgressStore, work: WorkStore, how: str
):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=None)
    add(progress, 'j1', 1)
    if how == 'stopped':
        work.stop_jobs(['j1'], DENIED)
    else:
        error = ReadAuthError('Mend it.') if how == 'failed' else None
        progress.end_reading('j1', at=NOON, error=error)
    add(progress, 'j1', 2)

    assert (the(progress).last_id, the(progress).rows_waiting) == (1, 1)


def test_there_is_no_next_page_where_none_was_read(progress: ProgressStore):
    begin(progress, 'j1')

    assert progress.next_page('u1') is None


def test_the_next_page_is_the_oldest_of_the_highest_query(progress: ProgressStore):
    begin(progress, 'j1', 'j2')
    add(progress, 'j2', 10)
    add(progress, 'j1', 1)
    add(progress, 'j1', 2)
    page = progress.next_page('u1')

    assert page is not None
    assert (page.request_id, page.position, page.seq) == ('j1', 0, 0)
    assert page.rows == rows(1)


def convert_next(progress: ProgressStore, work: WorkStore) -> tuple[str, int]:
    page = progress.next_page('u1')
    assert page is not None
    ids = [row['id'] for row in page.rows]
    work.store_conversion(
        make_conversion(page, dict.fromkeys(ids, Outcome.INVALID)),  # type: ignore[arg-type]
        at=NOON,
    )
    return page.request_id, page.seq


def test_pages_come_in_the_order_of_reading_each_until_it_is_converted(
    progress: ProgressStore, work: WorkStore
):
    begin(progress, 'j1', 'j2')
    for number in range(12):
        add(progress, 'j1', number)
    add(progress, 'j2', 100)
    progress.end_reading('j1', at=NOON)
    found = [convert_next(progress, work) for _ in range(13)]

    assert found == [*(('j1', seq) for seq in range(12)), ('j2', 0)]
    assert progress.next_page('u1') is None
    assert progress.pages_waiting() == 0


@pytest.mark.parametrize('is_started', [False, True])
def test_a_lower_page_waits_while_a_higher_query_may_still_bring_one(
    progress: ProgressStore, is_started: bool
):
    begin(progress, 'j1', 'j2')
    add(progress, 'j2', 10)
    if is_started:
        progress.start_reading('j1', at=NOON, expected=None)

    assert progress.next_page('u1') is None
    progress.end_reading('j1', at=NOON)
    page = progress.next_page('u1')
    assert page is not None
    assert page.request_id == 'j2'


def test_a_higher_query_whose_reading_failed_makes_way(progress: ProgressStore):
    begin(progress, 'j1', 'j2')
    progress.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.'))
    add(progress, 'j2', 10)
    page = progress.next_page('u1')

    assert page is not None
    assert page.request_id == 'j2'


def test_pages_of_another_update_are_not_given(progress: ProgressStore):
    begin(progress, 'j1')
    begin(progress, 'j9', update_id='u2')
    add(progress, 'j9', 1)

    assert progress.next_page('u1') is None


def fill(progress: ProgressStore, work: WorkStore, request_id: str, update_id: str) -> None:
    begin(progress, request_id, update_id=update_id)
    add(progress, request_id, *range(1, 8))
    page = progress.next_page(update_id)
    assert page is not None
    objects = [
        make_chosen(f'{request_id}-{number}', request_id=request_id, indicator_id=number)
        for number in range(1, 8)
    ]
    work.store_conversion(
        make_conversion(page, dict.fromkeys(range(1, 8)), objects),
        at=NOON,
    )
    add(progress, request_id, 8, 9)


def sizes(db: Database) -> list[int]:
    with db.read() as connection:
        return [
            connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0]
            for table in ('progress', 'page', 'treatment', 'object')
        ]


@pytest.mark.parametrize('portion', [1, 3, 7, 10_000])
def test_an_update_is_removed_in_portions_whole_and_alone(
    db: Database,
    progress: ProgressStore,
    work: WorkStore,
    monkeypatch: pytest.MonkeyPatch,
    portion: int,
):
    monkeypatch.setattr(progress_module, '_PORTION', portion)
    fill(progress, work, 'j1', 'u1')
    fill(progress, work, 'j2', 'u2')
    progress.remove_update('u1')

    assert sizes(db) == [1, 1, 7, 7]
    assert progress.counts('j1') is None
    assert progress.counts('j2') == Counts(read=9, converted=7, objects=7)


def test_updates_that_nobody_knows_are_removed(
    db: Database, progress: ProgressStore, work: WorkStore
):
    for number in (1, 2, 3):
        fill(progress, work, f'j{number}', f'u{number}')
    progress.remove_other_updates(['u2', 'u9'])

    assert sizes(db) == [1, 1, 7, 7]
    assert progress.counts('j2') is not None
    progress.remove_other_updates([])
    assert sizes(db) == [0, 0, 0, 0]


def test_what_was_stored_is_there_after_the_file_is_opened_again(tmp_path: Path):
    path = tmp_path / 'again.db'
    first = Database(path)
    begin(SqliteProgress(first), 'j1')
    add(SqliteProgress(first), 'j1', 4)
    first.close()
    second = Database(path)
    try:
        assert the(SqliteProgress(second)).last_id == 4
        page = SqliteProgress(second).next_page('u1')
        assert page is not None
        assert page.rows == rows(4)
    finally:
        second.close()


@pytest.mark.timeout(60)
def test_counts_never_count_a_page_twice_while_it_is_being_converted(
    progress: ProgressStore, work: WorkStore
):
    begin(progress, 'j1')
    for number in range(60):
        add(progress, 'j1', number)
    found: set[int] = set()
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            counts = progress.counts('j1')
            assert counts is not None
            found.add(counts.read)

    looker = threading.Thread(target=look)
    looker.start()
    for _ in range(60):
        convert_next(progress, work)
    is_over.set()
    looker.join()

    assert found == {60}
