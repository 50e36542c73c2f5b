"""Results of conversion, objects on their way to Sentinel, and the results of sending."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Outcome
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.progress import Position

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows read for a Job, and the position after them."""

    request_id: str
    rows: Sequence[Row]
    place: Position
    """Position at which reading continues once these rows are converted."""
    number: int = 0
    """Number of the pass that read them."""


class Fate(StrEnum):
    """Fate of a chosen object."""

    SEND = 'send'
    UNCHANGED = 'unchanged'
    REFUSED = 'refused'
    """Refused too often, while Sentinel holds an earlier version of exactly this copy."""


@dataclass(slots=True, kw_only=True)
class ChosenObject:
    """One object that a page has chosen for its key. Times are milliseconds since 1970.

    Not frozen, for speed: one is created for every object of an update.
    """

    key: ObjectKey
    object: int | None
    """Its ledger row; None if the ledger has none for the key."""
    fate: Fate
    replaces: bool
    """Whether the same Job chose another copy for the key on an earlier page."""
    is_orphaned: bool
    generation: int
    indicator_id: int
    siblings: int
    owner_name: str
    summary: str
    created: int
    modified: int
    valid_until: int
    source_modified: int
    content_hash: bytes
    fingerprint: bytes
    confidence: int | None
    summary_digest: int | None
    """Digest of the summary, if the key does not follow from the summary."""
    sort_value: float | str | None
    text: bytes | None
    """The STIX object as JSON text; None if there is nothing to send."""
    holder: int | None = None
    """Higher query that keeps holding it; None if it becomes that of the Job's query."""
    is_moved: bool = False
    """Whether it stays in Sentinel unchanged but now belongs to another query or copy."""
    groups: frozenset[int] | None = None
    """Ids of the copy's Groups that may be threat actors; None where none are sent."""
    tlp: int | None = None
    """Strictness of its TLP level, where Groups are sent; None without one."""


class Alternate(NamedTuple):
    """A copy that yields to the one in the ledger, which is still to be read."""

    object: int
    indicator_id: int
    source_modified: int


class Sighting(NamedTuple):
    """An unchanged object, of a row that was recognized."""

    object: int
    source_modified: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Result of the conversion of one page; stored in one transaction."""

    page: Page
    job: int
    query_id: str
    outcomes: Mapping[int, Outcome | None]
    """Outcomes of the page's Indicators, by Indicator id; None if an object has to be sent."""
    objects: Sequence[ChosenObject] = ()
    seen: Sequence[Sighting] = ()
    alternates: Sequence[Alternate] = ()
    kept: Mapping[int, Sequence[Fate]] = field(default_factory=dict)
    """Fates of the objects of Indicators with an outcome row, as several objects decide it."""
    again: Mapping[int, Sequence[Fate]] = field(default_factory=dict)
    """Fates of further objects of Indicators that already have an outcome row."""
    passed_over: Sequence[tuple[int, int]] = ()
    """Object and Indicator of copies that Sentinel has refused and that were not chosen."""
    errors: Sequence[ErrorEntry] = ()
    dismissed: frozenset[int] = frozenset()
    """Live objects whose copies were read and cannot be sent."""
    lost: Mapping[int, int] = field(default_factory=dict)
    """Live objects that their Indicators no longer have, with the Indicators' ids."""
    late_for: str | None = None
    """Update that found these losses too late to search every query for the values."""
    found: frozenset[bytes] = frozenset()
    """Keys that a person has chosen and that rows of the page have, sendable or not."""
    shortened: int = 0
    """Number of Indicators with more tags than Sentinel keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxObject:
    """An object on its way to Sentinel."""

    id: int
    """Id of its row in the outbox."""
    object: int
    """Id of its row in the ledger."""
    modified: int
    """Time of the version in milliseconds since 1970; unique among the object's versions."""
    request_id: str
    indicator_id: int
    kind: int
    summary: str
    owner_name: str
    text: bytes
    """The STIX object as JSON text."""
    is_withdrawal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Objects that one request sends to Sentinel."""

    objects: tuple[OutboxObject, ...]

    @property
    def request_ids(self) -> tuple[str, ...]:
        """Jobs of the objects in the batch, in order."""
        return tuple(dict.fromkeys(item.request_id for item in self.objects))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The response to a batch, stored in one transaction."""

    batch: Batch
    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Reasons of refusals, by position in the batch; everything else was accepted."""
    errors: Sequence[ErrorEntry] = ()
    requests: int = 1
    """Number of requests to add to the counts."""
