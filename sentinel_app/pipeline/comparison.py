"""Comparison of one table of the workspace with its ledger, as one run of Verify makes it."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel_app.core.clock import Stop
from sentinel_app.core.finding import FoundObject, UnknownRow
from sentinel_app.core.ledger_row import moment
from sentinel_app.core.logs import LogRows
from sentinel_app.core.verification import (
    FINE_DIGITS,
    FindingKind,
    LedgerSums,
    Moments,
    Part,
    SeenObject,
    Sums,
    Tally,
    VerifiedTable,
    batches,
    children,
    halves,
    is_silent,
    judge,
    partition_digits,
    prefixes,
)
from sentinel_app.core.verification_query import MOST_PREFIXES, VerificationQueries
from sentinel_app.errors import Cancelled, LogsSilentError, LogsTableError, LogsTooLargeError
from sentinel_app.pipeline.log_reader import LogReader
from sentinel_app.storage.verifications import MOST_LISTED, Verifications
from sentinel_app.storage.verified_ledger import VerifiedLedger, id_bytes

MOST_ROWS: Final = 30_000
"""Rows of an answer about objects: about 3 MB of text."""

MOST_SUMS: Final = 8_192
"""Rows of an answer with sums."""

MOST_UNKNOWN_ROWS: Final = 4_000
"""Rows of an answer with patterns, which may be long."""

_NOTHING: Final = (Sums(), 0)
_PORTION: Final = 5_000
"""Objects of the ledger between two looks at whether to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunUnderWay:
    """The run of Verify that a comparison is a part of."""

    id: int
    now: dt.datetime
    """When it began."""
    stop: Stop
    is_whole: bool
    """Whether each object is compared, and not only where sums differ."""


