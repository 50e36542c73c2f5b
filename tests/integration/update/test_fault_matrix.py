"""Every fault of ThreatConnect, Sentinel and Entra ID, alone, in pairs, and three at a time.

In each cell an update of a few Indicators meets the faults: it ends, its account adds up, it says
why it failed if it did; once the faults are gone, the next delta makes Sentinel right.

The full product takes hours: `FAULT_TRIPLES=all`, or a number for a larger sample.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.engine import Engine, ScaledClock, World
from tests.integration.update.matrix import (
    ENTRA,
    SENTINEL,
    THREATCONNECT,
    Cell,
    Matrix,
    triples,
)
from tests.simulators.certificates import Certificates

pytestmark = [pytest.mark.integration, pytest.mark.timeout(0)]

SPEED = 300.0
PORTIONS = 4
_WANTED = os.environ.get('FAULT_TRIPLES', '120')
TRIPLES = None if _WANTED == 'all' else int(_WANTED)
SEED = int(os.environ.get('FAULT_SEED', '1'))


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


@pytest.mark.parametrize('fault', THREATCONNECT)
def test_threatconnect_fails(
    matrix: Matrix, fault: str, record_property: pytest.RecordProperty
) -> None:
    cells = [Cell(threatconnect=fault)]
    cells += [Cell(threatconnect=fault, sentinel=other) for other in SENTINEL]
    cells += [Cell(threatconnect=fault, entra=other) for other in ENTRA]
    cells += [Cell(threatconnect=fault, is_lasting=True)]
    run_all(matrix, cells, record_property)


@pytest.mark.parametrize('fault', SENTINEL)
def test_sentinel_fails(matrix: Matrix, fault: str, record_property: pytest.RecordProperty) -> None:
    cells = [Cell(sentinel=fault)]
    cells += [Cell(sentinel=fault, entra=other) for other in ENTRA]
    cells += [Cell(sentinel=fault, is_lasting=True)]
    run_all(matrix, cells, record_property)


@pytest.mark.parametrize('portion', range(PORTIONS))
def test_entra_fails(matrix: Matrix, portion: int, record_property: pytest.RecordProperty) -> None:
    names = ENTRA[portion::PORTIONS]
    cells = [Cell(entra=name, is_lasting=lasts) for name in names for lasts in (False, True)]
    run_all(matrix, cells, record_property)


@pytest.mark.parametrize('portion', range(PORTIONS))
def test_all_three_fail(
    matrix: Matrix, portion: int, record_property: pytest.RecordProperty
) -> None:
    cells = list(triples(TRIPLES, SEED))[portion::PORTIONS]
    run_all(matrix, cells, record_property)
