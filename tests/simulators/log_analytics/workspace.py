"""What the workspace holds, and how much of it a query gets to see."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.simulators.log_analytics.answer import Answer, View
from tests.simulators.log_analytics.schema import ALERTS, INDICATORS, OBJECTS, TABLES
from tests.simulators.log_analytics.settings import LogAnalyticsSettings
from tests.simulators.log_analytics.time_range import TimeRange
from tests.simulators.sentinel import Row, SentinelSimulator

_DAY_S = 86_400.0
_ROWS_AT_A_TIME = 20_000
_SCOPES = 10_000
"""Into so many parts row scoping divides the objects."""


class Workspace:
    """The rows of the Sentinel stand-in and alerts beside them, ready for queries.

    Sentinel's rows are taken over before each query, only those that are new.
    """

    def __init__(
        self,
        sentinel: SentinelSimulator,
        settings: LogAnalyticsSettings,
        clock: Callable[[], float],
    ) -> None:
        self._sentinel = sentinel
        self._settings = settings
        self._clock = clock
        # Processes that only describe a stand-in need not load the engine, which is large.
        from tests.simulators.log_analytics.engine import Engine

        self._engine = Engine(clock=clock)
        self._lock = threading.Lock()
        self._alerts: list[dict[str, Any]] = []
        self._position = 0
        self._generation = sentinel.table.generation

    @property
    def alerts(self) -> tuple[dict[str, Any], ...]:
        """Rows of `SecurityAlert`, oldest first."""
        with self._lock:
            return tuple(self._alerts)

    @property
    def is_empty(self) -> bool:
        """Whether there is no row in any table."""
        return not self._sentinel.table.row_count and not self.alerts

    def row_count(self, table: str) -> int:
        """Return how many rows of a table a query sees now."""
        self._take_over()
        return self._engine.row_count(table, self._view(table, TimeRange()))

    def add_alerts(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows to `SecurityAlert`; what they do not say is as of now.

        Raises:
            ValueError: a column that the table does not have, or a value of another type.
        """
        now = _text(_time(self._clock()))
        complete = [
            {
                'TimeGenerated': now,
                'TenantId': self._sentinel.workspace_id,
                'SourceSystem': 'Detection',
                'Type': ALERTS,
                **row,
            }
            for row in rows
        ]
        with self._lock:
            self._engine.load(ALERTS, complete)
            self._alerts.extend(complete)

    def add_indicators(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows to `ThreatIntelIndicators`, until the Sentinel stand-in is emptied.

        Raises:
            ValueError: a column that the table does not have, or a value of another type.
        """
        with self._lock:
            self._engine.load(INDICATORS, rows)

    def run(self, query: str, time_range: TimeRange) -> Answer:
        """Evaluate a query over what it gets to see; raises as `Engine.run` does."""
        self._take_over()
        missing = set()
        if self._settings.is_missing_before_upload and not self._sentinel.table.row_count:
            missing |= {INDICATORS, OBJECTS}
        if not self._settings.has_alert_table:
            missing.add(ALERTS)
        views = {table: self._view(table, time_range) for table in TABLES}
        return self._engine.run(query, views=views, missing=missing)

    def denied(self) -> tuple[str, ...]:
        """Return the tables that the caller may not read, in the order of their names."""
        return tuple(sorted(_names(self._settings.denied_tables)))

    def clear_alerts(self) -> None:
        """Delete the alerts."""
        with self._lock:
            self._alerts.clear()
            self._reload()

    def save(self, path: Path) -> None:
        """Write the alerts as JSON lines."""
        lines = (json.dumps(row, ensure_ascii=False) + '\n' for row in self.alerts)
        path.write_text(''.join(lines), encoding='utf-8')

    def load(self, path: Path) -> None:
        """Take up the alerts that `save` wrote, if they are there."""
        if path.exists():
            with path.open(encoding='utf-8') as file:
                self.add_alerts(json.loads(line) for line in file)

    def _take_over(self) -> None:
        with self._lock:
            if self._sentinel.table.generation != self._generation:
                self._reload()
            while found := self._sentinel.table.rows_from(self._position, _ROWS_AT_A_TIME):
                self._load(found)
                self._position += len(found)

    def _load(self, found: Iterable[tuple[Row, dict[str, Any]]]) -> None:
        indicators, objects = [], []
        for _row, columns in found:
            if columns['Type'] == INDICATORS:
                # Whether it is valid now is for each query to say.
                is_active = not columns['Revoked'] and not columns['IsDeleted']
                indicators.append({**columns, 'IsActive': is_active})
            else:
                objects.append(columns)
        self._engine.load(INDICATORS, indicators)
        self._engine.load(OBJECTS, objects)

    def _reload(self) -> None:
        self._engine.clear()
        self._engine.load(ALERTS, self._alerts)
        self._position = 0
        self._generation = self._sentinel.table.generation

    def _view(self, table: str, time_range: TimeRange) -> View:
        settings = self._settings
        if table in _names(settings.protected_tables) | _names(settings.denied_tables):
            return View(condition='false')
        conditions = [*self._time_conditions(table, time_range)]
        columns = {}
        if table != ALERTS:
            if settings.hidden_percent:
                conditions.append(
                    f'md5_number_lower("Id") % {_SCOPES} >= '
                    f'{int(settings.hidden_percent / 100 * _SCOPES)}'
                )
            if settings.is_data_dropped:
                columns['Data'] = 'CAST(NULL AS JSON)'
        if table == INDICATORS:
            now = _literal(_time(self._clock()))
            columns['IsActive'] = (
                f'"IsActive" AND coalesce("ValidFrom" <= {now}, true) '
                f'AND coalesce({now} < "ValidUntil", true)'
            )
            if settings.are_unparsed_rows_dropped:
                conditions.append('"ObservableKey" <> \'\'')
            if settings.is_observable_key_dropped:
                columns['ObservableKey'] = "''"
        return View(condition=' AND '.join(conditions) or 'true', columns=columns)

    def _time_conditions(self, table: str, time_range: TimeRange) -> Iterable[str]:
        now = self._clock()
        delay_s = self._settings.ingestion_delay_s
        if table != ALERTS:
            delay_s = max(delay_s, self._sentinel.settings.visibility_delay_s)
        if delay_s:
            yield f'"TimeGenerated" <= {_literal(_time(now - delay_s))}'
        if self._settings.retention_days:
            oldest = _time(now - self._settings.retention_days * _DAY_S)
            yield f'"TimeGenerated" > {_literal(oldest)}'
        if time_range.start:
            yield f'"TimeGenerated" >= {_literal(time_range.start)}'
        if time_range.end:
            yield f'"TimeGenerated" <= {_literal(time_range.end)}'


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(',') if name.strip()}


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _text(at: dt.datetime) -> str:
    return at.isoformat().replace('+00:00', 'Z')


def _literal(at: dt.datetime) -> str:
    return f"TIMESTAMP '{at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(' ')}'"
