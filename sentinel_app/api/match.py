"""REPORTS: Indicators of ours in the alerts of Sentinel."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

from sentinel_app.api.call import Document, Request
from sentinel_app.api.csv_text import csv_document, matches_csv
from sentinel_app.api.match_reply import alert_reply, matched_reply, run_reply
from sentinel_app.api.page import page_of
from sentinel_app.api.schemas import (
    MatchedAlertPage,
    MatchedAlertParameters,
    MatchedIndicatorFields,
    MatchedIndicatorPage,
    MatchedIndicatorParameters,
    MatchedIndicatorSearchBody,
    MatchFields,
)
from sentinel_app.core.match import MatchFilter
from sentinel_app.core.query import SortDirection

Wanted = TypeVar('Wanted', MatchedIndicatorParameters, MatchedIndicatorSearchBody)


def list_matches(request: Request[MatchedIndicatorParameters]) -> MatchedIndicatorPage | Document:
    """Return a page of matched Indicators with the state of Match, or all of them as CSV."""
    deps, wanted = request.deps, request.input
    if wanted.format == 'csv':
        report, saved = deps.diagnostics.matches, deps.app_state.query_list()
        found = report.indicators(
            _indicator_filter(wanted), sort=wanted.sort, is_descending=_is_descending(wanted)
        )
        rows = (matched_reply(each, report, saved) for each in found)
        return csv_document('matches', matches_csv(rows), deps)
    return _page(request)


def search_matches(request: Request[MatchedIndicatorSearchBody]) -> MatchedIndicatorPage:
    """Return a page of matched Indicators with the state of Match."""
    return _page(request)


def _page(request: Request[Wanted]) -> MatchedIndicatorPage:
    deps, wanted = request.deps, request.input
    report, saved = deps.diagnostics.matches, deps.app_state.query_list()
    page, total = report.page(
        _indicator_filter(wanted),
        sort=wanted.sort,
        is_descending=_is_descending(wanted),
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
        request.number_in_path('indicator_id', of='Indicator'),
        _filter(wanted),
        limit=wanted.limit,
        offset=wanted.offset,
    )
    replies = (alert_reply(each, report) for each in found)
    return page_of(request, MatchedAlertPage, replies, total=total)


def _is_descending(wanted: MatchedIndicatorFields) -> bool:
    return wanted.sort_order is SortDirection.DESCENDING


def _indicator_filter(wanted: MatchedIndicatorFields) -> MatchFilter:
    return dataclasses.replace(
        _filter(wanted),
        indicator_type=wanted.indicator_type,
        owner_name=wanted.owner,
        query_id=wanted.query_id,
        text=wanted.text,
    )


def _filter(wanted: MatchFields) -> MatchFilter:
    return MatchFilter(
        kind=wanted.kind, severity=wanted.severity, after=wanted.after, before=wanted.before
    )
