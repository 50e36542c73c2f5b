"""What is too old goes, with everything that belongs to it, and nothing else."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.job import JobStatus
from sentinel_app.errors import Cancelled
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks import cleaner as cleaner_module
from sentinel_app.tasks.cleaner import Cleaner
from tests.harness.builders.app_state import make_job, make_update
from tests.harness.clocks import NOON, StandingClock

DAY = dt.timedelta(days=1)


class FakeErrors:
    def __init__(self) -> None:
        self.held: list[str] = []

    def request_ids(self) -> tuple[str, ...]:
        return tuple(self.held)

    def remove(self, request_ids: Any) -> None:
        for request_id in request_ids:
            self.held.remove(request_id)


class FakeMetrics:
    """Figures or matches, which are removed by their time alone."""

    def __init__(self) -> None:
        self.removed_before: list[dt.datetime] = []

    def remove_before(self, at: dt.datetime) -> int:
        self.removed_before.append(at)
        return 0


class FakeStore:
    def __init__(self) -> None:
        self.cleanings = 0

    def forget_jobs(self) -> None:
        self.cleanings += 1


class FakeUpkeep:
    def __init__(self) -> None:
        self.files = 0
        self.freed_bytes = 0
        self.shrinks: list[bool] = []

    def remove_set_aside(self) -> int:
        return self.files

    def compact(self, stop: Any, *, may_shrink: bool) -> int:
        self.shrinks.append(may_shrink)
        return self.freed_bytes


class FakeAccounts:
    def __init__(self) -> None:
        self.held: list[str] = []

    def forget_accounts(self, is_gone: Callable[[str], bool]) -> None:
        self.held = [request_id for request_id in self.held if not is_gone(request_id)]


class Stand:
    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.app_state = AppState(folder / 'documents.json', now=self.clock.now)
        self.errors: Any = FakeErrors()
        self.metrics: Any = FakeMetrics()
        self.matches: Any = FakeMetrics()
        self.context: Any = FakeAccounts()
        self.upkeep: Any = FakeUpkeep()
        self.store: Any = FakeStore()
        self.stop = threading.Event()
        self.cleaner = Cleaner(
            app_state=self.app_state,
            errors=self.errors,
            metrics=self.metrics,
            matches=self.matches,
            context=self.context,
            store=self.store,
            upkeep=self.upkeep,
            clock=self.clock,
            retention=30 * DAY,
        )

    def add(self, number: int, ended_at: dt.datetime | None) -> None:
        """An update with one Job, and that with an error."""
        job = make_job(
            f'j{number}',
            update_id=f'u{number}',
            status=JobStatus.UPLOAD_COMPLETE if ended_at else JobStatus.PENDING,
            queued_at=(ended_at or NOON) - dt.timedelta(minutes=1),
            completed_at=ended_at,
        )
        update = make_update(f'u{number}', request_ids=(f'j{number}',), ended_at=ended_at)
        self.app_state.add_update(update, [job])
        self.errors.held.append(f'j{number}')
        self.context.held.append(f'j{number}')

    @property
    def jobs(self) -> set[str]:
        found, _ = self.app_state.jobs(limit=100)
        return {job.request_id for job in found}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_old_jobs_and_their_errors_are_removed(stand: Stand) -> None:
    stand.add(1, NOON - 31 * DAY)
    stand.add(2, NOON - 29 * DAY)
    stand.add(3, None)
    assert stand.cleaner.clean(stand.stop)
    assert stand.jobs == {'j2', 'j3'}
    assert stand.errors.held == stand.context.held == ['j2', 'j3']
    assert stand.store.cleanings == 1
    assert stand.cleaner.outcome == 'removed 1 request'


def test_errors_that_an_interrupted_cleaning_left_are_removed_too(stand: Stand) -> None:
    stand.errors.held = ['gone', 'gone-too']
    stand.stop.set()
    with pytest.raises(Cancelled):
        stand.cleaner.clean(stand.stop)
    assert stand.errors.held == ['gone', 'gone-too']
    stand.stop.clear()
    assert stand.cleaner.clean(stand.stop)
    assert stand.errors.held == []


def test_jobs_are_bounded(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cleaner_module.MOST_JOBS == 5_000
    monkeypatch.setattr(cleaner_module, 'MOST_JOBS', 3)
    for number in range(5):
        stand.add(number, NOON - number * DAY)
    stand.cleaner.clean(stand.stop)
    assert stand.jobs == {'j0', 'j1', 'j2'}
    assert stand.cleaner.outcome == 'removed 2 requests'


def test_room_that_a_running_update_would_use_again_is_kept(stand: Stand) -> None:
    stand.cleaner.clean(stand.stop)
    stand.add(1, None)
    stand.cleaner.clean(stand.stop)
    assert stand.upkeep.shrinks == [True, False]


@pytest.mark.parametrize(
    ('files', 'freed_bytes', 'words'),
    [
        (0, 0, 'nothing had to be removed'),
        (0, 999_999, 'nothing had to be removed'),
        (1, 0, 'removed 1 old file'),
        (2, 12_300_000, 'removed 2 old files, gave 12 MB back'),
        (0, 1_234_000_000, 'gave 1,234 MB back'),
    ],
)
def test_outcome_says_what_was_removed(
    stand: Stand, files: int, freed_bytes: int, words: str
) -> None:
    stand.upkeep.files, stand.upkeep.freed_bytes = files, freed_bytes
    stand.cleaner.clean(stand.stop)
    assert stand.cleaner.outcome == words


def test_outcome_names_both_requests_and_files(stand: Stand) -> None:
    stand.add(1, NOON - 31 * DAY)
    stand.upkeep.files = 1
    stand.cleaner.clean(stand.stop)
    assert stand.cleaner.outcome == 'removed 1 request and 1 old file'


def test_hourly_figures_are_removed_with_the_jobs(stand: Stand) -> None:
    stand.cleaner.clean(stand.stop)
    assert stand.metrics.removed_before == [NOON - 30 * DAY]


def test_matches_are_removed_after_the_same_time(stand: Stand) -> None:
    stand.cleaner.clean(stand.stop)
    assert stand.matches.removed_before == [NOON - 30 * DAY]


def test_job_that_cannot_be_cleaned_does_not_block_the_rest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.errors.held = ['gone', 'poisonous', 'gone-too']
    remove = stand.errors.remove

    def fail_for_one(request_ids: Any) -> None:
        if 'poisonous' in request_ids:
            raise OverflowError
        remove(request_ids)

    monkeypatch.setattr(stand.errors, 'remove', fail_for_one)
    with pytest.raises(OverflowError):
        stand.cleaner.clean(stand.stop)
    assert stand.errors.held == ['poisonous']
    assert stand.metrics.removed_before != []
    assert stand.upkeep.shrinks == [True]


def test_jobs_that_cannot_be_removed_do_not_block_the_rest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_options: Any) -> Any:
        raise TypeError

    monkeypatch.setattr(stand.app_state, 'remove_old', fail)
    stand.errors.held = ['gone']
    with pytest.raises(TypeError):
        stand.cleaner.clean(stand.stop)
    assert stand.errors.held == []
    assert stand.upkeep.shrinks == [True]
