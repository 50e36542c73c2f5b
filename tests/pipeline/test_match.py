from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.alert_row import COLUMNS
from sentinel_app.core.clock import Stop
from sentinel_app.core.logs import LogRows
from sentinel_app.core.match import RETRY_AFTER, MatchKind, MatchOutcome
from sentinel_app.core.timestamp import from_text
from sentinel_app.errors import (
    Cancelled,
    LogsDeniedError,
    LogsServerError,
    LogsTableError,
    LogsTooLargeError,
)
from sentinel_app.pipeline import match as match_module
from sentinel_app.pipeline.match import LONGEST_LOOK_BACK, OVERLAP, Match
from sentinel_app.pipeline.match_search import MatchSearch
from sentinel_app.storage.fence import Fence
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.matches import Matches
from tests.harness.builders.match import (
    MINUTE,
    SOURCE,
    alert_row,
    sendable,
    table_id,
    with_addresses,
    with_ids,
)
from tests.harness.builders.update import address, count_rows, make_store, send
from tests.harness.clocks import NOON, StandingClock
from tests.harness.database import open_database
from tests.simulators.log_analytics import ALERTS, SemanticFault
from tests.simulators.log_analytics.engine import Engine

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
PERIOD = re.compile(r'>= datetime\((.*?)\) and TimeGenerated < datetime\((.*?)\)')


