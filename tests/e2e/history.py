"""A week of a Service's work, made by the App itself before the page is looked at.

The App runs in this process over the data folder of a stand, with a clock that lies a week back and
leaps from one update to the next. Meanwhile ThreatConnect gets new Indicators and loses old ones,
Sentinel refuses some, and people change what they change in a week. The stand's App then starts
over what that week has left.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import requests

from sentinel_app.container import Platform
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY
from tests.e2e.job import ended
from tests.e2e.read_back import held, make_differ, matched, verified
from tests.harness.engine import CA_VARIABLES, Engine, ScaledClock, TimedStore, World
from tests.harness.related import settle
from tests.harness.waiting import until
from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.demo import OWNERS, compose, demo_queries
from tests.simulators.demo_alerts import alerts_about
from tests.simulators.demo_groups import related_rows
from tests.simulators.stand import Stand, app_inputs
from tests.simulators.threatconnect import User

INPUTS = {
    'sentinel_source_name': 'Production',
    'schedule_interval_hours': '8',
    'context_objects': 'Owner identities and threat actors',
}
"""Longer than in the past: no update comes while somebody looks, whatever the time of the day."""
PAST_INPUTS = {
    'schedule_interval_hours': '6',
    # Log Analytics has the time of the machine.
    'verify_interval_hours': '0',
    'match_interval_hours': '0',
}
SOURCE_SYSTEM = 'ThreatConnect-Production'
UPDATE_EVERY = dt.timedelta(hours=6)
UPDATES = 29
"""So many that those of any seven days are among them, and the first, which is larger, is not."""
LATE = dt.timedelta(seconds=20)
"""By so much is each update later than the one before would have it, as in a real week."""
EDITED_BEFORE = dt.timedelta(minutes=10)
"""So long before an update its Indicators are edited: no update reads those of another again."""
NEW = (9, 17, 41, 26)
"""New Indicators before the update at night, in the morning, at noon and in the evening."""
MARIA = User(access_id='00000000000000000701', user_name='maria.keller', secret_key='of nobody')
JAMES = User(access_id='00000000000000000702', user_name='james.okafor', secret_key='of nobody')
SENT = ('c7.example.net', '198.51.100.2')
WITHDRAWN = 'c1.example.net'
NAMES = (
    ('Confirmed infrastructure', 'Reviewed every quarter'),
    ('Intrusion evidence', ''),
    ('Everything rated', 'Last: takes what the others leave'),
)
REFUSED_IN = (4, 11, 19)
"""Updates of which Sentinel refuses a part."""
_WORDS = ('login', 'cdn', 'mail', 'update', 'portal', 'static', 'api', 'secure', 'files', 'billing')
_REASON = 'The pattern is not supported.'
_INVALID = (
    {'type': 'Host', 'hostName': 'update server.example.net'},
    {'type': 'Address', 'ip': '203.0.113.300'},
)


class PastClock(ScaledClock):
    """The machine's clock, behind by a time that shrinks with each leap."""

    def __init__(self, at: dt.datetime) -> None:
        super().__init__(speed=10.0)
        self._behind_s = time.time() - at.timestamp()

    def time(self) -> float:
        return super().time() - self._behind_s

    def leap_to(self, at: dt.datetime) -> None:
        """Go on to a time; never back."""
        self.advance(max(0.0, at.timestamp() - self.time()))

    def catch_up(self) -> None:
        """Be the machine's clock from now on."""
        self.speed, self.ahead_s = 1.0, self._behind_s


class _Past:
    """What the App of the past needs to know of the world: the stand's, in another time."""

    def __init__(self, stand: Stand, clock: PastClock, certificates: Certificates) -> None:
        self.clock = clock
        self.certificates = certificates
        self._stand = stand

    @property
    def api_url(self) -> str:
        return self._stand.threatconnect.api_url

    def inputs(self, **changes: str | None) -> dict[str, str | None]:
        given = app_inputs(
            entra=self._stand.entra, sentinel=self._stand.sentinel, logs=self._stand.logs
        )
        return given | INPUTS | PAST_INPUTS | changes


