"""Ledger rows: what Sentinel holds for an object key, and what the running update has chosen."""

from __future__ import annotations

import datetime as dt
from enum import IntEnum
from typing import Final, NamedTuple

from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.object_id import ObjectKey

REFUSED_ATTEMPTS: Final = 3
"""Maximum refusals after which the next update still retries an object."""


class ObjectState(IntEnum):
    """Whether Sentinel holds an object."""

    NEW = 0
    """Chosen, but not accepted so far."""
    LIVE = 1
    WITHDRAWN = 2


class LedgerRow(NamedTuple):
    """Everything known about one object key; a tuple for speed, as every update reads all rows.

    Times are milliseconds since 1970. Fields of the outbox or of a refusal are None if there is
    none.
    """

    id: int
    digest: bytes
    kind: int
    state: int
    generation: int
    query: int
    job: int
    """Job that sent it last."""
    owner: int
    indicator_id: int
    siblings: int
    """Number of keys of its Indicator."""
    created: int
    modified: int
    valid_until: int
    source_modified: int
    content_hash: bytes
    fingerprint: bytes
    mark: int
    """Job that chose it last."""
    outbox: int | None
    """Its latest unsettled version."""
    outbox_query: int | None
    outbox_indicator_id: int | None
    outbox_source_modified: int | None
    outbox_created: int | None
    outbox_modified: int | None
    refused_query: int | None
    """Query of the copy that `mark` has chosen, if Sentinel has refused that copy."""
    refused_indicator_id: int | None
    refused_source_modified: int | None
    is_orphaned: int
    """Whether its copy is gone from ThreatConnect."""
    late_for: str | None
    """Update that found the loss too late to search every query for the value."""

    @property
    def is_live(self) -> bool:
        """Whether Sentinel holds it and it is not withdrawn; it may have expired."""
        return self.state == ObjectState.LIVE

    def chosen_copy(self) -> tuple[int, int]:
        """Indicator id and last modification of the copy that `mark` has chosen."""
        # Checked first, as a worse copy may still be in flight.
        if self.refused_indicator_id is not None:
            return self.refused_indicator_id, self.refused_source_modified or 0
        if self.outbox_indicator_id is not None and self.outbox_source_modified is not None:
            return self.outbox_indicator_id, self.outbox_source_modified
        return self.indicator_id, self.source_modified

    def chosen_query(self) -> int:
        """Query of the copy that `mark` has chosen: its Job's, or a higher one."""
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
    """Number of times that exactly this content was refused."""

    @property
    def is_final(self) -> bool:
        """Whether it was refused so often that the refusal is final."""
        return self.attempts > REFUSED_ATTEMPTS


class CurrentRow(NamedTuple):
    """The part of a ledger row that recognizing an Indicator's raw row needs."""

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
    """Whether it is live and in no special state: not waiting, refused or orphaned, and without a
    refused withdrawal."""


_FIRST_HASH: Final = 100
_KINDS: Final[dict[tuple[IndicatorType, HashKind | None], int]] = {
    **{(kind, None): number for number, kind in enumerate(IndicatorType)},
    **{(IndicatorType.FILE, kind): number for number, kind in enumerate(HashKind, _FIRST_HASH)},
}
_BY_KIND: Final = {number: pair for pair, number in _KINDS.items()}

TYPE_OF_KIND: Final[dict[int, IndicatorType]] = {
    number: kind for number, (kind, _) in _BY_KIND.items()
}
"""Indicator type of each number."""


def kind_number(key: ObjectKey) -> int:
    """Return the number of a key's type and, for a File, its kind of hash."""
    return _KINDS[key.type, key.hash_kind]


def key_of(kind: int, value: str) -> ObjectKey:
    """Return the key of a number and a value.

    Raises:
        LookupError: the number is unknown.
    """
    type_, hash_kind = _BY_KIND[kind]
    return ObjectKey(type_, value, hash_kind)


def millis(at: dt.datetime) -> int:
    """Return whole milliseconds since 1970, truncated."""
    return (at - _EPOCH) // _MILLISECOND


def moment(milliseconds: int) -> dt.datetime:
    """Return the time of a number of milliseconds since 1970."""
    return _EPOCH + milliseconds * _MILLISECOND


_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
