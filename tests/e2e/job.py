"""Jobs as the tests of the page need them: asked for and ended through the API."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

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
END_TIMEOUT_S = 60
_FINAL = frozenset({'Upload Complete', 'Failed', 'Cancelled'})


def requested(stand: Stand, mode: str = 'full') -> str:
    """Ask for an update and give the Request ID of its first Job."""
    reply = stand.api('POST', 'api/job/request', {'mode': mode})
    assert reply.status_code == 202, reply.text
    return str(reply.json()['request_ids'][0])


def ended(stand: Stand, request_id: str) -> dict[str, Any]:
    """Wait for the end of a Job and give it."""
    deadline = time.monotonic() + END_TIMEOUT_S
    while True:
        job: dict[str, Any] = stand.api('GET', f'api/job/request/{request_id}').json()
        if job['status'] in _FINAL:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.25)


def finished_job(stand: Stand, mode: str = 'full') -> dict[str, Any]:
    """Ask for an update and wait for the end of its first Job."""
    return ended(stand, requested(stand, mode))


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
        'warnings': [],
        **changes,
    }


def give_jobs(page: Page, jobs: Sequence[dict[str, Any]]) -> None:
    """Let the API give these Jobs in place of its own, page by page and one by one."""

    def give(route: Route) -> None:
        address = urlsplit(route.request.url)
        last = address.path.rsplit('/', 1)[1]
        if last != 'request':
            route.fulfill(json=next(job for job in jobs if job['request_id'] == last))
            return
        given = parse_qs(address.query)
        chosen = [] if 'retry_of' in given else list(jobs)
        start = int(given.get('offset', ['0'])[0])
        data = chosen[start : start + int(given.get('limit', ['20'])[0])]
        facts = {'count': len(data), 'next': None, 'previous': None, 'total_count': len(chosen)}
        route.fulfill(json={**facts, 'data': data})

    page.route(re.compile(r'/api/job/request'), give)
