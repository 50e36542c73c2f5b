"""Objects other than Indicators in the tables: `ThreatIntelObjects` and the hunt across both."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
import requests

from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import CLIENT_ID, TENANT_ID, TokenIssuer
from tests.simulators.log_analytics import INDICATORS, OBJECTS, LogAnalyticsSimulator, SemanticFault
from tests.simulators.sentinel import SentinelSimulator

NOW = 1_796_040_000.0
"""2026-11-30T12:00:00Z."""
DAY_S = 86_400.0
SOURCE = 'ThreatConnect-Main'
CREATED = '2026-11-01T00:00:00.000Z'
LATER = '2026-11-05T00:00:00.000Z'

HUNT = """
let Actors = ThreatIntelObjects
| where StixType == "threat-actor"
| summarize arg_max(TimeGenerated, IsDeleted, Data) by Id
| where IsDeleted == false and tostring(Data.revoked) != "true"
| project Actor = tostring(Data.id), Name = tostring(Data.name);
let Links = ThreatIntelObjects
| where StixType == "relationship"
| summarize arg_max(TimeGenerated, IsDeleted, Data) by Id
| where IsDeleted == false and tostring(Data.revoked) != "true"
| project Source = tostring(Data.source_ref), Target = tostring(Data.target_ref);
ThreatIntelIndicators
| where SourceSystem == "ThreatConnect-Main"
| summarize arg_max(TimeGenerated, IsActive, ObservableValue) by Id
| extend Source = tostring(split(Id, "---")[1])
| join kind=inner Links on Source
| join kind=inner Actors on $left.Target == $right.Actor
| project ObservableValue, Name
"""
WITHOUT_REVOKED = HUNT.replace(' and tostring(Data.revoked) != "true"', '')
"""As published: it looks at what is deleted alone."""


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope='module')
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sentinel(certificates, clock) -> SentinelSimulator:
    """Not started: its table is what counts here."""
    return SentinelSimulator(certificates, TokenIssuer(clock=clock), clock=clock)


@pytest.fixture
def logs(certificates, sentinel, clock) -> LogAnalyticsSimulator:
    """Not started either; queries need no address."""
    return LogAnalyticsSimulator(certificates, TokenIssuer(clock=clock), sentinel, clock=clock)


def id_of(kind: str, name: str) -> str:
    return f'{kind}--{uuid.uuid5(uuid.NAMESPACE_URL, name)}'


def record(kind: str, name: str, /, **members: Any) -> dict[str, Any]:
    return {
        'type': kind,
        'spec_version': '2.1',
        'id': id_of(kind, name),
        'created': CREATED,
        'modified': CREATED,
        **members,
    }


def indicator(name: str) -> dict[str, Any]:
    return record(
        'indicator',
        name,
        pattern=f"[domain-name:value = '{name}']",
        pattern_type='stix',
        valid_from=CREATED,
    )


def actor(name: str, **members: Any) -> dict[str, Any]:
    return record('threat-actor', name, name=name, **members)


def link(indicator_name: str, actor_name: str, **members: Any) -> dict[str, Any]:
    ends = {
        'source_ref': id_of('indicator', indicator_name),
        'target_ref': id_of('threat-actor', actor_name),
    }
    name = f'{indicator_name} {actor_name}'
    return record('relationship', name, relationship_type='indicates', **ends, **members)


def upload(sentinel: SentinelSimulator, *objects: dict[str, Any], source: str = SOURCE) -> None:
    sentinel.table.append(source, objects, 1)


@pytest.fixture
def filled(sentinel) -> SentinelSimulator:
    upload(
        sentinel,
        record('identity', 'Research', name='Research', identity_class='organization'),
        actor('Example Bear', aliases=['EB-7', 'Bear']),
        actor('Example Owl'),
        indicator('a.example'),
        indicator('b.example'),
        indicator('c.example'),
        link('a.example', 'Example Bear'),
        link('a.example', 'Example Owl'),
        link('b.example', 'Example Bear'),
        link('gone.example', 'Example Owl'),
    )
    return sentinel


def hunted(logs: LogAnalyticsSimulator, query: str = HUNT) -> list[tuple[str, str]]:
    return sorted(tuple(row) for row in logs.query(query).rows)


ALL = [
    ('a.example', 'Example Bear'),
    ('a.example', 'Example Owl'),
    ('b.example', 'Example Bear'),
]


def test_hunt_finds_the_actors_behind_indicators(logs, filled) -> None:
    assert hunted(logs) == hunted(logs, WITHOUT_REVOKED) == ALL


def test_hunt_sees_the_newest_state_once(logs, filled, clock) -> None:
    clock.now += DAY_S
    upload(filled, {**actor('Example Bear'), 'name': 'Renamed Bear', 'modified': LATER})
    clock.now += 8 * DAY_S
    assert filled.republish() == 10
    assert hunted(logs) == [
        ('a.example', 'Example Owl'),
        ('a.example', 'Renamed Bear'),
        ('b.example', 'Renamed Bear'),
    ]


def test_revoked_object_leaves_the_hunt_only_where_it_looks_at_that(logs, filled, clock) -> None:
    clock.now += 1
    upload(filled, {**link('a.example', 'Example Bear'), 'modified': LATER, 'revoked': True})
    assert hunted(logs) == ALL[1:]
    assert hunted(logs, WITHOUT_REVOKED) == ALL
    clock.now += 1
    upload(filled, {**actor('Example Owl'), 'modified': LATER, 'revoked': True})
    assert hunted(logs) == ALL[2:]
    assert hunted(logs, WITHOUT_REVOKED) == ALL


def test_deleted_object_leaves_either_hunt(logs, filled, clock) -> None:
    clock.now += 1
    filled.delete(id_of('threat-actor', 'Example Bear'))
    assert hunted(logs) == hunted(logs, WITHOUT_REVOKED) == ALL[1:2]


def test_actor_of_two_sources_shows_twice(logs, filled) -> None:
    upload(filled, actor('Example Owl'), source='another')
    assert hunted(logs) == [ALL[0], ALL[1], ALL[1], ALL[2]]


def test_data_is_read_by_member_and_by_index(logs, filled) -> None:
    query = (
        f'{OBJECTS} | where StixType == "threat-actor" and isnotempty(Data.aliases) '
        '| project tostring(Data.name), tostring(Data.aliases[0]), array_length(Data.aliases), '
        'tostring(parse_json(tostring(Data)).type)'
    )
    assert logs.query(query).rows == [['Example Bear', 'EB-7', 2, 'threat-actor']]
    query = (
        f'{OBJECTS} | where StixType == "threat-actor" | mv-expand Alias = Data.aliases '
        '| where isnotempty(Alias) | project tostring(Alias)'
    )
    assert sorted(logs.query(query).rows) == [['Bear'], ['EB-7']]
    query = (
        f'{OBJECTS} | where Data.relationship_type == "indicates" '
        '| summarize count() by tostring(Data.target_ref) | project count_ | order by count_ asc'
    )
    assert logs.query(query).rows == [[2], [2]]


def test_columns_of_an_object_are_those_of_its_table(logs, filled) -> None:
    found = logs.query(f'{OBJECTS} | where StixType == "identity" | take 1')
    row = dict(zip((name for name, _kind in found.columns), found.rows[0], strict=True))
    data = json.loads(row['Data'])
    assert (data['created'], data['name'], row['Type']) == (CREATED, 'Research', OBJECTS)
    assert not row['IsDeleted']
    for missing in ('Created', 'Revoked', 'IsActive', 'Tags', 'ValidUntil'):
        with pytest.raises(SemanticFault):
            logs.query(f'{OBJECTS} | project {missing}')


def test_rows_are_divided_between_the_tables(logs, filled) -> None:
    assert (logs.row_count(INDICATORS), logs.row_count(OBJECTS)) == (3, 7)
    kinds = logs.query(f'{OBJECTS} | summarize count() by StixType | order by StixType asc').rows
    assert kinds == [['identity', 1], ['relationship', 4], ['threat-actor', 2]]
    assert logs.query(f'{INDICATORS} | where Type == "{OBJECTS}" | count').rows == [[0]]


def test_object_shows_after_the_delay_and_its_repetitions_are_rows(logs, filled, clock) -> None:
    filled.settings.visibility_delay_s = 60
    assert logs.row_count(OBJECTS) == 0
    clock.now += 61
    assert logs.row_count(OBJECTS) == 7
    clock.now += 8 * DAY_S
    filled.republish()
    clock.now += 61
    methods = logs.query(
        f'{OBJECTS} | summarize count() by LastUpdateMethod | order by count_'
    ).rows
    assert sorted(methods) == [['LogARepublisher', 7], ['ThreatIntelUploadAPI', 7]]


def test_scoping_retention_and_protection_act_on_objects_too(logs, filled, clock) -> None:
    logs.settings.hidden_percent = 50
    assert 0 < logs.row_count(OBJECTS) < 7
    logs.settings.hidden_percent = 0
    logs.settings.protected_tables = OBJECTS
    assert (logs.row_count(OBJECTS), logs.row_count(INDICATORS)) == (0, 3)
    assert hunted(logs) == []
    logs.settings.protected_tables = ''
    logs.settings.is_data_dropped = True
    assert logs.query(f'{OBJECTS} | where isnotempty(Data.id) | count').rows == [[0]]
    logs.settings.is_data_dropped = False
    logs.settings.retention_days = 1
    clock.now += 2 * DAY_S
    assert logs.row_count(OBJECTS) == 0


def test_objects_outlast_a_restart(logs, filled, certificates, clock, tmp_path) -> None:
    clock.now += 1
    filled.delete(id_of('threat-actor', 'Example Owl'))
    filled.save(tmp_path / 'sentinel.jsonl')
    again = SentinelSimulator(certificates, TokenIssuer(clock=clock), clock=clock)
    again.load(tmp_path / 'sentinel.jsonl')
    after = LogAnalyticsSimulator(certificates, TokenIssuer(clock=clock), again, clock=clock)
    assert hunted(after) == hunted(logs) == [ALL[0], ALL[2]]


@pytest.mark.integration
def test_hunt_runs_over_https(certificates, sentinel, clock, filled) -> None:
    issuer = TokenIssuer(clock=clock)
    token = issuer.issue(
        audience='https://api.loganalytics.io', tenant_id=TENANT_ID, client_id=CLIENT_ID
    )
    with (
        LogAnalyticsSimulator(certificates, issuer, sentinel, clock=clock) as logs,
        requests.Session() as http,
    ):
        http.trust_env = False
        http.verify = str(certificates.ca)
        http.headers['Authorization'] = f'Bearer {token}'
        answer = http.post(logs.query_url, json={'query': HUNT}, timeout=60).json()
        assert sorted(map(tuple, answer['tables'][0]['rows'])) == ALL
        status = http.get(f'{logs.url}/_control/status', timeout=60).json()
        assert status['rows'][OBJECTS] == 7
