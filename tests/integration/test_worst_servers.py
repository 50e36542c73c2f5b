"""However badly the others answer, the App asks seldom, says why it waits, and comes to an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sentinel_app.core.retry import UPLOAD_POLICY
from tests.engine import Engine, World, hosts, query
from tests.simulators.https import Reply, Request, json_reply

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

UPLOAD_THREADS = 8
BATCHES = 12
MOST_AT_ONCE = 3 * UPLOAD_THREADS
"""Requests to one system in the first ten seconds: each thread's first attempts."""
MOST_PER_MINUTE = 100
MOST_IN_ALL = UPLOAD_THREADS * (UPLOAD_POLICY.told_attempts + 10)

TOKEN: Mapping[str, Any] = {'token_type': 'Bearer', 'expires_in': 3599, 'access_token': 'a-token'}


def status(code: int, **headers: str) -> Reply:
    return Reply(code, b'', {name.replace('_', '-'): value for name, value in headers.items()})


WORST: Mapping[str, Reply] = {
    'empty 200': status(200),
    'garbage': Reply(200, b'\x00\xff{"'),
    'null': Reply(200, b'null'),
    'list': Reply(200, b'[]'),
    'reset': Reply(drop=True),
    'redirect': status(302, Location='/'),
    '400': status(400),
    '401': status(401),
    '403': status(403),
    '404': status(404),
    '429': status(429),
    '429 at once': status(429, Retry_After='0'),
    '429 before': status(429, Retry_After='-5'),
    '429 long ago': status(429, Retry_After='Thu, 01 Jan 1970 00:00:00 GMT'),
    '500': status(500),
    '503 at once': status(503, Retry_After='0'),
}
AT_ENTRA: Mapping[str, Reply] = {
    **WORST,
    'no life': json_reply({**TOKEN, 'expires_in': 0}),
    'negative life': json_reply({**TOKEN, 'expires_in': -1}),
    'later': json_reply({'error': 'temporarily_unavailable'}, 400),
}


@dataclass
class Meter:
    """Answers always the same, and notes when it was asked."""

    world: World
    reply: Reply
    strikes: Callable[[Request], bool]
    at: list[float] = field(default_factory=list)

    def __call__(self, request: Request, reply: Reply) -> Reply:
        if not self.strikes(request):
            return reply
        self.at.append(self.world.clock.monotonic())
        return self.reply

    def most_in(self, seconds: float) -> int:
        """Return how many requests there were in so many seconds at most."""
        return max(
            (sum(begin <= at < begin + seconds for at in self.at) for begin in self.at), default=0
        )


def is_upload(request: Request) -> bool:
    return request.method == 'POST'


def is_token(request: Request) -> bool:
    return request.path.endswith('/token')


def is_metadata(request: Request) -> bool:
    return request.path.endswith('openid-configuration')


@pytest.fixture(scope='module')
def speed() -> float:
    return 1_000.0


@pytest.fixture
def measured(
    world: World, make_engine: Callable[..., Engine]
) -> Iterator[Callable[[str, Meter], dict[str, Any]]]:
    """Makes an update against one that always answers the same, and gives its Job."""

    def measure(side: str, meter: Meter) -> dict[str, Any]:
        world.reset(hosts(100 * BATCHES))
        engine = make_engine(schedule_interval_hours='8784')
        getattr(world, side).alter(meter)
        engine.save_queries([query()], run='full')
        (job,) = engine.last_jobs()
        return job

    yield measure
    for side in (world.entra, world.sentinel, world.threatconnect):
        side.alter(lambda _request, reply: reply)


CASES = [
    *(('sentinel', is_upload, name, reply) for name, reply in WORST.items()),
    *(('entra', is_token, name, reply) for name, reply in AT_ENTRA.items()),
    *(('entra', is_metadata, name, reply) for name, reply in WORST.items()),
]


@pytest.mark.parametrize(
    ('side', 'strikes', 'name', 'reply'),
    CASES,
    ids=[f'{side}-{strikes.__name__[3:]}-{name}' for side, strikes, name, _ in CASES],
)
def test_an_update_ends_in_words_after_few_requests(
    world: World,
    measured: Any,
    caplog: pytest.LogCaptureFixture,
    record_property: Any,
    side: str,
    strikes: Any,
    name: str,
    reply: Reply,
) -> None:
    meter = Meter(world, reply, strikes)
    began = time.monotonic()
    job = measured(side, meter)
    figures = (meter.most_in(10), meter.most_in(60), len(meter.at))
    record_property(
        'requests', f'{side} {strikes.__name__[3:]} {name}: {figures} {job["failure_code"]}'
    )
    print(
        f'\nFIG {side} {strikes.__name__[3:]} {name}: {figures} {job["status"]} {job["failure_code"]} {job["failure_reason"]} {time.monotonic() - began:.1f}'
    )
    is_sound = side == 'sentinel' and name == 'empty 200' or name in {'no life', 'negative life'}
    if not is_sound:
        assert (job['status'], bool(job['failure_reason'])) == ('Failed', True), job
    assert figures[1] <= MOST_PER_MINUTE
    assert figures[2] <= MOST_IN_ALL
