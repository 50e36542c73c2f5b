"""The update engine in this process, between the stand-ins: the real container, no framework.

`World` is what stands around the App, with one clock for all of it; `Engine` is the App itself.
Both know nothing of the App's inside: what they ask goes through its HTTP API and the stand-ins.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, Self

import requests
from falcon import testing

from sentinel_app.config.settings import read_settings
from sentinel_app.container import Container, Platform, build_container
from tests.harness.expectation import Expected, expected_objects
from tests.harness.waiting import PATIENCE_S, until
from tests.simulators.certificates import Certificates
from tests.simulators.entra import EntraSimulator
from tests.simulators.log_analytics import LogAnalyticsSimulator
from tests.simulators.sentinel import SentinelSimulator
from tests.simulators.stand import app_inputs
from tests.simulators.threatconnect import (
    ACCESS_ID,
    SECRET_KEY,
    Store,
    ThreatConnectSimulator,
)
from tests.simulators.threatconnect.auth import sign

Job = dict[str, Any]
QueryBody = dict[str, Any]

OUTCOMES = (
    *('sent', 'unchanged', 'duplicate', 'withheld', 'expired'),
    *('unsupported', 'invalid', 'refused', 'withdrawn', 'failed'),
)
FINAL = frozenset({'Upload Complete', 'Failed', 'Cancelled'})
OPEN = (  # as filters are spelled
    *('pending', 'download-in-progress', 'download-complete', 'convert-in-progress'),
    *('convert-complete', 'upload-in-progress'),
)
OWNERS = ('Demo Organization', 'Demo Research', 'OSINT Community')
TYPES = (
    *('Address', 'ASN', 'CIDR', 'EmailAddress', 'Email Subject'),
    *('File', 'Host', 'Registry Key', 'URL'),
)
CA_VARIABLES = ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE')
_STOP_S = 10.0
_LONGEST_STALL_S = 30.0
"""Real seconds for which a busy machine may let a process stand still."""


class ScaledClock:
    """The machine's clock, running faster; implements `Clock`, and waits accordingly shorter.

    Args:
        speed: simulated seconds in one real second.
        anchor: real epoch seconds at which simulated and real time were equal ...
        ahead_s: ... but for this. A child process that is given both has its parent's time.
    """

    def __init__(
        self, speed: float = 50.0, anchor: float | None = None, ahead_s: float = 0.0
    ) -> None:
        self.speed = speed
        self.anchor = time.time() if anchor is None else anchor
        self.ahead_s = ahead_s

    def time(self) -> float:
        """Simulated epoch seconds."""
        return self.anchor + (time.time() - self.anchor) * self.speed + self.ahead_s

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.time(), dt.UTC)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed + self.ahead_s

    def wait(self, stop: Any, seconds: float) -> bool:
        return bool(stop.wait(max(0.0, seconds) / self.speed))

    def advance(self, seconds: float) -> None:
        """Leap ahead; who is waiting still waits for as long as it would have."""
        self.ahead_s += seconds


class TimedStore(Store):
    """What ThreatConnect holds, in the time of a clock, and exchangeable."""

    def __init__(
        self, clock: ScaledClock, rows: Iterable[Mapping[str, Any]] = (), **around: Any
    ) -> None:
        self._clock = clock
        self._first_id = 0
        super().__init__(rows, **around)

    def now(self) -> dt.datetime:
        return self._clock.now() + dt.timedelta(seconds=self.clock_offset_s)

    def load(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Hold these rows instead; ids go on, as an id is never given to another value."""
        with self.lock:
            version = self.version
            self._first_id = self._next_id
            self._start(rows)
            self._initial = tuple(self._rows.values())
            self.version = version + 1

    def _complete(self, row: Mapping[str, Any], now: str) -> dict[str, Any]:
        self._next_id = max(self._next_id, self._first_id)
        return super()._complete(row, now)


