"""`GET api/job/update`, and the filters that it shares with the list of Jobs."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel_app.api.schemas import Update
from sentinel_app.core.job import Counts, Job, JobStatus, JobType, Mode, Outcome
from sentinel_app.core.window import Window
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update, minutes

DONE = {'status': JobStatus.UPLOAD_COMPLETE, 'completed_at': minutes(99)}
QUERIES = (make_query('q1', tql='rating > 1'), make_query('q2', owners=('Other',), tql=''))


def add(stand: Stand, number: int, *jobs: dict[str, Any], **fields: Any) -> None:
    """Store the update `u<number>` with Jobs `j<number>-<place>`, queued in that minute."""
    shared = {'mode': fields.get('mode', Mode.DELTA), 'queued_at': minutes(number)}
    shared |= {'job_type': fields.get('job_type', JobType.SCHEDULED), 'update_id': f'u{number}'}
    own: list[Job] = [
        make_job(
            f'j{number}-{place}', **{'position': place, 'query': QUERIES[place], **shared, **job}
        )
        for place, job in enumerate(jobs)
    ]
    update = make_update(
        f'u{number}',
        **{'request_ids': tuple(job.request_id for job in own), 'queued_at': minutes(number)}
        | fields,
    )
    stand.app_state.add_update(update, own)


def found(stand: Stand, query: str = '') -> list[str]:
    reply = stand.get('/api/job/update', query)
    assert reply.status_code == 200, reply.text
    return [update['update_id'] for update in reply.json['data']]


def test_update_is_shown_with_the_sums_of_its_jobs(stand: Stand) -> None:
    stand.app_state.save_queries(
        QUERIES[1:], expected_version=0, next_mode=None, audit=make_audit()
    )
    window = Window(start_at=minutes(-60), end_at=minutes(0))
    sent = Counts(read=3, outcomes={Outcome.SENT: 3}, objects=5)
    left_out = Counts(read=2, outcomes={Outcome.DUPLICATE: 2})
    add(
        stand,
        1,
        {**DONE, 'counts': sent, 'window': window},
        {
            'status': JobStatus.FAILED,
            'failed_at': minutes(7),
            'counts': left_out,
            'window': window,
            'failure_code': 'AZ-403',
            'failure_reason': 'No role.',
        },
        started_at=minutes(2),
        ended_at=minutes(99),
    )
    (update,) = stand.get('/api/job/update').json['data']
    assert list(update) == list(Update.model_fields)
    expected = {
        'update_id': 'u1',
        'mode': 'delta',
        'job_type': 'scheduled',
        'status': 'Failed',
        'date_queued': '2026-03-04T08:01:00Z',
        'date_started': '2026-03-04T08:02:00Z',
        'date_ended': '2026-03-04T09:39:00Z',
        'last_modified_filter_start': '2026-03-04T07:00:00Z',
        'last_modified_filter_end': '2026-03-04T08:00:00Z',
        'count_jobs': 2,
        'count_matching_jobs': 2,
        'count_failed_jobs': 1,
        'count_read': 5,
        'count_sent': 3,
        'count_duplicate': 2,
        'count_object': 5,
        'decision_request_id': None,
        'failure_code': 'AZ-403',
        'failure_reason': 'No role.',
        'only_query': None,
    }
    assert update | expected == update
    named = {'query_id': 'q1', 'position': 0, 'current_position': None}
    assert update['duplicates_from'] | named == update['duplicates_from']
    (first, second) = stand.get('/api/job/request', 'update_id=u1').json['data']
    assert (first['query']['position'], first['query']['current_position']) == (0, None)
    assert (second['query']['position'], second['query']['current_position']) == (1, 0)


def test_running_update_shows_its_live_counts(stand: Stand) -> None:
    add(stand, 1, {'status': JobStatus.UPLOAD_IN_PROGRESS}, started_at=minutes(1))
    stand.live.by_id['j1-0'] = Counts(read=500, outcomes={Outcome.SENT: 400}, expected=1000)
    (update,) = stand.get('/api/job/update').json['data']
    shown = ('status', 'count_read', 'count_sent', 'count_expected', 'date_ended')
    assert [update[name] for name in shown] == ['In Progress', 500, 400, 1000, None]
    assert update['only_query']['query_id'] == 'q1'


def test_only_the_withdrawal_that_waits_asks_for_a_decision(stand: Stand) -> None:
    held_back = {**DONE, 'counts': Counts(held_back=120)}
    add(stand, 1, held_back, mode=Mode.FULL, ended_at=minutes(9))
    add(stand, 2, held_back, mode=Mode.FULL, ended_at=minutes(9))
    updates = stand.get('/api/job/update').json['data']
    assert [update['decision_request_id'] for update in updates] == ['j2-0', None]
    assert [update['count_held_back'] for update in updates] == [120, 120]


def test_updates_come_newest_first_and_each_filter_narrows_them(stand: Stand) -> None:
    add(stand, 1, DONE, {'status': JobStatus.FAILED}, ended_at=minutes(9))
    add(stand, 2, DONE, ended_at=minutes(9), mode=Mode.FULL, job_type=JobType.AD_HOC)
    add(stand, 3, {'status': JobStatus.PENDING})
    assert found(stand) == ['u3', 'u2', 'u1']
    assert found(stand, 'status=failed') == ['u1']
    assert found(stand, 'query_id=q2') == ['u1']
    assert found(stand, 'update_id=u2') == ['u2']
    assert found(stand, 'mode=full') == found(stand, 'job_type=ad-hoc') == ['u2']
    assert found(stand, 'request_id=J3') == ['u3']
    assert found(stand, 'after=2026-03-04T08:02:00Z&before=2026-03-04T08:03:00Z') == ['u2']
    reply = stand.get('/api/job/update', 'limit=1&status=failed,upload-complete').json
    assert (reply['total_count'], reply['next']) == (
        2,
        '?limit=1&status=failed&status=upload-complete&offset=1',
    )
    (first,) = stand.get('/api/job/update', 'status=failed').json['data']
    assert (first['count_matching_jobs'], first['count_jobs']) == (1, 2)
    assert stand.get('/api/job/update', 'sort=mode').status_code == 400


def test_jobs_are_found_by_update_query_and_start(stand: Stand) -> None:
    add(stand, 1, DONE, {**DONE, 'started_at': minutes(30)}, ended_at=minutes(9))
    add(stand, 2, DONE, ended_at=minutes(9))

    def ids(query: str) -> list[str]:
        return [job['request_id'] for job in stand.get('/api/job/request', query).json['data']]

    assert ids('update_id=u1') == ['j1-0', 'j1-1']
    assert ids('query_id=q1') == ['j2-0', 'j1-0']
    assert ids('update_id=u1&query_id=q2') == ['j1-1']
    assert ids('after=2026-03-04T08:30:00Z') == ['j1-1']
    assert ids('before=2026-03-04T08:02:00Z') == ['j1-0']
    assert ids('update_id=nobody') == []


def test_list_says_since_when_every_update_is_kept(stand: Stand) -> None:
    for number in (1, 2):
        add(stand, number, DONE, ended_at=minutes(9))
    assert stand.get('/api/job/update').json['complete_since'] is None
    stand.app_state.remove_old(before=minutes(0), keep=1)
    assert stand.get('/api/job/update').json['complete_since'] == '2026-03-04T08:02:00Z'


@pytest.mark.slow
def test_updates_of_sixty_queries_take_little_room_in_a_page(stand: Stand) -> None:
    query = make_query(tql='x' * 10_000, owners=('Owner ' * 40,))
    jobs = [{**DONE, 'query': query, 'failure_reason': 'y' * 500}] * 60
    for number in range(10):
        own = [
            make_job(f'j{number}-{place}', update_id=f'u{number}', position=place, **job)
            for place, job in enumerate(jobs)
        ]
        update = make_update(
            f'u{number}', request_ids=tuple(job.request_id for job in own), ended_at=minutes(9)
        )
        stand.app_state.add_update(update, own)
    reply = stand.get('/api/job/update', 'limit=10')
    assert reply.json['count'] == 10
    # A page of 200 stays under half a megabyte.
    assert len(reply.content) < 25_000
