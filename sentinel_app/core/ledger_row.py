"""What is known about one object key: what Sentinel holds of it, and what the update has chosen."""

from __future__ import annotations

import datetime as dt
from enum import IntEnum
from typing import Final, NamedTuple

from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.object_id import ObjectKey

REFUSED_ATTEMPTS: Final = 3
"""An object that was refused no more often than this is tried again by the next update."""


class ObjectState(IntEnum):
    """Whether Sentinel holds an object."""

    NEW = 0
    """It was chosen, and never accepted as yet."""
    LIVE = 1
    WITHDRAWN = 2


class LedgerRow(NamedTuple):
    """All that is known about one object key; a tuple, as every update reads all of them.

    Times are milliseconds since 1970. What is in the outbox or was refused is None where there is
    no such thing.
    """

    id: int
    digest: bytes
    kind: int
    state: int
    generation: int
    query: int
    job: int
    """The Job that sent it last."""
    owner: int
    indicator_id: int
    siblings: int
    """How many keys its Indicator has."""
    created: int
    modified: int
    valid_until: int
    source_modified: int
    content_hash: bytes
    fingerprint: bytes
    mark: int
    """The Job that chose it last."""
    outbox: int | None
    """Its newest version that is not settled."""
    outbox_query: int | None
    outbox_indicator_id: int | None
    outbox_source_modified: int | None
    outbox_created: int | None
    outbox_modified: int | None
    refused_query: int | None
    """Of the copy that `mark` has chosen, where Sentinel has refused that."""
    refused_indicator_id: int | None
    refused_source_modified: int | None
    is_orphaned: int
    """Whether its copy is gone from ThreatConnect."""
    late_for: str | None
    """The update that came upon this loss too late to ask every query for the value."""

    @property
    def is_live(self) -> bool:
        """Whether Sentinel holds it and it is not withdrawn; it may have expired all the same."""
        return self.state == ObjectState.LIVE

    def chosen_copy(self) -> tuple[int, int]:
        """Return the Indicator and the last modification of the copy that `mark` has chosen."""
        # First of all, as a worse copy may be under way still.
        if self.refused_indicator_id is not None:
            return self.refused_indicator_id, self.refused_source_modified or 0
        if self.outbox_indicator_id is not None and self.outbox_source_modified is not None:
            return self.outbox_indicator_id, self.outbox_source_modified
        return self.indicator_id, self.source_modified

    def chosen_query(self) -> int:
        """Return the query that holds what `mark` has chosen: its Job's, or a higher one."""
        if self.refused_query is not None:
            return self.refused_query
        return self.query if self.outbox_query is None else self.outbox_query


class Refusal(NamedTuple):
    """A copy that Sentinel has refused."""

    object: int
    query: int
    indicator_id: int
    content_hash: bytes
    attempts: int
    """How often just this content was refused."""

    @property
    def is_final(self) -> bool:
        """Whether it was refused so often that Sentinel will not think otherwise."""
        return self.attempts > REFUSED_ATTEMPTS


class HeldRow(NamedTuple):
    """What recognizing the row of an Indicator takes of what is held of it."""

    indicator_id: int
    id: int
    fingerprint: bytes
    siblings: int
    query: int
    mark: int
    source_modified: int
    valid_until: int
    kind: int
    is_settled: int
    """Whether it is live and nothing else is known of it: it is neither waiting, refused nor
    orphaned, and no withdrawal of it was refused."""


_FIRST_HASH: Final = 100
_KINDS: Final[dict[tuple[IndicatorType, HashKind | None], int]] = {
    **{(kind, None): number for number, kind in enumerate(IndicatorType)},
    **{(IndicatorType.FILE, kind): number for number, kind in enumerate(HashKind, _FIRST_HASH)},
}
_BY_KIND: Final = {number: pair for pair, number in _KINDS.items()}

TYPE_OF_KIND: Final[dict[int, IndicatorType]] = {
    number: kind for number, (kind, _) in _BY_KIND.items()
}
"""The type of Indicators that each number stands for."""


def kind_number(key: ObjectKey) -> int:
    """Return the number that stands for the type of a key and, for a File, its kind of hash."""
    return _KINDS[key.type, key.hash_kind]


def key_of(kind: int, value: str) -> ObjectKey:
    """Return the key that a number and a value stand for.

    Raises:
        LookupError: there is no such number.
    """
    type_, hash_kind = _BY_KIND[kind]
    return ObjectKey(type_, value, hash_kind)


def millis(at: dt.datetime) -> int:
    """Return whole milliseconds since 1970, cut."""
    return (at - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> dt.datetime:
    """Return the time that so many milliseconds since 1970 are."""
    return _EPOCH + milliseconds * _MILLISECOND


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
