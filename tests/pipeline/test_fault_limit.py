"""What is met once passes; what is met again and again ends in words, and only that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel_app.core.job import Outcome, Stage, Update
from sentinel_app.core.progress import Position, Progress, Reading
from sentinel_app.core.scope import Scope
from sentinel_app.errors import Cancelled, ReadError, StorageError
from sentinel_app.pipeline.fault_limit import ABANDONED_AT, ATTEMPTS, FaultLimit, unforeseen
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.orphans import Orphans
from tests.harness.builders.app_state import make_job, make_query, make_update
from tests.harness.builders.update import make_faults, make_page, make_store
from tests.harness.clocks import StandingClock
from tests.harness.database import open_database

UPDATE = make_update('u1', request_ids=('j1', 'j2'))


class Stand:
    def __init__(self, folder: Path) -> None:
        self.db = open_database(folder / 'state.db')
        self.store = make_store(self.db)
        self.errors = ErrorLog(self.db)
        self.orphans = Orphans(self.db, self.store)
        self.faults: FaultLimit = make_faults(self.db, StandingClock(), self.store)
        self.store.begin([make_job('j1'), make_job('j2', position=1, query=make_query('q2'))])

    def search(self) -> None:
        self.orphans.end_search('u1', until=None, is_held_back=False, is_failed=False, warning=None)

    def meet(
        self,
        error: Exception,
        stage: Stage = Stage.UPLOAD,
        at: Sequence[str] = ('j1',),
        update: Update = UPDATE,
    ) -> None:
        with pytest.raises(type(error)), self.faults.stage(stage, update, lambda: at):
            raise error

    def jobs(self) -> dict[str, Progress]:
        return {item.request_id: item for item in self.store.progress('u1')}

    def stopped(self) -> list[str]:
        return [name for name, item in self.jobs().items() if item.is_stopped]


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.db.close()


@pytest.mark.parametrize(
    'error', [TypeError('x'), OverflowError(), sqlite3.ProgrammingError('x'), MemoryError()]
)
def test_third_unforeseen_error_ends_its_job_in_words_and_no_other(
    stand: Stand, error: Exception
) -> None:
    for _ in range(ATTEMPTS - 1):
        stand.meet(error)
    assert stand.stopped() == []
    assert list(stand.errors.entries()) == []

    stand.meet(error)
    assert stand.stopped() == ['j1']
    job = stand.jobs()['j1']
    assert (job.failure_code, job.reading) == ('RUN-FAULT', Reading.FAILED)
    assert f'The Task Upload raised an unexpected {type(error).__name__} 3 times' in str(
        job.failure_reason
    )
    (entry,) = stand.errors.entries()
    assert (entry.request_id, entry.code) == ('j1', 'RUN-FAULT')


@pytest.mark.parametrize(
    'error', [StorageError('The disk is full.'), ReadError('no'), Cancelled('stop')]
)
def test_transient_errors_are_tolerated_however_often(stand: Stand, error: Exception) -> None:
    for _ in range(2 * ABANDONED_AT):
        stand.meet(error)
    assert stand.stopped() == []
    assert stand.faults.abandoned('u1') is None


def test_each_stage_and_each_job_has_a_count_of_its_own(stand: Stand) -> None:
    stand.search()
    for stage in (Stage.UPLOAD, Stage.CONVERT, Stage.DOWNLOAD):
        for name in ('j1', 'j2'):
            for _ in range(ATTEMPTS - 1):
                stand.meet(KeyError(), stage, [name])
    assert stand.stopped() == []
    stand.meet(KeyError(), Stage.CONVERT, ['j2'])
    assert stand.stopped() == ['j2']


def test_failing_batch_of_several_jobs_ends_those_that_failed_often_enough(stand: Stand) -> None:
    stand.meet(KeyError(), at=['j1'])
    stand.meet(KeyError(), at=['j1', 'j2'])
    stand.meet(KeyError(), at=['j1', 'j2'])
    assert stand.stopped() == ['j1']
    stand.meet(KeyError(), at=['j2'])
    assert stand.stopped() == ['j1', 'j2']
    assert sorted(entry.request_id for entry in stand.errors.entries()) == ['j1', 'j2']


def test_persistent_error_is_reported_once_and_at_last_terminates_the_update(
    stand: Stand,
) -> None:
    for _ in range(ABANDONED_AT - 1):
        stand.meet(KeyError())
    assert stand.faults.abandoned('u1') is None
    assert len(list(stand.errors.entries())) == 1
    stand.meet(KeyError())
    fault = stand.faults.abandoned('u1')
    assert fault is not None
    assert fault.code == 'RUN-FAULT'
    assert stand.faults.abandoned('u2') is None


def test_counts_start_anew_after_the_end_of_the_update(stand: Stand) -> None:
    for _ in range(ATTEMPTS - 1):
        stand.meet(KeyError())
    stand.faults.forget()
    stand.meet(KeyError())
    assert stand.stopped() == []


def test_error_of_unknown_jobs_is_attributed_to_all(stand: Stand) -> None:
    def unknown() -> Sequence[str]:
        raise ValueError('the row cannot be read')

    for _ in range(ATTEMPTS):
        with pytest.raises(KeyError), stand.faults.stage(Stage.UPLOAD, UPDATE, unknown):
            raise KeyError
    assert stand.stopped() == ['j1', 'j2']


def test_search_that_keeps_failing_withdraws_nothing_and_ends_no_job(stand: Stand) -> None:
    for _ in range(ATTEMPTS):
        assert not stand.orphans.is_searched('u1')
        stand.meet(KeyError(), Stage.DOWNLOAD)
    assert stand.stopped() == []
    assert stand.orphans.has_failed('u1')
    assert stand.orphans.is_held_back('u1')
    assert 'RUN-FAULT' in str(stand.jobs()['j1'].warning)
    # Then it is the reading.
    for _ in range(ATTEMPTS):
        stand.meet(KeyError(), Stage.DOWNLOAD)
    assert stand.stopped() == ['j1']


def test_withdrawal_that_keeps_failing_lets_the_jobs_end(stand: Stand) -> None:
    stand.orphans.end_search(
        'u1', until=None, is_held_back=False, is_failed=False, warning='The list is cut.'
    )
    for _ in range(ATTEMPTS):
        stand.meet(KeyError(), Stage.CONVERT, [])
    jobs = stand.jobs()
    assert stand.stopped() == []
    assert all(item.is_closed for item in jobs.values())
    assert str(jobs['j1'].warning).startswith('The list is cut. Not everything')
    assert jobs['j2'].warning is None


def test_chosen_withdrawal_that_keeps_failing_fails_its_jobs(stand: Stand) -> None:
    stand.search()
    chosen = replace(UPDATE, scope=Scope.WITHDRAW)
    for _ in range(ATTEMPTS):
        stand.meet(KeyError(), Stage.CONVERT, [], chosen)
    assert stand.stopped() == ['j1', 'j2']


def test_pages_of_a_job_that_ends_while_converting_go_with_it(stand: Stand) -> None:
    stand.search()
    store = stand.store
    store.readings.start('j1', at=StandingClock().now(), expected=None)
    for page in (make_page(1, 2), make_page(3, 4)):
        read_from = store.pages.place('j1', Position)
        assert read_from is not None
        assert store.pages.put(page, read_from=read_from)
    for _ in range(ATTEMPTS - 1):
        stand.meet(KeyError(), Stage.CONVERT)
    assert store.pages.head() is not None
    stand.meet(KeyError(), Stage.CONVERT)
    assert store.pages.head() is None
    assert stand.jobs()['j1'].is_settled
    counts = store.counts('j1')
    assert counts is not None
    assert (counts.read, counts.settled, counts.outcomes) == (4, 4, {Outcome.FAILED: 4})


def test_unforeseen_errors_outside_the_stages_are_escalated_from_the_third_on(stand: Stand) -> None:
    told: list[int] = []
    for _ in range(ATTEMPTS + 1):
        with (
            pytest.raises(KeyError),
            stand.faults.track('follow', lambda _error, count: told.append(count)),
        ):
            raise KeyError
        with (
            pytest.raises(StorageError),
            stand.faults.track('follow', lambda _error, count: told.append(-count)),
        ):
            raise StorageError('The disk is full.')
    assert told == [ATTEMPTS, ATTEMPTS + 1]


def test_failure_text_holds_only_the_type_of_the_exception() -> None:
    fault = unforeseen('The Task Upload', ValueError('secret \ud800'))
    assert 'secret' not in fault.message
    assert fault.message.encode()
    assert 'for what a person chose to send or withdraw, use Retry' in fault.message
    assert fault.reason == ''
