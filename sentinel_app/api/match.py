"""REPORTS: Indicators of ours in the alerts of Sentinel."""

from __future__ import annotations

import dataclasses

from sentinel_app.api.call import Document, Request
from sentinel_app.api.csv_text import csv_document, matches_csv
from sentinel_app.api.match_reply import alert_reply, matched_reply, run_reply
from sentinel_app.api.page import page_of
from sentinel_app.api.schemas import (
    MatchedAlertPage,
    MatchedAlertParameters,
    MatchedIndicatorPage,
    MatchedIndicatorParameters,
    MatchFilters,
)
from sentinel_app.core.match import MatchFilter
from sentinel_app.core.query import SortDirection
from sentinel_app.errors import NotFoundError

_LARGEST_ID = 2**63 - 1


def list_matches(request: Request[MatchedIndicatorParameters]) -> MatchedIndicatorPage | Document:
    """Return a page of matched Indicators with the state of Match, or all of them as CSV."""
    deps, wanted = request.deps, request.input
    report, saved = deps.diagnostics.matches, deps.app_state.query_list()
    filters = dataclasses.replace(
        _filter(wanted),
        indicator_type=wanted.indicator_type,
        owner_name=wanted.owner,
        query_id=wanted.query_id,
        text=wanted.text,
    )
    is_descending = wanted.sort_order is SortDirection.DESCENDING
    if wanted.format == 'csv':
        found = report.indicators(filters, sort=wanted.sort, is_descending=is_descending)
        rows = (matched_reply(each, report, saved) for each in found)
        return csv_document('matches', matches_csv(rows), deps)
    page, total = report.page(
        filters,
        sort=wanted.sort,
        is_descending=is_descending,
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return page_of(
        request,
        MatchedIndicatorPage,
        (matched_reply(each, report, saved) for each in page),
        total=total,
        run=run_reply(report.state()),
    )


def list_alerts(request: Request[MatchedAlertParameters]) -> MatchedAlertPage:
    """Return a page of the alerts of one Indicator, newest first."""
    report, wanted = request.deps.diagnostics.matches, request.input
    found, total = report.alerts(
        _indicator_id(request.path['indicator_id']),
        _filter(wanted),
        limit=wanted.limit,
        offset=wanted.offset,
    )
    replies = (alert_reply(each, report) for each in found)
    return page_of(request, MatchedAlertPage, replies, total=total)


def _indicator_id(text: str) -> int:
    """Return the id in a path.

    Raises:
        NotFoundError: no Indicator can have it.
    """
    if not (text.isascii() and text.isdigit()) or int(text) > _LARGEST_ID:
        raise NotFoundError('No Indicator has this ID.')
    return int(text)


def _filter(wanted: MatchFilters) -> MatchFilter:
    return MatchFilter(
        kind=wanted.kind, severity=wanted.severity, after=wanted.after, before=wanted.before
    )
