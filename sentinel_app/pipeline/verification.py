"""Verify: whether the workspace's table holds what the ledger believes.

It reads, and changes nothing in Sentinel or ThreatConnect; updates go on whatever it finds.
"""

from __future__ import annotations

import datetime as dt
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.finding import FoundObject, UnknownRow
from sentinel_app.core.ledger_row import moment
from sentinel_app.core.logs import LogRows
from sentinel_app.core.verification import (
    FINE_DIGITS,
    WHOLE_EVERY,
    FindingKind,
    LedgerSums,
    Moments,
    Part,
    SeenObject,
    Sums,
    Tally,
    batches,
    children,
    halves,
    is_silent,
    judge,
    partition_digits,
    prefixes,
)
from sentinel_app.core.verification_query import (
    MOST_PREFIXES,
    OBJECT_COLUMNS,
    SUM_COLUMNS,
    UNKNOWN_COLUMNS,
    VerificationQueries,
)
from sentinel_app.core.window import believed
from sentinel_app.errors import (
    Cancelled,
    LogsSilentError,
    LogsTableError,
    LogsTooLargeError,
    SentinelAppError,
)
from sentinel_app.log import EventLog
from sentinel_app.pipeline.log_reader import LogReader
from sentinel_app.storage.verifications import MOST_LISTED, PresentIds, Verifications, id_bytes

MOST_ROWS: Final = 30_000
"""Rows of an answer about objects: about 3 MB of text."""

MOST_SUMS: Final = 8_192
"""Rows of an answer with sums."""

MOST_UNKNOWN_ROWS: Final = 4_000
"""Rows of an answer with patterns, which may be long."""

RETRY_AFTER: Final = dt.timedelta(hours=1)
"""Maximum wait after a run that came to nothing."""

_NOTHING: Final = (Sums(), 0)
_PORTION: Final = 5_000
"""Objects of the ledger between two looks at whether to stop."""

_log = EventLog(__name__)


@dataclass(slots=True, kw_only=True)
class _Run:
    """A run under way."""

    id: int
    moments: Moments
    now: dt.datetime
    stop: Stop
    is_whole: bool
    present: PresentIds
    sums: LedgerSums = field(default_factory=LedgerSums)
    tally: Tally = field(default_factory=Tally)
    listed: Counter[FindingKind] = field(default_factory=Counter)
    unknown: dict[str, int] = field(default_factory=dict)
    """Groups that have unknown objects, and how many rows are expected of each."""


