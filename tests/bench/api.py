"""How long the calls of the API take, through front and broker, while an update runs."""

from __future__ import annotations

import itertools
import shutil
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tests.bench.rows import rows_of_owner
from tests.bench.subject import QUERY as LEDGER_QUERY
from tests.bench.subject import Figures, Subject
from tests.bench.yardstick import Yardstick
from tests.simulators.demo import generate_indicators
from tests.simulators.platform.instance import Services
from tests.simulators.stand import Stand

Call = tuple[str, str, Any]
"""Method, path, and body."""

INDICATORS = 25_000
"""At the limit of 100 requests a minute, sending so many takes longer than measuring."""
MEASURED_S = 45.0
ASKING_ROUNDS = 2
"""Of the calls that ask other systems: one of them takes 10 s."""
PATIENCE_S = 60.0
OWNER, OWNER_ID = 'Demo Feed', 104
"""Holds the Indicators of the update; those of the ledger are in other owners."""
QUERY = {
    'owners': [OWNER],
    'indicator_types': ['Address', 'File', 'Host', 'URL'],
    'tql': 'rating >= 0',
}
DATA_FOLDER = 'ms_sentinel'
"""Of the App, below what the platform keeps for it."""


def measure(subject: Subject, ledger: int) -> Figures:
    """Ask one call after the other while a full update reads, converts and sends.

    Args:
        subject: makes what the ledger holds before that.
        ledger: how many Indicators.
    """
    folder = subject.folder / 'api'
    rows = list(rows_of_owner(INDICATORS, OWNER, OWNER_ID))
    is_real = not Services.missing_programs()
    services = Services.REAL if is_real else Services.EMBEDDED
    with subject.world(generate_indicators(ledger)) as world:
        (filled,) = subject.updates(world, keep_as=subject.folder / 'ledger')
    # Only the query of the update is read again.
    with (
        Stand(folder, rows=rows, services=services, start_app=False) as stand,
        Yardstick() as yardstick,
    ):
        stand.app.folders.make()
        shutil.move(subject.folder / 'ledger', stand.app.folders.out / DATA_FOLDER)
        stand.app.start()
        saved = _saved(stand)
        request_id = _begun_job(stand, str(saved[-1]['id']))
        asking = _asking_others(str(rows[0]['summary']))
        began_at = time.time()
        deadline = time.monotonic() + MEASURED_S
        rounds = itertools.takewhile(lambda _: time.monotonic() < deadline, itertools.count())
        took = _asked(stand, _calls(request_id, saved), rounds)
        took |= _asked(stand, asking, range(ASKING_ROUNDS))
        job = stand.api('GET', f'api/job/request/{request_id}').json()
    assert job['date_completed'] is None, 'The update ended before everything was measured.'
    subject.say(f'api: {sum(map(len, took.values()))} calls beside {job["count_sent"]:,} sent')
    shutil.rmtree(folder)
    return {
        'services': 'Mosquitto and Redis' if is_real else 'embedded ones',
        'yardstick_ms': yardstick.work_ms(began_at, time.time()),
        'ledger_objects': filled['sent'],
        'indicators': INDICATORS,
        'read': job['count_read'],
        'sent': job['count_sent'],
        'seconds': MEASURED_S,
        'asks_others': sorted(_name(method, path) for method, path, _ in asking),
        'calls': {name: _summed(times) for name, times in took.items()},
    }


def _saved(stand: Stand) -> list[Any]:
    """Add the query of the update to that of the ledger."""
    known = stand.api('GET', 'api/configure').json()
    body = {
        'version': known['version'],
        'queries': [*({**LEDGER_QUERY, 'id': each['id']} for each in known['queries']), QUERY],
        'run': None,
    }
    reply = stand.api('PUT', 'api/configure', body)
    assert reply.status_code == 200, reply.text
    queries: list[Any] = reply.json()['queries']
    return queries


def _begun_job(stand: Stand, query_id: str) -> str:
    """Ask for a full update of a query, wait until it reads, and return its Job's Request ID."""
    body = {'mode': 'full', 'query_ids': [query_id]}
    reply = stand.api('POST', 'api/job/request', body)
    assert reply.status_code < 300, reply.text
    (request_id,) = reply.json()['request_ids']
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if stand.api('GET', f'api/job/request/{request_id}').json()['count_read']:
            return str(request_id)
        time.sleep(0.1)
    raise AssertionError('The update did not begin.')


def _calls(request_id: str, saved: Sequence[Any]) -> list[Call]:
    """Return what the App answers by itself."""
    return [
        ('GET', 'api/metric/summary?hours=169', None),
        ('GET', 'api/metric/history?hours=169', None),
        ('GET', 'api/metrics', None),
        ('GET', 'api/health', None),
        ('GET', 'api/configure', None),
        ('PUT', 'api/configure', list(saved)),
        ('GET', 'api/configure/export', None),
        ('GET', 'api/job/update', None),
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


def _asking_others(value: str) -> list[Call]:
    """Return what asks ThreatConnect or Microsoft in turn."""
    return [
        ('GET', 'api/configure/options', None),
        ('POST', 'api/configure/preview', QUERY),
        ('POST', 'api/indicator/detail', {'value': value}),
        ('POST', 'api/health/check', {}),
    ]


def _asked(stand: Stand, calls: Sequence[Call], rounds: Iterable[int]) -> dict[str, list[float]]:
    """Make all calls once in each round; return how many seconds each took."""
    took: dict[str, list[float]] = defaultdict(list)
    for _ in rounds:
        version = stand.api('GET', 'api/configure').json()['version']
        for method, path, body in calls:
            if method == 'PUT':
                body = {'version': version, 'queries': body, 'run': None}  # noqa: PLW2901
            start = time.monotonic()
            reply = stand.api(method, path, body)
            took[_name(method, path)].append(time.monotonic() - start)
            assert reply.status_code == 200, (method, path, reply.text)
    return took


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
