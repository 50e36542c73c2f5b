"""What Verify finds in Sentinel, and what becomes of it once a person acts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.core.timestamp import to_seconds
from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

SOURCE_SYSTEM = 'ThreatConnect-StandIn'
A_DAY_S = 25 * 3_600
HOSTS = 40


@pytest.fixture
def verified(world: World, make_engine: Callable[..., Engine]) -> Engine:
    """The App with Hosts that Sentinel accepted more than a day ago."""
    engine = make_engine(withdraw_indicators='Never')
    world.store.load(hosts(HOSTS))
    engine.save_queries([query()])
    world.clock.advance(A_DAY_S)
    return engine


def verify(engine: Engine, *, whole: bool = False) -> dict[str, Any]:
    """Run Verify, and return how it stands after that run."""
    before = engine.ask('GET', 'api/verification')['last']
    engine.ask('POST', 'api/verification/run', {'whole': whole})
    engine.until(
        lambda: engine.ask('GET', 'api/verification')['last'] != before, 'Verify did not run'
    )
    state: dict[str, Any] = engine.ask('GET', 'api/verification')
    return state


def counts(engine: Engine, *, whole: bool = False) -> dict[str, int]:
    """Run Verify, and return the number of findings of each kind, without zeros."""
    run = verify(engine, whole=whole)['complete']
    return {each['kind']: each['count'] for each in run['findings'] if each['count']}


def findings(engine: Engine, kind: str = '') -> list[dict[str, Any]]:
    suffix = f'&kind={kind}' if kind else ''
    page = engine.ask('GET', f'api/verification/finding?limit=200{suffix}')
    data: list[dict[str, Any]] = page['data']
    return data


def stix_id(world: World, number: int) -> str:
    """Return the id of a Host's object."""
    return str(world.live()[f"[domain-name:value = 'h{number}.example.com']"]['id'])


def is_running(engine: Engine) -> bool:
    tasks = engine.ask('GET', 'api/task')['data']
    return any(each['slug'] == 'verify' and each['state'] == 'running' for each in tasks)


def add_new(world: World, count: int) -> None:
    """Have ThreatConnect get so many Hosts now."""
    now = to_seconds(world.clock.now())
    new = hosts(count, prefix='new', dateAdded=now, lastModified=now)
    world.store.load([*hosts(HOSTS), *new])


