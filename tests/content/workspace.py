"""A workspace as the rules find it: objects of the App's own mapping, and events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.pattern import PatternStyle
from tests.content.tables import WORKSPACE_TABLES
from tests.harness.builders.indicator import NOW, make_objects, make_options
from tests.simulators.log_analytics.answer import Answer
from tests.simulators.log_analytics.engine import Engine
from tests.simulators.log_analytics.schema import INDICATORS, OBJECTS
from tests.simulators.sentinel.table import Table

SOURCE_SYSTEM = 'ThreatConnect-Main'
HOUR = dt.timedelta(hours=1)

MISSING_FUNCTIONS = {
    'ipv4_is_in_range': 'parse_ipv4',
    'ipv6_is_in_range': 'parse_ipv6',
}
"""What the engine lacks, and the function of its own that stands in for it.

Both parse functions take the bits of a block, so an address is in a block if, cut to as many bits,
it is the same number. Microsoft's parser sees the queries as they are.
"""
_STAND_IN = (
    'let {name} = (address: string, block: string) '
    '{{ {parse}(strcat(address, "/", tostring(split(block, "/")[1]))) == {parse}(block) }};\n'
)


class Workspace:
    """The tables of Sentinel at one time.

    Args:
        style: how the App writes patterns.
        now: the time of every query.
        ttl_hours: TTL of the objects.
    """

    def __init__(
        self,
        style: PatternStyle = PatternStyle.AS_LOGS_WRITE_IT,
        *,
        now: dt.datetime = NOW,
        ttl_hours: int = 720,
    ) -> None:
        self.now = now
        self._clock_at = now - 2 * HOUR
        hours = {kind.name.lower(): ttl_hours for kind in IndicatorType}
        self._options = make_options(style, **hours)
        self._table = Table('w', 't', clock=self._table_clock)
        self._engine = Engine(WORKSPACE_TABLES, clock=self._query_clock)

    def _table_clock(self) -> float:
        return self._clock_at.timestamp()

    def _query_clock(self) -> float:
        return self.now.timestamp()

    def close(self) -> None:
        self._engine.close()

    def send(
        self,
        indicators: Iterable[Indicator],
        *,
        source_system: str = SOURCE_SYSTEM,
        is_revoked: bool = False,
    ) -> None:
        """Upload the objects of these Indicators, each time a minute later."""
        self._clock_at += dt.timedelta(minutes=1)
        objects = [
            stix | ({'revoked': True} if is_revoked else {})
            for indicator in indicators
            for stix in make_objects(indicator, now=self._clock_at, options=self._options)
        ]
        self._table.append(source_system, objects, request_number=1)

    def send_context(
        self, objects: Iterable[Mapping[str, Any]], *, source_system: str = SOURCE_SYSTEM
    ) -> None:
        """Upload objects that are no Indicators, each time a minute later."""
        self._clock_at += dt.timedelta(minutes=1)
        self._table.append(source_system, [dict(stix) for stix in objects], request_number=1)

    def delete(self, stix_id: str) -> None:
        """Delete an object by hand, a minute later."""
        self._clock_at += dt.timedelta(minutes=1)
        self._table.delete(stix_id)

    def load_all(self) -> None:
        """Fill the tables of Indicators and of all other objects with what was uploaded."""
        self.load_indicators()
        self._engine.load(OBJECTS, self._rows_of(OBJECTS))

    def load_deleted(self, stix_id: str) -> None:
        """Add the row of an object that was deleted by hand, which says no more than its id."""
        mark = {'TimeGenerated': (self.now - HOUR).isoformat(), 'IsDeleted': True}
        rows = [row for row in self._rows_of(OBJECTS) if row['Id'].endswith(f'---{stix_id}')]
        self._engine.load(OBJECTS, [{name: rows[0][name] for name in _IDENTITY} | mark])

    def _rows_of(self, table: str) -> list[dict[str, Any]]:
        return [row for row in self._table.rows() if row['Type'] == table]

    def load_indicators(self, *, written_late: bool = True) -> None:
        """Fill the table with what was uploaded.

        Args:
            written_late: whether `IsActive` is that of now, or that of the upload.
        """
        if written_late:
            self._clock_at = self.now
        self._engine.load(INDICATORS, self._rows_of(INDICATORS))

    def load_deletions(self, *, with_all_columns: bool) -> None:
        """Add a row for everything that was uploaded, as deleting by hand does.

        Args:
            with_all_columns: whether the row says more than the id, which nobody knows.
        """
        mark = {'TimeGenerated': (self.now - HOUR).isoformat(), 'IsDeleted': True, 'IsActive': True}
        rows = [
            {name: value for name, value in row.items() if with_all_columns or name in _IDENTITY}
            for row in self._rows_of(INDICATORS)
        ]
        self._engine.load(INDICATORS, [row | mark for row in rows])

    def load_events(self, table: str, events: Iterable[Mapping[str, Any]]) -> None:
        """Fill a table of events; those that name no time are ten minutes old."""
        at = (self.now - dt.timedelta(minutes=10)).isoformat()
        self._engine.load(table, [{'TimeGenerated': at, **event} for event in events])

    def ask(self, query: str, *, source_system: str = SOURCE_SYSTEM) -> Answer:
        """Run a query of the project for one source system."""
        filled = query.replace('"ThreatConnect"', f'"{source_system}"', 1)
        return self.run(filled)

    def run(self, query: str) -> Answer:
        """Run a query as it is, with what the engine lacks."""
        lacking = (name for name in MISSING_FUNCTIONS if f'{name}(' in query)
        head = ''.join(_STAND_IN.format(name=n, parse=MISSING_FUNCTIONS[n]) for n in lacking)
        return self._engine.run(head + query)


_IDENTITY = ('Id', 'SourceSystem', 'Type')


@contextmanager
def opened(*args: Any, **kwargs: Any) -> Iterator[Workspace]:
    """A workspace that is closed again."""
    workspace = Workspace(*args, **kwargs)
    try:
        yield workspace
    finally:
        workspace.close()


def dicts(answer: Answer) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    names = [name for name, _kind in answer.columns]
    return [dict(zip(names, row, strict=True)) for row in answer.rows]
