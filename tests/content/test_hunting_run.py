"""Every hunting query and every query of the workbook, over objects of the App and alerts."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from content.source import queries

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import object_id, object_keys
from tests.content.samples import INDICATORS, make_alert
from tests.content.workspace import SOURCE_SYSTEM, Workspace, dicts, opened
from tests.harness.builders.indicator import NOW, make_indicator
from tests.simulators.sentinel.table import row_id

OTHER = 'Other TI'
QUERIES = queries()
COUNTED = (
    *('hunting/freshness', 'hunting/objects-by-owner', 'hunting/ttl'),
    *('workbook/by-owner', 'workbook/by-type', 'workbook/age', 'workbook/end'),
)
"""Those that count all live objects, by one thing or another."""
OBJECT_COUNT = sum(len(object_keys(indicator)) for indicator in INDICATORS.values())
HOST_ID = row_id(SOURCE_SYSTEM, object_id(object_keys(INDICATORS['host'])[0]))


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Objects of every type sent twice, one of them by another source too, and alerts."""
    with opened() as made:
        made.send(INDICATORS.values())
        made.send(INDICATORS.values())
        made.send([make_indicator(IndicatorType.HOST, owner_name='Elsewhere')], source_system=OTHER)
        made.load_indicators()
        made.load_events(
            'SecurityAlert',
            [
                make_alert('a1', HOST_ID),
                make_alert('a1', HOST_ID, minutes_ago=20),
                make_alert('a2', HOST_ID, AlertName='Another rule'),
                make_alert('a3', HOST_ID.replace('---', '0---')),
                make_alert('a4', '', ExtendedProperties='{}'),
            ],
        )
        yield made


def _rows(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    return dicts(workspace.ask(QUERIES[name]))


def test_freshness_counts_objects_by_type_and_owner(workspace: Workspace) -> None:
    rows = _rows(workspace, 'hunting/freshness')
    assert {row['IndicatorType'] for row in rows} == set(IndicatorType)
    assert {row['Owner'] for row in rows} == {'Example Org'}
    assert sum(row['Indicators'] for row in rows) == OBJECT_COUNT
    assert {row['AverageAgeDays'] for row in rows} == {0}


def test_duplicates_are_values_that_another_source_has_too(workspace: Workspace) -> None:
    (row,) = _rows(workspace, 'hunting/duplicates')
    assert (row['ObservableType'], row['Value']) == ('domain-name', 'c2.example.net')
    assert json.loads(row['OtherSources']) == [OTHER]
    assert row['Objects'] == 1


def test_ttl_counts_objects_by_when_they_end(workspace: Workspace) -> None:
    rows = _rows(workspace, 'hunting/ttl')
    assert sum(row['WithinAMonth'] for row in rows) == OBJECT_COUNT
    assert {row['WithinADay'] + row['WithinAWeek'] + row['Longer'] for row in rows} == {0}


def test_objects_by_owner_counts_every_state(workspace: Workspace) -> None:
    workspace.send([INDICATORS['url']], is_revoked=True)
    workspace.load_indicators()
    rows = {row['IndicatorType']: row for row in _rows(workspace, 'hunting/objects-by-owner')}
    assert sum(row['Objects'] for row in rows.values()) == OBJECT_COUNT
    assert (rows['URL']['Objects'], rows['URL']['Active'], rows['URL']['Revoked']) == (1, 0, 1)
    assert (rows['Host']['Active'], rows['Host']['AverageConfidence']) == (1, 85)


def test_matches_are_alerts_that_name_an_indicator_of_the_source(workspace: Workspace) -> None:
    (row,) = _rows(workspace, 'hunting/matches')
    assert (row['Summary'], row['IndicatorType'], row['IndicatorId']) == (
        'c2.example.net',
        'Host',
        HOST_ID,
    )
    assert row['Alerts'] == 2
    assert sorted(json.loads(row['Rules'])) == ['A rule', 'Another rule']


def test_matches_older_than_30_days_are_left_out() -> None:
    with opened() as workspace:
        workspace.send(INDICATORS.values())
        workspace.load_indicators()
        long_ago = make_alert('a1', HOST_ID, minutes_ago=31 * 24 * 60)
        workspace.load_events('SecurityAlert', [long_ago])
        assert _rows(workspace, 'hunting/matches') == []


def test_workbook_shows_matches_of_the_source(workspace: Workspace) -> None:
    (row,) = _rows(workspace, 'workbook/matched-indicators')
    assert (row['Indicator'], row['Alerts']) == ('c2.example.net', 2)
    assert row['WebLink'].startswith('https://tc.example.test/')
    (day,) = _rows(workspace, 'workbook/matches-by-day')
    assert (day['AlertSeverity'], day['Alerts']) == ('High', 2)


def test_workbook_shows_arrivals_without_what_sentinel_writes_again(workspace: Workspace) -> None:
    def arrivals() -> list[dict[str, Any]]:
        rows = _rows(workspace, 'workbook/arrivals-by-day')
        return sorted(rows, key=lambda row: str(row['IndicatorType']))

    before = arrivals()
    assert sum(row['Objects'] for row in before) == OBJECT_COUNT
    assert {row['IndicatorType'] for row in before} == set(IndicatorType)
    again = [
        {
            'TimeGenerated': (NOW - dt.timedelta(days=3)).isoformat(),
            'Id': HOST_ID,
            'SourceSystem': SOURCE_SYSTEM,
            'LastUpdateMethod': 'LogARepublisher',
        }
    ]
    workspace.load_events('ThreatIntelIndicators', again)
    assert arrivals() == before


@pytest.mark.parametrize('name', COUNTED)
def test_live_objects_alone_are_counted(workspace: Workspace, name: str) -> None:
    def total() -> int:
        counts = ('Indicators', 'Active', 'WithinADay', 'WithinAWeek', 'WithinAMonth', 'Longer')
        return sum(row.get(count, 0) for row in _rows(workspace, name) for count in counts)

    assert total() == OBJECT_COUNT
    workspace.load_deletions(with_all_columns=True)
    assert total() == 0


def test_every_query_is_run_by_a_test() -> None:
    run = {
        *COUNTED,
        *('hunting/duplicates', 'hunting/matches', 'workbook/arrivals-by-day'),
        # By the tests of context.
        *('hunting/actors', 'hunting/indicators-of-actor'),
        *('workbook/matched-indicators', 'workbook/matches-by-day'),
    }
    assert run == {name for name in QUERIES if not name.startswith('rules/')}
