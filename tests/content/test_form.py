"""The form of rules, hunting queries and workbook: what Sentinel accepts in each field."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from content.source import (
    FOLDER,
    INDICATOR_TABLE,
    WORKBOOK,
    content_id,
    event_tables,
    hunting_queries,
    queries,
    rules,
    workbook,
)
from content.template import iso_duration, template

from tests.content.samples import SAMPLES
from tests.content.tables import EVENT_TABLES
from tests.harness.project import PROJECT

RULES = rules()
HUNTS = hunting_queries()
EVERY_RULE = pytest.mark.parametrize('name', RULES)

RULE_FIELDS = [
    *('id', 'name', 'version', 'kind', 'description', 'severity', 'requiredDataConnectors'),
    *('queryFrequency', 'queryPeriod', 'triggerOperator', 'triggerThreshold', 'tactics'),
    *('relevantTechniques', 'query', 'entityMappings', 'customDetails', 'alertDetailsOverride'),
    *('eventGroupingSettings', 'incidentConfiguration'),
]
HUNT_FIELDS = [
    *('id', 'name', 'version', 'description', 'requiredDataConnectors', 'tactics'),
    *('relevantTechniques', 'query'),
]
SEVERITIES = {'Informational', 'Low', 'Medium', 'High'}
TACTICS_OF: Mapping[str, set[str]] = {
    'T1071': {'CommandAndControl'},
    'T1078': {'DefenseEvasion', 'InitialAccess', 'Persistence', 'PrivilegeEscalation'},
    'T1112': {'DefenseEvasion', 'Persistence'},
    'T1204': {'Execution'},
    'T1547': {'Persistence', 'PrivilegeEscalation'},
    'T1566': {'InitialAccess'},
    'T1588': {'ResourceDevelopment'},
}
"""Source: ATT&CK Enterprise; the tactics of each technique that the content names."""
CONNECTORS = {
    *('AzureActiveDirectory', 'CefAma', 'DNS', 'MicrosoftThreatProtection'),
    'ThreatIntelligenceUploadIndicatorsAPI',
}
IDENTIFIERS: Mapping[str, tuple[set[str], tuple[set[str], ...]]] = {
    'Account': (
        {'Name', 'FullName', 'NTDomain', 'DnsDomain', 'UPNSuffix', 'Sid', 'AadUserId'},
        ({'FullName'}, {'Sid'}, {'Name'}, {'AadUserId'}),
    ),
    'DNS': ({'DomainName'}, ({'DomainName'},)),
    'File': ({'Directory', 'Name'}, ({'Name'},)),
    'FileHash': ({'Algorithm', 'Value'}, ({'Algorithm', 'Value'},)),
    'Host': (
        {'DnsDomain', 'NTDomain', 'HostName', 'FullName', 'NetBiosName', 'AzureID'},
        ({'FullName'}, {'HostName'}, {'NetBiosName'}, {'AzureID'}),
    ),
    'IP': ({'Address'}, ({'Address'},)),
    'Mailbox': ({'MailboxPrimaryAddress', 'DisplayName', 'Upn'}, ({'MailboxPrimaryAddress'},)),
    'MailMessage': (
        {'Recipient', 'Sender', 'SenderIP', 'NetworkMessageId', 'InternetMessageId', 'Subject'},
        ({'NetworkMessageId'}, {'Recipient'}),
    ),
    'RegistryKey': ({'Hive', 'Key'}, ({'Key'}, {'Hive'})),
    'RegistryValue': ({'Name', 'Value', 'ValueType'}, ({'Name'},)),
    'URL': ({'Url'}, ({'Url'},)),
}
"""By entity type, its identifiers and the sets of which a mapping needs one.

