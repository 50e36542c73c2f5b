"""Verification: what a table of the workspace has, held against what the ledger believes.

Indicators are in one table, and context objects, which have no end and no confidence, in another.
Two passes over each: sums over partitions of ids show where table and ledger differ at all; only
there the objects themselves are compared. Nothing is concluded from silence: a partition of which
less than half came cannot be read.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from typing import Final, NamedTuple

from sentinel_app.core.ledger_row import ObjectState, millis

SETTLED_AFTER: Final = dt.timedelta(hours=2)
"""Age from which a version that Sentinel has accepted is compared; rows come with a delay."""

JUDGED_AFTER: Final = dt.timedelta(hours=24)
"""Age from which an accepted version whose row has not come counts as lost."""

WHOLE_EVERY: Final = 7
"""One of so many runs compares every object, as sums may agree by chance."""

FINE_DIGITS: Final = 4
"""Digits of the ids by which the ledger is summed up: 65,536 groups, whatever its size."""

_DIGIT_VALUES: Final = 16
_GROUPS: Final = _DIGIT_VALUES**FINE_DIGITS
_LARGEST_PARTITION: Final = 4_096
"""Objects of a partition above which one more digit tells partitions apart."""
_MOST_PARTITION_DIGITS: Final = 2
_HALF: Final = 2


class VerifiedTable(StrEnum):
    """Tables that are compared with what the ledger has of their objects."""

    INDICATORS = 'ThreatIntelIndicators'
    OBJECTS = 'ThreatIntelObjects'
    """Context objects."""


class FindingKind(StrEnum):
    """What is wrong with one object."""

    MISSING = 'missing'
    """Accepted long ago, and the table has no row of it, although it has those of its partition."""
    OLDER = 'older'
    """The newest row is of an earlier version than the one accepted long ago."""
    CHANGED = 'changed'
    """Revoked, deleted, inactive, or with another confidence or end: by a person or a rule."""
    UNMATCHABLE = 'unmatchable'
    """Live, but Sentinel could not take its pattern apart, so no rule can match it."""
    UNKNOWN = 'unknown'
    """Live under the Service's source system, and not live in the ledger."""
    EXPIRED_EARLY = 'expired-early'
    """Its end has passed there, and not in the ledger."""


RESENDABLE: Final = frozenset({FindingKind.MISSING, FindingKind.OLDER, FindingKind.EXPIRED_EARLY})
"""Kinds of which many may be sent again at once."""

RESENDABLE_ONE_BY_ONE: Final = RESENDABLE | {FindingKind.CHANGED}
"""Kinds that may be sent again at all: a person decides about each change of a person."""


class Mark(IntFlag):
    """Marks of a row."""

    REVOKED = 1
    DELETED = 2
    INACTIVE = 4
    UNPARSED = 8
    """Sentinel could not take its pattern apart."""
    UNREADABLE = 16
    """It came without the object itself, in which its version stands."""


_NOT_LIVE: Final = Mark.REVOKED | Mark.DELETED | Mark.INACTIVE | Mark.UNREADABLE


class SeenObject(NamedTuple):
    """The newest row of an object. Times are milliseconds since 1970."""

    modified: int
    valid_until: int | None
    """None if it never ends."""
    confidence: int | None
    marks: int

    def is_live(self, now: int) -> bool:
        """Return whether rules match it, or could."""
        is_over = self.valid_until is not None and self.valid_until <= now
        return not self.marks & _NOT_LIVE and not is_over


class HeldObject(NamedTuple):
    """What the ledger believes of an object. Times are milliseconds since 1970."""

    object: int
    state: int
    modified: int
    valid_until: int | None
    """None if it never ends."""
    confidence: int | None
    accepted: int | None
    """When Sentinel accepted this version; None while that is not known."""
    is_waiting: int
    """Whether another version waits to be sent, or is on its way."""

    def is_live(self, now: int) -> bool:
        """Return whether Sentinel should have it as an active object."""
        is_over = self.valid_until is not None and self.valid_until <= now
        return self.state == ObjectState.LIVE and not is_over