class EngineReader:
    """Answers from the KQL engine, or as `fault` says; records the periods of the queries."""

    def __init__(self, clock: StandingClock) -> None:
        self.engine = Engine(clock=lambda: clock.now().timestamp())
        self.periods: list[tuple[dt.datetime, dt.datetime]] = []
        self.fault: Callable[[dt.timedelta], Exception | None] = lambda _length: None
        self.missing: tuple[str, ...] = ()
        self.after_read: Callable[[], None] = lambda: None

    def add(self, *rows: dict[str, Any]) -> None:
        self.engine.load(ALERTS, rows)

    def read(self, kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        found = PERIOD.search(kql)
        assert found
        start, end = map(from_text, found.groups())
        self.periods.append((start, end))
        if (error := self.fault(end - start)) is not None:
            raise error
        try:
            answer = self.engine.run(kql, missing=self.missing)
        except SemanticFault as fault:
            raise LogsTableError('The workspace has no such table.') from fault
        names = [name for name, _ in answer.columns]
        self.after_read()
        return LogRows(
            columns=tuple(columns),
            rows=[[row[names.index(name)] for name in columns] for row in answer.rows],
        )


class Stand:
    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.db = open_database(folder / 'state.db')
        self.store = make_store(self.db)
        self.matches = Matches(self.db)
        self.reader = EngineReader(self.clock)
        self.stop = threading.Event()
        self.match = self.make()

    def make(self, interval: dt.timedelta | None = HOUR, look_back: dt.timedelta = DAY) -> Match:
        return Match(
            reader=self.reader,
            matches=self.matches,
            search=MatchSearch(Holdings(self.db), self.clock),
            source=SOURCE,
            interval=interval,
            look_back=look_back,
            clock=self.clock,
        )

    def step(self) -> bool:
        return self.match.step(self.stop)

    def run(self) -> None:
        """Run as if a person had asked for it."""
        self.match.request()
        assert self.step()

    def found(self) -> dict[int, tuple[int, MatchKind]]:
        """Number of alerts and kind of each matched Indicator."""
        return {
            each.indicator_id: (each.alerts, each.kind) for each in self.matches.page(limit=100)[0]
        }

    def close(self) -> None:
        self.reader.engine.close()
        self.db.close()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.close()


def test_alerts_are_matched_by_id_and_by_value(stand: Stand) -> None:
    send(stand.store, sendable(1), sendable(2), sendable(3))
    stand.reader.add(
        alert_row(1, at=NOON - HOUR, ExtendedProperties=with_ids(table_id(address(1)))),
        alert_row(2, at=NOON - HOUR, Entities=with_addresses('198.51.0.2')),
        alert_row(3, at=NOON - 2 * HOUR, ExtendedProperties='no JSON', Entities='[{'),
        alert_row(4, at=NOON - HOUR),
    )
    assert stand.step()
    assert stand.found() == {1: (1, MatchKind.EXACT), 2: (1, MatchKind.VALUE)}
    run = stand.matches.run()
    assert (run.outcome, run.alerts, run.unreadable, run.added) == (
        MatchOutcome.COMPLETE,
        4,
        1,
        2,
    )
    assert run.until_at == run.completed_at == NOON
    assert stand.match.outcome == 'read 4 alerts and found 2 new matches'


def test_newest_row_of_an_alert_counts(stand: Stand) -> None:
    send(stand.store, sendable(1))
    exact = {'ExtendedProperties': with_ids(table_id(address(1)))}
    stand.reader.add(
        alert_row(1, at=NOON - 3 * HOUR, **exact),
        alert_row(1, at=NOON - HOUR, AlertSeverity='High', **exact),
        alert_row(1, at=NOON - 2 * HOUR, AlertSeverity='Low', **exact),
    )
    stand.run()
    ((one,), _) = stand.matches.page()
    assert (one.alerts, one.severity) == (1, 'high')
    assert stand.match.outcome == 'read 1 alert and found 1 new match'
    stand.reader.add(
        alert_row(1, at=NOON - MINUTE, AlertSeverity='Informational', DisplayName='New', **exact)
    )
    stand.run()
    ((one,), _) = stand.matches.page()
    assert (one.alerts, one.severity, one.names) == (1, 'informational', ('New',))
    assert stand.matches.run().added == 0


def test_run_begins_when_it_is_due(stand: Stand) -> None:
    assert stand.step()
    assert not stand.step()
    stand.clock.advance(3_599)
    assert not stand.step()
    stand.clock.advance(1)
    assert stand.step()
    assert len(stand.reader.periods) == 2


def test_person_may_run_it_at_any_time_and_once(stand: Stand) -> None:
    assert stand.step()
    stand.match.request()
    assert stand.step()
    assert not stand.step()


def test_interval_of_zero_means_never_unless_a_person_asks(stand: Stand) -> None:
    match = stand.make(interval=None)
    assert not match.step(stand.stop)
    assert stand.reader.periods == []
    match.request()
    assert match.step(stand.stop)


def test_next_run_reads_an_hour_again(stand: Stand) -> None:
    send(stand.store, sendable(1))
    stand.run()
    stand.clock.advance(3 * 3_600)
    late = alert_row(1, at=NOON - 30 * MINUTE, ExtendedProperties=with_ids(table_id(address(1))))
    stand.reader.add(late)
    stand.run()
    assert stand.reader.periods[-1] == (NOON - OVERLAP, NOON + 3 * HOUR)
    assert stand.found() == {1: (1, MatchKind.EXACT)}


@pytest.mark.parametrize(
    ('look_back', 'expected'),
    [(7 * DAY, 7 * DAY), (365 * DAY, LONGEST_LOOK_BACK)],
    ids=['as long as matches are kept', 'at most a month'],
)
def test_first_run_looks_back(
    stand: Stand, look_back: dt.timedelta, expected: dt.timedelta
) -> None:
    assert stand.make(look_back=look_back).step(stand.stop)
    assert stand.reader.periods == [(NOON - expected, NOON)]


def test_run_after_a_long_break_looks_back_as_the_first_one_does(stand: Stand) -> None:
    stand.run()
    stand.clock.advance(90 * 24 * 3_600)
    stand.run()
    assert stand.reader.periods[1] == (NOON + 89 * DAY, NOON + 90 * DAY)


def test_time_of_a_clock_that_was_wrong_leaves_nothing_out(stand: Stand) -> None:
    stand.clock.advance(90 * 24 * 3_600)
    stand.run()
    stand.clock.passed_s = 0.0
    assert stand.step()
    assert stand.reader.periods[-1] == (NOON - DAY, NOON)
    assert stand.matches.run().until_at == NOON


def test_period_that_is_too_large_is_halved_until_it_is_answered(stand: Stand) -> None:
    send(stand.store, *map(sendable, range(1, 25)))
    stand.reader.add(
        *(
            alert_row(
                each,
                at=NOON - each * HOUR,
                ExtendedProperties=with_ids(table_id(address(each))),
            )
            for each in range(1, 25)
        )
    )
    stand.reader.fault = lambda length: (
        LogsTooLargeError('Too large.') if length > 4 * HOUR else None
    )
    stand.run()
    assert len(stand.found()) == 24
    lengths = [(end - start) / HOUR for start, end in stand.reader.periods]
    assert lengths == [24, 12, 6, 3, 3, 3, 3, 6, 3, 3, 3, 3]
    assert stand.matches.run().added == 24
    assert stand.matches.run().until_at == NOON


def test_period_that_cannot_be_halved_further_fails_the_run(stand: Stand) -> None:
    stand.reader.fault = lambda _length: LogsTooLargeError('Too large.')
    assert stand.step()
    assert stand.reader.periods[-1][1] - stand.reader.periods[-1][0] == dt.timedelta(seconds=1)
    assert stand.matches.run().code == 'AZ-QUERY-SIZE'


def test_full_answer_is_followed_by_the_rest(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match_module, 'MOST_ALERTS', 3)
    send(stand.store, *map(sendable, range(1, 11)))
    stand.reader.add(
        *(
            alert_row(
                each,
                at=NOON - each * MINUTE,
                ExtendedProperties=with_ids(table_id(address(each))),
            )
            for each in range(1, 11)
        )
    )
    stand.run()
    assert set(stand.found()) == set(range(1, 11))
    assert stand.matches.run().added == 10


def test_more_alerts_of_one_moment_than_an_answer_holds_do_not_hold_up_the_rest(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_module, 'MOST_ALERTS', 2)
    send(stand.store, *map(sendable, range(1, 6)))
    at = NOON - HOUR
    rows = [
        alert_row(each, at=at, ExtendedProperties=with_ids(table_id(address(each))))
        for each in range(1, 5)
    ]
    later = alert_row(5, at=NOON - MINUTE, ExtendedProperties=with_ids(table_id(address(5))))
    stand.reader.add(*rows, later)
    stand.run()
    assert set(stand.found()) == {1, 2, 5}
    assert stand.matches.run().until_at == NOON


def test_full_answer_without_an_alert_is_unreadable_and_ends(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(match_module, 'MOST_ALERTS', 1)
    stand.reader.add(alert_row(1, at=NOON - HOUR, SystemAlertId=''))
    stand.run()
    run = stand.matches.run()
    assert (run.outcome, run.alerts, run.unreadable) == (MatchOutcome.COMPLETE, 1, 1)


def test_missing_table_is_no_failure(stand: Stand) -> None:
    stand.reader.missing = (ALERTS,)
    assert stand.step()
    run = stand.matches.run()
    assert (run.outcome, run.code, run.completed_at) == (MatchOutcome.NO_TABLE, None, NOON)
    assert stand.match.outcome == 'the workspace has no table of alerts yet'
    stand.clock.advance(RETRY_AFTER.total_seconds())
    assert not stand.step()
    send(stand.store, sendable(1))
    stand.reader.missing = ()
    stand.reader.add(alert_row(1, at=NOON, ExtendedProperties=with_ids(table_id(address(1)))))
    stand.run()
    assert set(stand.found()) == {1}


def test_no_alert_at_all_is_said_until_one_was_seen(stand: Stand) -> None:
    stand.run()
    assert stand.match.outcome == (
        'saw no alert: there is none, or the application may not see them'
    )
    assert stand.matches.run().seen_at is None
    stand.reader.add(alert_row(1, at=NOON - MINUTE))
    stand.run()
    stand.clock.advance(2 * 24 * 3_600)
    stand.run()
    assert stand.match.outcome == 'read 0 alerts and found 0 new matches'
    assert stand.matches.run().seen_at == NOON


@pytest.mark.parametrize(
    ('error', 'code'),
    [
        (LogsDeniedError('The application may not query.'), 'AZ-QUERY-403'),
        (LogsServerError('Log Analytics did not answer.'), 'AZ-QUERY-5XX'),
    ],
)
def test_failed_run_is_stored_and_repeated_after_a_while(
    stand: Stand, error: Exception, code: str
) -> None:
    stand.reader.fault = lambda _length: error
    assert stand.step()
    assert stand.match.outcome == f'failed: {str(error).rstrip(".")}'
    run = stand.matches.run()
    assert (run.outcome, run.code, run.completed_at) == (MatchOutcome.FAILED, code, None)
    stand.reader.fault = lambda _length: None
    assert not stand.step()
    stand.clock.advance(RETRY_AFTER.total_seconds())
    assert stand.step()
    assert stand.matches.run().code is None


def test_failure_in_the_middle_keeps_what_was_read_before(stand: Stand) -> None:
    send(stand.store, sendable(1), sendable(2))
    stand.match = stand.make(look_back=4 * DAY)
    stand.reader.add(
        alert_row(1, at=NOON - 3 * DAY, ExtendedProperties=with_ids(table_id(address(1)))),
        alert_row(2, at=NOON - HOUR, ExtendedProperties=with_ids(table_id(address(2)))),
    )

    def fail_at_last(length: dt.timedelta) -> Exception | None:
        if length > 2 * DAY:
            return LogsTooLargeError('Too large.')
        return LogsServerError('Out of order.') if len(stand.reader.periods) == 3 else None

    stand.reader.fault = fail_at_last
    assert stand.step()
    assert set(stand.found()) == {1}
    assert stand.matches.run().until_at == NOON - 2 * DAY
    stand.reader.fault = lambda _length: None
    stand.run()
    assert set(stand.found()) == {1, 2}
    assert stand.reader.periods[3] == (NOON - 2 * DAY - OVERLAP, NOON)


def test_interrupted_run_goes_on_from_there(stand: Stand) -> None:
    stand.reader.fault = lambda length: (
        LogsTooLargeError('Too large.') if length > 12 * HOUR else None
    )
    stand.reader.after_read = stand.stop.set
    with pytest.raises(Cancelled):
        stand.step()
    assert len(stand.reader.periods) == 2
    run = stand.matches.run()
    assert run.is_cut_off
    assert run.until_at == NOON - 12 * HOUR
    stand.stop.clear()
    stand.reader.after_read = lambda: None
    stand.clock.advance(RETRY_AFTER.total_seconds())
    assert stand.step()
    assert stand.reader.periods[2][0] == NOON - 12 * HOUR - OVERLAP
    assert not stand.matches.run().is_cut_off


def test_killed_run_stores_nothing_more(stand: Stand) -> None:
    send(stand.store, sendable(1))
    stand.reader.add(
        alert_row(1, at=NOON - HOUR, ExtendedProperties=with_ids(table_id(address(1))))
    )
    killed = threading.Event()

    class Step:
        def writing(self) -> Any:
            if killed.is_set():
                raise Cancelled('killed')
            return threading.Lock()

    stand.reader.after_read = killed.set
    fence: Fence = stand.db.fence
    with pytest.raises(Cancelled), fence.around(Step()):
        stand.step()
    assert count_rows(stand.db, 'match', 'alert') == [0, 0]
    assert stand.matches.run().until_at is None


def test_what_is_asked_for_has_the_columns_that_are_read(stand: Stand) -> None:
    stand.reader.add(alert_row(1, at=NOON - HOUR))
    stand.run()
    kql = match_module.alerts_query(NOON - DAY, NOON, most=5)
    assert tuple(name for name, _ in stand.reader.engine.run(kql).columns) == COLUMNS
