"""The ARM template, deployed by a reader of its expressions."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from content.source import (
    PLACEHOLDER,
    event_tables,
    hunting_queries,
    queries,
    rules,
    workbook,
)
from content.template import TEMPLATE, iso_duration, template, text

from tests.content.arm import Deployment
from tests.content.parser import diagnostics
from tests.content.samples import INDICATORS, SAMPLES
from tests.content.workspace import opened
from tests.harness.project import PROJECT

SOURCES = (
    'ThreatConnect-Main',
    'ThreatConnect-A "quoted" \\ name\\',
    "ThreatConnect-O'Neill [EU]; take 1 // ",
    'ThreatConnect-Größe 東京 {{x}}',
    'ThreatConnect-' + 'x' * 242,
)
EVERY_SOURCE = pytest.mark.parametrize('source', SOURCES)
ALERT_RULES = 'Microsoft.OperationalInsights/workspaces/providers/alertRules'
SAVED_SEARCHES = 'Microsoft.OperationalInsights/workspaces/savedSearches'
WORKBOOKS = 'Microsoft.Insights/workbooks'


def _deployed(source: str, **parameters: Any) -> list[dict[str, Any]]:
    given = {'workspace': 'logs', 'sourceSystem': source, **parameters}
    return Deployment(template(), given).resources()


def _of(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if resource['type'] == kind]


def _queries(resources: list[dict[str, Any]]) -> list[str]:
    """KQL of a deployment, in the order of `queries`."""
    (book,) = _of(resources, WORKBOOKS)
    items = json.loads(book['properties']['serializedData'])['items']
    return [
        *(one['properties']['query'] for one in _of(resources, ALERT_RULES)),
        *(one['properties']['query'] for one in _of(resources, SAVED_SEARCHES)),
        *(item['content']['query'] for item in items if 'query' in item['content']),
    ]


def _kql_text(value: str) -> str:
    escaped = value.replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'


def test_stored_template_is_what_is_made_of_the_sources() -> None:
    assert (PROJECT / TEMPLATE).read_text(encoding='utf-8') == text()


def test_template_has_a_resource_for_each_file() -> None:
    resources = _deployed(SOURCES[0])
    assert len(_of(resources, ALERT_RULES)) == len(rules())
    assert len(_of(resources, SAVED_SEARCHES)) == len(hunting_queries())
    assert len(_of(resources, WORKBOOKS)) == 1
    assert len(resources) == len(rules()) + len(hunting_queries()) + 1


@EVERY_SOURCE
def test_every_query_is_for_the_source_system(source: str) -> None:
    first_line = f'let SourceSystemName = {_kql_text(source)};'
    assert [query.strip() for query in _queries(_deployed(source))] == [
        query.replace(PLACEHOLDER, first_line).strip() for query in queries().values()
    ]


@pytest.mark.integration
@EVERY_SOURCE
def test_parser_finds_nothing_wrong_with_deployed_queries(source: str) -> None:
    filled = {str(number): query for number, query in enumerate(_queries(_deployed(source)))}
    assert diagnostics(filled) == {number: [] for number in filled}


@EVERY_SOURCE
def test_deployed_rule_finds_the_indicators_of_its_source_system(source: str) -> None:
    sample = SAMPLES['host-dns']
    name = f'{rules()["host-dns"]["name"]} ({source[:100]})'
    (rule,) = (one for one in _deployed(source) if one['properties']['displayName'] == name)
    with opened() as workspace:
        workspace.send(INDICATORS.values(), source_system=source)
        workspace.load_indicators()
        workspace.load_events(sample.table, [event for _name, event in sample.hits])
        assert len(workspace.run(rule['properties']['query']).rows) == len(sample.hits)


def test_names_are_the_same_each_time_and_differ_between_workspaces_and_sources() -> None:
    def names(source: str, workspace: str) -> set[str]:
        return {one['name'].rpartition('/')[2] for one in _deployed(source, workspace=workspace)}

    first = names(SOURCES[0], 'logs')
    assert first == names(SOURCES[0], 'logs')
    assert len(first) == len(rules()) + len(hunting_queries()) + 1
    assert first.isdisjoint(names(SOURCES[1], 'logs'))
    assert first.isdisjoint(names(SOURCES[0], 'logs2'))


def test_display_names_are_unique_and_short_enough() -> None:
    for source in SOURCES:
        names = [one['properties']['displayName'] for one in _deployed(source)]
        assert len(set(names)) == len(names)
        assert max(map(len, names)) <= 256


def test_rules_on_tables_that_are_not_there_are_left_out() -> None:
    deployed = _of(_deployed(SOURCES[0], tables=['SigninLogs']), ALERT_RULES)
    read = [rule for rule in rules().values() if event_tables(rule) == ('SigninLogs',)]
    assert len(deployed) == len(read)
    assert 0 < len(read) < len(rules())
    all_tables = template()['parameters']['tables']['defaultValue']
    assert set(all_tables) == {table for rule in rules().values() for table in event_tables(rule)}


def test_rules_can_be_deployed_without_running() -> None:
    for is_enabled in (True, False):
        deployed = _of(_deployed(SOURCES[0], rulesEnabled=is_enabled), ALERT_RULES)
        assert {rule['properties']['enabled'] for rule in deployed} == {is_enabled}


def test_rule_keeps_what_its_file_says() -> None:
    deployed = _of(_deployed(SOURCES[0]), ALERT_RULES)
    for resource, rule in zip(deployed, rules().values(), strict=True):
        made = resource['properties']
        assert resource['kind'] == 'Scheduled'
        assert resource['name'].startswith('logs/Microsoft.SecurityInsights/')
        assert made['triggerOperator'] == 'GreaterThan'
        assert (made['queryFrequency'], made['queryPeriod']) == ('PT1H', 'P14D')
        assert made['incidentConfiguration']['groupingConfiguration']['lookbackDuration'] == 'P1D'
        assert made['techniques'] == rule['relevantTechniques']
        for member in ('customDetails', 'entityMappings', 'alertDetailsOverride', 'tactics'):
            assert made[member] == rule[member]


def test_hunting_query_is_where_sentinel_looks_for_it() -> None:
    for resource in _of(_deployed(SOURCES[0]), SAVED_SEARCHES):
        made = resource['properties']
        assert made['category'] == 'Hunt Queries'
        tags = {tag['name']: tag['value'] for tag in made['tags']}
        assert tags.keys() == {'description', 'tactics', 'techniques'}
        assert all(tags.values())


def test_workbook_is_whole_and_belongs_to_the_workspace() -> None:
    (book,) = _of(_deployed(SOURCES[1]), WORKBOOKS)
    made = book['properties']
    assert made['category'] == 'sentinel'
    assert made['sourceId'].endswith('/Microsoft.OperationalInsights/workspaces/logs')
    stored = json.loads(made['serializedData'])
    for item in (*stored['items'], *(plain := workbook())['items']):
        item['content'].pop('query', None)
    assert stored == plain


def test_template_holds_no_secret_and_no_address_but_that_of_schemas() -> None:
    stored = text()
    hosts = set(re.findall(r'https?://([^/"\\\s]+)', stored))
    assert hosts == {'schema.management.azure.com', 'github.com'}
    assert not re.search(r'securestring|secureobject|password', stored, re.IGNORECASE)


@pytest.mark.parametrize(('kql', 'iso'), [('5m', 'PT5M'), ('1h', 'PT1H'), ('14d', 'P14D')])
def test_duration_in_the_form_of_iso_8601(kql: str, iso: str) -> None:
    assert iso_duration(kql) == iso


def test_what_is_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match='No duration: 1 hour'):
        iso_duration('1 hour')
