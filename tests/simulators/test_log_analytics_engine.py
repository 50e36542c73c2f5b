from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from tests.simulators.log_analytics import (
    ALERTS,
    INDICATORS,
    OBJECTS,
    TABLES,
    SemanticFault,
    SyntaxFault,
    UnsupportedFault,
    View,
)
from tests.simulators.log_analytics.engine import Engine

NOW = 1_796_040_000.0
"""2026-11-30T12:00:00Z."""
SOURCE = 'ThreatConnect-Main'
PREFIX = 'VGhyZWF0Q29ubmVjdC1NYWlu'

COUNT_PASS = f"""{INDICATORS}
| where TimeGenerated > ago(14d) and SourceSystem == "{SOURCE}"
| summarize arg_max(TimeGenerated, Modified, Revoked, IsDeleted, IsActive) by Id
| extend Part = substring(Id, strlen(Id) - 2)
| summarize Rows = count(), Live = countif(IsActive and not(Revoked) and not(IsDeleted)),
    Newest = max(Modified) by Part
| order by Part asc"""

DETAIL_PASS = f"""{INDICATORS}
| where TimeGenerated > ago(14d) and SourceSystem == "{SOURCE}" and Id endswith "0a"
| summarize arg_max(TimeGenerated, Modified, Revoked, IsDeleted, IsActive, ValidUntil, Confidence,
    ObservableKey) by Id
| project Stix = tostring(split(Id, "---")[1]), Modified, Revoked, IsDeleted, IsActive, ValidUntil,
    Confidence, Parsed = isnotempty(ObservableKey)"""

ALERT_QUERY = f"""let Mine = {INDICATORS}
| where TimeGenerated > ago(14d) and SourceSystem == "{SOURCE}" and not(IsDeleted)
| summarize arg_max(TimeGenerated, ObservableValue) by Id;
{ALERTS}
| where TimeGenerated > ago(1d)
| summarize arg_max(TimeGenerated, *) by SystemAlertId
| extend Custom = parse_json(tostring(parse_json(ExtendedProperties)["Custom Details"]))
| mv-expand Ind = Custom.IndicatorId
| extend Id = tostring(Ind)
| join kind=inner Mine on Id
| summarize Hits = dcount(SystemAlertId), First = min(StartTime), Last = max(EndTime) by Id"""


@pytest.fixture
def engine():
    engine = Engine(clock=lambda: NOW)
    yield engine
    engine.close()


def row(end: str, **changes: Any) -> dict[str, Any]:
    return {
        'TimeGenerated': '2026-11-30T10:00:00Z',
        'Id': f'{PREFIX}---indicator--00000000-0000-4000-8000-0000000000{end}',
        'SourceSystem': SOURCE,
        'Modified': '2026-11-30T09:00:00.123Z',
        'ValidUntil': '2027-01-01T00:00:00Z',
        'Confidence': 80,
        'ObservableKey': 'domain-name:value',
        'Revoked': False,
        'IsDeleted': False,
        'IsActive': True,
        **changes,
    }


def test_columns_and_types_are_those_of_the_tables(engine):
    for table, columns in TABLES.items():
        answer = engine.run(table)
        assert answer.columns == tuple(columns.items())
        assert answer.rows == []


def test_objects_have_no_columns_of_indicators():
    assert not TABLES[OBJECTS].keys() & {'Created', 'Modified', 'ValidUntil', 'Revoked', 'Tags'}
    assert 'StixType' in TABLES[OBJECTS]
    assert 'StixType' not in TABLES[INDICATORS]


def test_what_is_missing_is_empty_text_or_null(engine):
    engine.load(INDICATORS, [{'TimeGenerated': '2026-11-30T10:00:00Z', 'Tags': None}])
    answer = engine.run(INDICATORS)
    (values,) = answer.rows
    for (name, kind), value in zip(answer.columns, values, strict=True):
        if name != 'TimeGenerated':
            assert value == ('' if kind == 'string' else None), name


@pytest.mark.parametrize(
    ('stored', 'written'),
    [
        ('2026-11-20T07:15:02Z', '2026-11-20T07:15:02Z'),
        ('2026-11-20T07:15:02.100Z', '2026-11-20T07:15:02.1Z'),
        ('2026-11-20T07:15:02.123456Z', '2026-11-20T07:15:02.123456Z'),
        ('2026-11-20T07:15:02.1234567Z', '2026-11-20T07:15:02.123456Z'),
        ('2026-11-20T09:15:02+02:00', '2026-11-20T07:15:02Z'),
        ('9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'),
    ],
)
def test_times_are_utc_with_as_few_digits_as_needed(engine, stored, written):
    engine.load(INDICATORS, [{'Modified': stored}])
    assert engine.run(f'{INDICATORS} | project Modified').rows == [[written]]


