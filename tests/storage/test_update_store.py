"""What `UpdateStore` promises of Jobs, conversion and stopped Jobs, of the real store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sentinel_app.core.job import Counts, JobStatus, Outcome
from sentinel_app.core.job_state import job_status
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.outbox import Fate, Sighting
from sentinel_app.core.progress import Position, Reading
from sentinel_app.errors import ReadAuthError, StorageError, TaskKilledError, UploadDeniedError
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.page_queue import EndOfReading
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.builders.update import (
    Working,
    address,
    begin_unread,
    chosen,
    count_rows,
    make_conversion,
    make_error,
    make_page,
    make_store,
    numbers,
    put_page,
    send,
)
from tests.harness.clocks import NOON

DENIED = UploadDeniedError('Give the role.', reason='403')
KILLED = TaskKilledError('The Task Upload was killed by jdoe.')


# -- the Jobs


def test_new_job_has_done_nothing_yet(store: UpdateStore, working: Working):
    begin_unread(store, 'j1')
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
    begin_unread(store, 'j1', 'j2')

    assert working.progress() == before
    assert working.progress('j2').reading is Reading.WAITING


def test_progress_comes_in_the_order_of_precedence_and_of_one_update(store: UpdateStore):
    store.begin([make_job(f'j{place}', position=place) for place in (2, 0, 1)])
    begin_unread(store, 'other', update_id='u2')

    assert [item.request_id for item in store.progress('u1')] == ['j0', 'j1', 'j2']
    assert store.progress('u3') == ()


def test_counts_of_an_unknown_job_are_none(store: UpdateStore):
    assert store.counts('j1') is None


def test_job_that_begins_has_the_highest_number_even_if_its_name_was_used_before(
    store: UpdateStore, db: Database, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent())
    store.ended_updates.remove('u1', at=NOON)
    begin_unread(store, 'j2', update_id='u2')
    # The documents were put back from a backup in which it is still to come.
    begin_unread(store, 'j1', update_id='u3')

    assert store.marks.first('u3') == store.jobs.number('j1') > store.jobs.number('j2')
    assert [record.request_id for record in ledger.by_indicator([1])] == ['j1']


def test_objects_sent_before_a_job_restarted_do_not_count_in_its_account(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent())
    store.ended_updates.remove('u1', at=NOON)
    # The documents were put back from a backup.
    working.begin('j1')
    row = Ledger(working.db).rows_of_keys([address(1).digest])[address(1).digest]
    working.convert(chosen(1, object=row.id, fate=Fate.UNCHANGED))
    working.convert(chosen(1, object=row.id, indicator_id=2, replaces=True, content_hash=b'new'))
    working.end()
    working.settle(working.sent())

    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}


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
    begin_unread(store, 'j1')
    begin_unread(store, 'j2', update_id='u2')

    assert store.marks.first('u2') > store.marks.first('u1')
    assert count_rows(db, 'progress') == [2]


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
    assert count_rows(db, 'ledger', 'outbox', 'page_ids') == [0, 0, 0]
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

    assert count_rows(db, 'progress', 'page_ids') == [0, 0]


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
    begin_unread(store, 'j1')
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
    store.readings.end('j1', at=NOON)
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
        store.batches.release(batch)
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
    store.batches.release(batch)

    assert numbers(working.claim()) == [2]
    assert not working.is_dealt_with('j2')
    assert working.is_dealt_with('j1')


def test_first_failure_of_a_job_is_the_one_it_shows(store: UpdateStore, working: Working):
    working.begin('j1')
    store.readings.end('j1', at=NOON, error=ReadAuthError('Mend it.'))
    store.stop_jobs(['j1'], DENIED)

    assert failure(working)[:2] == ('TC-AUTH', 'Mend it.')


def test_job_stopped_by_several_callers_is_returned_to_one(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')

    assert store.stop_jobs(['j1'], KILLED) == ('j1',)
    assert store.stop_jobs(['j1', 'j2'], KILLED) == ('j2',)
    assert store.stop_jobs(['j1', 'j2'], KILLED) == ()


def test_job_that_waits_is_cancelled(store: UpdateStore, working: Working):
    begin_unread(store, 'j1', 'j2')

    assert store.cancel(make_job('j1'))
    assert job_status(working.progress()) is JobStatus.CANCELLED
    assert working.progress().is_settled
    assert job_status(working.progress('j2')) is JobStatus.PENDING
    assert store.cancel(make_job('j1'))


def test_job_whose_update_has_not_begun_is_cancelled_for_good(store: UpdateStore, working: Working):
    assert store.cancel(make_job('j1', query=make_query(sort_field='rating')))
    begin_unread(store, 'j1')

    assert job_status(working.progress()) is JobStatus.CANCELLED


def test_job_that_is_being_read_is_not_cancelled(store: UpdateStore, working: Working):
    working.begin('j1')

    assert not store.cancel(make_job('j1'))
    assert working.progress().reading is Reading.READING


def test_job_that_was_stopped_before_is_not_cancelled(store: UpdateStore, working: Working):
    begin_unread(store, 'j1')
    store.stop_jobs(['j1'], KILLED)

    assert not store.cancel(make_job('j1'))
    assert job_status(working.progress()) is JobStatus.FAILED


def test_reading_that_begins_too_late_reads_nothing(store: UpdateStore, working: Working):
    begin_unread(store, 'j1')
    store.cancel(make_job('j1'))
    store.readings.start('j1', at=NOON, expected=7)
    store.readings.end('j1', at=NOON)

    assert job_status(working.progress()) is JobStatus.CANCELLED
    assert working.progress().download_started_at is None


def test_race_of_start_and_cancellation_has_one_winner(store: UpdateStore, working: Working):
    for number in range(30):
        name = f'j{number}'
        begin_unread(store, name)
        gate = threading.Barrier(2)

        def start(name: str = name, gate: threading.Barrier = gate) -> None:
            gate.wait()
            store.readings.start(name, at=NOON, expected=1)

        thread = threading.Thread(target=start)
        thread.start()
        gate.wait()
        is_cancelled = store.cancel(make_job(name))
        thread.join()

        is_reading = working.progress(name).reading is Reading.READING
        assert is_cancelled is not is_reading


# -- pages of Jobs that were stopped


def test_pages_of_stopped_jobs_are_dropped_and_accounted_for(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    put_page(store, 'j1', 1, 2)
    put_page(store, 'j1', 3)
    put_page(store, 'j2', 4)
    assert store.drop_pages() == 0
    store.stop_jobs(['j1'], KILLED)
    assert not working.progress().is_settled

    assert store.drop_pages() == 2
    assert working.outcomes() == {Outcome.FAILED: 3}
    assert working.progress().is_settled
    assert working.progress('j2').pages_waiting == 1
    assert store.drop_pages() == 0


def test_indicator_taken_up_before_keeps_its_outcome(store: UpdateStore, working: Working):
    begin_unread(store, 'j1')
    store.readings.start('j1', at=NOON, expected=None, is_by_time=True)
    working.convert(outcomes={1: Outcome.EXPIRED})
    put_page(store, 'j1', 1, 2)
    store.stop_jobs(['j1'], KILLED)
    store.drop_pages()

    assert working.outcomes() == {Outcome.EXPIRED: 1, Outcome.FAILED: 1}


def test_indicator_of_a_dropped_page_that_was_read_by_id_before_keeps_its_outcome(
    store: UpdateStore, working: Working
):
    working.begin('j1')
    working.convert(outcomes={1: Outcome.EXPIRED, 2: Outcome.DUPLICATE})
    # It takes the place of a copy that is gone.
    put_page(store, 'j1', 2, 3)
    store.stop_jobs(['j1'], KILLED)
    store.drop_pages()

    assert working.counts().read == 3
    assert working.outcomes() == {
        Outcome.EXPIRED: 1,
        Outcome.DUPLICATE: 1,
        Outcome.FAILED: 1,
    }


def test_rows_that_two_pages_repeat_are_dropped_once(store: UpdateStore, working: Working):
    working.begin('j1')
    store.readings.restart_by_time('j1')
    put_page(store, 'j1', 1, 2)
    put_page(store, 'j1', 2, 3)
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
    begin_unread(store, 'first', update_id='u2')
    assert store.jobs.number('first') > store.jobs.number('j1')


def test_job_begins_though_its_number_has_just_been_forgotten(
    db: Database, store: UpdateStore, working: Working
):
    number = store.jobs.number('j1')
    make_store(db).forget_jobs()
    assert count_rows(db, 'job') == [0]
    begin_unread(store, 'j1')

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
        again.store.batches.abandon(['j1'])
        assert again.outcomes() == {Outcome.FAILED: 1}
    finally:
        second.close()
