from typing import Any

import pytest

from sentinel_app.api.schemas import JOB_SORTS, Job
from sentinel_app.core.job import Counts, JobStatus, JobType, Mode, Outcome, Stage, StageTimes
from sentinel_app.core.task import AskedWait
from sentinel_app.core.window import Window
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update, minutes
from tests.harness.clocks import NOON


def add(stand: Stand, *jobs: Any) -> None:
    stand.app_state.add_update(make_update(), jobs)


def ids(reply: Any) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [job['request_id'] for job in reply.json['data']]


FINISHED = make_job(
    'j1',
    job_type=JobType.AD_HOC,
    mode=Mode.FULL,
    status=JobStatus.UPLOAD_COMPLETE,
    query=make_query(sort_field='rating'),
    position=2,
    started_at=minutes(1),
    completed_at=minutes(3),
    window=Window(start_at=minutes(-60), end_at=minutes(1)),
    stages={
        Stage.DOWNLOAD: StageTimes(started_at=minutes(1), completed_at=minutes(1.5)),
        Stage.CONVERT: StageTimes(started_at=minutes(1), completed_at=minutes(2)),
        Stage.UPLOAD: StageTimes(started_at=minutes(2), completed_at=minutes(3)),
    },
    counts=Counts(
        read=55,
        outcomes={outcome: number for number, outcome in enumerate(Outcome, start=1)},
        objects=9,
        requests=3,
        throttled=1,
        throttled_s=60.12345,
        limit_wait_s=75.5,
        expected=56,
    ),
    warnings=('Too many',),
    retry_of='j0',
    failure_code='NET',
    failure_reason='broke off',
)


def test_job_is_shown_in_full(stand: Stand) -> None:
    add(stand, FINISHED)
    job = stand.get('/api/job/request/j1').json
    assert job == {
        'request_id': 'j1',
        'update_id': 'u1',
        'job_type': 'ad-hoc',
        'mode': 'full',
        'scope': 'whole',
        'count_asked': 0,
        'status': 'Upload Complete',
        'query': {
            'id': 'q1',
            'position': 2,
            'current_position': None,
            'name': None,
            'note': None,
            'is_enabled': True,
            'owners': ['Example Org'],
            'indicator_types': ['Address', 'Email Subject'],
            'tql': 'rating > 3',
            'sort_field': 'rating',
            'sort_direction': 'asc',
        },
        'date_queued': '2026-03-04T08:00:00Z',
        'date_started': '2026-03-04T08:01:00Z',
        'date_completed': '2026-03-04T08:03:00Z',
        'date_failed': None,
        'last_modified_filter_start': '2026-03-04T07:00:00Z',
        'last_modified_filter_end': '2026-03-04T08:01:00Z',
        'date_download_start': '2026-03-04T08:01:00Z',
        'date_download_complete': '2026-03-04T08:01:30Z',
        'download_runtime': 30.0,
        'date_convert_start': '2026-03-04T08:01:00Z',
        'date_convert_complete': '2026-03-04T08:02:00Z',
        'convert_runtime': 60.0,
        'date_upload_start': '2026-03-04T08:02:00Z',
        'date_upload_complete': '2026-03-04T08:03:00Z',
        'upload_runtime': 60.0,
        'total_runtime': 120.0,
        'count_read': 55,
        'count_sent': 1,
        'count_unchanged': 2,
        'count_duplicate': 3,
        'count_withheld': 4,
        'count_expired': 5,
        'count_unsupported': 6,
        'count_invalid': 7,
        'count_refused': 8,
        'count_withdrawn': 9,
        'count_failed': 10,
        'count_object': 9,
        'count_request': 3,
        'count_throttled': 1,
        'throttled_seconds': 60.123,
        'limit_wait_seconds': 75.5,
        'count_converted': 0,
        'count_expected': 56,
        'count_held_back': 0,
        'count_context': None,
        'context': None,
        'waiting_seconds': None,
        'asked_wait': None,
        'time_left': None,
        'pause': None,
        'trouble': None,
        'warnings': ['Too many'],
        'retry_of': 'j0',
        'failure_code': 'NET',
        'failure_reason': 'broke off',
    }
    assert job['count_read'] == sum(job[f'count_{outcome}'] for outcome in Outcome)
    assert list(job) == list(Job.model_fields)


def test_job_that_has_just_been_queued_has_nothing_yet(stand: Stand) -> None:
    add(stand, make_job())
    job = stand.get('/api/job/request/j1').json
    empty = {name for name, value in job.items() if value is None}
    assert {'date_started', 'upload_runtime', 'total_runtime', 'last_modified_filter_end'} <= empty
    assert {value for name, value in job.items() if name.startswith('count_')} == {0, None}


