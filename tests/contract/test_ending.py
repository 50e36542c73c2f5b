"""What `JobEndings` promises, of the real store."""

from __future__ import annotations

import threading
import zlib

import pytest

from sentinel_app.core.job import Counts, JobStatus, Outcome
from sentinel_app.core.job_state import job_status
from sentinel_app.core.ports import JobEndings
from sentinel_app.core.work import ObjectState, Progress, Reading, Settlement
from sentinel_app.errors import TaskKilledError
from sentinel_app.storage.ending import SqliteJobEndings
from sentinel_app.storage.ledger import SqliteLedger
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import SqliteWork
from tests.clocks import NOON
from tests.stored import make_job, make_query
from tests.working import make_chosen, make_conversion

KILLED = TaskKilledError('The Task Upload was killed by jdoe.')


@pytest.fixture
def endings(db: Database) -> JobEndings:
    return SqliteJobEndings(db)


def begin(progress: SqliteProgress, *request_ids: str) -> None:
    progress.begin(
        [
            make_job(request_id, position=place, query=make_query(f'q{place + 1}'))
            for place, request_id in enumerate(request_ids)
        ]
    )


def read(progress: SqliteProgress, request_id: str, *ids: int) -> None:
    progress.start_reading(request_id, at=NOON, expected=None)
    rows = [{'id': number} for number in ids]
    progress.add_page(request_id, rows, last_id=ids[-1], page_size=100)


def convert(progress: SqliteProgress, work: SqliteWork, *ids: int, position: int = 0) -> None:
    """Convert the next page into one object for each Indicator."""
    page = progress.next_page('u1')
    assert page is not None
    objects = [
        make_chosen(
            f'k{number}', request_id=page.request_id, indicator_id=number, position=position
        )
        for number in ids
    ]
    conversion = make_conversion(page, dict.fromkeys(ids), objects)
    work.store_conversion(conversion, at=NOON)


def the(progress: SqliteProgress, request_id: str = 'j1') -> Progress:
    (found,) = (item for item in progress.progress('u1') if item.request_id == request_id)
    return found


def counts(progress: SqliteProgress, request_id: str = 'j1') -> Counts:
    found = progress.counts(request_id)
    assert found is not None
    assert found.read == found.settled + the(progress, request_id).open_treatments + (
        the(progress, request_id).rows_waiting
    )
    return found


# -- cancelling


def test_a_job_that_waits_is_cancelled(endings: JobEndings, progress: SqliteProgress):
    begin(progress, 'j1', 'j2')

    assert endings.cancel(make_job('j1'))
    assert job_status(the(progress)) is JobStatus.CANCELLED
    assert the(progress).is_settled
    assert job_status(the(progress, 'j2')) is JobStatus.PENDING
    assert endings.cancel(make_job('j1'))


def test_a_job_whose_update_has_not_begun_is_cancelled_for_good(
    endings: JobEndings, progress: SqliteProgress
):
    assert endings.cancel(make_job('j1', query=make_query(sort_field='rating')))
    begin(progress, 'j1')

    assert job_status(the(progress)) is JobStatus.CANCELLED


def test_a_job_that_is_being_read_is_not_cancelled(endings: JobEndings, progress: SqliteProgress):
    begin(progress, 'j1')
    progress.start_reading('j1', at=NOON, expected=1)

    assert not endings.cancel(make_job('j1'))
    assert the(progress).reading is Reading.READING


