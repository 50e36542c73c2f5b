"""Lists as CSV that a spreadsheet shows and does not execute."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable

from sentinel_app.api.call import CSV, Document
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.file_name import download_name
from sentinel_app.api.schemas import (
    Finding,
    MatchedIndicator,
    ReportedQuery,
    WithdrawableObject,
)
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.invisible import BLANK, CONTROL, IGNORABLE

# Replies go through the platform's broker as one piece and stay under 1 MB.
MAX_CSV_BYTES = 950_000
# Excel takes UTF-8 for the machine's own code page without this.
_BYTE_ORDER_MARK = '\ufeff'
# Source: OWASP, "CSV Injection": cells that begin so are taken for formulas. The others are forms
# of these characters that programs for other scripts read like them.
_FORMULA = '=+\\-@\u2212\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20'
# What a program cuts at that takes no commas, or no quotes that do not begin a cell: the list
# separator of many countries, and whatever may count as the end of a line.
_CUTS = ';\t\r\n\x0b\x0c\x85\u2028\u2029'
# What may stand before a formula without anybody seeing it; a quote may be taken off.
_UNSEEN = f'{BLANK}{CONTROL}{IGNORABLE}"'
_BEGINNING = re.compile(f'[\t\r\n]|[{_UNSEEN}]*[{_FORMULA}]')
_BEHIND_A_CUT = re.compile(f'([{_CUTS}])(?=(?:(?![{_CUTS}])[{_UNSEEN}])*[{_FORMULA}])')
_HEADINGS = (
    'request_id',
    'query',
    'date_added',
    'code',
    'message',
    'reason',
    'state',
    'date_state',
    'indicator_id',
    'indicator_type',
    'summary',
    'owner',
    'web_link',
)


def csv_document(subject: str, content: bytes, deps: ApiDeps) -> Document:
    """Return CSV as a file that is named after its subject, this Service and today."""
    facts = deps.health.snapshot()
    name = download_name(
        subject,
        organization=facts.organization,
        source_name=facts.source_name,
        now=deps.clock.now(),
    )
    return Document(content=content, media_type=f'{CSV}; charset=utf-8', file_name=name)


def safe_cell(value: object) -> str:
    """Return the value as text that no spreadsheet takes for a formula, wherever it cuts it.

    An apostrophe goes to the beginning of a cell that could be one, and behind each character
    within that some program takes for the end of a cell and behind which a formula would begin.
    """
    text = '' if value is None else str(value)
    beginning = "'" if _BEGINNING.match(text) else ''
    return beginning + _BEHIND_A_CUT.sub(r"\1'", text)


def _row_text(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator='\r\n').writerow([safe_cell(cell) for cell in cells])
    return line.getvalue()


def _time(at: dt.datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace('+00:00', 'Z')


MOST_CSV_OBJECTS = 20_000
"""More lines than ever fit."""
_WITHDRAWAL_HEADINGS = (
    *('Value', 'Type', 'Hash', 'Indicator', 'Owner', 'Indicator ID', 'Query', 'Valid Until'),
)


def withdrawal_csv(objects: Iterable[WithdrawableObject]) -> bytes:
    """Return a line for each object; where the reply would grow too large, a last line says so."""
    return _csv(
        _WITHDRAWAL_HEADINGS,
        (
            (
                *(each.value, each.type, each.hash_kind, each.summary, each.owner),
                *(each.indicator_id, each.query.label if each.query else None),
                _time(each.valid_until),
            )
            for each in objects
        ),
        'There is more than fits here. Ask for pages of JSON.',
    )


def _csv(headings: Iterable[str], rows: Iterable[Iterable[object]], cut: str) -> bytes:
    lines = [(_BYTE_ORDER_MARK + _row_text(headings)).encode()]
    size_bytes = len(lines[0])
    for row in rows:
        line = _row_text(row).encode(errors='replace')
        size_bytes += len(line)
        if size_bytes > MAX_CSV_BYTES:
            lines.append(_row_text((cut,)).encode())
            break
        lines.append(line)
    return b''.join(lines)


def errors_csv(entries: Iterable[tuple[ErrorEntry, ReportedQuery | None]]) -> bytes:
    """Return one line for each error; where the reply would grow too large, a last line says so."""
    return _csv(
        _HEADINGS,
        (
            (
                entry.request_id,
                query.label if query else None,
                _time(entry.at),
                entry.code,
                entry.message,
                entry.reason,
                entry.state,
                _time(entry.state_at),
                entry.indicator_id,
                entry.indicator_type,
                entry.summary,
                entry.owner_name,
                entry.web_link,
            )
            for entry, query in entries
        ),
        'There is more than fits here. Narrow the filter.',
    )


_FINDING_HEADINGS = (
    'kind',
    'stix_type',
    'name',
    'indicator_id',
    'indicator_type',
    'summary',
    'owner',
    'query',
    'stix_id',
    'date_accepted',
    'sent_modified',
    'sent_valid_until',
    'sent_confidence',
    'sentinel_modified',
    'sentinel_valid_until',
    'sentinel_confidence',
    'sentinel_revoked',
    'sentinel_deleted',
    'sentinel_active',
    'request_id',
)


def findings_csv(rows: Iterable[Finding]) -> bytes:
    """Return the findings of Verify, one on each line."""
    return _csv(
        _FINDING_HEADINGS,
        map(_finding_cells, rows),
        'There is more than fits here. Narrow the filter.',
    )


def _finding_cells(finding: Finding) -> Iterable[object]:
    indicator, held, seen = finding.indicator, finding.held, finding.seen
    return (
        finding.kind,
        finding.stix_type,
        finding.name,
        *(
            (None,) * 4
            if indicator is None
            else (indicator.id, indicator.type, indicator.summary, indicator.owner)
        ),
        None if finding.query is None else finding.query.label,
        finding.stix_id,
        *(
            (None,) * 4
            if held is None
            else (
                *(_time(held.date_accepted), _time(held.date_modified)),
                *(_time(held.valid_until), held.confidence),
            )
        ),
        *(
            (None,) * 6
            if seen is None
            else (
                *(_time(seen.date_modified), _time(seen.valid_until), seen.confidence),
                *(seen.is_revoked, seen.is_deleted, seen.is_active),
            )
        ),
        finding.request_id,
    )


_MATCH_HEADINGS = (
    *('indicator_id', 'type', 'summary', 'owner', 'query', 'kind', 'alerts'),
    *('first', 'last', 'severity', 'alert_names', 'alert_link', 'web_link'),
)


def matches_csv(matched: Iterable[MatchedIndicator]) -> bytes:
    """Return a line for each Indicator; a last one says so where the reply would be too large."""
    return _csv(
        _MATCH_HEADINGS,
        (
            (
                *(each.id, each.type, each.summary, each.owner),
                *(each.query.label if each.query else None, each.kind, each.count_alerts),
                *(_time(each.date_first), _time(each.date_last), each.severity),
                *(', '.join(each.alert_names), each.alert_link, each.web_link),
            )
            for each in matched
        ),
        'There is more than fits here. Narrow the filter.',
    )
