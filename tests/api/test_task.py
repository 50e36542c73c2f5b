"""TASKS: how each Task stands, and what people do with it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from sentinel_app.api.ports import UserInfo
from sentinel_app.core.task import (
    TASK_FACTS,
    AskedWait,
    TaskCondition,
    TaskSlug,
    TaskState,
    TaskView,
)
from sentinel_app.errors import ConflictError, StorageError
from tests.harness.api_stand import TOKEN, TOLD_TROUBLE, TROUBLE, Stand
from tests.harness.builders.app_state import make_job, make_update, minutes
from tests.harness.clocks import NOON

ACTIONS = ('run', 'pause', 'resume', 'kill', 'send-now')
UPLOAD = TASK_FACTS[2]


def test_tasks_are_listed_in_the_order_of_the_page(stand: Stand) -> None:
    page = stand.get('/api/task').json
    assert (page['count'], page['total_count'], page['next'], page['previous']) == (
        8,
        8,
        None,
        None,
    )
    assert [task['slug'] for task in page['data']] == [
        'download',
        'convert',
        'upload',
        'schedule-updates',
        'verify',
        'match',
        'context',
        'cleaner',
    ]
    assert [
        (task['group'], task['period_seconds'], task['timeout_minutes']) for task in page['data']
    ] == [
        ('Ingestion pipeline', 5, 20),
        ('Ingestion pipeline', 5, 20),
        ('Ingestion pipeline', 5, 30),
        ('Standalone', 10, 10),
        ('Standalone', 60, 30),
        ('Standalone', 60, 30),
        ('Standalone', 15, 30),
        ('Standalone', 900, 20),
    ]


def test_list_can_be_paged(stand: Stand) -> None:
    page = stand.get('/api/task', 'limit=2&offset=2').json
    assert [task['slug'] for task in page['data']] == ['upload', 'schedule-updates']
    assert page['next'] == '?limit=2&offset=4'


def test_task_is_shown_in_full(stand: Stand) -> None:
    stand.tasks.shown[TaskSlug.UPLOAD] = TaskView(
        facts=UPLOAD,
        condition=TaskCondition.FINISHING,
        state=TaskState(
            is_paused=True,
            paused_at=minutes(3),
            paused_by='jdoe',
            paused_until=minutes(63),
            pause_reason='Workspace moves',
        ),
        request_ids=('j1', 'j2'),
        beat_at=NOON,
        beat_age_s=1.23456,
        ended_at=minutes(1),
        outcome='Sent 3 batches.',
        asked_wait=AskedWait(until=minutes(59), reason='Come back later.'),
        trouble=TROUBLE,
    )
    (task,) = (each for each in stand.get('/api/task').json['data'] if each['slug'] == 'upload')
    assert task == {
        'slug': 'upload',
        'name': 'Upload',
        'description': UPLOAD.description,
        'group': 'Ingestion pipeline',
        'period_seconds': 5,
        'timeout_minutes': 30,
        'state': 'finishing',
        'request_ids': ['j1', 'j2'],
        'last_heartbeat': '2026-03-04T12:00:00Z',
        'heartbeat_age': 1.235,
        'last_run_end': '2026-03-04T08:01:00Z',
        'last_run_outcome': 'Sent 3 batches.',
        'date_paused': '2026-03-04T08:03:00Z',
        'paused_by': 'jdoe',
        'paused_until': '2026-03-04T09:03:00Z',
        'pause_reason': 'Workspace moves',
        'asked_wait': {'until': '2026-03-04T08:59:00Z', 'reason': 'Come back later.'},
        'trouble': TOLD_TROUBLE,
    }


def test_unknown_fields_are_null(stand: Stand) -> None:
    task = stand.get('/api/task').json['data'][0]
    assert task['state'] == 'idle'
    assert task['request_ids'] == []
    names = ('last_heartbeat', 'heartbeat_age', 'last_run_end', 'last_run_outcome', 'asked_wait')
    assert [task[name] for name in (*names, 'date_paused', 'paused_by', 'paused_until')] == [
        None
    ] * 8


@pytest.mark.parametrize('action', ACTIONS)
def test_action_is_done_in_the_users_name_and_returns_the_task(stand: Stand, action: str) -> None:
    shown = stand.tasks.shown[TaskSlug.UPLOAD]
    stand.tasks.shown[TaskSlug.UPLOAD] = dataclasses.replace(shown, condition=TaskCondition.RUNNING)
    reply = stand.post(f'/api/task/upload/{action}', {})
    assert reply.status_code == 200
    assert (reply.json['slug'], reply.json['state']) == ('upload', 'running')
    assert stand.tasks.asked == [(action, 'upload', 'jdoe')]


@pytest.mark.parametrize('action', ACTIONS)
def test_action_of_an_unknown_user_is_done_all_the_same(stand: Stand, action: str) -> None:
    stand.identity.users = {}
    assert stand.post(f'/api/task/cleaner/{action}', {}).status_code == 200
    assert stand.tasks.asked == [(action, 'cleaner', None)]


@pytest.mark.parametrize('action', ACTIONS)
def test_refused_action_says_why(stand: Stand, action: str) -> None:
    stand.tasks.error = ConflictError('The Task Upload is paused. Resume it first.')
    reply = stand.post(f'/api/task/upload/{action}', {})
    assert (reply.status_code, reply.json['code']) == (409, 'APP-CONFLICT')
    assert reply.json['description'] == 'The Task Upload is paused. Resume it first.'
    stand.tasks.error = StorageError('The disk is full.')
    assert stand.post(f'/api/task/upload/{action}', {}).status_code == 503


@pytest.mark.parametrize('action', ACTIONS)
def test_unknown_task_is_not_found(stand: Stand, action: str) -> None:
    reply = stand.post(f'/api/task/baker/{action}', {})
    assert (reply.status_code, reply.json['code']) == (404, 'APP-NOT-FOUND')


@pytest.mark.parametrize('path', ['/api/task/upload/pause', '/api/task/pause'])
def test_pause_has_an_end_and_a_reason_which_are_checked(stand: Stand, path: str) -> None:
    reply = stand.post(path, {'until': '2026-03-04T13:00:00Z', 'reason': '  New role '})
    assert reply.status_code == 200
    assert stand.tasks.pauses == [(NOON + dt.timedelta(hours=1), 'New role')]
    assert stand.post(path, {'reason': ' '}).status_code == 200
    assert stand.tasks.pauses[1:] == [(None, None)]
    refusals = {
        'until': ('2026-03-04T12:00:00Z', '2026-04-03T12:00:01Z', '2026-03-04 13:00', 'soon', 5),
        'reason': ('two\nlines', 'bell\x07', 'turned \u202eround', 'x' * 201, 5),
    }
    for field, values in refusals.items():
        for value in values:
            reply = stand.post(path, {field: value})
            assert reply.status_code == 422, value
            assert [error['field'] for error in reply.json['errors']] == [field]
    assert len(stand.tasks.pauses) == 2
    latest = {'until': '2026-04-03T12:00:00Z', 'reason': 'x' * 200}
    assert stand.post(path, latest).status_code == 200


def test_pipeline_is_paused_and_resumed_in_the_users_name(stand: Stand) -> None:
    for action in ('pause', 'resume'):
        reply = stand.post(f'/api/task/{action}', {})
        assert (reply.status_code, reply.json['total_count']) == (200, 8)
    assert stand.tasks.asked == [('pause', 'pipeline', 'jdoe'), ('resume', 'pipeline', 'jdoe')]
    stand.tasks.error = ConflictError('The pipeline is not paused.')
    assert stand.post('/api/task/resume', {}).status_code == 409


def test_unknown_action_is_not_found(stand: Stand) -> None:
    assert stand.post('/api/task/upload/stop', {}).status_code == 404
    assert stand.get('/api/task/upload/kill').status_code == 405
    assert stand.tasks.asked == []


def test_save_triggers_a_check_of_the_schedule(stand: Stand) -> None:
    assert stand.put('/api/configure', {'version': 0, 'queries': []}).status_code == 200
    assert stand.tasks.triggers == 1
    assert stand.put('/api/configure', {'version': 0, 'queries': []}).status_code == 409
    assert stand.tasks.triggers == 1


# -- actions on Jobs


@pytest.fixture
def with_job(stand: Stand) -> Any:
    stand.app_state.add_update(make_update(), [make_job()])
    return stand


def test_job_is_cancelled_in_the_users_name(with_job: Stand) -> None:
    reply = with_job.post('/api/job/request/j1/cancel', {})
    assert (reply.status_code, reply.json['status']) == (200, 'Cancelled')
    assert reply.json['request_id'] == 'j1'
    assert with_job.jobs.asked == [('cancel', 'j1', 'jdoe')]


def test_retry_is_accepted_with_its_request_id(with_job: Stand) -> None:
    reply = with_job.post('/api/job/request/j1/retry', {})
    assert reply.status_code == 202
    assert reply.json == {'update_id': 'u-new', 'request_ids': ['r-new']}
    assert with_job.jobs.asked == [('retry', 'j1', 'jdoe')]


@pytest.mark.parametrize('action', ['cancel', 'retry'])
def test_refused_job_action_says_why(with_job: Stand, action: str) -> None:
    with_job.identity.users = {TOKEN: UserInfo(name='eve', role='Read Only User')}
    with_job.jobs.error = ConflictError('This request has ended.')
    reply = with_job.post(f'/api/job/request/j1/{action}', {})
    assert (reply.status_code, reply.json['description']) == (409, 'This request has ended.')
    assert with_job.jobs.asked == [(action, 'j1', 'eve')]
    with_job.identity.users, with_job.jobs.error = {}, None
    assert with_job.post(f'/api/job/request/nobody/{action}', {}).status_code == 404
    assert with_job.jobs.asked[-1] == (action, 'nobody', None)
