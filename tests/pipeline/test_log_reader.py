"""Queries: few at once, few attempts, and waits that a stop interrupts."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sentinel_app.clock import SystemClock
from sentinel_app.core.clock import Stop
from sentinel_app.core.retry import QUERY_POLICY, QUICK_QUERY_POLICY
from sentinel_app.errors import (
    Cancelled,
    LogsDeniedError,
    LogsRefusedError,
    LogsServerError,
    LogsTableError,
    LogsThrottledError,
    LogsTooLargeError,
    LogsUnauthorizedError,
    SentinelAppError,
    TokenError,
    TokenRefusedError,
)
from sentinel_app.pipeline.log_reader import MOST_QUERIES, LogReader, QueryPermits
from tests.harness.clocks import StandingClock
from tests.harness.fakes.logs import ListedLogs
from tests.harness.waiting import PATIENCE_S, until

ROWS = [['a', 1], ['b', 2]]
KQL = 'ThreatIntelIndicators | where Id == "secret.example"'
COLUMNS = ('Id', 'Count')


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def logs() -> ListedLogs:
    return ListedLogs([ROWS])


@pytest.fixture
def reader(logs: ListedLogs, clock: StandingClock) -> LogReader:
    return LogReader(logs, clock)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_rows_are_returned_as_they_come(
    reader: LogReader, logs: ListedLogs, stop: threading.Event
) -> None:
    found = reader.read(KQL, COLUMNS, stop=stop)
    assert (found.columns, found.rows) == (COLUMNS, ROWS)
    assert logs.queries == [(KQL, COLUMNS)]


@pytest.mark.parametrize(
    'error', [LogsServerError('No.'), TokenError('No.')], ids=lambda error: error.code
)
def test_failure_that_may_pass_is_tried_again_a_few_times(
    reader: LogReader, logs: ListedLogs, stop: threading.Event, error: SentinelAppError
) -> None:
    logs.answers = [error] * (QUERY_POLICY.attempts - 1) + [ROWS]
    assert reader.read(KQL, COLUMNS, stop=stop).rows == ROWS
    logs.queries.clear()
    logs.answers = [error]
    with pytest.raises(type(error)):
        reader.read(KQL, COLUMNS, stop=stop)
    assert len(logs.queries) == QUERY_POLICY.attempts


@pytest.mark.parametrize(
    'error',
    [
        LogsTooLargeError('No.'),
        LogsTableError('No.'),
        LogsDeniedError('No.'),
        LogsRefusedError('No.'),
        TokenRefusedError('No.'),
    ],
    ids=lambda error: error.code,
)
def test_query_that_would_fail_again_is_not_repeated(
    reader: LogReader,
    logs: ListedLogs,
    clock: StandingClock,
    stop: threading.Event,
    error: SentinelAppError,
) -> None:
    logs.answers = [error, ROWS]
    with pytest.raises(type(error)):
        reader.read(KQL, COLUMNS, stop=stop)
    assert len(logs.queries) == 1
    assert clock.passed_s == 0


def test_429_is_waited_for_as_long_as_it_says(
    reader: LogReader, logs: ListedLogs, clock: StandingClock, stop: threading.Event
) -> None:
    logs.answers = [LogsThrottledError('Less.', retry_after_s=17.0), ROWS]
    assert reader.read(KQL, COLUMNS, stop=stop).rows == ROWS
    assert 17 < clock.passed_s < 20
    logs.queries.clear()
    logs.answers = [LogsThrottledError('Less.', retry_after_s=17.0)]
    with pytest.raises(LogsThrottledError):
        reader.read(KQL, COLUMNS, stop=stop)
    assert len(logs.queries) == QUERY_POLICY.retry_after_attempts


def test_refused_token_is_replaced_once(
    reader: LogReader, logs: ListedLogs, clock: StandingClock, stop: threading.Event
) -> None:
    logs.answers = [LogsUnauthorizedError('No.'), ROWS]
    assert reader.read(KQL, COLUMNS, stop=stop).rows == ROWS
    assert (logs.forgotten, clock.passed_s) == (1, 0)
    logs.queries.clear()
    logs.answers = [LogsUnauthorizedError('No.')]
    with pytest.raises(LogsUnauthorizedError):
        reader.read(KQL, COLUMNS, stop=stop)
    assert len(logs.queries) == 2


def test_next_query_after_a_denial_has_a_new_token_with_what_was_granted_meanwhile(
    reader: LogReader, logs: ListedLogs, stop: threading.Event
) -> None:
    logs.answers = [LogsDeniedError('No.'), ROWS]
    with pytest.raises(LogsDeniedError):
        reader.read(KQL, COLUMNS, stop=stop)
    assert logs.forgotten == 1


@pytest.mark.parametrize('error', [LogsServerError('No.'), LogsThrottledError('Less.')])
def test_query_that_a_person_waits_for_is_not_repeated(
    logs: ListedLogs, clock: StandingClock, stop: threading.Event, error: SentinelAppError
) -> None:
    logs.answers = [error, ROWS]
    quick = LogReader(logs, clock, policy=QUICK_QUERY_POLICY)
    with pytest.raises(type(error)):
        quick.read(KQL, COLUMNS, stop=stop)
    assert clock.passed_s == 0
    logs.answers = [LogsUnauthorizedError('No.'), ROWS]
    assert quick.read(KQL, COLUMNS, stop=stop).rows == ROWS


def test_stop_ends_the_wait_for_another_attempt(
    reader: LogReader, logs: ListedLogs, stop: threading.Event
) -> None:
    logs.answers = [LogsServerError('No.'), ROWS]
    logs.before = stop.set
    with pytest.raises(Cancelled):
        reader.read(KQL, COLUMNS, stop=stop)
    assert len(logs.queries) == 1


def test_nothing_is_asked_after_a_stop(
    reader: LogReader, logs: ListedLogs, stop: threading.Event
) -> None:
    stop.set()
    with pytest.raises(Cancelled):
        reader.read(KQL, COLUMNS, stop=stop)
    assert logs.queries == []


def test_log_has_neither_the_query_nor_its_rows(
    reader: LogReader,
    logs: ListedLogs,
    stop: threading.Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    logs.answers = [LogsServerError('No.', reason='near "secret.example"'), [['row.example', 1]]]
    with caplog.at_level(logging.DEBUG, 'sentinel_app'):
        reader.read(KQL, COLUMNS, stop=stop)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split()[0] for line in lines] == ['event=query-retried', 'event=query-answered']
    assert all(f'length={len(KQL)}' in line for line in lines)
    assert 'code=AZ-QUERY-5XX' in lines[0]
    assert 'rows=1' in lines[1]
    assert '.example' not in ''.join(lines)


def test_few_queries_run_at_once_for_all_readers(stop: threading.Event) -> None:
    permits, clock = QueryPermits(SystemClock()), SystemClock()
    together = threading.Barrier(MOST_QUERIES, timeout=PATIENCE_S)
    lock = threading.Lock()
    running, most = 0, 0

    def run() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        # Nobody leaves before both have been counted.
        together.wait()

    readers = [LogReader(ListedLogs([ROWS], run), clock, permits=permits) for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda number: readers[number % 2].read(KQL, COLUMNS, stop=stop), range(4))
        )
    assert [each.rows for each in found] == [ROWS] * 4
    assert most == MOST_QUERIES


def test_permits_are_given_in_the_order_of_the_requests(stop: threading.Event) -> None:
    permits = QueryPermits(SystemClock(), limit=1)
    order: list[int] = []

    def hold(number: int) -> None:
        with permits.hold(stop):
            order.append(number)

    threads = []
    with permits.hold(stop):
        for number in range(3):
            threads.append(threading.Thread(target=hold, args=(number,)))
            threads[-1].start()
            until(lambda: len(permits._requests) == len(threads) + 1)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == [0, 1, 2]


def test_stop_ends_the_wait_for_a_permit_and_leaves_none_taken(
    clock: StandingClock, stop: threading.Event
) -> None:
    permits = QueryPermits(clock, limit=1)
    stopped = threading.Event()
    stopped.set()
    with permits.hold(stop), pytest.raises(Cancelled), permits.hold(stopped):
        raise AssertionError('there was no permit left')
    with permits.hold(stop):
        pass
    assert permits._requests == []


def test_waiting_for_another_attempt_takes_no_permit(
    logs: ListedLogs, stop: threading.Event
) -> None:
    held: list[int] = []

    class Watched(StandingClock):
        def wait(self, stop: Stop, seconds: float) -> bool:
            held.append(len(permits._requests))
            return super().wait(stop, seconds)

    clock = Watched()
    permits = QueryPermits(clock)
    logs.answers = [LogsServerError('No.'), ROWS]
    LogReader(logs, clock, permits=permits).read(KQL, COLUMNS, stop=stop)
    assert held == [0]
