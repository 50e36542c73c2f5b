"""A ThreatConnect of a few Files and a Sentinel, both in this process, around the real stores.

The reading is a stand-in for Download, the sending one for Upload; Convert and what withdraws are
the real ones. So every promise about the stores can be looked at between any two of their commits.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.job import Job, Mode, Update
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS, millis, moment
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.outbox import Batch, Conversion, Page, Settlement
from sentinel_app.core.precedence import Candidate, winners
from sentinel_app.core.progress import Position, Progress, Reading, jobs_being_converted
from sentinel_app.core.query import QueryList, WithdrawPolicy
from sentinel_app.core.question import clause_ids
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.tql import ids_clause
from sentinel_app.core.window import Window
from sentinel_app.errors import Cancelled, ReadAuthError, SentinelAppError, SkippableError
from sentinel_app.pipeline.convert import Convert
from sentinel_app.pipeline.page_decision import PageDecision
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.page_queue import EndOfReading, PageQueue
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.unknown_objects import UnknownObjects
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.worker import StepStop
from tests.harness.builders.app_state import make_job, make_query, make_update
from tests.harness.builders.indicator import make_indicator, make_options
from tests.harness.clocks import NOON, StandingClock

KEYS = {
    f'{kind} {digit}': ObjectKey(IndicatorType.FILE, digit * length, kind)
    for digit, length, kind in (
        ('A', 32, HashKind.MD5),
        ('B', 32, HashKind.MD5),
        ('A', 40, HashKind.SHA1),
        ('A', 64, HashKind.SHA256),
        ('B', 64, HashKind.SHA256),
    )
}
"""Few, so that Files have them in common."""
QUERIES = tuple(
    make_query(
        f'q{place}',
        indicator_types=(IndicatorType.FILE,),
        sort_field='rating' if place == 1 else None,
    )
    for place in range(3)
)
BATCH_SIZE = 2
ENOUGH_STEPS = 1_000
LAST_DAY = NOON + dt.timedelta(days=365)


class Killed(BaseException):
    """The process was ended between two commits."""


class MortalDatabase(Database):
    """A database whose process can be killed before one of the next transactions."""

    writes_left: int | None = None

    @contextmanager
    def write(self) -> Iterator[Any]:
        if self.writes_left is not None:
            if not self.writes_left:
                raise Killed
            self.writes_left -= 1
        with super().write() as transaction:
            yield transaction


class Unhindered:
    """A thread that no kill keeps from writing."""

    def writing(self) -> AbstractContextManager[None]:
        return nullcontext()


class WatchedStore(UpdateStore):
    """Lets others do something between what Convert has read and what it stores."""

    before_commit: Callable[[], None] | None = None
    after_commit: Callable[[Conversion], None] | None = None

    def commit_page(self, conversion: Conversion, *, at: dt.datetime) -> None:
        if (meanwhile := self.before_commit) is not None:
            self.before_commit = None
            # Others do so, in threads of their own.
            with self._db.fence.around(Unhindered()):
                meanwhile()
        super().commit_page(conversion, at=at)
        if self.after_commit is not None:
            self.after_commit(conversion)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A File in ThreatConnect."""

    id: int
    hashes: frozenset[str]
    """Names of its keys in `KEYS`."""
    queries: frozenset[str]
    """Those that it matches."""
    kind: str
    """Whether it could be sent: 'fine', 'withheld' or 'invalid'."""
    content: int
    modified_at: dt.datetime

    @property
    def keys(self) -> frozenset[ObjectKey]:
        return frozenset(KEYS[name] for name in self.hashes)

    @property
    def copy(self) -> tuple[int, int]:
        return self.id, millis(self.modified_at)

    def row(self) -> dict[str, object]:
        return {
            'id': self.id,
            'lastModified': to_seconds(self.modified_at),
            'content': self.content,
            'kind': self.kind,
            'keys': sorted(key.text for key in self.keys),
            'at': millis(self.modified_at),
        }


