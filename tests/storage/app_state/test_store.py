"""What `AppState` promises, as it runs and opened anew before every call."""

import dataclasses
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.api.schemas import JOB_SORTS
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import (
    Counts,
    Job,
    JobStatus,
    JobType,
    Mode,
    Stage,
    StageTimes,
    is_allowed,
)
from sentinel_app.core.query import QueryList, SortDirection
from sentinel_app.core.schedule import Schedule
from sentinel_app.core.scope import Scope
from sentinel_app.core.task import TaskSlug, TaskState
from sentinel_app.core.window import Cursor, Window
from sentinel_app.errors import ConfigError, ConflictError, NotFoundError, StorageError
from sentinel_app.storage.app_state.atomic_json import AtomicJsonStorage
from sentinel_app.storage.app_state.encoding import encode
from sentinel_app.storage.app_state.job_list import SORTS
from sentinel_app.storage.app_state.state_tables import MAX_AUDIT
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.app_state.update_list import complete_since
from tests.harness.builders.app_state import (
    make_audit,
    make_ended_job,
    make_job,
    make_query,
    make_update,
    minutes,
)
from tests.harness.clocks import StandingClock

PAUSED = TaskState(is_paused=True, paused_at=minutes(1), paused_by='jdoe')
FULL_JOB = make_ended_job(
    'full',
    update_id='u9',
    mode=Mode.RECONCILE,
    query=make_query(
        'q9',
        owners=('A', 'B & "C"'),
        indicator_types=tuple(IndicatorType),
        tql='tag = "ü\n\\"',
        sort_field='rating',
        sort_direction=SortDirection.DESCENDING,
    ),
    position=7,
    failed_at=minutes(3),
    window=Window(start_at=None, end_at=minutes(0)),
    stages={
        Stage.DOWNLOAD: StageTimes(started_at=minutes(1), completed_at=minutes(2)),
        Stage.UPLOAD: StageTimes(started_at=minutes(2)),
    },
    failure_code='NET',
    failure_reason='broke off',
    is_stopped=True,
    is_withdrawal=True,
    scope=Scope.SEND,
    asked=3,
)


def open_documents(path: Path) -> AppState:
    return AppState(path, now=StandingClock().now)


