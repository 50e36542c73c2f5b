"""What matches are made of: alerts, and objects that they may be about."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

from sentinel_app.core.alert import Alert, AlertSeverity
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.object_text import TIMES, content_hash, object_text
from sentinel_app.core.outbox import ChosenObject
from sentinel_app.core.timestamp import to_millis, to_seconds
from tests.harness.builders.update import address, make_chosen
from tests.harness.clocks import NOON

SOURCE = 'ThreatConnect-Prod'
MINUTE = dt.timedelta(minutes=1)


def web_link(number: int) -> str:
    """Where ThreatConnect shows an Indicator."""
    return f'https://tc.example.test/{number}'


def sendable(number: int, key: ObjectKey | None = None, **fields: Any) -> ChosenObject:
    """The object of an Indicator, to be sent; of the Address with its number without a key."""
    description = json.dumps({'webLink': web_link(number)})
    text = object_text({'description': description} | dict.fromkeys(TIMES, to_millis(NOON)))
    defaults = {'indicator_id': number, 'text': text, 'content_hash': content_hash(text)}
    return make_chosen(key or address(number), **(defaults | fields))


def table_id(key: ObjectKey, source: str = SOURCE) -> str:
    """The `Id` of a key's object in Sentinel's table."""
    return f'{base64.b64encode(source.encode()).decode()}---{object_id(key)}'


def make_alert(number: int = 1, **fields: Any) -> Alert:
    """An alert that lasted a minute and ended so many minutes before noon."""
    end_at = fields.get('end_at', NOON - number * MINUTE)
    defaults: dict[str, Any] = {
        'id': f'a-{number}',
        'name': 'TI map IP entity',
        'severity': AlertSeverity.MEDIUM,
        'product': 'Azure Sentinel',
        'link': f'https://security.microsoft.com/alerts/a-{number}',
        'start_at': end_at - MINUTE,
        'end_at': end_at,
    }
    return Alert(**(defaults | fields))


def alert_row(number: int, *, at: dt.datetime, **cells: Any) -> dict[str, Any]:
    """A row of `SecurityAlert` that was stored at a time."""
    return {
        'TimeGenerated': to_millis(at),
        'SystemAlertId': f'a-{number}',
        'DisplayName': 'TI map IP entity',
        'AlertName': 'TI map IP entity to a network session',
        'AlertSeverity': 'Medium',
        'ProductName': 'Azure Sentinel',
        'AlertLink': '',
        'StartTime': to_seconds(at),
        'EndTime': to_seconds(at),
        'ExtendedProperties': '',
        'Entities': '',
    } | cells


def with_ids(*ids: str) -> str:
    """The `ExtendedProperties` of an alert whose rule maps ids."""
    return json.dumps({'Custom Details': json.dumps({'IndicatorId': list(ids)}), 'Query': 'x'})


def with_addresses(*addresses: str) -> str:
    """The `Entities` of an alert with addresses."""
    return json.dumps(
        [
            {'$id': str(number), 'Type': 'ip', 'Address': each}
            for number, each in enumerate(addresses, 2)
        ]
    )
