"""What `UpdateStore` promises of reading, conversion and the end, of the real store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sentinel_app.core.job import Counts, JobStatus, Mode, Outcome
from sentinel_app.core.job_state import job_status
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.outbox import Alternate, Fate, Sighting
from sentinel_app.core.progress import ExtraQuery, Position, Reading
from sentinel_app.core.tql import IDS_IN_CLAUSE, ids_clause
from sentinel_app.errors import ReadAuthError, StorageError, TaskKilledError, UploadDeniedError
from sentinel_app.storage import update_store
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.page_queue import EndOfReading
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query, minutes
from tests.harness.builders.update import (
    Working,
    address,
    chosen,
    make_conversion,
    make_error,
    make_page,
    make_store,
    numbers,
    send,
)
from tests.harness.clocks import NOON

DENIED = UploadDeniedError('Give the role.', reason='403')
KILLED = TaskKilledError('The Task Upload was killed by jdoe.')


def begin(store: UpdateStore, *request_ids: str, update_id: str = 'u1') -> None:
    """Begin an update whose Jobs have not been read as yet."""
    store.begin(
        [
            make_job(
                request_id, update_id=update_id, position=place, query=make_query(f'q{place + 1}')
            )
            for place, request_id in enumerate(request_ids)
        ]
    )


def count(db: Database, *tables: str) -> list[int]:
    """How many rows tables have."""
    with db.read() as connection:
        return [
            connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0] for table in tables
        ]


# -- the Jobs


def test_new_job_has_done_nothing_yet(store: UpdateStore, working: Working):
    begin(store, 'j1')
    item = working.progress()

    assert (item.update_id, item.position, item.query_id) == ('u1', 0, 'q1')
    assert item.reading is Reading.WAITING
    assert (item.place, item.expected) == (Position(), None)
    assert (item.pages_waiting, item.rows_waiting, item.open, item.waiting) == (0, 0, 0, 0)
    assert item.is_stopped is False
    assert store.counts('j1') == Counts()


def test_begin_twice_leaves_a_job_as_it_is(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1), outcomes={2: Outcome.EXPIRED})
    before = working.progress()
    begin(store, 'j1', 'j2')

    assert working.progress() == before
    assert working.progress('j2').reading is Reading.WAITING


def test_progress_comes_in_the_order_of_precedence_and_of_one_update(store: UpdateStore):
    store.begin([make_job(f'j{place}', position=place) for place in (2, 0, 1)])
    begin(store, 'other', update_id='u2')

    assert [item.request_id for item in store.progress('u1')] == ['j0', 'j1', 'j2']
    assert store.progress('u3') == ()


def test_counts_of_an_unknown_job_are_none(store: UpdateStore):
    assert store.counts('j1') is None


def test_first_mark_of_an_update_is_its_own_whoever_was_cancelled_before(
    store: UpdateStore,
):
    assert store.cancel(make_job('j2', update_id='u2'))
    begin(store, 'j1')
    begin(store, 'j2', 'j3', update_id='u2')
    store.cancel(make_job('j4', update_id='u3'))
    marks = [store.first_mark(update_id) for update_id in ('u1', 'u2', 'u3', 'u4')]

    # What the first update chose has a number above that of the Job that was cancelled.
    assert marks[0] == store.jobs.number('j1')
    assert marks[1] == store.jobs.number('j3')
    assert min(marks[2:]) > store.jobs.number('j4')


def test_job_that_begins_has_the_highest_number_even_if_its_name_was_used_before(
    store: UpdateStore, db: Database, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent())
    store.remove_update('u1', at=NOON)
    begin(store, 'j2', update_id='u2')
    # The documents were put back from a backup in which it is still to come.
    begin(store, 'j1', update_id='u3')

    assert store.first_mark('u3') == store.jobs.number('j1') > store.jobs.number('j2')
    assert [record.request_id for record in ledger.by_indicator([1])] == ['j1']


def test_objects_sent_before_a_job_restarted_do_not_count_in_its_account(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent())
    store.remove_update('u1', at=NOON)
    # The documents were put back from a backup.
    working.begin('j1')
    row = Ledger(working.db).rows_of_keys([address(1).digest])[address(1).digest]
    working.convert(chosen(1, object=row.id, fate=Fate.UNCHANGED))
    working.convert(chosen(1, object=row.id, indicator_id=2, replaces=True, content_hash=b'new'))
    working.end()
    working.settle(working.sent())

    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}


def test_removed_update_leaves_nothing_while_a_page_is_converted(
    store: UpdateStore, db: Database, working: Working, monkeypatch: pytest.MonkeyPatch
):
    working.begin('j1')
    remove = store._remove_portions

    def interrupted(statement: str, values: tuple[int, ...]) -> None:
        remove(statement, values)
        monkeypatch.undo()
        working.convert(chosen(1), outcomes={2: Outcome.EXPIRED})
        assert not store.is_batch_ready('u1', size=1)

    monkeypatch.setattr(store, '_remove_portions', interrupted)
    store.remove_update('u1', at=NOON)

    assert count(db, 'outbox', 'progress', 'outcome', 'page_ids', 'taken_up') == [0] * 5


def test_cancellation_that_could_not_be_stored_leaves_nothing(store: UpdateStore, db: Database):
    with db.write() as transaction:
        transaction.execute(
            'CREATE TRIGGER full BEFORE UPDATE ON progress '
            "BEGIN SELECT raise(ABORT, 'disk I/O error'); END"
        )
    with pytest.raises(StorageError):
        store.cancel(make_job('j2', update_id='u2'))
    with db.write() as transaction:
        transaction.execute('DROP TRIGGER full')
    begin(store, 'j1')
    begin(store, 'j2', update_id='u2')

    assert store.first_mark('u2') > store.first_mark('u1')
    assert count(db, 'progress') == [2]


# -- reading


def test_reading_begins_once(store: UpdateStore, working: Working):
    begin(store, 'j1')
    store.start_reading('j1', at=NOON, expected=7)
    store.start_reading('j1', at=minutes(90), expected=8)
    item = working.progress()

    assert (item.reading, item.download_started_at, item.expected) == (Reading.READING, NOON, 7)
    assert store.counts('j1') == Counts(expected=7)


def test_extra_queries_of_a_job_come_in_the_order_they_were_given(store: UpdateStore):
    begin(store, 'j1', 'j2')
    store.start_reading('j1', at=NOON, expected=None, clauses=['a', 'b'])

    assert [store.extra_query('j1', number) for number in range(4)] == [
        *(None, ExtraQuery(clause='a'), ExtraQuery(clause='b'), None)
    ]
    assert store.extra_query('j2', 1) is None
    assert store.extra_query('nobody', 1) is None


def test_complete_reading_is_stored_with_its_time(store: UpdateStore, working: Working):
    working.begin('j1')
    assert store.end_reading('j1', at=minutes(300))
    item = working.progress()

    assert (item.reading, item.download_completed_at) == (Reading.COMPLETE, minutes(300))
    assert (item.failure_code, item.failure_reason) == (None, None)


@pytest.mark.parametrize(
    ('reason', 'shown'), [('', 'Mend it.'), ('no such key', 'Mend it. (no such key)')]
)
def test_failed_reading_is_stored_with_what_to_do_and_why(
    store: UpdateStore, working: Working, reason: str, shown: str
):
    working.begin('j1')
    assert store.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.', reason=reason))
    item = working.progress()

    assert (item.reading, item.failure_code) == (Reading.FAILED, 'TC-AUTH')
    assert item.failure_reason == shown


def test_reading_ends_once(store: UpdateStore, working: Working):
    working.begin('j1')
    store.end_reading('j1', at=NOON)
    store.end_reading('j1', at=minutes(300), error=ReadAuthError('Mend it.'))
    item = working.progress()

    assert (item.reading, item.download_completed_at) == (Reading.COMPLETE, NOON)
    assert item.failure_code is None


def test_reading_that_has_ended_stays_as_it_was(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(outcomes={7: Outcome.EXPIRED})
    working.end()
    store.read_by_time('j1')

    assert (working.progress().place.is_by_time, working.progress().place.last_id) == (False, 7)


def test_reading_by_id_continues_by_time_from_the_beginning_of_its_pass(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1', 'j2')
    for name in ('j1', 'j2'):
        working.convert(outcomes={1: Outcome.EXPIRED, 2: Outcome.WITHHELD}, request_id=name)
    store.read_by_time('j1')
    place = working.progress().place

    assert (place.is_by_time, place.last_id, place.read_until) == (True, None, None)
    assert working.progress('j2').place.last_id == 2
    # What was taken up before is known, as it comes once more.
    jobs = [store.jobs.number(name) for name in ('j1', 'j2')]
    assert ledger.taken_up(jobs[0], [1, 2, 3]) == {1, 2}
    assert ledger.taken_up(jobs[1], [1, 2, 3]) == frozenset()
    # Said once more, it takes nothing back.
    page = make_page(3, last_id=None, is_by_time=True, read_until=minutes(60))
    store.commit_page(make_conversion(page, {3: Outcome.EXPIRED}), at=NOON)
    store.read_by_time('j1')
    assert working.progress().place.read_until == minutes(60)


def test_page_that_was_read_by_id_moves_no_reading_by_time(store: UpdateStore, working: Working):
    working.begin('j1')
    store.read_by_time('j1')
    working.convert(outcomes={9: Outcome.EXPIRED})

    assert working.progress().place.last_id is None
    assert working.outcomes() == {Outcome.EXPIRED: 1}


@pytest.mark.parametrize('is_by_time', [False, True])
def test_indicators_that_a_job_has_taken_up_are_known(
    store: UpdateStore, working: Working, ledger: Ledger, is_by_time: bool
):
    begin(store, 'j1', 'j2')
    for name in ('j1', 'j2'):
        store.start_reading(name, at=NOON, expected=None, is_by_time=is_by_time)
    working.convert(chosen(1), outcomes={2: Outcome.INVALID})
    store.read_by_time('j1')
    job, other = store.jobs.number('j1'), store.jobs.number('j2')

    assert ledger.taken_up(job, [1, 2, 3]) == {1, 2}
    assert ledger.taken_up(job, range(1, 2_000)) == {1, 2}
    assert ledger.taken_up(other, [1, 2, 3]) == frozenset()
    assert ledger.taken_up(job, []) == frozenset()


# -- alternates


def seen_and_alternates(store: UpdateStore, working: Working, ledger: Ledger) -> None:
    """Read worse copies of two objects, of which the held copy of the second comes as well."""
    send(store, chosen(1), chosen(2))
    objects = [
        ledger.rows_of_keys([address(number).digest])[address(number).digest].id
        for number in (1, 2)
    ]
    working.begin('j1')
    working.convert(
        outcomes={2: Outcome.UNCHANGED} | dict.fromkeys((11, 12, 21), Outcome.DUPLICATE),
        kept=(11, 12, 21),
        seen=[Sighting(objects[1], 500)],
        alternates=[
            Alternate(objects[0], 11, 100),
            Alternate(objects[0], 12, 200),
            Alternate(objects[1], 21, 100),
        ],
    )


def test_best_alternate_is_requested_where_the_current_copy_did_not_come(
    store: UpdateStore, working: Working, ledger: Ledger
):
    seen_and_alternates(store, working, ledger)
    asked = []
    while not store.end_reading('j1', at=NOON):
        extra = store.extra_query('j1', working.progress().place.number)
        assert extra is not None
        assert extra.is_alternate
        asked.append(extra.clause)
        assert working.progress().reading is Reading.READING

    # Should the best be gone as well, the next one is asked for after it.
    assert asked == [ids_clause([12]), ids_clause([11])]
    assert working.progress().reading is Reading.COMPLETE


def test_alternate_that_takes_over_is_counted_by_its_outcome(
    store: UpdateStore, working: Working, ledger: Ledger
):
    seen_and_alternates(store, working, ledger)
    assert not store.end_reading('j1', at=NOON)
    row = ledger.rows_of_keys([address(1).digest])[address(1).digest]
    item = chosen(1, indicator_id=12, object=row.id)
    page = make_page(12, number=1)
    store.commit_page(
        make_conversion(page, {}, [item], job=store.jobs.number('j1'), again={12: [Fate.SEND]}),
        at=NOON,
    )
    assert working.outcomes() == {Outcome.UNCHANGED: 1, Outcome.DUPLICATE: 2}
    assert store.end_reading('j1', at=NOON)
    working.settle(working.sent())

    assert working.outcomes() == {
        Outcome.UNCHANGED: 1,
        Outcome.DUPLICATE: 2,
        Outcome.SENT: 1,
    }
    assert ledger.rows_of_keys([address(1).digest])[address(1).digest].indicator_id == 12


def test_alternates_are_requested_in_portions(store: UpdateStore, working: Working, ledger: Ledger):
    size = IDS_IN_CLAUSE + 1
    for start in range(0, size, 50):
        items = [chosen(number) for number in range(start, min(start + 50, size))]
        send(store, *items, request_id=f'earlier-{start}')
    rows = ledger.rows_of_keys([address(number).digest for number in range(size)])
    working.begin('j1')
    working.convert(
        outcomes={1_000: Outcome.DUPLICATE},
        alternates=[
            Alternate(rows[address(number).digest].id, 2_000 + number, 1) for number in range(size)
        ],
    )
    assert not store.end_reading('j1', at=NOON)

    assert [store.extra_query('j1', number) for number in (1, 2, 3)] == [
        ExtraQuery(clause=ids_clause(range(2_000, 2_000 + IDS_IN_CLAUSE)), is_alternate=True),
        ExtraQuery(clause=ids_clause([2_000 + IDS_IN_CLAUSE]), is_alternate=True),
        None,
    ]


@pytest.mark.parametrize('why', ['delta', 'failed'])
def test_alternate_is_not_requested_where_the_current_copy_may_still_exist(
    store: UpdateStore, working: Working, ledger: Ledger, why: str
):
    if why == 'delta':
        send(store, chosen(1))
        store.begin([make_job('j1', mode=Mode.DELTA)])
        store.start_reading('j1', at=NOON, expected=None)
        (row,) = ledger.rows_of_keys([address(1).digest]).values()
        working.convert(outcomes={11: Outcome.DUPLICATE}, alternates=[Alternate(row.id, 11, 100)])
        assert store.end_reading('j1', at=NOON)
    else:
        seen_and_alternates(store, working, ledger)
        assert store.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.'))

    assert store.extra_query('j1', 1) is None


# -- conversion


def test_conversion_stores_outcomes_objects_errors_and_place_together(
    store: UpdateStore, working: Working, error_log: ErrorLog
):
    working.begin('j1')
    error = make_error(code='MAP-VALUE')
    working.convert(
        chosen(1),
        chosen(2),
        outcomes={3: Outcome.INVALID, 4: Outcome.WITHHELD},
        errors=[error],
        shortened=2,
    )

    assert store.counts('j1') == Counts(
        read=4,
        converted=4,
        outcomes={Outcome.INVALID: 1, Outcome.WITHHELD: 1},
        objects=2,
        shortened=2,
    )
    item = working.progress()
    assert (item.open, item.waiting, item.place.last_id) == (2, 2, 4)
    assert item.convert_started_at == NOON
    assert list(error_log.entries()) == [error]


def test_conversion_that_the_disk_refuses_leaves_everything_as_it_was(
    db: Database, store: UpdateStore, working: Working, error_log: ErrorLog
):
    working.begin('j1')
    before = working.progress()
    with db.write() as connection:
        connection.execute(
            'CREATE TRIGGER refuse BEFORE UPDATE OF last_id ON progress'
            " BEGIN SELECT raise(ABORT, 'disk'); END"
        )
    for _ in range(2):
        with pytest.raises(StorageError):
            working.convert(chosen(1), errors=[make_error()])
    assert working.progress() == before
    assert count(db, 'ledger', 'outbox', 'page_ids') == [0, 0, 0]
    assert list(error_log.entries()) == []

    with db.write() as connection:
        connection.execute('DROP TRIGGER refuse')
    working.convert(chosen(1))
    assert numbers(working.claim(size=1)) == [1]


def test_indicator_with_a_large_id_is_taken_up(working: Working):
    working.begin('j1')
    working.convert(chosen(1, indicator_id=2**63 - 1))

    assert working.progress().place.last_id == 2**63 - 1
    assert working.sent(size=1).objects[0].indicator_id == 2**63 - 1


def test_new_key_is_known_as_chosen_and_not_as_current(working: Working, ledger: Ledger):
    working.begin('j1')
    working.convert(chosen(1))
    (row,) = ledger.rows_of_keys([address(1).digest]).values()

    assert row.state == ObjectState.NEW
    assert row.mark == working.store.jobs.number('j1')
    assert row.chosen_copy() == (1, chosen(1).source_modified)
    assert ledger.live(NOON) == 0
    assert ledger.by_key([address(1)]) == ()


def test_unchanged_object_is_only_marked_as_seen(
    store: UpdateStore, working: Working, ledger: Ledger
):
    send(store, chosen(1))
    (before,) = ledger.rows_of_keys([address(1).digest]).values()
    working.begin('j1')
    working.convert(outcomes={1: Outcome.UNCHANGED}, seen=[Sighting(before.id, 12_345)])
    (after,) = ledger.rows_of_keys([address(1).digest]).values()

    assert after == before._replace(mark=store.jobs.number('j1'), source_modified=12_345)
    assert working.counts().objects == 1


def test_unchanged_objects_of_another_copy_are_taken_over(
    store: UpdateStore, working: Working, ledger: Ledger
):
    send(store, chosen(1), query_id='q2')
    working.begin('j1')
    working.convert(
        chosen(
            1,
            indicator_id=7,
            owner_name='Another Org',
            summary='198.051.000.001',
            fate=Fate.UNCHANGED,
            is_moved=True,
        )
    )
    (record,) = ledger.by_key([address(1)])

    assert (record.query_id, record.indicator_id) == ('q1', 7)
    assert (record.owner_name, record.summary) == ('Another Org', '198.051.000.001')
    assert {(found.query_id, found.count) for found in ledger.live_counts(NOON)} == {('q1', 1)}


def test_page_of_a_job_that_is_gone_is_not_stored(db: Database, store: UpdateStore):
    conversion = make_conversion(make_page(1), {1: Outcome.EXPIRED}, job=77)
    store.commit_page(conversion, at=NOON)

    assert count(db, 'progress', 'page_ids') == [0, 0]


@pytest.mark.timeout(60)
def test_counts_never_count_a_page_twice_while_it_is_being_converted(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    found: set[int] = set()
    is_over = threading.Event()

    def look() -> None:
        while not is_over.is_set():
            counts = working.counts()
            assert counts.converted == counts.settled + 0
            found.add(counts.read)

    looker = threading.Thread(target=look)
    looker.start()
    for number in range(60):
        page = make_page(number)
        place = store.pages.place('j1', lambda: working.progress().place)
        assert place is not None
        assert store.pages.put(page, read_from=place)
        working.convert(outcomes={number: Outcome.INVALID}, last_id=number)
        store.pages.take_off(page)
    is_over.set()
    looker.join()

    assert working.counts().read == 60
    assert max(found) <= 61


# -- stopping and canceling


def failure(working: Working) -> tuple[str | None, str | None, str, bool]:
    item = working.progress()
    return item.failure_code, item.failure_reason, item.reading, item.is_stopped


STOPPED = ('AZ-403', 'Give the role. (403)')


def test_job_stopped_before_reading_has_failed(store: UpdateStore, working: Working):
    begin(store, 'j1')
    store.stop_jobs(['j1'], DENIED)

    assert failure(working) == (*STOPPED, 'failed', True)
    assert working.is_dealt_with()


def test_job_stopped_while_it_is_read_ends_when_its_pages_are_handled(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    page = make_page(1)
    assert store.pages.place('j1', Position) is not None
    assert store.pages.put(page, read_from=Position())
    store.stop_jobs(['j1'], DENIED)
    store.end_reading('j1', at=NOON)
    assert failure(working) == (*STOPPED, 'failed', True)
    assert not working.is_dealt_with()
    assert working.counts().read == 1
    working.convert(outcomes={1: Outcome.FAILED})
    store.pages.take_off(page)

    assert working.is_dealt_with()
    assert working.outcomes() == {Outcome.FAILED: 1}


def test_page_converted_while_its_job_is_stopped_sends_nothing(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    store.stop_jobs(['j1'], DENIED)
    working.convert(chosen(1), outcomes={2: Outcome.EXPIRED})

    assert working.claim() is None
    assert working.outcomes() == {Outcome.FAILED: 1, Outcome.EXPIRED: 1}
    assert working.is_dealt_with()


def test_job_stopped_with_objects_waiting_fails_those_alone(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2), outcomes={5: Outcome.DUPLICATE})
    working.end()
    working.settle(working.sent(size=1))
    store.stop_jobs(['j1'], DENIED)

    assert failure(working) == (*STOPPED, 'complete', True)
    assert working.claim() is None
    assert working.outcomes() == {Outcome.SENT: 1, Outcome.FAILED: 1, Outcome.DUPLICATE: 1}
    assert ledger.live(NOON) == 1


@pytest.mark.parametrize(
    ('how', 'outcome'),
    [('settle', Outcome.SENT), ('refuse', Outcome.REFUSED), ('release', Outcome.FAILED)],
)
def test_job_stopped_with_a_batch_in_flight_waits_for_its_answer(
    store: UpdateStore, working: Working, how: str, outcome: Outcome
):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    batch = working.sent()
    store.stop_jobs(['j1'], DENIED)
    assert not working.is_dealt_with()
    if how == 'release':
        store.release(batch)
    else:
        working.settle(batch, *([0] if how == 'refuse' else []))

    assert working.outcomes() == {outcome: 1}
    assert working.is_dealt_with()


def test_other_jobs_continue_when_one_is_stopped(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    working.convert(chosen(1))
    working.convert(chosen(2), request_id='j2')
    working.end('j1', 'j2')
    batch = working.sent()
    store.stop_jobs(['j1'], DENIED)
    store.release(batch)

    assert numbers(working.claim()) == [2]
    assert not working.is_dealt_with('j2')
    assert working.is_dealt_with('j1')


def test_first_failure_of_a_job_is_the_one_it_shows(store: UpdateStore, working: Working):
    working.begin('j1')
    store.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.'))
    store.stop_jobs(['j1'], DENIED)

    assert failure(working)[:2] == ('TC-AUTH', 'Mend it.')


def test_job_stopped_by_several_callers_is_returned_to_one(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')

    assert store.stop_jobs(['j1'], KILLED) == ('j1',)
    assert store.stop_jobs(['j1', 'j2'], KILLED) == ('j2',)
    assert store.stop_jobs(['j1', 'j2'], KILLED) == ()


def test_job_that_waits_is_cancelled(store: UpdateStore, working: Working):
    begin(store, 'j1', 'j2')

    assert store.cancel(make_job('j1'))
    assert job_status(working.progress()) is JobStatus.CANCELLED
    assert working.progress().is_settled
    assert job_status(working.progress('j2')) is JobStatus.PENDING
    assert store.cancel(make_job('j1'))


def test_job_whose_update_has_not_begun_is_cancelled_for_good(store: UpdateStore, working: Working):
    assert store.cancel(make_job('j1', query=make_query(sort_field='rating')))
    begin(store, 'j1')

    assert job_status(working.progress()) is JobStatus.CANCELLED


def test_job_that_is_being_read_is_not_cancelled(store: UpdateStore, working: Working):
    working.begin('j1')

    assert not store.cancel(make_job('j1'))
    assert working.progress().reading is Reading.READING


def test_job_that_was_stopped_before_is_not_cancelled(store: UpdateStore, working: Working):
    begin(store, 'j1')
    store.stop_jobs(['j1'], KILLED)

    assert not store.cancel(make_job('j1'))
    assert job_status(working.progress()) is JobStatus.FAILED


def test_reading_that_begins_too_late_reads_nothing(store: UpdateStore, working: Working):
    begin(store, 'j1')
    store.cancel(make_job('j1'))
    store.start_reading('j1', at=NOON, expected=7)
    store.end_reading('j1', at=NOON)

    assert job_status(working.progress()) is JobStatus.CANCELLED
    assert working.progress().download_started_at is None


def test_race_of_start_and_cancellation_has_one_winner(store: UpdateStore, working: Working):
    for number in range(30):
        name = f'j{number}'
        begin(store, name)
        gate = threading.Barrier(2)

        def start(name: str = name, gate: threading.Barrier = gate) -> None:
            gate.wait()
            store.start_reading(name, at=NOON, expected=1)

        thread = threading.Thread(target=start)
        thread.start()
        gate.wait()
        is_cancelled = store.cancel(make_job(name))
        thread.join()

        is_reading = working.progress(name).reading is Reading.READING
        assert is_cancelled is not is_reading


# -- pages of Jobs that were stopped


def put(store: UpdateStore, request_id: str, *ids: int) -> None:
    """Add a page of a Job to those that wait."""
    place = store.pages.place(request_id, Position)
    assert place is not None
    assert store.pages.put(make_page(*ids, request_id=request_id), read_from=place)


def test_pages_of_stopped_jobs_are_dropped_and_accounted_for(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    put(store, 'j1', 1, 2)
    put(store, 'j1', 3)
    put(store, 'j2', 4)
    assert store.drop_pages() == 0
    store.stop_jobs(['j1'], KILLED)
    assert not working.progress().is_settled

    assert store.drop_pages() == 2
    assert working.outcomes() == {Outcome.FAILED: 3}
    assert working.progress().is_settled
    assert working.progress('j2').pages_waiting == 1
    assert store.drop_pages() == 0


def test_indicator_taken_up_before_keeps_its_outcome(store: UpdateStore, working: Working):
    begin(store, 'j1')
    store.start_reading('j1', at=NOON, expected=None, is_by_time=True)
    working.convert(outcomes={1: Outcome.EXPIRED})
    put(store, 'j1', 1, 2)
    store.stop_jobs(['j1'], KILLED)
    store.drop_pages()

    assert working.outcomes() == {Outcome.EXPIRED: 1, Outcome.FAILED: 1}


@pytest.mark.parametrize('is_dropped_first', [True, False])
def test_page_that_was_dropped_while_its_conversion_hung_is_accounted_for_once(
    store: UpdateStore, working: Working, is_dropped_first: bool
):
    working.begin('j1')
    put(store, 'j1', 1, 2)
    store.stop_jobs(['j1'], KILLED)
    if is_dropped_first:
        store.drop_pages()
    working.convert(chosen(1), outcomes={2: Outcome.FAILED})
    store.drop_pages()

    assert working.outcomes() == {Outcome.FAILED: 2}


@pytest.mark.parametrize('is_by_time', [False, True])
def test_page_that_is_stored_and_still_waits_is_not_dropped_as_well(
    store: UpdateStore, working: Working, is_by_time: bool
):
    working.begin('j1')
    if is_by_time:
        store.read_by_time('j1')
    working.convert(outcomes={1: Outcome.EXPIRED, 2: Outcome.EXPIRED})
    put(store, 'j1', 3, 4, 5)
    put(store, 'j1', 6)
    working.convert(chosen(3), outcomes={4: Outcome.WITHHELD, 5: Outcome.DUPLICATE})
    # Convert hangs before it takes the page off.
    store.stop_jobs(['j1'], KILLED)
    store.drop_pages()

    assert working.counts().read == 6
    assert working.outcomes() == {
        Outcome.EXPIRED: 2,
        Outcome.WITHHELD: 1,
        Outcome.DUPLICATE: 1,
        Outcome.FAILED: 2,
    }


def test_rows_that_two_pages_repeat_are_dropped_once(store: UpdateStore, working: Working):
    working.begin('j1')
    store.read_by_time('j1')
    put(store, 'j1', 1, 2)
    put(store, 'j1', 2, 3)
    store.stop_jobs(['j1'], KILLED)
    store.drop_pages()

    assert working.outcomes() == {Outcome.FAILED: 3}


def test_copy_that_failed_before_the_better_one_was_stored_is_counted_once(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2, indicator_id=7), chosen(3, indicator_id=7))
    store.stop_jobs(['j1'], DENIED)
    working.convert(
        chosen(1, indicator_id=8, replaces=True), chosen(2, indicator_id=9, replaces=True)
    )

    assert working.outcomes() == {Outcome.FAILED: 4}
    assert working.claim() is None


# -- the end


def fill(store: UpdateStore, working: Working, name: str, update_id: str) -> None:
    """Let an update choose seven objects and set down what it needs while it runs."""
    store.begin([make_job(name, update_id=update_id, query=make_query(f'q{name[1:]}'))])
    store.start_reading(name, at=NOON, expected=None, clauses=['a'])
    offset = int(name[1:]) * 10
    items = [chosen(offset + number) for number in range(1, 8)]
    working.convert(
        *items,
        outcomes={offset: Outcome.DUPLICATE},
        request_id=name,
        kept=[offset],
        alternates=[Alternate(1, offset, 7)],
    )


TABLES = ('progress', 'outbox', 'outcome', 'taken_up', 'alternate', 'extra_query', 'page_ids')


@pytest.mark.parametrize('portion', [1, 3, 7, 10_000])
def test_update_is_removed_in_portions_whole_and_alone(
    db: Database,
    store: UpdateStore,
    working: Working,
    monkeypatch: pytest.MonkeyPatch,
    portion: int,
):
    monkeypatch.setattr(update_store, '_PORTION', portion)
    fill(store, working, 'j1', 'u1')
    fill(store, working, 'j2', 'u2')
    with db.write() as connection:
        for job in (1, 2):
            connection.execute('INSERT INTO page_ids (job, ids) VALUES (?, ?)', (job, b''))
    before = count(db, *TABLES)
    store.stop_jobs(['j1'], DENIED)
    store.remove_update('u1', at=NOON)

    assert before == [2, 14, 2, 16, 2, 2, 2]
    assert count(db, *TABLES) == [1, 7, 1, 8, 1, 1, 1]
    assert count(db, 'ledger') == [7]
    assert store.counts('j1') is None
    assert working.counts('j2').objects == 7


def test_unknown_updates_are_removed(db: Database, store: UpdateStore, working: Working):
    for number in (1, 2, 3):
        fill(store, working, f'j{number}', f'u{number}')
    store.remove_other_updates(['u2', 'u9'])

    assert count(db, *TABLES[:4]) == [1, 7, 1, 8]
    assert store.counts('j2') is not None
    store.remove_other_updates([])
    assert count(db, *TABLES) == [0] * 7


def test_pages_of_an_update_that_is_removed_go_with_it(store: UpdateStore, working: Working):
    working.begin('j1')
    put(store, 'j1', 1)
    store.remove_update('u1', at=NOON)

    assert store.pages.head() is None


def test_key_that_was_chosen_and_never_accepted_is_forgotten_where_its_job_was_stopped(
    db: Database, store: UpdateStore, working: Working
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.settle(working.sent(size=1), 0)
    store.stop_jobs(['j1'], DENIED)
    store.remove_update('u1', at=NOON)

    # The refused one is tried again, so it stays.
    with db.read() as connection:
        rows = connection.execute('SELECT indicator_id FROM ledger').fetchall()
    assert [row[0] for row in rows] == [1]


def test_objects_under_way_when_their_update_is_removed_may_be_in_sentinel(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.sent(size=1)
    store.remove_update('u1', at=NOON)

    assert ledger.live(NOON) == 1
    rows = ledger.rows_of_keys([address(1).digest, address(2).digest])
    assert [row.state for row in rows.values()] == [ObjectState.LIVE]


def test_jobs_without_any_objects_are_forgotten(
    db: Database, store: UpdateStore, working: Working, ledger: Ledger
):
    send(store, chosen(1), request_id='first')
    send(store, chosen(2), request_id='second')
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent())
    store.forget_jobs()

    with db.read() as connection:
        found = [row[0] for row in connection.execute('SELECT request_id FROM job ORDER BY id')]
    assert found == ['second', 'j1']
    assert {record.request_id for record in ledger.by_key([address(1), address(2)])} == set(found)
    # A number is never given twice, for a later one must be higher.
    begin(store, 'first', update_id='u2')
    assert store.jobs.number('first') > store.jobs.number('j1')


def test_job_begins_though_its_number_has_just_been_forgotten(
    db: Database, store: UpdateStore, working: Working
):
    number = store.jobs.number('j1')
    make_store(db).forget_jobs()
    assert count(db, 'job') == [0]
    begin(store, 'j1')

    assert working.progress().job > number


def test_stored_data_is_there_after_the_file_is_opened_again(tmp_path: Path):
    path = tmp_path / 'again.db'
    first = Database(path)
    working = Working(first, make_store(first))
    working.begin('j1')
    working.convert(chosen(4))
    end = EndOfReading(request_id='j1')
    place = working.store.pages.place('j1', lambda: working.progress().place)
    assert place is not None
    assert working.store.pages.put(end, read_from=place)
    first.close()
    second = Database(path)
    try:
        again = Working(second, make_store(second))
        # Pages were in memory alone: they are read again.
        item = again.progress()
        assert (item.place.last_id, item.pages_waiting, item.is_downloaded) == (4, 0, False)
        again.store.stop_jobs(['j1'], DENIED)
        again.store.abandon(['j1'])
        assert again.outcomes() == {Outcome.FAILED: 1}
    finally:
        second.close()
