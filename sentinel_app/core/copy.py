"""Which of several copies of a value is the one, by the rules of precedence alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sentinel_app.core.models import Indicator
from sentinel_app.core.stix_id import ObjectKey, object_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A copy that could be sent, and the highest query that returns it."""

    indicator: Indicator
    position: int


def winners(candidates: Iterable[Candidate]) -> Mapping[ObjectKey, Candidate]:
    """Give the copy that is sent for each object key.

    The highest query's copy; within one query the one modified last, then the one with the lowest
    id. The same as an update comes to that reads everything.
    """
    found: dict[ObjectKey, Candidate] = {}
    for candidate in candidates:
        for key in object_keys(candidate.indicator):
            best = found.get(key)
            if best is None or _rank(candidate) < _rank(best):
                found[key] = candidate
    return found


def _rank(candidate: Candidate) -> tuple[int, float, int]:
    indicator = candidate.indicator
    return (candidate.position, -indicator.modified_at.timestamp(), indicator.id)
