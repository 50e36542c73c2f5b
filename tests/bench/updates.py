"""What an update takes: full, nothing changed, few changes; nothing slows it down."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.rows import copied_rows
from tests.bench.subject import Figures, Subject
from tests.harness.engine import outcomes
from tests.simulators.demo import generate_indicators

CHANGED = 100
COPIED_VALUES = 2_500


def measure(subject: Subject, sizes: Sequence[int]) -> Figures:
    """Measure a full update, a reconcile with nothing changed, and a delta, for each size."""
    return {str(size): _measure_size(subject, size) for size in sizes}


def _measure_size(subject: Subject, size: int) -> Figures:
    with subject.world(generate_indicators(size)) as world:
        changes = _changes(world.store.rows(), size // CHANGED)
        reports = subject.updates(world, ['reconcile', 'delta'], changes={'delta': changes})
    figures = {}
    for name, report in zip(('full', 'reconcile', 'delta'), reports, strict=True):
        figures[name] = _brief(report)
        subject.say(f'updates, {name} at {size:,}: {figures[name]}')
    full, reconcile, delta = figures.values()
    assert full['outcomes'] == {'sent': size}
    assert reconcile['outcomes'] == {'unchanged': size}
    assert delta['outcomes'] == {'sent': CHANGED}
    return figures


def _changes(rows: Sequence[Figures], apart: int) -> list[tuple[int, int]]:
    """Return other confidences for rows that lie evenly between the others."""
    chosen = rows[apart // 2 :: apart][:CHANGED]
    return [(row['id'], (row['confidence'] + 1) % 101) for row in chosen]


def _brief(report: Figures) -> Figures:
    (job,) = report['jobs']
    assert job['status'] == 'Upload Complete', job
    kept = ('cpu_s', 'wall_s', 'peak_mib', 'yardstick_ms', 'sent', 'stores')
    return {
        'read': job['count_read'],
        'outcomes': outcomes(job),
        **{name: report[name] for name in kept},
    }


def measure_copies(subject: Subject) -> Figures:
    """Count what is sent of values that two owners of one query hold, when nothing changes."""
    return {
        'half': _measure_copies(subject, first_is_better_each=2),
        'all': _measure_copies(subject, first_is_better_each=COPIED_VALUES),
    }


def _measure_copies(subject: Subject, *, first_is_better_each: int) -> Figures:
    rows = copied_rows(COPIED_VALUES, first_is_better_each=first_is_better_each)
    with subject.world(rows) as world:
        reports = subject.updates(world, ['reconcile', 'full'])
    first, reconcile, second = (report['sent'] for report in reports)
    figures = {'values': COPIED_VALUES, 'first': first, 'reconcile': reconcile, 'second': second}
    subject.say(f'copies: {figures}')
    return figures
