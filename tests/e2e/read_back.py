"""What Verify and Match have to find: a ledger of earlier days, a table that differs, and alerts.

What was accepted less than a day ago is never missing, so the acceptance of everything is moved
into the past while the App is stopped.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.job import EVERYTHING, finished_job
from tests.harness.waiting import until
from tests.simulators.demo import load_indicators
from tests.simulators.demo_alerts import alerts_about, ids_of, moment
from tests.simulators.stand import Stand

INDICATORS = 400
SOURCE_SYSTEM = 'ThreatConnect-StandIn'
DAYS_AGO = 3
HIDDEN_PERCENT = 4.0
"""Share of the objects that have no row."""
UNKNOWN = 12
QUERY = {**EVERYTHING, 'name': 'Everything rated'}
_MS_A_DAY = 86_400_000


@contextmanager
def read_back_service(folder: Path) -> Iterator[Stand]:
    """Start a stand whose App has sent everything three days ago, and found what became of it."""
    rows = load_indicators(INDICATORS, own=True)
    inputs = {'schedule_interval_hours': '24'}
    with Stand(folder, rows=rows, inputs=inputs) as stand:
        saved = {'version': stand.api('GET', 'api/configure').json()['version']}
        body = {**saved, 'queries': [QUERY], 'run': 'delta'}
        assert stand.api('PUT', 'api/configure', body).status_code == 200
        finished_job(stand)
        stand.app.shutdown()
        age_ledger(stand)
        make_differ(stand)
        stand.logs.add_alerts(*alerts_about(held(stand), SOURCE_SYSTEM))
        stand.app.start()
        verify(stand)
        match(stand)
        yield stand


def age_ledger(stand: Stand) -> None:
    """Move the acceptance of all objects into the past; the App is stopped."""
    path = stand.app.folders.out / 'ms_sentinel' / 'state.db'
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('UPDATE ledger SET accepted = accepted - ?', (DAYS_AGO * _MS_A_DAY,))


# -- differences


def held(stand: Stand, source_system: str = SOURCE_SYSTEM) -> dict[str, dict[str, Any]]:
    """Return what was sent last of each object of a source system, by STIX id."""
    return stand.sentinel.held_objects(source_system, 'indicator')


def make_differ(stand: Stand, source_system: str = SOURCE_SYSTEM) -> None:
    """Let people change objects, Sentinel lose some, and another sender have some."""
    objects = held(stand, source_system)
    hosts, urls = ids_of(objects, 'domain-name'), ids_of(objects, 'url')
    table = stand.sentinel.table
    table.edit(hosts[4], confidence=10)
    for id_ in (hosts[1], hosts[7]):
        table.edit(id_, revoked=True)
    table.delete(hosts[2])
    table.edit(hosts[3], valid_until=moment(dt.timedelta(days=90)))
    for id_ in urls[:3]:
        table.edit(id_, modified=moment(dt.timedelta(days=-20)))
    for id_ in urls[3:5]:
        table.edit(id_, valid_until=moment(dt.timedelta(hours=-3)))
    table.append(source_system, [_unknown(number) for number in range(UNKNOWN)], 0)
    stand.logs.settings.hidden_percent = HIDDEN_PERCENT


def _unknown(number: int) -> dict[str, Any]:
    then = moment(dt.timedelta(days=-5))
    return {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, f"old{number}")}',
        'created': then,
        'modified': then,
        'valid_from': then,
        'valid_until': moment(dt.timedelta(days=25)),
        'confidence': 50,
        'name': f'old{number}.example.org',
        'pattern': f"[domain-name:value = 'old{number}.example.org']",
        'pattern_type': 'stix',
    }


# -- runs


def verify(stand: Stand, *, whole: bool = True) -> dict[str, Any]:
    """Have Verify run, and return how it stands then."""
    began = dt.datetime.now(dt.UTC)
    reply = stand.api('POST', 'api/verification/run', {'whole': whole})
    assert reply.status_code == 200, reply.text
    return verified(stand, since=began)


def verified(stand: Stand, *, since: dt.datetime) -> dict[str, Any]:
    """Wait for the end of a run of Verify that began since a time; return how it stands then."""
    state: dict[str, Any] = {}

    def has_run() -> bool:
        state.update(stand.api('GET', 'api/verification').json())
        last = state['last']
        return last is not None and dt.datetime.fromisoformat(last['date_started']) >= since

    until(has_run)
    return state


def match(stand: Stand) -> dict[str, Any]:
    """Have Match run, and return how it stands then."""
    began = dt.datetime.now(dt.UTC)
    reply = stand.api('POST', 'api/task/match/run', {})
    assert reply.status_code == 200, reply.text
    return matched(stand, since=began)


def matched(stand: Stand, *, since: dt.datetime) -> dict[str, Any]:
    """Wait for the end of a run of Match since a time; return how it stands then."""
    run: dict[str, Any] = {}

    def has_run() -> bool:
        run.update(stand.api('GET', 'api/match').json()['run'])
        ended = run['date_ended']
        return ended is not None and dt.datetime.fromisoformat(ended) >= since

    until(has_run)
    return run
