"""The figures of the App as the API shows them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.health_reply import health_report
from sentinel_app.api.query_reply import label_members
from sentinel_app.api.wait_reply import (
    asked_wait_reply,
    next_update_reply,
    pause_reply,
    time_left_reply,
    trouble_reply,
)
from sentinel_app.core.condition import Condition
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Mode, Outcome
from sentinel_app.core.metric import Figures, Hour
from sentinel_app.diagnostics.dashboard import Summary, UpdateFigures


def _members(figures: Figures) -> dict[str, object]:
    return {
        'jobs': figures.jobs,
        'jobs_failed': figures.jobs_failed,
        'read': figures.read,
        **{str(outcome): figures.outcomes.get(outcome, 0) for outcome in Outcome},
        'objects': figures.objects,
        'requests': figures.requests,
        'throttled': figures.throttled,
        'throttled_seconds': figures.throttled_s,
    }


def _figures_reply(figures: Figures) -> schemas.Figures:
    return schemas.Figures.model_validate(_members(figures))


def _update_reply(found: UpdateFigures | None) -> schemas.UpdateFigures | None:
    if found is None:
        return None
    update = found.update
    return schemas.UpdateFigures(
        update_id=update.id,
        mode=update.mode,
        scope=update.scope,
        count_asked=update.asked,
        job_type=update.job_type,
        date_started=update.started_at,
        date_ended=update.ended_at,
        expected=found.expected,
        time_left=time_left_reply(found.left),
        figures=_figures_reply(found.figures),
    )


def summary_reply(
    summary: Summary,
    matches: schemas.MatchSummary,
    verification: schemas.Verification,
    context: schemas.Context | None,
    due: tuple[dt.datetime, Mode] | None,
    conditions: Sequence[Condition],
    history: schemas.MetricHistory | None,
) -> schemas.MetricSummary:
    """Return the App in figures, with those by the hour where they are wanted."""
    by_type: Counter[str] = Counter()
    by_query: Counter[str] = Counter()
    for each in summary.live:
        by_type[each.indicator_type] += each.count
        by_query[each.query_id] += each.count
    backlog, limit = summary.backlog, summary.limit
    return schemas.MetricSummary(
        objects_live=by_type.total(),
        by_type=_type_counts(by_type),
        by_query=_query_counts(by_query, summary),
        total=_figures_reply(summary.total),
        jobs=[
            schemas.StatusCount(status=status, count=count)
            for status, count in summary.jobs.items()
        ],
        pauses=[pause_reply(pause) for pause in summary.pauses],
        troubles=[trouble_reply(trouble) for trouble in summary.troubles],
        running=_update_reply(summary.running),
        last_update=_update_reply(summary.last),
        next_update=next_update_reply(due),
        refused_now=summary.refused_now,
        backlog=schemas.Backlog(
            updates=backlog.updates,
            indicators=backlog.indicators,
            objects=backlog.objects,
            seconds=backlog.seconds,
        ),
        limit=schemas.LimitUse(
            requests_per_minute=limit.requests_per_minute,
            used=limit.used,
            used_by_checks=limit.used_by_checks,
            waiting_seconds=limit.waiting_s,
            asked_wait=asked_wait_reply(limit.asked_wait),
        ),
        matches=matches,
        verification=verification,
        context=context,
        health=health_report(conditions),
        history=history,
    )


def _type_counts(counts: Mapping[str, int]) -> list[schemas.TypeCount]:
    """Return counts by type, in the order in which people know the types."""
    return [
        schemas.TypeCount(indicator_type=kind, count=counts[kind])
        for kind in IndicatorType
        if counts.get(kind)
    ]


def _query_counts(counts: Counter[str], summary: Summary) -> list[schemas.QueryCount]:
    """Return counts by query: the saved ones by precedence, then those that are gone, by id."""
    saved = [
        schemas.QueryCount(
            query_id=query.id,
            position=position,
            **label_members(query),
            is_enabled=query.is_enabled,
            owners=list(query.owners),
            indicator_types=list(query.indicator_types),
            count=counts[query.id],
            expires_by=summary.expires_by.get(query.id),
        )
        for position, query in enumerate(summary.queries)
    ]
    saved_ids = {query.id for query in summary.queries}
    gone = [
        schemas.QueryCount(
            query_id=query_id,
            position=None,
            label=None,
            label_scope=None,
            is_enabled=False,
            owners=[],
            indicator_types=[],
            count=count,
            expires_by=summary.expires_by.get(query_id),
        )
        for query_id, count in sorted(counts.items())
        if query_id not in saved_ids
    ]
    return saved + gone


def history_reply(
    hours: Sequence[Hour], *, start_at: dt.datetime, end_at: dt.datetime
) -> schemas.MetricHistory:
    """Return figures by the hour."""
    return schemas.MetricHistory(
        start=start_at,
        end=end_at,
        data=[
            schemas.HourFigures.model_validate({'hour': each.start_at, **_members(each.figures)})
            for each in hours
        ],
    )
