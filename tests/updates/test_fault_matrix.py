"""Every fault of ThreatConnect, Sentinel and Entra ID, alone and together.

In each cell an update of a few Indicators meets the faults: it ends, its account adds up, it says
why it failed if it did; once the faults are gone, the next delta makes Sentinel right.

By default each fault comes alone, passing and lasting, and all three systems fail together in so
many cells that each fault of each system meets at least two of each other one.
`FAULT_MATRIX=covering` lets every pair of faults of two systems meet, `FAULT_MATRIX=pairs` adds
each pair with the third system sound, and `FAULT_MATRIX=full` runs the whole product, which takes
an hour or more.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import combinations, permutations
from pathlib import Path

import pytest

from tests.harness.engine import Engine, ScaledClock, World
from tests.harness.soak import IS_SOAK
from tests.simulators.certificates import Certificates
from tests.updates.matrix import (
    SYSTEMS,
    THREATCONNECT,
    Cell,
    Matrix,
    covering,
    product,
    sample,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(0)]

SPEED = 300.0
SIZES = {'sample': sample, 'covering': covering, 'pairs': covering, 'full': product}
SIZE = os.environ.get('FAULT_MATRIX') or ('full' if IS_SOAK else 'sample')
if SIZE not in SIZES:
    raise ValueError(f'FAULT_MATRIX is one of {", ".join(SIZES)}, not {SIZE}')


@pytest.fixture(scope='module')
def matrix_world(certificates: Certificates) -> Iterator[World]:
    with World(certificates, clock=ScaledClock(SPEED)) as world:
        yield world


@pytest.fixture
def matrix(matrix_world: World, tmp_path: Path) -> Iterator[Matrix]:
    matrix_world.reset()
    with Engine(matrix_world, tmp_path / 'app') as engine:
        made = Matrix(matrix_world, engine)
        made.begin()
        yield made
        matrix_world.clear_faults()


def run_all(matrix: Matrix, cells: Iterable[Cell], record: pytest.RecordProperty) -> None:
    count = 0
    for cell in cells:
        matrix.run(cell)
        count += 1
    record('cells', count)
    record('cells_struck', matrix.struck)
    assert matrix.failures == []
    assert count


@pytest.mark.parametrize('system', list(SYSTEMS))
@pytest.mark.parametrize('is_lasting', [False, True], ids=['passing', 'lasting'])
def test_update_survives_one_failing_system(
    matrix: Matrix,
    system: str,
    is_lasting: bool,
    record_property: pytest.RecordProperty,
) -> None:
    # One that lasts takes as long as the App is patient.
    faults = SYSTEMS[system][:: 4 if is_lasting and not IS_SOAK else 1]
    cells = [Cell(**{system: fault}, is_lasting=is_lasting) for fault in faults]
    run_all(matrix, cells, record_property)


@pytest.mark.parametrize('fault', THREATCONNECT)
def test_update_survives_three_failing_systems(
    matrix: Matrix, fault: str, record_property: pytest.RecordProperty
) -> None:
    run_all(matrix, SIZES[SIZE](fault), record_property)


@pytest.mark.skipif(SIZE != 'pairs', reason='part of the longer form')
@pytest.mark.parametrize('pair', list(combinations(SYSTEMS, 2)), ids='-'.join)
def test_update_survives_two_failing_systems(
    matrix: Matrix, pair: tuple[str, str], record_property: pytest.RecordProperty
) -> None:
    first, second = pair
    cells = [
        Cell(**{first: one, second: other}) for one in SYSTEMS[first] for other in SYSTEMS[second]
    ]
    run_all(matrix, cells, record_property)


def test_every_fault_meets_others_in_the_sample() -> None:
    cells = [cell for fault in THREATCONNECT for cell in sample(fault)]
    for first, second in permutations(SYSTEMS, 2):
        for fault in SYSTEMS[first]:
            met = {getattr(cell, second) for cell in cells if getattr(cell, first) == fault}
            assert len(met) >= 2, fault


def test_every_pair_of_faults_meets() -> None:
    cells = [cell for fault in THREATCONNECT for cell in covering(fault)]
    for first, second in combinations(SYSTEMS, 2):
        met = {(getattr(cell, first), getattr(cell, second)) for cell in cells}
        assert len(met) == len(SYSTEMS[first]) * len(SYSTEMS[second])