class World:
    """ThreatConnect, Entra ID, Sentinel and its tables on loopback; a context manager.

    While it is entered, the environment names its authority, as an operator's would.
    """

    def __init__(
        self,
        certificates: Certificates,
        *,
        rows: Iterable[Mapping[str, Any]] = (),
        clock: ScaledClock | None = None,
        limit_count: int = 1_000_000,
        latency_s: float = 0.0,
    ) -> None:
        self.certificates = certificates
        self.clock = clock or ScaledClock()
        self.store = TimedStore(self.clock, rows)
        self.threatconnect = ThreatConnectSimulator(certificates, self.store)
        # A request that a busy machine delays ages faster than in real time, as the clock runs
        # faster.
        self.threatconnect.gate.max_skew_s += _LONGEST_STALL_S * (self.clock.speed - 1)
        self.entra = EntraSimulator(certificates)
        self.sentinel = SentinelSimulator(
            certificates,
            self.entra.issuer,
            limit_count=limit_count,
            latency_s=latency_s,
            clock=self.clock.time,
        )
        self.logs = LogAnalyticsSimulator(
            certificates, self.entra.issuer, self.sentinel, clock=self.clock.time
        )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            before = {name: os.environ.get(name) for name in CA_VARIABLES}
            stack.callback(_restore, before)
            os.environ.update(dict.fromkeys(CA_VARIABLES, str(self.certificates.ca)))
            for simulator in (self.threatconnect, self.entra, self.sentinel, self.logs):
                stack.enter_context(simulator)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def api_url(self) -> str:
        """Where ThreatConnect's API begins."""
        return self.threatconnect.api_url

    def clear_faults(self) -> None:
        """Let everything work again."""
        self.threatconnect.faults.off()
        self.threatconnect.after_page.clear()
        self.entra.faults.clear()
        self.sentinel.faults.clear()
        self.logs.faults.clear()

    def reset(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        """Begin anew with these rows, without faults, and with nothing in Sentinel."""
        self.clear_faults()
        self.threatconnect.reset()
        self.store.load(rows)
        self.sentinel.forget()
        self.sentinel.settings = type(self.sentinel.settings)()
        self.sentinel._gateway._settings = self.sentinel.settings
        self.logs.forget()
        for each in dataclasses.fields(self.logs.settings):
            setattr(self.logs.settings, each.name, each.default)

    def inputs(self, **changes: str | None) -> dict[str, str | None]:
        """Return the App's inputs; by default nothing is scheduled while a test lasts."""
        quiet = {
            'schedule_interval_hours': '8784',
            'reconcile_interval_hours': '0',
            'verify_interval_hours': '0',
            'match_interval_hours': '0',
        }
        return (
            app_inputs(entra=self.entra, sentinel=self.sentinel, logs=self.logs) | quiet | changes
        )

    def expected(
        self,
        queries: Sequence[QueryBody],
        may_be_sent: Callable[[Mapping[str, Any]], bool] | None = None,
    ) -> dict[str, Expected]:
        """Return what Sentinel should hold, by pattern, worked out from ThreatConnect's rows."""
        return expected_objects(self.store, queries, may_be_sent)

    def live(self, source_system: str = 'ThreatConnect-StandIn') -> dict[str, dict[str, Any]]:
        """Return the Indicators that Sentinel holds and believes now, by pattern.

        Raises:
            AssertionError: one value is there twice, or Sentinel saw what it never should.
        """
        now = self.clock.now()
        found: dict[str, dict[str, Any]] = {}
        for stix in self.sentinel.held_objects(source_system, 'indicator').values():
            until_at = dt.datetime.fromisoformat(stix['valid_until'])
            if stix.get('revoked') or until_at <= now:
                continue
            assert stix['pattern'] not in found, f'{stix["pattern"]} is live twice'
            found[stix['pattern']] = stix
        assert self.sentinel.anomalies() == []
        return found


class Around(Protocol):
    """What the App needs to know of the world around it; `World` itself, or its description."""

    certificates: Certificates
    clock: ScaledClock

    @property
    def api_url(self) -> str: ...

    def inputs(self, **changes: str | None) -> dict[str, str | None]: ...


class SignedSession(requests.Session):
    """A session as the platform gives it: relative addresses, and each request signed."""

    def __init__(self, around: Around) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = str(around.certificates.ca)
        self.auth = self._sign
        self._base = around.api_url
        self._clock = around.clock

    def request(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().request(method, f'{self._base}{url}', *args, **options)

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        timestamp = str(int(self._clock.time()))
        signature = sign(SECRET_KEY, request.path_url, str(request.method), timestamp)
        request.headers['Timestamp'] = timestamp
        request.headers['Authorization'] = f'TC {ACCESS_ID}:{signature}'
        return request


class _Unforeseen(logging.Handler):
    """Remembers what the App's log says of exceptions that nobody foresaw."""

    EVENTS = ('event=worker-failed', 'event=tick-failed')

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if line.startswith(self.EVENTS):
            self.lines.append(line)


class Engine:
    """The App over one folder; `start`, `stop` and `restart` it, or use it as a context manager.

    Whoever waits for it fails at once where it meets an exception that nobody foresaw, unless the
    test expects that.
    """

    def __init__(self, world: World, folder: Path, **inputs: str | None) -> None:
        self.world = world
        self.folder = folder
        self.inputs = world.inputs(**inputs)
        self.queries: list[QueryBody] = []
        """As they were saved last, with their ids."""
        self.environ: dict[str, str] = {}
        """What the platform adds to each request."""
        self.expects_unforeseen = False
        self._unforeseen = _Unforeseen()
        self.container: Container
        self._session: requests.Session

    def start(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._session = SignedSession(self.world)
        settings = read_settings(self.inputs)
        logging.getLogger('sentinel_app').addHandler(self._unforeseen)
        self.container = build_container(settings, self._platform(), self.world.clock)
        self.container.lifecycle.start()
        return self

    def _platform(self) -> Platform:
        return Platform(
            threatconnect_session=self._session,
            microsoft_proxies={},
            data_dir=self.folder,
            notification=lambda: _notification(self._session),
        )

    def stop(self) -> None:
        logging.getLogger('sentinel_app').removeHandler(self._unforeseen)
        # The container measures the time for its end by the clock of the world.
        self.container.lifecycle.stop(_STOP_S * self.world.clock.speed)
        self._session.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def unforeseen(self) -> list[str]:
        """The log's lines about exceptions that nobody foresaw."""
        return self._unforeseen.lines

    def until(
        self, is_so: Callable[[], object], complaint: Any, timeout_s: float = PATIENCE_S
    ) -> None:
        """Wait until it is so.

        Raises:
            AssertionError: it is not in time, or the App met what nobody foresaw.
        """

        def is_so_or_hopeless() -> object:
            assert self.expects_unforeseen or not self.unforeseen, self.unforeseen[0]
            return is_so()

        until(is_so_or_hopeless, complaint, timeout_s)

    # -- the API

    def api(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> testing.Result:
        """Make one request, `path` below the App's address."""
        way, _, query = path.partition('?')
        sent = {'content-type': 'application/json'} if body is not None else {}
        environ = testing.create_environ(
            f'/{way}',
            query_string=query,
            method=method,
            headers={**sent, **(headers or {})},
            body='' if body is None else json.dumps(body),
        )
        environ |= self.environ
        # Falcon's own client checks each request and reply against the WSGI standard, as the tests
        # of the API do; here most requests ask whether an update has ended yet.
        begun = testing.StartResponseMock()
        reply = self.container.wsgi(environ, begun)
        assert begun.status is not None
        return testing.Result(reply, begun.status, begun.headers or [])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Make one request that must succeed, and give its JSON."""
        reply = self.api(method, path, body)
        assert reply.status_code < 300, f'{method} {path}: {reply.status} {reply.text}'
        return reply.json

    def save_queries(
        self,
        queries: Sequence[QueryBody],
        run: str | None = None,
        *,
        wait: bool = True,
        withdraw: Sequence[str] = (),
    ) -> list[QueryBody]:
        """Save the whole list, wait for an update that this makes due, and give it with its ids."""
        version = self.ask('GET', 'api/configure')['version']
        body = {
            'version': version,
            'queries': list(queries),
            'run': run,
            'confirm_empty': True,
            'withdraw': list(withdraw),
        }
        self.queries = self.ask('PUT', 'api/configure', body)['queries']
        if wait:
            self.wait_for_schedule()
        return self.queries

    def look(self) -> None:
        """Let the App look at its schedule now; by itself it does so once a second."""
        self.container.supervisor.trigger_schedule()

    def wait_for_schedule(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until nothing is due and nothing runs."""
        self.look()
        self.until(self._is_scheduled, 'the scheduled update was not queued')
        self.wait(timeout_s)

    def _is_scheduled(self) -> bool:
        following = self.ask('GET', 'api/configure')['next_update']
        return (
            following is None or dt.datetime.fromisoformat(following['at']) > self.world.clock.now()
        )

    def request_update(self, mode: str, **body: Any) -> str:
        """Ask for an update and give its id."""
        return str(self.ask('POST', 'api/job/request', {'mode': mode, **body})['update_id'])

    def run_update(self, mode: str, **body: Any) -> list[Job]:
        """Ask for an update, wait for its end, and give its Jobs, the highest query's first.

        What has changed in the present second would belong to the next delta, so one goes by.
        """
        self.world.clock.advance(1.0)
        return self._ended(self.ask('POST', 'api/job/request', {'mode': mode, **body}))

    def send_now(self, *values: str) -> list[Job]:
        """Send values at once, wait for the end, and give the Jobs."""
        return self._ended(self.ask('POST', 'api/indicator/send', {'values': values}))

    def withdraw_now(self, *values: str, reason: str = '') -> list[Job]:
        """Withdraw values at once, wait for the end, and give the Jobs."""
        body = {'values': values, 'reason': reason}
        return self._ended(self.ask('POST', 'api/indicator/withdraw', body))

    def retry_refused(self, **body: Any) -> list[Job]:
        """Send what was refused once more, wait for the end, and give the Jobs."""
        return self._ended(self.ask('POST', 'api/report/error/retry', body))

    def _ended(self, requested: Mapping[str, Any]) -> list[Job]:
        jobs: list[Job] = []

        def have_ended() -> bool:
            for request_id in requested['request_ids'][len(jobs) :]:
                job = self.ask('GET', f'api/job/request/{request_id}')
                if job['status'] not in FINAL:
                    return False
                jobs.append(job)
            return True

        self.until(have_ended, self._open_jobs)
        for job in jobs:
            assert_accounting(job)
        return sorted(jobs, key=lambda job: job['query']['position'])

    def jobs(self, update_id: str | None = None, *, is_open: bool = False) -> list[Job]:
        """Return the Jobs of one update, or all of them, oldest first.

        Args:
            update_id: of which update; of all if left out.
            is_open: only those that have not ended.
        """
        statuses = ''.join(f'&status={status}' for status in OPEN) if is_open else ''
        found: list[Job] = []
        while True:
            page = self.ask(
                'GET',
                f'api/job/request?limit=100&offset={len(found)}&sort=date_queued&sort_order=asc'
                f'{statuses}',
            )
            found += page['data']
            if not page['data'] or len(found) >= page['total_count']:
                break
        chosen = [job for job in found if update_id in (None, job['update_id'])]
        return sorted(chosen, key=lambda job: (job['date_queued'], job['query']['position']))

    def last_jobs(self) -> list[Job]:
        """Return the Jobs of the update that was queued last."""
        everything = self.jobs()
        return [job for job in everything if job['update_id'] == everything[-1]['update_id']]

    def wait(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until all Jobs are final, and check their accounts.

        Raises:
            AssertionError: they are not within so many real seconds, or an account is wrong.
        """
        self.until(
            lambda: not self.jobs(is_open=True),
            self._open_jobs,
            timeout_s,
        )
        for job in self.jobs():
            assert_accounting(job)

    def _open_jobs(self) -> str:
        return f'Jobs do not end: {[brief(job) for job in self.jobs(is_open=True)]}'

    def errors(self, request_id: str) -> list[dict[str, Any]]:
        """Return the gathered errors of one Job."""
        page = self.ask('GET', f'api/report/error?request_id={request_id}&limit=100')
        found: list[dict[str, Any]] = page['data']
        return found

    # -- what must be true

    def assert_right(
        self, may_be_sent: Callable[[Mapping[str, Any]], bool] | None = None
    ) -> dict[str, dict[str, Any]]:
        """Compare what Sentinel holds with what it should, for the queries saved last."""
        live = self.world.live()
        wanted = self.world.expected(self.queries, may_be_sent)
        missing = sorted(wanted.keys() - live.keys())
        surplus = sorted(live.keys() - wanted.keys())
        assert (missing, surplus) == ([], [])
        wrong = {
            pattern: (live[pattern]['name'], live[pattern].get('confidence'), want)
            for pattern, want in wanted.items()
            if not want.fits(live[pattern])
        }
        assert wrong == {}
        return live


def assert_accounting(job: Job) -> None:
    """Each Indicator read has exactly one outcome."""
    total = sum(job[f'count_{outcome}'] for outcome in OUTCOMES)
    assert job['count_read'] == total, brief(job)


def outcomes(job: Job) -> dict[str, int]:
    """Return a Job's outcomes, those that occurred."""
    return {name: job[f'count_{name}'] for name in OUTCOMES if job[f'count_{name}']}


def query(tql: str = '', **members: Any) -> QueryBody:
    """A TQL query to save: all owners and types unless said otherwise."""
    return {
        'owners': list(OWNERS),
        'indicator_types': list(TYPES),
        'tql': tql,
        'sort_field': None,
        'sort_direction': 'asc',
        **members,
    }


def hosts(count: int, owner: str = OWNERS[0], prefix: str = 'h', **members: Any) -> list[Any]:
    """Rows for so many Hosts of one owner, each with a confidence."""
    return [
        {
            'type': 'Host',
            'ownerName': owner,
            'hostName': f'{prefix}{number}.example.com',
            'confidence': number % 101,
            'dateAdded': '2025-01-01T00:00:00Z',
            'lastModified': '2025-06-01T00:00:00Z',
            **members,
        }
        for number in range(count)
    ]


def brief(job: Job) -> dict[str, Any]:
    """What a failed test says of a Job."""
    names = ('status', 'mode', 'count_read', 'failure_code', 'failure_reason')
    return {name: job[name] for name in names} | outcomes(job)


def _notification(session: requests.Session) -> Any:
    """Make one of the framework's notifications; importing it takes a while, and it warns."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        from tcex.api.tc.v2.notification.notification import Notification
    return Notification(session)


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