def test_a_job_that_was_stopped_before_is_not_cancelled(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1')
    work.stop_jobs(['j1'], KILLED)

    assert not endings.cancel(make_job('j1'))
    assert job_status(the(progress)) is JobStatus.FAILED


def test_reading_that_begins_too_late_reads_nothing(endings: JobEndings, progress: SqliteProgress):
    begin(progress, 'j1')
    endings.cancel(make_job('j1'))
    read(progress, 'j1', 1, 2)
    progress.end_reading('j1', at=NOON)

    assert job_status(the(progress)) is JobStatus.CANCELLED
    assert counts(progress).read == 0


def test_of_two_threads_only_one_has_its_way(endings: JobEndings, progress: SqliteProgress):
    for number in range(30):
        name = f'j{number}'
        begin(progress, name)
        gate = threading.Barrier(2)

        def start(name: str = name, gate: threading.Barrier = gate) -> None:
            gate.wait()
            progress.start_reading(name, at=NOON, expected=1)

        thread = threading.Thread(target=start)
        thread.start()
        gate.wait()
        is_cancelled = endings.cancel(make_job(name))
        thread.join()

        is_reading = the(progress, name).reading is Reading.READING
        assert is_cancelled is not is_reading


# -- what is under way


def test_jobs_under_way_come_in_the_order_of_precedence(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1', 'j2')
    for place, name in enumerate(('j1', 'j2')):
        read(progress, name, place + 1)
        progress.end_reading(name, at=NOON)
        convert(progress, work, place + 1, position=place)
    assert endings.in_flight('u1') == ()
    batch = work.claim_batch('u1', size=1, at=NOON)
    assert batch is not None
    assert endings.in_flight('u1') == ('j1',)
    work.claim_batch('u1', size=1, at=NOON)

    assert endings.in_flight('u1') == ('j1', 'j2')
    assert endings.in_flight('u2') == ()
    work.settle(Settlement(batch=batch), at=NOON)
    assert endings.in_flight('u1') == ('j2',)


def test_what_a_stopped_job_has_under_way_is_given_up(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork, ledger: SqliteLedger
):
    begin(progress, 'j1')
    read(progress, 'j1', 1, 2, 3)
    convert(progress, work, 1, 2, 3)
    progress.end_reading('j1', at=NOON)
    batch = work.claim_batch('u1', size=2, at=NOON)
    assert batch is not None
    work.stop_jobs(['j1'], KILLED)
    assert not the(progress).is_settled
    assert counts(progress).outcomes == {Outcome.FAILED: 1}

    endings.give_up(['j1'])
    assert {key: held.content_hash for key, held in ledger.held(['k1', 'k2', 'k3']).items()} == {
        'k1': '',
        'k2': '',
    }
    assert counts(progress).outcomes == {Outcome.FAILED: 3}
    assert job_status(the(progress)) is JobStatus.FAILED
    assert endings.in_flight('u1') == ()


def test_an_answer_that_comes_after_all_enters_the_ledger_and_no_account(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork, ledger: SqliteLedger
):
    begin(progress, 'j1')
    read(progress, 'j1', 1, 2)
    convert(progress, work, 1, 2)
    progress.end_reading('j1', at=NOON)
    batch = work.claim_batch('u1', size=2, at=NOON)
    assert batch is not None
    work.stop_jobs(['j1'], KILLED)
    endings.give_up(['j1'])
    work.settle(Settlement(batch=batch, refusals={1: ('no',)}), at=NOON)

    assert counts(progress).outcomes == {Outcome.FAILED: 2}
    held = ledger.held(['k1', 'k2'])
    # What was refused counts as doubtful still: it is sent again as soon as it is read.
    assert [held[key].content_hash for key in ('k1', 'k2')] == ['a hash', '']


def test_a_batch_released_after_all_is_not_sent_again(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1')
    read(progress, 'j1', 1)
    convert(progress, work, 1)
    progress.end_reading('j1', at=NOON)
    batch = work.claim_batch('u1', size=1, at=NOON)
    assert batch is not None
    work.stop_jobs(['j1'], KILLED)
    endings.give_up(['j1'])
    work.release(batch)

    assert work.claim_batch('u1', size=1, at=NOON) is None
    assert work.claims(['k1'])['k1'].state is ObjectState.FAILED


def test_one_refused_object_makes_the_indicator_refused(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1')
    read(progress, 'j1', 1)
    page = progress.next_page('u1')
    assert page is not None
    objects = [make_chosen('k1'), make_chosen('k2')]
    work.store_conversion(make_conversion(page, {1: None}, objects), at=NOON)
    progress.end_reading('j1', at=NOON)
    first = work.claim_batch('u1', size=1, at=NOON)
    second = work.claim_batch('u1', size=1, at=NOON)
    assert first is not None
    assert second is not None
    work.settle(Settlement(batch=first, refusals={0: ('no',)}), at=NOON)
    work.stop_jobs(['j1'], KILLED)
    endings.give_up(['j1'])

    assert counts(progress).outcomes == {Outcome.REFUSED: 1}


def test_a_job_that_goes_on_is_not_given_up(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1')
    read(progress, 'j1', 1)
    convert(progress, work, 1)
    progress.end_reading('j1', at=NOON)
    batch = work.claim_batch('u1', size=1, at=NOON)
    assert batch is not None
    endings.give_up(['j1', 'nobody'])
    endings.give_up([])

    assert endings.in_flight('u1') == ('j1',)
    work.settle(Settlement(batch=batch), at=NOON)
    assert counts(progress).outcomes == {Outcome.SENT: 1}


def test_of_several_who_stop_a_job_one_is_told(progress: SqliteProgress, work: SqliteWork):
    begin(progress, 'j1', 'j2')

    assert work.stop_jobs(['j1'], KILLED) == ('j1',)
    assert work.stop_jobs(['j1', 'j2'], KILLED) == ('j2',)
    assert work.stop_jobs(['j1', 'j2'], KILLED) == ()


@pytest.mark.parametrize('is_doubtful', [False, True])
def test_what_sentinel_may_have_of_a_batch_that_comes_back_is_kept_in_mind(
    progress: SqliteProgress, work: SqliteWork, ledger: SqliteLedger, is_doubtful: bool
):
    begin(progress, 'j1')
    read(progress, 'j1', 1)
    convert(progress, work, 1)
    progress.end_reading('j1', at=NOON)
    for doubt in (is_doubtful, False):
        batch = work.claim_batch('u1', size=1, at=NOON)
        assert batch is not None
        work.release(batch, is_doubtful=doubt)
    work.stop_jobs(['j1'], KILLED)

    assert list(ledger.held(['k1'])) == (['k1'] if is_doubtful else [])


# -- pages


def test_pages_of_stopped_jobs_are_dropped_and_accounted_for(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1', 'j2')
    read(progress, 'j1', 1, 2)
    read(progress, 'j1', 3)
    read(progress, 'j2', 4)
    assert endings.drop_pages() == 0
    work.stop_jobs(['j1'], KILLED)
    assert not the(progress).is_settled

    assert endings.drop_pages() == 2
    assert counts(progress).outcomes == {Outcome.FAILED: 3}
    assert the(progress).is_settled
    assert the(progress, 'j2').pages_waiting == 1
    assert endings.drop_pages() == 0


def test_what_was_treated_before_keeps_its_outcome(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork
):
    begin(progress, 'j1')
    read(progress, 'j1', 1)
    page = progress.next_page('u1')
    assert page is not None
    work.store_conversion(make_conversion(page, {1: Outcome.EXPIRED}), at=NOON)
    read(progress, 'j1', 1, 2)
    work.stop_jobs(['j1'], KILLED)
    endings.drop_pages()

    assert counts(progress).outcomes == {Outcome.EXPIRED: 1, Outcome.FAILED: 1}


def test_of_pages_that_cannot_be_read_nothing_is_accounted_for(
    endings: JobEndings, progress: SqliteProgress, work: SqliteWork, db: Database
):
    begin(progress, 'j1')
    for blob in (
        b'',
        b'no zip',
        zlib.compress(b'{'),
        zlib.compress(b'5'),
        zlib.compress(b'[1, {}, {"id": "x"}]'),
    ):
        read(progress, 'j1', 7)
        with db.write() as transaction:
            transaction.execute('UPDATE page SET rows = ? WHERE row_count = 1', (blob,))
        with db.write() as transaction:
            transaction.execute('UPDATE page SET row_count = 2')
    read(progress, 'j1', 1, 2**63 - 1)
    progress.add_page('j1', [{'id': 2**63}], last_id=3, page_size=100)
    work.stop_jobs(['j1'], KILLED)

    assert endings.drop_pages() == 7
    assert counts(progress).outcomes == {Outcome.FAILED: 2}
    assert the(progress).is_settled
