"""What was done about a TQL query or an update is found by it, in the audit and in the errors."""

from __future__ import annotations

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS


def actions(engine: Engine, narrowed: str) -> list[str]:
    """Return what the audit has, oldest first."""
    found = engine.ask('GET', f'api/report/audit?{narrowed}')['data']
    return [entry['action'] for entry in reversed(found)]


def test_audit_of_a_query_has_only_the_actions_on_it(world: World, engine: Engine) -> None:
    world.store.load(hosts(2, ORGANIZATION) + hosts(2, RESEARCH, 'b'))
    high, low = engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])])
    engine.run_update('delta', query_ids=[low['id']])
    engine.save_queries([{**high, 'tql': 'rating >= 0'}, low])
    engine.send_now('h0.example.com')
    of_high, of_low = (actions(engine, f'query_id={each["id"]}') for each in (high, low))
    assert of_high == ['configure-save', 'configure-save', 'indicator-send']
    assert of_low == ['configure-save', 'update-request', 'indicator-send']


def test_audit_of_an_update_has_who_requested_it_and_the_actions_on_its_jobs(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(4))
    engine.save_queries([query()])
    world.sentinel.settings.has_role = False
    (failed,) = engine.run_update('full')
    assert failed['status'] == 'Failed'
    world.sentinel.settings.has_role = True
    retry = engine.ask('POST', f'api/job/request/{failed["request_id"]}/retry', {})
    engine.wait()
    assert actions(engine, f'update_id={failed["update_id"]}') == ['update-request', 'job-retry']
    (entry,) = engine.ask('GET', f'api/report/audit?update_id={retry["update_id"]}')['data']
    assert entry['update_ids'] == [retry['update_id'], failed['update_id']]


def test_audit_of_a_scheduled_update_says_who_ran_it(world: World, engine: Engine) -> None:
    world.store.load(hosts(1))
    engine.save_queries([query()])
    engine.ask('POST', 'api/task/download/pause', {})
    engine.ask('POST', 'api/task/schedule-updates/run', {})
    job = engine.jobs()[-1]
    assert (job['job_type'], job['status']) == ('scheduled', 'Pending')
    engine.ask('POST', 'api/task/download/resume', {})
    engine.wait()
    assert actions(engine, f'update_id={job["update_id"]}') == ['task-run']


def test_audit_of_an_update_says_who_killed_a_task_that_worked_on_it(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(4))
    engine.save_queries([query()])
    world.threatconnect.faults.on('wait', wait_s=3.0)
    update_id = engine.request_update('full')

    def works() -> bool:
        tasks = engine.ask('GET', 'api/task')['data']
        return any(task['slug'] == 'download' and task['request_ids'] for task in tasks)

    engine.until(works, 'Download does not begin')
    engine.ask('POST', 'api/task/download/kill', {})
    world.clear_faults()
    engine.wait()
    assert actions(engine, f'update_id={update_id}') == ['update-request', 'task-kill']


def test_errors_of_an_update_are_those_of_its_jobs(world: World, engine: Engine) -> None:
    world.store.load(hosts(2, ORGANIZATION) + hosts(2, RESEARCH, 'b'))
    world.sentinel.faults.add('refuse-objects', contains='0.example.com')
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])])
    first = engine.jobs()[0]['update_id']
    (again, _) = engine.run_update('full')
    assert outcomes(again) == {'sent': 1, 'refused': 1}
    for update_id in (first, again['update_id']):
        ids = {job['request_id'] for job in engine.jobs(update_id)}
        for path in ('error', 'error/entry'):
            found = engine.ask('GET', f'api/report/{path}?update_id={update_id}')
            assert {each['request_id'] for each in found['data']} == ids
            assert found['total_count'] == 2
    assert engine.ask('GET', 'api/report/error?update_id=unknown')['total_count'] == 0
    world.clear_faults()
    jobs = engine.retry_refused(update_id=again['update_id'])
    assert [outcomes(job) for job in jobs] == [{'sent': 1}] * 2
