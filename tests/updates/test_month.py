"""A month in simulated time: hourly deltas as the schedule makes them, daily edits, weekly
reconciles, and the Cleaner at night. `make test` runs its first twelve days."""

from __future__ import annotations

import datetime as dt
import gc
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus, Mode, Outcome
from sentinel_app.core.query import Query, WithdrawPolicy
from sentinel_app.storage.maintenance.upkeep import DiskUpkeep
from sentinel_app.storage.matches import Matches
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.tasks.cleaner import Cleaner
from tests.harness.clocks import StandingClock
from tests.harness.expectation import patterns
from tests.harness.fakes.sentinel import TableSink
from tests.harness.fakes.threatconnect import StoreSource, TimedStore
from tests.harness.open_files import open_files
from tests.harness.soak import amount
from tests.simulators.threatconnect.store import DEFAULT_OWNERS
from tests.updates.history.folder import quick_folder
from tests.updates.history.model import Model
from tests.updates.history.rig import SETTINGS, Rig

pytestmark = pytest.mark.integration

DAYS = amount('DAYS', daily=12, soak=31)
HOURS = DAYS * 24
FIRST_ROWS = 240
TTL_HOURS = 720
RETENTION = dt.timedelta(days=7)
OWNERS = tuple(owner.name for owner in DEFAULT_OWNERS)
QUERIES = (
    Query(
        id='high', owners=OWNERS[:2], indicator_types=(IndicatorType.HOST,), tql='confidence > 50'
    ),
    Query(id='low', owners=OWNERS, indicator_types=(IndicatorType.HOST,), tql=''),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What the App takes up."""

    database_bytes: int
    documents_bytes: int
    jobs: int
    work_rows: int
    threads: int
    files: int
    objects: int


class Month:
    """The world, its clock, and what people do each day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chance = random.Random(7)
        self.clock = StandingClock()
        self.store = TimedStore(self.clock)
        self.source = StoreSource(self.store)
        self.sink = TableSink(self.clock)
        self.modes: Counter[Mode] = Counter()
        self.changed = 0
        """Edits of a row that matches, each of which is worth one object."""
        for _ in range(FIRST_ROWS):
            self._add()
        self.changed = 0
        # What other tests of this process left is theirs: it may end at any time.
        self.threads_before, self.files_before = set(threading.enumerate()), open_files()
        self.rig = Rig(
            folder,
            clock=self.clock,
            source=self.source,
            sink=self.sink,
            chance=self.chance,
            settings=replace(
                SETTINGS,
                schedule_interval_hours=1,
                reconcile_interval_hours=168,
                ttl_hours=dict.fromkeys(IndicatorType, TTL_HOURS),
            ),
            busyness=0.0,
            batch_size=100,
        )
        self.rig.app_state.save_queries(
            QUERIES,
            expected_version=0,
            next_mode=None,
            audit=AuditEntry(at=self.clock.now(), user=None, action='configure', detail=''),
        )
        self.cleaner = Cleaner(
            app_state=self.rig.app_state,
            errors=self.rig.errors,
            metrics=MetricStore(self.rig.db),
            matches=Matches(self.rig.db),
            context=self.rig.stores.context,
            store=self.rig.store,
            upkeep=DiskUpkeep(folder / 'documents.json', self.rig.db),
            clock=self.clock,
            retention=RETENTION,
        )

    def _add(self) -> None:
        owner = self.chance.choice(OWNERS)
        # Few enough names that owners share some of them.
        name = f'h{self.chance.randrange(2_000)}.example.com'
        if self.store.find(owner, 'Host', name) is None:
            row = {'type': 'Host', 'ownerName': owner, 'hostName': name}
            self.store.add({**row, 'confidence': self.chance.randrange(101)})
            self.changed += 1

    def edit(self) -> None:
        """A day's work: some new, some changed, some gone, some back."""
        rows = [row for row in self.store.rows() if row['active']]
        picked = self.chance.sample(rows, 14)
        for row in picked[:8]:
            # It stays on its side of fifty: only a reconcile sees what a higher query lets go.
            low = 51 if row['confidence'] > 50 else 0
            self.store.modify(row['id'], confidence=low + self.chance.randrange(50))
        for row in picked[8:11]:
            self.store.deactivate(row['id'])
        for row in picked[11:]:
            self.store.delete(row['id'])
        self.changed += len(picked)
        for _ in range(7):
            self._add()
        for row in self.store.rows():
            if not row['active'] and self.chance.random() < 0.2:
                self.store.activate(row['id'])
                self.changed += 1

    def hour(self) -> Mode | None:
        """Let an hour go by, and what the schedule makes of it."""
        # Never quite an hour: the schedule must not drift, nor be early.
        self.clock.advance(3600 + self.chance.uniform(0, 20))
        update = self.rig.queue.queue_due()
        if update is not None:
            self.modes[update.mode] += 1
        self.rig.run()
        return update.mode if update else None

    def footprint(self) -> Footprint:
        gc.collect()
        with self.rig.db.read() as connection:
            rows = sum(
                connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0]
                for table in ('progress', 'page_ids', 'taken_up', 'alternate', 'outcome', 'outbox')
            )
        return Footprint(
            database_bytes=sum(path.stat().st_size for path in self.folder.glob('state.db*')),
            documents_bytes=(self.folder / 'documents.json').stat().st_size,
            jobs=self.rig.app_state.jobs()[1],
            work_rows=rows,
            threads=len(set(threading.enumerate()) - self.threads_before),
            files=len(open_files() - self.files_before),
            objects=len(gc.get_objects()),
        )

    def model(self) -> Model:
        return Model(
            store=self.store,
            queries=QUERIES,
            policy=WithdrawPolicy.DELETED,
            ttl=dt.timedelta(hours=TTL_HOURS),
        )