class Reopened:
    """Every call goes to a store that has just been opened: what counts is what is on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(open_documents(self._path), name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'documents.json'


@pytest.fixture(params=[open_documents, Reopened], ids=['open', 'reopened'])
def app_state(request: pytest.FixtureRequest, path: Path) -> AppState:
    made: AppState = request.param(path)
    return made


def test_store_implements_the_port(path: Path) -> None:
    port: AppState = open_documents(path)
    assert port.warning is None


def test_empty_store_has_nothing(app_state: AppState) -> None:
    assert app_state.query_list() == QueryList(version=0, queries=())
    assert app_state.schedule() == Schedule()
    assert app_state.update('u1') is None
    assert app_state.open_updates() == ()
    assert app_state.job('j1') is None
    assert app_state.jobs_of('u1') == ()
    assert app_state.jobs() == ((), 0)
    assert app_state.cursor('q1') is None
    assert app_state.audit(limit=10, offset=0) == ((), 0)
    assert app_state.remove_old(before=minutes(0), keep=0) == ()


# -- queries


def save(app_state: AppState, *ids: str, version: int, mode: Mode | None = None) -> QueryList:
    queries = [make_query(query_id) for query_id in ids]
    return app_state.save_queries(
        queries, expected_version=version, next_mode=mode, audit=make_audit(detail=str(ids))
    )


def test_saved_list_keeps_its_order_and_counts_its_version(app_state: AppState) -> None:
    saved = save(app_state, 'b', 'a', version=0, mode=Mode.FULL)
    assert saved == QueryList(
        version=1,
        queries=(make_query('b'), make_query('a')),
        saved_at=make_audit().at,
        saved_by=make_audit().user,
    )
    assert app_state.query_list() == saved
    assert app_state.schedule().next_mode is Mode.FULL
    assert app_state.audit(limit=5, offset=0)[0][0].detail == "('b', 'a')"
    assert save(app_state, 'a', version=1).version == 2
    assert [query.id for query in app_state.query_list().queries] == ['a']


def test_save_without_a_mode_keeps_the_existing_mode(app_state: AppState) -> None:
    save(app_state, 'a', version=0, mode=Mode.FULL)
    save(app_state, 'a', version=1, mode=None)
    assert app_state.schedule().next_mode is Mode.FULL
    save(app_state, 'a', version=2, mode=Mode.DELTA)
    assert app_state.schedule().next_mode is Mode.DELTA


@pytest.mark.parametrize('version', [0, 2, -1])
def test_save_from_another_version_changes_nothing(app_state: AppState, version: int) -> None:
    saved = save(app_state, 'a', version=0)
    with pytest.raises(ConflictError, match='changed by jdoe'):
        save(app_state, 'b', version=version, mode=Mode.FULL)
    assert app_state.query_list() == saved
    assert app_state.schedule() == Schedule()
    assert app_state.audit(limit=5, offset=0)[1] == 1


def test_withdrawal_is_kept_with_its_query_until_it_is_done(app_state: AppState) -> None:
    save(app_state, 'a', 'b', 'c', version=0)
    app_state.save_queries(
        [make_query('c')],
        expected_version=1,
        next_mode=None,
        audit=make_audit(),
        withdraw=['a', 'b', 'c'],
    )
    first, second = app_state.withdrawals()
    assert (first.query, first.by, first.is_tried) == (make_query('a'), 'jdoe', False)
    app_state.settle_withdrawals(done=['a'], tried=['a', 'b'])
    (left,) = app_state.withdrawals()
    assert (left.query, left.is_tried) == (second.query, True)


def test_cursors_are_removed_with_their_queries(app_state: AppState) -> None:
    app_state.add_update(make_update(), [make_job()])
    save(app_state, 'a', 'b', version=0)
    for query_id in ('a', 'b'):
        cursor = Cursor(query_id=query_id, selection='s', at=minutes(1))
        app_state.change_job('j1', lambda job: job, cursors=[cursor])
    save(app_state, 'b', version=1)
    assert app_state.cursor('a') is None
    assert app_state.cursor('b') == Cursor(query_id='b', selection='s', at=minutes(1))


# -- updates


def test_update_is_stored_with_its_jobs_schedule_and_audit(app_state: AppState) -> None:
    update = make_update(modified_after=minutes(-5), request_ids=('j2', 'j1'))
    jobs = [make_job('j2', position=0), make_job('j1', position=1)]
    save(app_state, 'a', version=0, mode=Mode.DELTA)
    app_state.add_update(update, jobs, audit=make_audit(action='update-request'))
    assert app_state.update('u1') == update
    assert app_state.open_updates() == (update,)
    assert app_state.jobs_of('u1') == tuple(jobs)
    assert app_state.schedule() == Schedule()
    assert app_state.audit(limit=1, offset=0)[0][0].action == 'update-request'


def test_ad_hoc_update_leaves_the_schedule(app_state: AppState) -> None:
    save(app_state, 'a', version=0, mode=Mode.DELTA)
    app_state.add_update(make_update(job_type=JobType.AD_HOC), [make_ended_job()])
    app_state.start_update('u1', minutes(1))
    app_state.end_update('u1', minutes(2), None)
    assert app_state.schedule() == Schedule(next_mode=Mode.DELTA)


def test_schedule_counts_from_the_start_of_a_scheduled_update(app_state: AppState) -> None:
    app_state.add_update(make_update(), [make_ended_job()])
    assert app_state.schedule() == Schedule()
    app_state.start_update('u1', minutes(1))
    app_state.start_update('u1', minutes(2))
    app_state.end_update('u1', minutes(3), None)
    assert app_state.schedule() == Schedule(last_scheduled_at=minutes(1))


def test_schedule_counts_from_the_end_of_a_scheduled_update_that_never_started(
    app_state: AppState,
) -> None:
    app_state.add_update(make_update(), [make_ended_job()])
    app_state.end_update('u1', minutes(3), None)
    assert app_state.schedule() == Schedule(last_scheduled_at=minutes(3))


def test_update_is_queued_once(app_state: AppState) -> None:
    app_state.add_update(make_update(), [make_job()])
    with pytest.raises(ConflictError):
        app_state.add_update(make_update(), [])
    with pytest.raises(ConflictError):
        app_state.add_update(make_update('u2'), [make_job()])
    assert app_state.update('u2') is None


def test_scheduled_updates_come_before_ad_hoc_ones_then_the_oldest(
    app_state: AppState,
) -> None:
    for update_id, job_type, at in [
        ('ad-hoc-1', JobType.AD_HOC, 1),
        ('scheduled-3', JobType.SCHEDULED, 3),
        ('ad-hoc-0', JobType.AD_HOC, 0),
        ('scheduled-2', JobType.SCHEDULED, 2),
    ]:
        update = make_update(update_id, job_type=job_type, queued_at=minutes(at))
        app_state.add_update(update, [])
    waiting = [update.id for update in app_state.open_updates()]
    assert waiting == ['scheduled-2', 'scheduled-3', 'ad-hoc-0', 'ad-hoc-1']


def test_updates_run_one_at_a_time(app_state: AppState) -> None:
    app_state.add_update(make_update('u1'), [])
    app_state.add_update(make_update('u2'), [])
    assert app_state.start_update('u1', minutes(1))
    assert not app_state.start_update('u2', minutes(2))
    assert app_state.start_update('u1', minutes(3)), 'it goes on after a restart'
    started = app_state.update('u1')
    assert started is not None
    assert started.started_at == minutes(1)
    app_state.end_update('u1', minutes(4), Schedule(last_run_at=minutes(1)))
    assert app_state.schedule().last_run_at == minutes(1)
    assert [update.id for update in app_state.open_updates()] == ['u2']
    with pytest.raises(ConflictError, match='ended'):
        app_state.start_update('u1', minutes(5))
    assert app_state.start_update('u2', minutes(5))


def test_update_is_started_by_only_one_of_many_threads(path: Path) -> None:
    app_state = open_documents(path)
    for number in range(8):
        app_state.add_update(make_update(f'u{number}'), [])
    gate = threading.Barrier(8)
    started: list[bool] = []

    def start(number: int) -> None:
        gate.wait()
        started.append(app_state.start_update(f'u{number}', minutes(1)))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(started) == [False] * 7 + [True]


def test_updates_and_jobs_that_are_not_there_are_not_found(app_state: AppState) -> None:
    with pytest.raises(NotFoundError):
        app_state.start_update('u1', minutes(0))
    with pytest.raises(NotFoundError):
        app_state.end_update('u1', minutes(0), None)
    with pytest.raises(NotFoundError):
        app_state.change_job('j1', lambda job: job)


# -- Jobs


def test_job_is_restored_with_every_member(app_state: AppState) -> None:
    app_state.add_update(make_update('u9'), [FULL_JOB])
    assert app_state.job('full') == FULL_JOB
    unset = make_job()
    assert all(
        getattr(FULL_JOB, field.name) != getattr(unset, field.name)
        for field in dataclasses.fields(Job)
        if field.name != 'queued_at'
    ), 'the full Job is to differ from a plain one in everything'


def test_changed_job_is_stored_with_its_cursor(app_state: AppState) -> None:
    app_state.add_update(make_update(), [make_job()])
    cursor = Cursor(query_id='q1', selection='abc', at=minutes(4))

    def begin(job: Job) -> Job:
        return dataclasses.replace(
            job,
            status=JobStatus.DOWNLOAD_IN_PROGRESS,
            window=Window(start_at=None, end_at=minutes(4)),
        )

    changed = app_state.change_job('j1', begin, cursors=[cursor])
    assert changed.status is JobStatus.DOWNLOAD_IN_PROGRESS
    assert app_state.job('j1') == changed
    assert app_state.cursor('q1') == cursor


def test_changed_job_is_stored_with_every_cursor_that_it_moves(path: Path) -> None:
    app_state = open_documents(path)
    app_state.add_update(make_update(), [make_job()])
    cursors = [
        Cursor(query_id=query_id, selection='s', at=minutes(number))
        for number, query_id in enumerate(['q1', 'q2', 'q3'])
    ]
    app_state.change_job('j1', lambda job: job, cursors=cursors[1:2])
    inode = path.stat().st_ino
    app_state.change_job('j1', lambda job: job, cursors=cursors)
    assert path.stat().st_ino != inode
    for state in (app_state, open_documents(path)):
        assert [state.cursor(cursor.query_id) for cursor in cursors] == cursors


def test_members_that_are_reset_are_gone(app_state: AppState) -> None:
    app_state.add_update(make_update('u9'), [FULL_JOB])
    plain = dataclasses.replace(FULL_JOB, counts=Counts(), warnings=(), window=None, stages={})
    app_state.change_job('full', lambda _: plain)
    assert app_state.job('full') == plain


@pytest.mark.parametrize('old', JobStatus)
def test_transitions_that_are_not_allowed_are_refused(app_state: AppState, old: JobStatus) -> None:
    app_state.add_update(make_update(), [make_job(status=old)])
    for new in JobStatus:
        if is_allowed(old, new):
            continue
        cursor = Cursor(query_id='q1', selection='s', at=minutes(0))
        with pytest.raises(ConflictError, match=new):
            app_state.change_job(
                'j1', lambda job, to=new: dataclasses.replace(job, status=to), cursors=[cursor]
            )
    assert app_state.job('j1') == make_job(status=old)
    assert app_state.cursor('q1') is None


def test_change_cannot_turn_a_job_into_another(app_state: AppState) -> None:
    app_state.add_update(make_update(), [make_job()])
    with pytest.raises(ConflictError):
        app_state.change_job('j1', lambda job: dataclasses.replace(job, request_id='j2'))
    assert app_state.job('j2') is None


def test_change_that_changes_nothing_costs_no_write(path: Path) -> None:
    app_state = open_documents(path)
    app_state.add_update(make_update(), [make_job()])
    inode = path.stat().st_ino
    assert app_state.change_job('j1', lambda job: job) == make_job()
    assert path.stat().st_ino == inode


def test_changes_of_many_threads_all_count(path: Path) -> None:
    app_state = open_documents(path)
    app_state.add_update(make_update(), [make_job()])

    def count(job: Job) -> Job:
        return dataclasses.replace(job, counts=Counts(read=job.counts.read + 1))

    def work() -> None:
        for _ in range(10):
            app_state.change_job('j1', count)
            app_state.jobs()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in (app_state, open_documents(path)):
        job = store.job('j1')
        assert job is not None
        assert job.counts.read == 40


def fill(app_state: AppState, *jobs: Job) -> None:
    app_state.add_update(make_update(), jobs)


def ids(page: tuple[tuple[Job, ...], int]) -> list[str]:
    return [job.request_id for job in page[0]]


def test_jobs_are_filtered_and_paged(app_state: AppState) -> None:
    fill(
        app_state,
        make_job('AB-1', queued_at=minutes(1)),
        make_job('ab-2', queued_at=minutes(3), mode=Mode.FULL),
        make_job('cd-3', queued_at=minutes(2), job_type=JobType.AD_HOC, status=JobStatus.FAILED),
        make_job(
            'cd-4',
            queued_at=minutes(3),
            position=1,
            status=JobStatus.CANCELLED,
            retry_of='cd-3',
        ),
    )
    assert ids(app_state.jobs()) == ['ab-2', 'cd-4', 'cd-3', 'AB-1']
    assert ids(app_state.jobs(is_descending=False)) == ['AB-1', 'cd-3', 'ab-2', 'cd-4']
    assert ids(app_state.jobs(request_id_part='aB')) == ['ab-2', 'AB-1']
    assert ids(app_state.jobs(mode=Mode.FULL)) == ['ab-2']
    assert ids(app_state.jobs(job_type=JobType.AD_HOC)) == ['cd-3']
    assert ids(app_state.jobs(retry_of='cd-3')) == ['cd-4']
    assert ids(app_state.jobs(retry_of='cd')) == []
    finals = iter([JobStatus.FAILED, JobStatus.CANCELLED])
    assert ids(app_state.jobs(statuses=finals)) == ['cd-4', 'cd-3']
    assert ids(app_state.jobs(statuses=[JobStatus.FAILED], mode=Mode.FULL)) == []
    page, total = app_state.jobs(limit=2, offset=1)
    assert ([job.request_id for job in page], total) == (['cd-4', 'cd-3'], 4)
    assert app_state.jobs(offset=9) == ((), 4)


def test_jobs_without_the_value_sorted_by_come_last_in_either_order(
    app_state: AppState,
) -> None:
    fill(
        app_state,
        make_job('none', queued_at=minutes(9)),
        make_job('long', started_at=minutes(1), failed_at=minutes(5)),
        make_job('short', started_at=minutes(1), completed_at=minutes(2)),
    )
    assert ids(app_state.jobs(sort='total_runtime')) == ['long', 'short', 'none']
    assert ids(app_state.jobs(sort='total_runtime', is_descending=False)) == [
        'short',
        'long',
        'none',
    ]


def test_statuses_sort_in_the_order_that_a_job_goes_through(app_state: AppState) -> None:
    fill(app_state, *(make_job(status.name, status=status) for status in reversed(JobStatus)))
    assert ids(app_state.jobs(sort='status', is_descending=False)) == [
        status.name for status in JobStatus
    ]


def test_jobs_sort_by_every_column_of_the_api(app_state: AppState) -> None:
    fill(app_state, FULL_JOB, make_job('plain'))
    assert set(SORTS) == set(JOB_SORTS)
    for name in JOB_SORTS:
        assert sorted(ids(app_state.jobs(sort=name))) == ['full', 'plain']
    with pytest.raises(ValueError, match='no column'):
        app_state.jobs(sort='secret')


# -- removal


def test_final_jobs_beyond_age_or_number_are_removed_with_their_updates(
    app_state: AppState,
) -> None:
    def add(number: int, **fields: Any) -> None:
        update = make_update(f'u{number}', queued_at=minutes(number))
        job = make_job(f'j{number}', update_id=f'u{number}', queued_at=minutes(number), **fields)
        app_state.add_update(update, [job])
        if job.status.is_final:
            app_state.end_update(f'u{number}', minutes(number + 1), None)

    add(0, status=JobStatus.PENDING)
    add(1, status=JobStatus.UPLOAD_COMPLETE, completed_at=minutes(2))
    add(2, status=JobStatus.FAILED, failed_at=minutes(50))
    add(3, status=JobStatus.CANCELLED)
    add(4, status=JobStatus.UPLOAD_COMPLETE, completed_at=minutes(60))

    assert app_state.remove_old(before=minutes(10), keep=10) == ('j3', 'j1')
    assert app_state.update('u1') is None
    assert app_state.job('j1') is None
    assert app_state.job('j0') == make_job('j0', update_id='u0')
    assert app_state.remove_old(before=minutes(0), keep=1) == ('j2',)
    assert app_state.remove_old(before=minutes(0), keep=0) == ('j4',)
    assert [update.id for update in app_state.open_updates()] == ['u0']


def test_update_is_removed_whole_or_not_at_all(app_state: AppState, path: Path) -> None:
    done = {'status': JobStatus.UPLOAD_COMPLETE, 'completed_at': minutes(60)}
    for number in range(3):
        jobs = [
            make_job(f'{number}-{each}', update_id=f'u{number}', queued_at=minutes(number), **done)
            for each in range(3)
        ]
        update = make_update(
            f'u{number}',
            queued_at=minutes(number),
            ended_at=minutes(60),
            started_at=minutes(number),
        )
        app_state.add_update(update, jobs)
    assert complete_since(app_state.state) is None
    assert app_state.remove_old(before=minutes(0), keep=8) == ('0-0', '0-1', '0-2')
    for store in (app_state, open_documents(path)):
        assert complete_since(store.state) == minutes(1)
        assert len(store.state.jobs) == 6
    assert app_state.remove_old(before=minutes(0), keep=6) == ()
    late = {'status': JobStatus.UPLOAD_COMPLETE, 'completed_at': minutes(61)}
    app_state.add_update(
        make_update('u3', queued_at=minutes(3), ended_at=minutes(61)),
        [make_job('early', update_id='u3', **done), make_job('late', update_id='u3', **late)],
    )
    # It ended with the last of its Jobs.
    assert {'early', 'late'}.isdisjoint(app_state.remove_old(before=minutes(60.5), keep=99))


def test_jobs_of_an_update_that_has_not_ended_stay_together(app_state: AppState) -> None:
    fill(
        app_state,
        make_job('done', status=JobStatus.UPLOAD_COMPLETE, completed_at=minutes(1)),
        make_job('running', status=JobStatus.UPLOAD_IN_PROGRESS),
    )
    assert app_state.remove_old(before=minutes(99), keep=0) == ()
    assert len(app_state.jobs_of('u1')) == 2


# -- audit


def test_audit_is_paged_newest_first(app_state: AppState) -> None:
    for number in range(3):
        app_state.add_audit(make_audit(detail=str(number), user=None))
    entries, total = app_state.audit(limit=2, offset=1)
    assert [entry.detail for entry in entries] == ['1', '0']
    assert total == 3
    assert entries[0] == AuditEntry(at=minutes(0), user=None, action='configure-save', detail='1')


def test_audit_keeps_the_newest_thousand(path: Path) -> None:
    storage = AtomicJsonStorage(path, now=StandingClock().now, check=lambda tables: tables)
    numbers = range(MAX_AUDIT)
    entries_by_key = {str(each + 1): encode(make_audit(detail=str(each))) for each in numbers}
    storage.write({'audit': entries_by_key})
    app_state = open_documents(path)
    for number in range(MAX_AUDIT, MAX_AUDIT + 3):
        app_state.add_audit(make_audit(detail=str(number)))
    for store in (app_state, open_documents(path)):
        entries, total = store.audit(limit=MAX_AUDIT + 3, offset=0)
        assert total == MAX_AUDIT
        assert [entries[0].detail, entries[-1].detail] == [str(MAX_AUDIT + 2), '3']


# -- Tasks


def test_pause_is_stored_for_its_task_alone_with_its_audit(app_state: AppState) -> None:
    assert app_state.task_state(TaskSlug.UPLOAD) == TaskState()
    app_state.store_task_states({TaskSlug.UPLOAD: PAUSED}, audit=make_audit(action='task-pause'))
    assert app_state.task_state(TaskSlug.UPLOAD) == PAUSED
    assert app_state.task_state(TaskSlug.CONVERT) == TaskState()
    entries, _ = app_state.audit(limit=9, offset=0)
    assert [entry.action for entry in entries] == ['task-pause']
    app_state.store_task_states({TaskSlug.UPLOAD: TaskState()}, audit=make_audit())
    assert app_state.task_state(TaskSlug.UPLOAD) == TaskState()


def test_state_of_another_versions_task_is_no_obstacle(path: Path) -> None:
    app_state = open_documents(path)
    app_state.store_task_states({'baker': PAUSED}, audit=make_audit())  # type: ignore[arg-type]
    app_state.store_task_states({TaskSlug.UPLOAD: PAUSED}, audit=make_audit())
    assert open_documents(path).task_state(TaskSlug.UPLOAD) == PAUSED


def test_change_of_a_job_includes_its_audit(app_state: AppState) -> None:
    app_state.add_update(make_update(), [make_job()])
    app_state.change_job(
        'j1',
        lambda job: dataclasses.replace(job, status=JobStatus.CANCELLED),
        audit=make_audit(action='job-cancel'),
    )
    entries, _ = app_state.audit(limit=9, offset=0)
    assert [entry.action for entry in entries] == ['job-cancel']


# -- faults


def attempts(app_state: AppState) -> list[Callable[[], object]]:
    cursors = [Cursor(query_id=each, selection='s', at=minutes(1)) for each in ('q1', 'q2')]
    return [
        lambda: save(app_state, 'x', version=1, mode=Mode.FULL),
        lambda: app_state.add_update(make_update('u2'), [make_job('j2')]),
        lambda: app_state.start_update('u1', minutes(1)),
        lambda: app_state.end_update('u3', minutes(1), Schedule(last_run_at=minutes(1))),
        lambda: app_state.change_job(
            'j1', lambda job: dataclasses.replace(job, status=JobStatus.FAILED), cursors=cursors
        ),
        lambda: app_state.remove_old(before=minutes(99), keep=0),
        lambda: app_state.add_audit(make_audit()),
        lambda: app_state.change_job('j1', lambda job: job, audit=make_audit()),
        lambda: app_state.store_task_states({TaskSlug.UPLOAD: PAUSED}, audit=make_audit()),
    ]


@pytest.mark.parametrize('number', range(9))
def test_write_that_the_disk_refuses_changes_nothing(path: Path, number: int) -> None:
    app_state = open_documents(path)
    save(app_state, 'q1', version=0)
    app_state.add_update(make_update(), [make_job()])
    app_state.add_update(
        make_update('u0', ended_at=minutes(1)),
        [make_job('j0', update_id='u0', status=JobStatus.CANCELLED)],
    )
    app_state.add_update(make_update('u3', request_ids=()), [])
    blocked = path.with_name('documents.json.next')
    blocked.mkdir()

    def seen(store: AppState) -> object:
        return (
            store.query_list(),
            store.schedule(),
            store.open_updates(),
            [store.update(update_id) for update_id in ('u0', 'u1', 'u2', 'u3')],
            store.jobs(),
            [store.cursor(query_id) for query_id in ('q1', 'q2')],
            store.audit(limit=9, offset=0),
            store.task_state(TaskSlug.UPLOAD),
        )

    before = seen(app_state)
    with pytest.raises(StorageError, match=r'documents\.json could not be written'):
        attempts(app_state)[number]()
    assert seen(app_state) == before
    assert seen(open_documents(path)) == before
    blocked.rmdir()
    attempts(app_state)[number]()
    assert seen(open_documents(path)) == seen(app_state) != before


@pytest.mark.parametrize(
    ('old', 'new'),
    [
        ('"status": "Pending"', '"status": "Dreaming"'),
        ('"position": 0', '"position": "first"'),
        ('"queued_at": "2026-03-04T08:00:00+00:00"', '"queued_at": "2026-03-04T08:00:00"'),
        ('"queued_at": "2026-03-04T08:00:00+00:00", ', ''),
        ('"owners": ["Example Org"]', '"owners": "Example Org"'),
        ('"counts": {', '"counts": 5, "other": {'),
    ],
)
def test_file_with_unknown_content_is_replaced_by_the_previous_one(
    path: Path, old: str, new: str
) -> None:
    app_state = open_documents(path)
    app_state.add_update(make_update(), [make_job()])
    app_state.change_job('j1', lambda job: dataclasses.replace(job, counts=Counts(read=2)))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    again = open_documents(path)
    assert again.warning is not None
    assert again.job('j1') == make_job()


def test_newer_format_stops_the_start(path: Path) -> None:
    path.write_text('{"meta": {"format": 2}}')
    with pytest.raises(ConfigError, match='newer version'):
        open_documents(path)
    assert path.read_text() == '{"meta": {"format": 2}}'


def test_members_that_this_version_does_not_know_are_ignored(path: Path) -> None:
    app_state = open_documents(path)
    app_state.add_update(make_update(), [make_job()])
    path.write_text(path.read_text().replace('"position": 0', '"position": 0, "color": "blue"'))
    again = open_documents(path)
    assert again.warning is None
    assert again.job('j1') == make_job()


@pytest.mark.slow
def test_two_thousand_jobs_are_no_burden(path: Path) -> None:
    app_state = open_documents(path)
    long_query = make_query(tql='x' * 500)
    fill(
        app_state,
        *(
            dataclasses.replace(FULL_JOB, request_id=f'j{number}', query=long_query)
            for number in range(2_000)
        ),
    )

    def least_cpu_s(action: Callable[[int], object]) -> float:
        times = []
        for number in range(5):
            begun_s = time.thread_time()
            action(number)
            times.append(time.thread_time() - begun_s)
        return min(times)

    def change(number: int) -> None:
        app_state.change_job(
            f'j{number}', lambda job: dataclasses.replace(job, counts=Counts(read=1))
        )

    def search(_: int) -> None:
        app_state.jobs(statuses=[JobStatus.UPLOAD_COMPLETE], request_id_part='j', sort='count_sent')

    # What the obvious way costs: to read the whole file, and to write it.
    whole_s = least_cpu_s(lambda _: json.dumps(json.loads(path.read_text())))
    assert least_cpu_s(change) < whole_s
    assert least_cpu_s(search) < whole_s
