"""Faults that can be switched on, each for a number of requests or until switched off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.simulators.threatconnect.lie import LIES

NAMES: dict[str, tuple[str, Mapping[str, Any]]] = {
    # on the wire
    'drop': ('Reset the connection without any answer.', {}),
    'wait': ('Wait before the first byte.', {'wait_s': 5.0}),
    'reset': ('Reset the connection in the middle of the body.', {'cut_after': None}),
    'slow_body': ('Pause after each KiB of the body.', {'drip_s': 0.2}),
    # instead of the answer
    'unauthorized': ('401, as in a token renewal race.', {'message': 'Unauthorized'}),
    'rate_limit': ('429; `retry_after` in seconds or as a date, or none.', {'retry_after': None}),
    'server_error': ('500, 502, 503 or 504 with a JSON body.', {'status': 500}),
    'html': ('An HTML page, as proxies send.', {'status': 502}),
    'tql_timeout': (
        'A request with TQL ends as a time-out: `status`, or "drop" for a reset connection.',
        {'status': 400},
    ),
    'slow_above': (
        'Only pages above `rows` rows fail: after `wait_s`, with `status` or "drop".',
        {'rows': 1000, 'status': 503, 'wait_s': 0.0},
    ),
    'offset_ceiling': ('400 where offset plus limit pass `rows`.', {'rows': 10000}),
    # a spoilt answer
    'status_error': ('HTTP 200, but `status` is Error.', {}),
    'malformed_json': ('HTTP 200, but the body is no JSON.', {}),
    'half_body': ('HTTP 200 and half of the JSON, with a true Content-Length.', {}),
    'next_other_host': ('`next` points to another host.', {'host': 'tc.example.test'}),
    'next_http': ('`next` points to plain http.', {}),
    'next_without_query': ('`next` after a GET with a body has paging parameters only.', {}),
    # wrong or shifting data
    'churn': (
        'After each page random rows are added, modified, deactivated and deleted.',
        {'add': 0, 'modify': 0, 'deactivate': 0, 'delete': 0, 'seed': 0},
    ),
    'duplicate_rows': ('Each further page repeats the last rows of the one before.', {'rows': 3}),
    'random_order': ('Another order for each request, whatever `sorting` says.', {}),
    'ignores_sorting': ('The default order, whatever `sorting` says.', {}),
    'ignores_start': ('The deleted list begins anew, whatever `resultStart` says.', {}),
    'ignores_id_filter': ('TQL clauses on `id` have no effect.', {}),
    'odd_labels': ('Rows have `labels` in place of their security labels.', {'labels': None}),
    'ignores_case': ('TQL compares texts without regard to case.', {}),
    'page_cap': ('No page has more than `rows` rows, whatever was asked for.', {'rows': 100}),
    'whole_ratings': ('Ratings without fractions.', {}),
    'clock_skew': ('The server clock is off by `seconds` while this is on.', {'seconds': 600}),
    'equal_last_modified': (
        'At once: all rows, or those of `tql`, get one `lastModified`.',
        {'at': None, 'tql': None},
    ),
}
"""Each fault's meaning and its parameters with their defaults."""

FAULTS = {**NAMES, **LIES}
"""All that can be switched on."""


@dataclass(slots=True)
class Fault:
    """One switched-on fault."""

    name: str
    count: int | None = None
    """Requests that still get it; None for all."""
    path: str | None = None
    """Prefix of the path; None for everything under `/api/v2` and `/api/v3`."""
    after: int = 0
    """Requests that still pass before it begins."""
    params: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def concerns(self, path: str) -> bool:
        prefix = self.path
        return path.startswith(prefix) if prefix else path.startswith(('/api/v2/', '/api/v3/'))


class FaultBoard:
    """All switches; safe to use while the server answers."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.effects: dict[str, tuple[Callable[[Fault], object], Callable[[], object]]] = {}
        """What else happens when a fault goes on, and when it goes off."""

    def on(
        self,
        name: str,
        count: int | None = None,
        path: str | None = None,
        after: int = 0,
        **params: Any,
    ) -> Fault:
        """Switch a fault on; one of the same name stays on beside it and goes first.

        Raises:
            ValueError: no such fault or parameter.
        """
        if name not in FAULTS:
            raise ValueError(f'there is no fault {name!r}; there are {", ".join(FAULTS)}')
        defaults = FAULTS[name][1]
        unknown = params.keys() - defaults.keys()
        if unknown:
            raise ValueError(f'{name} takes {sorted(defaults)}, not {sorted(unknown)}')
        fault = Fault(name, count, path, after, {**defaults, **params})
        if name in self.effects:
            self.effects[name][0](fault)
        with self._lock:
            self._faults.append(fault)
        return fault

    def off(self, name: str | None = None) -> int:
        """Switch off the faults of that name, or all of them; returns how many were on."""
        with self._lock:
            gone = [fault for fault in self._faults if name in {None, fault.name}]
            self._faults = [fault for fault in self._faults if fault not in gone]
        for fault in gone:
            if fault.name in self.effects:
                self.effects[fault.name][1]()
        return len(gone)

    def take(
        self, name: str, path: str, applies: Callable[[Fault], bool] | None = None
    ) -> Fault | None:
        """Return the fault that this request gets, and count it.

        Args:
            name: which fault.
            path: of the request.
            applies: a further condition; where it does not hold, the fault is not used up.
        """
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.name != name or fault.count == 0 or not fault.concerns(path):
                    continue
                if applies is not None and not applies(fault):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                fault.hits += 1
                return fault
        return None

    def has_any(self, names: Container[str]) -> bool:
        """Whether one of these is on."""
        return any(fault.name in names for fault in tuple(self._faults))

    def active(self) -> list[dict[str, Any]]:
        """List what is on, with the hits so far; used up ones stay in the list."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
