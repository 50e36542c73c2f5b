"""Reading while the data change: whatever matches from the first page to the last one is read.

`CHURN=1000` makes so many runs.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus, Mode
from sentinel_app.core.query import Query
from tests.harness.clocks import StandingClock
from tests.harness.fakes.sentinel import TableSink
from tests.harness.fakes.threatconnect import StoreSource, TimedStore
from tests.harness.soak import amount
from tests.simulators.threatconnect.store import DEFAULT_OWNERS, FIRST_ID
from tests.updates.history.folder import quick_folder
from tests.updates.history.rig import Rig

pytestmark = pytest.mark.integration

COUNT = amount('CHURN', daily=8, soak=1000)
SHARES = 4
ROWS = 300
OWNERS = tuple(owner.name for owner in DEFAULT_OWNERS)
QUERY = Query(id='q1', owners=OWNERS, indicator_types=(IndicatorType.HOST,), tql='confidence >= 0')
ENDLESS = 'without end'
LONG_AGO = '2026-03-01T00:00:00Z'


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What one run is about, decided by its seed."""

    rows: int
    page: int
    skew_s: float
    is_unsorted: bool
    ties: int
    mode: Mode


def terms(chance: random.Random) -> Terms:
    is_unsorted = chance.random() < 0.3
    return Terms(
        rows=chance.choice((ROWS // 4, ROWS)),
        page=chance.choice((40, 90) if is_unsorted else (7, 40, 90)),
        skew_s=chance.choice((0.0, -240.0, 240.0, 17.5)),
        is_unsorted=is_unsorted,
        # In a random order, thousands in one second could only be had by chance.
        ties=chance.choice((0, 1, 2)) if not is_unsorted else 0,
        mode=chance.choice(tuple(Mode)),
    )


class Churn:
    """One world in which rows come, change and go at any call of the source."""

    def __init__(self, folder: Path, chance: random.Random, given: Terms) -> None:
        self.chance = chance
        self.clock = StandingClock()
        self.store = TimedStore(
            self.clock,
            rows=[
                {
                    'type': 'Host',
                    'ownerName': OWNERS[number % 3],
                    'hostName': f'h{number}.example.com',
                    'confidence': number % 101,
                    'dateAdded': LONG_AGO,
                    # The sort of row that a second is full of, or that is alone in its own.
                    'lastModified': LONG_AGO
                    if given.ties > 1
                    else f'2026-03-0{1 + number % 3}T{number % 24:02}:{number % 60:02}:00Z',
                    # With room in between, so that rows also come behind the reading.
                    'id': FIRST_ID + 5 * number,
                }
                for number in range(given.rows)
            ],
        )
        self.store.clock_offset_s = given.skew_s
        self.source = StoreSource(self.store, page_cap=given.page, before=self._change)
        if given.is_unsorted:
            self.source.order = random.Random(chance.getrandbits(32))
        self.sink = TableSink(self.clock)
        self.given = given
        self.is_changing = False
        self.whole: set[int] = set()
        """Rows that match, and have not ceased to."""
        self.untouched: set[int] = set()
        """Those of them that were not modified either."""
        self.rig = Rig(
            folder,
            clock=self.clock,
            source=self.source,
            sink=self.sink,
            chance=chance,
            busyness=0.01,
            batch_size=100,
        )
        self.rig.app_state.save_queries(
            [QUERY],
            expected_version=0,
            next_mode=None,
            audit=AuditEntry(at=self.clock.now(), user=None, action='configure', detail=''),
        )

    def _change(self, name: str) -> None:
        if not self.is_changing:
            return
        self.clock.advance(self.chance.choice((0.0, 0.2, 1.5)))
        if self.chance.random() < 0.4:
            return
        changed = self.store.churn(
            add=self.chance.randrange(4),
            modify=self.chance.randrange(4),
            deactivate=self.chance.randrange(3),
            delete=self.chance.randrange(3),
            seed=self.chance.getrandbits(32),
        )
        if self.given.ties and self.chance.random() < 0.05:
            self.store.tie()
            self.untouched.clear()
        self.whole -= {*changed['deactivate'], *changed['delete']}
        self.untouched -= {*changed['modify'], *changed['deactivate'], *changed['delete']}

    def update(self, mode: Mode, *, is_changing: bool) -> int:
        """Make an update and give how many rows it missed."""
        self.clock.advance(2)
        self.is_changing = is_changing
        active = {row['id'] for row in self.store.rows() if row['active']}
        # Rows may be modified in the second in which the window ends.
        self.whole, self.untouched = set(active), set(active)
        update = self.rig.queue.request_update(mode=mode)
        self.rig.run()
        self.is_changing = False
        for job in self.rig.app_state.jobs_of(update.id):
            if is_changing and self.given.ties and ENDLESS in (job.failure_reason or ''):
                # All rows moved to another second again and again; the next update has to read it.
                return 0
            assert job.status is JobStatus.UPLOAD_COMPLETE, job.failure_reason
        # What was modified meanwhile belongs to the next window, where there is one.
        promised = self.untouched if mode is Mode.DELTA else self.whole
        live = self.sink.live()
        return sum(
            f"[domain-name:value = '{row['hostName']}']" not in live
            for row in self.store.rows()
            if row['id'] in promised
        )


@pytest.mark.timeout(max(120, COUNT * 10))
@pytest.mark.parametrize('share', range(SHARES))
def test_indicators_that_match_throughout_are_all_read(
    share: int, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, changes = 0, 0
    for seed in range(share, COUNT, SHARES):
        chance = random.Random(seed)
        given = terms(chance)
        with quick_folder() as folder:
            churn = Churn(folder, chance, given)
            first = Mode.FULL if given.mode is Mode.DELTA else given.mode
            before = churn.store.version
            missed = [churn.update(first, is_changing=True)]
            missed += [churn.update(given.mode, is_changing=True) for _ in range(2)]
            missed += [churn.update(Mode.DELTA, is_changing=False)]
            changes += churn.store.version - before
            churn.rig.close()
        assert missed == [0, 0, 0, 0], f'CHURN run {seed}, {given}'
        assert churn.sink.anomalies() == []
        runs += len(missed)
    with capsys.disabled():
        if COUNT > 100:
            print(f'{runs} readings, {changes} changes during them, no row missed')  # noqa: T201
    assert changes > runs


def test_rows_with_thousands_of_equal_timestamps_are_all_read(tmp_path: Path) -> None:
    given = Terms(rows=4_000, page=500, skew_s=240.0, is_unsorted=False, ties=2, mode=Mode.DELTA)
    churn = Churn(tmp_path, random.Random(1), given)
    assert churn.update(Mode.FULL, is_changing=True) == 0
    churn.store.tie()
    assert churn.update(Mode.DELTA, is_changing=False) == 0
    (job,) = churn.rig.app_state.jobs_of(churn.rig.app_state.jobs()[0][0].update_id)
    assert job.counts.read >= 3_000
    churn.rig.close()


def test_clocks_may_differ_by_minutes(tmp_path: Path) -> None:
    """What is modified by ThreatConnect's own time is found, however ours runs."""
    for skew_s in (-290.0, 290.0):
        folder = tmp_path / str(skew_s)
        folder.mkdir()
        given = Terms(rows=50, page=40, skew_s=skew_s, is_unsorted=False, ties=0, mode=Mode.DELTA)
        churn = Churn(folder, random.Random(2), given)
        churn.update(Mode.FULL, is_changing=False)
        churn.clock.advance(dt.timedelta(hours=1).total_seconds())
        row = churn.store.rows()[0]
        churn.store.modify(row['id'], confidence=77)
        churn.update(Mode.DELTA, is_changing=False)
        live = churn.sink.live()[f"[domain-name:value = '{row['hostName']}']"]
        assert live['confidence'] == 77
        churn.rig.close()
