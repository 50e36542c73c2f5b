"""DASHBOARD: the App in figures."""

from __future__ import annotations

import datetime as dt

from sentinel_app.api import exposition as prometheus
from sentinel_app.api.call import Document, Request
from sentinel_app.api.context_reply import context_reply
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.match_reply import match_summary_reply
from sentinel_app.api.metric_reply import history_reply, summary_reply
from sentinel_app.api.schemas import (
    HistoryParameters,
    MetricHistory,
    MetricSummary,
    Parameters,
    SummaryParameters,
)
from sentinel_app.api.verification_reply import verification_reply


def summary(request: Request[SummaryParameters]) -> MetricSummary:
    """Return the present figures."""
    deps, hours = request.deps, request.input.hours
    report, context = deps.diagnostics.matches, deps.diagnostics.context
    return summary_reply(
        deps.diagnostics.metrics.summary(),
        match_summary_reply(report.recent(), report.state(), deps.app_state.query_list()),
        verification_reply(deps.diagnostics.verification.state()),
        context_reply(context.status()) if context.is_on else None,
        deps.updates.next_update(),
        deps.health.conditions(),
        None if hours is None else _history(deps, hours),
    )


def history(request: Request[HistoryParameters]) -> MetricHistory:
    """Return the figures of the last hours."""
    return _history(request.deps, request.input.hours)


def exposition(request: Request[Parameters]) -> Document:
    """Return the present figures in the format of Prometheus."""
    deps = request.deps
    report = deps.diagnostics.matches
    text = prometheus.exposition(
        deps.diagnostics.metrics.summary(),
        deps.health.snapshot(),
        report.recent(),
        report.state().run,
        deps.diagnostics.verification.state().complete,
        deps.diagnostics.context.status().counts,
    )
    return Document(content=text.encode(), media_type=prometheus.CONTENT_TYPE)


def _history(deps: ApiDeps, hours: int) -> MetricHistory:
    """Return the figures of so many hours, the present one included."""
    this_hour = deps.clock.now().replace(minute=0, second=0, microsecond=0)
    end_at = this_hour + dt.timedelta(hours=1)
    start_at = end_at - dt.timedelta(hours=hours)
    found = deps.diagnostics.metrics.history(since=start_at, before=end_at)
    return history_reply(found, start_at=start_at, end_at=end_at)
