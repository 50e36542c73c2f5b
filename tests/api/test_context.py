"""Context as people are shown it: CONTEXT, JOBS, the look-up of a value, metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.context_choice import ContextChoice
from sentinel_app.core.task import TaskSlug, TaskState
from sentinel_app.diagnostics.context_report import VALID_S
from sentinel_app.errors import TokenError
from tests.harness.api_stand import Stand
from tests.harness.builders.actor import make_group
from tests.harness.builders.app_state import make_audit, make_job, make_update
from tests.harness.builders.context import JOB, ContextWorld
from tests.harness.builders.match import web_link
from tests.harness.clocks import NOON
from tests.harness.diagnostics import LIMIT

LONG_NAME = 'Bear ' * 99 + 'Bears'


@pytest.fixture
def on(tmp_path: Path) -> Stand:
    """With *Owner identities and threat actors*."""
    return Stand(tmp_path, context=ContextChoice.ACTORS)


@pytest.fixture
def world(on: Stand) -> ContextWorld:
    """Two Addresses of a Cat, of which one has a Bear as well, all of it in Sentinel."""
    found = ContextWorld(on.diagnostics.db)
    found.send(1, 2)
    found.associate({1: (10, 11), 2: (11,)})
    found.read(make_group(10, name=LONG_NAME, owner_name='Källa "1"'), make_group(11, name='Cat'))
    found.derive()
    found.settle()
    return found


def state(stand: Stand) -> dict[str, Any]:
    """How Context stands, once what was counted before is too old."""
    stand.clock.advance(VALID_S)
    reply = stand.get('/api/context')
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def actors(stand: Stand, query: str = '') -> list[dict[str, Any]]:
    reply = stand.get('/api/context/actor', query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json['data']
    return found


def audit(stand: Stand) -> list[tuple[str, str, str | None]]:
    entries = stand.get('/api/report/audit').json['data']
    return [(entry['action'], entry['detail'], entry['user']) for entry in entries]


def test_context_that_is_off_says_so_and_costs_nothing(stand: Stand) -> None:
    found = state(stand)
    assert found == {
        'choice': 'None',
        'actor_types': ['Adversary', 'Intrusion Set', 'Threat'],
        'live': [{'kind': kind, 'count': 0} for kind in ('identity', 'actor', 'relationship')],
        'count_waiting': 0,
        'count_due': 0,
        'count_refused': 0,
        'count_unwanted': 0,
        'count_held_back': 0,
        'seconds_left': 0.0,
        'requests_per_minute': LIMIT - LIMIT // 5,
        'date_ended': None,
        'error': None,
        'pause': None,
    }
    assert stand.get('/api/metric/summary').json['context'] is None


def test_live_objects_are_counted_by_kind(on: Stand, world: ContextWorld) -> None:
    world.store.end_withdrawal()
    world.store.end_round(NOON)
    found = state(on)
    assert found['choice'] == 'Owner identities and threat actors'
    assert {each['kind']: each['count'] for each in found['live']} == {
        'identity': 2,
        'actor': 2,
        'relationship': 3,
    }
    assert (found['date_ended'], found['seconds_left']) == ('2026-03-04T12:00:00Z', 0.0)
    assert on.get('/api/metric/summary').json['context'] == found


def test_time_left_counts_what_waits_and_what_is_still_to_be_made(
    on: Stand, world: ContextWorld
) -> None:
    ids = tuple(range(20, 50))
    world.send(*range(100, 150))
    world.associate(dict.fromkeys(range(100, 150), ids))
    found = state(on)
    assert (found['count_waiting'], found['count_due']) == (0, 50)
    # At most ten for each, a hundred in a request.
    assert found['seconds_left'] == 5 / found['requests_per_minute'] * 60
    world.read(*(make_group(number, name=f'Actor {number}') for number in ids))
    world.derive()
    found = state(on)
    assert (found['count_due'], found['count_waiting']) == (0, 500 + 10)
    assert found['seconds_left'] == 6 / found['requests_per_minute'] * 60


def test_time_left_is_unknown_while_nothing_can_be_sent(on: Stand) -> None:
    on.diagnostics.context_error = TokenError('No token.', code='AZ-TOKEN', reason='AADSTS1')
    found = state(on)
    assert found['seconds_left'] is None
    assert found['error'] == {'code': 'AZ-TOKEN', 'message': 'No token.', 'reason': 'AADSTS1'}
    on.diagnostics.context_error = None
    paused = TaskState(is_paused=True, paused_by='jdoe', paused_at=NOON)
    on.app_state.store_task_states({TaskSlug.CONTEXT: paused}, audit=make_audit())
    found = state(on)
    assert (found['seconds_left'], found['error']) == (None, None)
    assert (found['pause']['task'], found['pause']['by']) == ('context', 'jdoe')


def test_counts_are_read_anew_after_a_moment(on: Stand, world: ContextWorld) -> None:
    assert state(on)['count_held_back'] == 0
    world.hold_back(5)
    assert on.get('/api/context').json['count_held_back'] == 0
    assert state(on)['count_held_back'] == 5


def test_actor_shows_each_group_that_it_was_made_of(on: Stand, world: ContextWorld) -> None:
    world.associate({2: (11, 12)})
    world.read(make_group(12, name='CAT', owner_name='Other Org', web_link=None))
    world.derive()
    world.settle()
    bear, cat = actors(on)
    assert (bear['name'], bear['groups'][0]['owner']) == (LONG_NAME, 'Källa "1"')
    assert cat.pop('stix_id').startswith('threat-actor--')
    assert cat == {
        'id': cat['id'],
        'name': 'Cat',
        'state': 'live',
        'groups': [
            {
                'id': '11',
                'type': 'Adversary',
                'name': 'Cat',
                'owner': 'Example Org',
                'web_link': 'https://tc.example.test/#/details/groups/11/overview',
            },
            {
                'id': '12',
                'type': 'Adversary',
                'name': 'CAT',
                'owner': 'Other Org',
                'web_link': None,
            },
        ],
        'aliases': [],
        'count_objects': 2,
        'tlp': None,
        'refusal': None,
    }


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        ('', [LONG_NAME, 'Cat']),
        ('text=cA', ['Cat']),
        ('text= cat ', ['Cat']),
        ('sort=objects&sort_order=desc', ['Cat', LONG_NAME]),
        ('sort_order=desc', ['Cat', LONG_NAME]),
        ('state=live&limit=1', [LONG_NAME]),
        ('state=refused', []),
    ],
)
def test_actors_are_filtered_and_sorted(
    on: Stand, world: ContextWorld, query: str, expected: list[str]
) -> None:
    assert [each['name'] for each in actors(on, query)] == expected
    body = dict(part.split('=') for part in query.split('&') if part)
    if 'limit' in body:
        body['limit'] = int(body['limit'])  # type: ignore[assignment]
    searched = on.post('/api/context/actor', body).json
    assert [each['name'] for each in searched['data']] == expected
    assert searched['next'] is None


@pytest.mark.parametrize('query', ['state=good', 'sort=color', 'x=1', 'text=' + 'x' * 501])
def test_filter_that_is_not_known_is_refused(on: Stand, query: str) -> None:
    assert on.get('/api/context/actor', query).status_code == 400


def test_indicators_of_an_actor_come_in_pages(on: Stand, world: ContextWorld) -> None:
    (cat,) = actors(on, 'text=cat')
    path = f'/api/context/actor/{cat["id"]}/indicator'
    found = on.get(path, 'limit=1').json
    assert found['data'] == [
        {
            'id': '1',
            'type': 'Address',
            'summary': '198.51.0.1',
            'owner': 'Example Org',
            'web_link': web_link(1),
            'value': '198.51.0.1',
            'hash_kind': None,
            'state': 'live',
        }
    ]
    assert (found['total_count'], found['next']) == (2, '?limit=1&offset=1')
    (second,) = on.get(path, 'limit=1&offset=1').json['data']
    assert second['id'] == '2'


@pytest.mark.parametrize('number', ['x', '-1', '9' * 30, '9' * 5_000, '٣'])
def test_indicators_of_what_can_be_no_actor_are_not_found(stand: Stand, number: str) -> None:
    assert stand.get(f'/api/context/actor/{number}/indicator').status_code == 404


def refuse(world: ContextWorld) -> None:
    """Have Sentinel refuse a new version of the Cat."""
    world.read(make_group(11, name='Cat', description='New.'))
    world.derive()
    world.settle(actor='The name is taken.')


def test_refused_objects_are_listed_and_sent_again(on: Stand, world: ContextWorld) -> None:
    refuse(world)
    (refused,) = on.get('/api/context/refused').json['data']
    assert (refused['kind'], refused['name'], refused['summary']) == ('actor', 'Cat', None)
    assert refused['is_live'] is True
    assert refused['refusal'] == {
        'code': 'AZ-ITEM',
        'reason': 'The name is taken.',
        'date_refused': '2026-03-04T12:00:00Z',
        'attempts': 1,
    }
    reply = on.post('/api/context/send', {})
    assert (reply.status_code, reply.json['count_refused']) == (200, 1)
    assert on.context_requests == 1
    assert audit(on) == [('context-send', '1 context object', 'jdoe')]
    world.derive()
    world.settle()
    assert on.get('/api/context/refused').json['total_count'] == 0


def test_sending_again_is_refused_where_nothing_is(on: Stand) -> None:
    reply = on.post('/api/context/send', {})
    assert (reply.status_code, reply.json['code']) == (409, 'APP-CONFLICT')
    assert (on.context_requests, audit(on)) == (0, [])


def test_withdrawal_is_allowed_by_its_number_once(on: Stand, world: ContextWorld) -> None:
    world.hold_back(1_240)
    state(on)
    wrong = on.post('/api/context/withdraw', {'count': 1_239})
    assert wrong.status_code == 409
    assert '1,240 withdrawals are held back now, not 1,239' in wrong.json['description']
    assert world.store.round().allowed is None
    reply = on.post('/api/context/withdraw', {'count': 1_240})
    assert (reply.status_code, reply.json['count_held_back']) == (200, 0)
    assert world.store.round().allowed == 1_240
    assert on.post('/api/context/withdraw', {'count': 1_240}).status_code == 409
    assert audit(on) == [('context-withdraw', '1,240 context objects', 'jdoe')]
    assert on.context_requests == 1


def test_jobs_and_updates_show_the_context_that_they_have_called_for(
    on: Stand, world: ContextWorld
) -> None:
    refuse(world)
    on.app_state.add_update(
        make_update('u1', request_ids=(JOB, 'j2')), [make_job(JOB), make_job('j2')]
    )
    account = {'waiting': 0, 'sent': 7, 'withdrawn': 0, 'refused': 1, 'left_out': 0}
    jobs = {each['request_id']: each for each in on.get('/api/job/request').json['data']}
    assert (jobs[JOB]['count_context'], jobs[JOB]['context']) == (7, account)
    assert (jobs['j2']['count_context'], jobs['j2']['context']) == (None, None)
    assert on.get(f'/api/job/request/{JOB}').json['context'] == account
    (update,) = on.get('/api/job/update').json['data']
    assert (update['count_context'], update['context']) == (7, account)


def test_threat_actors_of_a_value_are_found_with_it(on: Stand, world: ContextWorld) -> None:
    found = on.post('/api/indicator/detail', {'value': '198.51.0.1'}).json['actors']
    assert [(each['name'], each['state']) for each in found] == [
        (LONG_NAME, 'live'),
        ('Cat', 'live'),
    ]
    assert found[0]['groups'][0]['owner'] == 'Källa "1"'
    (second,) = on.post('/api/indicator/detail', {'value': '198.51.0.2'}).json['actors']
    assert second['name'] == 'Cat'


def test_metrics_have_the_context(on: Stand, world: ContextWorld) -> None:
    refuse(world)
    world.hold_back(3)
    lines = on.get('/api/metrics').text.splitlines()
    assert 'ms_sentinel_context_objects_live{type="threat-actor"} 2' in lines
    assert 'ms_sentinel_context_objects_live{type="relationship"} 3' in lines
    assert 'ms_sentinel_context_objects_waiting 0' in lines
    assert 'ms_sentinel_context_objects_refused 1' in lines
    assert 'ms_sentinel_context_withdrawals_held_back 3' in lines
