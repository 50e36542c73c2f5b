"""Matches as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.logs_reply import logs_error
from sentinel_app.api.report_reply import saved_query
from sentinel_app.core.match import MatchCounts, MatchedAlert, MatchedIndicator
from sentinel_app.core.query import QueryList
from sentinel_app.diagnostics.match_report import RECENT_DAYS, MatchReport, MatchState


def matched_reply(
    found: MatchedIndicator, report: MatchReport, saved: QueryList
) -> schemas.MatchedIndicator:
    """Return one matched Indicator."""
    return schemas.MatchedIndicator(
        id=str(found.indicator_id),
        type=found.type,
        summary=found.summary,
        owner=found.owner_name,
        web_link=found.web_link,
        query_id=found.query_id,
        query=saved_query(found.query_id, saved),
        kind=found.kind,
        count_alerts=found.alerts,
        date_first=found.first_at,
        date_last=found.last_at,
        severity=found.severity,
        alert_names=list(found.names),
        count_alert_names=found.name_count,
        alert_link=report.link_of(found.newest),
    )


def alert_reply(found: MatchedAlert, report: MatchReport) -> schemas.MatchedAlert:
    """Return one alert."""
    alert = found.alert
    return schemas.MatchedAlert(
        id=alert.id,
        name=alert.name,
        severity=alert.severity,
        product=alert.product,
        kind=found.kind,
        date_first=alert.start_at,
        date_last=alert.end_at,
        link=report.link_of(alert),
    )


def value_matches_reply(
    found: tuple[Sequence[MatchedAlert], int], report: MatchReport
) -> schemas.ValueMatches:
    """Return the alerts of one value."""
    alerts, count = found
    return schemas.ValueMatches(count=count, alerts=[alert_reply(each, report) for each in alerts])


def run_reply(state: MatchState) -> schemas.MatchRun:
    """Return how the Task Match stands."""
    run = state.run
    return schemas.MatchRun(
        interval_hours=state.interval_hours,
        date_began=run.began_at,
        date_ended=run.ended_at,
        date_completed=run.completed_at,
        date_next=state.next_at,
        read_until=run.until_at,
        outcome=run.outcome,
        date_seen=run.seen_at,
        count_alerts=run.alerts,
        count_unreadable=run.unreadable,
        count_new=run.added,
        error=None if run.code is None else logs_error(run.code, run.message, run.reason),
    )


def match_summary_reply(
    counts: MatchCounts, state: MatchState, saved: QueryList
) -> schemas.MatchSummary:
    """Return the matched Indicators of the last days, by query and by owner."""
    return schemas.MatchSummary(
        days=RECENT_DAYS,
        count_indicators=counts.indicators,
        count_exact=counts.exact,
        count_alerts=counts.alerts,
        by_query=[
            schemas.MatchQueryCount(
                query_id=query_id, query=saved_query(query_id, saved), count=count
            )
            for query_id, count in _most_first(counts.by_query)
        ],
        by_owner=[
            schemas.MatchOwnerCount(owner=owner, count=count)
            for owner, count in _most_first(counts.by_owner)
        ],
        run=run_reply(state),
    )


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
