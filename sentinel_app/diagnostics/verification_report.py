"""What Verify knows, for its page: the state, the findings, and the rows of one object."""

from __future__ import annotations

import base64
import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel_app.core.finding import Finding, FindingFilter, VerificationRun
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.core.timestamp import from_text
from sentinel_app.core.verification import RESENDABLE_ONE_BY_ONE, FindingKind
from sentinel_app.core.verification_query import HISTORY_COLUMNS, VerificationQueries
from sentinel_app.errors import SentinelAppError
from sentinel_app.pipeline.log_reader import LogReader
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.verifications import Verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationState:
    """How Verify stands."""

    interval: dt.timedelta | None
    """Time between two runs; None for never."""
    started_at: dt.datetime | None
    """When the run under way began; None if there is none."""
    next_at: dt.datetime | None
    last: VerificationRun | None
    """The run that ended last, completed or not."""
    complete: VerificationRun | None
    """The run whose findings count."""
    unknown: int
    """Unknown objects that no update withdraws as yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One row of an object in the workspace's table."""

    at: dt.datetime
    """When the workspace took it."""
    method: str
    """By what: the upload, a republication, a person."""
    modified_at: dt.datetime | None
    valid_until_at: dt.datetime | None
    confidence: int | None
    is_active: bool | None
    is_revoked: bool
    is_deleted: bool
    is_parsed: bool
    """Whether Sentinel could take its pattern apart, so that rules can match it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The rows of an object, newest first, or why they could not be read."""

    rows: tuple[HistoryRow, ...] = ()
    error: SentinelAppError | None = None


class VerificationReports:
    """Reads what Verify has found; thread-safe.

    Args:
        verification: Verify itself.
        store: its runs.
        findings: their findings.
        reader: reads the workspace's tables, while a person waits.
        app_state: knows the updates that wait.
        source_system: the source system of the Service's objects.
        pattern_style: how the Service writes patterns.
        sends_context: whether it sends context objects.
    """

    def __init__(
        self,
        *,
        verification: Verification,
        store: Verifications,
        findings: Findings,
        reader: LogReader,
        app_state: AppState,
        source_system: str,
        pattern_style: PatternStyle,
        sends_context: bool,
    ) -> None:
        self._verification = verification
        self._store = store
        self._findings = findings
        self._reader = reader
        self._app_state = app_state
        self._queries = VerificationQueries(source_system=source_system)
        self._source = base64.b64encode(source_system.encode()).decode()
        self._pattern_style = pattern_style
        self._sends_context = sends_context

    def state(self) -> VerificationState:
        """Return how Verify stands."""
        complete = self._store.last_complete()
        return VerificationState(
            interval=self._verification.interval,
            started_at=self._verification.started_at,
            next_at=self._verification.next_at(),
            last=self._store.last(),
            complete=complete,
            unknown=0
            if complete is None or not complete.counts.findings.get(FindingKind.UNKNOWN)
            else self._findings.count_unknown(complete.id, self._open_ids()),
        )

    def page(
        self, wanted: FindingFilter, *, limit: int, offset: int
    ) -> tuple[tuple[Finding, ...], int]:
        """Return a page of findings, and their total number."""
        run = self._store.last_complete()
        if run is None:
            return (), 0
        return self._findings.page(run.id, wanted, limit=limit, offset=offset)

    def count_sendable(self, wanted: FindingFilter) -> int:
        """Return the number of Indicators that a person may send again at once."""
        run = self._store.last_complete()
        if run is None:
            return 0
        return self._findings.count_sendable(run.id, wanted, self._open_ids())

    def count_context_sendable(self, wanted: FindingFilter) -> int:
        """Return the number of context objects that a person may send again at once."""
        run = self._store.last_complete()
        if run is None or not self._sends_context:
            return 0
        return self._findings.count_context_sendable(run.id, wanted)

    def is_sendable(self, finding: Finding) -> bool:
        """Return whether the object of a finding may be sent again by itself."""
        if finding.kind not in RESENDABLE_ONE_BY_ONE:
            return False
        if finding.is_context:
            return self._sends_context and finding.is_sendable
        return finding.held is not None

    def all(self, wanted: FindingFilter) -> Iterator[Finding]:
        """Yield the findings."""
        run = self._store.last_complete()
        if run is not None:
            yield from self._findings.all(run.id, wanted)

    def helps_pattern_style(self, finding: Finding) -> bool:
        """Return whether another Pattern Style would let rules match a finding's object."""
        return (
            finding.kind is FindingKind.UNMATCHABLE
            and finding.indicator is not None
            and finding.indicator.type is IndicatorType.REGISTRY_KEY
            and self._pattern_style is PatternStyle.AS_IN_THE_GUIDE
        )

    def history(self, stix_id: str) -> History:
        """Ask Sentinel for the rows of an object of this Service in the last 30 days."""
        kql = self._queries.history(f'{self._source}---{stix_id}')
        try:
            answer = self._reader.read(kql, HISTORY_COLUMNS, stop=threading.Event())
        except SentinelAppError as error:
            return History(error=error)
        return History(rows=tuple(_row(values) for values in answer.rows))

    def _open_ids(self) -> list[str]:
        return [update.id for update in self._app_state.open_updates()]


def _row(values: Sequence[Any]) -> HistoryRow:
    at, method, modified, valid_until, confidence, is_active, is_revoked, is_deleted, key = values
    return HistoryRow(
        at=from_text(at),
        method=method,
        modified_at=from_text(modified) if modified else None,
        valid_until_at=from_text(valid_until) if valid_until else None,
        confidence=confidence,
        is_active=is_active,
        is_revoked=bool(is_revoked),
        is_deleted=bool(is_deleted),
        is_parsed=bool(key),
    )