def parse(row: Mapping[str, Any]) -> Indicator:
    """Make an Indicator of a row of this world."""
    if row['kind'] == 'invalid':
        raise SkippableError('Its value is no value.')
    keys = [ObjectKey.from_text(text) for text in row['keys']]
    return make_indicator(
        IndicatorType.FILE,
        id=row['id'],
        owner_name=f'Owner {row["id"] % 2}',
        hashes=tuple((key.hash_kind, key.value) for key in keys),
        value=keys[0].value,
        summary=' : '.join(key.value for key in keys),
        rating=float(row['content']),
        is_active=row['kind'] != 'withheld',
        modified_at=moment(row['at']),
    )


@dataclass(slots=True)
class Flight:
    """A batch on its way to Sentinel."""

    batch: Batch
    rows: Sequence[Mapping[str, Any]]
    """As they stood in the outbox, one for each object."""
    is_delivered: bool = False
    is_given_up: bool = False
    """Whether the update has been ended meanwhile, or what it carries given up."""


@dataclass(slots=True)
class Held:
    """What Sentinel has under one id."""

    digest: bytes
    generation: int
    copy: tuple[int, int]
    query: int
    created: str
    modified: str
    is_revoked: bool


@dataclass(slots=True)
class Documents:
    """What Convert, Revoke and the guard ask of the documents."""

    jobs: dict[str, Job] = field(default_factory=dict)

    def job(self, request_id: str) -> Job | None:
        return self.jobs.get(request_id)

    def jobs_of(self, update_id: str) -> tuple[Job, ...]:
        return tuple(job for job in self.jobs.values() if job.update_id == update_id)

    def query_list(self) -> QueryList:
        return QueryList(version=1, queries=QUERIES)


