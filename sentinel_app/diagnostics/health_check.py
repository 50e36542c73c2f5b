"""Checks of what the App depends on, one after the other, with a remedy for each failure."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.indicator import IndicatorType, Owner
from sentinel_app.core.job_state import BY_TIME_WARNING
from sentinel_app.core.logs import LogRows
from sentinel_app.core.question import Question, selection_question
from sentinel_app.core.sink import Sink
from sentinel_app.core.source import Source
from sentinel_app.core.verification_query import READ_BACK
from sentinel_app.diagnostics.check_result import (
    DISK_REMEDY,
    Attempts,
    CheckName,
    CheckResult,
    CheckStatus,
    Failure,
    Skip,
)
from sentinel_app.diagnostics.deadline import Deadline
from sentinel_app.errors import (
    BatchRefusedError,
    Cancelled,
    ConflictError,
    LogsTableError,
    ReadAuthError,
    ReadOrderError,
    SentinelAppError,
    ThrottledError,
)
from sentinel_app.log import EventLog
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.storage.app_state.store import AppState

GREATEST_DIFFERENCE_S = 60.0
"""Maximum difference of the clocks. ThreatConnect refuses signatures from five minutes on, and a
clock that is off by a minute is not synchronized and will get there."""

TURN_WITHIN_S = 10.0
OTHER_CHECK_WITHIN_S = 30.0
PROBED_OWNERS = 50
FIRST_ROWS = 2
SECOND_ROWS = 10

_CLOCK_REMEDY = 'Synchronize both clocks by NTP, at least the one of the App server.'
_UNREACHABLE = 'Skipped: ThreatConnect unreachable.'
_NOT_SIGNED_IN = 'Skipped: not signed in to ThreatConnect.'
_TOKENLESS = 'Skipped: no access token.'

_log = EventLog(__name__)


class CheckedSource(Source, Protocol):
    """Port to ThreatConnect for the checks."""

    def server_time(self) -> dt.datetime | None:
        """Return the server's own time; None if the response has none."""
        ...


class Disk(Protocol):
    """Port to the data folder."""

    def probe(self) -> int:
        """Write and remove a small file; return the free bytes.

        Raises:
            StorageError: the file could not be written.
        """
        ...


