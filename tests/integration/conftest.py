"""The App's engine among the stand-ins, which the tests of a module share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine import Engine, ScaledClock, World
from tests.simulators.certificates import Certificates, make_certificates


@pytest.fixture(scope='session')
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('certificates'))


@pytest.fixture(scope='module')
def speed() -> float:
    """How much faster the App's time passes."""
    return 100.0


@pytest.fixture(scope='module')
def shared_world(certificates: Certificates, speed: float) -> Iterator[World]:
    with World(certificates, clock=ScaledClock(speed)) as world:
        yield world


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    shared_world.reset()
    yield shared_world
    shared_world.clear_faults()


@pytest.fixture
def make_engine(world: World, tmp_path: Path) -> Iterator[Callable[..., Engine]]:
    """Starts the App over the test's folder; inputs by keyword."""
    made: list[Engine] = []

    def make(**inputs: str | None) -> Engine:
        engine = Engine(world, tmp_path / f'app-{len(made)}', **inputs).start()
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.stop()


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine()
