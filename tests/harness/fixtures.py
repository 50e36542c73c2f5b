"""The App among the stand-ins: its engine in this process, or the whole of it in one of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.api_stand import Stand as ApiStand
from tests.harness.engine import Engine, ScaledClock, World
from tests.harness.fork_server import ForkServer
from tests.harness.running import MakeStand
from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.demo import load_indicators
from tests.simulators.platform.instance import Services
from tests.simulators.stand import Stand


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


@pytest.fixture(scope='session')
def real_services() -> Services:
    """Mosquitto and redis-server themselves."""
    missing = Services.missing_programs()
    if missing and not os.environ.get('CI'):
        pytest.skip(f'not installed: {", ".join(missing)}')
    return Services.REAL


@pytest.fixture(scope='session')
def fork_server() -> Iterator[ForkServer]:
    """Forks the App. `test_lifecycle` and the browser's tests start it as the platform does."""
    with ForkServer('app', 'tcex') as fork_server:
        yield fork_server


@pytest.fixture
def make_stand(
    tmp_path: Path, certificates: Certificates, real_services: Services, fork_server: ForkServer
) -> MakeStand:
    """Describe a stand of the test's own; the App is not started with it."""

    def make(*, name: str = 'state', **settings: Any) -> Stand:
        settings = {
            'rows': load_indicators(30, own=True),
            'services': real_services,
            'start_app': False,
            'certificates': certificates,
            'spawn': fork_server.spawn,
            **settings,
        }
        return Stand(tmp_path / name, **settings)

    return make


@pytest.fixture
def stand(tmp_path: Path) -> ApiStand:
    """The API over fakes and real stores; suites with a running App have a `stand` of their own."""
    return ApiStand(tmp_path)