def test_job_in_progress_shows_its_live_counts_and_its_wait(stand: Stand) -> None:
    add(stand, make_job('running', status=JobStatus.UPLOAD_IN_PROGRESS), FINISHED)
    live = Counts(read=500, outcomes={Outcome.SENT: 400}, expected=1000)
    for request_id in ('running', 'j1'):
        stand.live.by_id[request_id] = live
        stand.live.waits[request_id] = 42.5
        wait = AskedWait(until=minutes(59), reason='Come back later.')
        stand.live.asked_waits[request_id] = wait
    job = stand.get('/api/job/request/running').json
    shown = ('count_read', 'count_sent', 'count_expected', 'waiting_seconds')
    assert [job[name] for name in shown] == [500, 400, 1000, 42.5]
    assert job['asked_wait'] == {'until': '2026-03-04T08:59:00Z', 'reason': 'Come back later.'}
    finished = stand.get('/api/job/request/j1').json
    assert (finished['count_read'], finished['waiting_seconds']) == (55, None)
    assert finished['asked_wait'] is None


def test_unknown_job_is_not_found(stand: Stand) -> None:
    reply = stand.get('/api/job/request/nobody')
    assert reply.status_code == 404
    assert reply.json['code'] == 'APP-NOT-FOUND'
    assert 'may have been removed' in reply.json['description']


def test_jobs_are_listed_newest_first_in_pages(stand: Stand) -> None:
    add(stand, *(make_job(f'j{number}', queued_at=minutes(number)) for number in range(5)))
    first = stand.get('/api/job/request', 'limit=2&status=pending&request_id=J&job_type=scheduled')
    assert ids(first) == ['j4', 'j3']
    assert (first.json['count'], first.json['total_count']) == (2, 5)
    assert first.json['previous'] is None
    query = 'limit=2&status=pending&request_id=J&job_type=scheduled&offset=2'
    assert first.json['next'] == f'?{query}'
    second = stand.get('/api/job/request', query)
    assert ids(second) == ['j2', 'j1']
    assert second.json['previous'] == f'?{query[:-1]}0'
    last = stand.get('/api/job/request', second.json['next'][1:])
    assert ids(last) == ['j0']
    assert last.json['next'] is None
    beyond = stand.get('/api/job/request', 'offset=99')
    assert (ids(beyond), beyond.json['next']) == ([], None)


def test_retries_of_a_job_are_found(stand: Stand) -> None:
    add(stand, make_job('j1'), make_job('j2', retry_of='j1'))
    assert ids(stand.get('/api/job/request', 'retry_of=j1')) == ['j2']
    assert stand.get('/api/job/request', 'retry_of=j1:').status_code == 400


def test_next_links_list_every_job_once(stand: Stand) -> None:
    add(stand, *(make_job(f'j{number}', position=number) for number in range(47)))
    seen, query = [], '?limit=10&sort=request_id&sort_order=asc'
    while query:
        reply = stand.get('/api/job/request', query[1:])
        seen += ids(reply)
        query = reply.json['next']
    assert seen == sorted(f'j{number}' for number in range(47))


@pytest.mark.parametrize(
    'query',
    [
        'status=failed&status=upload-complete',
        'status=failed,upload-complete',
        'status=failed%2Cupload-complete',
        'status=&status=failed,,upload-complete',
    ],
)
def test_jobs_may_be_filtered_by_several_statuses(stand: Stand, query: str) -> None:
    add(
        stand,
        make_job('f', status=JobStatus.FAILED),
        make_job('p', position=1),
        make_job('u', status=JobStatus.UPLOAD_COMPLETE, position=2),
    )
    assert ids(stand.get('/api/job/request', query)) == ['f', 'u']


def test_every_status_has_its_words_for_a_query_string(stand: Stand) -> None:
    add(stand, *(make_job(status.name, status=status) for status in JobStatus))
    for status in JobStatus:
        words = status.lower().replace(' ', '-')
        assert ids(stand.get('/api/job/request', f'status={words}')) == [status.name]


@pytest.mark.parametrize('sort', JOB_SORTS)
def test_jobs_sort_by_each_column_both_ways(stand: Stand, sort: str) -> None:
    add(stand, FINISHED, make_job('plain'))
    for order in ('asc', 'desc'):
        reply = stand.get('/api/job/request', f'sort={sort}&sort_order={order}')
        assert sorted(ids(reply)) == ['j1', 'plain']