def act(engine: Engine, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Do something with findings, and return the Jobs once they have ended."""
    return engine._ended(engine.ask('POST', f'api/verification/{path}', body))


def stranger(number: int) -> dict[str, Any]:
    """An object that another sender uploaded under the same source system."""
    at = '2026-01-01T00:00:00.000Z'
    return {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_URL, str(number))}',
        'created': at,
        'modified': at,
        'pattern': f"[url:value = 'https://stranger{number}.example/']",
        'pattern_type': 'stix',
        'valid_from': at,
        'valid_until': '2099-01-01T00:00:00.000Z',
    }


def test_everything_that_was_sent_is_confirmed(verified: Engine) -> None:
    run = verify(verified)['complete']
    assert (run['count_held'], run['count_confirmed'], run['error']) == (HOSTS, HOSTS, None)
    assert findings(verified) == []


def test_what_was_sent_just_now_is_not_judged(verified: Engine, world: World) -> None:
    add_new(world, 5)
    verified.run_update('delta')
    run = verify(verified)['complete']
    assert (run['count_confirmed'], run['count_recent']) == (HOSTS, 5)


def test_missing_objects_are_sent_again(verified: Engine, world: World) -> None:
    world.logs.settings.hidden_percent = 10
    missing = counts(verified)['missing']
    (finding, *_) = findings(verified, 'missing')
    assert finding['seen'] is None
    assert finding['indicator']['owner'] == OWNERS[0]
    before = world.live()
    (job,) = act(verified, 'send', {'kind': 'missing'})
    assert (job['job_type'], job['scope'], job['count_asked']) == ('verify', 'verify', missing)
    assert outcomes(job) == {'sent': missing}
    after = world.live()
    sent = {each for each in after if after[each]['modified'] != before[each]['modified']}
    assert len(sent) == missing
    assert all(not each['is_requested'] for each in findings(verified))
    assert {each['request_id'] for each in findings(verified)} == {job['request_id']}
    world.logs.settings.hidden_percent = 0
    world.clock.advance(A_DAY_S)
    assert counts(verified) == {}
    verified.assert_right()


@pytest.mark.parametrize(
    ('kind', 'change'),
    [
        ('older', {'modified': '2025-06-02T00:00:00.000Z'}),
        ('expired-early', {'valid_until': '2026-01-01T00:00:00.000Z'}),
    ],
)
def test_lost_versions_are_sent_again(
    verified: Engine, world: World, kind: str, change: dict[str, Any]
) -> None:
    world.sentinel.edit(stix_id(world, 3), **change)
    assert counts(verified) == {kind: 1}
    (job,) = act(verified, 'send', {})
    assert outcomes(job) == {'sent': 1}
    world.clock.advance(A_DAY_S)
    assert counts(verified) == {}


@pytest.mark.parametrize(
    'change',
    [
        pytest.param(lambda world, number: world.sentinel.edit(number, confidence=1), id='edit'),
        pytest.param(
            lambda world, number: world.sentinel.edit(number, valid_until='2099-01-01T00:00:00Z'),
            id='another end',
        ),
        pytest.param(lambda world, number: world.sentinel.edit(number, revoked=True), id='revoke'),
        pytest.param(lambda world, number: world.sentinel.delete(number), id='delete'),
    ],
)
def test_changes_of_a_person_are_shown_and_sent_again_one_by_one(
    verified: Engine, world: World, change: Callable[[World, str], None]
) -> None:
    changed = stix_id(world, 3)
    change(world, changed)
    assert counts(verified) == {'changed': 1}
    (finding,) = findings(verified)
    assert finding['stix_id'] == changed
    assert finding['indicator']['summary'] == 'h3.example.com'
    reply = verified.api('POST', 'api/verification/send', {'kind': 'changed'})
    assert reply.status_code == 409
    (job,) = act(verified, 'send', {'finding': int(finding['id'])})
    assert outcomes(job) == {'sent': 1}
    world.clock.advance(A_DAY_S)
    assert counts(verified) == {}
    (row,) = [
        each
        for each in world.sentinel.held().values()
        if each['ObservableValue'] == 'h3.example.com' and each['IsActive']
    ]
    assert (row['Revoked'], row['Confidence']) == (False, 3)


def test_what_no_rule_can_match_is_listed(verified: Engine, world: World) -> None:
    world.store.load(
        [
            *hosts(HOSTS),
            {
                'type': 'Registry Key',
                'ownerName': OWNERS[0],
                'Key Name': 'HKEY_LOCAL_MACHINE\\Software\\Bad',
                'Value Name': 'Run',
                'Value Type': 'REG_SZ',
                'dateAdded': '2025-01-01T00:00:00Z',
                'lastModified': '2025-06-01T00:00:00Z',
            },
        ]
    )
    verified.run_update('full')
    world.clock.advance(A_DAY_S)
    assert counts(verified) == {'unmatchable': 1}
    (finding,) = findings(verified)
    assert (finding['indicator']['type'], finding['helps_pattern_style']) == ('Registry Key', True)
    reply = verified.api('POST', 'api/verification/send', {'finding': int(finding['id'])})
    assert reply.status_code == 409


def test_unknown_objects_are_withdrawn_by_their_number(verified: Engine, world: World) -> None:
    world.sentinel.table.append(SOURCE_SYSTEM, [stranger(number) for number in range(3)], 0)
    state = verify(verified)
    assert state['count_unknown'] == 3
    assert {each['pattern'] for each in findings(verified)} == {
        stranger(number)['pattern'] for number in range(3)
    }
    reply = verified.api('POST', 'api/verification/withdraw', {'count': 2})
    assert reply.status_code == 409
    assert 'There are 3 unknown objects now, not 2' in reply.text
    (job,) = act(verified, 'withdraw', {'count': 3})
    assert (job['scope'], job['count_asked']) == ('unknown', 3)
    assert outcomes(job) == {'withdrawn': 3}
    verified.assert_right()
    world.clock.advance(A_DAY_S)
    assert counts(verified) == {}
    actions = [each['action'] for each in verified.ask('GET', 'api/report/audit')['data']]
    assert 'finding-withdraw' in actions


def test_withdrawal_of_unknown_objects_that_failed_is_confirmed_anew(
    verified: Engine, world: World
) -> None:
    world.sentinel.table.append(SOURCE_SYSTEM, [stranger(number) for number in range(3)], 0)
    assert counts(verified) == {'unknown': 3}
    world.sentinel.settings.has_role = False
    (job,) = act(verified, 'withdraw', {'count': 3})
    assert (job['status'], outcomes(job)) == ('Failed', {'failed': 3})
    reply = verified.api('POST', f'api/job/request/{job["request_id"]}/retry', {})
    assert (reply.status_code, 'Withdraw unknown' in reply.text) == (409, True)
    world.sentinel.settings.has_role = True
    # Its update ends a moment after its Job.
    verified.until(
        lambda: verified.ask('GET', 'api/verification')['count_unknown'] == 3, 'still counted out'
    )
    (job,) = act(verified, 'withdraw', {'count': 3})
    assert outcomes(job) == {'withdrawn': 3}
    verified.assert_right()


def test_sending_again_that_failed_can_be_retried(verified: Engine, world: World) -> None:
    world.sentinel.edit(stix_id(world, 3), modified='2025-06-02T00:00:00.000Z')
    assert counts(verified) == {'older': 1}
    world.sentinel.settings.has_role = False
    (job,) = act(verified, 'send', {})
    assert job['status'] == 'Failed'
    world.sentinel.settings.has_role = True
    requested = verified.ask('POST', f'api/job/request/{job["request_id"]}/retry', {})
    (job,) = verified._ended(requested)
    assert outcomes(job) == {'sent': 1}
    world.clock.advance(A_DAY_S)
    assert counts(verified) == {}


def test_indicator_that_no_longer_matches_is_not_sent_again(verified: Engine, world: World) -> None:
    world.sentinel.edit(stix_id(world, 3), modified='2025-06-02T00:00:00.000Z')
    verify(verified)
    row = world.store.find(OWNERS[0], 'Host', 'h3.example.com')
    assert row is not None
    world.store.delete(row['id'])
    (job,) = act(verified, 'send', {})
    assert (job['status'], outcomes(job)) == ('Upload Complete', {})


def test_withdrawal_that_never_took_effect_is_repeated(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine()
    world.store.load(hosts(HOSTS))
    engine.save_queries([query()])
    id_ = stix_id(world, 3)
    row = world.store.find(OWNERS[0], 'Host', 'h3.example.com')
    assert row is not None
    world.store.delete(row['id'])
    engine.run_update('reconcile')
    world.sentinel.edit(id_, revoked=False, valid_until='2099-01-01T00:00:00Z')
    world.clock.advance(A_DAY_S)
    assert counts(engine) == {'unknown': 1}
    (job,) = act(engine, 'withdraw', {'count': 1})
    assert outcomes(job) == {'withdrawn': 1}
    world.clock.advance(A_DAY_S)
    assert counts(engine) == {}


def test_objects_of_a_lost_ledger_are_known_again_after_a_full_update(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    """The App before, or a state that was lost: what it sent under other ids is unknown."""
    world.sentinel.table.append(SOURCE_SYSTEM, [stranger(number) for number in range(150)], 0)
    engine = make_engine()
    world.store.load(hosts(HOSTS))
    engine.save_queries([query()])
    world.clock.advance(A_DAY_S)
    assert counts(engine) == {'unknown': 150}
    (job,) = act(engine, 'withdraw', {'count': 150})
    assert outcomes(job) == {'withdrawn': 150}
    engine.assert_right()


def test_history_of_an_object_is_asked_of_sentinel(verified: Engine, world: World) -> None:
    id_ = stix_id(world, 3)
    world.sentinel.edit(id_, confidence=1)
    rows = verified.ask('POST', 'api/indicator/history', {'stix_id': id_})['rows']
    assert [(each['method'], each['confidence']) for each in rows] == [
        ('UserInterface', 1),
        ('ThreatIntelUploadAPI', 3),
    ]
    world.logs.settings.has_access = False
    reply = verified.ask('POST', 'api/indicator/history', {'stix_id': id_})
    assert (reply['rows'], reply['error']['code']) == ([], 'AZ-QUERY-403')


def test_republished_rows_count_as_what_was_sent(verified: Engine, world: World) -> None:
    world.clock.advance(8 * 24 * 3_600)
    assert world.sentinel.republish() == HOSTS
    assert counts(verified) == {}


def ended(run: dict[str, Any]) -> str | None:
    return None if run['error'] is None else str(run['error']['code'])


@pytest.mark.parametrize(
    ('code', 'setting', 'value'),
    [
        ('AZ-QUERY-403', 'has_access', False),
        ('AZ-QUERY-SILENT', 'protected_tables', 'ThreatIntelIndicators'),
        ('AZ-QUERY-SILENT', 'hidden_percent', 80.0),
    ],
)
def test_run_that_cannot_read_concludes_nothing_and_uploads_go_on(
    verified: Engine, world: World, code: str, setting: str, value: object
) -> None:
    setattr(world.logs.settings, setting, value)
    state = verify(verified)
    assert (ended(state['last']), state['complete']) == (code, None)
    assert state['last']['error']['remedy']
    add_new(world, 1)
    (job,) = verified.run_update('delta')
    assert outcomes(job)['sent'] == 1
    assert verified.ask('GET', 'api/health')['status'] == 'healthy'


@pytest.mark.parametrize(
    ('code', 'fault', 'params'),
    [
        ('AZ-QUERY-400', 'syntax-400', {}),
        ('AZ-QUERY-TABLE', 'semantic-400', {}),
        ('AZ-QUERY-401', 'unauthorized-401', {}),
        ('AZ-QUERY-AUDIENCE', 'invalid-token-403', {}),
        ('AZ-QUERY-AUDIENCE', 'audience-403', {}),
        ('AZ-QUERY-403', 'forbidden-403', {}),
        ('AZ-QUERY-403', 'forbidden-403', {'is_unauthorized_client': True}),
        ('AZ-QUERY-404', 'not-found-404', {}),
        ('AZ-QUERY-429', 'throttle', {}),
        ('AZ-QUERY-429', 'throttle', {'retry_after': None}),
        ('AZ-QUERY-5XX', 'empty-500', {}),
        ('AZ-QUERY-5XX', 'html-502', {}),
        ('AZ-QUERY-5XX', 'html-503', {}),
        ('AZ-QUERY-5XX', 'empty-200', {}),
        ('AZ-QUERY-5XX', 'body-200', {}),
        ('AZ-QUERY-5XX', 'drop', {}),
        ('AZ-QUERY-5XX', 'cut-body', {}),
        ('AZ-QUERY-SILENT', 'no-content-204', {}),
        ('AZ-QUERY-SIZE', 'timeout-504', {}),
        ('AZ-QUERY-SIZE', 'partial', {}),
    ],
)
def test_each_answer_of_the_query_api_is_told_with_its_remedy(
    verified: Engine, world: World, code: str, fault: str, params: dict[str, Any]
) -> None:
    world.logs.faults.add(fault, **params)
    run = verify(verified)['last']
    assert ended(run) == code
    assert run['error']['message']
    assert verified.ask('GET', 'api/health')['status'] == 'healthy'
    # The page and what is measured say the same as before.
    assert verified.ask('GET', 'api/metric/summary')['verification']['complete'] is None
    world.logs.faults.clear()
    assert counts(verified) == {}


@pytest.mark.parametrize('fault', ['empty-500', 'html-502', 'throttle', 'drop', 'cut-body'])
def test_faults_that_pass_cost_nothing_but_time(verified: Engine, world: World, fault: str) -> None:
    world.logs.faults.add(fault, count=1)
    assert counts(verified) == {}


def test_killed_run_leaves_the_findings_of_the_one_before(verified: Engine, world: World) -> None:
    world.sentinel.edit(stix_id(world, 3), confidence=1)
    before = verify(verified)['complete']
    world.sentinel.edit(stix_id(world, 4), confidence=1)
    world.logs.faults.add('slow', count=1, wait_s=5)
    verified.ask('POST', 'api/verification/run', {})
    verified.until(lambda: is_running(verified), 'it does not run')
    verified.ask('POST', 'api/task/verify/kill', {})
    assert verified.ask('GET', 'api/verification')['complete'] == before
    assert len(findings(verified)) == 1
    verified.until(
        lambda: (
            verified.ask('GET', 'api/verification')['complete'] != before
            or not verified.ask('POST', 'api/task/verify/run', {})
        ),
        'the next run did not complete',
    )
    assert len(findings(verified)) == 2


def test_restart_in_the_middle_leaves_no_half_findings(verified: Engine, world: World) -> None:
    world.sentinel.edit(stix_id(world, 3), confidence=1)
    world.logs.faults.add('slow', count=1, wait_s=5)
    verified.ask('POST', 'api/verification/run', {})
    verified.until(lambda: is_running(verified), 'it does not run')
    verified.restart()
    assert verified.ask('GET', 'api/verification')['complete'] is None
    assert findings(verified) == []
    assert counts(verified) == {'changed': 1}


def test_update_goes_on_while_verify_runs(verified: Engine, world: World) -> None:
    world.logs.settings.latency_s = 0.5
    add_new(world, 20)
    verified.ask('POST', 'api/verification/run', {})
    (job,) = verified.run_update('delta')
    assert outcomes(job)['sent'] == 20
    verified.until(lambda: verified.ask('GET', 'api/verification')['complete'], 'no run completed')
    assert findings(verified) == []
    verified.assert_right()


def test_partial_answers_are_asked_for_in_smaller_parts(verified: Engine, world: World) -> None:
    world.logs.settings.hidden_percent = 10
    world.logs.settings.max_rows = 30
    assert counts(verified, whole=True).keys() == {'missing'}


def test_findings_can_be_filtered_and_saved(verified: Engine, world: World) -> None:
    world.sentinel.edit(stix_id(world, 3), confidence=1)
    world.sentinel.edit(stix_id(world, 4), modified='2025-06-02T00:00:00.000Z')
    verify(verified)
    assert [each['kind'] for each in findings(verified, 'older')] == ['older']
    page = verified.ask('GET', 'api/verification/finding?text=H3.EXAMPLE')
    assert [each['indicator']['summary'] for each in page['data']] == ['h3.example.com']
    assert verified.ask('GET', 'api/verification/finding?indicator_type=url')['data'] == []
    text = verified.api('GET', 'api/verification/finding?format=csv').text
    assert len(text.strip().splitlines()) == 3


def test_second_click_is_refused_while_the_first_is_under_way(
    verified: Engine, world: World
) -> None:
    world.sentinel.edit(stix_id(world, 4), modified='2025-06-02T00:00:00.000Z')
    verify(verified)
    verified.ask('POST', 'api/task/download/pause', {})
    verified.ask('POST', 'api/verification/send', {})
    (finding,) = findings(verified)
    assert finding['is_requested']
    assert verified.api('POST', 'api/verification/send', {}).status_code == 409
    single = {'finding': int(finding['id'])}
    assert verified.api('POST', 'api/verification/send', single).status_code == 409
    # A later run keeps what has been requested.
    assert counts(verified) == {'older': 1}
    assert findings(verified)[0]['is_requested']
    verified.ask('POST', 'api/task/download/resume', {})
    verified.wait()


def test_runs_come_by_the_interval(world: World, make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(verify_interval_hours='1')
    engine.until(lambda: engine.ask('GET', 'api/verification')['last'], 'the first run is missing')
    first = engine.ask('GET', 'api/verification')['last']
    world.clock.advance(3_700)
    engine.until(
        lambda: engine.ask('GET', 'api/verification')['last'] != first, 'the second is missing'
    )


def test_paused_task_begins_anew_when_it_is_resumed(verified: Engine, world: World) -> None:
    world.logs.settings.latency_s = 0.2
    verified.ask('POST', 'api/task/verify/run', {})
    verified.ask('POST', 'api/task/verify/pause', {})
    verified.ask('POST', 'api/task/verify/resume', {})
    verified.until(lambda: verified.ask('GET', 'api/verification')['complete'], 'no run completed')
    assert findings(verified) == []
