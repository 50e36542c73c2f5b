import base64
import datetime as dt
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_app.core.alert import AlertSeverity
from sentinel_app.core.alert_row import (
    COLUMNS,
    LONGEST_LINK,
    LONGEST_NAME,
    alerts_query,
    read_alert,
)
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey, object_id
from tests.harness.clocks import NOON

SOURCE = 'ThreatConnect-Prod'
STIX_ID = object_id(ObjectKey(IndicatorType.ADDRESS, '203.0.113.9'))
OTHER_ID = object_id(ObjectKey(IndicatorType.ADDRESS, '203.0.113.10'))


def table_id(stix_id: str = STIX_ID, source: str = SOURCE) -> str:
    return f'{base64.b64encode(source.encode()).decode()}---{stix_id}'


def row(**cells):
    plain = {
        'TimeGenerated': '2026-03-04T12:00:00.1234567Z',
        'SystemAlertId': 'a-1',
        'DisplayName': 'TI map IP entity',
        'AlertName': 'rule name',
        'AlertSeverity': 'High',
        'ProductName': 'Azure Sentinel',
        'AlertLink': 'https://security.microsoft.com/alerts/a-1',
        'StartTime': '2026-03-04T11:00:00Z',
        'EndTime': '2026-03-04T11:30:00Z',
        'CustomDetails': '',
        'Entities': '',
    }
    assert tuple(plain) == COLUMNS
    return list((plain | cells).values())


def read(**cells):
    found = read_alert(row(**cells), source=SOURCE)
    assert found is not None
    return found


def ids_of(details: object) -> tuple[set[str], bool]:
    found = read(CustomDetails=details if isinstance(details, str) else json.dumps(details))
    return set(found.stix_ids), found.is_whole


def test_alert_is_read_with_what_is_kept_of_it():
    found = read()
    alert = found.alert
    assert (alert.id, alert.name, alert.severity) == ('a-1', 'TI map IP entity', AlertSeverity.HIGH)
    assert (alert.product, alert.link) == (
        'Azure Sentinel',
        'https://security.microsoft.com/alerts/a-1',
    )
    assert (alert.start_at, alert.end_at) == (
        NOON - dt.timedelta(hours=1),
        NOON - dt.timedelta(minutes=30),
    )
    assert found.generated_at == NOON + dt.timedelta(microseconds=123_456)
    assert found.is_whole


@pytest.mark.parametrize(
    'cells',
    [
        {'SystemAlertId': ''},
        {'SystemAlertId': None},
        {'TimeGenerated': None},
        {'TimeGenerated': 'yesterday'},
        {'TimeGenerated': 7},
    ],
)
def test_row_without_an_id_or_a_time_is_no_alert(cells):
    assert read_alert(row(**cells), source=SOURCE) is None


def test_missing_cells_have_plain_values():
    alert = read(
        DisplayName='', AlertSeverity='', ProductName=None, AlertLink='', StartTime=None, EndTime=''
    ).alert
    assert (alert.name, alert.severity) == ('rule name', AlertSeverity.UNKNOWN)
    assert (alert.product, alert.link) == ('', None)
    assert alert.start_at == alert.end_at == NOON + dt.timedelta(microseconds=123_456)
    assert read(DisplayName=None, AlertName=None).alert.name == 'a-1'


def test_start_is_never_after_the_end():
    alert = read(StartTime='2026-03-04T13:00:00Z').alert
    assert alert.start_at == alert.end_at == NOON - dt.timedelta(minutes=30)


@pytest.mark.parametrize('severity', list(AlertSeverity))
def test_severity_is_read_in_any_case(severity):
    assert read(AlertSeverity=severity.upper()).alert.severity is severity


def test_severities_are_ranked_from_the_least():
    assert [each.rank for each in AlertSeverity] == [0, 1, 2, 3, 4]
    assert max(AlertSeverity, key=lambda each: each.rank) is AlertSeverity.HIGH


def test_names_are_one_well_formed_line_of_bounded_length():
    name = read(DisplayName=' a\n\tb \ud800' + 'x' * 500).alert.name
    assert name.startswith('a b ?x')
    assert len(name) == LONGEST_NAME
    assert name.encode().decode() == name


