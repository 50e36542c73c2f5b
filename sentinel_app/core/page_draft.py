"""Draft of a page during conversion: what is known about its rows, and the decisions."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Job, Mode, Outcome
from sentinel_app.core.ledger_row import LedgerRow, Refusal
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.outbox import Alternate, ChosenObject, Conversion, Fate, Page, Sighting
from sentinel_app.core.precedence import Copy, PrecedenceContext
from sentinel_app.core.row import Row, row_id
from sentinel_app.errors import SkippableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A row that could be sent."""

    indicator: Indicator
    keys: Sequence[tuple[bytes, ObjectKey]]
    """Its object keys, each with its digest."""
    fingerprint: bytes
    modified: int
    """Last modification, in milliseconds since 1970."""

    @property
    def copy(self) -> Copy:
        """Id and last modification, by which copies are compared."""
        return self.indicator.id, self.modified


@dataclass(slots=True)
class PageDraft:
    """Knowledge and decisions about one page during its conversion."""

    job: Job
    context: PrecedenceContext
    now: dt.datetime
    chosen_keys: frozenset[bytes] | None = None
    """Keys that a person has chosen, whose copies are all read; None if there are none."""
    beside: PrecedenceContext | None = None
    """Precedence context of the other keys on the page, whose copies are not all read."""
    sends_refused: bool = False
    """Whether refused objects are sent however often Sentinel has refused them."""
    sends_again: bool = False
    """Whether everything that is read is sent, although the ledger says that it is unchanged."""
    found: frozenset[bytes] = frozenset()
    """Chosen keys that rows of the page have."""
    by_indicator: Mapping[int, list[LedgerRow]] = field(default_factory=dict)
    by_key: dict[bytes, LedgerRow] = field(default_factory=dict)
    outcomes: dict[int, Outcome | None] = field(default_factory=dict)
    again: set[int] = field(default_factory=set)
    """Indicators that the Job has read before."""
    objects: dict[bytes, ChosenObject] = field(default_factory=dict)
    seen: dict[int, Sighting] = field(default_factory=dict)
    """Recognized objects, by ledger row."""
    fates: dict[int, list[Fate]] = field(default_factory=dict)
    """Fates of objects not in `objects`: those of recognized Indicators with an outcome row, and of
    those whose keys go to other copies because Sentinel refuses them."""
    refusals: Mapping[tuple[int, int], Sequence[Refusal]] = field(default_factory=dict)
    """Refusals by object and Indicator; one for each query that sent it."""
    passed_over: list[tuple[int, int]] = field(default_factory=list)
    """Object and Indicator of copies that Sentinel has refused and that were not chosen."""
    alternates: list[Alternate] = field(default_factory=list)
    kept: set[int] = field(default_factory=set)
    """Indicators that need an outcome row in any case."""
    errors: list[ErrorEntry] = field(default_factory=list)
    lost: Mapping[int, int] = field(default_factory=dict)
    unfit: set[int] = field(default_factory=set)
    """Live objects whose copies are on this page and cannot be sent."""
    dismissed: frozenset[int] = frozenset()
    """Live objects of this page's keys whose copies the Job has read and cannot send."""
    shortened: set[int] = field(default_factory=set)

    def remove_sighting(self, row: LedgerRow) -> None:
        """Remove an object from the sightings of a recognized Indicator."""
        del self.seen[row.id]
        left = self.fates.get(row.indicator_id)
        if left:
            left.pop()
        if not left:
            self.outcomes[row.indicator_id] = Outcome.DUPLICATE

    def context_of(self, digest: bytes) -> PrecedenceContext:
        """Return the precedence context of a key."""
        is_beside = self.chosen_keys is not None and digest not in self.chosen_keys
        return self.beside if is_beside and self.beside is not None else self.context

    def records_alternates(self, digest: bytes) -> bool:
        """Return whether alternates of a key are recorded: not for keys beside the chosen ones."""
        return self.chosen_keys is None or digest in self.chosen_keys

    def sends_all(self, candidate: Candidate) -> bool:
        """Return whether the candidate's objects are sent even if unchanged."""
        if self.chosen_keys is None:
            return self.sends_again or self.context.mode is Mode.FULL
        return not self.chosen_keys.isdisjoint(digest for digest, _ in candidate.keys)

    def is_held(self, candidate: Candidate) -> bool:
        """Return whether the ledger has a key of the candidate's Indicator."""
        rows = (self.by_key.get(digest) for digest, _ in candidate.keys)
        return any(row is not None and row.indicator_id == candidate.indicator.id for row in rows)

    def conclude(self, candidate: Candidate) -> None:
        """Record the outcome of an Indicator, derived from its objects."""
        number = candidate.indicator.id
        fates = [
            item.fate
            for digest, _ in candidate.keys
            if (item := self.objects.get(digest)) is not None and item.indicator_id == number
        ]
        fates += self.fates.get(number, ())
        held = self.by_indicator.get(number, ())
        if len(fates) > 1 or any(
            (item := self.objects.get(row.digest)) is None or item.indicator_id != number
            for row in held
        ):
            self.kept.add(number)
        if number not in self.again:
            self.outcomes[number] = _outcome(fates)
        for digest, _ in candidate.keys if self.refusals else ():
            row, chosen = self.by_key.get(digest), self.objects.get(digest)
            is_chosen = chosen is not None and chosen.indicator_id == number
            if row is not None and self.is_refused(row, number) and not is_chosen:
                self.passed_over.append((row.id, number))

    def is_refused(self, row: LedgerRow | None, number: int) -> bool:
        """Return whether Sentinel has refused an Indicator's copy for the Job's query."""
        return any(item.query == self.context.query for item in self._refusals_of(row, number))

    def is_refused_for_good(
        self, row: LedgerRow | None, number: int, content_hash: bytes, *, query: int | None = None
    ) -> bool:
        """Return whether the refusal of exactly this content is final.

        Args:
            row: the ledger row, if there is one.
            number: the Indicator's id.
            content_hash: the content hash of the object.
            query: the query that sent it; any if left out.
        """
        return any(
            item.is_final and item.content_hash == content_hash and query in (None, item.query)
            for item in self._refusals_of(row, number)
        )

    def _refusals_of(self, row: LedgerRow | None, number: int) -> Sequence[Refusal]:
        return () if row is None else self.refusals.get((row.id, number), ())

    def report(self, row: Row, error: SkippableError) -> None:
        """Record the error of a row that cannot be sent."""

        def text(name: str) -> str | None:
            value = row.get(name)
            return value if isinstance(value, str) else None

        entry = ErrorEntry(
            request_id=self.job.request_id,
            at=self.now,
            code=error.code,
            message='The Indicator was not sent: ' + error.message,
            reason=error.reason,
            indicator_id=row_id(row),
            indicator_type=text('type'),
            summary=text('summary'),
            owner_name=text('ownerName'),
            web_link=text('webLink'),
        )
        self.errors.append(entry)

    def conversion(self, page: Page) -> Conversion:
        """Return the result to store."""
        fates: defaultdict[int, list[Fate]] = defaultdict(list)
        for item in self.objects.values():
            fates[item.indicator_id].append(item.fate)
        for number, recognized in self.fates.items():
            fates[number] += recognized
        return Conversion(
            page=page,
            job=self.context.job,
            query_id=self.job.query.id,
            outcomes=self.outcomes,
            objects=tuple(self.objects.values()),
            seen=tuple(self.seen.values()),
            alternates=tuple(self.alternates),
            kept={number: fates[number] for number in self.kept if number in self.outcomes},
            again={number: fates[number] for number in self.again if number in fates},
            passed_over=tuple(self.passed_over),
            errors=tuple(self.errors),
            dismissed=frozenset(self.unfit | self.lost.keys()),
            lost=self.lost,
            # A delta decides which values to search for only when it begins to read.
            late_for=self.context.update_id if self.job.mode is Mode.DELTA else None,
            found=self.found,
            shortened=len(self.shortened),
        )


def _outcome(fates: Sequence[Fate]) -> Outcome | None:
    """Return an Indicator's outcome from its objects; None if one has to be sent."""
    if not fates:
        return Outcome.DUPLICATE
    if Fate.SEND in fates:
        return None
    return Outcome.REFUSED if Fate.REFUSED in fates else Outcome.UNCHANGED
