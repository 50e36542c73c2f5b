"""What the engine is to reach, and whether the figures do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.bench import floor
from tests.bench.stores import LEDGER
from tests.bench.subject import Figures

Pick = Callable[[Figures], float]
"""Finds one figure among all; a `LookupError` where it was not measured."""

NOT_MEASURED = 'not measured'
MB = 1_000_000
LARGE, LARGEST = 100_000, 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure, and the most that it may be."""

    measure: str
    most: float
    unit: str
    pick: Pick
    digits: int = 0

    def figure(self, figures: Figures) -> float | None:
        """Return the figure; None where it was not measured."""
        try:
            return self.pick(figures)
        except LookupError:
            return None

    def shown(self, value: float | None) -> str:
        """Return a value with its unit, for people."""
        if value is None:
            return NOT_MEASURED
        return f'{value:,.{self.digits}f} {self.unit}'.rstrip()

    def verdict(self, figures: Figures) -> str:
        """Say whether the goal is met, and else by how much it is missed."""
        value = self.figure(figures)
        if value is None:
            return NOT_MEASURED
        if value <= self.most:
            return 'met'
        if not self.most:
            return f'missed by {self.shown(value)}'
        return f'missed by {self.shown(value - self.most)} ({value / self.most - 1:.0%})'


def _update(figures: Figures, mode: str, size: int) -> Figures:
    found: Figures = figures['updates'][str(size)][mode]
    return found


def cpu_us(mode: str, size: int) -> Pick:
    """Processor time for each Indicator read by an update."""

    def pick(figures: Figures) -> float:
        found = _update(figures, mode, size)
        return float(found['cpu_s'] / found['read'] * 1e6)

    return pick


def yardsticks(mode: str, size: int) -> Pick:
    """Processor time for each 1,000 Indicators read, in yardsticks."""

    def pick(figures: Figures) -> float:
        found = _update(figures, mode, size)
        return float(found['cpu_s'] * 1e3 / found['yardstick_ms'] / found['read'] * 1e3)

    return pick


def floor_us(figures: Figures, *, is_sent: bool) -> float:
    """Processor time for each Indicator below which no engine comes."""
    found = figures['floor']
    kinds = found['cpu_s'] if is_sent else floor.UNCHANGED
    return float(sum(found['cpu_s'][kind] for kind in kinds) / found['indicators'] * 1e6)


def stored_mb(size: int) -> Pick:
    """Size of the database after a full update."""
    return lambda figures: float(_update(figures, 'full', size)['stores']['file_bytes'] / MB)


def ledger_bytes(size: int) -> Pick:
    """Bytes of the ledger for each object, indexes included."""

    def pick(figures: Figures) -> float:
        full = _update(figures, 'full', size)
        tables = full['stores']['tables']
        return float(sum(tables.get(name, 0) for name in LEDGER) / full['sent'])

    return pick


def peak_mib(size: int) -> Pick:
    """Highest peak of resident memory in any of the updates."""
    return lambda figures: max(
        float(found['peak_mib']) for found in figures['updates'][str(size)].values()
    )


def _copies(update: str) -> Pick:
    return lambda figures: max(float(found[update]) for found in figures['copies'].values())


def _lookup_s(figures: Figures) -> float:
    found = figures['lookup']
    if found['ledger_objects'] != LARGEST:
        raise LookupError(NOT_MEASURED)
    return float(found['median_s'])


def _verification(figures: Figures) -> Figures:
    found: Figures = figures['verification']
    if found['ledger_objects'] != LARGEST:
        raise LookupError(NOT_MEASURED)
    return found


def _verify_requests(figures: Figures) -> float:
    return max(run['run']['count_requests'] for run in _verification(figures)['runs'])


def _verify_cpu_s(figures: Figures) -> float:
    return max(float(run['cpu_s']) for run in _verification(figures)['runs'])


def _verify_peak_mib(figures: Figures) -> float:
    return float(_verification(figures)['beside']['peak_mib'])


def _verify_pace(figures: Figures) -> float:
    found = _verification(figures)
    return float(found['beside']['sending_s']) / float(found['alone']['sending_s'])


def _context_ratio(name: str) -> Pick:
    """With context against without it."""
    return lambda figures: float(
        figures['context']['with'][name] / figures['context']['without'][name]
    )


def _derived(figures: Figures) -> Figures:
    found: Figures = figures['context']['derived']
    return found


def relationship_ms(figures: Figures) -> float:
    """Processor time for each relationship, its share of the actors included."""
    found = _derived(figures)
    return float(found['cpu_s'] * 1e3 / found['live']['relationship'])


def relationship_bytes(figures: Figures) -> float:
    """Bytes of all tables of context for each relationship, indexes included."""
    found = _derived(figures)
    return float(sum(found['tables'].values()) / found['live']['relationship'])