class _TokenSession(requests.Session):
    """A session as the platform gives it for the token of a person."""

    def __init__(self, past: _Past, token: str) -> None:
        super().__init__()
        self.trust_env = False
        self.verify = str(past.certificates.ca)
        self.headers['Authorization'] = f'TC-Token {token}'
        self._base = past.api_url

    def request(self, method: str, url: str, *args: Any, **options: Any) -> requests.Response:  # type: ignore[override]
        return super().request(method, f'{self._base}{url}', *args, **options)


class _PastApp(Engine):
    """The App in this process, which knows who uses it."""

    def __init__(self, past: _Past, folder: Path) -> None:
        super().__init__(cast('World', past), folder)
        self._past = past

    def _platform(self) -> Platform:
        return replace(
            super()._platform(), token_session=lambda token: _TokenSession(self._past, token)
        )


_REFUSED = (
    {'type': 'URL', 'text': 'https://files.example.net/invoices/2041.zip'},
    {'type': 'URL', 'text': 'https://files.example.net/invoices/2042.zip'},
)


def fresh_row(number: int, chance: random.Random) -> dict[str, Any]:
    """Return an Indicator as analysts add them: of some owner, rated, and with a confidence."""
    word = _WORDS[number % len(_WORDS)]
    name = f'{word}{number}.example.{("com", "net", "org")[number % 3]}'
    value: dict[str, Any] = {'type': 'Host', 'hostName': name}
    if number % 4 == 1:
        value = {'type': 'URL', 'text': f'https://{name}/invoice/{number}.zip'}
    elif number % 4 == 2:
        digest = hashlib.sha256(name.encode()).hexdigest().upper()
        value = {'type': 'File', 'sha256': digest}
    return {**value, **_rated(chance)}


def _rated(chance: random.Random) -> dict[str, Any]:
    """Return what an Indicator has beside its value."""
    return {
        'ownerName': chance.choice(tuple(OWNERS.values())),
        'confidence': chance.randrange(40, 101),
        'rating': chance.randrange(4, 11) / 2,
        'threatAssessScore': chance.randrange(300, 1001),
    }