@pytest.mark.parametrize(
    ('query', 'field'),
    [
        ('status=sleeping', 'status.0'),
        ('status=Upload Complete', 'status.0'),
        ('limit=0', 'limit'),
        ('limit=201', 'limit'),
        ('limit=ten', 'limit'),
        ('limit=1&limit=2', 'limit'),
        ('offset=-1', 'offset'),
        ('offset=99999999999999999999', 'offset'),
        ('sort=tql', 'sort'),
        ('sort=update_id;drop', 'sort'),
        ('sort_order=down', 'sort_order'),
        ('mode=everything', 'mode'),
        ('job_type=adhoc', 'job_type'),
        ('request_id=a*', 'request_id'),
        ('color=blue', 'color'),
    ],
)
def test_unknown_parameter_or_value_is_named(stand: Stand, query: str, field: str) -> None:
    reply = stand.get('/api/job/request', query)
    assert reply.status_code == 400
    assert reply.json['code'] == 'APP-REQUEST'
    assert [error['field'] for error in reply.json['errors']] == [field]
    assert field in reply.json['description']


def test_page_of_very_long_queries_stays_under_a_megabyte(stand: Stand) -> None:
    long_query = make_query(tql='😀' * 10_000)
    add(
        stand,
        *(make_job(f'j{number:03}', query=long_query, position=number) for number in range(60)),
    )
    seen, query = [], '?limit=200'
    while query:
        reply = stand.get('/api/job/request', query[1:])
        assert len(reply.content) < 1_000_000
        assert reply.json['count'] == len(reply.json['data']) > 0
        seen += ids(reply)
        query = reply.json['next']
    assert seen == [f'j{number:03}' for number in range(60)]


# -- asking for an update


@pytest.fixture
def saved(stand: Stand) -> Stand:
    stand.app_state.save_queries(
        [make_query('q1'), make_query('q2')],
        expected_version=0,
        next_mode=None,
        audit=make_audit(),
    )
    return stand


def test_requested_update_is_queued_and_audited(saved: Stand) -> None:
    reply = saved.post(
        '/api/job/request',
        {'mode': 'delta', 'query_ids': ['q2'], 'modified_after': '2026-03-04T10:00:00+01:00'},
    )
    assert reply.status_code == 202
    assert reply.json == {'update_id': 'u-new', 'request_ids': ['r1']}
    assert saved.updates.asked == {
        'mode': Mode.DELTA,
        'query_ids': ['q2'],
        'modified_after': minutes(60),
    }
    entry = saved.app_state.audit(limit=1, offset=0)[0][0]
    assert (entry.user, entry.action, entry.at) == ('jdoe', 'update-request', NOON)
    assert entry.detail == 'Delta update of 1 TQL query, modified since 2026-03-04T09:00:00Z'


@pytest.mark.parametrize('mode', Mode)
def test_update_may_be_requested_in_each_mode(saved: Stand, mode: Mode) -> None:
    assert saved.post('/api/job/request', {'mode': mode}).status_code == 202
    assert saved.updates.asked == {'mode': mode, 'query_ids': None, 'modified_after': None}
    entry = saved.app_state.audit(limit=1, offset=0)[0][0]
    assert entry.detail == f'{mode.capitalize()} update of all TQL queries'


@pytest.mark.parametrize(
    ('body', 'field'),
    [
        ({}, 'mode'),
        ({'mode': 'quick'}, 'mode'),
        ({'mode': 'full', 'query_ids': []}, 'query_ids'),
        ({'mode': 'full', 'query_ids': ['q1', 'gone']}, 'query_ids.1'),
        ({'mode': 'full', 'query_ids': ['q1', 'q2', 'q1']}, 'query_ids.2'),
        ({'mode': 'full', 'modified_after': '2026-03-04T10:00:00Z'}, 'modified_after'),
        ({'mode': 'delta', 'modified_after': '2026-03-04T12:00:01Z'}, 'modified_after'),
        ({'mode': 'delta', 'modified_after': '2026-03-04T10:00:00'}, 'modified_after'),
        ({'mode': 'delta', 'modified_after': '2026-03-04'}, 'modified_after'),
        ({'mode': 'delta', 'modified_after': 1}, 'modified_after'),
        ({'mode': 'delta', 'modified_after': '0001-01-01T00:00:00+23:00'}, 'modified_after'),
        ({'mode': 'full', 'now': True}, 'now'),
    ],
)
def test_impossible_request_is_refused_by_field(
    saved: Stand, body: dict[str, Any], field: str
) -> None:
    reply = saved.post('/api/job/request', body)
    assert reply.status_code == 422
    assert reply.json['code'] == 'APP-INVALID'
    assert [error['field'] for error in reply.json['errors']] == [field]
    assert saved.updates.asked == {}


def test_update_without_any_query_is_refused(stand: Stand) -> None:
    reply = stand.post('/api/job/request', {'mode': 'full'})
    assert reply.status_code == 409
    assert 'Add one in CONFIGURE' in reply.json['description']
