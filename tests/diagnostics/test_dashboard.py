"""DASHBOARD: the App in figures, and as Prometheus reads them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from sentinel_app.core.job import Counts, JobStatus, JobType, Mode, Outcome, Stage
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.progress import Position
from sentinel_app.core.task import TaskSlug, TaskState
from sentinel_app.core.trouble import System
from sentinel_app.errors import ReadTimeoutError
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update
from tests.harness.builders.indicator import MD5, SHA1
from tests.harness.builders.update import make_chosen, make_conversion, make_page, send
from tests.harness.clocks import NOON

HOUR = dt.timedelta(hours=1)
COUNTS = Counts(
    read=10, outcomes={Outcome.SENT: 7, Outcome.REFUSED: 3}, objects=8, requests=2, expected=12
)


def enter_in_ledger(stand: Stand, *rows: tuple[str, str]) -> None:
    """Let objects have been sent, each of an object key for a query."""
    for number, (key, query_id) in enumerate(rows, start=1):
        chosen = make_chosen(ObjectKey.from_text(key), indicator_id=number)
        send(stand.diagnostics.store, chosen, query_id=query_id)


def end_job(stand: Stand, request_id: str, at: dt.datetime, counts: Counts = COUNTS) -> None:
    """An update with one Job, from its beginning to its end."""
    job = make_job(
        request_id,
        update_id=f'u-{request_id}',
        query=make_query('q1'),
        status=JobStatus.UPLOAD_COMPLETE,
        queued_at=at,
        completed_at=at,
        counts=counts,
    )
    update = make_update(
        f'u-{request_id}',
        request_ids=(request_id,),
        queued_at=at,
        started_at=at,
        ended_at=at,
        mode=Mode.FULL,
        job_type=JobType.AD_HOC,
    )
    stand.app_state.add_update(update, [job])
    stand.diagnostics.store.begin([job])
    stand.diagnostics.metrics.add_job(request_id, counts, is_failed=False, at=at)


def summary(stand: Stand) -> dict[str, Any]:
    reply = stand.get('/api/metric/summary')
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def test_new_service_has_figures_too(stand: Stand) -> None:
    found = summary(stand)
    assert (found['objects_live'], found['by_type'], found['by_query']) == (0, [], [])
    assert (found['running'], found['last_update'], found['next_update']) == (None, None, None)
    assert found['total']['jobs'] == 0
    assert found['health'] == {'status': 'healthy', 'conditions': []}
    assert found['limit'] == {
        'requests_per_minute': 60,
        'used': 0,
        'used_by_checks': 0,
        'waiting_seconds': None,
        'asked_wait': None,
    }
    assert found['backlog'] == {'updates': 0, 'indicators': 0, 'objects': 0, 'seconds': 0.0}
    assert [each['status'] for each in found['jobs']] == [str(status) for status in JobStatus]


def test_objects_in_sentinel_are_counted_by_type_and_by_query(stand: Stand) -> None:
    stand.app_state.save_queries(
        [make_query('q1'), make_query('q2')],
        expected_version=0,
        next_mode=None,
        audit=make_audit(),
    )
    enter_in_ledger(
        stand,
        ('URL||http://a.example', 'q1'),
        ('Address||198.51.100.1', 'q1'),
        ('Address||198.51.100.2', 'gone'),
    )
    found = summary(stand)
    query = make_query()
    facts = {
        'label': query.label,
        'label_scope': None,
        'is_enabled': True,
        'owners': list(query.owners),
        'indicator_types': list(query.indicator_types),
    }
    nothing = {
        'label': None,
        'label_scope': None,
        'is_enabled': False,
        'owners': [],
        'indicator_types': [],
    }
    assert found['objects_live'] == 3
    assert found['by_type'] == [
        {'indicator_type': 'Address', 'count': 2},
        {'indicator_type': 'URL', 'count': 1},
    ]
    # Valid for 30 days from noon on.
    last = '2026-04-03T13:00:00Z'
    assert found['by_query'] == [
        {'query_id': 'q1', 'position': 0, 'count': 2, 'expires_by': last, **facts},
        {'query_id': 'q2', 'position': 1, 'count': 0, 'expires_by': None, **facts},
        {'query_id': 'gone', 'position': None, 'count': 1, 'expires_by': last, **nothing},
    ]


def test_hashes_of_files_are_of_one_type(stand: Stand) -> None:
    enter_in_ledger(stand, (f'File|MD5|{MD5}', 'q1'), (f'File|SHA-1|{SHA1}', 'q1'))
    assert summary(stand)['by_type'] == [{'indicator_type': 'File', 'count': 2}]


def test_objects_that_expired_in_an_earlier_hour_are_not_live(stand: Stand) -> None:
    enter_in_ledger(stand, ('URL||http://a.example', 'q1'))
    assert summary(stand)['objects_live'] == 1
    stand.clock.advance(dt.timedelta(days=30, hours=1).total_seconds())
    assert summary(stand)['objects_live'] == 0


def test_last_update_is_the_one_that_ended_last(stand: Stand) -> None:
    end_job(stand, 'j1', NOON - 2 * HOUR)
    end_job(stand, 'j2', NOON - HOUR)
    last = summary(stand)['last_update']
    assert (last['update_id'], last['mode'], last['job_type']) == ('u-j2', 'full', 'ad-hoc')
    assert last['date_ended'] == '2026-03-04T11:00:00Z'
    assert (last['figures']['read'], last['figures']['sent'], last['expected']) == (10, 7, 12)
    assert summary(stand)['total']['read'] == 20


def test_running_update_is_shown_with_its_progress(stand: Stand) -> None:
    job = make_job('j1', query=make_query('q1'), status=JobStatus.DOWNLOAD_IN_PROGRESS)
    update = make_update(request_ids=('j1',), started_at=NOON)
    stand.app_state.add_update(update, [job])
    stand.app_state.add_update(
        make_update('u2', request_ids=('j2',)), [make_job('j2', update_id='u2')]
    )
    store = stand.diagnostics.store
    store.begin([job])
    store.readings.start('j1', at=NOON, expected=50)
    beginning = store.pages.place('j1', Position)
    assert beginning is not None
    store.pages.put(make_page(1, 2), read_from=beginning)
    stand.diagnostics.updates.running = update
    found = summary(stand)
    assert found['running']['update_id'] == 'u1'
    assert (found['running']['expected'], found['running']['figures']['read']) == (50, 2)
    assert (found['backlog']['updates'], found['backlog']['indicators']) == (1, 2)
    assert found['last_update'] is None


def test_history_includes_what_was_sent_in_the_current_hour(stand: Stand) -> None:
    end_job(stand, 'j1', NOON + HOUR / 60)
    before = stand.get('/api/metric/history', 'hours=24').json['data']
    assert [(each['hour'], each['jobs'], each['sent']) for each in before] == [
        ('2026-03-04T12:00:00Z', 1, 7)
    ]
    update = make_update('u9', request_ids=('j9',), started_at=NOON)
    job = make_job('j9', update_id='u9', status=JobStatus.DOWNLOAD_IN_PROGRESS)
    stand.app_state.add_update(update, [job])
    store = stand.diagnostics.store
    store.begin([job])
    store.readings.start('j9', at=NOON, expected=50)
    rows = dict.fromkeys((1, 2, 3), Outcome.SENT) | {4: Outcome.REFUSED}
    page = make_page(1, 2, 3, 4, request_id='j9')
    store.commit_page(make_conversion(page, rows, job=store.jobs.number('j9')), at=NOON)
    stand.diagnostics.updates.running = update
    (hour,) = stand.get('/api/metric/history', 'hours=24').json['data']
    assert (hour['jobs'], hour['read'], hour['sent'], hour['refused']) == (1, 14, 10, 4)
    stand.clock.advance(3_600)
    later = stand.get('/api/metric/history', 'hours=24').json['data']
    assert [(each['jobs'], each['sent']) for each in later] == [(1, 7), (0, 3)]


def test_causes_that_hold_the_pipeline_up_are_shown(stand: Stand) -> None:
    assert (summary(stand)['pauses'], summary(stand)['troubles']) == ([], [])
    state = TaskState(
        is_paused=True, paused_at=NOON, paused_by='jdoe', pause_reason='Workspace moves'
    )
    states = {TaskSlug.UPLOAD: state, TaskSlug.CLEANER: state}
    stand.app_state.store_task_states(states, audit=make_audit())
    error = ReadTimeoutError('ThreatConnect did not answer.')
    stand.diagnostics.troubles.failed(Stage.DOWNLOAD, System.THREATCONNECT, error, 20.0)
    found = summary(stand)
    (pause,) = found['pauses']
    assert (pause['task'], pause['by'], pause['reason']) == ('upload', 'jdoe', 'Workspace moves')
    (trouble,) = found['troubles']
    assert (trouble['system'], trouble['attempt']) == ('ThreatConnect', 2)


def test_history_has_the_hours_in_which_a_job_ended(stand: Stand) -> None:
    for number, hours in enumerate((1, 5, 30)):
        end_job(stand, f'j{number}', NOON - hours * HOUR)
    found = stand.get('/api/metric/history', 'hours=24').json
    assert (found['start'], found['end']) == ('2026-03-03T13:00:00Z', '2026-03-04T13:00:00Z')
    assert [each['hour'] for each in found['data']] == [
        *('2026-03-04T07:00:00Z', '2026-03-04T11:00:00Z')
    ]
    assert (found['data'][0]['sent'], found['data'][0]['refused']) == (7, 3)
    assert len(stand.get('/api/metric/history').json['data']) == 3


def test_history_comes_with_the_summary_on_request(stand: Stand) -> None:
    end_job(stand, 'j1', NOON - 5 * HOUR)
    assert summary(stand)['history'] is None
    together = stand.get('/api/metric/summary', 'hours=24').json
    assert together['history'] == stand.get('/api/metric/history', 'hours=24').json
    assert stand.get('/api/metric/summary', 'hours=0').status_code == 400


@pytest.mark.parametrize('query', ['hours=0', 'hours=8785', 'hours=x', 'days=1'])
def test_invalid_time_range_is_refused(stand: Stand, query: str) -> None:
    assert stand.get('/api/metric/history', query).status_code == 400


LINE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")\})? (?P<value>-?[\d.]+)'
)


def exposed(stand: Stand) -> dict[str, float]:
    """The samples, each checked for its form, its help and its type."""
    reply = stand.get('/api/metrics')
    assert reply.status_code == 200
    assert reply.headers['content-type'] == 'text/plain; version=0.0.4; charset=utf-8'
    assert reply.text.endswith('\n')
    samples: dict[str, float] = {}
    kinds: dict[str, str] = {}
    helped: set[str] = set()
    for line in reply.text.splitlines():
        if line.startswith('# HELP '):
            name = line.split(' ')[2]
            assert name not in helped
            helped.add(name)
        elif line.startswith('# TYPE '):
            _, _, name, kinds[line.split(' ')[2]] = line.split(' ')
            assert name in helped
        else:
            match = LINE.fullmatch(line)
            assert match, line
            kind = kinds[match['name']]
            assert match['name'].endswith('_total') is (kind == 'counter'), line
            key = line.rpartition(' ')[0]
            assert key not in samples
            samples[key] = float(match['value'])
    assert set(kinds) == helped
    return samples


def test_prometheus_reads_the_figures(stand: Stand) -> None:
    end_job(stand, 'j1', NOON)
    enter_in_ledger(stand, ('URL||http://a.example', 'q1'), ('Email Subject||b', 'q1'))
    found = exposed(stand)
    assert found['ms_sentinel_objects_live{type="URL"}'] == 1
    assert found['ms_sentinel_objects_live{type="Email Subject"}'] == 1
    assert found['ms_sentinel_indicators_total{outcome="sent"}'] == 7
    assert found['ms_sentinel_indicators_total{outcome="expired"}'] == 0
    assert found['ms_sentinel_upload_requests_total'] == 2
    assert found['ms_sentinel_jobs{status="Upload Complete"}'] == 1
    assert found['ms_sentinel_last_update_end_timestamp_seconds{mode="full"}'] == NOON.timestamp()
    assert found['ms_sentinel_update_running{mode="full"}'] == 0
    assert found['ms_sentinel_storage_bytes{store="database"}'] == 2
    assert found['ms_sentinel_healthy'] == 1
    assert found['ms_sentinel_info{version="2.0.0"}'] == 1


def test_counters_never_go_back(stand: Stand) -> None:
    end_job(stand, 'j1', NOON - 5 * HOUR)
    before = {name: value for name, value in exposed(stand).items() if '_total' in name}
    stand.diagnostics.metrics.remove_before(NOON)
    after = exposed(stand)
    assert before == {name: after[name] for name in before}


def test_unhealthy_state_is_shown(stand: Stand) -> None:
    stand.health.fail('AZ-403')
    found = exposed(stand)
    assert found['ms_sentinel_healthy'] == 0
    assert found['ms_sentinel_health{status="degraded"}'] == 1
    assert found['ms_sentinel_health{status="healthy"}'] == 0
    assert found['ms_sentinel_conditions{code="job-failed"}'] == 1
    assert found['ms_sentinel_conditions{code="task-paused"}'] == 0
    health = summary(stand)['health']
    assert health == {key: stand.get('/api/health').json[key] for key in ('status', 'conditions')}
    assert health['status'] == 'degraded'
