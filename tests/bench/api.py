"""How long the calls of the API take, through front and broker, while an update runs."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.simulators.demo import generate_indicators
from tests.simulators.platform.instance import Services
from tests.simulators.stand import Stand

Figures = dict[str, Any]
Call = tuple[str, str, Any]
"""Method, path, and body."""

INDICATORS = 25_000
"""At the limit of 100 requests a minute, sending so many takes longer than measuring."""
MEASURED_S = 75.0
SELDOM = 4
"""Calls that ask other systems come in every so many rounds, as they do in real life."""
PATIENCE_S = 60.0
QUERY = {
    'owners': ['Demo Organization', 'Demo Research', 'OSINT Community'],
    'indicator_types': ['Address', 'File', 'Host', 'URL'],
    'tql': 'rating >= 0',
}


def measure(folder: Path, say: Callable[[str], None]) -> Figures:
    """Ask one call after the other while a full update reads, converts and sends.

    Args:
        folder: for what the stand-ins and the App store.
        say: tells a person how it goes.
    """
    rows = list(generate_indicators(INDICATORS))
    is_real = all(shutil.which(name) for name in ('mosquitto', 'redis-server'))
    services = Services.REAL if is_real else Services.EMBEDDED
    with Stand(folder / 'api', rows=rows, services=services) as stand:
        saved = _saved(stand)
        request_id = _begun_job(stand)
        took = _asked(stand, _calls(request_id, saved), _seldom(str(rows[0]['summary'])))
        running = stand.api('GET', 'api/metric/summary').json()['running']
        assert running is not None, 'The update ended before everything was measured.'
        figures = running['figures']
        load, *_ = os.getloadavg()
    say(f'api: {sum(map(len, took.values()))} calls beside {figures["sent"]:,} Indicators sent')
    return {
        'services': 'Mosquitto and Redis' if is_real else 'embedded ones',
        'load': load,
        'indicators': INDICATORS,
        'read': figures['read'],
        'sent': figures['sent'],
        'seconds': MEASURED_S,
        'calls': {name: _summed(times) for name, times in took.items()},
    }


def _saved(stand: Stand) -> list[Any]:
    version = stand.api('GET', 'api/configure').json()['version']
    body = {'version': version, 'queries': [QUERY], 'run': 'full'}
    reply = stand.api('PUT', 'api/configure', body)
    assert reply.status_code == 200, reply.text
    queries: list[Any] = reply.json()['queries']
    return queries


def _begun_job(stand: Stand) -> str:
    """Wait until the update reads, and give the Request ID of its Job."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        jobs = stand.api('GET', 'api/job/request').json()['data']
        if jobs and jobs[0]['count_read']:
            return str(jobs[0]['request_id'])
        time.sleep(0.1)
    raise AssertionError('The update did not begin.')


def _calls(request_id: str, saved: Sequence[Any]) -> list[Call]:
    """Give what the App answers by itself."""
    return [
        ('GET', 'api/metric/summary?hours=169', None),
        ('GET', 'api/metric/history?hours=169', None),
        ('GET', 'api/metrics', None),
        ('GET', 'api/health', None),
        ('GET', 'api/configure', None),
        ('PUT', 'api/configure', list(saved)),
        ('GET', 'api/configure/export', None),
        ('GET', 'api/job/request', None),
        ('GET', f'api/job/request/{request_id}', None),
        ('GET', 'api/task', None),
        ('POST', 'api/task/cleaner/pause', {}),
        ('POST', 'api/task/cleaner/resume', {}),
        ('GET', 'api/report/error', None),
        ('GET', 'api/report/error/entry', None),
        ('GET', 'api/report/audit', None),
        ('GET', 'api/openapi.json', None),
        ('GET', 'index.html', None),
    ]


def _seldom(value: str) -> list[Call]:
    """Give what asks ThreatConnect or Microsoft in turn."""
    return [
        ('GET', 'api/configure/options', None),
        ('POST', 'api/configure/preview', QUERY),
        ('POST', 'api/indicator', {'value': value}),
        ('POST', 'api/health/check', {}),
    ]


def _asked(stand: Stand, calls: list[Call], seldom: list[Call]) -> dict[str, list[float]]:
    """Go through the calls again and again; give how many seconds each took."""
    rounds = [*calls * SELDOM, *seldom]
    took: dict[str, list[float]] = defaultdict(list)
    version = stand.api('GET', 'api/configure').json()['version']
    began = time.monotonic()
    for method, path, body in itertools.cycle(rounds):
        if time.monotonic() - began > MEASURED_S:
            return took
        if method == 'PUT':
            body = {'version': version, 'queries': body, 'run': None}  # noqa: PLW2901
            version += 1
        start = time.monotonic()
        reply = stand.api(method, path, body)
        took[_name(method, path)].append(time.monotonic() - start)
        assert reply.status_code == 200, (method, path, reply.text)
    raise AssertionError('There is no call.')


def _name(method: str, path: str) -> str:
    """The call as the documents name it."""
    parts = path.partition('?')[0].split('/')
    if parts[:3] == ['api', 'job', 'request'] and len(parts) > 3:
        parts[3] = '{request_id}'
    if parts[:2] == ['api', 'task'] and len(parts) > 2:
        parts[2] = '{slug}'
    return f'{method} {"/".join(parts)}'


def _summed(times: Sequence[float]) -> Figures:
    # Of few values the method of the library would make up larger ones.
    ordered = sorted(times)
    return {
        'count': len(ordered),
        'median_ms': statistics.median(ordered) * 1_000,
        'p95_ms': ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] * 1_000,
        'max_ms': ordered[-1] * 1_000,
    }