class Comparison:
    """Compares a table with a ledger, and stores what differs.

    Args:
        reader: reads the table.
        queries: the queries about it.
        ledger: what is believed of its objects.
        store: takes the findings.
        run: the run that it is a part of.
        tally: takes what it comes to.
    """

    def __init__(
        self,
        *,
        reader: LogReader,
        queries: VerificationQueries,
        ledger: VerifiedLedger,
        store: Verifications,
        run: RunUnderWay,
        tally: Tally,
    ) -> None:
        self._reader = reader
        self._queries = queries
        self._table = queries.table
        self._ledger = ledger
        self._store = store
        self._run = run
        self._moments = Moments.at(run.now)
        self._present = ledger.present_ids()
        self._sums = LedgerSums()
        self._tally = tally
        self._listed: Counter[FindingKind] = Counter()
        self._unknown: dict[str, int] = {}
        """Groups that have unknown objects, and how many rows are expected of each."""

    def compare(self) -> None:
        """Compare all of it.

        Raises:
            LogsSilentError: too little came to conclude anything.
            LogsTableError: there is no such table, although something was sent.
            Cancelled: it was interrupted.
            SentinelAppError: the table cannot be read.
        """
        self._add_up()
        total = self._sums.of('').objects
        digits = partition_digits(total)
        try:
            came = self._read_sums(digits, ('',))
        except LogsTableError:
            if total:
                raise
            # Nothing was ever uploaded to this workspace.
            came = {}
        if is_silent(total, sum(rows for _, rows in came.values())):
            raise LogsSilentError(
                f'Log Analytics returned less than half of what {self._table} should have, so '
                'nothing is concluded from what did not come. Check the Sentinel Workspace ID and '
                'the Sentinel Source Name, and whether the table is protected, scoped by rows or '
                'transformed.'
            )
        parts = self._differing(prefixes(digits), came)
        is_much = sum(part.rows for part in parts) > 2 * MOST_ROWS
        if is_much and not self._run.is_whole:
            parts = self._refined(parts)
        for batch in batches(parts, most_rows=MOST_ROWS, most_prefixes=MOST_PREFIXES):
            self._compare(batch)
        self._describe()

    def _add_up(self) -> None:
        """Sum up the ledger, and take over what no rule could match."""
        for number, (digest, held) in enumerate(self._ledger.held()):
            if number % _PORTION == 0:
                self._check()
            self._sums.add(digest, held, self._moments)
        again: dict[int, bytes] = {}
        for digest, item in self._present.between(bytes(16), b'\xff' * 16):
            if item:
                again[item] = digest
            if len(again) >= _PORTION:
                self._add_again(again)
        self._add_again(again)
        self._tally.held = self._sums.of('').objects + self._sums.recent()
        # Only patterns can be such that no rule matches them.
        if not self._run.is_whole and self._table is VerifiedTable.INDICATORS:
            for digest in self._store.carry(self._run.id):
                self._sums.add_unparsed(digest)
                self._listed[FindingKind.UNMATCHABLE] += 1

    def _add_again(self, again: dict[int, bytes]) -> None:
        self._check()
        for item, held in self._ledger.held_of(list(again)).items():
            self._sums.add(again[item], held, self._moments)
        again.clear()

    def _differing(self, names: Iterable[str], came: Mapping[str, tuple[Sums, int]]) -> list[Part]:
        """Return the partitions to be compared; the others are confirmed, or cannot be read."""
        found = []
        for prefix in names:
            expected = self._sums.of(prefix)
            sums, rows = came.get(prefix, _NOTHING)
            if is_silent(expected.objects, rows):
                self._tally.unread += expected.objects
                self._tally.recent += self._sums.recent(prefix)
                self._store.replace(self._run.id, self._table, [prefix], [])
            elif sums != expected or (self._run.is_whole and rows):
                found.append(Part(prefix, rows))
            else:
                self._confirm(prefix, expected)
        return found

    def _confirm(self, prefix: str, sums: Sums) -> None:
        """Count the objects of a partition whose sums agree."""
        self._tally.confirmed += sums.objects - sums.unparsed
        self._tally.findings[FindingKind.UNMATCHABLE] += sums.unparsed
        self._tally.recent += self._sums.recent(prefix)

    def _refined(self, parts: Sequence[Part]) -> list[Part]:
        """Return the small groups that differ, in place of the partitions that do."""
        width = 16 ** (FINE_DIGITS - len(parts[0].prefix))
        found: list[Part] = []
        at_once = max(1, MOST_SUMS // width)
        for start in range(0, len(parts), at_once):
            some = [part.prefix for part in parts[start : start + at_once]]
            came = self._read_sums(FINE_DIGITS, some)
            for prefix in some:
                for rest in prefixes(FINE_DIGITS - len(prefix)):
                    name = f'{prefix}{rest}'
                    expected, (sums, rows) = self._sums.of(name), came.get(name, _NOTHING)
                    if sums == expected:
                        self._confirm(name, expected)
                    else:
                        found.append(Part(name, rows))
        return found

    def _read_sums(self, digits: int, among: Sequence[str]) -> dict[str, tuple[Sums, int]]:
        """Return the table's sums of partitions, and the number of rows of each."""
        kql = self._queries.sums(
            digits,
            now=self._run.now,
            settled_before=moment(self._moments.settled_before),
            among=among,
        )
        try:
            answer = self._read(kql, self._queries.sum_columns)
        except LogsTooLargeError:
            if len(among) == 1 and len(among[0]) >= digits:
                raise
            middle = len(among) // 2
            finer = children(among[0]) if len(among) == 1 else ()
            parts = (finer[:8], finer[8:]) if finer else (among[:middle], among[middle:])
            return {
                prefix: sums
                for part in parts
                for prefix, sums in self._read_sums(max(digits, len(part[0])), part).items()
            }
        found = map(self._queries.sums_of, answer.rows)
        return {prefix: (sums, rows) for prefix, sums, rows in found}

    def _compare(self, parts: Sequence[Part]) -> None:
        """Compare the objects of some partitions one by one."""
        names = [part.prefix for part in parts]
        try:
            answer = self._read(self._queries.objects(names), self._queries.object_columns)
        except LogsTooLargeError:
            smaller = halves(parts)
            if smaller is None:
                raise
            for half in smaller:
                self._compare(half)
            return
        rows = sorted(answer.rows, key=_uuid)
        found: list[FoundObject] = []
        # One after the other, so that the objects of all of them are never in memory together.
        for name in names:
            first, last = (bisect_left(rows, end, key=_uuid) for end in (name, f'{name}g'))
            found += self._judge(name, dict(self._seen(rows[first:last])))
        self._store.replace(self._run.id, self._table, names, found)

    def _seen(self, rows: Iterable[Sequence[Any]]) -> Iterator[tuple[bytes, SeenObject]]:
        """Yield id and newest row of each object; other senders' ids may be no UUIDs."""
        for row in rows:
            if (digest := _digest(row)) is not None:
                yield digest, self._queries.seen(row)

    def _judge(self, prefix: str, seen: Mapping[bytes, SeenObject]) -> Iterator[FoundObject]:
        """Count the objects of a partition, and yield what is wrong with them."""
        held = self._ledger.held_in(prefix, self._present)
        unknown = set()
        for digest in seen.keys() | held.keys():
            mine, theirs = held.get(digest), seen.get(digest)
            verdict = judge(mine, theirs, self._moments)
            self._tally.add(verdict)
            if not isinstance(verdict, FindingKind) or self._listed[verdict] >= MOST_LISTED:
                continue
            self._listed[verdict] += 1
            if verdict is FindingKind.UNKNOWN:
                unknown.add(_group(digest))
            item = None if mine is None or not mine.object else mine.object
            yield FoundObject(verdict, digest, item, theirs)
        if unknown:
            count = Counter(map(_group, seen))
            self._unknown.update({group: count[group] for group in unknown})

    def _describe(self) -> None:
        """Read what unknown objects are, as those of Indicators are withdrawn by that."""
        parts = [Part(group, rows) for group, rows in sorted(self._unknown.items())]
        for batch in batches(parts, most_rows=MOST_UNKNOWN_ROWS, most_prefixes=MOST_PREFIXES):
            self._describe_some(batch)

    def _describe_some(self, parts: Sequence[Part]) -> None:
        kql = self._queries.unknown([part.prefix for part in parts], now=self._run.now)
        try:
            answer = self._read(kql, self._queries.unknown_columns)
        except LogsTooLargeError:
            smaller = halves(parts)
            if smaller is None:
                raise
            for half in smaller:
                self._describe_some(half)
            return
        self._store.describe(self._run.id, self._table, self._described(answer.rows))

    def _described(self, rows: Iterable[Sequence[Any]]) -> Iterator[UnknownRow]:
        for row in rows:
            if (digest := _digest(row)) is not None:
                yield self._queries.unknown_row(digest, row)

    def _read(self, kql: str, columns: Sequence[str]) -> LogRows:
        self._check()
        self._tally.requests += 1
        return self._reader.read(kql, columns, stop=self._run.stop)

    def _check(self) -> None:
        """Raise `Cancelled` if a stop was requested."""
        if self._run.stop.is_set():
            raise Cancelled('Verify was interrupted; it begins anew.')


def _uuid(row: Sequence[Any]) -> str:
    return str(row[0])


def _digest(row: Sequence[Any]) -> bytes | None:
    """Return the id of a row's object; None if it is no UUID."""
    try:
        return id_bytes(_uuid(row))
    except ValueError:
        return None


def _group(digest: bytes) -> str:
    return digest.hex()[:FINE_DIGITS]
