"""KQL over rows in memory: what a query answers, in the types and spellings of the service.

The query is translated by `duckdb-kql` and run by DuckDB. What these two lack is a fault: an
answer is never made up.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import duckdb_kql
from duckdb_kql.types import kusto_type

from tests.simulators.log_analytics.answer import Answer, View
from tests.simulators.log_analytics.cell import writer
from tests.simulators.log_analytics.query_fault import (
    QueryFault,
    SemanticFault,
    SyntaxFault,
    UnsupportedFault,
)
from tests.simulators.log_analytics.schema import TABLES, Columns
from tests.simulators.log_analytics.spelling import check_case

_STORE = 'stored'
"""DuckDB's schema of the rows, which no query can name."""

_DUCKDB_TYPES = {
    'string': 'VARCHAR',
    'guid': 'VARCHAR',
    'datetime': 'TIMESTAMP',
    'bool': 'BOOLEAN',
    'int': 'INTEGER',
    'long': 'BIGINT',
    'real': 'DOUBLE',
    'dynamic': 'JSON',
}
_LARGEST_ROW_BYTES = 64 * 1024 * 1024
_UNKNOWN_COLUMN = re.compile(
    r'Referenced column "(?P<plain>[^"]+)" not found'
    r'|Column "(?P<hidden>[^"]+)" (?:in EXCLUDE list not|referenced that exists in the SELECT)'
    r'|Alias with name "(?P<grouped>[^"]+)" exists'
    r'|Values list "[^"]+" does not have a column named "(?P<joined>[^"]+)"'
)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(',', ':')).encode
_UNKNOWN_TABLE = re.compile(r'Table with name "?([^" ]+)"? does not exist')


