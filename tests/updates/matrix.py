"""One cell of the fault matrix: an update while up to three systems fail, and one after it."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.harness.engine import Engine, Job, World, brief, hosts, query
from tests.simulators.entra.fault import FAULTS as ENTRA_FAULTS
from tests.simulators.sentinel.fault import FAULTS as SENTINEL_FAULTS
from tests.simulators.threatconnect.fault import NAMES as THREATCONNECT_FAULTS

ROWS = 30
STRIKES = 2
"""Requests that a passing fault strikes: the first, and the one that repeats it."""

Params = Mapping[str, Any]

_THREATCONNECT_PARAMS: dict[str, Params] = {
    'wait': {'wait_s': 0.02},
    'slow_body': {'drip_s': 0.002},
    'rate_limit': {'retry_after': 5},
    'slow_above': {'rows': 10},
    'offset_ceiling': {'rows': 10},
    'page_cap': {'rows': 7},
    'clock_skew': {'seconds': 200},
    'churn': {'add': 2, 'modify': 3, 'deactivate': 1, 'delete': 1},
}
_SENTINEL_PARAMS: dict[str, Params] = {
    'slow': {'wait_s': 0.02},
    'throttle': {'wait_s': 5},
    'too-large': {'objects': 7},
    'refuse-batch': {'contains': "'h1"},
    'refuse-objects': {'contains': "'h1"},
}
_ENTRA_PARAMS: dict[str, Params] = {'slow': {'wait_s': 0.02}, 'throttled': {'retry_after': 5}}

THREATCONNECT = tuple(THREATCONNECT_FAULTS)
SENTINEL = tuple(SENTINEL_FAULTS)
ENTRA = tuple(ENTRA_FAULTS)
SYSTEMS = {'threatconnect': THREATCONNECT, 'sentinel': SENTINEL, 'entra': ENTRA}
MODES = ('delta', 'full', 'reconcile')


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Which fault each system has; None for none."""

    threatconnect: str | None = None
    sentinel: str | None = None
    entra: str | None = None
    is_lasting: bool = False
    """The faults stay until they are cleared, and do not pass by themselves."""

    def __str__(self) -> str:
        names = (self.threatconnect, self.sentinel, self.entra)
        return ' x '.join(name or '-' for name in names) + (' lasting' if self.is_lasting else '')


def product(threatconnect: str) -> Iterator[Cell]:
    """Return a fault of ThreatConnect with each fault of Sentinel and each of Entra ID."""
    for sentinel, entra in itertools.product(SENTINEL, ENTRA):
        yield Cell(threatconnect=threatconnect, sentinel=sentinel, entra=entra)


def covering(threatconnect: str) -> Iterator[Cell]:
    """Return some of these, so that over all faults of ThreatConnect every two faults meet."""
    place = THREATCONNECT.index(threatconnect)
    for number in range(max(len(SENTINEL), len(ENTRA))):
        yield Cell(
            threatconnect=threatconnect,
            sentinel=SENTINEL[(number + place) % len(SENTINEL)],
            entra=ENTRA[number % len(ENTRA)],
        )


def sample(threatconnect: str) -> Iterator[Cell]:
    """Return every eleventh of these, others for each fault of ThreatConnect."""
    yield from itertools.islice(
        covering(threatconnect), THREATCONNECT.index(threatconnect) % 11, None, 11
    )


class Matrix:
    """Runs cells one after the other over the same App, as its life would have them."""

    def __init__(self, world: World, engine: Engine) -> None:
        self._world = world
        self._engine = engine
        self._turn = 0
        self.failures: list[str] = []
        self.struck = 0
        """Cells in which each of the faults really met a request."""

    def begin(self) -> None:
        """Bring everything to a sound state."""
        self._world.reset(hosts(ROWS))
        self._engine.save_queries([query()])
        self._engine.run_update('full')
        self._engine.assert_right()

    def run(self, cell: Cell) -> None:
        """Run one cell, and note what was wrong."""
        try:
            self._run(cell)
        except AssertionError as error:
            self.failures.append(f'{cell}: {str(error)[:600]}')
            self._world.clear_faults()
            # The next cell is not to suffer from this one.
            self._engine.restart()
            self.begin()

    def _run(self, cell: Cell) -> None:
        self._turn += 1
        self._change_data()
        self._arm(cell)
        jobs = self._engine.run_update(MODES[self._turn % len(MODES)])
        self.struck += self._have_struck(cell)
        self._world.clear_faults()
        for job in jobs:
            _assert_explained(job)
        (job,) = self._engine.run_update('delta')
        assert job['status'] == 'Upload Complete', brief(job)
        self._engine.assert_right()

    def _change_data(self) -> None:
        """Modify some rows, take one away for a time, bring one back, add one, delete one."""
        store = self._world.store
        rows = store.rows()
        chance = random.Random(self._turn)
        for row in rows:
            if not row['active']:
                store.activate(row['id'])
        for row in chance.sample(rows, 6):
            store.modify(row['id'], confidence=self._turn % 101)
        gone, leaving = chance.sample(rows, 2)
        store.deactivate(leaving['id'])
        if len(rows) > ROWS - 5:
            store.delete(gone['id'])
        new = hosts(1, prefix=f'h1-{self._turn}-')[0]
        store.add(new | {'lastModified': None, 'dateAdded': None})

    def _arm(self, cell: Cell) -> None:
        world = self._world
        count = None if cell.is_lasting else STRIKES
        if cell.threatconnect:
            world.threatconnect.faults.on(
                cell.threatconnect, count, **_THREATCONNECT_PARAMS.get(cell.threatconnect, {})
            )
        if cell.sentinel:
            world.sentinel.faults.add(
                cell.sentinel, count=count, **_SENTINEL_PARAMS.get(cell.sentinel, {})
            )
        if cell.entra:
            params = _ENTRA_PARAMS.get(cell.entra, {})
            world.entra.faults.add(cell.entra, count=count, **params)
            # Otherwise nobody would ask for a token.
            world.entra.issuer.invalidate_all()

    def _have_struck(self, cell: Cell) -> bool:
        world = self._world
        hits = [fault['hits'] for fault in world.threatconnect.faults.active()]
        waiting = [
            fault['count'] == STRIKES
            for book in (world.sentinel.faults, world.entra.faults)
            for fault in book.view()
        ]
        # A fault of the two that struck often enough is no longer in the list.
        return all(hits) and not any(waiting) if not cell.is_lasting else all(hits)


def _assert_explained(job: Job) -> None:
    """A Job that did not go well says why."""
    if job['status'] == 'Failed':
        assert job['failure_code'], brief(job)
        assert job['failure_reason'], brief(job)