class Verification:
    """Verifies; one run at a time.

    Args:
        reader: reads the workspace's tables.
        store: the runs, their findings and the ledger.
        source_system: the source system of the Service's objects.
        interval: time between two runs; None for never.
        clock: the clock.
    """

    def __init__(
        self,
        *,
        reader: LogReader,
        store: Verifications,
        source_system: str,
        interval: dt.timedelta | None,
        clock: Clock,
    ) -> None:
        self._reader = reader
        self._store = store
        self._queries = VerificationQueries(source_system=source_system)
        self._interval = interval
        self._clock = clock
        self._lock = threading.Lock()
        self._is_requested = False
        self._is_whole_requested = False
        self._started_at: dt.datetime | None = None
        self._outcome = ''

    @property
    def outcome(self) -> str:
        """What the last run came to, in words."""
        return self._outcome

    @property
    def interval(self) -> dt.timedelta | None:
        """Time between two runs; None for never."""
        return self._interval

    @property
    def started_at(self) -> dt.datetime | None:
        """When the run under way began; None if there is none."""
        return self._started_at

    def request(self, *, is_whole: bool = False) -> None:
        """Have a run begin with the next step, although none is due."""
        with self._lock:
            self._is_requested = True
            self._is_whole_requested = self._is_whole_requested or is_whole

    def next_at(self) -> dt.datetime | None:
        """Return when the next run is due, perhaps in the past; None for never."""
        if self._interval is None:
            return None
        now, last = self._clock.now(), self._store.last()
        if last is None:
            return now
        wait = self._interval if last.is_complete else min(self._interval, RETRY_AFTER)
        # A clock that was ahead must not keep runs from beginning.
        return (believed(last.started_at, now) or now - wait) + wait

    def step(self, stop: Stop) -> bool:
        """Verify if that is due or requested; return whether it was.

        Raises:
            Cancelled: it was interrupted; the next step begins anew.
        """
        if not self._is_due():
            return False
        with self._lock:
            # A request that comes from now on is for another run.
            asked = self._is_requested, self._is_whole_requested
            self._is_requested = self._is_whole_requested = False
        try:
            self._run(stop, is_whole=asked[1])
        except BaseException:
            with self._lock:
                self._is_requested |= asked[0]
                self._is_whole_requested |= asked[1]
            raise
        return True

    def _run(self, stop: Stop, *, is_whole: bool) -> None:
        """Verify, and store what it came to."""
        now = self._clock.now()
        since_whole = self._store.since_whole()
        is_whole = is_whole or since_whole is None or since_whole >= WHOLE_EVERY - 1
        run = _Run(
            id=self._store.begin(now, is_whole=is_whole),
            moments=Moments.at(now),
            now=now,
            stop=stop,
            is_whole=is_whole,
            present=self._store.present_ids(),
        )
        self._started_at = now
        try:
            self._verify(run)
        except Cancelled:
            raise
        except SentinelAppError as error:
            self._store.fail(run.id, error, run.tally.requests, self._clock.now())
            self._outcome = f'came to nothing ({error.code}): {error.message.rstrip(".")}'
            _log.warning('verification-failed', code=error.code, requests=run.tally.requests)
        else:
            self._store.finish(run.id, run.tally, self._clock.now())
            self._outcome = _words(run.tally)
            _log.info(
                'verified',
                held=run.tally.held,
                confirmed=run.tally.confirmed,
                findings=sum(run.tally.findings.values()),
                requests=run.tally.requests,
                is_whole=run.is_whole,
            )
        finally:
            self._started_at = None

    def _is_due(self) -> bool:
        with self._lock:
            if self._is_requested:
                return True
        next_at = self.next_at()
        return next_at is not None and next_at <= self._clock.now()

    def _verify(self, run: _Run) -> None:
        self._add_up(run)
        total = run.sums.of('').objects
        digits = partition_digits(total)
        try:
            came = self._sums(run, digits, ('',))
        except LogsTableError:
            if total:
                raise
            # Nothing was ever uploaded to this workspace.
            came = {}
        if is_silent(total, sum(rows for _, rows in came.values())):
            raise LogsSilentError(
                'Log Analytics returned less than half of what was sent, so nothing is concluded '
                'from what did not come. Check the Sentinel Workspace ID and the Sentinel Source '
                'Name, and whether the table is protected, scoped by rows or transformed.'
            )
        parts = self._differing(run, prefixes(digits), came)
        is_much = sum(part.rows for part in parts) > 2 * MOST_ROWS
        if is_much and not run.is_whole:
            parts = self._refined(run, parts)
        for batch in batches(parts, most_rows=MOST_ROWS, most_prefixes=MOST_PREFIXES):
            self._compare(run, batch)
        self._describe(run)

    def _add_up(self, run: _Run) -> None:
        """Sum up the ledger, and take over what no rule could match."""
        for number, (digest, held) in enumerate(self._store.held()):
            if number % _PORTION == 0:
                _check(run.stop)
            run.sums.add(digest, held, run.moments)
        again: dict[int, bytes] = {}
        for digest, item in run.present.between(bytes(16), b'\xff' * 16):
            if item:
                again[item] = digest
            if len(again) >= _PORTION:
                self._add_again(run, again)
        self._add_again(run, again)
        run.tally.held = run.sums.of('').objects + run.sums.recent()
        if not run.is_whole:
            for digest in self._store.carry(run.id):
                run.sums.add_unparsed(digest)
                run.listed[FindingKind.UNMATCHABLE] += 1

    def _add_again(self, run: _Run, again: dict[int, bytes]) -> None:
        _check(run.stop)
        for item, held in self._store.held_of(list(again)).items():
            run.sums.add(again[item], held, run.moments)
        again.clear()

    def _differing(
        self, run: _Run, names: Iterable[str], came: Mapping[str, tuple[Sums, int]]
    ) -> list[Part]:
        """Return the partitions to be compared; the others are confirmed, or cannot be read."""
        found = []
        for prefix in names:
            expected = run.sums.of(prefix)
            sums, rows = came.get(prefix, _NOTHING)
            if is_silent(expected.objects, rows):
                run.tally.unread += expected.objects
                run.tally.recent += run.sums.recent(prefix)
                self._store.replace(run.id, [prefix], [])
            elif sums != expected or (run.is_whole and rows):
                found.append(Part(prefix, rows))
            else:
                self._confirm(run, prefix, expected)
        return found

    def _confirm(self, run: _Run, prefix: str, sums: Sums) -> None:
        """Count the objects of a partition whose sums agree."""
        run.tally.confirmed += sums.objects - sums.unparsed
        run.tally.findings[FindingKind.UNMATCHABLE] += sums.unparsed
        run.tally.recent += run.sums.recent(prefix)

    def _refined(self, run: _Run, parts: Sequence[Part]) -> list[Part]:
        """Return the small groups that differ, in place of the partitions that do."""
        width = 16 ** (FINE_DIGITS - len(parts[0].prefix))
        found: list[Part] = []
        at_once = max(1, MOST_SUMS // width)
        for start in range(0, len(parts), at_once):
            some = [part.prefix for part in parts[start : start + at_once]]
            came = self._sums(run, FINE_DIGITS, some)
            for prefix in some:
                for rest in prefixes(FINE_DIGITS - len(prefix)):
                    name = f'{prefix}{rest}'
                    expected, (sums, rows) = run.sums.of(name), came.get(name, _NOTHING)
                    if sums == expected:
                        self._confirm(run, name, expected)
                    else:
                        found.append(Part(name, rows))
        return found

    def _sums(self, run: _Run, digits: int, among: Sequence[str]) -> dict[str, tuple[Sums, int]]:
        """Return the table's sums of partitions, and the number of rows of each."""
        kql = self._queries.sums(
            digits,
            now=run.now,
            settled_before=moment(run.moments.settled_before),
            among=among,
        )
        try:
            answer = self._read(run, kql, SUM_COLUMNS)
        except LogsTooLargeError:
            if len(among) == 1 and len(among[0]) >= digits:
                raise
            middle = len(among) // 2
            finer = children(among[0]) if len(among) == 1 else ()
            parts = (finer[:8], finer[8:]) if finer else (among[:middle], among[middle:])
            return {
                prefix: sums
                for part in parts
                for prefix, sums in self._sums(run, max(digits, len(part[0])), part).items()
            }
        return {row[0]: (Sums(*map(int, row[2:])), int(row[1])) for row in answer.rows}

    def _compare(self, run: _Run, parts: Sequence[Part]) -> None:
        """Compare the objects of some partitions one by one."""
        names = [part.prefix for part in parts]
        try:
            answer = self._read(run, self._queries.objects(names), OBJECT_COLUMNS)
        except LogsTooLargeError:
            smaller = halves(parts)
            if smaller is None:
                raise
            for half in smaller:
                self._compare(run, half)
            return
        rows = sorted(answer.rows, key=_uuid)
        found: list[FoundObject] = []
        # One after the other, so that the objects of all of them are never in memory together.
        for name in names:
            first, last = (bisect_left(rows, end, key=_uuid) for end in (name, f'{name}g'))
            found += self._judge(run, name, dict(_seen(rows[first:last])))
        self._store.replace(run.id, names, found)

    def _judge(
        self, run: _Run, prefix: str, seen: Mapping[bytes, SeenObject]
    ) -> Iterator[FoundObject]:
        """Count the objects of a partition, and yield what is wrong with them."""
        held = self._store.held_in(prefix, run.present)
        unknown = set()
        for digest in seen.keys() | held.keys():
            mine, theirs = held.get(digest), seen.get(digest)
            verdict = judge(mine, theirs, run.moments)
            run.tally.add(verdict)
            if not isinstance(verdict, FindingKind) or run.listed[verdict] >= MOST_LISTED:
                continue
            run.listed[verdict] += 1
            if verdict is FindingKind.UNKNOWN:
                unknown.add(_group(digest))
            item = None if mine is None or not mine.object else mine.object
            yield FoundObject(verdict, digest, item, theirs)
        if unknown:
            count = Counter(map(_group, seen))
            run.unknown.update({group: count[group] for group in unknown})

    def _describe(self, run: _Run) -> None:
        """Read what unknown objects look like, as they are withdrawn by that."""
        parts = [Part(group, rows) for group, rows in sorted(run.unknown.items())]
        for batch in batches(parts, most_rows=MOST_UNKNOWN_ROWS, most_prefixes=MOST_PREFIXES):
            self._describe_some(run, batch)

    def _describe_some(self, run: _Run, parts: Sequence[Part]) -> None:
        kql = self._queries.unknown([part.prefix for part in parts], now=run.now)
        try:
            answer = self._read(run, kql, UNKNOWN_COLUMNS)
        except LogsTooLargeError:
            smaller = halves(parts)
            if smaller is None:
                raise
            for half in smaller:
                self._describe_some(run, half)
            return
        self._store.describe(run.id, _unknown(answer.rows))

    def _read(self, run: _Run, kql: str, columns: Sequence[str]) -> LogRows:
        _check(run.stop)
        run.tally.requests += 1
        return self._reader.read(kql, columns, stop=run.stop)


def _seen(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[bytes, SeenObject]]:
    """Yield id and newest row of each object; other senders' ids may be no UUIDs."""
    for uuid, modified, valid_until, confidence, marks in rows:
        if (digest := _digest(uuid)) is not None:
            yield digest, SeenObject(modified or 0, valid_until, confidence, marks)


def _unknown(rows: Iterable[Sequence[Any]]) -> Iterator[UnknownRow]:
    for uuid, modified, created, valid_from, pattern in rows:
        if (digest := _digest(uuid)) is not None:
            yield UnknownRow(digest, modified or 0, created or 0, valid_from or 0, pattern)


def _uuid(row: Sequence[Any]) -> str:
    return str(row[0])


def _digest(uuid: str) -> bytes | None:
    try:
        return id_bytes(uuid)
    except ValueError:
        return None


def _group(digest: bytes) -> str:
    return digest.hex()[:FINE_DIGITS]


def _check(stop: Stop) -> None:
    """Raise `Cancelled` if a stop was requested."""
    if stop.is_set():
        raise Cancelled('Verify was interrupted; it begins anew.')


def _words(tally: Tally) -> str:
    """Return what a run came to."""
    found = sum(tally.findings.values())
    words = f'confirmed {tally.confirmed:,} of {tally.held:,} objects'
    return f'{words}, {found:,} finding{"" if found == 1 else "s"}'
