"""How much of a long proof is done: a sample by `make test`, all of it by `make soak`."""

from __future__ import annotations

import os
from typing import Final

IS_SOAK: Final = os.environ.get('SOAK') == '1'


def amount(name: str, *, daily: int, soak: int) -> int:
    """Return how many cases of a proof to run.

    Args:
        name: the environment variable that overrides both figures.
        daily: for `make test`.
        soak: for `make soak`.
    """
    return int(os.environ.get(name) or (soak if IS_SOAK else daily))
