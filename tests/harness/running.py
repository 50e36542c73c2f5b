"""What tests do with an App that runs as a process among its stand-ins."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from sentinel_app.diagnostics.check_result import CheckName
from tests.harness.waiting import until
from tests.simulators.demonstration import OUTCOMES, Demonstration
from tests.simulators.platform.service import AppProcess
from tests.simulators.sentinel.server import SentinelRequest
from tests.simulators.stand import Stand

EMPTY_REQUEST_BYTES = 200

MakeStand = Callable[..., Stand]


def query_for(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Make a TQL query that all of some rows match."""
    return {
        'owners': sorted({row['ownerName'] for row in rows}),
        'indicator_types': sorted({row['type'] for row in rows}),
        'tql': 'id > 0',
        'sort_field': None,
        'sort_direction': 'asc',
    }


def is_silent(app: AppProcess) -> bool:
    """Whether the App logs nothing about heartbeats, as at a level above theirs."""
    length = len(app.log)
    app.heartbeat()
    app.heartbeat()
    return len(app.log) == length


def silent(_line: str) -> None:
    pass


def _doze(seconds: float) -> None:
    """Look more often than a person wants to be told."""
    time.sleep(seconds / 5)


def run_to_its_end(stand: Stand, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Save one query if there is none, and follow its update; returns the Job."""
    (job,) = Demonstration(stand.api, silent, _doze).run([query_for(rows)])
    return job


def begin_update(stand: Stand, rows: Sequence[dict[str, Any]]) -> None:
    """Save one query; the first update, a full one, is due with that."""
    saved = stand.api('GET', 'api/configure').json()
    body = {'version': saved['version'], 'queries': [query_for(rows)], 'run': 'full'}
    assert stand.api('PUT', 'api/configure', body).status_code == 200


def uploads(stand: Stand) -> list[SentinelRequest]:
    """The requests with objects; the check at each start sends one without."""
    return [each for each in stand.sentinel.requests if each.size_bytes > EMPTY_REQUEST_BYTES]


def updates_have_ended(stand: Stand) -> bool:
    jobs = stand.api('GET', 'api/job/request').json()['data']
    return bool(jobs) and all(
        job['status'] in {'Upload Complete', 'Failed', 'Cancelled'} for job in jobs
    )


def assert_complete(stand: Stand, count: int, *, repeated_objects: int) -> None:
    """Check that Sentinel holds every Indicator and that the Job accounts for each."""
    jobs = stand.api('GET', 'api/job/request').json()['data']
    for job in jobs:
        assert job['status'] == 'Upload Complete', job
        assert job['count_read'] == count
        assert sum(job[f'count_{name}'] for name in OUTCOMES) == count
        assert job['count_sent'] + job['count_duplicate'] == count
    held = stand.sentinel.held_objects(None, 'indicator')
    assert stand.app.heartbeat()['Objects in Sentinel'] == len(held)
    links = {
        link
        for stix in held.values()
        for link in re.findall(r'"webLink":"([^"]+)"', stix['description'])
    }
    values = {(row['type'], row['summary']) for row in stand.threatconnect.store.rows()}
    assert len(links) == len(values)
    assert stand.sentinel.table.row_count - len(held) <= repeated_objects
    assert stand.sentinel.status_counts[429] == 0


SETTLED_WITHIN_S = 4.5
"""Of the 5 s that the platform is believed to give, what the App may take by its own measure: a
machine that is busy with other things starts and ends processes slowly, which is not the App's."""


def shut_down(stand: Stand) -> None:
    """Shut the App down, which must end well and in time."""
    assert stand.app.shutdown() == 0
    assert_settled_in_time(stand.app.log)


def assert_settled_in_time(log: str) -> None:
    """Assert by the log of an App that has ended that it settled its work in time."""
    settled = re.findall(r'event=service-settled elapsed_s=([\d.]+)', log)
    assert float(settled[-1]) < SETTLED_WITHIN_S


def api_message(stand: Stand, method: str, path: str, /, **changes: Any) -> dict[str, Any]:
    """Make a RunService message of the person at the page, without its key."""
    token, expires = stand.threatconnect.issue_token(stand.person)
    return {
        'apiToken': token,
        'expireSeconds': expires,
        'method': method,
        'path': path,
        'headers': [{'name': 'Content-Type', 'value': 'application/json'}],
        'queryParams': [],
        'bodyVariable': 'request.body',
        **changes,
    }


def check_log(stand: Stand, run: int = 1) -> dict[str, dict[str, str]]:
    """Return what a check has written to the log, by its name, once it has ended.

    Args:
        stand: with an App that has been started.
        run: the first is that at the start.
    """
    until(lambda: stand.app.log.count('event=check name=disk') >= run)
    lines = [line for line in stand.app.log.splitlines() if ' event=check ' in line]
    found = [_facts(line.partition(' event=check ')[2]) for line in lines]
    size = len(CheckName)
    return {facts['name']: facts for facts in found[(run - 1) * size : run * size]}


def _facts(text: str) -> dict[str, str]:
    """Read `key=value` pairs as the App writes them."""
    pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))', text)
    return {name: re.sub(r'\\(.)', r'\1', quoted) or bare for name, quoted, bare in pairs}
