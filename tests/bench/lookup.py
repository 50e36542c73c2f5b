"""How long looking up many values takes over a large ledger, beside ThreatConnect's own time."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sentinel_app.core.canonical import address_text
from sentinel_app.core.containment import container_digest
from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.ledger_row import kind_number, millis
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.portal import Portal
from sentinel_app.core.question import Question
from sentinel_app.core.screening import Screening
from sentinel_app.core.source import SourcePage
from sentinel_app.diagnostics.lookup import Lookups
from sentinel_app.diagnostics.value_copy import ValueCopies
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.sqlite import Database
from sentinel_app.threatconnect.parse import parse_indicator
from tests.bench.subject import Figures, Say
from tests.bench.yardstick import Yardstick
from tests.harness.clocks import NOON, StandingClock

VALUES = 500
ROUNDS = 5
BODY_BYTES = 290
"""About what an object takes once it is packed."""
_DAY_MS = 86_400_000


class _NoAnswer:
    """A ThreatConnect that has nothing, at once."""

    def __init__(self) -> None:
        self.asked = 0

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        self.asked += 1
        return SourcePage(rows=(), server_at=NOON, count=0)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f'a lookup has no use for {name}')


def measure(folder: Path, say: Say, size: int) -> Figures:
    """Look up 500 values over a ledger of so many objects, half of which it has.

    Args:
        folder: for the ledger.
        say: tells a person how it goes.
        size: objects in the ledger.
    """
    path = folder / f'lookup-{size}.db'
    with contextlib.closing(Database(path)) as db:
        fill(db, size)
        source, clock = _NoAnswer(), StandingClock()
        lookups = Lookups(
            copies=ValueCopies(
                source=source,  # type: ignore[arg-type] # as far as a lookup asks it
                screening=Screening(parse=parse_indicator, withheld_reason=lambda _each: None),
            ),
            ledger=Ledger(db),
            holdings=Holdings(db),
            app_state=AppState(folder / f'lookup-{size}.json', now=clock.now),
            source_system='ThreatConnect-Bench',
            portal=Portal(host='portal.example', tenant_id='bench'),
            clock=clock,
        )
        values = list(pasted_values(size))
        took, cpu = [], []
        with Yardstick() as yardstick:
            began_at = time.time()
            for _ in range(ROUNDS):
                source.asked = 0
                began, cpu_began = time.monotonic(), time.process_time()
                found = lookups.answers(values).answers
                took.append(time.monotonic() - began)
                cpu.append(time.process_time() - cpu_began)
            ended_at = time.time()
    path.unlink()
    assert len(found) == VALUES
    live = sum(each.judgment.objects > 0 for each in found)
    near = sum(bool(each.near) for each in found)
    figures = {
        'ledger_objects': size,
        'values': VALUES,
        'live': live,
        'near': near,
        'questions': source.asked,
        'shortest_s': min(took),
        'median_s': statistics.median(took),
        'longest_s': max(took),
        'cpu_s': min(cpu),
        'yardstick_ms': yardstick.work_ms(began_at, ended_at),
    }
    say(f'lookup: {figures}')
    return figures


def fill(db: Database, size: int) -> None:
    """Let the ledger hold so many live objects of several types."""
    now = millis(NOON)
    body = os.urandom(BODY_BYTES)
    row = (1, 0, 1, 1, 1)
    times = (now - _DAY_MS, now - _DAY_MS, now + 30 * _DAY_MS, now - _DAY_MS)
    with db.write() as transaction:
        transaction.execute("INSERT INTO job (request_id) VALUES ('bench')")
        transaction.execute("INSERT INTO query (query_id) VALUES ('bench')")
        transaction.execute("INSERT INTO owner (name) VALUES ('Demo Feed')")
        transaction.executemany(
            'INSERT INTO live_count VALUES (1, 1, ?, ?, 1)',
            [(kind, times[2] // 3_600_000) for kind in {kind_number(key_at(n)) for n in range(60)}],
        )
        for number in range(size):
            key = key_at(number)
            transaction.execute(
                'INSERT INTO ledger (id, digest, kind, state, generation, query, job, owner,'
                ' indicator_id, siblings, created, modified, valid_until, source_modified,'
                ' content_hash, fingerprint, mark, first_sent, container)'
                ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                (
                    *(number + 1, key.digest, kind_number(key), *row, number, 1, *times),
                    *(body[:16], body[:12], 1, times[1], container_digest(key)),
                ),
            )
            transaction.execute(
                'INSERT INTO content VALUES (?, ?, NULL, ?)', (number + 1, key.value, body)
            )


def key_at(number: int) -> ObjectKey:
    """Return the key of an object of the ledger."""
    kind = number % 6
    if kind == 0:
        return ObjectKey(IndicatorType.ADDRESS, str(ipaddress.IPv4Address(0x0B000000 + number)))
    if kind == 1:
        address = ipaddress.IPv6Address((0x20010DB8 << 96) + number)
        return ObjectKey(IndicatorType.ADDRESS, address_text(address))
    if kind == 2:
        return ObjectKey(IndicatorType.HOST, f'h{number}.d{number % 5_000}.example')
    if kind == 3:
        return ObjectKey(IndicatorType.URL, f'https://h{number - 1}.d{number % 999}.example/p?q')
    if kind == 4:
        return ObjectKey(IndicatorType.FILE, f'{number:064X}', HashKind.SHA256)
    block = ipaddress.IPv4Address(0x60000000 + (number << 8) % 0x10000000)
    return ObjectKey(IndicatorType.CIDR, f'{block}/24')


def pasted_values(size: int) -> Iterator[str]:
    """Yield values as people paste them: half of them are in the ledger, the others beside it."""
    apart = size * 6 // VALUES // 6 * 6 // 3 or 6
    number = 0
    for at in range(VALUES // 2):
        yield _defanged(key_at((number + at % 6) % size).value)
        number += apart
    for at in range(VALUES - VALUES // 2):
        kind = at % 4
        if kind == 0:
            yield f'96.{at}.{at % 7}.77:443'
        elif kind == 1:
            yield f'[2001:db8:ffff::{at:x}]:8080'
        elif kind == 2:
            yield f'hxxps://n{at}.h{at * 6 + 2}.d{(at * 6 + 2) % 5_000}[.]example/path'
        else:
            yield f'SHA256: {at:064x}'


def _defanged(value: str) -> str:
    return value.replace('http', 'hxxp', 1).replace('.', '[.]', 2)