def test_other_types_are_written_as_the_service_does(engine):
    engine.load(INDICATORS, [{'Confidence': 5, 'Revoked': True, '_BilledSize': 1.5}])
    answer = engine.run(
        f'{INDICATORS} | project Confidence, Revoked, _BilledSize, L = tolong(7), '
        'T = time(1.02:03:04), U = -90s, G = guid(74be27de-1e4e-49d9-b579-fe0b331d3642)'
    )
    assert [kind for _name, kind in answer.columns] == [
        *('int', 'bool', 'real', 'long', 'timespan', 'timespan', 'guid')
    ]
    assert answer.rows == [
        [5, True, 1.5, 7, '1.02:03:04', '-00:01:30', '74be27de-1e4e-49d9-b579-fe0b331d3642']
    ]


def test_values_beyond_json_are_written_as_text(engine):
    answer = engine.run(
        'print A = real(nan), B = real(+inf), C = real(-inf), D = time(null), E = real(null)'
    )
    assert answer.rows == [['NaN', 'Infinity', '-Infinity', None, None]]
    engine.load(INDICATORS, [{'Tags': 'a'}, {'Tags': 'b'}])
    answer = engine.run(f'{INDICATORS} | order by Tags asc | summarize L = make_list(Tags)')
    assert answer.columns == (('L', 'dynamic'),)
    assert answer.rows == [['["a","b"]']]


def test_dynamic_is_json_as_text_and_a_text_within_it_stands_bare(engine):
    data = {'id': 'x', 'labels': ['a', 'ü'], 'none': None}
    engine.load(INDICATORS, [{'Data': data, 'AdditionalFields': {}}])
    answer = engine.run(
        f'{INDICATORS} | project Data, AdditionalFields, Data.id, Data.labels, Data.gone, Data.none'
    )
    assert {kind for _name, kind in answer.columns} == {'dynamic'}
    ((whole, empty, *parts),) = answer.rows
    assert json.loads(whole) == data
    assert empty == '{}'
    assert parts == ['x', '["a","ü"]', None, None]


def test_count_pass_takes_the_newest_row_of_each_id(engine):
    engine.load(
        INDICATORS,
        [
            row('0a'),
            row('0a', TimeGenerated='2026-11-30T11:00:00Z', Revoked=True, IsActive=False),
            row('0b'),
            row('0b', TimeGenerated='2026-11-01T00:00:00Z', IsDeleted=True),
            row('0c', TimeGenerated='2026-11-01T00:00:00Z'),
            row('0d', SourceSystem='somebody else'),
        ],
    )
    assert engine.run(COUNT_PASS).rows == [
        ['0a', 1, 0, '2026-11-30T09:00:00.123Z'],
        ['0b', 1, 1, '2026-11-30T09:00:00.123Z'],
    ]


def test_detail_pass_reads_one_partition(engine):
    engine.load(INDICATORS, [row('0a', ObservableKey=''), row('1a')])
    assert engine.run(DETAIL_PASS).rows == [
        [
            'indicator--00000000-0000-4000-8000-00000000000a',
            '2026-11-30T09:00:00.123Z',
            False,
            False,
            True,
            '2027-01-01T00:00:00Z',
            80,
            False,
        ]
    ]


def test_alert_query_joins_alerts_with_indicators(engine):
    known, unknown = row('0a')['Id'], row('ff')['Id']
    engine.load(INDICATORS, [row('0a')])
    for update, ids in enumerate(([], [known, unknown])):
        engine.load(
            ALERTS,
            [
                {
                    'TimeGenerated': f'2026-11-30T1{update}:00:00Z',
                    'SystemAlertId': 'alert-1',
                    'StartTime': '2026-11-30T08:00:00Z',
                    'EndTime': '2026-11-30T09:00:00Z',
                    'ExtendedProperties': json.dumps(
                        {'Custom Details': json.dumps({'IndicatorId': ids})}
                    ),
                }
            ],
        )
    assert engine.run(ALERT_QUERY).rows == [
        [known, 1, '2026-11-30T08:00:00Z', '2026-11-30T09:00:00Z']
    ]


def test_now_follows_the_clock():
    seconds = [NOW]
    engine = Engine(clock=lambda: seconds[0])
    engine.load(INDICATORS, [row('0a')])
    query = f'{INDICATORS} | where TimeGenerated > ago(1d) | project now()'
    assert engine.run(query).rows == [['2026-11-30T12:00:00Z']]
    seconds[0] += 86_400.0
    assert engine.run(query).rows == []
    assert engine.run('print now()').rows == [['2026-12-01T12:00:00Z']]
    engine.close()


@pytest.mark.parametrize('query', ['', 'X | where', f'{INDICATORS} | wherex', '.show tables'])
def test_query_that_does_not_parse_is_a_syntax_fault(engine, query):
    with pytest.raises(SyntaxFault):
        engine.run(query)


def test_syntax_fault_says_where(engine):
    with pytest.raises(SyntaxFault) as fault:
        engine.run(f'{INDICATORS}\n| wherex')
    assert (fault.value.line, fault.value.position) == (2, 1)


