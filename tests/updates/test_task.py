"""Tasks are paused, resumed and killed in the middle of an update, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.core.task import TaskSlug
from sentinel_app.pipeline import convert as convert_module
from tests.harness.engine import OWNERS, Engine, World, assert_accounting, hosts, outcomes, query
from tests.harness.waiting import until

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, _ = OWNERS
PIPELINE = ('download', 'convert', 'upload')


def task(engine: Engine, slug: str) -> dict[str, Any]:
    page = engine.ask('GET', 'api/task')
    (found,) = [each for each in page['data'] if each['slug'] == slug]
    return dict(found)


def act(engine: Engine, slug: str, action: str) -> dict[str, Any]:
    return dict(engine.ask('POST', f'api/task/{slug}/{action}', {}))


def refusal(engine: Engine, path: str) -> str:
    reply = engine.api('POST', path, {})
    assert reply.status_code == 409, reply.text
    assert reply.json['code'] == 'APP-CONFLICT'
    return str(reply.json['description'])


def pause_s(seconds: float) -> None:
    threading.Event().wait(seconds)


def traffic(world: World) -> tuple[int, int]:
    return len(world.threatconnect.requests), len(world.sentinel.requests)


def is_still(world: World, seconds: float = 0.5) -> bool:
    before = traffic(world)
    pause_s(seconds)
    return traffic(world) == before


def job_of(engine: Engine, request_id: str) -> dict[str, Any]:
    return dict(engine.ask('GET', f'api/job/request/{request_id}'))


def actions(engine: Engine) -> list[str]:
    page = engine.ask('GET', 'api/report/audit?limit=100')
    return [entry['action'] for entry in page['data']]


# One 429 that names an hour is no order: a person may have Upload try again.


def test_requested_wait_is_shown_and_ended_and_the_update_continues(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(90))
    assert 'there is no wait to end' in refusal(engine, 'api/task/upload/send-now')
    asked_s = 3_000
    world.sentinel.faults.add('throttle', count=1, wait_s=asked_s)
    engine.save_queries([query()], wait=False)
    engine.look()
    until(lambda: task(engine, 'upload')['asked_wait'], 'nothing is waited for')

    asked = task(engine, 'upload')['asked_wait']
    assert dt.datetime.fromisoformat(asked['until']) > world.clock.now()
    assert '429' in asked['reason'] or 'limit' in asked['reason'].lower()
    (job,) = engine.jobs()
    limit = engine.ask('GET', 'api/metric/summary')['limit']
    for shown in (job_of(engine, job['request_id'])['asked_wait'], limit['asked_wait']):
        assert shown['reason'] == asked['reason']
    assert 'does not wait' in refusal(engine, 'api/task/download/send-now')

    ended = act(engine, 'upload', 'send-now')
    assert (ended['asked_wait'], ended['state']) == (None, 'running')
    engine.wait()
    (job,) = engine.jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 90})
    assert (job['count_throttled'], job['asked_wait']) == (1, None)
    first, second = world.sentinel.requests
    assert second.at - first.at < asked_s / 2
    assert 'task-send-now' in actions(engine)
    engine.assert_right()


# What a Job waits for is told while it waits: a system that does not answer.


@pytest.mark.parametrize(
    ('system', 'slug', 'words'),
    [
        ('ThreatConnect', 'download', 'did not answer'),
        ('Microsoft Entra ID', 'upload', 'Entra ID'),
        ('Microsoft Sentinel', 'upload', '504'),
    ],
)
def test_silent_system_is_named_beside_job_and_task_until_it_answers(
    world: World, engine: Engine, system: str, slug: str, words: str
) -> None:
    world.store.load(hosts(90))
    if system == 'ThreatConnect':
        world.threatconnect.faults.on('drop')
    elif system == 'Microsoft Sentinel':
        world.sentinel.faults.add('gateway-504')
    else:
        world.entra.faults.add('server-error')
    engine.save_queries([query()], wait=False)
    engine.look()

    def waits_again() -> bool:
        trouble = task(engine, slug)['trouble']
        return trouble is not None and trouble['attempt'] >= 3

    until(waits_again, 'nothing is said of it')
    (job,) = engine.jobs()
    trouble = job['trouble']
    assert trouble['system'] == system
    assert words in trouble['message']
    assert trouble['since'] < trouble['until']
    assert all(each['trouble'] is None for each in others(engine, slug))

    world.clear_faults()
    engine.wait()
    (job,) = engine.jobs()
    assert (job['status'], job['trouble']) == ('Upload Complete', None)
    assert task(engine, slug)['trouble'] is None
    engine.assert_right()


def others(engine: Engine, slug: str) -> list[dict[str, Any]]:
    return [each for each in engine.ask('GET', 'api/task')['data'] if each['slug'] != slug]


class TestPause:
    def test_sending_stops_at_once_and_after_a_restart_and_resumes_where_it_was(
        self, world: World, make_engine: Callable[..., Engine]
    ) -> None:
        # Thirty batches, of which ten may go in a minute: most threads wait for the limit.
        engine = make_engine(requests_per_minute='10')
        world.store.load(hosts(3_000))
        engine.save_queries([query()], wait=False)
        engine.look()
        until(lambda: len(world.sentinel.requests) >= 12, 'nothing is sent')

        paused = act(engine, 'upload', 'pause')
        assert paused['state'] in {'paused', 'finishing'}
        until(lambda: task(engine, 'upload')['state'] == 'paused', 'it does not finish', 5)
        assert is_still(world, 1.5)
        assert 'aused by a person' in task(engine, 'upload')['last_run_outcome']
        assert engine.jobs()[0]['pause']['task'] == 'upload'
        assert refusal(engine, 'api/task/upload/run').endswith('is paused. Resume it first.')
        assert 'paused already' in refusal(engine, 'api/task/upload/pause')
        assert 'nothing to kill' in refusal(engine, 'api/task/upload/kill')

        engine.restart()
        view = task(engine, 'upload')
        assert (view['state'], view['request_ids']) == ('paused', [])
        assert view['date_paused'] is not None
        assert is_still(world, 1.0)
        (job,) = engine.jobs()
        assert job['status'] == 'Upload In Progress'
        assert 0 < len(world.sentinel.held_objects()) < 3_000

        assert act(engine, 'upload', 'resume')['date_paused'] is None
        assert refusal(engine, 'api/task/upload/resume').endswith('is not paused.')
        engine.wait()
        (job,) = engine.jobs()
        assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 3_000})
        engine.assert_right()
        assert set(world.sentinel.table.versions().values()) == {1}
        assert {'task-pause', 'task-resume'} <= set(actions(engine))

    @pytest.mark.parametrize('slug', ['download', 'convert'])
    def test_other_stages_pause_too(self, world: World, engine: Engine, slug: str) -> None:
        world.store.load(hosts(400))
        world.threatconnect.faults.on('page_cap', rows=20)
        act(engine, slug, 'pause')
        engine.save_queries([query()], wait=False)
        engine.look()
        until(engine.jobs, 'no update was queued')
        until(lambda: is_still(world), 'it does not come to rest', 10)
        assert world.sentinel.requests == ()
        (job,) = engine.jobs()
        assert job['status'] == {'download': 'Pending', 'convert': 'Download In Progress'}[slug]
        assert (job['pause']['task'], job['pause']['name']) == (slug, slug.title())
        act(engine, slug, 'resume')
        engine.wait()
        engine.assert_right()

    def test_pause_of_the_pipeline_survives_a_restart_and_ends_by_itself(
        self, world: World, engine: Engine
    ) -> None:
        world.store.load(hosts(400))
        until_at = world.clock.now() + dt.timedelta(hours=2)
        body = {'until': until_at.isoformat(), 'reason': 'The workspace moves'}
        page = engine.ask('POST', 'api/task/pause', body)
        assert [each['pause_reason'] for each in page['data']] == [body['reason']] * 4 + [None] * 4
        engine.save_queries([query()], wait=False)
        engine.restart()
        engine.look()
        pause_s(1.0)
        assert (engine.jobs(), traffic(world)[1]) == ([], 0)
        assert task(engine, 'schedule-updates')['pause_reason'] == body['reason']

        world.clock.advance(2 * 3600)
        until(lambda: task(engine, 'upload')['state'] != 'paused', 'it stays paused')
        engine.wait_for_schedule()
        (job,) = engine.jobs()
        assert (job['status'], job['pause']) == ('Upload Complete', None)
        engine.assert_right()
        newest = engine.ask('GET', 'api/report/audit?limit=1')['data'][0]
        assert (newest['action'], newest['user']) == ('task-resume-itself', None)

    def test_stage_that_backs_off_pauses_at_once(self, world: World, engine: Engine) -> None:
        world.store.load(hosts(10))
        world.sentinel.faults.add('throttle', wait_s=300)
        engine.save_queries([query()], wait=False)
        engine.look()
        until(lambda: len(world.sentinel.requests) > 0, 'nothing is sent')
        act(engine, 'upload', 'pause')
        until(lambda: task(engine, 'upload')['state'] == 'paused', 'it does not finish', 5)
        world.clear_faults()
        act(engine, 'upload', 'resume')
        engine.wait()
        engine.assert_right()

    def test_scheduled_updates_pause_and_ad_hoc_ones_do_not(
        self, world: World, make_engine: Callable[..., Engine]
    ) -> None:
        engine = make_engine(schedule_interval_hours='1')
        world.store.load(hosts(5))
        engine.save_queries([query()])
        count = len(engine.jobs())
        act(engine, 'schedule-updates', 'pause')
        world.clock.advance(2 * 3600)
        pause_s(1.5)
        assert len(engine.jobs()) == count
        engine.run_update('delta')
        act(engine, 'schedule-updates', 'resume')
        until(lambda: len(engine.jobs()) == count + 2, 'no update was queued')
        engine.wait()
        assert engine.jobs()[-1]['job_type'] == 'scheduled'


class TestKill:
    def begin(self, engine: Engine, world: World) -> str:
        """Begin an update of two queries and give the Request ID of the first."""
        # More batches than there are threads, so that none comes to the second query.
        world.store.load(hosts(1_500, ORGANIZATION, 'a') + hosts(50, RESEARCH, 'b'))
        engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])], wait=False)
        engine.look()
        until(engine.jobs, 'no update was queued')
        return str(engine.jobs()[0]['request_id'])

    def hold(self, slug: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let a stage come to the middle of its work and no further."""
        if slug == 'download':
            world.threatconnect.faults.on('page_cap', rows=100)
            pages: list[int] = []

            def count(event: Any) -> None:
                pages.append(len(event.ids))
                if sum(pages) > 200:
                    world.threatconnect.faults.on('rate_limit', path='/api/v3/indicators')

            world.threatconnect.after_page.append(count)
        elif slug == 'convert':
            world.threatconnect.faults.on('page_cap', rows=100)
            for name in ('OBJECTS_AHEAD', 'MOST_OBJECTS_WAITING'):
                monkeypatch.setattr(convert_module, name, 0)
        else:
            world.sentinel.faults.add('throttle', skip=2, wait_s=1_000)

    def release(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        world.clear_faults()
        monkeypatch.undo()

    @pytest.mark.parametrize('slug', PIPELINE)
    def test_job_fails_the_others_continue_and_the_next_update_repairs_it(
        self, world: World, engine: Engine, slug: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.hold(slug, world, monkeypatch)
        request_id = self.begin(engine, world)
        until(lambda: task(engine, slug)['request_ids'] == [request_id], 'it does not begin')
        until(lambda: is_still(world), 'it is not held')
        assert task(engine, slug)['state'] == 'running'
        assert task(engine, slug)['last_heartbeat'] is not None

        act(engine, slug, 'kill')
        until(lambda: job_of(engine, request_id)['status'] == 'Failed', 'it does not fail', 5)
        self.release(world, monkeypatch)
        killed = job_of(engine, request_id)
        assert killed['failure_code'] == 'RUN-TIME'
        assert f'The Task {slug.title()} was killed by a person' in killed['failure_reason']
        assert_accounting(killed)
        assert killed['count_failed' if slug != 'download' else 'count_read'] > 0
        (error,) = engine.errors(request_id)
        assert error['code'] == 'RUN-TIME'
        assert 'illed by' in task(engine, slug)['last_run_outcome']

        engine.wait()
        assert [job['status'] for job in engine.jobs()] == ['Failed', 'Upload Complete']
        world.clock.advance(120)
        engine.run_update('delta')
        engine.assert_right()
        assert {entry['action']: entry for entry in self.audit(engine)}['task-kill'][
            'detail'
        ].endswith(request_id)

    def audit(self, engine: Engine) -> list[dict[str, Any]]:
        return list(engine.ask('GET', 'api/report/audit?limit=100')['data'])

    def test_job_fails_though_convert_is_paused(
        self, world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        act(engine, 'convert', 'pause')
        self.hold('download', world, monkeypatch)
        request_id = self.begin(engine, world)
        until(lambda: job_of(engine, request_id)['count_read'] > 0, 'nothing is read')
        act(engine, 'download', 'kill')
        until(lambda: job_of(engine, request_id)['status'] == 'Failed', 'it does not fail', 5)
        killed = job_of(engine, request_id)
        assert killed['count_failed'] == killed['count_read'] > 0
        self.release(world, monkeypatch)
        act(engine, 'convert', 'resume')
        engine.wait()
        world.clock.advance(120)
        engine.run_update('delta')
        engine.assert_right()

    def test_job_killed_before_its_first_page_loses_nothing(
        self, world: World, engine: Engine
    ) -> None:
        world.threatconnect.faults.on('server_error')
        request_id = self.begin(engine, world)
        until(lambda: task(engine, 'download')['request_ids'] == [request_id], 'it does not begin')
        act(engine, 'download', 'kill')
        until(lambda: job_of(engine, request_id)['status'] == 'Failed', 'it does not fail', 5)
        world.clear_faults()
        engine.wait()
        assert [job['status'] for job in engine.jobs()] == ['Failed', 'Upload Complete']
        world.clock.advance(120)
        # Without a cursor of its own the query would begin where the other one ended.
        engine.run_update('delta')
        engine.assert_right()

    def test_idle_task_cannot_be_killed(self, engine: Engine) -> None:
        until(lambda: task(engine, 'cleaner')['last_run_end'] is not None, 'it does not clean')
        for slug in TaskSlug:
            assert 'nothing to kill' in refusal(engine, f'api/task/{slug}/kill')


class TestRun:
    def test_next_scheduled_update_begins_at_once_and_the_schedule_counts_from_it(
        self, world: World, engine: Engine
    ) -> None:
        assert 'no TQL query yet' in refusal(engine, 'api/task/schedule-updates/run')
        world.store.load(hosts(5))
        engine.save_queries([query()])
        until(lambda: engine.ask('GET', 'api/configure')['last_run'], 'the update does not end')
        due = engine.ask('GET', 'api/configure')['next_update']['at']
        view = act(engine, 'schedule-updates', 'run')
        assert view['last_run_outcome'] == 'Queued a delta update.'
        engine.wait()
        _, second = engine.jobs()
        assert (second['job_type'], second['mode']) == ('scheduled', 'delta')
        assert engine.ask('GET', 'api/configure')['next_update']['at'] > due
        assert 'task-run' in actions(engine)

    def test_pending_scheduled_update_is_not_queued_twice(
        self, world: World, make_engine: Callable[..., Engine]
    ) -> None:
        engine = make_engine(schedule_interval_hours='1')
        world.store.load(hosts(5))
        engine.save_queries([query()])
        act(engine, 'upload', 'pause')
        world.store.load(hosts(6))
        engine.request_update('full')
        until(lambda: len(engine.jobs(is_open=True)) == 1, 'it does not begin')
        for _ in range(3):
            world.clock.advance(3601)
            pause_s(1.5)
        assert [job['job_type'] for job in engine.jobs(is_open=True)] == ['ad-hoc', 'scheduled']
        assert 'waits already' in refusal(engine, 'api/task/schedule-updates/run')
        act(engine, 'upload', 'resume')
        engine.wait()

    @pytest.mark.parametrize('slug', PIPELINE)
    def test_stage_without_work_wakes_and_becomes_idle_again(
        self, engine: Engine, slug: str
    ) -> None:
        assert act(engine, slug, 'run')['state'] == 'idle'

    def test_cleaner_removes_old_jobs_and_their_errors(self, world: World, engine: Engine) -> None:
        world.store.load(hosts(3))
        world.sentinel.faults.add('refuse-objects', contains='h1.example')
        engine.save_queries([query()])
        (old,) = engine.jobs()
        assert len(engine.errors(old['request_id'])) == 1
        for number in range(6):
            (engine.folder / f'documents.json.unreadable-2026010{number}T000000Z').write_text('x')
        world.clock.advance(31 * 86_400)
        world.clear_faults()
        engine.run_update('full')
        cleaned = task(engine, 'cleaner')['last_run_end']
        act(engine, 'cleaner', 'run')
        until(lambda: task(engine, 'cleaner')['last_run_end'] != cleaned, 'it does not clean')
        until(lambda: len(engine.jobs()) == 1, 'the old Job is still there')
        assert engine.jobs()[0]['request_id'] != old['request_id']
        until(lambda: engine.errors(old['request_id']) == [], 'its errors are still there')
        left = sorted(path.name for path in engine.folder.glob('*.unreadable-*'))
        assert [name[-16:-9] for name in left] == ['2026010'] * 4
        assert left[0].endswith('20260102T000000Z')
        engine.assert_right()
