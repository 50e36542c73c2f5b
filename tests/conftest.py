"""What holds for all tests: assertions in what several of them share tell as much as their own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

# Before anything imports one of these: later it is an error, whichever test comes first.
pytest.register_assert_rewrite(
    'tests.contract.small_world',
    'tests.crash.scene',
    'tests.engine',
    'tests.history',
    'tests.integration.update.matrix',
)


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