class WorkspaceTables(Protocol):
    """Port to the tables of the workspace."""

    def read(self, kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        """Run a query and return its rows.

        Raises:
            Cancelled: `stop` was set while the query waited for others.
            SentinelAppError: it failed.
        """
        ...


class Checks:
    """Runs the checks; one run at a time.

    Args:
        source: ThreatConnect, with time-outs for interactive use.
        new_sink: creates a client of Sentinel without a token, so that one is requested.
        limiter: the rate limiter of uploads, which applies to the check as well.
        tables: the tables of the workspace, with time-outs for interactive use.
        reads_back: whether they are read by schedule; if not, they are not checked.
        has_sent: returns whether anything is in Sentinel, according to the ledger.
        app_state: the store of the saved queries.
        disk: the data folder.
        disk_warnings: returns the warnings about the stores.
        on_owners: called with the owners that the API user can read.
        on_results: called with the results of each run.
        clock: the clock for durations.
    """

    def __init__(
        self,
        *,
        source: CheckedSource,
        new_sink: Callable[[], Sink],
        limiter: RateLimiter,
        tables: WorkspaceTables,
        reads_back: bool,
        has_sent: Callable[[], bool],
        app_state: AppState,
        disk: Disk,
        disk_warnings: Callable[[], tuple[str, ...]],
        on_owners: Callable[[tuple[Owner, ...]], None],
        on_results: Callable[[tuple[CheckResult, ...]], None],
        clock: Clock,
    ) -> None:
        self._source = source
        self._new_sink = new_sink
        self._limiter = limiter
        self._tables = tables
        self._reads_back = reads_back
        self._has_sent = has_sent
        self._app_state = app_state
        self._disk = disk
        self._disk_warnings = disk_warnings
        self._on_owners = on_owners
        self._on_results = on_results
        self._clock = clock
        self._attempts = Attempts(clock)
        self._running = threading.Lock()

    def run(self, stop: Stop) -> tuple[CheckResult, ...]:
        """Run all checks, and log their results.

        Args:
            stop: interrupts the run before the next check.

        Raises:
            ConflictError: another run does not end in time.
        """
        if not self._running.acquire(timeout=OTHER_CHECK_WITHIN_S):
            raise ConflictError(
                'A check is already running. Wait until it has finished; the log has its results.'
            )
        results: list[CheckResult] = []
        try:
            for result in self._results():
                _write(result)
                results.append(result)
                if stop.is_set():
                    break
            return tuple(results)
        finally:
            self._on_results(tuple(results))
            self._running.release()

    def _results(self) -> Iterator[CheckResult]:
        owners: tuple[Owner, ...] | None = None
        is_down = False
        began = self._attempts.begin()
        try:
            owners = self._source.owners()
        except ReadAuthError as error:
            yield self._attempts.passed(CheckName.THREATCONNECT, began, 'Reachable.')
            yield self._attempts.failed(CheckName.SIGN_IN, began, error)
        except SentinelAppError as error:
            is_down = True
            yield self._attempts.failed(CheckName.THREATCONNECT, began, error)
            yield self._attempts.skipped(CheckName.SIGN_IN, _UNREACHABLE)
        else:
            yield self._attempts.passed(CheckName.THREATCONNECT, began, 'Reachable.')
            yield self._attempts.passed(CheckName.SIGN_IN, began, 'The API user can sign in.')
        if owners is None:
            for name in (CheckName.OWNERS, CheckName.PAGING, CheckName.CLOCK):
                yield self._attempts.skipped(name, _UNREACHABLE if is_down else _NOT_SIGNED_IN)
        else:
            found = owners
            self._on_owners(found)
            yield self._attempts.tried(CheckName.OWNERS, lambda: self._owners(found))
            yield self._attempts.tried(CheckName.PAGING, lambda: self._paging(found))
            yield self._attempts.tried(CheckName.CLOCK, self._clocks)
        sink = self._new_sink()
        token = self._attempts.tried(CheckName.TOKEN, lambda: _token(sink))
        yield token
        if token.status is CheckStatus.OK:
            yield self._attempts.tried(CheckName.WORKSPACE, lambda: self._workspace(sink))
        else:
            yield self._attempts.skipped(CheckName.WORKSPACE, _TOKENLESS)
        yield self._read_back(token)
        yield self._attempts.tried(CheckName.DISK, self._room)

    def _owners(self, owners: tuple[Owner, ...]) -> str:
        readable = {owner.name for owner in owners}
        if not readable:
            raise Failure(
                'The API user cannot read the Indicators of any owner.',
                'Give the API user a role that can read Indicators in these owners.',
            )
        wanted = {owner for query in self._app_state.query_list().enabled for owner in query.owners}
        missing = sorted(wanted - readable)
        if missing:
            raise Failure(
                f'The API user cannot read the Indicators of {", ".join(missing)}.',
                'Give the API user a role there, or remove the owner from its query in CONFIGURE.',
            )
        words = f'{len(readable):,} can be read'
        return f'{words}, including all owners of the saved TQL queries.' if wanted else f'{words}.'

    def _paging(self, owners: tuple[Owner, ...]) -> str:
        """Read two small pages by id, and check that no row is missing before them."""
        queries = self._app_state.query_list().enabled
        names = sorted({owner for query in queries for owner in query.owners})
        names = names or [owner.name for owner in owners[:PROBED_OWNERS]]
        if not names:
            raise Skip('Skipped: there is no owner to read from.')
        kinds = [str(kind) for kind in IndicatorType]
        self._source.verify(selection_question(names, kinds))
        ids, count = self._ids(selection_question(names, kinds), FIRST_ROWS)
        if count <= FIRST_ROWS or not ids:
            return 'Too few Indicators to tell; updates check again.'
        following, _ = self._ids(selection_question(names, kinds, after_id=ids[-1]), SECOND_ROWS)
        before, _ = self._source.count(selection_question(names, kinds, clause=f'id < {ids[0]:d}'))
        is_ascending = all(one < other for one, other in pairwise([*ids, *following]))
        if before or not following or not is_ascending:
            said, _, remedy = BY_TIME_WARNING.partition('. ')
            raise Failure(f'{said}.', remedy)
        return 'Indicators are sorted by ID, and no page skips any.'

    def _ids(self, question: Question, limit: int) -> tuple[list[int], int]:
        """Return the ids of a first page and the total; no ids if they do not fit the question."""
        try:
            page = self._source.read_window(question, limit=limit, offset=0)
        except ReadOrderError:
            return [], 0
        ids = [number for row in page.rows if isinstance(number := row.get('id'), int)]
        return ids, page.count or 0

    def _clocks(self) -> str:
        before = self._clock.now()
        server_at = self._source.server_time()
        if server_at is None:
            raise Skip('Skipped: ThreatConnect does not send its time.')
        # The server's time is in whole seconds, and from between the two readings.
        ours = before + (self._clock.now() - before) / 2
        difference_s = (ours - server_at).total_seconds()
        words = f'The clocks differ by {abs(difference_s):.0f} s'
        if abs(difference_s) > GREATEST_DIFFERENCE_S:
            side = 'ahead of' if difference_s > 0 else 'behind'
            raise Failure(
                f"{words}: the App server's is {side} ThreatConnect's. From five minutes on, "
                'ThreatConnect refuses every request.',
                _CLOCK_REMEDY,
            )
        return f'{words}.'

    def _workspace(self, sink: Sink) -> str:
        """Send a request without objects, which needs the same permission as one with objects."""
        permit = self._limiter.acquire(Deadline(self._clock, TURN_WITHIN_S), is_check=True)
        if permit is None:
            raise Skip(
                'Skipped: the API limit is used up for now.',
                'Try again when the update has finished.',
            )
        try:
            sink.send(())
        except BatchRefusedError:
            # The API validates the body only after workspace and role.
            pass
        except ThrottledError as error:
            seconds = error.retry_after_s or 0.0
            self._limiter.block(seconds, reason=error.reason or error.message)
            raise Skip(
                f'Skipped: Sentinel asked to wait {seconds:.0f} s.',
                'Try again then. If no update of this Service is running, something else uses the '
                'same application; give each Service its own application.',
            ) from None
        finally:
            self._limiter.answered(permit)
        return 'The workspace exists, and the application can write to it.'

    def _read_back(self, token: CheckResult) -> CheckResult:
        name = CheckName.READ_BACK
        if not self._reads_back:
            return self._attempts.skipped(
                name, 'Skipped: Verify Interval Hours and Match Interval Hours are 0.'
            )
        if token.status is not CheckStatus.OK:
            return self._attempts.skipped(name, _TOKENLESS)
        return self._attempts.tried_optionally(name, self._row)

    def _row(self) -> str:
        """Read one row. Without one, nothing is concluded: rows can be hidden or late."""
        try:
            found = self._tables.read(READ_BACK, ('Id',), stop=Deadline(self._clock, TURN_WITHIN_S))
        except Cancelled:
            raise Skip(
                'Skipped: other queries to Log Analytics are running.', 'Try again in a minute.'
            ) from None
        except LogsTableError as error:
            if error.code != LogsTableError.default_code or self._has_sent():
                raise
            return 'The workspace can be queried. The table appears with the first Indicators.'
        if not found.rows:
            return 'The workspace can be queried. It shows no Indicators so far.'
        return 'The workspace can be queried, and shows Indicators.'

    def _room(self) -> str:
        free_bytes = self._disk.probe()
        warnings = self._disk_warnings()
        if warnings:
            raise Failure(' '.join(warnings), DISK_REMEDY)
        return f'The data folder is writable; {free_bytes // 1_000_000:,} MB free.'


def _token(sink: Sink) -> str:
    sink.prepare()
    return 'Microsoft Entra ID issued an access token.'


def _write(result: CheckResult) -> None:
    is_bad = result.status in {CheckStatus.FAILED, CheckStatus.WARNING}
    log = _log.warning if is_bad else _log.info
    facts = {'remedy': result.remedy} if result.remedy else {}
    if result.reason:
        facts['reason'] = result.reason
    if result.code:
        facts['code'] = result.code
    log(
        'check',
        name=result.name,
        status=result.status,
        message=result.message,
        elapsed_s=result.elapsed_s,
        **facts,
    )
