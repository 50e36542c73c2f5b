"""What conversion makes of a page, what goes to Sentinel, and what comes of it."""

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
    """Rows read for a Job, and where its reading goes on behind them."""

    request_id: str
    rows: Sequence[Row]
    place: Position
    """Where the reading goes on once these are converted."""
    number: int = 0
    """Of the pass that they come from."""


class Fate(StrEnum):
    """What becomes of an object that was chosen."""

    SEND = 'send'
    UNCHANGED = 'unchanged'
    REFUSED = 'refused'
    """It was refused often enough, and Sentinel holds an earlier version of just this copy."""


@dataclass(slots=True, kw_only=True)
class ChosenObject:
    """One object that a page has chosen for its key. Times are milliseconds since 1970.

    Not frozen, as one is made for every object that an update goes through.
    """

    key: ObjectKey
    object: int | None
    """The ledger row; None for a key that the ledger does not know."""
    fate: Fate
    replaces: bool
    """Whether the same Job chose another copy for the key before, on an earlier page."""
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
    summary_digest: int | None
    """Set where the summary does not lead to the key."""
    sort_value: float | str | None
    text: bytes | None
    """The STIX object as JSON text; None where there is nothing to send."""
    holder: int | None = None
    """The higher query that goes on holding it; None where it becomes that of the Job's query."""
    is_moved: bool = False
    """Whether it stays in Sentinel as it is, and belongs to another query or copy from now on."""


class Alternate(NamedTuple):
    """A copy that makes way for the one that the ledger holds, which has yet to be read."""

    object: int
    indicator_id: int
    source_modified: int


class Sighting(NamedTuple):
    """An object that stays as it is, of a row that is the same as before."""

    object: int
    source_modified: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What conversion made of one page; stored in one transaction."""

    page: Page
    job: int
    query_id: str
    outcomes: Mapping[int, Outcome | None]
    """By the Indicator's id, of those that were taken up; None where an object has to be sent."""
    objects: Sequence[ChosenObject] = ()
    seen: Sequence[Sighting] = ()
    alternates: Sequence[Alternate] = ()
    kept: Mapping[int, Sequence[Fate]] = field(default_factory=dict)
    """What becomes of the objects of those that keep an outcome row, as several decide about it."""
    again: Mapping[int, Sequence[Fate]] = field(default_factory=dict)
    """What becomes of further objects of Indicators that have an outcome row already."""
    passed_over: Sequence[tuple[int, int]] = ()
    """Object and Indicator of the copies that Sentinel has refused and that were not chosen."""
    errors: Sequence[ErrorEntry] = ()
    dismissed: frozenset[int] = frozenset()
    """Live objects whose copies were read and are unfit to be sent."""
    lost: Mapping[int, int] = field(default_factory=dict)
    """Live objects that their Indicators no longer have, with the Indicators' ids."""
    late_for: str | None = None
    """The update that came upon these losses too late to ask every query for the values."""
    found: frozenset[bytes] = frozenset()
    """Keys that a person has chosen and that rows of the page have, in whatever condition."""
    shortened: int = 0
    """Indicators with more tags than Sentinel keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxObject:
    """An object on its way to Sentinel."""

    id: int
    """Of its row in the outbox."""
    object: int
    """Its row in the ledger."""
    modified: int
    """In milliseconds since 1970; tells this version from all others of the object."""
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
    """Objects that go to Sentinel in one request."""

    objects: tuple[OutboxObject, ...]

    @property
    def request_ids(self) -> tuple[str, ...]:
        """The Jobs that the batch carries objects of, in order."""
        return tuple(dict.fromkeys(item.request_id for item in self.objects))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The answer to a batch, ready to store in one transaction."""

    batch: Batch
    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By position in the batch; everything else was accepted."""
    errors: Sequence[ErrorEntry] = ()
    requests: int = 1
    """How many requests it took that are not counted yet."""
