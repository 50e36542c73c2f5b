"""An answer that does not fit the question is not taken, whoever gave it, and the Job says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, Job, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

ASKED, OTHER = OWNERS[:2]
MATCHING = 5
"""Rows that the long query names; all others of its owner would be surplus."""


def load(world: World, count: int = 30) -> None:
    """Rows of the owner asked for, of another one, and of another type."""
    addresses = [
        {'type': 'Address', 'ownerName': ASKED, 'ip': f'192.0.2.{number}'} for number in range(5)
    ]
    world.store.load([*hosts(count, ASKED, prefix='a'), *hosts(40, OTHER, prefix='b'), *addresses])


def asked(tql: str = '', **members: Any) -> dict[str, Any]:
    return query(tql, owners=[ASKED], indicator_types=['Host'], **members)


def long_query() -> dict[str, Any]:
    """A query that is too long for an address of 2,000 characters; it matches a few rows."""
    values = [f'a{number}.example.com' for number in range(MATCHING)]
    values += [f'nothing-at-all-{number}.example.com' for number in range(90)]
    named = ', '.join(f'"{value}"' for value in values)
    return asked(f'summary in ({named})')


def assert_refused(engine: Engine, world: World, job: Job, code: str = 'TC-ANSWER') -> None:
    assert (job['status'], job['failure_code']) == ('Failed', code), job['failure_reason']
    assert job['count_read'] == 0
    assert world.live() == {}


LIES = [
    ('drops_parameter', {'which': 'tql'}),
    ('drops_parameter', {'which': 'fields'}),
    ('drops_parameter', {'which': 'resultLimit'}),
    ('changed_rows', {'member': 'ownerName', 'value': OTHER}),
    ('changed_rows', {'member': 'type', 'value': 'Address'}),
    ('changed_rows', {'member': 'active', 'value': False}),
    ('without_fields', {}),
    ('surplus_rows', {}),
]


@pytest.mark.parametrize(('name', 'params'), LIES)
@pytest.mark.parametrize('is_by_time', [False, True], ids=['id', 'time'])
def test_answer_to_another_question_is_rejected_whole(
    world: World, engine: Engine, name: str, params: dict[str, Any], is_by_time: bool
) -> None:
    load(world, 400)
    if is_by_time:
        world.threatconnect.faults.on('ignores_sorting')
    world.threatconnect.faults.on(name, **params)
    engine.save_queries([asked('confidence < 200')])
    (job,) = engine.last_jobs()
    assert_refused(engine, world, job)
    assert 'proxy or gateway' in job['failure_reason']
    # It was no more than an answer: once they fit, everything is there.
    world.clear_faults()
    engine.run_update('delta')
    engine.assert_right()


def test_reason_names_what_was_requested_and_what_came(world: World, engine: Engine) -> None:
    load(world)
    world.threatconnect.faults.on('changed_rows', member='ownerName', value='Someone ' + 'e' * 500)
    engine.save_queries([asked()])
    (job,) = engine.last_jobs()
    assert f'only "{ASKED}" was asked for' in job['failure_reason']
    assert 'owner "Someone eee' in job['failure_reason']
    assert len(job['failure_reason']) < 700


@pytest.mark.parametrize('member', ['ownerName', 'type'])
def test_row_without_owner_or_type_is_one_invalid_indicator(
    world: World, engine: Engine, member: str
) -> None:
    load(world)
    world.threatconnect.faults.on('changed_rows', member=member, value=None)
    engine.save_queries([asked()])
    (job,) = engine.last_jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 29, 'invalid': 1})


def test_page_in_the_middle_is_rejected_and_the_pages_before_are_kept(
    world: World, engine: Engine
) -> None:
    load(world, 60)
    engine.save_queries([asked('confidence > 200')])
    world.threatconnect.faults.on('page_cap', rows=20)

    def lie(event: Any) -> None:
        if len(event.ids) == 20 and event.tql and 'id >' in event.tql:
            world.threatconnect.faults.on('changed_rows', member='ownerName', value=OTHER)

    world.threatconnect.after_page.append(lie)
    engine.save_queries([asked() | {'id': engine.queries[0]['id']}])
    (job,) = engine.run_update('full')
    assert (job['status'], job['failure_code']) == ('Failed', 'TC-ANSWER')
    assert job['count_read'] % 20 == 0
    assert all(stix['name'].endswith(f'| {ASKED}') for stix in world.live().values())


def test_passing_change_of_activity_is_read_again(world: World, engine: Engine) -> None:
    load(world)
    world.threatconnect.faults.on('changed_rows', count=1, member='active', value=False)
    engine.save_queries([asked()])
    assert outcomes(engine.last_jobs()[0]) == {'sent': 30}


@pytest.mark.parametrize(
    ('name', 'params'),
    [
        ('changed_rows', {'member': 'active', 'value': True}),
        ('changed_rows', {'member': 'active', 'value': None}),
        ('changed_rows', {'member': 'ownerName', 'value': 'Somebody Else'}),
        ('foreign_deleted', {}),
        ('endless_deleted', {'rows': 1}),
    ],
)
def test_answer_that_does_not_fit_withdraws_nothing(
    world: World, engine: Engine, name: str, params: dict[str, Any]
) -> None:
    load(world)
    engine.save_queries([asked()])
    world.clock.advance(3_600)
    for row in world.store.rows('summary startswith "a1"'):
        world.store.deactivate(row['id'])
    path = '/api/v3/indicators/deleted' if name.endswith('deleted') else '/api/v3/indicators'
    world.threatconnect.faults.on(name, path=path, **params)
    (job,) = engine.run_update('delta')
    assert job['count_withdrawn'] == 0
    assert any('Nothing was withdrawn' in text for text in job['warnings'])
    assert len(world.live()) == 30
    world.clear_faults()
    (job,) = engine.run_update('delta')
    assert job['count_withdrawn'] == 11
    engine.assert_right()


REFUSALS = [
    ('drops_body', {}),
    *(('refuses_body', {'status': status}) for status in (400, 403, 405, 411, 413, 501)),
]


@pytest.mark.parametrize(('name', 'params'), REFUSALS)
def test_long_query_goes_in_the_address_where_its_body_does_not_arrive(
    world: World, engine: Engine, name: str, params: dict[str, Any]
) -> None:
    load(world)
    world.threatconnect.forget_requests()
    world.threatconnect.faults.on(name, **params)
    engine.save_queries([long_query()])
    (job,) = engine.last_jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': MATCHING})
    engine.assert_right()
    # It is found out once, not for each request.
    assert sum(name in seen.faults for seen in world.threatconnect.requests) == 1


@pytest.mark.parametrize('status', [403, 414, 431])
def test_long_query_goes_in_the_body_where_addresses_are_short(
    world: World, engine: Engine, status: int
) -> None:
    load(world)
    world.threatconnect.faults.on('refuses_address', status=status)
    engine.save_queries([long_query()])
    assert outcomes(engine.last_jobs()[0]) == {'sent': MATCHING}
    engine.assert_right()


@pytest.mark.parametrize(('name', 'params'), REFUSALS)
def test_long_query_that_does_not_arrive_at_all_is_reported_by_its_length(
    world: World, engine: Engine, name: str, params: dict[str, Any]
) -> None:
    load(world)
    world.threatconnect.faults.on(name, **params)
    world.threatconnect.faults.on('refuses_address')
    engine.save_queries([long_query(), asked('confidence > 1000')])
    long, short = engine.last_jobs()
    assert_refused(engine, world, long, 'TC-GATEWAY')
    assert 'characters' in long['failure_reason']
    assert 'split it into several' in long['failure_reason']
    assert 'credentials' not in long['failure_reason']
    assert short['status'] == 'Upload Complete'


def test_refused_short_query_does_not_blame_the_credentials(world: World, engine: Engine) -> None:
    load(world)
    world.threatconnect.faults.on('refuses_all', path='/api/v3/indicators')
    engine.save_queries([asked()])
    (job,) = engine.last_jobs()
    assert_refused(engine, world, job, 'TC-GATEWAY')
    assert 'Something between the App and ThreatConnect refused' in job['failure_reason']
    assert 'firewall, proxy or gateway' in job['failure_reason']


MOST_REQUESTS = 3_000


@pytest.mark.parametrize(
    ('faults', 'policy'),
    [
        ({'endless_rows': {'rows': 1000}}, 'Never'),
        ({'endless_rows': {'rows': 20}}, 'Never'),
        ({'endless_rows': {'rows': 1000}, 'ignores_sorting': {}}, 'Never'),
        ({'repeated_rows': {}, 'ignores_sorting': {}}, 'Never'),
        ({'duplicate_rows': {'rows': 50}, 'page_cap': {'rows': 5}}, 'Never'),
        ({'endless_owners': {}}, 'Never'),
    ],
)
@pytest.mark.parametrize('at', ['1970-01-01T00:00:00Z', '2024-05-06T07:08:09Z'])
def test_reading_without_end_is_terminated_in_words(
    world: World,
    make_engine: Callable[..., Engine],
    faults: dict[str, dict[str, Any]],
    policy: str,
    at: str,
) -> None:
    engine = make_engine(withdraw_indicators=policy)
    world.store.load(hosts(12, ASKED, dateAdded='1970-01-01T00:00:00Z', lastModified=at))
    world.threatconnect.forget_requests()
    for name, params in faults.items():
        world.threatconnect.faults.on(name, **params)
    engine.save_queries([asked()])
    (job,) = engine.last_jobs()
    assert world.threatconnect.request_count < MOST_REQUESTS
    if 'duplicate_rows' in faults:
        # It is read in another way instead.
        assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 12})
    else:
        assert (job['status'], job['failure_code']) == ('Failed', 'TC-READ')
        assert job['failure_reason']


@pytest.mark.parametrize('is_by_time', [False, True], ids=['id', 'time'])
def test_search_without_end_is_terminated_and_withdraws_nothing(
    world: World, engine: Engine, is_by_time: bool
) -> None:
    load(world)
    engine.save_queries([asked()])
    world.clock.advance(3_600)
    world.store.deactivate(world.store.rows()[0]['id'])
    world.threatconnect.forget_requests()
    if is_by_time:
        world.threatconnect.faults.on('ignores_sorting')
    world.threatconnect.faults.on('endless_rows', only='indicatorActive = false')
    (job,) = engine.run_update('full')
    assert world.threatconnect.request_count < MOST_REQUESTS
    assert (job['status'], job['count_withdrawn']) == ('Upload Complete', 0)
    assert any('Nothing was withdrawn' in text for text in job['warnings'])
