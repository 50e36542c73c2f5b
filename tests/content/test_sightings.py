"""What logs hold of each type: the rules find it where a comparison of texts does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from content.source import rules

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.threatconnect.parse import parse_indicator
from tests.content.workspace import opened
from tests.harness.builders.indicator import make_row
from tests.harness.sighting import SIGHTINGS, Sighting

Made = Callable[[str], tuple[str, Mapping[str, Any]]]

RULES = rules()
# The rule for each type, and an event of its table in which a value stands.
EVENTS: Mapping[IndicatorType, Made] = {
    IndicatorType.ADDRESS: lambda value: ('address-network', {'RemoteIP': value}),
    IndicatorType.ASN: lambda value: ('asn-sign-in', {'AutonomousSystemNumber': value}),
    IndicatorType.CIDR: lambda value: ('cidr-network', {'RemoteIP': value}),
    IndicatorType.EMAIL_ADDRESS: lambda value: ('email-address', {'SenderFromAddress': value}),
    IndicatorType.EMAIL_SUBJECT: lambda value: ('email-subject', {'Subject': value}),
    IndicatorType.FILE: lambda value: ('file', {_HASH_COLUMNS[len(value)]: value}),
    IndicatorType.HOST: lambda value: ('host-dns', {'Name': value}),
    IndicatorType.REGISTRY_KEY: lambda value: (
        'registry-key',
        {'RegistryKey': value, 'RegistryValueName': 'loader'},
    ),
    IndicatorType.URL: lambda value: ('url-click', {'Url': value}),
}
_HASH_COLUMNS = {32: 'MD5', 40: 'SHA1', 64: 'SHA256'}
# A log of connections holds addresses, never blocks.
LOGGED = [
    each for each in SIGHTINGS if '/' not in str(each.logged) or each.kind is not IndicatorType.CIDR
]


def _is_encoded(sighting: Sighting) -> bool:
    return sighting.kind is IndicatorType.EMAIL_SUBJECT and '=?' in sighting.stored


@pytest.mark.parametrize('style', PatternStyle)
@pytest.mark.parametrize('sighting', LOGGED, ids=lambda each: f'{each.stored} as {each.logged}')
def test_rule_finds_what_a_log_holds_in_either_style(
    sighting: Sighting, style: PatternStyle
) -> None:
    kind, member, _observed = sighting.place
    others = dict.fromkeys(('md5', 'sha1', 'sha256')) if kind is IndicatorType.FILE else {}
    row = make_row(kind, **{**others, 'summary': sighting.stored, member: sighting.stored})
    name, event = EVENTS[kind](str(sighting.logged))
    table = RULES[name]['requiredDataConnectors'][1]['dataTypes'][0]
    with opened(style) as workspace:
        workspace.send([parse_indicator(row)])
        workspace.load_indicators()
        workspace.load_events(table, [event])
        found = workspace.ask(RULES[name]['query']).rows
    is_expected = sighting.is_expected(style) if _is_encoded(sighting) else True
    assert len(found) == is_expected


def test_every_type_is_looked_for_in_some_log() -> None:
    assert {each.kind for each in LOGGED} == EVENTS.keys() == set(IndicatorType)