class Standing(StrEnum):
    """How an object stands that is no finding."""

    CONFIRMED = 'confirmed'
    RECENT = 'recent'
    """Sent too recently, or just on its way, to say anything."""
    UNREAD = 'unread'
    """Its row does not say enough to be compared."""
    ENDED = 'ended'
    """Live neither in the ledger nor in the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """The times of one run, in milliseconds since 1970."""

    now: int
    settled_before: int
    """What was accepted before this is compared."""
    judged_before: int
    """What was accepted before this and has no row is lost."""

    @classmethod
    def at(cls, now: dt.datetime) -> Moments:
        """Return the times of a run that begins now."""
        return cls(
            now=millis(now),
            settled_before=millis(now - SETTLED_AFTER),
            judged_before=millis(now - JUDGED_AFTER),
        )


def judge(
    held: HeldObject | None, seen: SeenObject | None, moments: Moments
) -> FindingKind | Standing:
    """Return what is wrong with an object, or how it stands.

    Args:
        held: what the ledger believes; None if it does not know the id.
        seen: the newest row; None if there is none, although those of its partition came.
        moments: the times of the run.
    """
    is_seen = seen is not None and seen.is_live(moments.now)
    if held is None:
        return FindingKind.UNKNOWN if is_seen else Standing.ENDED
    is_settled = held.accepted is not None and held.accepted < moments.settled_before
    if not held.is_live(moments.now):
        if not is_seen:
            return Standing.ENDED
        if held.is_waiting or not is_settled:
            return Standing.RECENT
        # Its end was moved there, or its withdrawal never took effect.
        return FindingKind.CHANGED if held.state == ObjectState.LIVE else FindingKind.UNKNOWN
    if not is_settled:
        return Standing.RECENT
    found = _compare(held, seen, moments)
    # The version on its way explains any difference.
    return Standing.RECENT if held.is_waiting and found is not Standing.CONFIRMED else found


def _compare(held: HeldObject, seen: SeenObject | None, moments: Moments) -> FindingKind | Standing:
    """Return how a settled, live object compares with its newest row."""
    is_judged = held.accepted is not None and held.accepted < moments.judged_before
    if seen is None:
        return FindingKind.MISSING if is_judged else Standing.RECENT
    if seen.marks & Mark.UNREADABLE:
        return Standing.UNREAD
    if seen.modified < held.modified:
        return FindingKind.OLDER if is_judged else Standing.RECENT
    return _compare_state(held, seen, moments.now)


def _compare_state(held: HeldObject, seen: SeenObject, now: int) -> FindingKind | Standing:
    """Return how an object compares with a row of its version or a later one."""
    if seen.marks & (Mark.REVOKED | Mark.DELETED):
        return FindingKind.CHANGED
    if seen.valid_until is not None and seen.valid_until <= now:
        return FindingKind.EXPIRED_EARLY
    is_same = (seen.valid_until, seen.confidence) == (held.valid_until, held.confidence)
    if seen.marks & Mark.INACTIVE or not is_same:
        return FindingKind.CHANGED
    return FindingKind.UNMATCHABLE if seen.marks & Mark.UNPARSED else Standing.CONFIRMED


class Sums(NamedTuple):
    """Sums over the live, settled objects of a partition; equal ones stand for equal objects."""

    objects: int = 0
    digits: int = 0
    """The fifth to the eighth digit of each id."""
    modified: int = 0
    valid_until: int = 0
    confidence: int = 0
    """Each plus one; 0 for an object without confidence."""
    unparsed: int = 0
    """Objects whose pattern Sentinel could not take apart; in the ledger, those known as such."""


class LedgerSums:
    """Sums over the ledger by the first digits of the ids, in a fixed amount of memory."""

    def __init__(self) -> None:
        self._columns = tuple(array('q', bytes(8 * _GROUPS)) for _ in Sums._fields)
        self._recent = array('q', bytes(8 * _GROUPS))

    def add(self, digest: bytes, held: HeldObject, moments: Moments) -> None:
        """Add an object of the ledger, by the bytes of its present id."""
        if not held.is_live(moments.now):
            return
        group = digest[0] << 8 | digest[1]
        if held.accepted is None or held.accepted >= moments.settled_before:
            self._recent[group] += 1
            return
        objects, digits, modified, valid_until, confidence, _ = self._columns
        objects[group] += 1
        digits[group] += digest[2] << 8 | digest[3]
        modified[group] += held.modified
        valid_until[group] += held.valid_until or 0
        confidence[group] += 0 if held.confidence is None else held.confidence + 1

    def add_unparsed(self, digest: bytes) -> None:
        """Count an object of which an earlier run found that no rule can match it."""
        self._columns[-1][digest[0] << 8 | digest[1]] += 1

    def of(self, prefix: str) -> Sums:
        """Return the sums of a partition.

        Args:
            prefix: the first digits of its ids, at most `FINE_DIGITS`.
        """
        groups = _groups(prefix)
        return Sums(*(sum(column[groups]) for column in self._columns))

    def recent(self, prefix: str = '') -> int:
        """Return the live objects of a partition that were sent too recently to be compared."""
        return sum(self._recent[_groups(prefix)])


def _groups(prefix: str) -> slice:
    """Return the places of a partition's groups."""
    width = _DIGIT_VALUES ** (FINE_DIGITS - len(prefix))
    first = int(prefix or '0', _DIGIT_VALUES) * width
    return slice(first, first + width)


