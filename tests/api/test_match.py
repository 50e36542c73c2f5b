"""Matches as people are shown them: MATCHES, DASHBOARD, the look-up of a value, metrics."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import gzip
import io
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sentinel_app.core.alert import AlertSeverity
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.match import FoundMatch, MatchKind, MatchOutcome
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.task import TaskSlug, TaskState
from sentinel_app.diagnostics.match_report import MOST_OF_VALUE
from sentinel_app.errors import LogsDeniedError
from sentinel_app.storage.holdings import Holdings
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.builders.match import MINUTE, make_alert, sendable, web_link
from tests.harness.builders.update import address, send
from tests.harness.clocks import NOON

HOST = ObjectKey(IndicatorType.HOST, 'bad.example')
DAY = dt.timedelta(days=1)
BIG_ID = 9_007_199_254_740_993


def add_match(
    stand: Stand, number: int, key: ObjectKey, kind: MatchKind = MatchKind.EXACT, **fields: Any
) -> None:
    """Store an alert about an object."""
    (held,) = Holdings(stand.diagnostics.db).of_keys([key]).values()
    found = FoundMatch(alert=make_alert(number, **fields), objects={held.object: kind})
    stand.diagnostics.matches.add([found], until=NOON)


@pytest.fixture
def matched(stand: Stand) -> Stand:
    """An Address that two alerts carry, and a Host of a deleted query by its value."""
    stand.app_state.save_queries(
        [make_query('q1', name='Feeds')],
        expected_version=0,
        next_mode=None,
        audit=make_audit(),
    )
    send(stand.diagnostics.store, sendable(BIG_ID, address(7)))
    send(
        stand.diagnostics.store,
        sendable(8, HOST, owner_name='Källa "1" & more'),
        request_id='second',
        query_id='q9',
    )
    add_match(stand, 1, address(7), name='Beacon', severity=AlertSeverity.HIGH)
    add_match(stand, 2, address(7))
    add_match(stand, 3, HOST, MatchKind.VALUE, link=None, product='Defender')
    return stand


def page(stand: Stand, query: str = '') -> dict[str, Any]:
    reply = stand.get('/api/match', query)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def queried(link: str) -> str:
    """The KQL in a link to the portal."""
    (packed,) = parse_qs(urlsplit(link).query)['query']
    return gzip.decompress(base64.urlsafe_b64decode(packed + '===')).decode('utf-16-le')


def test_matched_indicators_are_listed_newest_first(matched: Stand) -> None:
    found = page(matched)
    assert (found['count'], found['total_count'], found['next']) == (2, 2, None)
    first, second = found['data']
    assert first == {
        'id': str(BIG_ID),
        'type': 'Address',
        'summary': '198.51.0.7',
        'owner': 'Example Org',
        'web_link': web_link(BIG_ID),
        'query_id': 'q1',
        'query': {'query_id': 'q1', 'position': 0, 'label': 'Feeds', 'label_scope': None},
        'kind': 'exact',
        'count_alerts': 2,
        'date_first': '2026-03-04T11:57:00Z',
        'date_last': '2026-03-04T11:59:00Z',
        'severity': 'high',
        'alert_names': ['Beacon', 'TI map IP entity'],
        'count_alert_names': 2,
        'alert_link': 'https://security.microsoft.com/alerts/a-1',
    }
    assert (second['kind'], second['query_id'], second['query']) == ('value', 'q9', None)


def test_alert_without_a_link_opens_the_portal_with_a_query(matched: Stand) -> None:
    link = page(matched, 'kind=value')['data'][0]['alert_link']
    assert link.startswith('https://security.microsoft.com/v2/advanced-hunting?')
    assert 'SecurityAlert\n| where SystemAlertId == "a-3"\n' in queried(link)


@pytest.mark.parametrize(
    ('query', 'expected'),
    [
        ('kind=exact', ['7']),
        ('indicator_type=host', ['8']),
        ('owner=Example Org', ['7']),
        ('query_id=q9', ['8']),
        ('severity=high', ['7']),
        ('text=beac', ['7']),
        ('text=BAD', ['8']),
        ('after=2026-03-04T11:58:30Z', ['7']),
        ('before=2026-03-04T11:57:30Z', ['8']),
        ('sort=alerts&sort_order=asc', ['8', '7']),
        ('sort=summary', ['8', '7']),
        ('limit=1&offset=1', ['8']),
    ],
)
def test_list_is_filtered_and_sorted(matched: Stand, query: str, expected: list[str]) -> None:
    names = {str(BIG_ID): '7', '8': '8'}
    assert [names[each['id']] for each in page(matched, query)['data']] == expected


@pytest.mark.parametrize(
    'query', ['kind=certain', 'severity=bad', 'sort=color', 'format=xml', 'after=now', 'x=1']
)
def test_filter_that_is_not_known_is_refused(matched: Stand, query: str) -> None:
    assert matched.get('/api/match', query).status_code == 400


def test_all_of_them_come_as_csv(matched: Stand) -> None:
    reply = matched.get('/api/match', 'format=csv&sort=alerts')
    assert 'matches' in reply.headers['content-disposition']
    rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix('\ufeff'))))
    assert [(row['summary'], row['query'], row['alerts'], row['kind']) for row in rows] == [
        ('198.51.0.7', 'Feeds', '2', 'exact'),
        ('bad.example', '', '1', 'value'),
    ]
    assert rows[0] == {
        'indicator_id': str(BIG_ID),
        'type': 'Address',
        'summary': '198.51.0.7',
        'owner': 'Example Org',
        'query': 'Feeds',
        'kind': 'exact',
        'alerts': '2',
        'first': '2026-03-04T11:57:00Z',
        'last': '2026-03-04T11:59:00Z',
        'severity': 'high',
        'alert_names': 'Beacon, TI map IP entity',
        'alert_link': 'https://security.microsoft.com/alerts/a-1',
        'web_link': web_link(BIG_ID),
    }


def test_alert_name_that_is_a_formula_is_made_harmless(stand: Stand) -> None:
    send(stand.diagnostics.store, sendable(7))
    add_match(stand, 1, address(7), name='=cmd|x')
    assert "'=cmd|x" in stand.get('/api/match', 'format=csv').text


def test_alerts_of_one_indicator_are_listed_newest_first(matched: Stand) -> None:
    found = matched.get(f'/api/match/{BIG_ID}/alert').json
    assert [each['id'] for each in found['data']] == ['a-1', 'a-2']
    assert found['data'][0] == {
        'id': 'a-1',
        'name': 'Beacon',
        'severity': 'high',
        'product': 'Azure Sentinel',
        'kind': 'exact',
        'date_first': '2026-03-04T11:58:00Z',
        'date_last': '2026-03-04T11:59:00Z',
        'link': 'https://security.microsoft.com/alerts/a-1',
    }
    narrow = matched.get(f'/api/match/{BIG_ID}/alert', 'severity=medium').json
    assert [each['id'] for each in narrow['data']] == ['a-2']
    second = matched.get(f'/api/match/{BIG_ID}/alert', 'limit=1&offset=1').json
    assert ([each['id'] for each in second['data']], second['total_count']) == (['a-2'], 2)


def test_indicator_that_was_never_matched_has_no_alerts(matched: Stand) -> None:
    assert matched.get('/api/match/999/alert').json['data'] == []


@pytest.mark.parametrize('name', ['a', '-1', '1.5', '9223372036854775808', '9' * 5_000, '%C2%B2'])
def test_id_that_no_indicator_can_have_is_not_found(matched: Stand, name: str) -> None:
    assert matched.get(f'/api/match/{name}/alert').status_code == 404


# -- the runs


def run(stand: Stand) -> dict[str, Any]:
    found: dict[str, Any] = page(stand)['run']
    return found


def test_new_service_says_that_it_is_due(stand: Stand) -> None:
    assert run(stand) == {
        'interval_hours': 1,
        'date_began': None,
        'date_ended': None,
        'date_completed': None,
        'date_next': '2026-03-04T12:00:00Z',
        'read_until': None,
        'outcome': None,
        'date_seen': None,
        'count_alerts': 0,
        'count_unreadable': 0,
        'count_new': 0,
        'error': None,
    }


def test_last_run_and_the_next_one_are_shown(stand: Stand) -> None:
    matches = stand.diagnostics.matches
    matches.begin(NOON)
    matches.add([], until=NOON)
    matches.end(NOON + MINUTE, MatchOutcome.COMPLETE, alerts=5, unreadable=2, added=1)
    found = run(stand)
    assert (found['date_began'], found['date_ended'], found['date_next']) == (
        '2026-03-04T12:00:00Z',
        '2026-03-04T12:01:00Z',
        '2026-03-04T13:00:00Z',
    )
    assert (found['outcome'], found['read_until'], found['date_seen']) == (
        'complete',
        '2026-03-04T12:00:00Z',
        '2026-03-04T12:01:00Z',
    )
    assert (found['count_alerts'], found['count_unreadable'], found['count_new']) == (5, 2, 1)


def test_missing_table_is_an_outcome_of_its_own(stand: Stand) -> None:
    stand.diagnostics.matches.begin(NOON)
    stand.diagnostics.matches.end(NOON, MatchOutcome.NO_TABLE)
    found = run(stand)
    assert (found['outcome'], found['error']) == ('no-table', None)
    assert found['date_completed'] == '2026-03-04T12:00:00Z'


def test_failed_run_has_a_code_and_a_remedy(stand: Stand) -> None:
    error = LogsDeniedError(
        'The application may not query the workspace. Assign the role on it.', reason='Forbidden'
    )
    stand.diagnostics.matches.begin(NOON)
    stand.diagnostics.matches.end(NOON, MatchOutcome.FAILED, error=error)
    found = run(stand)
    assert (found['outcome'], found['date_completed']) == ('failed', None)
    assert found['date_next'] == '2026-03-04T12:15:00Z'
    assert found['error'] == {
        'code': 'AZ-QUERY-403',
        'message': 'The application may not query the workspace.',
        'remedy': 'Assign the role on it.',
        'reason': 'Forbidden',
    }


def test_paused_task_has_no_next_run(stand: Stand) -> None:
    stand.app_state.store_task_states(
        {TaskSlug.MATCH: TaskState(is_paused=True)}, audit=make_audit()
    )
    assert run(stand)['date_next'] is None


# -- elsewhere on the page


def test_summary_counts_the_last_days_by_query_and_by_owner(matched: Stand) -> None:
    add_match(matched, 9, HOST, end_at=NOON - 8 * DAY)
    found = matched.get('/api/metric/summary').json['matches']
    assert (found['days'], found['count_indicators'], found['count_exact']) == (7, 2, 1)
    assert found['count_alerts'] == 3
    assert [(each['query_id'], each['count']) for each in found['by_query']] == [
        ('q1', 1),
        ('q9', 1),
    ]
    assert found['by_query'][0]['query']['label'] == 'Feeds'
    assert found['by_query'][1]['query'] is None
    assert found['by_owner'] == [
        {'owner': 'Example Org', 'count': 1},
        {'owner': 'Källa "1" & more', 'count': 1},
    ]
    assert found['run'] == run(matched)
    matched.clock.advance(8 * 24 * 3_600)
    assert matched.get('/api/metric/summary').json['matches']['count_indicators'] == 0


def test_counts_are_made_anew_each_minute_and_after_each_run(matched: Stand) -> None:
    def count() -> int:
        found: int = matched.get('/api/metric/summary').json['matches']['count_alerts']
        return found

    assert count() == 3
    add_match(matched, 4, HOST)
    assert count() == 3
    matched.diagnostics.matches.end(NOON, MatchOutcome.COMPLETE)
    assert count() == 4
    add_match(matched, 5, HOST)
    matched.clock.advance(60)
    assert count() == 5


def test_most_matched_come_first(matched: Stand) -> None:
    send(matched.diagnostics.store, sendable(9), request_id='third', query_id='q9')
    add_match(matched, 4, address(9))
    found = matched.get('/api/metric/summary').json['matches']
    assert [(each['query_id'], each['count']) for each in found['by_query']] == [
        ('q9', 2),
        ('q1', 1),
    ]


def test_look_up_of_a_value_shows_its_alerts(matched: Stand) -> None:
    found = matched.post('/api/indicator/detail', {'value': 'BAD[.]example'}).json['matches']
    assert found['count'] == 1
    (alert,) = found['alerts']
    assert (alert['id'], alert['kind'], alert['product']) == ('a-3', 'value', 'Defender')
    for number in range(10, 10 + MOST_OF_VALUE):
        add_match(matched, number, HOST)
    found = matched.post('/api/indicator/detail', {'value': 'bad.example'}).json['matches']
    assert (found['count'], len(found['alerts'])) == (MOST_OF_VALUE + 1, MOST_OF_VALUE)


def test_metrics_have_the_matched_indicators_and_the_last_run(matched: Stand) -> None:
    text = matched.get('/api/metrics').text
    assert 'ms_sentinel_matched_indicators{kind="exact"} 1\n' in text
    assert 'ms_sentinel_matched_indicators{kind="value"} 1\n' in text
    assert 'last_match' not in text
    matched.diagnostics.matches.end(NOON, MatchOutcome.COMPLETE)
    text = matched.get('/api/metrics').text
    assert f'ms_sentinel_last_match_end_timestamp_seconds {NOON.timestamp():.3f}\n' in text