@pytest.mark.parametrize(
    ('query', 'name', 'is_table'),
    [
        ('Gone | count', 'Gone', True),
        (f'{INDICATORS} | join kind=inner (Gone) on Id', 'Gone', True),
        ('threatintelindicators | count', 'threatintelindicators', True),
        (f'{INDICATORS} | where Gone == 1', 'Gone', False),
        (f'{INDICATORS} | where id == "a"', 'id', False),
        (f'{INDICATORS} | project id', 'id', False),
        (f'{INDICATORS} | project tolower(Gone)', 'Gone', False),
        (f'{INDICATORS} | project-away Gone', 'Gone', False),
        (f'{INDICATORS} | summarize count() by Gone', 'Gone', False),
        (f'{INDICATORS} | summarize arg_max(Gone, Id) by Id', 'Gone', False),
        (f'{INDICATORS} | mv-expand Gone', 'Gone', False),
        (f'{INDICATORS} | extend A = Gone.b', 'Gone', False),
        (f'{INDICATORS} | join kind=inner ({OBJECTS}) on Gone', 'Gone', False),
    ],
)
def test_unknown_table_or_column_is_a_semantic_fault(engine, query, name, is_table):
    with pytest.raises(SemanticFault) as fault:
        engine.run(query)
    assert (fault.value.name, fault.value.is_table) == (name, is_table)
    assert f"'{name}'" in str(fault.value)


@pytest.mark.parametrize(
    'query',
    [
        f'{INDICATORS} | project id = Id, Data.Id, x = "id" // id',
        f'let id = "x"; {INDICATORS} | where Id == id',
        f'{INDICATORS} | project Kind = Type | where Kind == "confidence"',
        'T | summarize count() | count',
    ],
)
def test_names_that_the_query_defines_may_have_any_case(query):
    engine = Engine({**TABLES, 'T': {'Count': 'long'}})
    assert engine.run(f'{query} | where 1 == 2').rows == []
    engine.close()


@pytest.mark.parametrize(
    'query',
    [
        f'{INDICATORS} | project hash(Id)',
        'search "x"',
        f'{INDICATORS} | count; {INDICATORS} | count',
        f'{INDICATORS} | where Id == 1',
        f'{INDICATORS} | extend id = 1',
    ],
)
def test_what_the_engine_lacks_is_never_answered(engine, query):
    engine.load(INDICATORS, [row('0a')])
    with pytest.raises(UnsupportedFault):
        engine.run(query)


def test_table_can_be_as_good_as_not_there(engine):
    with pytest.raises(SemanticFault):
        engine.run(f'{INDICATORS} | count', missing=[INDICATORS])
    assert engine.run(f'{OBJECTS} | count', missing=[INDICATORS]).rows == [[0]]
    with pytest.raises(SemanticFault):
        engine.run(f'{INDICATORS} | count', missing=TABLES)
    assert engine.run('print 1', missing=TABLES).rows == [[1]]


def test_view_hides_rows_and_replaces_columns(engine):
    engine.load(INDICATORS, [row('0a'), row('0b', Confidence=10)])
    view = View(condition='"Confidence" > 20', columns={'ObservableKey': "''"})
    answer = engine.run(
        f'{INDICATORS} | project Confidence, ObservableKey', views={INDICATORS: view}
    )
    assert answer.rows == [[80, '']]
    assert engine.row_count(INDICATORS, view) == 1
    assert engine.row_count(INDICATORS) == 2


def test_load_takes_all_rows_or_none(engine):
    with pytest.raises(ValueError, match='no column Gone'):
        engine.load(INDICATORS, [row('0a'), row('0b', Gone=1)])
    with pytest.raises(ValueError, match='does not take these rows'):
        engine.load(INDICATORS, [row('0a'), row('0b', Modified='yesterday')])
    with pytest.raises(KeyError):
        engine.load('Gone', [])
    engine.load(INDICATORS, [])
    assert engine.row_count(INDICATORS) == 0


def test_rows_add_up_and_can_be_cleared(engine):
    for _ in range(2):
        engine.load(INDICATORS, [row('0a'), row('0b')])
    assert engine.run(f'{INDICATORS} | summarize count(), dcount(Id)').rows == [[4, 2]]
    engine.clear()
    assert engine.run(f'{INDICATORS} | count').rows == [[0]]


def test_engine_takes_other_schemas():
    engine = Engine({'DeviceFileEvents': {'TimeGenerated': 'datetime', 'SHA256': 'string'}})
    engine.load('DeviceFileEvents', [{'SHA256': 'AB'}])
    assert engine.tables == ('DeviceFileEvents',)
    assert engine.run('DeviceFileEvents | where SHA256 =~ "ab"').rows == [[None, 'AB']]
    engine.close()


def test_order_of_rows_survives(engine):
    engine.load(INDICATORS, [row(f'{number:02x}', Confidence=number) for number in range(100)])
    answer = engine.run(f'{INDICATORS} | order by Confidence desc | project Confidence')
    assert answer.rows == [[number] for number in reversed(range(100))]


def test_queries_run_while_rows_are_loaded(engine):
    found: list[int] = []

    def ask() -> None:
        found.extend(engine.run(f'{INDICATORS} | count').rows[0][0] for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        engine.load(INDICATORS, [row(f'{number:02x}')] * 5)
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert {count % 5 for count in found} == {0}
    assert engine.row_count(INDICATORS) == 100
