"""Any odd value in any member of any answer: nothing stops, nothing is spoilt, and it heals.

Each place of an answer is spoilt in turn, another value at each request, while updates run and the
page asks. However little an update then brings, it ends, its account adds up, and every call is
answered; once the answers are sound, the next update makes Sentinel right. By default some values
are tried in each place, others in the next; `ODD_ANSWERS=full` tries every value in every place,
which takes hours, and `ODD_ANSWERS=100` a hundred.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

import pytest

from tests.harness.engine import Engine, ScaledClock, World, brief, hosts, query
from tests.harness.soak import IS_SOAK
from tests.simulators.certificates import Certificates
from tests.simulators.demo import load_indicators
from tests.simulators.https import Reply, Request
from tests.simulators.odd import Oddity, oddities, paths, written

pytestmark = [pytest.mark.integration, pytest.mark.timeout(0)]

SAMPLE = 6
"""Odd answers of each kind."""

SPEED = 300.0

MOST_REQUESTS = 400
"""To any one system in one update of a few Indicators."""

MOST_UPDATES = 3_000
LIST = '/api/v3/indicators'
ROWS_OF_TYPE = 8
FATAL_MEMBERS = frozenset({'id', 'ownerName', 'type', 'active'})
"""Of a row: an odd one spoils the whole page."""

ERROR = {'status': 'Error', 'message': 'A word about what was wrong'}
REFUSAL = {
    'error': 'invalid_client',
    'error_description': 'AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1',
    'error_codes': [7000215],
    'timestamp': '2025-06-01 00:00:00Z',
    'suberror': 'bad_token',
    'claims': '{}',
}
REFUSED = {
    'errors': [
        {'recordIndex': 0, 'errorMessages': ['Error for Property=pattern: bad.']},
        {'recordIndex': 3, 'validationErrorMessages': ['Error for Property=name: bad.']},
    ]
}
DENIED = {'error': {'code': 'BadRequest', 'message': 'The request is malformed.', 'details': []}}
TOKEN = {'refresh_in': 1800, 'scope': 'x', 'id_token': 'x', 'client_info': 'e30', 'foci': 1}
HEADERS = {
    'Retry-After': (
        *('', '0', '-5', '1e999', 'nan', '9' * 5000, '٣', '1.5.5', 'Fri, 31 Dec 9999 23:59:59 GMT'),
        *('Mon, 01 Jan 0001 00:00:00 +9999', 'Mon, 99 Jan 99999 99:99:99 GMT', '2025-01-01', ','),
    ),
    'Date': ('', 'x', '0', 'Fri, 31 Dec 9999 23:59:59 -2359', 'Mon, 01 Jan 0001 00:00:00 +2359'),
    'Content-Type': ('', 'text/html', 'application/json; charset=utf-16', 'a' * 5000, 'é'),
    'Content-Length': ('0', '1', '-1', '9' * 30, 'x', ''),
    'Content-Encoding': ('gzip', 'br', 'x', 'gzip, gzip, gzip, gzip, gzip, gzip, gzip', ''),
    'Transfer-Encoding': ('chunked', 'gzip, chunked', 'x'),
    'Location': ('//[', 'https://[::1', 'https://x:99999999/', '/', 'javascript:1', 'é'),
    'Set-Cookie': ('a=b; Domain=.', 'a' * 5000, '=;', 'a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT'),
    'x-ms-error-code': ('a' * 5000, 'é', '<script>', ''),
    'WWW-Authenticate': ('Bearer', 'Basic realm="', 'é'),
}
SUCCESSES = (200, 204, 299)
FAILURES = (302, 308, 400, 401, 403, 404, 429, 503, 599, 600, 999)

Strikes = Callable[[Request], bool]
Lie = tuple[str, Callable[[Reply], Reply]]


def counted(request: Request) -> bool:
    """Whether only the number of Indicators is asked for."""
    return request.path == LIST and dict(request.query).get('resultLimit') == '1'


def listed(request: Request) -> bool:
    return request.path == LIST and not counted(request)


def below(path: str) -> Strikes:
    return lambda request: request.path.startswith(path)


def ends(tail: str) -> Strikes:
    return lambda request: request.path.endswith(tail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Answers of one kind.

    Attributes:
        side: whose, as an attribute of the world.
        strikes: which requests are answered so.
        lies: makes the answers, of an honest one.
        is_success: whether what is told looks like a success. It stands only in the place of one:
            otherwise nobody could see that it is a lie.
        mode: of the updates that ask.
        is_page: only the page asks, no update does.
        rows: Indicators of any type that there are.
    """

    side: str
    strikes: Strikes
    lies: Callable[[Reply], Iterator[Lie]]
    is_success: bool = True
    mode: str = 'full'
    is_page: bool = False
    rows: int = 20