class SmallWorld:
    """Both other systems, and the App's engine in its parts."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / 'state.db'
        self.clock = StandingClock()
        self.convert_steps: list[StepStop] = []
        """Those under way: at most one that was not killed."""
        self.files: dict[int, File] = {}
        self.next_id = 1
        self.sentinel: dict[str, Held] = {}
        self.flights: list[Flight] = []
        self.app_state = Documents()
        self.update: Update | None = None
        self.count = 0
        self.taken: dict[str, set[int]] = {}
        """Indicators by the Job that took them up, those of withdrawals included."""
        self.accepted: dict[bytes, int] = {}
        """The highest generation that was accepted."""
        self.open()

    # -- the process

    def open(self) -> None:
        """Start the process: everything that it had in memory is new."""
        self.db = MortalDatabase(self.path)
        with self.db.alone() as connection:
            # Nobody cuts the power here, and thousands of runs need not wait for the disk.
            connection.execute('PRAGMA synchronous = OFF')
        self.store = WatchedStore(self.db, PageQueue())
        self.store.after_commit = self._note_page
        self.orphans = Orphans(self.db, self.store)
        self.ledger = Ledger(self.db)
        app_state: Any = self.app_state
        revoke = Revoke(
            orphans=self.orphans,
            unknown=UnknownObjects(self.db),
            policy=WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING,
            guard=WithdrawGuard(app_state=app_state, ledger=self.ledger, limit_percent=100),
            clock=self.clock,
            wakeups=Wakeups(1),
        )
        self._watch_revocations()
        self.convert_stage = Convert(
            app_state=app_state,
            store=self.store,
            decision=PageDecision(
                ledger=self.ledger,
                parse=parse,
                withheld_reason=lambda _: None,
                options=make_options(),
                salt=b'salt',
            ),
            revoke=revoke,
            limiter=RateLimiter(limit=100, times=RequestTimes(self.db), clock=self.clock),
            clock=self.clock,
            wakeups=Wakeups(1),
        )

    def _watch_revocations(self) -> None:
        add = self.orphans.add_revocations

        def added(revocations: Sequence[Any]) -> int:
            known = set(self.taken)
            found = add(revocations)
            for item in revocations:
                if item.request_id in known:
                    self.taken[item.request_id].add(item.held.indicator_id)
            return found

        self.orphans.add_revocations = added  # type: ignore[method-assign]

    def crash(self) -> None:
        """End the process and start it again."""
        self.db.close()
        self.flights.clear()
        self.open()
        self.store.recover()
        update_ids = [] if self.update is None else [self.update.id]
        self.store.ended_updates.remove_others(update_ids)

    def run(self, action: Callable[[], object], writes: int | None = None) -> bool:
        """Do something, and start again where the process is killed; whether it was not."""
        self.db.writes_left = writes
        try:
            action()
        except Killed:
            self.crash()
            return False
        finally:
            self.db.writes_left = None
        return True

    def close(self) -> None:
        self.db.close()

    # -- ThreatConnect

    def tick(self) -> dt.datetime:
        self.clock.advance(1)
        return self.clock.now()

    def add_file(self, hashes: frozenset[str], queries: frozenset[str], kind: str) -> None:
        self.files[self.next_id] = File(
            id=self.next_id,
            hashes=hashes,
            queries=queries,
            kind=kind,
            content=0,
            modified_at=self.tick(),
        )
        self.next_id += 1

    def change_file(self, number: int, **fields: Any) -> None:
        self.files[number] = replace(self.files[number], modified_at=self.tick(), **fields)

    def is_there(self, held: Held) -> bool:
        """Whether ThreatConnect still gives the copy that Sentinel holds, unchanged."""
        found = self.files.get(held.copy[0])
        return (
            found is not None
            and found.copy == held.copy
            and found.kind == 'fine'
            and any(key.digest == held.digest for key in found.keys)
            and self.store.queries.text(held.query) in found.queries
        )

    def expected(self) -> dict[bytes, tuple[int, int]]:
        """The copy that Sentinel should hold of each key."""
        candidates = [
            Candidate(
                indicator=parse(item.row()),
                position=min(int(query[1:]) for query in item.queries),
            )
            for item in self.files.values()
            if item.kind == 'fine' and item.queries
        ]
        return {
            key.digest: (found.indicator.id, millis(found.indicator.modified_at))
            for key, found in winners(candidates).items()
        }

    # -- an update

    def begin(self, mode: Mode, *, is_search_failed: bool = False, cancelled: int = -1) -> None:
        """Begin an update of all queries."""
        self.count += 1
        update_id = f'u{self.count}'
        start_at = None
        if mode is Mode.DELTA:
            start_at = self.clock.now() - dt.timedelta(seconds=20)
        jobs = [
            make_job(
                f'{update_id}-{place}',
                update_id=update_id,
                mode=mode,
                query=query,
                position=place,
                window=Window(start_at=start_at, end_at=LAST_DAY),
            )
            for place, query in enumerate(QUERIES)
        ]
        self.app_state.jobs = {job.request_id: job for job in jobs}
        self.update = make_update(
            update_id, mode=mode, request_ids=tuple(job.request_id for job in jobs)
        )
        self.taken = {job.request_id: set() for job in jobs}
        if cancelled >= 0:
            assert self.store.cancel(jobs[cancelled])
        self.store.begin(jobs)
        self.search(is_failed=is_search_failed)

    def search(self, *, is_failed: bool) -> None:
        """Find out what is gone, as the search for orphans does."""
        assert self.update is not None
        if self.orphans.is_searched(self.update.id):
            return
        if not is_failed:
            gone = [number for number in range(1, self.next_id) if number not in self.files]
            self.orphans.orphan_indicators(gone)
            held = self.orphans.live_objects(list(self.files))
            present = {
                number: {key.digest for key in item.keys} for number, item in self.files.items()
            }
            self.orphans.orphan_objects(
                {
                    item: number
                    for number, objects in held.items()
                    for digest, item in objects.items()
                    if digest not in present[number]
                }
            )
        self.orphans.end_search(
            self.update.id, until=None, is_held_back=False, is_failed=is_failed, warning=None
        )

    def progress(self) -> tuple[Progress, ...]:
        return () if self.update is None else self.store.progress(self.update.id)

    def read(self, size: int, *, is_by_time: bool = False, fault: bool = False) -> bool:
        """Read a page, as Download does; False where there is nothing to read now."""
        if self.update is None or not self.store.pages.has_room:
            return False
        self.search(is_failed=False)
        for item in self.progress():
            if item.reading is Reading.WAITING:
                self._start(item, is_by_time=is_by_time)
                return True
            if item.reading is Reading.READING:
                place = self.store.pages.place(item.request_id, lambda item=item: item.place)
                if place is None:
                    return False
                if fault:
                    self._end(item, place, ReadAuthError('Mend it.'))
                elif is_by_time and not place.is_by_time:
                    self.store.readings.restart_by_time(item.request_id)
                else:
                    self._read_page(item, place, size)
                return True
        return False

    def _start(self, item: Progress, *, is_by_time: bool) -> None:
        assert self.update is not None
        clauses: list[str] = []
        if item.is_delta:
            refusals = self.store.refusals
            refused = refusals.indicators(item.query_id, most_attempts=REFUSED_ATTEMPTS)
            sought = refusals.sought(self.store.marks.first(self.update.id))
            if refused:
                clauses.append(ids_clause(refused))
            lost = self.orphans.orphaned(self.update.id, now=self.clock.now(), most_attempts=3)
            wanted = {key.text for key, _ in (*lost, *sought)}
            if wanted:
                clauses.append('values ' + ' '.join(sorted(wanted)))
        self.store.readings.start(
            item.request_id,
            at=self.clock.now(),
            expected=None,
            clauses=clauses,
            is_by_time=is_by_time,
        )

    def _matching(self, item: Progress, place: Position) -> list[File]:
        extra = self.store.readings.extra_query(item.request_id, place.number)
        window = self.app_state.jobs[item.request_id].window
        assert window is not None
        found = [each for each in self.files.values() if item.query_id in each.queries]
        if extra is None:
            return [each for each in found if (window.start_at or NOON) <= each.modified_at]
        ids = clause_ids(extra.clause)
        if ids is not None:
            return [each for each in found if each.id in ids]
        wanted = set(extra.clause.split()[1:])
        return [each for each in found if wanted & {key.text for key in each.keys}]

    def _read_page(self, item: Progress, place: Position, size: int) -> None:
        found = self._matching(item, place)
        if place.is_by_time:
            begin = place.read_until or NOON
            found = sorted(
                (each for each in found if each.modified_at >= begin),
                key=lambda each: each.modified_at,
            )
            if found:
                last = found[:size][-1].modified_at
                rows = [each for each in found if each.modified_at <= last]
                # What was modified at the end of a range comes again with the next one.
                until = last if last > begin else last + dt.timedelta(milliseconds=1)
                self._put(item, rows, place, replace(place, read_until=until))
                return
        else:
            last_id = place.last_id or 0
            rows = sorted((each for each in found if each.id > last_id), key=lambda each: each.id)[
                :size
            ]
            if rows:
                self._put(item, rows, place, replace(place, last_id=rows[-1].id))
                return
        if self.store.readings.extra_query(item.request_id, place.number + 1) is not None:
            following = replace(place, number=place.number + 1, last_id=None, read_until=None)
            self._put(item, [], place, following)
        else:
            self._end(item, place, None)

    def _put(
        self, item: Progress, rows: Sequence[File], place: Position, following: Position
    ) -> None:
        page = Page(
            request_id=item.request_id,
            rows=[each.row() for each in rows],
            place=following,
            number=place.number,
        )
        assert self.store.pages.put(page, read_from=place)

    def _end(self, item: Progress, place: Position, error: SentinelAppError | None) -> None:
        end = EndOfReading(request_id=item.request_id, error=error)
        assert self.store.pages.put(end, read_from=place)

    def convert(self, meanwhile: Callable[[], None] | None = None) -> bool:
        """Convert a page, while others do something between reading and storing."""
        if self.update is None:
            return False
        self.tick()
        stop = StepStop(self.clock)
        self.convert_steps.append(stop)
        self.store.before_commit = meanwhile
        try:
            with self.db.fence.around(stop):
                return self.convert_stage.step(self.update, stop)
        except Cancelled:
            assert stop.is_killed
            return True
        finally:
            self.convert_steps.remove(stop)
            self.store.before_commit = None

    def kill_convert(self) -> None:
        """Kill the step of Convert that hangs, so that another one may begin before it ends."""
        self.stop(jobs_being_converted(self.progress()))
        self.abandon()
        for stop in self.convert_steps:
            stop.kill()

    def _note_page(self, conversion: Conversion) -> None:
        taken = self.taken.get(conversion.page.request_id)
        if taken is not None:
            taken |= set(conversion.outcomes)

    # -- Sentinel

    def claim(self) -> bool:
        """Take a batch and send it off."""
        if self.update is None:
            return False
        self.tick()
        is_ready = self.store.batches.is_ready(self.update.id, size=BATCH_SIZE)
        batch = self.store.batches.claim(self.update.id, size=BATCH_SIZE, now=self.clock.now)
        # The counters know nothing of what waits for a version under way.
        assert is_ready or batch is None
        if batch is None:
            return False
        self.flights.append(Flight(batch=batch, rows=self._outbox_rows(batch)))
        return True

    def _outbox_rows(self, batch: Batch) -> list[dict[str, Any]]:
        with self.db.read() as connection:
            return [
                dict(
                    connection.execute(
                        'SELECT outbox.*, digest FROM outbox JOIN ledger'
                        ' ON ledger.id = outbox.object WHERE outbox.id = ?',
                        (item.id,),
                    ).fetchone()
                )
                for item in batch.objects
            ]

    def deliver(self, flight: Flight) -> None:
        """Let Sentinel take what a batch carries."""
        flight.is_delivered = True
        for item, row in zip(flight.batch.objects, flight.rows, strict=True):
            self._take(json.loads(item.text), row)

    def _take(self, stix: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        new = Held(
            digest=row['digest'],
            generation=row['generation'],
            copy=(row['indicator_id'], row['source_modified']),
            query=row['query'],
            created=stix['created'],
            modified=stix['modified'],
            is_revoked=bool(stix.get('revoked')),
        )
        held = self.sentinel.get(stix['id'])
        self.sentinel[stix['id']] = new
        if held is None:
            return
        assert held.created == new.created, 'the time of creation changed'
        assert held.modified <= new.modified, 'an older version came after a newer one'
        assert new.is_revoked or not held.is_revoked, 'a revoked id is used again'
        if not new.is_revoked and self.is_there(held):
            better = (self._position(held), -held.copy[1], held.copy[0])
            worse = (self._position(new), -new.copy[1], new.copy[0])
            assert worse <= better, 'a worse copy took the place of one that is still there'

    def _position(self, held: Held) -> int:
        return int(self.store.queries.text(held.query)[1:])

    def settle(self, flight: Flight, size: int, refused: frozenset[int]) -> None:
        """Store the answer to the first objects of a batch; the rest goes on by itself."""
        part = Batch(objects=flight.batch.objects[:size])
        refused = frozenset(item for item in refused if item < size)
        taken = [place for place in range(size) if place not in refused]
        if not flight.is_delivered:
            for place in taken:
                self._take(json.loads(part.objects[place].text), flight.rows[place])
        elif refused:
            # What it had taken it cannot refuse.
            refused, taken = frozenset(), list(range(size))
        self.flights.remove(flight)
        rest = Flight(
            batch=Batch(objects=flight.batch.objects[size:]),
            rows=flight.rows[size:],
            is_delivered=flight.is_delivered,
            is_given_up=flight.is_given_up,
        )
        if rest.batch.objects:
            self.flights.append(rest)
        self.store.batches.settle(
            Settlement(batch=part, refusals=dict.fromkeys(refused, ('no',))), at=self.clock.now()
        )
        if not flight.is_given_up:
            for place in taken:
                row = flight.rows[place]
                known = self.accepted.get(row['digest'], 0)
                self.accepted[row['digest']] = max(known, row['generation'])

    def release(self, flight: Flight, *, is_told_before: bool) -> None:
        """Let a batch wait again that had no answer."""
        self.flights.remove(flight)
        if is_told_before:
            self.store.batches.record_failure(flight.batch, is_unacknowledged=flight.is_delivered)
            self.store.batches.release(flight.batch)
        else:
            self.store.batches.release(flight.batch, is_unacknowledged=flight.is_delivered)

    def stop(self, request_ids: Sequence[str]) -> None:
        """End Jobs, as Upload does where it cannot go on."""
        settled = {item.request_id for item in self.progress() if item.is_settled}
        request_ids = [item for item in request_ids if item not in settled]
        if request_ids:
            self.store.stop_jobs(request_ids, ReadAuthError('Give the role.'))

    def abandon(self) -> None:
        """Give up what Jobs that were stopped have under way or waiting for conversion."""
        stopped = [item.request_id for item in self.progress() if item.is_stopped]
        for flight in self.flights:
            if set(flight.batch.request_ids) & set(stopped):
                flight.is_given_up = True
        if stopped:
            self.store.batches.abandon(stopped)

    def drop_pages(self) -> None:
        """Drop what waits for conversion of Jobs that were stopped, unless a page is converted."""
        if not all(stop.is_killed for stop in self.convert_steps):
            return
        stopped = {item.request_id for item in self.progress() if item.is_stopped}
        for request_id in stopped:
            for page in self._pages_of(request_id):
                self.taken[request_id] |= {int(str(row['id'])) for row in page.rows}
        self.store.drop_pages()

    def _pages_of(self, request_id: str) -> Iterator[Page]:
        for item in list(self.store.pages._items):
            if isinstance(item, Page) and item.request_id == request_id:
                yield item

    def is_over(self) -> bool:
        return all(item.is_settled for item in self.progress())

    def go_on(self) -> None:
        """Let every stage do what is left, until the update is over."""
        for step in itertools.count():
            assert step < ENOUGH_STEPS, f'the update comes to no end: {self.progress()}'
            for flight in list(self.flights):
                self.settle(flight, len(flight.batch.objects), frozenset())
            moved = [self.read(5), self.convert(), self.claim()]
            if not any(moved) and self.is_over():
                return

    def end(self) -> None:
        """Remove what an update leaves, once it is over."""
        assert self.update is not None
        update_id, self.update = self.update.id, None
        found = self.store.progress(update_id)
        has_asked_all = all(
            item.reading is Reading.COMPLETE and not item.is_stopped for item in found
        )
        self.app_state.jobs = {}
        self.taken = {}
        for flight in self.flights:
            flight.is_given_up = True
        self.store.ended_updates.remove(update_id, has_asked_all=has_asked_all, at=NOON)

    def run_undisturbed(self, mode: Mode) -> int:
        """Run a whole update in which nothing happens; return how many requests it took."""
        self.begin(mode)
        for step in itertools.count():
            assert step < ENOUGH_STEPS
            moved = [self.read(3), self.convert(), self.claim()]
            for flight in list(self.flights):
                self.settle(flight, len(flight.batch.objects), frozenset())
            if not any(moved) and self.is_over():
                break
        requests = sum(
            0 if (counts := self.store.counts(item)) is None else counts.requests
            for item in self.taken
        )
        self.end()
        return requests