Source: the schema check of rules in the repository Azure/Azure-Sentinel.
"""
LONGEST_QUERY = 10_000
MOST_ENTITIES, MOST_IDENTIFIERS, MOST_DETAILS = 5, 3, 20
LONGEST_DETAIL_NAME, LONGEST_ALERT_NAME, MOST_PLACEHOLDERS = 20, 256, 3


@EVERY_RULE
def test_rule_has_all_fields_in_the_usual_order(name: str) -> None:
    rule = RULES[name]
    assert list(rule) == RULE_FIELDS
    assert rule['kind'] == 'Scheduled'
    assert rule['severity'] in SEVERITIES
    assert re.fullmatch(r'\d+\.\d+\.\d+', rule['version'])
    assert rule['triggerOperator'] == 'gt'
    assert rule['triggerThreshold'] == 0
    assert (iso_duration(rule['queryFrequency']), iso_duration(rule['queryPeriod'])) == (
        'PT1H',
        'P14D',
    )
    assert len(rule['query']) <= LONGEST_QUERY


@pytest.mark.parametrize('name', HUNTS)
def test_hunting_query_has_all_fields_in_the_usual_order(name: str) -> None:
    hunt = HUNTS[name]
    assert list(hunt) == HUNT_FIELDS
    assert len(hunt['query']) <= LONGEST_QUERY


def test_ids_and_names_are_unique_and_ids_follow_from_the_file() -> None:
    kinds = {'rules': RULES, 'hunting': HUNTS}
    ids = [
        (one['id'], content_id(kind, name))
        for kind, found in kinds.items()
        for name, one in found.items()
    ]
    assert [stated for stated, _made in ids] == [made for _stated, made in ids]
    assert len({stated for stated, _made in ids}) == len(ids)
    names = [one['name'] for found in kinds.values() for one in found.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('one', [*RULES.values(), *HUNTS.values()], ids=lambda one: one['name'])
def test_tactics_techniques_and_connectors_are_known(one: Mapping[str, Any]) -> None:
    assert one['tactics']
    for technique in one['relevantTechniques']:
        assert TACTICS_OF[technique] & set(one['tactics']), technique
    for tactic in one['tactics']:
        assert any(tactic in TACTICS_OF[each] for each in one['relevantTechniques']), tactic
    assert {each['connectorId'] for each in one['requiredDataConnectors']} <= CONNECTORS


@EVERY_RULE
def test_rule_reads_the_tables_that_its_connectors_bring(name: str) -> None:
    query = RULES[name]['query']
    read = {
        table for table in (*EVENT_TABLES, INDICATOR_TABLE) if re.search(rf'\b{table}\b', query)
    }
    assert read == {INDICATOR_TABLE, *event_tables(RULES[name])}


@EVERY_RULE
def test_rule_looks_back_as_far_as_it_says(name: str) -> None:
    query = RULES[name]['query']
    indicators = query.partition('let Indicators = ')[2].partition(';')[0]
    assert 'TimeGenerated > ago(14d) and SourceSystem == SourceSystemName' in indicators
    assert sorted(re.findall(r'ago\((\w+)\)', query)) == ['14d', '1h']
    assert 'summarize arg_max(TimeGenerated, ' in indicators
    assert '\n| where IsActive and not(IsDeleted) and ' in indicators
    assert '(isnull(ValidUntil) or ValidUntil > now())' in indicators
    assert query.count('join kind=inner ') == query.count('join ') == 1


@EVERY_RULE
def test_entity_mappings_have_valid_identifiers(name: str) -> None:
    mappings = RULES[name]['entityMappings']
    assert 1 <= len(mappings) <= MOST_ENTITIES
    for mapping in mappings:
        known, required = IDENTIFIERS[mapping['entityType']]
        given = [field['identifier'] for field in mapping['fieldMappings']]
        assert 1 <= len(given) <= MOST_IDENTIFIERS
        assert len(set(given)) == len(given)
        assert set(given) <= known
        assert any(needed <= set(given) for needed in required)


@EVERY_RULE
def test_details_name_the_indicator(name: str) -> None:
    rule = RULES[name]
    details = rule['customDetails']
    assert details['IndicatorId'] == 'IndicatorId'
    assert 'IndicatorId = Id' in rule['query']
    assert len(details) <= MOST_DETAILS
    assert all(re.fullmatch(r'[A-Za-z]\w*', detail) for detail in details)
    assert max(map(len, details)) <= LONGEST_DETAIL_NAME
    override = rule['alertDetailsOverride']
    assert override['alertSeverityColumnName'] == 'AlertSeverity'
    for member in ('alertDisplayNameFormat', 'alertDescriptionFormat'):
        assert len(override[member]) <= LONGEST_ALERT_NAME
        named = re.findall(r'\{\{(\w+)\}\}', override[member])
        assert len(named) <= MOST_PLACEHOLDERS
        assert set(named) <= set(details.values())


@EVERY_RULE
def test_each_match_is_an_alert_and_each_indicator_an_incident(name: str) -> None:
    rule = RULES[name]
    # A severity per alert needs an alert per row.
    assert rule['eventGroupingSettings'] == {'aggregationKind': 'AlertPerResult'}
    grouping = rule['incidentConfiguration']['groupingConfiguration']
    assert grouping['groupByCustomDetails'] == ['IndicatorId']
    assert grouping['matchingMethod'] == 'Selected'


def test_workbook_is_plain_json_with_a_query_under_every_heading() -> None:
    stored = (PROJECT / WORKBOOK).read_text(encoding='utf-8')
    book = workbook()
    assert stored == json.dumps(book, indent=2, ensure_ascii=False) + '\n'
    names = [item['name'] for item in book['items']]
    assert len(set(names)) == len(names)
    assert {'arrivals-by-day', 'by-type', 'by-owner', 'matched-indicators', 'age'} <= set(names)
    for item in book['items']:
        if 'query' in item['content']:
            assert item['content']['title']


def test_content_leads_to_no_other_address_and_holds_no_line_end_blanks() -> None:
    for path in sorted((PROJECT / FOLDER).rglob('*')):
        if path.is_dir() or path.suffix == '.md':
            continue
        text = path.read_text(encoding='utf-8')
        hosts = set(re.findall(r'https?://([^/"\s]+)', text))
        assert hosts <= {'schema.management.azure.com', 'github.com'}, path
        assert not re.search(r'[ \t]$', text, re.MULTILINE), path
    assert len(queries()) > len(RULES) + len(HUNTS)


def test_readme_lists_every_rule_with_its_type_and_table() -> None:
    readme = (PROJECT / FOLDER / 'README.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `([\w-]+)` \| ([\w ]+) \| `(\w+)` \| [\w ]+ \|$', readme, re.MULTILINE)
    assert [(name, kind, table) for name, kind, table in rows] == [
        (name, str(sample.type), sample.table) for name, sample in sorted(SAMPLES.items())
    ]
    for parameter in template()['parameters']:
        assert f'| `{parameter}` |' in readme