def any_member(added: Mapping[str, Any] = MappingProxyType({})) -> Callable[[Reply], Iterator[Lie]]:
    """Spoil each member of an honest answer, and of what it could hold as well."""

    def lies(honest: Reply) -> Iterator[Lie]:
        for odd in oddities([*paths(added | json.loads(honest.body))]):

            def spoilt(reply: Reply, odd: Oddity = odd) -> Reply:
                body = added | json.loads(reply.body)
                return replace(reply, body=written(body, odd).encode())

            yield str(odd), spoilt

    return lies


def any_word(body: Any, *statuses: int) -> Callable[[Reply], Iterator[Lie]]:
    """Spoil each member of an answer that is no success."""

    def lies(_honest: Reply) -> Iterator[Lie]:
        for number, odd in enumerate(oddities([*paths(body)])):
            for status in statuses if IS_SOAK else [statuses[number % len(statuses)]]:
                reply = Reply(status, written(body, odd).encode(), {'Retry-After': '1'})
                yield f'{status} {odd}', lambda _reply, reply=reply: reply

    return lies


def any_header(*statuses: int) -> Callable[[Reply], Iterator[Lie]]:
    """Yield each header with odd values, with each status."""

    def lies(_honest: Reply) -> Iterator[Lie]:
        everything = [(name, value) for name, values in HEADERS.items() for value in values]
        for number, (name, value) in enumerate(everything):
            # Otherwise who believes in a longer body would wait for it, and that takes minutes.
            added = {'Connection': 'close', name: value.encode().decode('latin-1')}
            for status in statuses if IS_SOAK else [statuses[number % len(statuses)]]:

                def spoilt(
                    reply: Reply, status: int = status, added: Mapping[str, str] = added
                ) -> Reply:
                    return replace(reply, status=status, headers={**reply.headers, **added})

                yield f'{status} {name}: {value[:40]}', spoilt

    return lies


def any_member_of_rows(honest: Reply) -> Iterator[Lie]:
    """Spoil a page of Indicators, each row in another member."""
    by_type: dict[str, deque[Oddity]] = {}
    for row in json.loads(honest.body)['data']:
        found = [path for path in paths(row) if path and path[0] not in FATAL_MEMBERS]
        by_type.setdefault(
            row['type'], deque(each for each in oddities(found) if is_json(each.raw))
        )
    while any(by_type.values()):
        turn = {
            name: [left.popleft() for _ in range(min(ROWS_OF_TYPE, len(left)))]
            for name, left in by_type.items()
        }

        def spoilt(reply: Reply, turn: Mapping[str, list[Oddity]] = turn) -> Reply:
            answer = json.loads(reply.body)
            left = {name: deque(odd) for name, odd in turn.items()}
            rows = [
                written(row, left[row['type']].popleft())
                if left.get(row['type'])
                else json.dumps(row)
                for row in answer['data']
            ]
            head = json.dumps({**answer, 'data': []})
            return replace(
                reply, body=head.replace('"data": []', f'"data": [{",".join(rows)}]').encode()
            )

        yield 'rows', spoilt


def is_json(raw: str) -> bool:
    """Whether a page with this is one all the same."""
    try:
        json.loads(raw or '0', parse_constant=int)
    except (ValueError, RecursionError):
        return False
    return True


