"""Scope of an update: everything that its queries select, or what a person has chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sentinel_app.core.object_id import ObjectKey

MOST_VALUES: Final = 500
"""Maximum number of values that may be sent or withdrawn at once."""


class Scope(StrEnum):
    """Scope of an update."""

    WHOLE = 'whole'
    """Everything that its queries select, within its mode."""
    REFUSED = 'refused'
    """Indicators that Sentinel refused: they are read and sent, however often it did."""
    SEND = 'send'
    """Values that a person has chosen: every query is searched for them, and they are sent."""
    WITHDRAW = 'withdraw'
    """Values that a person has chosen: their objects are withdrawn, and nothing is read."""
    VERIFY = 'verify'
    """Indicators that Sentinel does not hold as they were sent: they are read and sent again."""
    UNKNOWN = 'unknown'
    """Objects that the ledger does not know: they are withdrawn, and nothing is read."""

    @property
    def only_withdraws(self) -> bool:
        """Whether such an update reads nothing."""
        return self in {Scope.WITHDRAW, Scope.UNKNOWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenValue:
    """A value that a person has chosen, and its objects."""

    text: str
    keys: tuple[str, ...]
    """Texts of object keys."""

    @property
    def object_keys(self) -> tuple[ObjectKey, ...]:
        """Keys of its objects."""
        return tuple(map(ObjectKey.from_text, self.keys))


def keys_of_values(values: Iterable[ChosenValue]) -> dict[bytes, ObjectKey]:
    """Return the object keys of values, by digest."""
    return {key.digest: key for value in values for key in value.object_keys}


def values_without(
    values: Sequence[ChosenValue], digests: frozenset[bytes]
) -> tuple[ChosenValue, ...]:
    """Return the values that have none of these keys."""
    return tuple(
        value for value in values if digests.isdisjoint(key.digest for key in value.object_keys)
    )


_NAMES: Final = {
    Scope.REFUSED: ('Send refused again', 'Indicator'),
    Scope.SEND: ('Send now', 'value'),
    Scope.WITHDRAW: ('Withdraw now', 'value'),
    Scope.VERIFY: ('Send again', 'Indicator'),
    Scope.UNKNOWN: ('Withdraw unknown', 'object'),
}


def scope_words(scope: Scope, asked: int) -> str:
    """Return the label of an update of chosen values: `Send now: 3 values`."""
    name, noun = _NAMES[scope]
    return f'{name}: {asked:,} {noun}{"" if asked == 1 else "s"}'


_SHOWN: Final = 5


def values_words(values: Sequence[ChosenValue], total: int) -> str:
    """Return the number of values, of how many, and the first of them.

    For example `2 of 3 values (198.51.100.7, evil.example)`.
    """
    noun = 'value' if total == 1 else 'values'
    shown = ', '.join(value.text for value in values[:_SHOWN])
    more = f', and {len(values) - _SHOWN:,} more' if len(values) > _SHOWN else ''
    count = f'{len(values):,}' if len(values) == total else f'{len(values):,} of {total:,}'
    return f'{count} {noun} ({shown}{more})'
