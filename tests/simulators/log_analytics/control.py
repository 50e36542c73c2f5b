"""What the stand-in's control address shows beyond faults and settings.

GET  /_control/status
GET  /_control/requests
GET  /_control/alerts    rows of SecurityAlert
POST /_control/alerts    [{"SystemAlertId": "...", ...}], appended
POST /_control/query     {"query": "..."}, without token, limits and cache
POST /_control/limit     {"count": 200, "window_s": 30, "counts_refused": true}
POST /_control/access    {"after_s": 60}: no access until then
POST /_control/forget
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulators.https import Request
from tests.simulators.log_analytics.query_fault import QueryFault
from tests.simulators.log_analytics.schema import TABLES
from tests.simulators.sentinel.control import change_limit

if TYPE_CHECKING:
    from tests.simulators.log_analytics.server import LogAnalyticsSimulator

View = Callable[[Request], Any]


def control_views(simulator: LogAnalyticsSimulator) -> dict[tuple[str, str], View]:
    """Get what answers each (method, path below the control address)."""
    return {
        ('GET', '/status'): lambda _request: _status(simulator),
        ('GET', '/requests'): lambda _request: [
            dataclasses.asdict(seen) for seen in simulator.requests
        ],
        ('GET', '/alerts'): lambda _request: list(simulator.alerts),
        ('POST', '/alerts'): lambda request: simulator.add_alerts(*request.json()),
        ('POST', '/query'): lambda request: _query(simulator, request),
        ('POST', '/limit'): lambda request: change_limit(simulator.limit, request),
        ('POST', '/access'): lambda request: simulator.grant_access(**request.json()),
        ('POST', '/forget'): lambda _request: simulator.forget(),
    }


def _status(simulator: LogAnalyticsSimulator) -> dict[str, Any]:
    return {
        'rows': {table: simulator.row_count(table) for table in TABLES},
        'statuses': {str(status): count for status, count in simulator.status_counts.items()},
        'running': simulator.slots.running_count,
        'queued': simulator.slots.queued_count,
        'most_running': simulator.slots.most_running,
        'busiest_window': simulator.limit.busiest(),
        'limit': {'count': simulator.limit.count, 'window_s': simulator.limit.window_s},
    }


def _query(simulator: LogAnalyticsSimulator, request: Request) -> dict[str, Any]:
    try:
        answer = simulator.query(request.json()['query'])
    except QueryFault as fault:
        raise ValueError(str(fault)) from fault
    return dataclasses.asdict(answer)