PLACES: dict[str, Place] = {
    'page': Place(side='threatconnect', strikes=listed, lies=any_member()),
    'rows': Place(side='threatconnect', strikes=listed, lies=any_member_of_rows, rows=60),
    'count': Place(side='threatconnect', strikes=counted, lies=any_member()),
    'deleted': Place(
        side='threatconnect', strikes=below(f'{LIST}/deleted'), lies=any_member(), mode='delta'
    ),
    'owners': Place(
        side='threatconnect',
        strikes=below('/api/v3/security/owners'),
        lies=any_member({'next': None}),
        is_page=True,
    ),
    'keywords': Place(
        side='threatconnect', strikes=below(f'{LIST}/tql'), lies=any_member(), is_page=True
    ),
    'threatconnect-word': Place(
        side='threatconnect',
        strikes=below('/api/v3'),
        lies=any_word(ERROR, 200, 400, 401, 403, 404, 429, 500),
    ),
    'threatconnect-header': Place(
        side='threatconnect', strikes=below('/api/v3'), lies=any_header(*SUCCESSES, *FAILURES)
    ),
    'metadata': Place(side='entra', strikes=ends('openid-configuration'), lies=any_member()),
    'token': Place(side='entra', strikes=ends('/token'), lies=any_member(TOKEN)),
    'entra-word': Place(
        side='entra', strikes=ends('/token'), lies=any_word(REFUSAL, 400, 401, 429, 500)
    ),
    'entra-header': Place(
        side='entra', strikes=ends('/token'), lies=any_header(*SUCCESSES, *FAILURES)
    ),
    'refused': Place(side='sentinel', strikes=ends(':upload'), lies=any_word(REFUSED, 200)),
    'sentinel-word': Place(
        side='sentinel',
        strikes=ends(':upload'),
        lies=any_word(DENIED, 400, 401, 403, 404, 413, 429, 500),
        is_success=False,
    ),
    'accepted-header': Place(side='sentinel', strikes=ends(':upload'), lies=any_header(*SUCCESSES)),
    'sentinel-header': Place(
        side='sentinel', strikes=ends(':upload'), lies=any_header(*FAILURES), is_success=False
    ),
}


