"""What context objects cost: the Indicators nothing, processor time, and bytes of the database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.bench.child import DATA, REPORT
from tests.bench.pace import LIMIT
from tests.bench.rows import Row, object_count, rows_of_objects
from tests.bench.subject import QUERY, Figures, Subject
from tests.bench.yardstick import Yardstick
from tests.harness.engine import OWNERS, World
from tests.simulators.sentinel.server import SentinelRequest
from tests.simulators.threatconnect import Store

PACE_OBJECTS = 12_000
"""Sent by a full update at the real limit, before the context."""
DELTA_OBJECTS = 2_000
"""Changed, and sent by a delta in the middle of the context."""
DERIVED_INDICATORS = 100_000

_CHILD = 'tests.bench.context_child'
_ACTORS = 'Owner identities and threat actors'
_ACTORS_OF = (0, 1, 2, 2, 1, 2, 2, 1, 2, 2)
"""Threat actors of ten Indicators in a row: one and a half on average, and one has none."""
_TYPES = ('Adversary', 'Intrusion Set', 'Threat')


def measure(subject: Subject, derived: int = DERIVED_INDICATORS) -> Figures:
    """Measure two updates at the real limit without and with context, and the making of it.

    Args:
        subject: runs the App.
        derived: Indicators whose context is made without a limit.
    """
    figures: Figures = {
        'without': _paced(subject, 'None'),
        'with': _paced(subject, _ACTORS),
        'derived': _derived(subject, derived),
    }
    subject.say(f'context: {figures}')
    return figures


def _paced(subject: Subject, choice: str) -> Figures:
    """Send everything, and what changes in the middle of the context that follows, if any."""
    rows = _without_groups(rows_of_objects(PACE_OBJECTS))
    with subject.world(rows, limit_count=LIMIT) as world:
        relate(world.store, rows, actors=500)
        changes = [(row['id'], (row['confidence'] + 50) % 101) for row in _changed(rows)]
        (full, delta, last) = _run(
            subject,
            world,
            choice,
            changes=changes,
            is_sink_instant=False,
        )
        requests = world.sentinel.requests
        before = [seen for seen in requests if seen.at < delta['began_at']]
        after = requests[len(before) :]
        first_s = _last(before, _is_indicator).at
        second_s = _last(after, _is_indicator).at
        context = [seen for seen in requests if not _is_indicator(seen)]
        figures: Figures = {
            'to_last_s': first_s - full['began_at'],
            'delta_to_last_s': second_s - delta['began_at'],
            'objects': sum(job['count_object'] for job in full['jobs']),
            'delta_objects': sum(job['count_object'] for job in delta['jobs']),
            'early': sum(seen.at < first_s for seen in context),
            'before_delta': sum(seen.at < delta['began_at'] for seen in context),
            'context_objects': sum(len(seen.ids) for seen in context),
            'context_requests': len(context),
            'context_s': context[-1].at - first_s if context else 0.0,
            'busiest': world.sentinel.limit.busiest(),
            'throttled': sum(seen.status == 429 for seen in requests),
            'account': _account(last['jobs']),
            'stored': {
                kind: len(world.sentinel.held_objects(None, kind))
                for kind in ('indicator', 'identity', 'threat-actor', 'relationship')
            },
            'yardstick_ms': full['yardstick_ms'],
        }
    assert figures['delta_objects'] == DELTA_OBJECTS, figures
    _check_account(figures['account'], figures['context_objects'])
    held = sum(count for kind, count in figures['stored'].items() if kind != 'indicator')
    assert held == figures['context_objects'], figures
    assert (held > 0) == (choice == _ACTORS)
    subject.say(f'context, {choice}: {figures}')
    return figures


def _derived(subject: Subject, count: int) -> Figures:
    """Make the context of so many Indicators, which is taken at once and without a limit."""
    rows = _without_groups(rows_of_objects(count))
    with subject.world(rows) as world:
        relate(world.store, rows, actors=2_000)
        update, making = _run(subject, world, _ACTORS, changes=[], is_sink_instant=True)
    live = {each['kind']: each['count'] for each in making['live']}
    account = _account(making['jobs'])
    _check_account(account, sum(live.values()))
    assert making['sent'] == sum(live.values()), making
    tables = making['stores']['tables']
    figures: Figures = {
        'objects': sum(job['count_object'] for job in update['jobs']),
        'live': live,
        'account': account,
        'cpu_s': making['cpu_s'],
        'wall_s': making['wall_s'],
        'peak_mib': making['peak_mib'],
        'update_cpu_s': update['cpu_s'],
        'update_peak_mib': update['peak_mib'],
        'tables': {name: size for name, size in tables.items() if _is_of_context(name)},
        'yardstick_ms': making['yardstick_ms'],
    }
    subject.say(f'context, derived: {figures}')
    return figures


def _run(subject: Subject, world: World, choice: str, **task: Any) -> list[Figures]:
    inputs = world.inputs(context_objects=choice)
    with Yardstick() as yardstick:
        found = subject.run(_CHILD, world, {'queries': [QUERY], 'inputs': inputs, **task})
    reports: list[Figures] = json.loads((found / REPORT).read_text())
    for report in reports:
        report['yardstick_ms'] = yardstick.work_ms(report['began_at'], report['ended_at'])
    assert (found / DATA).exists()
    shutil.rmtree(found)
    return reports


def _without_groups(rows: Iterable[Row]) -> list[Row]:
    return [{**row, 'associatedGroups': {}} for row in rows]


def _changed(rows: Sequence[Row]) -> list[Row]:
    """Return Indicators that are `DELTA_OBJECTS` objects together."""
    left, found = DELTA_OBJECTS, []
    for row in rows:
        if object_count(row) <= left:
            left -= object_count(row)
            found.append(row)
    return found


def relate(store: Store, rows: Sequence[Row], *, actors: int) -> None:
    """Give most Indicators one or two of so many threat actors."""
    groups = [
        store.groups.add(
            {
                'type': _TYPES[number % len(_TYPES)],
                'name': f'Threat Actor {number}',
                'ownerName': OWNERS[number % len(OWNERS)],
                'lastModified': '2025-06-01T00:00:00Z',
            }
        )['id']
        for number in range(actors)
    ]
    place = 0
    for number, row in enumerate(rows):
        for _ in range(_ACTORS_OF[number % len(_ACTORS_OF)]):
            store.groups.associate(groups[place % actors], row['id'], touch=False)
            place += 1


def _is_indicator(seen: SentinelRequest) -> bool:
    return bool(seen.ids) and seen.ids[0].startswith('indicator--')


def _last(
    requests: Sequence[SentinelRequest], is_wanted: Callable[[SentinelRequest], bool]
) -> SentinelRequest:
    return next(seen for seen in reversed(requests) if is_wanted(seen))


def _account(jobs: Iterable[Figures]) -> dict[str, int]:
    """Return what became of the context that all Jobs have called for."""
    found = [job['context'] for job in jobs if job['context'] is not None]
    return {name: sum(each[name] for each in found) for each in found[:1] for name in each}


def _check_account(account: dict[str, int], accepted: int) -> None:
    assert account.get('waiting', 0) == account.get('refused', 0) == 0, account
    assert account.get('sent', 0) == accepted, (account, accepted)
    assert account.get('withdrawn', 0) == account.get('left_out', 0) == 0, account


def _is_of_context(table: str) -> bool:
    names = ('actor_group', 'associated', 'association', 'relation_due', 'actor_due')
    return table in names or table.startswith('context_')


def row_of_pace(name: str, found: Figures) -> tuple[str, ...]:
    """Return a line of a table for the updates at the real limit."""
    return (
        name,
        f'{found["objects"]:,}',
        f'{found["to_last_s"]:.1f}',
        f'{found["early"]:,}',
        f'{found["before_delta"]:,}',
        f'{found["delta_objects"]:,}',
        f'{found["delta_to_last_s"]:.1f}',
        f'{found["context_objects"]:,}',
        f'{found["context_s"] / 60:.1f}',
        str(found['busiest']),
        str(found['throttled']),
    )
