"""How close an update comes to the limit of Sentinel's API, against a stand-in that keeps it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.bench.rows import rows_of_objects
from tests.bench.subject import QUERY, Figures, Subject
from tests.harness.engine import World
from tests.simulators.https import Reply, Request
from tests.simulators.sentinel import RetryAfter

LIMIT = 100
"""Requests that Sentinel takes in a window."""
WINDOW_S = 60.0
OBJECT_COUNTS = (12_000, 25_000)
NUMBERS = (1, 10, 20, 50, 100, 101, 250)
"""Of the requests whose times are told."""
_TROUBLED_COUNT = 25_000


def least_s(requests: int) -> float:
    """Return the time before which the last of so many requests may not go at the limit."""
    return (requests - 1) // LIMIT * WINDOW_S


@dataclass(slots=True)
class _Answers:
    """Notes when the last answer went out."""

    latency_s: float
    last_at: float = field(default=0.0)

    def note(self, _request: Request, reply: Reply) -> Reply:
        self.last_at = max(self.last_at, time.time() + reply.wait_s)
        return reply


def measure(subject: Subject, counts: Iterable[int] = OBJECT_COUNTS) -> Figures:
    """Measure full updates of so many objects."""
    return {str(count): _measure(subject, count, f'{count:,} objects') for count in counts}


def measure_troubled(subject: Subject) -> Figures:
    """Measure a full update whose answers take long, and one with faults."""
    return {
        '3 s of latency': _measure(subject, _TROUBLED_COUNT, '3 s of latency', latency_s=3.0),
        'no Retry-After, 5 % faults': _measure(
            subject, _TROUBLED_COUNT, 'no Retry-After, 5 % faults', has_faults=True
        ),
    }


def _measure(
    subject: Subject, count: int, name: str, *, latency_s: float = 0.0, has_faults: bool = False
) -> Figures:
    rows = rows_of_objects(count)
    with subject.world(rows, limit_count=LIMIT, latency_s=latency_s) as world:
        if has_faults:
            world.sentinel.settings.retry_after = RetryAfter.OMIT
            world.sentinel.faults.add('random', rate=0.05, seed=9)
        answers = _Answers(latency_s)
        world.sentinel.alter(answers.note)
        (report,) = subject.updates(world, is_sink_instant=False)
        figures = _judged(world, report, answers.last_at)
    assert figures['objects'] == count, figures
    subject.say(f'pace, {name}: {figures}')
    return figures


def _judged(world: World, report: Figures, last_at: float) -> Figures:
    (job,) = report['jobs']
    live, wanted = world.live(), world.expected([QUERY])
    lost = [
        pattern
        for pattern, want in wanted.items()
        if pattern not in live or not want.fits(live[pattern])
    ]
    requests = world.sentinel.requests
    first_at = requests[0].at
    return {
        'status': job['status'],
        'indicators': job['count_read'],
        'objects': job['count_object'],
        'requests': len(requests),
        'to_first_s': first_at - report['began_at'],
        'sending_s': last_at - first_at,
        'wall_s': report['wall_s'],
        'cpu_s': report['cpu_s'],
        'offsets_s': {
            str(number): requests[number - 1].at - first_at
            for number in NUMBERS
            if number <= len(requests)
        },
        'throttled': sum(seen.status == 429 for seen in requests),
        'faults': sum(seen.fault is not None for seen in requests),
        'busiest': world.sentinel.limit.busiest(),
        'lost': len(lost),
        'surplus': len(live.keys() - wanted.keys()),
        'yardstick_ms': report['yardstick_ms'],
    }