class Liar:
    """Tells one lie after another in one place, until there are no more."""

    def __init__(self, place: Place, start: int) -> None:
        self._place = place
        self._start = start
        self._lock = threading.Lock()
        self._left: deque[Lie] | None = None
        self.told: list[str] = []

    @property
    def is_done(self) -> bool:
        return self._left is not None and not self._left

    def __call__(self, request: Request, reply: Reply) -> Reply:
        place = self._place
        if not place.strikes(request) or (place.is_success and reply.status != 200):
            return reply
        with self._lock:
            if self._left is None:
                self._left = deque(self._chosen(reply))
            if not self._left:
                return reply
            name, lie = self._left.popleft()
            self.told.append(name)
        return lie(reply)

    def _chosen(self, honest: Reply) -> list[Lie]:
        everything = [*self._place.lies(honest)]
        if IS_SOAK:
            # Mixed: an update would wait for all those that ask it to, one after the other.
            random.Random(self._start).shuffle(everything)
            return everything
        step = max(1, len(everything) // SAMPLE)
        return everything[self._start % step :: step][:SAMPLE]


class Trial:
    """The App among the stand-ins, one of which answers oddly."""

    def __init__(self, world: World, engine: Engine, place: Place) -> None:
        self.world = world
        self.engine = engine
        self.place = place
        self.updates = 0

    def begin(self) -> None:
        self.world.reset(load_indicators(self.place.rows, own=True) + hosts(20))
        self.engine.save_queries([query(), query('confidence >= 0', sort_field='rating')])
        self.engine.run_update('full')
        self.engine.assert_right()

    def run(self, liar: Callable[[Request, Reply], Reply], is_done: Callable[[], bool]) -> None:
        """Update and ask until everything odd has been said, and then soundly."""
        side = getattr(self.world, self.place.side)
        side.alter(liar)
        if not self.place.is_success:
            # Nothing is stored of what is not accepted.
            self.world.sentinel.faults.add('empty-500')
        try:
            while not is_done():
                self.lied_to()
                while self.place.is_page and not is_done():
                    self.world.clock.advance(400)
                    self._ask('GET', 'api/configure/options')
        finally:
            side.alter(lambda _request, reply: reply)
            self.world.clear_faults()
        self.healed()

    def lied_to(self) -> None:
        self.updates += 1
        assert self.updates <= MOST_UPDATES, 'nobody asks'
        self._change()
        world = self.world
        before = self._requests()
        for job in self.engine.run_update(self.place.mode):
            if job['status'] == 'Failed':
                assert job['failure_code'], brief(job)
                assert job['failure_reason'], brief(job)
        assert max(now - then for now, then in zip(self._requests(), before, strict=True)) <= (
            MOST_REQUESTS
        )
        if self.updates % 3 == 1:
            self.ask()
        assert world.sentinel.anomalies() == []

    def _requests(self) -> tuple[int, ...]:
        world = self.world
        return (
            world.threatconnect.request_count,
            len(world.entra.requests),
            len(world.sentinel.requests),
        )

    def _change(self) -> None:
        """See that there is something to send and something gone, and that a token is asked for."""
        store = self.world.store
        found = store.rows()
        for row in found[:40]:
            store.modify(row['id'], confidence=(row.get('confidence') or 0) % 100 + 1)
        store.delete(found[-1]['id'])
        store.add(hosts(1, prefix=f'new-{self.updates}-')[0] | {'lastModified': None})
        self.world.entra.issuer.invalidate_all()

    def ask(self) -> None:
        """Make every call: none may fail for a fault of the App."""
        engine = self.engine
        jobs = engine.last_jobs()
        for path in (*CALLS, *(f'api/job/request/{job["request_id"]}' for job in jobs)):
            self._ask('GET', path)
        for path in CSV_CALLS:
            reply = engine.api('GET', path, headers={'Accept': 'text/csv'})
            assert reply.status_code == 200, (path, reply.text)
        plain = {name: each for name, each in query().items() if 'sort' not in name}
        self._ask('POST', 'api/configure/check', plain)
        self._ask('POST', 'api/configure/preview', plain)
        self._ask('POST', 'api/indicator/detail', {'value': 'h1.example.com'})
        self._ask('POST', 'api/health/check', {})

    def _ask(self, method: str, path: str, body: Any = None) -> None:
        reply = self.engine.api(method, path, body)
        # 503 is what a call says whose answer another system owes.
        assert reply.status_code < 500 or reply.status_code == 503, (method, path, reply.text)
        if 'json' in reply.headers.get('content-type', ''):
            json.loads(reply.text)

    def healed(self) -> None:
        """Sound answers make all right, also for a Service that starts anew."""
        engine = self.engine
        # Of all odd answers so many refuse a withdrawal that none but a full update tries it again.
        for job in engine.run_update('full' if IS_SOAK else 'reconcile'):
            assert job['status'] == 'Upload Complete', brief(job)
        engine.assert_right()
        assert engine.unforeseen == []


CALLS = tuple(
    f'api/{path}'
    for path in (
        *('configure', 'configure/options', 'configure/export', 'job/request?limit=100', 'task'),
        *('report/error?limit=100', 'report/audit?limit=100', 'metric/summary', 'metric/history'),
        *('metrics', 'health', 'openapi.json'),
    )
)
CSV_CALLS = ('api/report/error', 'api/report/audit')


class Tracebacks(logging.Handler):
    """Remembers what the log says of exceptions that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or 'Traceback' in record.getMessage():
            self.lines.append(record.getMessage())


@pytest.fixture(scope='module')
def odd_world(certificates: Certificates) -> Iterator[World]:
    with World(certificates, clock=ScaledClock(SPEED)) as world:
        yield world


@pytest.fixture
def engine(odd_world: World, tmp_path: FilePath) -> Iterator[Engine]:
    heard = Tracebacks()
    logging.getLogger().addHandler(heard)
    policy = {'withdraw_indicators': 'Deleted or no longer matching'}
    with Engine(odd_world, tmp_path / 'app', withdraw_limit_percent='100', **policy) as engine:
        yield engine
        odd_world.clear_faults()
    logging.getLogger().removeHandler(heard)
    assert heard.lines == []


@pytest.mark.parametrize('name', PLACES)
def test_odd_values_in_any_member_of_any_answer_stop_and_damage_nothing(
    odd_world: World, engine: Engine, name: str, record_property: Callable[[str, object], None]
) -> None:
    place = PLACES[name]
    trial = Trial(odd_world, engine, place)
    trial.begin()
    liar = Liar(place, start=[*PLACES].index(name))
    try:
        trial.run(liar, lambda: liar.is_done)
    except AssertionError as error:
        raise AssertionError(f'after {liar.told[-40:]}: {error}') from error
    record_property('odd answers', len(liar.told))
    engine.restart()
    trial.ask()
    engine.assert_right()
