"""The figures as a page of the documentation."""

from __future__ import annotations

from typing import Any


def page(figures: dict[str, Any]) -> str:
    """Write the whole page; a part that was never measured is left out."""
    machine = figures['machine']
    head = (
        '# Benchmarks\n\n'
        'Measured by `make bench` (`python -m tests.bench`; `--million` adds the largest size,\n'
        '`--only` with `pace`, `memory`, `conversion`, `api` or `bomb` runs one part), which\n'
        'writes this page. The App runs in a process of its own; the stand-ins for ThreatConnect,\n'
        'Entra ID and Microsoft Sentinel run in another one on the same machine, over HTTPS.\n'
        'The Indicators are '
        'generated: nine types, each about 1.3 KB as JSON.\n\n'
        f'Machine of the last run: {machine["cores"]} cores, shared with other work; '
        f'{machine["system"]}, Python {machine["python"]}.\n'
    )
    parts = [head]
    if 'pace' in figures:
        parts.append(_pace(figures['pace']))
    if 'memory' in figures:
        parts.append(_memory(figures['memory']))
    if 'bomb' in figures:
        parts.append(_bomb(figures['bomb']))
    if 'conversion' in figures:
        parts.append(_conversion(figures['conversion']))
    if 'api' in figures:
        parts.append(_api(figures['api']))
    return '\n'.join(parts)


def _pace(figures: dict[str, Any]) -> str:
    rows = [
        (
            name,
            f'{found["indicators"]:,}',
            f'{found["objects"]:,}',
            f'{found["requests"]:,}',
            f'{found["took_s"]:.0f}',
            f'{_least_s(found["requests"]):.0f}',
            str(found['busiest']),
            str(found['throttled']),
            str(found['faults']),
            str(found['lost']),
        )
        for name, found in figures.items()
    ]
    head = (
        *('Line', 'Indicators', 'Objects', 'Requests', 'Seconds', 'Least possible'),
        *('Busiest 60 s', '429s', 'Other faults', 'Lost'),
    )
    return (
        '## A full update against the real limit\n\n'
        'The stand-in takes 100 requests in any 60 s. *Least possible* is the time before which\n'
        'the last request may not go at that limit.\n\n' + _table(head, rows)
    )


def _memory(figures: dict[str, Any]) -> str:
    rows = [
        (
            f'{int(size):,}',
            f'{found["objects"]:,}',
            f'{found["took_s"]:.0f}',
            f'{int(size) / found["took_s"]:,.0f}',
            f'{found["peak_mib"]:.0f}',
        )
        for size, found in sorted(figures.items(), key=lambda pair: int(pair[0]))
    ]
    head = ('Indicators', 'Objects', 'Seconds', 'Indicators/s', 'Peak memory, MiB')
    busy = [f'{int(size):,}' for size, found in figures.items() if found.get('is_busy')]
    told = f'The machine was busy with other work at {" and ".join(busy)}; the time says little.'
    note = f'\n{told}\n' if busy else ''
    return (
        '## Memory\n\n'
        'A full update whose objects are taken at once and without a limit: reading, converting\n'
        'and storing at full speed. The peak is that of the resident memory of the App (`VmHWM`).\n'
        '\n' + _table(head, rows) + note
    )


def _bomb(figures: dict[str, Any]) -> str:
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


def _conversion(found: dict[str, Any]) -> str:
    rate = found['indicators'] / found['took_s']
    return (
        '## Conversion alone\n\n'
        f'One thread makes {found["objects"]:,} objects of {found["indicators"]:,} Indicators in '
        f'{found["took_s"]:.1f} s of\nprocessor time, {rate:,.0f} Indicators a second, content '
        'hash and JSON text included. The upload limit\nallows 167 objects a second.\n'
    )


def _api(found: dict[str, Any]) -> str:
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
        f'read {found["read"]:,} of them and sent {found["sent"]:,}. The preview, the options,\n'
        'the lookup and the check ask ThreatConnect or Microsoft in turn; the check waits for its\n'
        'turn at the API limit, which the update uses up. The mean load of the machine was '
        f'{found["load"]:.1f},\nother work included.\n\n' + _table(head, rows)
    )


def _least_s(requests: int) -> float:
    return (requests - 1) // 100 * 60.0


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ('---', *['---:'] * (len(head) - 1)), *rows]
    return ''.join(f'| {" | ".join(line)} |\n' for line in lines)
