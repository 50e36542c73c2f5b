"""Jobs are cancelled while they wait, and tried again once they have failed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.job import Job, JobStatus, JobType, Mode, Update
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.window import EVERYTHING, Cursor, Window
from sentinel_app.errors import ConflictError, NotFoundError, StorageError
from sentinel_app.tasks.job_actions import JobActions
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update
from tests.harness.clocks import NOON
from tests.tasks.stand import HOUR, UpdateStand

EARLIER = NOON - 3 * HOUR


class Stand(UpdateStand):
    """One with a saved query, and what people do with its Jobs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.actions = JobActions(
            app_state=self.app_state,
            store=self.store,
            queue=self.queue,
            wakeups=self.wakeups,
            clock=self.clock,
        )
        self.query = make_query()
        self.app_state.save_queries(
            [self.query], expected_version=0, next_mode=None, audit=make_audit()
        )

    def add(self, request_id: str = 'j1', update: Update | None = None, **fields: Any) -> Job:
        job = make_job(request_id, **({'query': self.query} | fields))
        update = update or make_update(request_ids=(request_id,))
        self.app_state.add_update(update, [job])
        return job

    def set_last_run(self, at: dt.datetime) -> None:
        self.app_state.add_update(make_update('u0', request_ids=()), [])
        self.app_state.end_update('u0', NOON, Schedule(last_run_at=at))

    @property
    def audit(self) -> list[tuple[str, str | None, str]]:
        entries, _ = self.app_state.audit(limit=10, offset=0)
        return [(entry.action, entry.user, entry.detail) for entry in entries][:-1]


@pytest.fixture
def stand(tmp_path: Path) -> Any:
    made = Stand(tmp_path)
    yield made
    made.db.close()


def test_pending_job_is_cancelled_and_audited(stand: Stand) -> None:
    stand.add()
    assert not stand.is_scheduler_woken
    job = stand.actions.cancel('j1', by='jdoe')
    assert (job.status, job.completed_at, job.failed_at) == (JobStatus.CANCELLED, None, None)
    assert stand.app_state.job('j1') == job
    assert stand.audit == [('job-cancel', 'jdoe', 'j1')]
    assert stand.is_scheduler_woken


def test_update_of_cancelled_jobs_begins_and_ends_at_once(stand: Stand) -> None:
    stand.add()
    stand.actions.cancel('j1', by=None)
    stand.follower.start_next()
    stand.follower.follow()
    assert stand.follower.running is None
    assert stand.app_state.open_updates() == ()
    assert stand.store.progress('u1') == ()


def test_job_that_has_begun_to_be_read_is_not_cancelled(stand: Stand) -> None:
    stand.add()
    stand.follower.start_next()
    stand.store.readings.start('j1', at=NOON, expected=None)
    # What is stored of the Job itself follows a moment later.
    with pytest.raises(ConflictError, match='has just been taken up'):
        stand.actions.cancel('j1', by='jdoe')
    stand.follower.follow()
    with pytest.raises(ConflictError, match=r'"Download In Progress"\. Kill the Task'):
        stand.actions.cancel('j1', by='jdoe')
    assert stand.audit == []


@pytest.mark.parametrize(
    ('status', 'words'),
    [
        (JobStatus.CANCELLED, 'was cancelled already'),
        (JobStatus.FAILED, 'has ended; it is "Failed"'),
        (JobStatus.UPLOAD_COMPLETE, 'has ended; it is "Upload Complete"'),
    ],
)
def test_job_that_has_ended_is_not_cancelled(stand: Stand, status: JobStatus, words: str) -> None:
    stand.add(status=status)
    with pytest.raises(ConflictError, match=words):
        stand.actions.cancel('j1', by='jdoe')


