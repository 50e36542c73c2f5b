"""What the stand-in's control address shows beyond faults and settings.

GET  /_control/status                 counters
GET  /_control/held?offset=&limit=    newest row of each id
GET  /_control/objects?type=&offset=  newest object of each id, as sent; of one type, or of all
GET  /_control/sent?type=&offset=     every object taken, in the order of arrival
GET  /_control/rows?...               every row
GET  /_control/history?id=            every row of one id
GET  /_control/anomalies, /requests, /arrivals
POST /_control/limit               {"count": 100, "window_s": 60, "counts_refused": true}
POST /_control/edit                {"id": "indicator--...", "confidence": 10}, by a person
POST /_control/delete              {"id": "indicator--..."}, by a person
POST /_control/republish           {"older_than_days": 7}
POST /_control/forget
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulators.https import Request
from tests.simulators.sentinel.limit import RollingLimit

if TYPE_CHECKING:
    from tests.simulators.sentinel.server import SentinelSimulator

View = Callable[[Request], Any]


def control_views(simulator: SentinelSimulator) -> dict[tuple[str, str], View]:
    """Get what answers each (method, path below the control address)."""
    return {
        ('GET', '/status'): lambda _request: _status(simulator),
        ('GET', '/held'): lambda request: _page(request, list(simulator.held().values())),
        ('GET', '/objects'): lambda request: _page(
            request, list(simulator.held_objects(None, *_types(request)).values())
        ),
        ('GET', '/sent'): lambda request: _page(request, simulator.sent_objects(*_types(request))),
        ('GET', '/rows'): lambda request: _page(request, simulator.rows()),
        ('GET', '/history'): lambda request: simulator.history(dict(request.query)['id']),
        ('GET', '/anomalies'): lambda request: _page(
            request, [dataclasses.asdict(anomaly) for anomaly in simulator.anomalies()]
        ),
        ('GET', '/requests'): lambda request: _page(
            request, [dataclasses.asdict(seen) for seen in simulator.requests]
        ),
        ('GET', '/arrivals'): lambda _request: simulator.limit.arrivals(),
        ('POST', '/limit'): lambda request: change_limit(simulator.limit, request),
        ('POST', '/edit'): lambda request: _edit(simulator, request),
        ('POST', '/delete'): lambda request: simulator.delete(request.json()['id']),
        ('POST', '/republish'): lambda request: {
            'republished': simulator.republish(**request.json())
        },
        ('POST', '/forget'): lambda _request: simulator.forget(),
    }


def _page(request: Request, entries: Sequence[Any]) -> dict[str, Any]:
    query = dict(request.query)
    start = int(query.get('offset', 0))
    end = start + int(query['limit']) if 'limit' in query else None
    return {'total_count': len(entries), 'data': list(entries[start:end])}


def _types(request: Request) -> list[str]:
    """Get the STIX types that are asked for; none for all."""
    return [value for name, value in request.query if name == 'type']


def _status(simulator: SentinelSimulator) -> dict[str, Any]:
    limit = simulator.limit
    return {
        'objects': len(simulator.table),
        'types': dict(Counter(stix['type'] for stix in simulator.held_objects().values())),
        'rows': simulator.table.row_count,
        'stored': simulator.table.stored_count,
        'anomalies': len(simulator.anomalies()),
        'statuses': {str(status): count for status, count in simulator.status_counts.items()},
        'busiest_window': limit.busiest(),
        'limit': {
            'count': limit.count,
            'window_s': limit.window_s,
            'counts_refused': limit.counts_refused,
        },
    }


def _edit(simulator: SentinelSimulator, request: Request) -> None:
    values = dict(request.json())
    simulator.edit(values.pop('id'), **values)


def change_limit(limit: RollingLimit, request: Request) -> dict[str, Any]:
    """Set what the body of a request names; returns the limit as it is now.

    Raises:
        ValueError: it names something else.
    """
    values = dict(request.json())
    unknown = values.keys() - {'count', 'window_s', 'counts_refused'}
    if unknown:
        raise ValueError(f'unknown setting: {", ".join(sorted(unknown))}')
    limit.count = int(values.get('count', limit.count))
    limit.window_s = float(values.get('window_s', limit.window_s))
    limit.counts_refused = bool(values.get('counts_refused', limit.counts_refused))
    return {'count': limit.count, 'window_s': limit.window_s}