class Engine:
    """Tables in memory and the queries over them; safe between threads.

    Rows are only ever added. `now()` and `ago()` follow `clock`, in seconds since 1970.
    """

    def __init__(
        self,
        schemas: Mapping[str, Columns] = TABLES,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._schemas = {table: MappingProxyType(dict(schemas[table])) for table in schemas}
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = duckdb_kql.connect()
        self._connection.execute(f'CREATE SCHEMA {_STORE}')
        for table, columns in self._schemas.items():
            parts = (f'{_quoted(name)} {_DUCKDB_TYPES[kind]}' for name, kind in columns.items())
            self._connection.execute(f'CREATE TABLE {_stored(table)} ({", ".join(parts)})')

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(self._schemas)

    def close(self) -> None:
        """Free what the rows take."""
        with self._lock:
            self._connection.close()

    def load(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Append rows, all or none.

        Args:
            table: one of the tables.
            rows: values by column. Times are RFC 3339 text, `dynamic` is what JSON holds. What is
                missing or `None` becomes empty text, and null in columns of other types.

        Raises:
            KeyError: no such table.
            ValueError: a column that the table does not have, or a value of another type.
        """
        columns = self._schemas[table]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'rows.jsonl'
            with path.open('w', encoding='utf-8') as file:
                for row in rows:
                    if not row.keys() <= columns.keys():
                        unknown = ', '.join(sorted(row.keys() - columns.keys()))
                        raise ValueError(f'{table} has no column {unknown}')
                    file.write(_encode(row) + '\n')
            if path.stat().st_size:
                self._read(table, path)

    def clear(self) -> None:
        """Delete every row."""
        with self._lock:
            for table in self._schemas:
                self._connection.execute(f'DELETE FROM {_stored(table)}')

    def row_count(self, table: str, view: View | None = None) -> int:
        """Return how many rows of a table a view shows."""
        condition = (view or View()).condition
        cursor = self._cursor()
        try:
            # Both parts are the stand-in's own.
            found = cursor.execute(f'SELECT count(*) FROM {_stored(table)} WHERE {condition}')
            return int((found.fetchone() or (0,))[0])
        finally:
            cursor.close()

    def run(
        self,
        query: str,
        *,
        views: Mapping[str, View] = MappingProxyType({}),
        missing: Iterable[str] = (),
    ) -> Answer:
        """Evaluate a query.

        Args:
            query: KQL.
            views: what is seen of a table, by its name; all of it where none is given.
            missing: tables that are as good as not there.

        Raises:
            SyntaxFault: it does not parse.
            SemanticFault: an unknown table or column.
            UnsupportedFault: the engine lacks something that the query needs.
        """
        gone = frozenset(missing)
        tables = {name: columns for name, columns in self._schemas.items() if name not in gone}
        check_case(query, tables)
        translated = self._translate(query, tables)
        sources = ', '.join(
            _source(name, columns, views.get(name, View())) for name, columns in tables.items()
        )
        head = f'WITH {sources} ' if sources else ''
        sql = f'{head}SELECT * FROM ({translated})'
        cursor = self._cursor()
        try:
            cursor.execute(sql, dict(translated.parameters) or None)
            columns = tuple(
                (str(entry[0]), kusto_type(entry[1])) for entry in cursor.description or ()
            )
            writers = [writer(kind) for _name, kind in columns]
            rows = [
                [write(value) for write, value in zip(writers, row, strict=True)]
                for row in cursor.fetchall()
            ]
        except duckdb.Error as error:
            raise _fault(error) from error
        finally:
            cursor.close()
        return Answer(columns=columns, rows=rows)

    def _translate(self, query: str, tables: Mapping[str, Columns]) -> duckdb_kql.TranslationResult:
        if query.lstrip().startswith('.'):
            raise SyntaxFault('A control command is no query')
        now = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        try:
            return duckdb_kql.to_sql(
                query,
                schema={name: list(columns) for name, columns in tables.items()},
                allow_write=False,
                query_now=now,
            )
        except duckdb_kql.KqlSyntaxError as error:
            spans = [diagnostic.span for diagnostic in error.diagnostics]
            line, position = (spans[0].line, spans[0].column + 1) if spans else (1, 1)
            raise SyntaxFault(str(error), line, position) from error
        except duckdb_kql.KqlSchemaError as error:
            if (error.hint or '').startswith('unknown table'):
                raise SemanticFault(error.name, is_table=True) from error
            raise UnsupportedFault(str(error), error.name) from error
        except duckdb_kql.KqlError as error:
            raise UnsupportedFault(str(error)) from error

    def _read(self, table: str, path: Path) -> None:
        columns = self._schemas[table]
        kinds = {
            name: 'VARCHAR' if kind == 'datetime' else _DUCKDB_TYPES[kind]
            for name, kind in columns.items()
        }
        values = ', '.join(_stored_value(name, kind) for name, kind in columns.items())
        sql = (
            f'INSERT INTO {_stored(table)} SELECT {values} FROM read_json($path, '
            f"format = 'newline_delimited', columns = $kinds, "
            f'maximum_object_size = {_LARGEST_ROW_BYTES})'
        )
        with self._lock:
            try:
                self._connection.execute(sql, {'path': str(path), 'kinds': kinds})
            except duckdb.Error as error:
                raise ValueError(f'{table} does not take these rows: {error}') from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return cursor


def _fault(error: duckdb.Error) -> QueryFault:
    """Tell what DuckDB could not find from what it cannot do."""
    text = str(error)
    if isinstance(error, duckdb.CatalogException) and (match := _UNKNOWN_TABLE.search(text)):
        return SemanticFault(match[1], is_table=True)
    if isinstance(error, duckdb.BinderException) and (match := _UNKNOWN_COLUMN.search(text)):
        return SemanticFault(next(name for name in match.groups() if name), is_table=False)
    return UnsupportedFault(text)


def _source(table: str, columns: Columns, view: View) -> str:
    """Make the table expression that hides the stored rows from the query."""
    values = ', '.join(
        f'{view.columns[name]} AS {_quoted(name)}' if name in view.columns else _quoted(name)
        for name in columns
    )
    return (
        f'{_quoted(table)} AS NOT MATERIALIZED '
        f'(SELECT {values} FROM {_stored(table)} WHERE {view.condition})'
    )


def _stored_value(name: str, kind: str) -> str:
    column = _quoted(name)
    if kind in ('string', 'guid'):
        return f"coalesce({column}, '')"
    if kind == 'datetime':
        return f"CAST({column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    return column


def _stored(table: str) -> str:
    return f'{_STORE}.{_quoted(table)}'


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