def partition_digits(count: int) -> int:
    """Return how many digits tell the partitions of so many objects apart."""
    digits = 0
    while digits < _MOST_PARTITION_DIGITS and count > _LARGEST_PARTITION * _DIGIT_VALUES**digits:
        digits += 1
    return digits


def prefixes(digits: int) -> Iterator[str]:
    """Yield the prefixes of ids with so many digits, in order."""
    if digits == 0:
        yield ''
        return
    for number in range(_DIGIT_VALUES**digits):
        yield f'{number:0{digits}x}'


def children(prefix: str) -> tuple[str, ...]:
    """Return the prefixes with one more digit."""
    return tuple(f'{prefix}{digit:x}' for digit in range(_DIGIT_VALUES))


def is_silent(expected: int, came: int) -> bool:
    """Return whether so few objects came of a partition that it cannot be read."""
    return expected > 0 and came * _HALF < expected


class Part(NamedTuple):
    """A partition to be read in detail."""

    prefix: str
    rows: int
    """Expected number of its rows."""


def batches(
    parts: Iterable[Part], *, most_rows: int, most_prefixes: int
) -> Iterator[tuple[Part, ...]]:
    """Group parts so that one query returns the rows of each group.

    Args:
        parts: in order.
        most_rows: maximum rows of a group, unless a single part has more.
        most_prefixes: maximum parts of a group; those of one group have equally long prefixes.
    """
    group: list[Part] = []
    rows = 0
    for part in parts:
        is_full = rows + part.rows > most_rows or len(group) >= most_prefixes
        if group and (is_full or len(group[0].prefix) != len(part.prefix)):
            yield tuple(group)
            group, rows = [], 0
        group.append(part)
        rows += part.rows
    if group:
        yield tuple(group)


def halves(parts: Sequence[Part]) -> tuple[tuple[Part, ...], tuple[Part, ...]] | None:
    """Return two parts of a group that was too much for one query; None if it is too small."""
    if len(parts) > 1:
        middle = len(parts) // 2
        return tuple(parts[:middle]), tuple(parts[middle:])
    (part,) = parts
    if len(part.prefix) >= FINE_DIGITS:
        return None
    finer = [Part(prefix, part.rows // _DIGIT_VALUES + 1) for prefix in children(part.prefix)]
    middle = len(finer) // 2
    return tuple(finer[:middle]), tuple(finer[middle:])


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run has come to: every live object of the ledger is in exactly one of these."""

    held: int = 0
    """Live objects of the ledger."""
    confirmed: int = 0
    recent: int = 0
    """Sent too recently to be compared."""
    unread: int = 0
    """In partitions that cannot be read, or with rows that cannot."""
    findings: dict[FindingKind, int] = field(default_factory=lambda: dict.fromkeys(FindingKind, 0))
    requests: int = 0

    def add(self, found: FindingKind | Standing) -> None:
        """Count an object that was compared."""
        if isinstance(found, FindingKind):
            self.findings[found] += 1
        elif found is Standing.CONFIRMED:
            self.confirmed += 1
        elif found is Standing.RECENT:
            self.recent += 1
        elif found is Standing.UNREAD:
            self.unread += 1
