"""DASHBOARD: the App in figures."""

from __future__ import annotations

import datetime as dt

import falcon

from sentinel_app.api.exposition import CONTENT_TYPE, exposition
from sentinel_app.api.metric_reply import history_reply, summary_reply
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.reading import parameters_of
from sentinel_app.api.schemas import (
    HistoryParameters,
    MetricHistory,
    Parameters,
    SummaryParameters,
)


class SummaryResource:
    """`api/metric/summary`: what Sentinel holds, what runs, what waits.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give the present figures."""
        hours = parameters_of(req, SummaryParameters).hours
        reply = summary_reply(
            self._deps.inquiries.metrics.summary(),
            self._deps.updates.next_update(),
            self._deps.health.conditions(),
            None if hours is None else _history(self._deps, hours),
        )
        resp.text = reply.model_dump_json()


class HistoryResource:
    """`api/metric/history`: figures by the hour.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give the last hours, the present one included."""
        wanted = parameters_of(req, HistoryParameters)
        resp.text = _history(self._deps, wanted.hours).model_dump_json()


class ExpositionResource:
    """`api/metrics`: the figures as Prometheus reads them.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give the present figures."""
        parameters_of(req, Parameters)
        resp.content_type = CONTENT_TYPE
        resp.text = exposition(self._deps.inquiries.metrics.summary(), self._deps.health.snapshot())


def _history(deps: ApiDeps, hours: int) -> MetricHistory:
    """Give the figures of so many hours, the present one included."""
    this_hour = deps.clock.now().replace(minute=0, second=0, microsecond=0)
    end_at = this_hour + dt.timedelta(hours=1)
    start_at = end_at - dt.timedelta(hours=hours)
    found = deps.inquiries.metrics.history(since=start_at, before=end_at)
    return history_reply(found, start_at=start_at, end_at=end_at)
