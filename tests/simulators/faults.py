"""Faults that can be switched on, and the control address that switches them.

`GET /_control` of a stand-in lists its faults and settings; no token is asked for there.

    POST   /_control/faults    {"name": "empty-500", "count": 3}
    POST   /_control/faults    {"name": "drop-after", "count": null, "rate": 0.1, "seed": 7}
    DELETE /_control/faults    all of them, or ?name=empty-500
    POST   /_control/settings  {"latency_s": 0.2}
"""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.simulators.https import Reply, Request, json_reply

CONTROL_PATH = '/_control'
RANDOM = 'random'


@dataclass(slots=True, kw_only=True)
class Fault:
    """One misbehavior that is switched on."""

    name: str
    count: int | None = None
    """How many requests it still strikes; None until it is cleared."""
    skip: int = 0
    """How many requests it lets pass first."""
    rate: float = 1.0
    """Share of the requests that it strikes."""
    params: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    _random: random.Random = field(default_factory=random.Random, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def view(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ('name', 'count', 'skip', 'rate', 'seed', 'params')
        }

    def choose(self) -> Fault:
        """Make the fault that strikes: itself, or for `random` one of its names."""
        name = self.name
        if name == RANDOM:
            name = self._random.choice(self.params['names'])
        return Fault(name=name, params=self.params)

    def strikes(self) -> bool:
        if self.skip > 0:
            self.skip -= 1
            return False
        return self.rate >= 1.0 or self._random.random() < self.rate


class FaultBook:
    """The faults that are switched on, in the order they were added; safe between threads."""

    def __init__(self, catalog: Mapping[str, str], transient: Collection[str] = ()) -> None:
        """Take what is known.

        Args:
            catalog: each fault's name and what it does.
            transient: what `random` chooses from when it is not told.
        """
        self.catalog = {
            **catalog,
            RANDOM: 'one of "names" (default: all that pass), at "rate", reproducible by "seed"',
        }
        self._transient = tuple(transient)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        name: str,
        *,
        count: int | None = None,
        skip: int = 0,
        rate: float = 1.0,
        seed: int = 0,
        **params: Any,
    ) -> None:
        """Switch a fault on; further keywords are the fault's own parameters."""
        if name == RANDOM:
            params.setdefault('names', list(self._transient))
        for known in (name, *params.get('names', ())):
            if known not in self.catalog:
                raise ValueError(f'unknown fault: {known}')
        if count is not None and count < 1:
            raise ValueError('count must be a positive number or null')
        with self._lock:
            self._faults.append(
                Fault(name=name, count=count, skip=skip, rate=rate, seed=seed, params=params)
            )

    def clear(self, name: str | None = None) -> None:
        """Switch all faults off, or those of one name."""
        with self._lock:
            self._faults = [fault for fault in self._faults if name not in (None, fault.name)]

    def view(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.view() for fault in self._faults]

    def take(
        self, names: Collection[str], applies: Callable[[Fault], bool] = lambda _fault: True
    ) -> Fault | None:
        """Get the first fault of these names that strikes now, and count it."""
        with self._lock:
            return next(self._striking(names, applies), None)

    def take_all(
        self, names: Collection[str], applies: Callable[[Fault], bool] = lambda _fault: True
    ) -> list[Fault]:
        """Get every fault of these names that strikes now, and count each."""
        with self._lock:
            return list(self._striking(names, applies))

    def _striking(
        self, names: Collection[str], applies: Callable[[Fault], bool]
    ) -> Iterator[Fault]:
        for fault in list(self._faults):
            listed = fault.params['names'] if fault.name == RANDOM else [fault.name]
            if not set(listed) <= set(names) or not applies(fault) or not fault.strikes():
                continue
            if fault.count is not None:
                fault.count -= 1
                if not fault.count:
                    self._faults.remove(fault)
            yield fault.choose()


def change_settings(settings: Any, values: Mapping[str, Any]) -> None:
    """Set fields of a settings dataclass, all or none, each of its present type."""
    known = {entry.name for entry in dataclasses.fields(settings)}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f'unknown setting: {name}')
        kind = type(getattr(settings, name))
        if issubclass(kind, Enum):
            kind(value)
            continue
        fits = isinstance(value, kind) and isinstance(value, bool) == (kind is bool)
        if not fits and not (kind is float and type(value) is int):
            raise ValueError(f'{name} must be of type {kind.__name__}')
    for name, value in values.items():
        kind = type(getattr(settings, name))
        setattr(settings, name, kind(value))


View = Callable[[Request], Any]


class ControlPanel:
    """Answers `/_control/...` for one stand-in."""

    def __init__(
        self, faults: FaultBook, settings: Any, views: Mapping[tuple[str, str], View]
    ) -> None:
        """Take what is controlled.

        Args:
            faults: the faults to list, add and clear.
            settings: a dataclass instance whose fields can be read and set.
            views: further (method, path below the control address) and what answers them.
        """
        self._faults = faults
        self._settings = settings
        self._views: dict[tuple[str, str], View] = {
            ('GET', ''): self._index,
            ('GET', '/faults'): lambda _request: self._faults.view(),
            ('POST', '/faults'): self._add_fault,
            ('DELETE', '/faults'): self._clear_faults,
            ('GET', '/settings'): lambda _request: dataclasses.asdict(self._settings),
            ('POST', '/settings'): self._change_settings,
            **views,
        }

    @staticmethod
    def covers(request: Request) -> bool:
        return request.path == CONTROL_PATH or request.path.startswith(f'{CONTROL_PATH}/')

    def reply(self, request: Request) -> Reply:
        path = request.path.removeprefix(CONTROL_PATH).rstrip('/')
        view = self._views.get((request.method, path))
        if view is None:
            return json_reply({'error': f'no such control: {request.method} {path}'}, 404)
        try:
            return json_reply(view(request))
        except (ValueError, TypeError, KeyError) as error:
            return json_reply({'error': str(error)}, 400)

    def _index(self, _request: Request) -> Any:
        return {
            'controls': sorted(f'{method} {CONTROL_PATH}{path}' for method, path in self._views),
            'faults': self._faults.catalog,
            'settings': dataclasses.asdict(self._settings),
        }

    def _add_fault(self, request: Request) -> Any:
        values = dict(request.json())
        params = values.pop('params', {})
        self._faults.add(values.pop('name'), **{**values, **params})
        return self._faults.view()

    def _clear_faults(self, request: Request) -> Any:
        self._faults.clear(dict(request.query).get('name'))
        return self._faults.view()

    def _change_settings(self, request: Request) -> Any:
        change_settings(self._settings, request.json())
        return dataclasses.asdict(self._settings)
