"""The `Prefer` header: how long a query may take, and what comes beside its rows."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass

INCLUDES = ('statistics', 'render', 'permissions', 'dataSources')


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What one request asks for."""

    wait_s: float
    includes: frozenset[str]
    """Some of `INCLUDES`."""


def read_preference(header: str, *, default_s: float, max_s: float) -> Preference:
    """Read a header with several preferences by commas; unknown ones count for nothing."""
    wait_s = default_s
    includes: set[str] = set()
    for part in header.split(','):
        name, _, value = (piece.strip() for piece in part.partition('='))
        if name.lower() == 'wait':
            with suppress(ValueError):
                asked_s = float(value)
                wait_s = asked_s if math.isfinite(asked_s) and asked_s > 0 else default_s
        elif value.lower() == 'true':
            includes.update(entry for entry in INCLUDES if name == f'include-{entry}')
    return Preference(wait_s=min(wait_s, max_s), includes=frozenset(includes))
