"""Errors as CSV that a spreadsheet shows and does not execute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from sentinel_app.core.models import ErrorEntry

# Replies go through the platform's broker as one piece and stay under 1 MB.
MAX_CSV_BYTES = 950_000
# Excel takes UTF-8 for the machine's own code page without this.
_BYTE_ORDER_MARK = '\ufeff'
# Source: OWASP, "CSV Injection": cells that begin so are taken for formulas.
_FORMULA_STARTS = ('=', '+', '-', '@', '\t', '\r', '\n', '\uff1d', '\uff0b', '\uff0d', '\uff20')
_HEADINGS = (
    'request_id',
    'date_added',
    'code',
    'message',
    'reason',
    'indicator_id',
    'indicator_type',
    'summary',
    'owner',
    'web_link',
)


def safe_cell(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula."""
    text = '' if value is None else str(value)
    return f"'{text}" if text.lstrip(' ').startswith(_FORMULA_STARTS) else text


def _row_text(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator='\r\n').writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def errors_csv(entries: Iterable[ErrorEntry]) -> bytes:
    """One line for each error; where the reply would grow too large, a last line says so."""
    lines = [(_BYTE_ORDER_MARK + _row_text(_HEADINGS)).encode()]
    size_bytes = len(lines[0])
    for entry in entries:
        line = _row_text(
            (
                entry.request_id,
                entry.at.isoformat().replace('+00:00', 'Z'),
                entry.code,
                entry.message,
                entry.reason,
                entry.indicator_id,
                entry.indicator_type,
                entry.summary,
                entry.owner_name,
                entry.web_link,
            )
        ).encode(errors='replace')
        size_bytes += len(line)
        if size_bytes > MAX_CSV_BYTES:
            lines.append(_row_text(('There is more than fits here. Narrow the filter.',)).encode())
            break
        lines.append(line)
    return b''.join(lines)
