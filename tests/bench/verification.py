"""What it takes to hold a large ledger against the table, alone and beside an update."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sentinel_app.core.containment import container_digest
from sentinel_app.core.ledger_row import kind_number, millis
from sentinel_app.core.object_id import object_id
from sentinel_app.core.timestamp import to_millis
from sentinel_app.storage.sqlite import Database
from tests.bench.child import DATA, REPORT
from tests.bench.lookup import BODY_BYTES, key_at
from tests.bench.pace import LIMIT
from tests.bench.rows import rows_of_objects
from tests.bench.subject import QUERY, Figures, Subject
from tests.bench.yardstick import Yardstick
from tests.harness.engine import World

SOURCE_SYSTEM = 'ThreatConnect-StandIn'
UPDATE_OBJECTS = 12_000
"""Sent while Verify runs, at the real limit."""

_CHILD = 'tests.bench.verification_child'
_ONE_IN = 1_000
_KINDS = 4


def measure(subject: Subject, size: int) -> Figures:
    """Verify a ledger of so many objects, of which one in a thousand is not there as it was sent.

    Args:
        subject: runs the App.
        size: objects in the ledger.
    """
    now = dt.datetime.now(dt.UTC)
    path = subject.folder / f'verification-{size}.db'
    with contextlib.closing(Database(path)) as db:
        fill(db, size, now)
    with subject.world(rows_of_objects(UPDATE_OBJECTS)) as world:
        world.logs.settings.is_missing_before_upload = False
        world.logs.add_indicators(_rows(size, now))
        runs = _run(subject, world, path, runs=[True, False, False])
    figures: Figures = {'ledger_objects': size, 'runs': runs}
    for name, is_verifying in (('alone', False), ('beside', True)):
        with subject.world(rows_of_objects(UPDATE_OBJECTS), limit_count=LIMIT) as world:
            world.logs.settings.is_missing_before_upload = False
            world.logs.add_indicators(_rows(size, now))
            (report,) = _run(
                subject, world, path, queries=[QUERY], is_verifying=is_verifying, runs=[]
            )
            requests = world.sentinel.requests
            figures[name] = {
                **{part: report[part] for part in ('cpu_s', 'wall_s', 'peak_mib', 'verified')},
                'sending_s': requests[-1].at - requests[0].at,
                'sent': sum(job['count_sent'] for job in report['jobs']),
                'read': sum(job['count_read'] for job in report['jobs']),
                'stored': world.sentinel.table.stored_count,
                'yardstick_ms': report['yardstick_ms'],
            }
    path.unlink()
    subject.say(f'verification: {figures}')
    return figures


def _run(subject: Subject, world: World, path: Path, **task: Any) -> list[Figures]:
    folder = subject.folder / 'subject' / DATA
    folder.mkdir(parents=True)
    shutil.copy(path, folder / 'state.db')
    with Yardstick() as yardstick:
        found = subject.run(_CHILD, world, {'queries': [], 'is_verifying': False, **task})
    reports: list[Figures] = json.loads((found / REPORT).read_text())
    for report in reports:
        report['yardstick_ms'] = yardstick.work_ms(report['began_at'], report['ended_at'])
    shutil.rmtree(found)
    return reports


def fill(db: Database, size: int, now: dt.datetime) -> None:
    """Let the ledger hold so many live objects that Sentinel accepted three days ago."""
    body = os.urandom(BODY_BYTES)
    sent, until = _times(now)
    times = (millis(sent), millis(sent), millis(until), millis(sent))
    with db.write() as transaction:
        transaction.execute("INSERT INTO job (request_id) VALUES ('bench')")
        transaction.execute("INSERT INTO query (query_id) VALUES ('bench')")
        transaction.execute("INSERT INTO owner (name) VALUES ('Demo Feed')")
        transaction.executemany(
            'INSERT INTO ledger (id, digest, kind, state, generation, query, job, owner,'
            ' indicator_id, siblings, created, modified, valid_until, source_modified,'
            ' content_hash, fingerprint, mark, first_sent, container, confidence, accepted)'
            ' VALUES (?, ?, ?, 1, 0, 1, 1, 1, ?, 1, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)',
            (
                (
                    *(number + 1, key.digest, kind_number(key), _FAR + number, *times),
                    *(body[:16], body[:12], times[0], container_digest(key)),
                    *(number % 101, times[0]),
                )
                for number in range(size)
                for key in (key_at(number),)
            ),
        )
        transaction.executemany(
            'INSERT INTO content VALUES (?, ?, NULL, ?)',
            ((number + 1, key_at(number).value, body) for number in range(size)),
        )
        transaction.execute(
            'INSERT INTO live_count SELECT query, owner, kind, valid_until / 3600000, count(*)'
            ' FROM ledger GROUP BY 1, 2, 3, 4'
        )


_FAR = 10**12
"""Ids that no Indicator of the update has."""


def _times(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    sent = (now - dt.timedelta(days=3)).replace(microsecond=0)
    return sent, sent + dt.timedelta(days=30)


def _rows(size: int, now: dt.datetime) -> Iterator[dict[str, Any]]:
    """Yield the table's rows: some missing, older, changed, and as many that nobody knows."""
    sent, until = _times(now)
    prefix = base64.b64encode(SOURCE_SYSTEM.encode()).decode()
    common = {
        'SourceSystem': SOURCE_SYSTEM,
        'TimeGenerated': to_millis(sent),
        'Created': to_millis(sent),
        'Modified': to_millis(sent),
        'ValidFrom': to_millis(sent),
        'ValidUntil': to_millis(until),
        'IsActive': True,
        'Revoked': False,
        'IsDeleted': False,
        'ObservableKey': 'url:value',
        'LastUpdateMethod': 'ThreatIntelUploadAPI',
    }
    for number in range(size):
        changes: dict[str, Any] = {}
        part, rest = divmod(number, _ONE_IN)
        if not rest:
            kind = part % _KINDS
            if kind == 0:
                continue
            changes = (
                {'Modified': to_millis(sent - dt.timedelta(days=1))},
                {'Revoked': True, 'IsActive': False},
                {'Unknown': True},
            )[kind - 1]
        key = key_at(size + number) if changes.pop('Unknown', False) else key_at(number)
        yield {
            **common,
            'Id': f'{prefix}---{object_id(key)}',
            'Pattern': f"[url:value = '{key.value}']",
            'Confidence': number % 101,
            **changes,
        }


def rows_of_runs(figures: Figures) -> Iterable[tuple[str, ...]]:
    """Return a line of a table for each run."""
    for report in figures['runs']:
        run = report['run']
        yield (
            'each object' if run['is_whole'] else 'where sums differ',
            f'{sum(each["count"] for each in run["findings"]):,}',
            str(run['count_requests']),
            f'{report["wall_s"]:.1f}',
            f'{report["cpu_s"]:.1f}',
            f'{report["at_rest_mib"]:.0f}',
            f'{report["peak_mib"]:.0f}',
            f'{report["yardstick_ms"]:.1f}',
        )
