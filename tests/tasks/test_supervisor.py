"""People and the watchdog over the Tasks: what is stored, audited, stopped and given up."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Update
from sentinel_app.core.task import (
    TASK_FACTS,
    AskedWait,
    TaskCondition,
    TaskSlug,
    TaskState,
    TaskView,
)
from sentinel_app.errors import ConflictError, NotFoundError, SentinelAppError, StorageError
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks.supervisor import STANDSTILL_S, Supervisor
from sentinel_app.tasks.task_kill import GRACE_S, Kills
from sentinel_app.tasks.task_pause import Pauses
from tests.harness.builders.app_state import make_job, make_query, make_update
from tests.harness.clocks import NOON, StandingClock


class FakeTask:
    """A Task as far as the supervisor sees it."""

    def __init__(self, slug: TaskSlug) -> None:
        (self.facts,) = (facts for facts in TASK_FACTS if facts.slug is slug)
        self.body = self
        self.state = TaskState()
        self.condition = TaskCondition.IDLE
        self.ids: tuple[str, ...] = ()
        self.workers = (f'{slug}-thread',)
        self.is_hanging = self.is_writing = False
        self.due = self.overdue = False
        self.queued: Update | None = None
        self.events: list[str] = []
        self.error: SentinelAppError | None = None

    def request_ids(self) -> tuple[str, ...]:
        return self.ids

    def start(self) -> None:
        self.events.append('started')

    def interrupt(self) -> None:
        self.events.append('interrupted')

    def is_due(self, _now: float) -> bool:
        return self.due

    def trigger(self) -> None:
        self.events.append('triggered')

    def run_now(self) -> Update | None:
        if self.error:
            raise self.error
        self.events.append('run')
        return self.queued

    def set_state(self, state: TaskState, event: str | None = None) -> None:
        self.state = state
        self.events.append(event or 'resumed')

    def kill(self, by: str, request_ids: tuple[str, ...]) -> frozenset[Any]:
        self.events.append(f'killed by {by}')
        return frozenset({'step'})

    def are_over(self, _steps: frozenset[Any]) -> bool:
        return not self.is_hanging

    def replace(self, _steps: frozenset[Any]) -> None:
        if self.is_writing:
            return
        self.is_hanging = False
        self.events.append('replaced')

    def is_overdue(self) -> bool:
        return self.overdue

    def excuse(self) -> None:
        self.events.append('excused')

    def while_still(self, action: Callable[[], object]) -> bool:
        if not self.is_hanging:
            action()
        return not self.is_hanging

    def view(self) -> TaskView:
        return TaskView(
            facts=self.facts, condition=self.condition, state=self.state, request_ids=self.ids
        )


class Stores:
    """What is done to the Jobs, in order."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.errors: list[ErrorEntry] = []
        self.error: SentinelAppError | None = None
        self.drops = 0
        self.in_flight: set[str] = set()
        self.batches = self

    def stop_jobs(self, request_ids: Sequence[str], error: SentinelAppError) -> None:
        if self.error:
            raise self.error
        self.events.append(('stopped', tuple(request_ids), error.code, error.message))

    def are_in_flight(self, request_ids: Sequence[str]) -> bool:
        return not self.in_flight.isdisjoint(request_ids)

    def abandon(self, request_ids: Sequence[str]) -> None:
        if self.error:
            raise self.error
        self.events.append(('given-up', tuple(request_ids)))

    def drop_pages(self) -> int:
        self.drops += 1
        return 0

    def add(self, entries: Sequence[ErrorEntry]) -> None:
        self.errors += entries


