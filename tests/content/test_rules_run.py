"""Every rule over the table of the stand-in, filled by the App's own objects, and over events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from content.source import event_tables, rules

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.pattern import PatternStyle
from tests.content.samples import INDICATORS, SAMPLES, Sample
from tests.content.workspace import (
    MISSING_FUNCTIONS,
    SOURCE_SYSTEM,
    Workspace,
    dicts,
    opened,
)
from tests.harness.builders.indicator import make_indicator
from tests.simulators.log_analytics.engine import Engine
from tests.simulators.log_analytics.query_fault import QueryFault
from tests.simulators.sentinel.table import row_id

RULES = rules()
EVERY_RULE = pytest.mark.parametrize('name', RULES)
# By the confidence that the samples have.
SEVERITY = 'Medium'


def _ids(indicator_name: str) -> set[str]:
    keys = object_keys(INDICATORS[indicator_name])
    return {row_id(SOURCE_SYSTEM, object_id(key)) for key in keys}


def _fill(workspace: Workspace, sample: Sample, *, with_hits: bool = True) -> None:
    hits = [event for _name, event in sample.hits] if with_hits else []
    workspace.load_events(sample.table, [*hits, *sample.misses])


def _found(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    return dicts(workspace.ask(RULES[name]['query']))


def test_every_rule_has_samples_and_every_type_a_rule() -> None:
    assert SAMPLES.keys() == RULES.keys()
    assert {sample.type for sample in SAMPLES.values()} == set(IndicatorType)
    assert {indicator.type for indicator in INDICATORS.values()} == set(IndicatorType)
    for name, sample in SAMPLES.items():
        assert (sample.table,) == event_tables(RULES[name])
        assert sample.hits
        assert sample.misses


@pytest.mark.parametrize('style', PatternStyle)
@EVERY_RULE
def test_rule_finds_its_events_and_no_others(name: str, style: PatternStyle) -> None:
    sample = SAMPLES[name]
    with opened(style) as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators()
        _fill(workspace, sample)
        found = _found(workspace, name)
    assert len(found) == len(sample.hits)
    left = [row['IndicatorId'] for row in found]
    for indicator_name, _event in sample.hits:
        match = next(id_ for id_ in left if id_ in _ids(indicator_name))
        left.remove(match)
    for row in found:
        assert (row['AlertSeverity'], row['Confidence']) == (SEVERITY, 85)
        assert row['Owner'] == 'Example Org'
        assert row['WebLink'].startswith('https://tc.example.test/')
        assert row['IndicatorValue']


@pytest.mark.parametrize('style', PatternStyle)
@EVERY_RULE
def test_rule_finds_nothing_in_other_events(name: str, style: PatternStyle) -> None:
    with opened(style) as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators()
        _fill(workspace, SAMPLES[name], with_hits=False)
        assert _found(workspace, name) == []


@EVERY_RULE
def test_entities_and_details_are_columns_with_values(name: str) -> None:
    rule = RULES[name]
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators()
        _fill(workspace, SAMPLES[name])
        found = _found(workspace, name)
    mapped = [
        field['columnName'] for one in rule['entityMappings'] for field in one['fieldMappings']
    ]
    detailed = [
        *rule['customDetails'].values(),
        rule['alertDetailsOverride']['alertSeverityColumnName'],
    ]
    for column in detailed:
        assert all(row[column] not in (None, '') for row in found), column
    first_of_each = {one['fieldMappings'][0]['columnName'] for one in rule['entityMappings']}
    assert set(mapped) <= found[0].keys()
    optional = _left_empty_by_samples(SAMPLES[name])
    for column in first_of_each - optional:
        assert any(row[column] not in (None, '') for row in found), column


def _left_empty_by_samples(sample: Sample) -> set[str]:
    """Columns of entities that none of the sample events fills."""
    given = {column for _name, event in sample.hits for column in event}
    return {'RemoteIP', 'IPAddress', 'ClientIP'} - given


@EVERY_RULE
def test_objects_of_another_source_are_left_alone(name: str) -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values(), source_system='ThreatConnect-Main2')
        workspace.load_indicators()
        _fill(workspace, SAMPLES[name])
        assert _found(workspace, name) == []


@pytest.mark.parametrize('written_late', [True, False])
@EVERY_RULE
def test_ended_objects_are_left_alone(name: str, written_late: bool) -> None:
    with opened(ttl_hours=1) as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators(written_late=written_late)
        _fill(workspace, SAMPLES[name])
        assert _found(workspace, name) == []


@EVERY_RULE
def test_revoked_objects_are_left_alone(name: str) -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.send(INDICATORS.values(), is_revoked=True)
        workspace.load_indicators()
        _fill(workspace, SAMPLES[name])
        assert _found(workspace, name) == []


@pytest.mark.parametrize('with_all_columns', [True, False])
@EVERY_RULE
def test_deleted_objects_are_left_alone(name: str, with_all_columns: bool) -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators()
        workspace.load_deletions(with_all_columns=with_all_columns)
        _fill(workspace, SAMPLES[name])
        assert _found(workspace, name) == []


@pytest.mark.parametrize(
    ('confidence', 'severity'),
    [
        *((100, 'High'), (90, 'High'), (89, 'Medium'), (50, 'Medium'), (49, 'Low'), (1, 'Low')),
        *((0, 'Informational'), (None, 'Medium')),
    ],
)
def test_severity_is_that_of_the_newest_confidence(confidence: int | None, severity: str) -> None:
    sample = SAMPLES['host-dns']
    with opened() as workspace:
        workspace.send([make_indicator(IndicatorType.HOST, confidence=70)])
        workspace.send([make_indicator(IndicatorType.HOST, confidence=confidence)])
        workspace.load_indicators()
        _fill(workspace, sample)
        (row,) = _found(workspace, 'host-dns')
    assert (row['Confidence'], row['AlertSeverity']) == (confidence, severity)


def test_severity_is_worked_out_alike_by_all_rules() -> None:
    lines = {
        name: [line for line in rule['query'].splitlines() if 'AlertSeverity = ' in line]
        for name, rule in RULES.items()
    }
    assert {tuple(found) for found in lines.values()} == {tuple(lines['host-dns'])}
    assert len(lines['host-dns']) == 1


@pytest.mark.parametrize(
    ('block', 'inside'), [('192.0.0.0/2', '192.0.2.1'), ('2000:0:0:0:0:0:0:0/3', '2000::1')]
)
def test_blocks_that_are_larger_than_stated_are_left_out(block: str, inside: str) -> None:
    with opened() as workspace:
        workspace.send([make_indicator(IndicatorType.CIDR, value=block)])
        workspace.load_indicators()
        workspace.load_events('DeviceNetworkEvents', [{'DeviceName': 'pc', 'RemoteIP': inside}])
        assert _found(workspace, 'cidr-network') == []


@pytest.mark.parametrize(('function', 'stand_in'), MISSING_FUNCTIONS.items())
def test_engine_lacks_what_is_said_to_be_missing(function: str, stand_in: str) -> None:
    engine = Engine()
    try:
        with pytest.raises(QueryFault):
            engine.run(f'print {function}("192.0.2.1", "192.0.2.0/24")')
        assert engine.run(f'print {stand_in}("192.0.2.1")').rows
    finally:
        engine.close()


@pytest.mark.parametrize(
    ('address', 'block', 'is_inside'),
    [
        ('192.0.2.1', '192.0.2.0/24', True),
        ('192.0.3.1', '192.0.2.0/24', False),
        ('192.0.2.1', '192.0.2.1/32', True),
        ('192.0.2.2', '192.0.2.1/32', False),
        ('10.255.255.255', '10.0.0.0/8', True),
    ],
)
def test_stand_in_of_ipv4_is_in_range(address: str, block: str, is_inside: bool) -> None:
    with opened() as workspace:
        answer = workspace.run(f'print ipv4_is_in_range("{address}", "{block}")')
    assert answer.rows == [[is_inside]]


@pytest.mark.parametrize(
    ('address', 'block', 'is_inside'),
    [
        ('2001:db8::1', '2001:db8:0:0:0:0:0:0/32', True),
        ('2001:db9::1', '2001:db8::/32', False),
        ('2001:db8:7:ffff::', '2001:db8:7::/48', True),
        ('2001:db8:8::', '2001:db8:7::/48', False),
    ],
)
def test_stand_in_of_ipv6_is_in_range(address: str, block: str, is_inside: bool) -> None:
    with opened() as workspace:
        answer = workspace.run(f'print ipv6_is_in_range("{address}", "{block}")')
    assert answer.rows == [[is_inside]]


def test_one_alert_tells_of_all_events_of_an_indicator_on_a_device() -> None:
    event: Mapping[str, Any] = {'DeviceName': 'pc', 'RemoteIP': '198.51.100.23'}
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators()
        workspace.load_events('DeviceNetworkEvents', [event, event, event])
        (row,) = _found(workspace, 'address-network')
    assert row['EventCount'] == 3