def _slowest_p95_ms(figures: Figures) -> float:
    found = figures['api']
    return max(
        float(call['p95_ms'])
        for name, call in found['calls'].items()
        if name not in found['asks_others']
    )


def _growth(what: str, pick: Callable[[int], Pick], *, most: float) -> Goal:
    over, under = pick(LARGEST), pick(LARGE)
    return Goal(
        measure=f'{what}, {LARGEST:,} against {LARGE:,}',
        most=most,
        unit='times',
        pick=lambda figures: over(figures) / under(figures),
        digits=2,
    )


def _sending(count: int, *, least_s: int) -> Goal:
    return Goal(
        measure=f'{count:,} objects at the real limit (least possible: {least_s} s)',
        most=least_s + 1.5,
        unit='s',
        pick=lambda figures: float(figures['pace'][str(count)]['sending_s']),
        digits=1,
    )


GOALS = (
    Goal(
        measure='CPU for each Indicator, full update of 100,000, everything sent',
        most=200,
        unit='µs',
        pick=cpu_us('full', LARGE),
    ),
    Goal(
        measure='CPU for each Indicator, reconcile of 100,000, nothing changed',
        most=40,
        unit='µs',
        pick=cpu_us('reconcile', LARGE),
    ),
    Goal(
        measure='the same on this machine: full update, yardsticks for each 1,000 Indicators',
        most=41.1,
        unit='',
        pick=yardsticks('full', LARGE),
        digits=1,
    ),
    Goal(
        measure='reconcile, yardsticks for each 1,000 Indicators',
        most=8.9,
        unit='',
        pick=yardsticks('reconcile', LARGE),
        digits=1,
    ),
    _growth('CPU for each Indicator, full update', partial(cpu_us, 'full'), most=1.1),
    _growth('CPU for each Indicator, reconcile', partial(cpu_us, 'reconcile'), most=1.1),
    Goal(
        measure='`state.db` at the end of a full update of 100,000',
        most=90,
        unit='MB',
        pick=stored_mb(LARGE),
    ),
    Goal(
        measure='ledger for each object, indexes included, at 100,000',
        most=600,
        unit='bytes',
        pick=ledger_bytes(LARGE),
    ),
    Goal(
        measure='peak resident memory at 1,000,000',
        most=200,
        unit='MiB',
        pick=peak_mib(LARGEST),
    ),
    _growth('peak resident memory', peak_mib, most=1.05),
    Goal(
        measure='2,500 values each in two owners of one query, nothing changed: objects sent by a'
        ' reconcile',
        most=0,
        unit='',
        pick=_copies('reconcile'),
    ),
    Goal(
        measure='the same, by a second full update',
        most=2_500,
        unit='',
        pick=_copies('second'),
    ),
    _sending(12_000, least_s=60),
    _sending(25_000, least_s=120),
    Goal(
        measure='95th percentile of the slowest call that asks no other system, during an update',
        most=60,
        unit='ms',
        pick=_slowest_p95_ms,
    ),
    Goal(
        measure='500 values looked up over a ledger of 1,000,000, beside the time that'
        ' ThreatConnect takes',
        most=2.0,
        unit='s',
        pick=_lookup_s,
        digits=2,
    ),
    Goal(
        measure='a run of Verify over 1,000,000 objects, one in a thousand a finding: requests',
        most=40,
        unit='',
        pick=_verify_requests,
    ),
    Goal(measure='the same: CPU', most=60, unit='s', pick=_verify_cpu_s, digits=1),
    Goal(
        measure='peak resident memory, a full update beside runs of Verify over 1,000,000',
        most=200,
        unit='MiB',
        pick=_verify_peak_mib,
    ),
    Goal(
        measure='pace of that update at the real limit, against one without Verify',
        most=1.02,
        unit='times',
        pick=_verify_pace,
        digits=2,
    ),
    Goal(
        measure='12,000 objects at the real limit, save to last Indicator, with context against'
        ' without',
        most=1.02,
        unit='times',
        pick=_context_ratio('to_last_s'),
        digits=2,
    ),
    Goal(
        measure='requests with context objects before the last Indicator of that update',
        most=0,
        unit='',
        pick=lambda figures: float(figures['context']['with']['early']),
    ),
    Goal(
        measure='a delta of 2,000 objects in the middle of context, request to last Indicator,'
        ' against one without context',
        most=1.5,
        unit='times',
        pick=_context_ratio('delta_to_last_s'),
        digits=2,
    ),
    Goal(
        measure='CPU for each relationship, actors included, of 100,000 objects with 1.5 actors'
        ' each',
        most=1,
        unit='ms',
        pick=relationship_ms,
        digits=2,
    ),
    Goal(
        measure='the same: `state.db` for each relationship, Groups and actors included',
        most=600,
        unit='bytes',
        pick=relationship_bytes,
    ),
    Goal(
        measure='the same: peak resident memory',
        most=200,
        unit='MiB',
        pick=lambda figures: float(_derived(figures)['peak_mib']),
    ),
)
