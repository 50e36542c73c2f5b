"""What Verify and Match have to find: a ledger of earlier days, a table that differs, and alerts.

What was accepted less than a day ago is never missing, so the acceptance of everything is moved
into the past while the App is stopped.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.job import EVERYTHING, finished_job
from tests.harness.waiting import until
from tests.simulators.demo import load_indicators
from tests.simulators.sentinel.table import row_id
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
        stand.logs.add_alerts(*alerts_about(stand))
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


def ids_of(stand: Stand, type_name: str, source_system: str = SOURCE_SYSTEM) -> list[str]:
    """Return the STIX ids of what Sentinel holds of one pattern, in order."""
    held = stand.sentinel.held_objects(source_system)
    return sorted(id_ for id_, stix in held.items() if stix['pattern'].startswith(f'[{type_name}'))


def make_differ(stand: Stand, source_system: str = SOURCE_SYSTEM) -> None:
    """Let people change objects, Sentinel lose some, and another sender have some."""
    hosts, urls = (ids_of(stand, name, source_system) for name in ('domain-name', 'url'))
    table = stand.sentinel.table
    table.edit(hosts[4], confidence=10)
    for id_ in (hosts[1], hosts[7]):
        table.edit(id_, revoked=True)
    table.delete(hosts[2])
    table.edit(hosts[3], valid_until=_time(dt.timedelta(days=90)))
    for id_ in urls[:3]:
        table.edit(id_, modified=_time(dt.timedelta(days=-20)))
    for id_ in urls[3:5]:
        table.edit(id_, valid_until=_time(dt.timedelta(hours=-3)))
    table.append(source_system, [_unknown(number) for number in range(UNKNOWN)], 0)
    stand.logs.settings.hidden_percent = HIDDEN_PERCENT


def _unknown(number: int) -> dict[str, Any]:
    then = _time(dt.timedelta(days=-5))
    return {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, f"old{number}")}',
        'created': then,
        'modified': then,
        'valid_from': then,
        'valid_until': _time(dt.timedelta(days=25)),
        'confidence': 50,
        'name': f'old{number}.example.org',
        'pattern': f"[domain-name:value = 'old{number}.example.org']",
        'pattern_type': 'stix',
    }


def _time(after: dt.timedelta) -> str:
    at = dt.datetime.now(dt.UTC) + after
    return at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


# -- alerts


def alert(
    number: int,
    *,
    name: str,
    severity: str = 'High',
    hours_ago: float = 2,
    row_id: str | None = None,
    entities: tuple[dict[str, Any], ...] = (),
    product: str = 'Azure Sentinel',
) -> dict[str, Any]:
    """Return a row of `SecurityAlert`; by the `Id` of an object, or by values of entities."""
    end = dt.timedelta(hours=-hours_ago)
    details = {}
    if row_id is not None:
        details = {'Custom Details': json.dumps({'IndicatorId': [row_id]})}
    return {
        'TimeGenerated': _time(dt.timedelta()),
        'SystemAlertId': f'{uuid.uuid5(uuid.NAMESPACE_DNS, f"alert{number}")}',
        'DisplayName': name,
        'AlertName': name,
        'AlertSeverity': severity,
        'ProductName': product,
        'AlertLink': f'https://security.microsoft.com/alerts/sn{number}',
        'StartTime': _time(end - dt.timedelta(minutes=10)),
        'EndTime': _time(end),
        'ExtendedProperties': json.dumps(details),
        'Entities': json.dumps([{'$id': '2', **entity} for entity in entities]),
    }


LONG_NAME = 'Connection to a very long host name, ' + 'seen by many sensors ' * 8
RULE = 'Traffic to a host of threat intelligence'


def alerts_about(stand: Stand, source_system: str = SOURCE_SYSTEM) -> list[dict[str, Any]]:
    """Return alerts about a few of the objects that Sentinel holds."""
    hosts, addresses = (ids_of(stand, name, source_system) for name in ('domain-name', 'ipv4-addr'))
    held = stand.sentinel.held_objects(source_system)
    host, address = _value(held[hosts[5]]), _value(held[addresses[0]])
    one, other = (row_id(source_system, hosts[place]) for place in (5, 6))
    return [
        *(alert(number, name=RULE, row_id=one, hours_ago=number + 1) for number in range(3)),
        alert(10, name=LONG_NAME, row_id=other, severity='Medium'),
        alert(
            11,
            name='Unusual sign-in',
            severity='Low',
            hours_ago=30,
            entities=({'Type': 'ip', 'Address': address},),
            product='Azure Active Directory Identity Protection',
        ),
        alert(
            12,
            name='Suspicious DNS query',
            severity='Informational',
            hours_ago=5,
            entities=({'Type': 'dns', 'DomainName': host},),
        ),
        alert(13, name='Nothing of ours', entities=({'Type': 'ip', 'Address': '192.0.2.99'},)),
    ]


def _value(stix: dict[str, Any]) -> str:
    return str(stix['pattern']).split("'")[1]


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