class Stand:
    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.app_state = AppState(folder / 'documents.json', now=self.clock.now)
        self.stores = Stores()
        times: Any = SimpleNamespace(recent=lambda _since: ())
        self.limiter = RateLimiter(limit=100, times=times, clock=self.clock)
        self.troubles = Troubles(self.clock)
        self.tasks = {slug: FakeTask(slug) for slug in TaskSlug}
        stores: Any = self.stores
        tasks: Any = self.tasks.values()
        self.supervisor = Supervisor(
            tasks=tasks,
            app_state=self.app_state,
            store=stores,
            kills=Kills(store=stores, errors=stores, clock=self.clock),
            pauses=Pauses(app_state=self.app_state, clock=self.clock),
            limiter=self.limiter,
            troubles=self.troubles,
            clock=self.clock,
        )

    def task(self, slug: str, **members: Any) -> FakeTask:
        task = self.tasks[TaskSlug(slug)]
        for name, value in members.items():
            setattr(task, name, value)
        return task

    def running(self, slug: str, *ids: str) -> FakeTask:
        return self.task(slug, condition=TaskCondition.RUNNING, ids=ids)

    @property
    def audit(self) -> list[tuple[str, str | None, str]]:
        entries, _ = self.app_state.audit(limit=100, offset=0)
        return [(entry.action, entry.user, entry.detail) for entry in entries]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_tasks_all_start_show_and_are_interrupted_together(stand: Stand) -> None:
    stand.supervisor.start()
    stand.supervisor.stop()
    everything = ['started', 'interrupted', 'triggered']
    assert all(task.events == everything for task in stand.tasks.values())
    assert [view.facts.slug for view in stand.supervisor.views()] == list(TaskSlug)
    assert len(stand.supervisor.workers) == len(TaskSlug)


def test_pause_is_stored_audited_and_logged(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, 'sentinel_app'):
        view = stand.supervisor.pause('upload', by='jdoe')
    state = TaskState(is_paused=True, paused_at=NOON, paused_by='jdoe')
    assert view.state == state
    assert stand.app_state.task_state(TaskSlug.UPLOAD) == state
    assert stand.audit == [('task-pause', 'jdoe', 'Upload')]
    assert caplog.messages == ['event=tasks-paused tasks=Upload user=jdoe until=null']
    with pytest.raises(ConflictError, match=r'was paused already, by jdoe\.'):
        stand.supervisor.pause('upload', by='eve')
    with pytest.raises(ConflictError, match=r'is paused\. Resume it first'):
        stand.supervisor.run('upload', by='jdoe')