def test_kill_between_the_two_stores_cancels_all_the_same(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.add()

    def fail(*_args: Any, **_options: Any) -> None:
        raise StorageError('The disk is full.')

    with monkeypatch.context() as patch:
        patch.setattr(stand.app_state, 'change_job', fail)
        with pytest.raises(StorageError):
            stand.actions.cancel('j1', by='jdoe')
    stand.follower.start_next()
    stand.follower.follow()
    job = stand.app_state.job('j1')
    assert job is not None
    assert (job.status, job.failure_code) == (JobStatus.CANCELLED, None)


def test_cancelled_first_job_leaves_the_cursor_that_it_would_have_had(stand: Stand) -> None:
    stand.set_last_run(EARLIER)
    stand.add('j1', make_update('u1', request_ids=('j1',)), mode=Mode.DELTA)
    stand.actions.cancel('j1', by=None)
    cursor = stand.app_state.cursor('q1')
    assert cursor == Cursor(query_id='q1', selection=stand.query.selection, at=EARLIER)


def test_cancelled_full_first_job_leaves_everything_to_be_read(stand: Stand) -> None:
    stand.set_last_run(EARLIER)
    stand.add('j1', make_update('u1', request_ids=('j1',)), mode=Mode.FULL)
    stand.actions.cancel('j1', by=None)
    cursor = stand.app_state.cursor('q1')
    assert cursor is not None
    assert cursor.at == EVERYTHING


FAILED = {'status': JobStatus.FAILED, 'failed_at': NOON}


def test_failed_delta_is_retried_from_the_start_of_its_window(stand: Stand) -> None:
    window = Window(start_at=EARLIER, end_at=NOON)
    stand.add(mode=Mode.DELTA, window=window, **FAILED)
    update = stand.actions.retry('j1', by='jdoe')
    assert (update.job_type, update.mode) == (JobType.AD_HOC, Mode.DELTA)
    assert update.modified_after == EARLIER
    (job,) = stand.app_state.jobs_of(update.id)
    assert (job.retry_of, job.query, job.status) == ('j1', stand.query, JobStatus.PENDING)
    assert stand.audit == [('job-retry', 'jdoe', 'j1')]


def test_window_without_a_start_follows_from_the_cursor(stand: Stand) -> None:
    stand.add(mode=Mode.DELTA, window=Window(start_at=None, end_at=NOON), **FAILED)
    assert stand.actions.retry('j1', by=None).modified_after is None


def test_job_that_failed_before_its_window_keeps_the_requested_time(stand: Stand) -> None:
    update = make_update(job_type=JobType.AD_HOC, modified_after=EARLIER)
    stand.add('j1', update, mode=Mode.DELTA, **FAILED)
    assert stand.actions.retry('j1', by=None).modified_after == EARLIER


def test_job_whose_update_is_gone_follows_from_the_cursor(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.add(mode=Mode.DELTA, **FAILED)
    monkeypatch.setattr(stand.app_state, 'update', lambda _update_id: None)
    assert stand.actions.retry('j1', by=None).modified_after is None


@pytest.mark.parametrize('mode', [Mode.FULL, Mode.RECONCILE])
def test_retries_of_other_modes_read_everything_again(stand: Stand, mode: Mode) -> None:
    stand.add(mode=mode, window=Window(start_at=None, end_at=NOON), **FAILED)
    update = stand.actions.retry('j1', by=None)
    assert (update.mode, update.modified_after) == (mode, None)


@pytest.mark.parametrize('status', [status for status in JobStatus if status != JobStatus.FAILED])
def test_retry_is_refused_unless_the_job_failed(stand: Stand, status: JobStatus) -> None:
    stand.add(status=status)
    with pytest.raises(ConflictError, match='Only a request that is Failed'):
        stand.actions.retry('j1', by='jdoe')


def test_query_that_is_gone_is_not_retried(stand: Stand) -> None:
    stand.add(query=make_query('gone'), **FAILED)
    with pytest.raises(ConflictError, match='no longer in CONFIGURE'):
        stand.actions.retry('j1', by='jdoe')


def test_duplicate_retry_is_refused_but_a_failed_one_may_be_repeated(stand: Stand) -> None:
    stand.add(**FAILED)
    first = stand.actions.retry('j1', by='jdoe')
    with pytest.raises(ConflictError, match=f'as {first.request_ids[0]}'):
        stand.actions.retry('j1', by='jdoe')
    stand.actions.cancel(first.request_ids[0], by='jdoe')
    assert stand.actions.retry('j1', by='jdoe').id != first.id


@pytest.mark.parametrize('action', ['cancel', 'retry'])
def test_unknown_job_is_not_found(stand: Stand, action: str) -> None:
    with pytest.raises(NotFoundError):
        getattr(stand.actions, action)('nobody', by=None)
