"""However badly the others answer, the App asks seldom, says why it waits, and comes to an end.

The daily tests take a quarter of the answers; `WORST_SERVERS=full` tries all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from sentinel_app.api.user import WhoAmI
from sentinel_app.clock import SystemClock
from sentinel_app.core.retry import UPLOAD_POLICY
from sentinel_app.network.exchange import Answer, HttpClient
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.whoami import WhoAmIClient
from tests.harness.engine import Engine, ScaledClock, SignedSession, World, hosts, query
from tests.harness.soak import IS_SOAK
from tests.simulators.certificates import Certificates
from tests.simulators.https import Reply, Request, json_reply

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

UPLOAD_THREADS = 8
BATCHES = 8
MOST_AT_ONCE = 6 * UPLOAD_THREADS
"""Requests for tokens in the first ten seconds: each thread's first attempts."""
MOST_PER_MINUTE = 100
"""Uploads are held to it by the rate limiter, which has tests of its own."""
MOST_IN_ALL = UPLOAD_THREADS * (UPLOAD_POLICY.retry_after_attempts + 10)

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


class PatientClock(ScaledClock):
    """Knows how long each thread has waited, in its own time, whatever else took how long."""

    def __init__(self) -> None:
        super().__init__(1_000.0)
        self._own = threading.local()

    @property
    def waited_s(self) -> float:
        return getattr(self._own, 'waited_s', 0.0)

    def wait(self, stop: Any, seconds: float) -> bool:
        self._own.waited_s = self.waited_s + max(0.0, seconds)
        return super().wait(stop, seconds)


class Meter:
    """Notes the requests to one address: when each was made, had nothing taken time but waiting."""

    def __init__(self, clock: PatientClock, strikes: Callable[[str, str], bool]) -> None:
        self._clock = clock
        self._strikes = strikes
        self._first: dict[int, float] = {}
        self.at: list[float] = []

    def note(self, method: str, url: str) -> None:
        if self._strikes(method, url):
            now = self._clock.waited_s
            self.at.append(now - self._first.setdefault(threading.get_ident(), now))

    def within(self, seconds: float) -> int:
        """Return how many requests there were in the first seconds."""
        return sum(at < seconds for at in self.at)


def is_upload(_method: str, url: str) -> bool:
    return 'threat-intelligence' in url


def is_token(_method: str, url: str) -> bool:
    return url.endswith('/token')


def is_metadata(_method: str, url: str) -> bool:
    return url.endswith('openid-configuration')


@pytest.fixture(scope='module')
def shared_world(certificates: Certificates) -> Iterator[World]:
    with World(certificates, clock=PatientClock()) as world:
        yield world


@pytest.fixture
def measured(
    world: World, make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Any, Any, Reply], tuple[dict[str, Any], Meter]]]:
    """Makes an update against one that always answers the same; gives its Job and the requests."""
    exchange = HttpClient.exchange

    def measure(
        side: Any, strikes: Callable[[str, str], bool], reply: Reply
    ) -> tuple[dict[str, Any], Meter]:
        world.reset(hosts(100 * BATCHES))
        clock = world.clock
        assert isinstance(clock, PatientClock)
        meter = Meter(clock, strikes)

        def noted(client: HttpClient, method: str, url: str, **options: Any) -> Answer:
            meter.note(method, url)
            return exchange(client, method, url, **options)

        monkeypatch.setattr(HttpClient, 'exchange', noted)
        engine = make_engine()
        side.alter(
            lambda request, honest: reply if strikes(request.method, request.path) else honest
        )
        engine.save_queries([query()], run='full')
        (job,) = engine.last_jobs()
        return job, meter

    yield measure
    for side in (world.entra, world.sentinel, world.threatconnect):
        side.alter(lambda _request, honest: honest)


CASES = [
    *(('sentinel', is_upload, name, reply) for name, reply in WORST.items()),
    *(('entra', is_token, name, reply) for name, reply in AT_ENTRA.items()),
    *(
        ('entra', is_metadata, name, WORST[name])
        for name in ('garbage', 'redirect', '401', '429 at once', '500')
    ),
][:: 1 if IS_SOAK else 6]


@pytest.mark.parametrize(
    ('side', 'strikes', 'name', 'reply'),
    CASES,
    ids=[f'{side}-{strikes.__name__[3:]}-{name}' for side, strikes, name, _ in CASES],
)
def test_update_ends_in_words_after_few_requests(
    world: World,
    measured: Any,
    caplog: pytest.LogCaptureFixture,
    record_property: Callable[[str, object], None],
    side: str,
    strikes: Any,
    name: str,
    reply: Reply,
) -> None:
    with caplog.at_level('WARNING', logger='sentinel_app'):
        job, meter = measured(getattr(world, side), strikes, reply)
    figures = (meter.within(10), meter.within(60), len(meter.at))
    record_property('requests in 10 s, in 60 s, in all', figures)
    # Nothing in it is what the specification calls a success.
    if (side, name) != ('sentinel', 'empty 200'):
        assert (job['status'], bool(job['failure_reason'])) == ('Failed', True), job
        assert job['failure_code'].startswith('AZ-')
    if side == 'entra':
        assert figures[0] <= MOST_AT_ONCE
        assert figures[1] <= MOST_PER_MINUTE
    assert figures[2] <= MOST_IN_ALL
    waits = [each.getMessage() for each in caplog.records if 'wait_s=' in each.getMessage()]
    assert all('reason=' in each and 'reason="" ' not in each for each in waits)


def test_caller_is_looked_up_once_however_whoami_answers(world: World) -> None:
    """A page that asks again and again must not have ThreatConnect asked each time."""
    for reply in (*WORST.values(), json_reply({'status': 'Success', 'data': {'user': {}}})):
        asked: list[str] = []

        def answer(request: Request, _honest: Reply, reply: Reply = reply) -> Reply:
            asked.append(request.path)  # noqa: B023 - used before the next turn
            return reply

        world.threatconnect.alter(answer)
        with SignedSession(world) as session:
            client = WhoAmIClient(lambda _token: session, clock=world.clock, redactor=Redactor())
            who = WhoAmI(client, clock=SystemClock())
            assert [who.user_of('token') for _ in range(20)] == [None] * 20
        assert asked == ['/api/v2/whoami']
    world.threatconnect.alter(lambda _request, honest: honest)
