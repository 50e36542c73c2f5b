"""An answer as JSON, cut where it is too large."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.simulators.log_analytics.answer import Answer
from tests.simulators.log_analytics.reply import partial_error
from tests.simulators.log_analytics.settings import LogAnalyticsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What goes out for one answer."""

    body: bytes
    row_count: int
    """Rows in it."""
    size_bytes: int
    """JSON of the rows."""
    is_partial: bool


def write_result(
    answer: Answer,
    settings: LogAnalyticsSettings,
    members: dict[str, Any],
    *,
    forced_rows: int | None = None,
) -> Result:
    """Write an answer.

    Args:
        answer: of the engine.
        settings: limits and spellings.
        members: what comes beside the tables.
        forced_rows: rows after which it is cut as if it were too large.
    """
    rows, limit = _cut(_spelled(answer, settings), settings.max_rows, settings.max_bytes)
    if forced_rows is not None:
        rows, limit = rows[:forced_rows], 'rows'
    columns = [{'name': name, 'type': kind} for name, kind in answer.columns]
    head = json.dumps(columns, ensure_ascii=False)
    tables = f'[{{"name": "PrimaryResult", "columns": {head}, "rows": [{",".join(rows)}]}}]'
    if limit:
        figure = settings.max_rows if limit == 'rows' else settings.max_bytes
        members = {**members, 'error': partial_error(limit, figure)}
    others = ''.join(
        f', {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}'
        for name, value in members.items()
    )
    return Result(
        body=f'{{"tables": {tables}{others}}}'.encode(),
        row_count=len(rows),
        size_bytes=sum(len(row) for row in rows),
        is_partial=bool(limit),
    )


def _cut(rows: list[list[Any]], max_rows: int, max_bytes: int) -> tuple[list[str], str]:
    """Return the rows that fit as JSON, and which limit cut them: `rows`, `bytes` or none."""
    kept: list[str] = []
    size = 0
    for row in rows:
        if len(kept) >= max_rows:
            return kept, 'rows'
        text = json.dumps(row, ensure_ascii=False, separators=(',', ':'))
        size += len(text.encode())
        if size > max_bytes:
            return kept, 'bytes'
        kept.append(text)
    return kept, ''


def _spelled(answer: Answer, settings: LogAnalyticsSettings) -> list[list[Any]]:
    """Return the rows with times and `dynamic` in the form that the settings ask for."""
    changes: dict[int, Callable[[Any], Any]] = {}
    for index, (_name, kind) in enumerate(answer.columns):
        if kind == 'datetime' and settings.time_digits:
            changes[index] = lambda text: _padded(text, settings.time_digits)
        elif kind == 'dynamic' and settings.is_dynamic_native:
            changes[index] = _parsed
    if not changes:
        return answer.rows
    return [
        [changes[index](value) if index in changes else value for index, value in enumerate(row)]
        for row in answer.rows
    ]


def _padded(text: str | None, digits: int) -> str | None:
    if text is None:
        return None
    whole, _, fraction = text.removesuffix('Z').partition('.')
    return f'{whole}.{fraction:0<{digits}}Z'


def _parsed(text: str | None) -> Any:
    with suppress(ValueError, TypeError):
        return json.loads(text or '')
    return text
