"""The figures as a page of the documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tests.bench.context import DELTA_OBJECTS, PACE_OBJECTS, row_of_pace
from tests.bench.floor import COMMIT, PARSE, READ, SETTLE, STORE, TEXT
from tests.bench.goals import GOALS, MB, floor_us, relationship_bytes, relationship_ms
from tests.bench.pace import LIMIT, least_s
from tests.bench.stores import LEDGER
from tests.bench.subject import Figures
from tests.bench.verification import UPDATE_OBJECTS, rows_of_runs

_MODES = {'full': 'full', 'reconcile': 'reconcile, nothing changed', 'delta': 'delta'}
_FLOOR = {
    READ: 'receive a page over TLS and HTTP, decompressed',
    PARSE: 'parse its JSON with the fastest library',
    COMMIT: 'one synced commit of a small row for each page',
    TEXT: 'one JSON text and one digest for each object',
    STORE: 'one row of 30 bytes for each object, in one synced commit for each page',
    SETTLE: 'two synced commits of one small row for each 100 objects',
}
_SHARE_SHOWN = 0.01
"""Of the pages in use; smaller tables are left out."""


def page(figures: Figures, before: Figures) -> str:
    """Return the whole page; a part that was never measured is left out.

    Args:
        figures: of the parts that were measured.
        before: the same of an earlier engine.
    """
    parts: Mapping[str, Callable[[Figures], str]] = {
        'floor': _floor,
        'updates': lambda found: _updates(found, before['updates']),
        'copies': _copies,
        'pace': _pace,
        'troubled': _troubled,
        'api': _api,
        'lookup': _lookup,
        'verification': _verification,
        'context': _context,
        'conversion': _conversion,
        'bomb': _bomb,
    }
    written = [write(figures[name]) for name, write in parts.items() if name in figures]
    return '\n'.join((_head(figures), _goals(figures, before), *written))


def _head(figures: Figures) -> str:
    machine = figures['machine']
    return (
        '# Benchmarks\n\n'
        'Measured by `make bench` (`python -m tests.bench`; `--million` adds the largest size,\n'
        '`--long` an update with slow answers and one with faults, `--only` runs one part), which\n'
        'writes this page. The App runs in a process of its own; the stand-ins for ThreatConnect,\n'
        'Entra ID and Microsoft Sentinel run in another one on the same machine, over HTTPS.\n'
        'The Indicators are generated: nine types, each about 1.6 KB as JSON.\n\n'
        "*CPU* is the processor time, user and system, of the App's process alone, from the first\n"
        'save to the end of the update, without the thread that saves and looks how far it is. It\n'
        'is what counts: wall times depend on what else the machine does. How dear CPU was\n'
        'meanwhile, the *yardstick* says: a fixed piece of Python work, timed throughout by the\n'
        'processor time that it takes. Other work on the same cores makes both dearer.\n\n'
        f'Machine of the last run, {figures["date"]}: {machine["cores"]} cores, '
        f'{machine["system"]}, Python {machine["python"]}.'
        f'{_took(figures)}\n'
    )


def _took(figures: Figures) -> str:
    took_s = figures.get('short_form_s')
    return '' if took_s is None else f' The short form took {took_s / 60:.1f} minutes.'


def _goals(figures: Figures, before: Figures) -> str:
    rows = [
        (
            goal.measure,
            goal.shown(goal.figure(before)),
            f'<= {goal.shown(goal.most)}',
            goal.shown(goal.figure(figures)),
            goal.verdict(figures),
        )
        for goal in GOALS
    ]
    head = ('Measure', f'Before ({before["date"]})', 'Goal', f'Now ({figures["date"]})', 'Goal is')
    return (
        '## Goals\n\n'
        '*Before* are the figures of an engine that kept pages, objects, outcomes and what is\n'
        'held in tables of their own, measured in the same way. The goals are meant for two cores\n'
        'with nothing else running. Those in µs were set on a machine on which that engine took\n'
        '494 and 263 µs; in yardsticks they are the same parts of what it took here.\n\n'
        + _table(head, rows)
    )


def _floor(found: Figures) -> str:
    indicators = found['indicators']
    rows = [
        (text, f'{found["cpu_s"][kind] / indicators * 1e6:.1f}') for kind, text in _FLOOR.items()
    ]
    unchanged, sent = (floor_us({'floor': found}, is_sent=is_sent) for is_sent in (False, True))
    return (
        '## The floor\n\n'
        'What any engine spends that reads such Indicators in Python, measured without the App:\n'
        f'its pages are asked for again, {indicators:,} Indicators of '
        f'{found["page_bytes"] / indicators:,.0f} bytes each. The first three\n'
        f'kinds of work are the floor where nothing has changed, {unchanged:.0f} µs; all of them '
        f'that of a full\nupdate, {sent:.0f} µs, to which the requests to Sentinel come. '
        f'Yardstick: {found["yardstick_ms"]:.1f} ms.\n\n'
        + _table(('Work', 'CPU for each Indicator, µs'), rows)
    )


def _updates(found: Figures, before: Figures) -> str:
    sizes = sorted(found, key=int)
    rows = [
        (
            f'{int(size):,}',
            _MODES[mode],
            engine,
            f'{run["read"]:,}',
            f'{run["sent"]:,}',
            f'{run["cpu_s"]:.1f}',
            f'{run["cpu_s"] / run["read"] * 1e6:,.0f}',
            f'{run["yardstick_ms"]:.1f}',
            f'{run["cpu_s"] / run["read"] * 1e6 / run["yardstick_ms"]:,.0f}',
            f'{run["wall_s"]:.1f}',
            f'{run["peak_mib"]:.0f}',
        )
        for size in sizes
        for mode in found[size]
        for engine, runs in (('before', before), ('now', found))
        if (run := runs.get(size, {}).get(mode)) is not None
    ]
    head = (
        *('Indicators', 'Update', 'Engine', 'Read', 'Objects sent'),
        *('CPU, s', 'CPU for each read, µs', 'Yardstick, ms', 'Yardsticks for each 1,000 read'),
        *('Wall, s', 'Peak memory, MiB'),
    )
    return (
        '## Updates that nothing slows down\n\n'
        'Three updates by one process, one after the other, whose objects are taken at once and\n'
        'without a limit: reading, converting and storing at full speed. Between the last two,\n'
        '100 Indicators change. The peak is that of the resident memory of the App (`VmHWM`)\n'
        'during the update. Two lines whose yardsticks differ compare by how many yardsticks they\n'
        'took.\n\n' + _table(head, rows) + '\n' + _stores(found, sizes)
    )


def _stores(found: Figures, sizes: list[str]) -> str:
    rows = []
    for size in sizes:
        full = found[size]['full']
        stores, objects = full['stores'], full['sent']
        shown = [
            f'`{name}` {bytes_ / MB:,.1f}'
            for name, bytes_ in stores['tables'].items()
            if bytes_ >= _SHARE_SHOWN * stores['used_bytes']
        ]
        rows.append(
            (
                f'{objects:,}',
                f'{stores["left_bytes"] / MB:,.1f}',
                f'{stores["file_bytes"] / MB:,.1f}',
                f'{stores["used_bytes"] / MB:,.1f}',
                f'{stores["used_bytes"] / objects:,.0f}',
                f'{sum(stores["tables"].get(name, 0) for name in LEDGER) / objects:,.0f}',
                ', '.join(shown),
            )
        )
    head = (
        *('Objects', 'With its WAL, as left, MB', 'WAL written back, MB', 'Pages in use, MB'),
        *('In use for each object, bytes', 'Ledger for each object, bytes', 'Tables, MB'),
    )
    return (
        '`state.db` at the end of the full update (MB are 1,000,000 bytes; tables with their\n'
        'indexes):\n\n' + _table(head, rows)
    )


def _copies(found: Figures) -> str:
    names = {
        'half': 'half in the one owner, half in the other',
        'all': 'all but one in the owner that is read last',
    }
    rows = [
        (
            names[case],
            f'{sent["values"]:,}',
            f'{sent["first"]:,}',
            f'{sent["reconcile"]:,}',
            f'{sent["second"]:,}',
        )
        for case, sent in found.items()
    ]
    head = (
        *('Copies that were modified last', 'Values', 'First full update'),
        *('Reconcile', 'Second full update'),
    )
    return (
        '## Values in two owners\n\n'
        'Objects sent of values that two owners of one query hold, with other ids and other\n'
        'confidences; nothing changes. The Indicators of the one owner are read before those of\n'
        'the other.\n\n' + _table(head, rows)
    )


def _pace(found: Figures) -> str:
    numbers = list(dict.fromkeys(number for run in found.values() for number in run['offsets_s']))
    rows = [
        (
            f'{run["objects"]:,}',
            f'{run["requests"]:,}',
            f'{least_s(run["requests"]):.0f}',
            f'{run["sending_s"]:.1f}',
            f'{run["to_first_s"]:.1f}',
            f'{run["wall_s"]:.1f}',
            f'{run["cpu_s"]:.1f}',
            f'{run["yardstick_ms"]:.1f}',
            str(run['busiest']),
            str(run['throttled']),
            str(run['lost']),
        )
        for run in found.values()
    ]
    head = (
        *('Objects', 'Requests', 'Least possible, s', 'First request to last answer, s'),
        *('Save to first request, s', 'Save to end, s', 'CPU, s', 'Yardstick, ms'),
        *('Busiest 60 s', '429s', 'Lost'),
    )
    offsets = [
        (
            f'{run["objects"]:,}',
            *(
                f'{run["offsets_s"][number]:.1f}' if number in run['offsets_s'] else ''
                for number in numbers
            ),
        )
        for run in found.values()
    ]
    return (
        '## A full update against the real limit\n\n'
        f'The stand-in takes {LIMIT} requests of 100 objects in any 60 s. *Least possible* is the '
        'time before which\nthe last request may not go at that limit.\n\n'
        + _table(head, rows)
        + '\nSeconds from the first request to others, by their number:\n\n'
        + _table(('Objects', *numbers), offsets)
    )


def _troubled(found: Figures) -> str:
    rows = [
        (
            name,
            f'{run["objects"]:,}',
            f'{run["requests"]:,}',
            f'{least_s(run["requests"]):.0f}',
            f'{run["wall_s"]:.0f}',
            str(run['busiest']),
            str(run['throttled']),
            str(run['faults']),
            str(run['lost']),
        )
        for name, run in found.items()
    ]
    head = (
        *('Line', 'Objects', 'Requests', 'Least possible, s', 'Save to end, s'),
        *('Busiest 60 s', '429s', 'Other faults', 'Lost'),
    )
    return '## The same with slow answers and with faults\n\n' + _table(head, rows)


def _lookup(found: Figures) -> str:
    return (
        '## Looking up many values\n\n'
        f'{found["values"]:,} values as people paste them, over a ledger of '
        f'{found["ledger_objects"]:,} objects; {found["live"]:,} of them are in it, and\n'
        f'{found["near"]:,} of the others are beside something that is. ThreatConnect answers '
        f'{found["questions"]:,} questions at once, with nothing.\n'
        'Five times, one after the other:\n\n'
        + _table(
            ('Shortest, s', 'Median, s', 'Longest, s', 'Least CPU, s', 'Yardstick, ms'),
            [
                (
                    f'{found["shortest_s"]:.2f}',
                    f'{found["median_s"]:.2f}',
                    f'{found["longest_s"]:.2f}',
                    f'{found["cpu_s"]:.2f}',
                    f'{found["yardstick_ms"]:.1f}',
                )
            ],
        )
    )


def _verification(found: Figures) -> str:
    head = (
        *('What is compared', 'Findings', 'Requests', 'Wall, s', 'CPU, s'),
        *('At rest, MiB', 'Peak, MiB', 'Yardstick, ms'),
    )
    beside = [
        (
            name,
            str(run['verified']),
            f'{run["sending_s"]:.1f}',
            f'{run["cpu_s"]:.1f}',
            f'{run["peak_mib"]:.0f}',
            f'{run["read"]:,}',
            f'{run["sent"]:,}',
            f'{run["stored"]:,}',
        )
        for name, run in (
            ('nothing else', found['alone']),
            ('Verify, again and again', found['beside']),
        )
    ]
    return (
        '## Holding the ledger against the workspace\n\n'
        f'A ledger of {found["ledger_objects"]:,} objects, of which one in a thousand is missing, '
        'older, changed or\nunknown in the table of the query API; one run after the other. Wall '
        'times are those of\nthe engine that stands in for Log Analytics:\n\n'
        + _table(head, list(rows_of_runs(found)))
        + f'\nA full update of {UPDATE_OBJECTS:,} objects beside that ledger, at the real limit '
        f'(least possible: {least_s(UPDATE_OBJECTS // LIMIT):.0f} s):\n\n'
        + _table(
            (
                *('Beside it runs', 'Runs of Verify', 'Sending, s', 'CPU, s', 'Peak, MiB'),
                *('Indicators read', 'Sent', 'Objects that Sentinel took'),
            ),
            beside,
        )
    )


def _context(found: Figures) -> str:
    derived, figures = found['derived'], {'context': found}
    head = (
        *('Context Objects', 'Objects', 'Save to last Indicator, s'),
        *('Requests of context before that', 'Before the delta', 'Objects of the delta'),
        *('Request to last Indicator, s', 'Context objects', 'All of them after, min'),
        *('Busiest 60 s', '429s'),
    )
    derived_head = (
        *('Objects', 'Relationships', 'Actors', 'CPU, s', 'CPU for each relationship, ms'),
        *('`state.db` for each relationship, bytes', 'Peak, MiB', 'Yardstick, ms'),
    )
    return (
        '## Context after the Indicators\n\n'
        f'A full update of {PACE_OBJECTS:,} objects at the real limit, of which nine in ten '
        f'Indicators have one or two threat\nactors, and a delta of {DELTA_OBJECTS:,} changed '
        'ones, with context in the middle of its context:\n\n'
        + _table(
            head,
            [
                row_of_pace('None', found['without']),
                row_of_pace('Owner identities and threat actors', found['with']),
            ],
        )
        + '\nMaking and storing the context of a larger update once its Indicators are sent, '
        'taken at once and without a\nlimit. The accounts of the Jobs add up to what was '
        'sent, and to what is live:\n\n'
        + _table(
            derived_head,
            [
                (
                    f'{derived["objects"]:,}',
                    f'{derived["live"]["relationship"]:,}',
                    f'{derived["live"]["actor"]:,}',
                    f'{derived["cpu_s"]:.1f}',
                    f'{relationship_ms(figures):.2f}',
                    f'{relationship_bytes(figures):,.0f}',
                    f'{derived["peak_mib"]:.0f}',
                    f'{derived["yardstick_ms"]:.1f}',
                )
            ],
        )
    )


def _bomb(figures: Figures) -> str:
    purposes = list(next(iter(figures.values()))['by_purpose'])
    rows = [
        (
            name,
            f'{found["packed_kib"]:,.0f}',
            *(f'{found["by_purpose"][each]["grown_mib"]:.0f}' for each in purposes),
            f'{max(each["took_s"] for each in found["by_purpose"].values()):.1f}',
        )
        for name, found in figures.items()
    ]
    head = ('Answer', 'Packed, KiB', *(f'As {each}' for each in purposes), 'Longest, s')
    return (
        '## Memory against bombs\n\n'
        'One answer, packed with gzip, to a process of its own for each purpose: by how many MiB '
        'the peak of\nits resident memory grew, and the longest processor time that any of them '
        'took to read or to refuse it.\n\n' + _table(head, rows)
    )


def _conversion(found: Figures) -> str:
    rate = found['indicators'] / found['took_s']
    return (
        '## Conversion alone\n\n'
        f'One thread makes {found["objects"]:,} objects of {found["indicators"]:,} Indicators in '
        f'{found["took_s"]:.1f} s of\nprocessor time, {rate:,.0f} Indicators a second, content '
        'hash and JSON text included. The upload limit\nallows 167 objects a second.\n'
    )


def _api(found: Figures) -> str:
    rows = [
        (
            f'`{name}`',
            str(each['count']),
            f'{each["median_ms"]:.0f}',
            f'{each["p95_ms"]:.0f}',
            f'{each["max_ms"]:.0f}',
        )
        for name, each in found['calls'].items()
    ]
    head = ('Call', 'Times', 'Median, ms', '95th percentile, ms', 'Longest, ms')
    return (
        '## The API while an update runs\n\n'
        "Through the stand-in for the platform's front, broker and key-value store "
        f'({found["services"]}),\nand the framework, one call after the other for '
        f'{found["seconds"]:.0f} s, while a full update of\n{found["indicators"]:,} Indicators '
        f'read {found["read"]:,} of them and sent {found["sent"]:,}. The ledger held '
        f'{found["ledger_objects"]:,}\nother objects. '
        f'After that, these ask ThreatConnect or Microsoft in turn:\n'
        f'{_listed(found["asks_others"])}.\n'
        'The check waits for its turn at the API limit, which the update uses up.\n'
        f'Yardstick: {found["yardstick_ms"]:.1f} ms.\n\n' + _table(head, rows)
    )


def _listed(names: Iterable[str]) -> str:
    return ', '.join(f'`{name}`' for name in names)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ('---', *['---:'] * (len(head) - 1)), *rows]
    return ''.join(f'| {" | ".join(line)} |\n' for line in lines)