@pytest.fixture
def month() -> Iterator[Month]:
    with quick_folder() as folder:
        made = Month(folder)
        yield made
        made.rig.close()


@pytest.mark.timeout(600)
def test_month_of_updates_leaves_everything_right_and_nothing_behind(
    month: Month, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = threading.Event()
    early: Footprint | None = None
    assert month.hour() is Mode.FULL
    first = month.sink.objects
    idle_sends, idle_calls, lapses = 0, [], []
    for hour in range(1, HOURS):
        if hour % 24 == 6:
            month.edit()
        sends, calls = month.sink.objects, month.source.calls
        mode = month.hour()
        assert mode is not None
        if hour % 24 != 6 and mode is Mode.DELTA:
            idle_sends += month.sink.objects - sends
            idle_calls.append(month.source.calls - calls)
        lapses += wrong(month)
        assert lapses == [], f'hour {hour}'
        if hour % 24 == 23:
            month.cleaner.clean(stop)
        if hour == 10 * 24 + 23:
            early = month.footprint()
    late = month.footprint()
    assert early is not None

    with capsys.disabled():
        print(  # noqa: T201 - the figures are what a reader of the test wants to see
            f'\n{HOURS} hours: {dict(month.modes)}, {month.changed} edits, {month.sink.objects}'
            f' objects in {month.sink.requests} requests, {max(idle_calls)} calls in an idle'
            f' hour; {early} -> {late}'
        )
    weeks = (DAYS - 1) // 7
    # The schedule: one full at first, a reconcile each week, deltas in between.
    assert month.modes == {Mode.FULL: 1, Mode.RECONCILE: weeks, Mode.DELTA: HOURS - 1 - weeks}
    # What did not change is not sent, but for one renewal of what was sent before half the TTL.
    assert idle_sends == 0
    assert month.sink.objects <= first + month.changed + len(month.sink.live())
    assert month.sink.anomalies() == []
    # A quiet hour costs a few questions.
    assert max(idle_calls) <= 18
    # Nothing grows but the ledger, by what people added.
    assert late.work_rows == early.work_rows == 0
    assert late.jobs <= early.jobs + 2 * len(QUERIES)
    assert late.threads == early.threads
    assert late.files <= early.files
    assert late.documents_bytes <= early.documents_bytes * 1.2
    assert late.database_bytes <= early.database_bytes * 1.6
    for job in month.rig.app_state.jobs(limit=10_000)[0]:
        assert job.status is JobStatus.UPLOAD_COMPLETE
        assert job.counts.read == sum(job.counts.outcomes.values())
        assert Outcome.REFUSED not in job.counts.outcomes


def wrong(month: Month) -> list[str]:
    """What is not as it should be: each hour nothing may lapse, linger or be out of date."""
    live, model, now = month.sink.live(), month.model(), month.clock.now()
    found: list[str] = []
    expected = model.expected()
    for pattern, want in expected.items():
        stix = live.get(pattern)
        if stix is None:
            found.append(f'{pattern} has lapsed')
        elif any(model.faults(want, stix, now)):
            found.append(f'{pattern}: {list(model.faults(want, stix, now))}')
    active = {
        pattern for row in month.store.rows() if row['active'] for pattern, _ in patterns(row)
    }
    found += [f'{pattern} lives on' for pattern in live if pattern not in active]
    return found
