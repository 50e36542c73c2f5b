"""What holds for all tests: fixtures, assertions that tell, no socket where a module is tested."""

from __future__ import annotations

import gc
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests.harness.soak import IS_SOAK, amount

# Before anything imports one of these: later it is an error, whichever test comes first.
pytest.register_assert_rewrite(
    'tests.harness.engine',
    'tests.pipeline.small_world',
    'tests.process.crash.scene',
    'tests.updates.history',
    'tests.updates.matrix',
)

# What is imported and collected stays: looking through it for garbage takes a third of the time.
gc.disable()

# Each property test has its share by day and many more examples at night, where no run repeats
# those of another. How long one takes says more about the machine than about the App.
settings.register_profile(
    'tests',
    max_examples=amount('EXAMPLES', daily=30, soak=500),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile('soak', settings.get_profile('tests'), derandomize=False)
settings.load_profile('soak' if IS_SOAK else 'tests')

pytest_plugins = ['tests.harness.fixtures']

TESTS = Path(__file__).parent
PACKAGES = {path.name for path in (TESTS.parent / 'sentinel_app').iterdir() if path.is_dir()}
"""The folders whose tests are about one module of the product each."""
LONG = ('packaging', 'e2e', 'process', 'updates')
"""The folders whose tests last longest, the longest first."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each process begin with its share of the long tests, and end with short ones.

    The processes get equal numbers of tests in this order, and take what is left from each other:
    a long test that comes last would be waited for.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    workers = getattr(config, 'workerinput', {}).get('workercount', 1)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    by_length = sorted(files, key=lambda path: _length(path.relative_to(TESTS).parts[0]))
    for path in by_length:
        min(shares, key=len).extend(files[path])
    items[:] = [item for share in shares for item in share]


def _length(folder: str) -> int:
    return LONG.index(folder) if folder in LONG else len(LONG)


def pytest_collection_finish() -> None:
    """Look for garbage from now on, among what the tests themselves make."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def no_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing reach beyond the process in a test of one module, unless it is marked."""
    folder = request.path.relative_to(TESTS).parts[0]
    if folder not in PACKAGES or request.node.get_closest_marker('integration'):
        return

    def refuse(connection: socket.socket, address: object, *_: object) -> NoReturn:
        raise AssertionError(f'a test of one module reaches for the network: {address!r}')

    for name in ('bind', 'connect', 'connect_ex'):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture(scope='session', autouse=True)
def _finalizers_without_room() -> Iterator[None]:
    """Let finalizers fail where JSON is nested as deeply as Python allows.

    The garbage collector may begin at that depth, in the midst of a decoder, and has no room left
    for a finalizer. That tells nothing of the test during which it happens.
    """
    others = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if not issubclass(unraisable.exc_type, RecursionError):
            others(unraisable)

    sys.unraisablehook = hook
    yield
    sys.unraisablehook = others