class Week:
    """What happens in the week, update by update."""

    def __init__(self, stand: Stand, store: TimedStore, app: _PastApp) -> None:
        self.stand = stand
        self.store = store
        self.app = app
        self.chance = random.Random(11)
        self.number = 0

    def begin(self) -> None:
        """Save the first queries, which are sent in full."""
        self._as(MARIA)
        queries = demo_queries(self.store.rows())
        named = [
            {**query, 'name': name, 'note': note}
            for query, (name, note) in zip(queries, NAMES, strict=True)
        ]
        named[0]['tql'] = named[0]['tql'].replace('50', '60')
        self.app.save_queries(named, 'full')
        settle(self.app)

    def go_on(self, update: int, at: dt.datetime) -> None:
        """Do what happens up to an update, and let the schedule make it."""
        clock = self.app.world.clock
        at = max(at, self._due_at())
        clock.leap_to(at - EDITED_BEFORE)
        self.change(round(NEW[update % len(NEW)] * self.chance.uniform(0.6, 1.4)))
        refused = _WORDS[update % len(_WORDS)] if update in REFUSED_IN else None
        if update == UPDATES:
            refused = 'invoices'
            for value in (*_INVALID, *_REFUSED):
                # The last query alone returns them, so that nobody can tell which came first.
                self.store.add({**_rated(self.chance), **value, 'confidence': 45, 'rating': 4.0})
        if refused:
            self.stand.sentinel.faults.add('refuse-objects', contains=refused, reason=_REASON)
        clock.leap_to(at)
        self.app.wait_for_schedule()
        settle(self.app)
        self.stand.sentinel.faults.clear()

    def _due_at(self) -> dt.datetime:
        following = self.app.ask('GET', 'api/configure')['next_update']
        return dt.datetime.fromisoformat(following['at'])

    def change(self, count: int) -> None:
        """Let ThreatConnect get so many new Indicators, and change and lose a few."""
        for _ in range(count):
            self._add()
        rows = [row for row in self.store.rows() if row['active']]
        picked = self.chance.sample(rows, count // 4 + 2)
        for row in picked[2:]:
            self.store.modify(row['id'], confidence=self.chance.randrange(60, 101))
        for row in picked[:2]:
            self.store.delete(row['id'])

    def _add(self) -> None:
        self.number += 1
        self.store.add(fresh_row(self.number, self.chance))

    def use(self, update: int) -> None:
        """Do what people do after some of the updates."""
        if update == 6:
            self._as(JAMES)
            self.app.ask('POST', 'api/task/upload/pause', {})
            self.app.ask('POST', 'api/task/upload/resume', {})
        elif update == 12:
            self._as(MARIA)
            changed = [dict(query) for query in self.app.queries]
            changed[0]['tql'] = changed[0]['tql'].replace('60', '50')
            self.app.save_queries(changed, 'delta')
        elif update == UPDATES - 4:
            self._as(MARIA)
            self.change(12)
            self.app.world.clock.advance(EDITED_BEFORE.total_seconds())
            self.app.run_update('delta')
        elif update == UPDATES - 1:
            self._as(JAMES)
            self.app.withdraw_now(WITHDRAWN, reason='False positive: our own test page')
        settle(self.app)

    def _as(self, person: User) -> None:
        token, _ = self.stand.threatconnect.issue_token(person)
        self.app.environ = {API_TOKEN_KEY: token}


def last_quarter(now: dt.datetime) -> dt.datetime:
    """Return when the last quarter of a day began that had time for all that happens in it.

    Each has one update, so that the chart looks the same whenever it is taken.
    """
    begun = now - dt.timedelta(minutes=35)
    return begun.replace(hour=begun.hour // 6 * 6, minute=0, second=0, microsecond=0)


@contextmanager
def service_at_work(folder: Path) -> Iterator[Stand]:
    """Start a stand whose App has been at work for a week."""
    now = dt.datetime.now(dt.UTC)
    first_at = last_quarter(now) - UPDATES * UPDATE_EVERY
    clock = PastClock(first_at)
    store = TimedStore(clock, **related_rows(compose()))
    certificates = make_certificates(folder / 'certificates')
    stand = Stand(
        folder,
        rows=store,
        inputs=INPUTS,
        certificates=certificates,
        # Its clock is not that of the past: a week's requests come within seconds.
        limit_count=1_000_000,
        start_app=False,
    )
    with stand:
        past = _Past(stand, clock, certificates)
        with _trusting(certificates), _PastApp(past, _data_folder(stand)) as app:
            week = Week(stand, store, app)
            week.begin()
            for update in range(1, UPDATES + 1):
                week.go_on(update, first_at + update * (UPDATE_EVERY + LATE))
                clock.advance(150 + 7 * update)
                week.use(update)
        clock.catch_up()
        make_differ(stand, SOURCE_SYSTEM)
        stand.logs.add_alerts(*alerts_about(held(stand, SOURCE_SYSTEM), SOURCE_SYSTEM))
        stand.app.start()
        _send_now(stand, *SENT)
        until(lambda: _is_context_sent(stand))
        verified(stand, since=now)
        matched(stand, since=now)
        yield stand


def _is_context_sent(stand: Stand) -> bool:
    state = stand.api('GET', 'api/context').json()
    return state['date_ended'] is not None and not state['count_waiting'] + state['count_due']


def _send_now(stand: Stand, *values: str) -> None:
    """Let a person send values at once, so that the Tasks have had something to do."""
    stand.person = JAMES
    reply = stand.api('POST', 'api/indicator/send', {'values': values})
    assert reply.status_code == 202, reply.text
    for request_id in reply.json()['request_ids']:
        ended(stand, request_id)


def _data_folder(stand: Stand) -> Path:
    stand.app.folders.make()
    return stand.app.folders.out / 'ms_sentinel'


@contextmanager
def _trusting(certificates: Certificates) -> Iterator[None]:
    """Let the clients of this process trust the authority of the stand-ins."""
    before = {name: os.environ.get(name) for name in CA_VARIABLES}
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(certificates.ca)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
