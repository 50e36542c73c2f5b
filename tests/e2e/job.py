"""Jobs as the tests of the page need them: asked for and ended through the API."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

from tests.harness.waiting import PATIENCE_S
from tests.simulators.stand import Stand

ALL_TYPES = ['Address', 'ASN', 'CIDR', 'EmailAddress', 'Email Subject', 'File', 'Host', 'URL']
EVERYTHING = {
    'owners': ['Demo Organization', 'Demo Research', 'OSINT Community'],
    'indicator_types': ALL_TYPES,
    'tql': 'rating >= 0 or rating < 0 or rating is null',
}
OUTCOMES = (
    *('sent', 'unchanged', 'duplicate', 'withheld', 'expired'),
    *('unsupported', 'invalid', 'refused', 'withdrawn', 'failed'),
)
_FINAL = frozenset({'Upload Complete', 'Failed', 'Cancelled'})


def requested(stand: Stand, mode: str = 'full') -> str:
    """Ask for an update and give the Request ID of its first Job."""
    reply = stand.api('POST', 'api/job/request', {'mode': mode})
    assert reply.status_code == 202, reply.text
    return str(reply.json()['request_ids'][0])


def ended(stand: Stand, request_id: str) -> dict[str, Any]:
    """Wait for the end of a Job and give it."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        job: dict[str, Any] = stand.api('GET', f'api/job/request/{request_id}').json()
        if job['status'] in _FINAL:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.25)


def finished_job(stand: Stand, mode: str = 'full') -> dict[str, Any]:
    """Ask for an update and wait for the end of its first Job."""
    return ended(stand, requested(stand, mode))


def settle_decisions(stand: Stand) -> None:
    """Confirm the withdrawals that other tests have left to a person's decision."""
    finished_job(stand, 'delta')  # whatever was queued before has ended by then
    for condition in stand.api('GET', 'api/health').json()['conditions']:
        if condition['code'] == 'withdrawal-waiting':
            address = f'api/job/request/{condition["link"]["params"]["open"]}/withdraw'
            reply = stand.api('POST', address, {})
            assert reply.status_code == 202, reply.text
            for request_id in reply.json()['request_ids']:
                ended(stand, request_id)


@contextmanager
def paused(stand: Stand, slug: str) -> Iterator[None]:
    """Keep a Task from taking anything up; it goes on afterwards, whoever resumed it."""
    assert stand.api('POST', f'api/task/{slug}/pause', {}).status_code == 200
    try:
        yield
    finally:
        assert stand.api('POST', f'api/task/{slug}/resume', {}).status_code in {200, 409}


def make_job(request_id: str, **changes: Any) -> dict[str, Any]:
    """A Job as the API gives it, for states that are hard to come by."""
    stages = ('download', 'convert', 'upload')
    nothing = dict.fromkeys(
        (
            *('date_started', 'date_completed', 'date_failed', 'total_runtime', 'retry_of'),
            *(
                'last_modified_filter_start',
                'last_modified_filter_end',
                'waiting_seconds',
                'asked_wait',
                'time_left',
                'pause',
                'trouble',
            ),
            *('failure_code', 'failure_reason', 'count_expected'),
            *(f'date_{stage}_{end}' for stage in stages for end in ('start', 'complete')),
            *(f'{stage}_runtime' for stage in stages),
        )
    )
    counts = (*OUTCOMES, 'read', 'converted', 'object', 'request', 'throttled', 'held_back')
    return {
        **nothing,
        **{f'count_{name}': 0 for name in counts},
        'request_id': request_id,
        'update_id': 'u',
        'job_type': 'scheduled',
        'mode': 'delta',
        'scope': 'whole',
        'count_asked': 0,
        'status': 'Upload Complete',
        'query': {
            'id': 'q',
            'name': None,
            'note': None,
            'is_enabled': True,
            'position': 0,
            'current_position': 0,
            'owners': ['Demo'],
            'indicator_types': ['Host'],
            'tql': 'rating > 1',
            'sort_field': None,
            'sort_direction': 'asc',
        },
        'date_queued': '2026-03-09T16:00:00Z',
        'throttled_seconds': 0,
        'limit_wait_seconds': 0,
        'warnings': [],
        **changes,
    }


def make_update(jobs: Sequence[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """An update with these Jobs as the API gives it."""
    statuses = {job['status'] for job in jobs}
    status = 'Complete'
    if statuses - _FINAL:
        status = 'Pending' if statuses == {'Pending'} else 'In Progress'
    elif 'Failed' in statuses:
        status = 'Failed'
    first = jobs[0]
    counts = (*OUTCOMES, 'read', 'converted', 'object', 'held_back')
    same = (
        'update_id',
        'mode',
        'scope',
        'count_asked',
        'job_type',
        'date_queued',
        'date_started',
        'retry_of',
    )
    asked = first['query']
    named = asked['name'] or asked['tql']
    of_scope = {name: asked[name] for name in ('indicator_types', 'owners')}
    scope = f'All {", ".join(asked["indicator_types"])} Indicators in {", ".join(asked["owners"])}'
    query = {
        'query_id': asked['id'],
        'position': asked['position'],
        'current_position': asked['current_position'],
        'label': (named or scope)[:80],
        'label_scope': None if named else of_scope,
    }
    return {
        **{name: first[name] for name in same},
        **{f'count_{name}': sum(job[f'count_{name}'] for job in jobs) for name in counts},
        'status': status,
        'date_ended': None,
        'last_modified_filter_start': None,
        'last_modified_filter_end': None,
        'count_jobs': len(jobs),
        'count_matching_jobs': len(jobs),
        'count_failed_jobs': sum(job['status'] == 'Failed' for job in jobs),
        'count_cancelled_jobs': sum(job['status'] == 'Cancelled' for job in jobs),
        'count_expected': None,
        'decision_request_id': None,
        'is_confirmed': False,
        'failure_code': None,
        'failure_reason': None,
        'only_query': query if len(jobs) == 1 else None,
        'duplicates_from': None,
        **changes,
    }


def give_jobs(page: Page, jobs: Sequence[dict[str, Any]]) -> None:
    """Let the API give these Jobs in place of its own, by update, page by page and one by one."""
    by_update: dict[str, list[dict[str, Any]]] = {}
    for job in jobs:
        by_update.setdefault(job['update_id'], []).append(job)
    updates = [make_update(own) for own in by_update.values()]

    def give(route: Route) -> None:
        address = urlsplit(route.request.url)
        last = address.path.rsplit('/', 1)[1]
        given = parse_qs(address.query)
        if last == 'withdrawal':
            facts = {'count': 0, 'next': None, 'previous': None, 'total_count': 0}
            route.fulfill(json={**facts, 'data': []})
            return
        if last not in {'request', 'update'}:
            route.fulfill(json=next(job for job in jobs if job['request_id'] == last))
            return
        chosen: list[dict[str, Any]] = updates if last == 'update' else list(jobs)
        if 'retry_of' in given:
            chosen = []
        if 'update_id' in given:
            chosen = [each for each in chosen if each['update_id'] == given['update_id'][0]]
        start = int(given.get('offset', ['0'])[0])
        data = chosen[start : start + int(given.get('limit', ['20'])[0])]
        facts = {'count': len(data), 'next': None, 'previous': None, 'total_count': len(chosen)}
        route.fulfill(json={**facts, 'complete_since': None, 'data': data})

    page.route(re.compile(r'/api/job/(request|update)'), give)
