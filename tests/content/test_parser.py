"""Every KQL text that the project ships, as Microsoft's own parser reads it."""

from __future__ import annotations

import pytest
from content.source import PLACEHOLDER, queries

from tests.content.parser import diagnostics
from tests.content.shipped import shipped_queries

pytestmark = pytest.mark.integration


def test_parser_finds_nothing_wrong_with_any_query() -> None:
    shipped = shipped_queries()
    found = diagnostics(shipped)
    assert found == {name: [] for name in shipped}
    kinds = {name.partition('/')[0] for name in shipped}
    assert kinds == {'app', 'guide', 'hunting', 'rules', 'workbook'}


def test_parser_finds_what_is_wrong() -> None:
    wrong = {
        'no such column': 'ThreatIntelIndicators | where ConfidenceScore > 80',
        'no such table': 'ThreatIntelligenceIndicator | count',
        'no such function': 'print ipv4_is_within("192.0.2.1", "192.0.2.0/24")',
        'too few arguments': 'print ipv4_is_in_range("192.0.2.1")',
        'texts in order': 'ThreatIntelIndicators | where Id > "a"',
        'no operator': 'ThreatIntelIndicators | select Id',
        'open bracket': 'ThreatIntelIndicators | where isnotempty(Id',
        'text as a truth': 'SigninLogs | where AutonomousSystemNumber',
    }
    found = diagnostics(wrong)
    assert {name for name, each in found.items() if each} == wrong.keys()
    assert [each['code'] for each in found['no such column']] == ['KS142']
    assert [each['text'] for each in found['no such table']] == ['ThreatIntelligenceIndicator']


def test_parser_finds_a_wrong_word_in_each_query() -> None:
    spoilt = {
        name: text.replace('TimeGenerated', 'TimeOfIngestion', 1)
        for name, text in queries().items()
    }
    assert all(diagnostics(spoilt).values())


def test_every_query_begins_with_the_source_system_and_names_no_other() -> None:
    for name, text in queries().items():
        assert text.startswith(f'{PLACEHOLDER}\n'), name
        assert text.count('ThreatConnect') == 1, name
        assert 'SourceSystemName' in text.removeprefix(PLACEHOLDER), name
