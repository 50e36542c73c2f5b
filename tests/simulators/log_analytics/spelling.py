"""The case of names: KQL tells `Id` from `id`, DuckDB does not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.simulators.log_analytics.query_fault import SemanticFault
from tests.simulators.log_analytics.schema import Columns

_NO_NAME = re.compile(r"""//[^\n]*|@"[^"]*"|@'[^']*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""")
_OPERATOR = re.compile(r'\|\s*[a-z-]+')
_SORTED = re.compile(r'\|\s*(?:order|sort|top)\b')
_NAME = re.compile(r'(?<![\w.])[A-Za-z_]\w*\b(?!\s*\()')
_DEFINED = re.compile(r'([A-Za-z_]\w*)\s*(?:=(?![=~])|:)|\bas\s+([A-Za-z_]\w*)')


def names(query: str) -> tuple[str, ...]:
    """Return the names of tables, columns and values in a query.

    What stands in texts, comments and paths is none, and neither are functions and operators.
    """
    code = _OPERATOR.sub('|', _NO_NAME.sub(' ', query))
    return tuple(match[0] for match in _NAME.finditer(code))


def is_sorted(query: str) -> bool:
    """Tell whether a query asks for an order of its rows."""
    return bool(_SORTED.search(_NO_NAME.sub(' ', query)))


def check_case(query: str, tables: Mapping[str, Columns]) -> None:
    """Refuse a name that is a table's or a column's but for its case.

    Raises:
        SemanticFault: such a name, unless the query itself defines it.
    """
    code = _NO_NAME.sub(' ', query)
    defined = {name for match in _DEFINED.finditer(code) for name in match.groups() if name}
    used = names(query)
    by_fold = {table.casefold(): table for table in tables}
    for name in used:
        if name not in defined and by_fold.get(name.casefold(), name) != name:
            raise SemanticFault(name, is_table=True)
    columns = {column for table in tables if table in used for column in tables[table]}
    folds = {column.casefold() for column in columns}
    for name in used:
        if name not in columns | defined and name not in tables and name.casefold() in folds:
            raise SemanticFault(name, is_table=False)