@pytest.mark.parametrize(
    'link',
    [
        'http://security.microsoft.com/',
        'javascript:alert(1)',
        'https://bad.example/ x',
        'https://bad.example/\nx',
        'https://b\u00e4d.example/',
        'https://' + 'x' * LONGEST_LINK,
        7,
        None,
    ],
)
def test_link_that_is_not_plain_https_is_left_out(link):
    assert read(AlertLink=link).alert.link is None


@pytest.mark.parametrize(
    'details',
    [
        {'IndicatorId': [table_id()]},
        {'Any Name': table_id()},
        {'IndicatorId': [json.dumps([table_id(), 'else'])]},
        {'IndicatorId': ['x', f'a, {table_id()}']},
        {'IndicatorId': [STIX_ID]},
        {'IndicatorId': {'nested': [table_id()]}},
        [table_id()],
        table_id(),
    ],
)
def test_id_of_our_object_is_found_wherever_a_detail_has_it(details):
    assert ids_of(details)[0] == {STIX_ID}


def test_several_ids_are_all_found():
    found, is_whole = ids_of({'IndicatorId': [table_id(), table_id(OTHER_ID)]})
    assert found == {STIX_ID, OTHER_ID}
    assert is_whole


@pytest.mark.parametrize(
    'value',
    [
        table_id(source='ThreatConnect-Other'),
        table_id(source='Anomali'),
        f'{SOURCE}---{STIX_ID}',
        f'%%%---{STIX_ID}',
        f'{base64.b64encode(SOURCE.encode()).decode()[:-1]}---{STIX_ID}',
        f'{STIX_ID}0',
        STIX_ID.upper(),
        'indicator--1',
        '',
    ],
)
def test_id_of_another_source_or_in_another_form_is_not_ours(value):
    assert ids_of({'IndicatorId': [value]}) == (set(), True)


@pytest.mark.parametrize('length', [10, 40, 70])
def test_id_that_is_cut_is_reported_and_the_others_are_found(length):
    text = json.dumps({'First': [table_id(OTHER_ID)], 'IndicatorId': [table_id()]})
    found, is_whole = ids_of(text[: -length - 4])
    assert found == {OTHER_ID}
    assert not is_whole
    cut = {'First': [table_id(OTHER_ID)], 'IndicatorId': [table_id()[:-5]]}
    assert ids_of(cut) == ({OTHER_ID}, False)


@pytest.mark.parametrize('details', [None, '', ' ', 7, [], {}])
def test_no_details_are_a_whole_answer(details):
    found = read(CustomDetails=details)
    assert (found.stix_ids, found.is_whole) == (frozenset(), True)


def test_details_may_be_json_itself():
    assert read(CustomDetails={'IndicatorId': [table_id()]}).stix_ids == {STIX_ID}


def test_entities_that_are_cut_leave_the_ids():
    found = read(CustomDetails=json.dumps({'IndicatorId': [table_id()]}), Entities='[{"Type":')
    assert (found.stix_ids, found.is_whole) == ({STIX_ID}, False)


@given(details=st.text(max_size=80), name=st.text(max_size=20), severity=st.text(max_size=8))
@example(details='[' * 50_000, name='', severity='')
def test_any_text_is_read_without_a_fault(details, name, severity):
    found = read(CustomDetails=details, DisplayName=name, AlertSeverity=severity)
    assert not found.stix_ids


@given(
    source=st.text(st.characters(exclude_categories=['Cs']), min_size=1, max_size=30),
    before=st.text('ab"[], \\{', max_size=10),
)
def test_id_is_found_whatever_the_source_is_called(source, before):
    details = json.dumps({'IndicatorId': [before, table_id(source=source)]})
    found = read_alert(row(CustomDetails=details), source=source)
    assert found is not None
    assert found.stix_ids == {STIX_ID}


def test_query_names_its_period_and_its_limit():
    query = alerts_query(NOON, NOON + dt.timedelta(days=1), most=50)
    assert 'TimeGenerated >= datetime(2026-03-04T12:00:00.000Z)' in query
    assert 'TimeGenerated < datetime(2026-03-05T12:00:00.000Z)' in query
    assert '| take 50\n' in query
    assert query.endswith(f'| project {", ".join(COLUMNS)}')
