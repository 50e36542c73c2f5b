"""What diagnostics ask: a ThreatConnect and a Sentinel made of lists, over real stores."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentinel_app.api.deps import Diagnostics
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.indicator import Indicator, Owner, TqlKeyword
from sentinel_app.core.job import Update
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.core.portal import Portal
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.question import Question
from sentinel_app.core.retry import QUICK_QUERY_POLICY
from sentinel_app.core.screening import Screening
from sentinel_app.core.sink import UploadReply
from sentinel_app.core.source import SourcePage
from sentinel_app.diagnostics.context_report import ContextReports
from sentinel_app.diagnostics.dashboard import Metrics
from sentinel_app.diagnostics.effect import Effects
from sentinel_app.diagnostics.health_check import Checks
from sentinel_app.diagnostics.lookup import Lookups
from sentinel_app.diagnostics.match_report import MatchReport
from sentinel_app.diagnostics.preview import Previews
from sentinel_app.diagnostics.tql_check import TqlChecks
from sentinel_app.diagnostics.value_copy import ValueCopies
from sentinel_app.diagnostics.verification_report import VerificationReports
from sentinel_app.diagnostics.withdrawal_list import WithdrawalLists
from sentinel_app.errors import SentinelAppError
from sentinel_app.pipeline.estimate import Estimates
from sentinel_app.pipeline.log_reader import LogReader
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.context_report import ContextReport
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.maintenance.disk import DataFolder
from sentinel_app.storage.matches import Matches
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.verifications import Verifications
from sentinel_app.storage.verified_ledger import ContextLedger, VerifiedLedger
from sentinel_app.storage.withdrawals import WithdrawalReader
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import make_options
from tests.harness.builders.update import make_store
from tests.harness.clocks import StandingClock
from tests.harness.database import open_database
from tests.harness.fakes.logs import ListedLogs

SOURCE_SYSTEM = 'ThreatConnect-Prod'
LIMIT = 60

Row = dict[str, Any]


@dataclass
class ListedSource:
    """Rows, found by the parts of TQL that diagnostics add; a user's own TQL names a row's tag."""

    rows: list[Row] = field(default_factory=list)
    error: SentinelAppError | None = None
    error_for: Callable[[str], SentinelAppError | None] = lambda _tql: None
    owner_names: tuple[str, ...] = ('Example Org', 'Källa "1"')
    time: dt.datetime | None = None
    asked: list[str] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)
    verify_error: SentinelAppError | None = None

    def owners(self) -> tuple[Owner, ...]:
        if self.error:
            raise self.error
        return tuple(Owner(name=name, type='Source') for name in self.owner_names)

    def keywords(self) -> tuple[TqlKeyword, ...]:
        return ()

    def server_time(self) -> dt.datetime | None:
        return self.time

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        raise AssertionError('a diagnosis must not depend on the order of rows')

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        found = self._found(question.tql)
        return SourcePage(
            rows=tuple(found[offset : offset + limit]), server_at=NOWHEN, count=len(found)
        )

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        return len(self._found(question.tql)), NOWHEN

    def verify(self, question: Question) -> None:
        self.verified.append(question.tql)
        if self.verify_error:
            raise self.verify_error

    def deleted(self, owner: str, **_options: Any) -> Any:
        raise AssertionError('a diagnosis has no use for deleted Indicators')

    def _found(self, tql: str) -> list[Row]:
        self.asked.append(tql)
        error = self.error or self.error_for(tql)
        if error:
            raise error
        return [row for row in self.rows if _matches(tql, row)]


NOWHEN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')


@functools.cache
def _strings(tql: str, before: str) -> list[str] | None:
    """The strings of `before in (...)`; None where there is no such clause."""
    found = re.search(rf'{before} in \(((?:"(?:\\.|[^"\\])*"(?:, )?)+)\)', tql)
    if not found:
        return None
    return [re.sub(r'\\(.)', r'\1', text) for text in _STRING.findall(found.group(1))]


def _matches(tql: str, row: Mapping[str, Any]) -> bool:
    for name, member in (('ownerName', 'ownerName'), ('typeName', 'type')):
        wanted = _strings(tql, name)
        if wanted is not None and row[member] not in wanted:
            return False
    summaries = _strings(tql, 'summary')
    parts = re.findall(r'summary contains "([^"]*)"', tql)
    if summaries is not None or parts:
        summary = row.get('summary', '')
        if summary not in (summaries or ()) and not any(part in summary for part in parts):
            return False
    if (row.get('active') is not False) is ('indicatorActive = false' in tql):
        return False
    if (tag := re.search(r'tag = "([^"]*)"', tql)) and row.get('tag') != tag.group(1):
        return False
    ids = re.search(r'id in \(([\d, ]+)\)', tql)
    if ids and str(row['id']) not in ids.group(1).split(', '):
        return False
    for sign, number in re.findall(r'id ([<>]) (\d+)', tql):
        if not (row['id'] < int(number) if sign == '<' else row['id'] > int(number)):
            return False
    return True


@dataclass
class ListedSink:
    """A Sentinel that answers as it is told to."""

    token_error: SentinelAppError | None = None
    send_error: SentinelAppError | None = None
    sent: list[tuple[bytes, ...]] = field(default_factory=list)

    def prepare(self) -> None:
        if self.token_error:
            raise self.token_error

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        self.sent.append(tuple(objects))
        if self.send_error:
            raise self.send_error
        return UploadReply()

    def forget_token(self) -> None:
        pass


@dataclass
class Running:
    running: Update | None = None


class DiagnosticsStand:
    """All that diagnostics stand on."""

    def __init__(
        self,
        folder: Path,
        app_state: AppState,
        clock: StandingClock,
        choice: ContextChoice = ContextChoice.NONE,
    ) -> None:
        self.context_error: SentinelAppError | None = None
        self.source = ListedSource()
        self.sink = ListedSink()
        self.logs = ListedLogs([(('a',),)])
        self.has_sent = True
        self.db = open_database(folder / 'state.db')
        self.store = make_store(self.db)
        self.orphans = Orphans(self.db, self.store)
        ledger = Ledger(self.db)
        self.metrics = MetricStore(self.db)
        self.updates = Running()
        self.withheld: Callable[[Indicator], str | None] = lambda _indicator: None
        self.seen_owners: list[object] = []
        self.seen_results: list[object] = []
        self.disk_warnings: tuple[str, ...] = ()
        self.limiter = RateLimiter(limit=LIMIT, times=RequestTimes(self.db), clock=clock)
        self.troubles = Troubles(clock)
        self.matches = Matches(self.db)
        portal = Portal(host='security.microsoft.com', tenant_id='t-1')
        screening = Screening(parse=parse_indicator, withheld_reason=self._withheld_reason)
        self.diagnostics = Diagnostics(
            previews=Previews(
                source=self.source,
                ledger=ledger,
                store=self.store,
                screening=screening,
                options=make_options(),
                requests_per_minute=LIMIT,
                choice=choice,
                actor_types=frozenset(ActorGroupType),
                clock=clock,
            ),
            tql_checks=TqlChecks(source=self.source),
            withdrawals=WithdrawalLists(
                app_state=app_state,
                withdrawals=WithdrawalReader(self.db, self.store),
                policy=WithdrawPolicy.DELETED,
                clock=clock,
            ),
            verification=self._verification(app_state, clock),
            effects=Effects(
                source=self.source,
                ledger=ledger,
                policy=WithdrawPolicy.DELETED,
                requests_per_minute=LIMIT,
                clock=clock,
            ),
            lookups=Lookups(
                copies=ValueCopies(source=self.source, screening=screening),
                ledger=ledger,
                holdings=Holdings(self.db),
                app_state=app_state,
                source_system=SOURCE_SYSTEM,
                portal=portal,
                clock=clock,
            ),
            matches=MatchReport(
                matches=self.matches,
                app_state=app_state,
                portal=portal,
                interval_hours=1,
                clock=clock,
            ),
            context=ContextReports(
                report=ContextReport(self.db),
                app_state=app_state,
                choice=choice,
                actor_types=frozenset(ActorGroupType),
                requests_per_minute=LIMIT,
                error=lambda: self.context_error,
                clock=clock,
            ),
            checks=Checks(
                source=self.source,
                new_sink=lambda: self.sink,
                limiter=self.limiter,
                tables=LogReader(self.logs, clock, policy=QUICK_QUERY_POLICY),
                reads_back=True,
                has_sent=lambda: self.has_sent,
                app_state=app_state,
                disk=DataFolder(folder),
                disk_warnings=lambda: self.disk_warnings,
                on_owners=self.seen_owners.append,
                on_results=self.seen_results.append,
                clock=clock,
            ),
            metrics=Metrics(
                store=self.metrics,
                app_state=app_state,
                ledger=ledger,
                progress=self.store,
                updates=self.updates,
                limiter=self.limiter,
                troubles=self.troubles,
                estimates=Estimates(store=self.store, limiter=self.limiter, clock=clock),
                requests_per_minute=LIMIT,
                clock=clock,
            ),
        )

    def _verification(self, app_state: AppState, clock: StandingClock) -> VerificationReports:
        self.verifications = Verifications(self.db, open_updates=set)
        reader = LogReader(self.logs, clock, policy=QUICK_QUERY_POLICY)
        return VerificationReports(
            verification=Verification(
                reader=reader,
                store=self.verifications,
                ledger=VerifiedLedger(self.db),
                context=ContextLedger(self.db),
                has_context=lambda: True,
                source_system=SOURCE_SYSTEM,
                interval=dt.timedelta(hours=24),
                clock=clock,
            ),
            store=self.verifications,
            findings=Findings(self.db),
            reader=reader,
            app_state=app_state,
            source_system=SOURCE_SYSTEM,
            pattern_style=PatternStyle.AS_IN_THE_GUIDE,
            sends_context=True,
        )

    def _withheld_reason(self, indicator: Indicator) -> str | None:
        return self.withheld(indicator)

    def close(self) -> None:
        self.db.close()
