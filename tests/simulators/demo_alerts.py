"""Alerts about objects that Sentinel holds, as its rules and other products raise them."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any

from tests.simulators.sentinel.table import row_id

Row = dict[str, Any]
RULE = 'Traffic to a host of threat intelligence'
LONG_NAME = 'Connection to a very long host name, ' + 'seen by many sensors ' * 8


def make_alert(
    number: int,
    *,
    name: str,
    severity: str = 'High',
    hours_ago: float = 2,
    about: str | None = None,
    entities: tuple[Row, ...] = (),
    product: str = 'Azure Sentinel',
) -> Row:
    """Return a row of `SecurityAlert`.

    Args:
        number: tells it from the others.
        name: its name.
        severity: as Microsoft writes it.
        hours_ago: when its last event was.
        about: the `Id` of an object in its custom details.
        entities: its entities, without their numbers.
        product: what raised it.
    """
    end = dt.timedelta(hours=-hours_ago)
    details = {} if about is None else {'Custom Details': json.dumps({'IndicatorId': [about]})}
    return {
        'TimeGenerated': moment(dt.timedelta()),
        'SystemAlertId': f'{uuid.uuid5(uuid.NAMESPACE_DNS, f"alert{number}")}',
        'DisplayName': name,
        'AlertName': name,
        'AlertSeverity': severity,
        'ProductName': product,
        'AlertLink': f'https://security.microsoft.com/alerts/sn{number}',
        'StartTime': moment(end - dt.timedelta(minutes=10)),
        'EndTime': moment(end),
        'ExtendedProperties': json.dumps(details),
        'Entities': json.dumps([{'$id': '2', **entity} for entity in entities]),
    }


def moment(after: dt.timedelta) -> str:
    """Return a time as seen from now."""
    at = dt.datetime.now(dt.UTC) + after
    return at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def ids_of(held: Mapping[str, Row], subject: str) -> list[str]:
    """Return the STIX ids of the objects whose patterns are about a subject, in order."""
    return sorted(id_ for id_, stix in held.items() if stix['pattern'].startswith(f'[{subject}:'))


def alerts_about(held: Mapping[str, Row], source_system: str) -> list[Row]:
    """Return alerts about a few objects, and one about none of them.

    Args:
        held: objects by STIX id, of one source system.
        source_system: theirs.

    Returns:
        The rows; none where there are too few hosts and addresses.
    """
    hosts, addresses = ids_of(held, 'domain-name')[5:7], ids_of(held, 'ipv4-addr')[:1]
    if len(hosts) < 2 or not addresses:
        return []
    one, other = (row_id(source_system, id_) for id_ in hosts)
    address, host = (_value(held[id_]) for id_ in (addresses[0], hosts[0]))
    return [
        *(make_alert(number, name=RULE, about=one, hours_ago=number + 1) for number in range(3)),
        make_alert(10, name=LONG_NAME, about=other, severity='Medium'),
        make_alert(
            11,
            name='Unusual sign-in',
            severity='Low',
            hours_ago=30,
            entities=({'Type': 'ip', 'Address': address},),
            product='Azure Active Directory Identity Protection',
        ),
        make_alert(
            12,
            name='Suspicious DNS query',
            severity='Informational',
            hours_ago=5,
            entities=({'Type': 'dns', 'DomainName': host},),
        ),
        make_alert(13, name='Nothing of ours', entities=({'Type': 'ip', 'Address': '192.0.2.99'},)),
    ]


def _value(stix: Row) -> str:
    return str(stix['pattern']).split("'")[1]
