"""Rows of `SecurityAlert`: the query for them, and what is read from one.

Source: learn.microsoft.com/azure/azure-monitor/reference/tables/securityalert, and
learn.microsoft.com/azure/sentinel/surface-custom-details-in-alerts. Each update of an alert is
another row.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel_app.core.alert import Alert, AlertSeverity
from sentinel_app.core.alert_entity import EntityValues, entity_values
from sentinel_app.core.kql import time_literal
from sentinel_app.core.text import shortened
from sentinel_app.core.timestamp import from_text

COLUMNS: Final = (
    *('TimeGenerated', 'SystemAlertId', 'DisplayName', 'AlertName', 'AlertSeverity'),
    *('ProductName', 'AlertLink', 'StartTime', 'EndTime', 'CustomDetails', 'Entities'),
)
"""Columns of the query, in the order in which `read_alert` expects them."""

LONGEST_NAME: Final = 300
LONGEST_ID: Final = 200
LONGEST_LINK: Final = 2_000

_TAKEN: Final = ', '.join(
    name for name in COLUMNS if name not in {'TimeGenerated', 'SystemAlertId', 'CustomDetails'}
)
_STIX_ID: Final = re.compile(r'indicator--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])')
_SEPARATORS: Final = re.compile(r'[\s,;:|"\'\\\[\]{}()]+')
_BETWEEN: Final = '---'
_SEVERITIES: Final = {str(each): each for each in AlertSeverity}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAlert:
    """An alert with all that it may be matched by."""

    alert: Alert
    generated_at: dt.datetime
    """When its row was stored."""
    stix_ids: frozenset[str]
    """Ids in its custom details that are of our source, or of no named one."""
    values: EntityValues
    is_whole: bool
    """Whether its details and entities could be read in full."""


def alerts_query(start: dt.datetime, end: dt.datetime, *, most: int) -> str:
    """Return the KQL query for the newest row of each alert that was stored in a period.

    Args:
        start: first time.
        end: time after the last one.
        most: maximum rows, oldest first.
    """
    return (
        'SecurityAlert\n'
        f'| where TimeGenerated >= {time_literal(start)} and TimeGenerated < {time_literal(end)}\n'
        f'| summarize arg_max(TimeGenerated, {_TAKEN}, ExtendedProperties) by SystemAlertId\n'
        '| extend CustomDetails ='
        ' tostring(parse_json(ExtendedProperties)["Custom Details"])\n'
        '| sort by TimeGenerated asc, SystemAlertId asc\n'
        f'| take {most}\n'
        f'| project {", ".join(COLUMNS)}'
    )


def read_alert(row: Sequence[Any], *, source: str) -> ReadAlert | None:
    """Return the alert of a row; None for one without an id or a time.

    Args:
        row: values of `COLUMNS`.
        source: the source system of our objects.
    """
    (generated, alert_id, shown_name, name, severity, product, link, start, end) = row[:9]
    details, entities = row[9:]
    generated_at = _time(generated)
    if generated_at is None or not (alert_id := _text(alert_id, LONGEST_ID)):
        return None
    end_at = _time(end) or generated_at
    stix_ids, is_whole = _ids(details, source)
    values = entity_values(entities)
    return ReadAlert(
        alert=Alert(
            id=alert_id,
            name=_text(shown_name, LONGEST_NAME) or _text(name, LONGEST_NAME) or alert_id,
            severity=_SEVERITIES.get(str(severity).casefold(), AlertSeverity.UNKNOWN),
            product=_text(product, LONGEST_NAME),
            link=_link(link),
            start_at=min(_time(start) or end_at, end_at),
            end_at=end_at,
        ),
        generated_at=generated_at,
        stix_ids=stix_ids,
        values=values,
        is_whole=is_whole and values.is_whole,
    )


def _text(value: object, limit: int) -> str:
    """Return a cell as well-formed text on one line, shortened to a limit."""
    text = ' '.join(value.split()) if isinstance(value, str) else ''
    return shortened(text.encode('utf-8', 'replace').decode(), limit)


def _time(value: object) -> dt.datetime | None:
    try:
        return from_text(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _link(value: object) -> str | None:
    """Return a link that a browser may safely open; None for anything else."""
    if not isinstance(value, str) or len(value) > LONGEST_LINK:
        return None
    is_safe = value.startswith('https://') and value.isascii() and value.isprintable()
    return value if is_safe and ' ' not in value else None


def _ids(details: object, source: str) -> tuple[frozenset[str], bool]:
    """Return the STIX ids in the custom details that may be ours, and whether these are all.

    A detail is a list of texts, and a text may be a list again. The limit on the size of details
    may have cut them anywhere.
    """
    texts, is_whole = list(_leaves(details)), True
    if isinstance(details, str) and details.strip():
        try:
            texts = list(_leaves(json.loads(details)))
        except (ValueError, RecursionError):
            is_whole = False
    prefix = base64.b64encode(source.encode()).decode() + _BETWEEN
    found: set[str] = set()
    for part in (part for text in texts for part in _SEPARATORS.split(text)):
        match = _STIX_ID.search(part)
        if match is not None and part[: match.start()] in {'', prefix}:
            found.add(match.group())
        elif match is None and part.startswith(prefix):
            is_whole = False
    return frozenset(found), is_whole


def _leaves(value: object) -> Iterator[str]:
    """Yield all texts in a JSON value."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