def test_unstored_pause_has_no_effect(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise StorageError('The disk is full.')

    monkeypatch.setattr(stand.app_state, 'store_task_states', fail)
    with pytest.raises(StorageError):
        stand.supervisor.pause('upload', by=None)
    assert stand.task('upload').events == []


def test_paused_task_is_resumed_once(stand: Stand) -> None:
    with pytest.raises(ConflictError, match='is not paused'):
        stand.supervisor.resume('convert', by='jdoe')
    stand.supervisor.pause('convert', by=None)
    assert stand.supervisor.resume('convert', by='eve').state == TaskState()
    assert stand.app_state.task_state(TaskSlug.CONVERT) == TaskState()
    assert stand.audit == [('task-resume', 'eve', 'Convert'), ('task-pause', None, 'Convert')]


def test_pause_until_a_time_ends_by_itself_and_the_audit_says_so(stand: Stand) -> None:
    until = NOON + dt.timedelta(hours=1)
    state = stand.supervisor.pause('upload', by='jdoe', until=until, reason='New role').state
    assert (state.paused_until, state.pause_reason) == (until, 'New role')
    stand.clock.advance(3_599)
    stand.supervisor.watch()
    assert stand.task('upload').state == state == stand.app_state.task_state(TaskSlug.UPLOAD)
    stand.clock.advance(1)
    stand.supervisor.watch()
    stand.supervisor.watch()
    assert stand.task('upload').state == stand.app_state.task_state(TaskSlug.UPLOAD) == TaskState()
    assert stand.audit == [
        ('task-resume-itself', None, 'Upload'),
        ('task-pause', 'jdoe', 'Upload, until 2026-03-04 13:00:00 UTC: New role'),
    ]


def test_pipeline_is_paused_and_resumed_as_a_whole_and_keeps_earlier_pauses(
    stand: Stand,
) -> None:
    until = NOON + dt.timedelta(hours=1)
    stand.supervisor.pause('upload', by='jdoe', reason='No role yet')
    before = stand.task('upload').state
    views = stand.supervisor.pause_pipeline(by='eve', until=until)
    assert [view.facts.slug for view in views] == list(TaskSlug)
    paused_by = {view.facts.slug: view.state.paused_by for view in views}
    assert list(paused_by.values()) == ['eve', 'eve', 'jdoe', 'eve', None, None, None, None]
    with pytest.raises(ConflictError, match='is paused already'):
        stand.supervisor.pause_pipeline(by='eve')

    stand.clock.advance(3_600)
    stand.supervisor.watch()
    assert stand.task('upload').state == before
    assert not stand.task('download').state.is_paused
    stand.supervisor.pause_pipeline(by='eve')
    stand.supervisor.resume_pipeline(by='jdoe')
    assert not any(task.state.is_paused for task in stand.tasks.values())
    with pytest.raises(ConflictError, match='is not paused'):
        stand.supervisor.resume_pipeline(by='jdoe')
    others = 'Download, Convert, Schedule Updates'
    assert stand.audit[:3] == [
        ('pipeline-resume', 'jdoe', 'Download, Convert, Upload, Schedule Updates'),
        ('pipeline-pause', 'eve', others),
        ('task-resume-itself', None, others),
    ]


def test_start_logs_what_is_still_paused(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    stand.task('cleaner', state=TaskState(is_paused=True, paused_by='jdoe'))
    with caplog.at_level(logging.INFO, 'sentinel_app'):
        stand.supervisor.start()
    assert caplog.messages == ['event=task-still-paused task=cleaner user=jdoe']


def test_wait_that_sentinel_requested_is_shown_at_upload_and_ended_in_a_persons_name(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    wait = AskedWait(until=NOON + dt.timedelta(hours=1), reason='Come back later.')
    stand.limiter.block(3_600, reason='Come back later.')
    shown = {view.facts.slug: view.asked_wait for view in stand.supervisor.views()}
    assert shown == {**dict.fromkeys(TaskSlug), TaskSlug.UPLOAD: wait}
    with pytest.raises(ConflictError, match='The Task Convert does not wait'):
        stand.supervisor.send_now('convert', by='jdoe')

    with caplog.at_level(logging.INFO, 'sentinel_app'):
        assert stand.supervisor.send_now('upload', by='jdoe').asked_wait is None
    assert stand.audit == [('task-send-now', 'jdoe', 'Upload')]
    (line,) = caplog.messages
    assert line.startswith('event=asked-wait-ended task=upload user=jdoe until=2026-03-04T13:00:00')
    with pytest.raises(ConflictError, match='there is no wait to end'):
        stand.supervisor.send_now('upload', by='jdoe')


def test_wait_is_not_ended_by_an_unknown_user(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise StorageError('The disk is full.')

    stand.limiter.block(3_600, reason='Come back later.')
    monkeypatch.setattr(stand.app_state, 'add_audit', fail)
    with pytest.raises(StorageError):
        stand.supervisor.send_now('upload', by='jdoe')
    assert stand.limiter.asked_wait() is not None


def test_run_is_audited_once_it_was_possible(stand: Stand) -> None:
    stand.supervisor.run('cleaner', by='jdoe')
    assert stand.task('cleaner').events == ['run']
    stand.task('schedule-updates', error=ConflictError('Nothing to do.'))
    with pytest.raises(ConflictError):
        stand.supervisor.run('schedule-updates', by='jdoe')
    assert stand.audit == [('task-run', 'jdoe', 'Cleaner')]


@pytest.mark.parametrize('action', ['run', 'pause', 'resume', 'kill', 'send_now', 'view'])
def test_unknown_task_is_not_found(stand: Stand, action: str) -> None:
    by = {} if action == 'view' else {'by': None}
    with pytest.raises(NotFoundError):
        getattr(stand.supervisor, action)('baker', **by)
    assert stand.audit == []


def test_run_that_queues_an_update_is_audited_with_it(stand: Stand) -> None:
    update = make_update('u1', request_ids=('j1',))
    stand.app_state.add_update(update, [make_job('j1', query=make_query('q7'))])
    stand.task('schedule-updates', queued=update)
    stand.supervisor.run('schedule-updates', by='jdoe')
    (entry,), _ = stand.app_state.audit(limit=100, offset=0)
    assert (entry.action, entry.query_ids, entry.update_ids) == ('task-run', ('q7',), ('u1',))


def test_what_is_due_is_triggered(stand: Stand) -> None:
    stand.task('cleaner', due=True)
    stand.supervisor.trigger_due()
    assert stand.tasks[TaskSlug.CLEANER].events == ['triggered']
    assert stand.tasks[TaskSlug.UPLOAD].events == []


def test_trigger_of_the_schedule_triggers_its_task(stand: Stand) -> None:
    stand.supervisor.trigger_schedule()
    assert stand.tasks[TaskSlug.SCHEDULE_UPDATES].events == ['triggered']
    assert stand.tasks[TaskSlug.UPLOAD].events == []


def test_kill_stops_its_jobs_and_names_the_person(stand: Stand) -> None:
    task = stand.running('upload', 'j1', 'j2')
    stand.supervisor.kill('upload', by='jdoe')
    ((what, ids, code, message),) = stand.stores.events
    assert (what, ids, code) == ('stopped', ('j1', 'j2'), 'RUN-TIME')
    assert message.startswith('The Task Upload was killed by jdoe while it worked on this request.')
    assert task.events == ['killed by jdoe']
    assert [(error.request_id, error.code, error.at) for error in stand.stores.errors] == [
        ('j1', 'RUN-TIME', NOON),
        ('j2', 'RUN-TIME', NOON),
    ]
    assert stand.audit == [('task-kill', 'jdoe', 'Upload, while it worked on j1, j2')]
    stand.supervisor.watch()
    assert stand.stores.events[1:] == [('given-up', ('j1', 'j2'))]
    stand.supervisor.watch()
    assert len(stand.stores.events) == 2


def test_kill_by_an_unknown_user_says_so(stand: Stand) -> None:
    stand.running('download', 'j1')
    stand.supervisor.kill('download', by=None)
    assert 'killed by a person whom ThreatConnect did not name' in stand.stores.events[0][3]


@pytest.mark.parametrize('condition', [TaskCondition.IDLE, TaskCondition.PAUSED])
def test_inactive_task_cannot_be_killed(stand: Stand, condition: TaskCondition) -> None:
    stand.task('upload', condition=condition)
    with pytest.raises(ConflictError, match='does nothing at the moment'):
        stand.supervisor.kill('upload', by='jdoe')
    assert (stand.audit, stand.stores.events) == ([], [])


def test_finishing_task_can_be_killed(stand: Stand) -> None:
    stand.task('upload', condition=TaskCondition.FINISHING, ids=('j1',))
    stand.supervisor.kill('upload', by='jdoe')
    assert stand.stores.events[0][1] == ('j1',)


def test_task_without_jobs_is_only_interrupted(stand: Stand) -> None:
    task = stand.running('cleaner')
    stand.supervisor.kill('cleaner', by='jdoe')
    assert (task.events, stand.stores.events, stand.stores.errors) == (['killed by jdoe'], [], [])


@pytest.mark.parametrize('slug', TaskSlug)
def test_killed_step_has_a_grace_period_and_then_its_thread_is_abandoned_whatever_its_task(
    stand: Stand, slug: TaskSlug
) -> None:
    task = stand.running(slug, 'j1')
    task.is_hanging = True
    stand.supervisor.kill(slug, by='jdoe')
    stand.clock.advance(GRACE_S - 0.1)
    stand.supervisor.watch()
    assert stand.stores.events[1:] == []
    stand.clock.advance(0.1)
    stand.supervisor.watch()
    assert task.events[-1] == 'replaced'
    assert stand.stores.events[1:] == [('given-up', ('j1',))]


@pytest.mark.parametrize('is_answered', [True, False])
def test_upload_under_way_has_its_grace_period_whichever_task_is_killed(
    stand: Stand, is_answered: bool
) -> None:
    task = stand.running('download', 'j1')
    stand.stores.in_flight = {'j1'}
    stand.supervisor.kill('download', by='jdoe')
    stand.clock.advance(GRACE_S - 0.1)
    stand.supervisor.watch()
    assert stand.stores.events[1:] == []
    if is_answered:
        stand.stores.in_flight = set()
    else:
        stand.clock.advance(0.1)
    stand.supervisor.watch()

    assert stand.stores.events[1:] == [('given-up', ('j1',))]
    assert task.events == ['killed by jdoe']


def test_step_in_the_middle_of_a_write_is_replaced_after_it_and_its_jobs_end_before(
    stand: Stand,
) -> None:
    task = stand.running('convert', 'j1')
    task.is_hanging = task.is_writing = True
    stand.supervisor.kill('convert', by='jdoe')
    stand.clock.advance(GRACE_S)
    stand.supervisor.watch()
    assert task.events == ['killed by jdoe']
    assert stand.stores.events[1:] == [('given-up', ('j1',))]
    task.is_writing = False
    for _ in range(2):
        stand.supervisor.watch()
        assert task.events == ['killed by jdoe', 'replaced']


def test_termination_that_failed_is_retried(stand: Stand) -> None:
    stand.running('upload', 'j1')
    stand.supervisor.kill('upload', by='jdoe')
    stand.stores.error = StorageError('The disk is full.')
    with pytest.raises(StorageError):
        stand.supervisor.watch()
    stand.stores.error = None
    stand.supervisor.watch()
    assert stand.stores.events[1:] == [('given-up', ('j1',))]


def test_watchdog_kills_a_task_without_a_heartbeat(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    task = stand.running('download', 'j1')
    stand.supervisor.watch()
    assert task.events == []
    task.overdue = True
    stand.clock.advance(1)
    stand.supervisor.watch()
    assert task.events == ['killed by the watchdog']
    message = stand.stores.events[0][3]
    assert message.startswith(
        'The watchdog killed the Task Download: it gave no sign of life for 20 minutes.'
    )
    assert caplog.messages == ['event=task-overdue task=download request_ids=j1']
    assert stand.audit == []


def test_watchdog_kills_nothing_after_the_whole_process_stood_still(stand: Stand) -> None:
    task = stand.running('download', 'j1')
    task.overdue = True
    stand.clock.advance(STANDSTILL_S + 1)
    stand.supervisor.watch()
    assert task.events == ['excused']
    stand.clock.advance(1)
    stand.supervisor.watch()
    assert task.events == ['excused', 'killed by the watchdog']


def test_pages_of_stopped_jobs_are_dropped_while_convert_is_idle(stand: Stand) -> None:
    stand.supervisor.watch()
    assert stand.stores.drops == 1
    stand.task('convert', is_hanging=True)
    stand.supervisor.watch()
    assert stand.stores.drops == 1


def test_task_that_cannot_be_killed_does_not_protect_another(stand: Stand) -> None:
    download = stand.running('download', 'j1')
    upload = stand.running('upload', 'j2')
    download.overdue = upload.overdue = True

    def fail_for_one(request_ids: Sequence[str], _error: SentinelAppError) -> None:
        if 'j1' in request_ids:
            raise OverflowError
        stand.stores.events.append(('stopped', tuple(request_ids)))

    stand.stores.stop_jobs = fail_for_one  # type: ignore[method-assign]
    with pytest.raises(OverflowError):
        stand.supervisor.watch()
    assert ('stopped', ('j2',)) in stand.stores.events
    assert stand.stores.drops == 1


def test_kill_that_cannot_be_finished_does_not_block_another(stand: Stand) -> None:
    for slug, name in (('download', 'j1'), ('upload', 'j2')):
        stand.running(slug, name)
        stand.supervisor.kill(slug, by='jdoe')
    given_up: list[str] = []

    def fail_for_one(request_ids: Sequence[str]) -> None:
        if 'j1' in request_ids:
            raise OverflowError
        given_up.extend(request_ids)

    stand.stores.abandon = fail_for_one  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(OverflowError):
            stand.supervisor.watch()
    assert given_up == ['j2']
