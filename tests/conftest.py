"""What holds for all tests: assertions in what several of them share tell as much as their own."""

from __future__ import annotations

import pytest

# Before anything imports one of these: later it is an error, whichever test comes first.
pytest.register_assert_rewrite(
    'tests.contract.small_world',
    'tests.crash.scene',
    'tests.engine',
    'tests.history',
    'tests.integration.update.matrix',
)
