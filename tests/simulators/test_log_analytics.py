from __future__ import annotations

import json
import threading
import uuid
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness.waiting import until
from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import CLIENT_ID, TENANT_ID, Cloud, TokenIssuer
from tests.simulators.log_analytics import (
    ALERTS,
    FAULTS,
    INDICATORS,
    OBJECTS,
    LogAnalyticsSimulator,
    query_path,
)
from tests.simulators.sentinel import WORKSPACE_ID, SentinelSimulator

pytestmark = pytest.mark.integration

NOW = 1_796_040_000.0
"""2026-11-30T12:00:00Z."""
DAY_S = 86_400.0
SOURCE = 'ThreatConnect-Main'
AUDIENCE = 'https://api.loganalytics.io'
COUNT = f'{INDICATORS} | count'


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
def issuer(clock) -> TokenIssuer:
    return TokenIssuer(clock=clock)


@pytest.fixture
def sentinel(certificates, issuer, clock) -> SentinelSimulator:
    """Not started: its table is what counts here."""
    return SentinelSimulator(certificates, issuer, clock=clock)


@pytest.fixture
def logs(certificates, issuer, sentinel, clock):
    with LogAnalyticsSimulator(certificates, issuer, sentinel, clock=clock) as simulator:
        yield simulator


@pytest.fixture
def http(certificates, issuer):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificates.ca)
        session.headers['Authorization'] = bearer(issuer)
        yield session


def bearer(issuer: TokenIssuer, audience: str = AUDIENCE, **changes: Any) -> str:
    values = {'audience': audience, 'tenant_id': TENANT_ID, 'client_id': CLIENT_ID, **changes}
    return f'Bearer {issuer.issue(**values)}'


def ask(
    logs: LogAnalyticsSimulator, http: requests.Session, query: str = COUNT, **kwargs: Any
) -> requests.Response:
    """Ask, past the cache unless the headers say otherwise."""
    body = {'query': query}
    if 'timespan' in kwargs:
        body['timespan'] = kwargs.pop('timespan')
    headers = {'Cache-Control': 'no-cache', **kwargs.pop('headers', {})}
    kwargs = {'json': body, 'timeout': 60, **kwargs}
    return http.post(kwargs.pop('url', logs.query_url), headers=headers, **kwargs)


def rows(answer: requests.Response) -> list[list[Any]]:
    assert answer.status_code == 200, answer.text
    (table,) = answer.json()['tables']
    assert table['name'] == 'PrimaryResult'
    return table['rows']


def count(logs: LogAnalyticsSimulator, http: requests.Session, **kwargs: Any) -> int:
    return rows(ask(logs, http, **kwargs))[0][0]


def error(answer: requests.Response, status: int) -> dict[str, Any]:
    """Return the error without the one member that differs from each to the next."""
    assert answer.status_code == status
    (name,) = answer.json()
    assert name == 'error'
    found = answer.json()['error']
    uuid.UUID(found.pop('correlationId'))
    return found


def indicator(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        'type': 'indicator',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_URL, str(number))}',
        'created': '2026-11-01T00:00:00.000Z',
        'modified': '2026-11-02T00:00:00.123Z',
        'name': f'host{number}.example',
        'pattern': f"[domain-name:value = 'host{number}.example']",
        'pattern_type': 'stix',
        'valid_from': '2026-11-02T00:00:00.000Z',
        'valid_until': '2027-03-01T00:00:00.000Z',
        'confidence': 45,
        'labels': ['one', 'two'],
        **changes,
    }


def upload(sentinel: SentinelSimulator, *objects: dict[str, Any]) -> None:
    sentinel.table.append(SOURCE, objects, 1)


def test_answer_has_one_table_of_columns_and_rows(logs, http, sentinel):
    upload(sentinel, indicator())
    answer = ask(
        logs, http, f'{INDICATORS} | project TimeGenerated, Modified, Revoked, Confidence, Data'
    )
    assert answer.headers['Content-Type'] == 'application/json; charset=utf-8'
    data = {
        name: value
        for name, value in indicator().items()
        if name in ('id', 'name', 'pattern', 'pattern_type', 'labels')
    }
    assert answer.json() == {
        'tables': [
            {
                'name': 'PrimaryResult',
                'columns': [
                    {'name': 'TimeGenerated', 'type': 'datetime'},
                    {'name': 'Modified', 'type': 'datetime'},
                    {'name': 'Revoked', 'type': 'bool'},
                    {'name': 'Confidence', 'type': 'int'},
                    {'name': 'Data', 'type': 'dynamic'},
                ],
                'rows': [
                    [
                        '2026-11-30T12:00:00Z',
                        '2026-11-02T00:00:00.123Z',
                        False,
                        45,
                        json.dumps(data, separators=(',', ':')),
                    ]
                ],
            }
        ]
    }


def test_rows_are_those_of_sentinel_and_come_as_they_are_added(logs, http, sentinel):
    upload(sentinel, indicator())
    assert count(logs, http) == 1
    upload(sentinel, indicator(), indicator(1))
    sentinel.edit(indicator()['id'], confidence=1)
    sentinel.delete(indicator(1)['id'])
    query = (
        f'{INDICATORS} | summarize arg_max(TimeGenerated, Confidence, IsDeleted, IsActive, '
        'LastUpdateMethod), count() by Id'
    )
    assert count(logs, http) == 5
    assert len(rows(ask(logs, http, query))) == 2
    sentinel.forget()
    upload(sentinel, indicator(2))
    assert rows(ask(logs, http, f'{INDICATORS} | project ObservableValue')) == [['host2.example']]


def test_newest_row_tells_edit_delete_and_republishing(logs, http, sentinel, clock, issuer):
    upload(sentinel, indicator(), indicator(1), indicator(2))
    clock.now += 1
    sentinel.edit(indicator()['id'], confidence=1, labels=['three'])
    sentinel.delete(indicator(1)['id'])
    clock.now += 8 * DAY_S
    sentinel.republish()
    answer = ask(
        logs,
        http,
        f'{INDICATORS} | summarize arg_max(TimeGenerated, *) by Id | order by ObservableValue asc '
        '| project Confidence, Tags, IsDeleted, IsActive, LastUpdateMethod',
        headers={'Authorization': bearer(issuer)},
    )
    assert rows(answer) == [
        [1, 'three', False, True, 'LogARepublisher'],
        [45, 'one, two', True, False, 'UserInterface'],
        [45, 'one, two', False, True, 'LogARepublisher'],
    ]


def test_objects_have_a_table_of_their_own(logs, http, sentinel):
    identity = {
        'type': 'identity',
        'id': f'identity--{uuid.uuid4()}',
        'created': '2026-11-01T00:00:00.000Z',
        'modified': '2026-11-02T00:00:00.000Z',
        'name': 'Demo Organization',
        'identity_class': 'organization',
    }
    upload(sentinel, indicator(), identity)
    found = rows(ask(logs, http, f'{OBJECTS} | project StixType, tostring(Data.name), Type'))
    assert found == [['identity', 'Demo Organization', OBJECTS]]
    assert count(logs, http) == 1


def test_is_active_is_by_the_present_time(logs, http, sentinel, clock, issuer):
    upload(
        sentinel,
        indicator(valid_until='2026-12-01T00:00:00.000Z'),
        indicator(1, valid_from='2026-12-01T00:00:00.000Z'),
        indicator(2, revoked=True),
    )
    query = f'{INDICATORS} | order by ObservableValue asc | project IsActive, Revoked'
    assert rows(ask(logs, http, query)) == [[True, False], [False, False], [False, True]]
    clock.now += DAY_S
    headers = {'Authorization': bearer(issuer)}
    assert rows(ask(logs, http, query, headers=headers)) == [
        [False, False],
        [True, False],
        [False, True],
    ]


def test_pattern_that_cannot_be_taken_apart_has_no_observable(logs, http, sentinel):
    upload(sentinel, indicator(pattern="[a:b = '1' OR a:b = '2']"), indicator(1))
    query = f'{INDICATORS} | where isempty(ObservableKey) | count'
    assert count(logs, http, query=query) == 1


@pytest.mark.parametrize('suffix', ['', '/'])
def test_audience_may_end_in_a_slash(logs, http, issuer, sentinel, suffix):
    upload(sentinel, indicator())
    headers = {'Authorization': bearer(issuer, AUDIENCE + suffix)}
    assert count(logs, http, headers=headers) == 1


def test_token_of_the_upload_is_of_the_wrong_audience(logs, http, issuer):
    headers = {'Authorization': bearer(issuer, 'https://management.azure.com')}
    assert error(ask(logs, http, headers=headers), 403) == {
        'code': 'InvalidAuthenticationTokenAudience',
        'message': 'The access token has been obtained from wrong audience or resource '
        "'https://management.azure.com'. It should exactly match (including forward slash) with "
        "one of the allowed audiences 'https://api.loganalytics.io','https://api.loganalytics.io/'"
        '.',
    }


def test_government_has_an_audience_of_its_own(certificates, issuer, sentinel, http, clock):
    upload(sentinel, indicator())
    with LogAnalyticsSimulator(
        certificates, issuer, sentinel, cloud=Cloud.GOVERNMENT, clock=clock
    ) as logs:
        assert ask(logs, http).status_code == 403
        headers = {'Authorization': bearer(issuer, 'https://api.loganalytics.us')}
        assert count(logs, http, headers=headers) == 1


@pytest.mark.parametrize('value', ['', 'Basic abc', 'Bearer'])
def test_missing_token_is_401(logs, http, value):
    assert error(ask(logs, http, headers={'Authorization': value}), 401) == {
        'code': 'AuthenticationFailed',
        'message': "Authentication failed. The 'Authorization' header is missing.",
    }


@pytest.mark.parametrize(
    ('status', 'code'), [(401, 'AuthenticationFailed'), (403, 'InvalidAuthenticationToken')]
)
@pytest.mark.parametrize('case', ['nonsense', 'expired', 'invalidated'])
def test_invalid_token_is_401_or_403(logs, http, issuer, case, status, code):
    logs.settings.bad_token_status = status
    value = bearer(issuer, expires_in=-1 if case == 'expired' else 3599)
    if case == 'nonsense':
        value = 'Bearer a.b.c'
    if case == 'invalidated':
        issuer.invalidate_all()
    assert error(ask(logs, http, headers={'Authorization': value}), status) == {
        'code': code,
        'message': 'The access token is invalid.',
    }


def test_caller_without_access_is_refused(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.has_access = False
    plain = {
        'code': 'InsufficientAccessError',
        'message': 'The provided credentials have insufficient access to perform the requested '
        'operation',
    }
    assert error(ask(logs, http), 403) == plain
    logs.settings.is_unauthorized_client = True
    found = error(ask(logs, http), 403)
    assert found.pop('innererror')['code'] == 'UnauthorizedClient'
    assert found == plain
    logs.settings.has_access = True
    assert count(logs, http) == 1


def test_access_of_another_tenant_is_refused(logs, http, issuer):
    headers = {'Authorization': bearer(issuer, tenant_id=CLIENT_ID)}
    assert error(ask(logs, http, headers=headers), 403)['code'] == 'InsufficientAccessError'


def test_access_acts_after_a_while(logs, http, sentinel, clock):
    upload(sentinel, indicator())
    logs.grant_access(after_s=60)
    clock.now += 59
    assert error(ask(logs, http), 403)['code'] == 'InsufficientAccessError'
    clock.now += 1
    assert count(logs, http) == 1


@pytest.mark.parametrize(
    'path',
    [
        '/v1/workspaces',
        f'/v1/workspaces/{CLIENT_ID}/query',
        f'/beta/workspaces/{WORKSPACE_ID}/query',
        f'{query_path(WORKSPACE_ID)}/',
        f'/v1/workspaces/{WORKSPACE_ID}/Query',
    ],
)
def test_wrong_path_or_workspace_is_404(logs, http, path):
    assert error(ask(logs, http, url=f'{logs.url}{path}'), 404) == {
        'code': 'PathNotFoundError',
        'message': 'The requested path does not exist',
    }


def test_query_can_stand_in_the_address(logs, http, sentinel):
    upload(sentinel, indicator())
    answer = http.get(logs.query_url, params={'query': COUNT, 'timespan': 'P1D'}, timeout=60)
    assert rows(answer) == [[1]]
    assert http.put(logs.query_url, json={'query': COUNT}, timeout=60).status_code == 404


@pytest.mark.parametrize(
    'kwargs',
    [
        {'json': None, 'data': json.dumps({'query': COUNT})},
        {'json': None, 'data': COUNT, 'headers': {'Content-Type': 'text/plain'}},
        {'json': None, 'headers': {'Content-Type': 'application/json'}},
    ],
)
def test_missing_content_type_or_body_is_200_with_nothing(logs, http, kwargs):
    answer = ask(logs, http, **kwargs)
    assert (answer.status_code, answer.content) == (200, b'')


@pytest.mark.parametrize(
    ('body', 'name'),
    [
        (b'{', 'body'),
        (b'[]', 'body'),
        (b'{}', 'query'),
        (b'{"query": " "}', 'query'),
        (b'{"query": 1}', 'query'),
        (b'{"query": "print 1", "timespan": "yesterday"}', 'timespan'),
        (b'{"query": "print 1", "timespan": "P999999999999D"}', 'timespan'),
        (b'{"query": "print 1", "timespan": "2026-01-02/2026-01-01"}', 'timespan'),
        (b'{"query": "print 1", "timespan": 5}', 'timespan'),
    ],
)
def test_unsound_body_is_a_bad_argument(logs, http, body, name):
    answer = ask(logs, http, json=None, data=body, headers={'Content-Type': 'application/json'})
    found = error(answer, 400)
    assert found['code'] == 'BadArgumentError'
    assert found['innererror']['message'].startswith(f'{name}: ')


def test_query_that_does_not_parse_is_a_syntax_error(logs, http):
    found = error(ask(logs, http, 'print 1\n| wherex'), 400)
    inner = found.pop('innererror')
    assert found == {
        'code': 'BadArgumentError',
        'message': 'The request had some invalid properties',
    }
    assert inner.pop('innererror') == {
        'code': 'SYN0002',
        'message': logs.requests[0].problem,
        'line': 2,
        'pos': 1,
    }
    assert inner == {
        'code': 'SyntaxError',
        'message': 'A recognition error occurred in the query.',
    }


@pytest.mark.parametrize(
    ('query', 'text'),
    [
        ('Gone | count', "Failed to resolve table or column expression named 'Gone'"),
        (f'{ALERTS} | project Gone', "Failed to resolve column or scalar expression named 'Gone'"),
    ],
)
def test_unknown_name_is_a_semantic_error(logs, http, query, text):
    assert error(ask(logs, http, query), 400) == {
        'code': 'BadArgumentError',
        'message': 'The request had some invalid properties',
        'innererror': {
            'code': 'SemanticError',
            'message': 'A semantic error occurred.',
            'innererror': {'code': 'SEM0100', 'message': text},
        },
    }


@pytest.mark.parametrize('table', [INDICATORS, OBJECTS])
def test_tables_are_unknown_before_the_first_upload(logs, http, sentinel, table):
    query = f'{table} | count'
    found = error(ask(logs, http, query), 400)
    assert found['innererror']['code'] == 'SemanticError'
    assert table in found['innererror']['innererror']['message']
    logs.settings.is_missing_before_upload = False
    assert count(logs, http, query=query) == 0
    logs.settings.is_missing_before_upload = True
    upload(sentinel, indicator())
    assert count(logs, http, query=query) == int(table == INDICATORS)


def test_table_of_alerts_may_be_missing(logs, http):
    query = f'{ALERTS} | count'
    assert count(logs, http, query=query) == 0
    logs.settings.has_alert_table = False
    assert error(ask(logs, http, query), 400)['innererror']['code'] == 'SemanticError'


def test_what_the_engine_lacks_is_no_answer_of_the_service(logs, http, sentinel):
    upload(sentinel, indicator())
    found = error(ask(logs, http, f'{INDICATORS} | project hash(Id)'), 500)
    assert found['code'] == 'StandInCannotEvaluate'
    assert 'hash' in found['message']
    assert logs.requests[0].problem == found['message']


def test_empty_workspace_may_be_204(logs, http, sentinel):
    logs.settings.empty_workspace_status = 204
    answer = ask(logs, http)
    assert (answer.status_code, answer.content) == (204, b'')
    upload(sentinel, indicator())
    assert count(logs, http) == 1


@pytest.mark.parametrize(
    ('timespan', 'found'),
    [
        ('PT1H', 1),
        ('P2D', 2),
        ('P1DT1S', 2),
        ('P1D', 2),
        ('PT23H59M59S', 1),
        ('2026-11-29T00:00:00Z/2026-11-30T00:00:00Z', 1),
        ('2026-11-29T12:00:00Z/PT1S', 1),
        ('P1D/2026-11-30T12:00:00Z', 2),
        ('P1D/2026-11-29T12:00:00+00:00', 1),
        ('P1D/2026-11-29T13:59:59+02:00', 0),
        ('2026-11-01/2026-12-31', 2),
    ],
)
def test_timespan_is_intersected_with_the_query(logs, http, sentinel, clock, timespan, found):
    clock.now -= DAY_S
    upload(sentinel, indicator())
    clock.now += DAY_S - 1
    upload(sentinel, indicator(1))
    clock.now += 1
    assert count(logs, http, timespan=timespan) == found
    query = f'{INDICATORS} | where TimeGenerated < ago(1h) | count'
    assert count(logs, http, query=query, timespan='PT1H') == 0


def test_answers_come_from_the_cache_for_two_minutes(logs, http, sentinel, clock):
    upload(sentinel, indicator())
    cached = {'Cache-Control': ''}
    answer = ask(logs, http, headers=cached)
    assert rows(answer) == [[1]]
    assert 'Age' not in answer.headers
    upload(sentinel, indicator(1))
    clock.now += 119
    answer = ask(logs, http, headers=cached)
    assert (rows(answer), answer.headers['Age']) == ([[1]], '119')
    assert rows(ask(logs, http, headers=cached, timespan='P1D')) == [[2]]
    assert rows(ask(logs, http, f'{COUNT} ', headers=cached)) == [[2]]
    clock.now += 1
    answer = ask(logs, http, headers=cached)
    assert rows(answer) == [[2]]
    assert 'Age' not in answer.headers
    assert [seen.is_cached for seen in logs.requests] == [False, True, False, False, False]


def test_no_cache_asks_anew(logs, http, sentinel):
    upload(sentinel, indicator())
    assert count(logs, http) == 1
    upload(sentinel, indicator(1))
    assert count(logs, http, headers={'Cache-Control': ''}) == 1
    assert count(logs, http) == 2
    assert count(logs, http, headers={'Cache-Control': ''}) == 2
    assert [seen.is_fresh for seen in logs.requests] == [True, False, True, False]


def partial(limit: str, figure: int) -> dict[str, Any]:
    return {
        'code': 'PartialError',
        'message': 'There were some errors when processing your query.',
        'details': [
            {
                'code': 'EngineError',
                'message': 'Something went wrong processing your query on the server.',
                'innererror': {
                    'code': '-2133196797',
                    'severity': 2,
                    'severityName': 'Error',
                    'message': f'Query result set has exceeded the internal {limit} {figure} '
                    '(E_QUERY_RESULT_SET_TOO_LARGE).',
                },
            }
        ],
    }


def test_too_many_rows_are_cut_with_a_partial_error(logs, http, sentinel):
    assert (logs.settings.max_rows, logs.settings.max_bytes) == (500_000, 64_000_000)
    logs.settings.max_rows = 3
    upload(sentinel, *map(indicator, range(3)))
    answer = ask(logs, http, INDICATORS)
    assert 'error' not in answer.json()
    assert len(rows(answer)) == 3
    upload(sentinel, indicator(3))
    for _ in range(2):
        # It is not kept in the cache.
        answer = ask(logs, http, f'{INDICATORS} ', headers={'Cache-Control': ''})
        assert len(rows(answer)) == 3
        assert answer.json()['error'] == partial('record count limit', 3)
    assert [seen.is_partial for seen in logs.requests] == [False, True, True]
    assert [seen.row_count for seen in logs.requests] == [3, 3, 3]


def test_too_many_bytes_are_cut_with_a_partial_error(logs, http, sentinel):
    upload(sentinel, *map(indicator, range(4)))
    query = f'{INDICATORS} | project ObservableValue'
    size = len('["host0.example"]')
    logs.settings.max_bytes = 4 * size
    assert 'error' not in ask(logs, http, query).json()
    logs.settings.max_bytes -= 1
    answer = ask(logs, http, query)
    assert len(rows(answer)) == 3
    assert answer.json()['error'] == partial('data size limit', 4 * size - 1)
    assert logs.requests[-1].size_bytes == 3 * size


def test_requests_are_limited_for_each_identity(logs, http, sentinel, issuer, clock):
    upload(sentinel, indicator())
    assert (logs.limit.count, logs.limit.window_s) == (200, 30.0)
    logs.limit.count = 2
    assert [ask(logs, http).status_code for _ in range(3)] == [200, 200, 429]
    answer = ask(logs, http)
    assert answer.headers['Retry-After'] == '30'
    assert error(answer, 429) == {
        'code': 'ThrottledError',
        'message': 'The limit of requests is exceeded.',
    }
    another = {'Authorization': bearer(issuer, client_id=TENANT_ID)}
    assert count(logs, http, headers=another) == 1
    logs.settings.retry_after = type(logs.settings.retry_after).OMIT
    answer = ask(logs, http)
    assert (answer.status_code, 'Retry-After' in answer.headers) == (429, False)
    clock.now += 30
    assert count(logs, http) == 1


def identity_of(logs: LogAnalyticsSimulator, http: requests.Session) -> str:
    """Return whose limits a request uses."""
    ask(logs, http, 'print 1')
    return logs.requests[-1].identity


class Askers:
    """Ask from many threads at once."""

    def __init__(self, logs: LogAnalyticsSimulator, http: requests.Session, number: int) -> None:
        self.statuses: list[int] = []
        self._threads = [
            threading.Thread(target=self._ask, args=(logs, http)) for _ in range(number)
        ]
        for thread in self._threads:
            thread.start()

    def _ask(self, logs: LogAnalyticsSimulator, http: requests.Session) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.verify = http.verify
            session.headers = http.headers
            try:
                self.statuses.append(ask(logs, session).status_code)
            except requests.ConnectionError:
                self.statuses.append(0)

    def join(self) -> list[int]:
        for thread in self._threads:
            thread.join()
        return sorted(self.statuses)


def test_five_queries_run_at_a_time_and_others_wait(logs, http, sentinel):
    upload(sentinel, indicator())
    assert (logs.settings.max_concurrent, logs.settings.max_queued) == (5, 200)
    assert logs.settings.queue_timeout_s == 180
    identity = identity_of(logs, http)
    with ExitStack() as four, logs.slots.enter('another'):
        for _ in range(4):
            four.enter_context(logs.slots.enter(identity))
        assert count(logs, http) == 1
        with logs.slots.enter(identity):
            waiting = Askers(logs, http, 3)
            until(lambda: logs.slots.queued_count == 3)
        assert waiting.join() == [200] * 3
    assert logs.slots.most_running == 5


def test_queue_that_is_full_refuses(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.max_concurrent = 1
    logs.settings.max_queued = 1
    with logs.slots.enter(identity_of(logs, http)):
        waiting = Askers(logs, http, 1)
        until(lambda: logs.slots.queued_count == 1)
        answer = ask(logs, http)
        assert answer.headers['Retry-After'] == '30'
        assert error(answer, 429) == {
            'code': 'ThrottledError',
            'message': 'The query cannot run: too many queries wait.',
        }
    assert waiting.join() == [200]


def test_query_that_waits_too_long_is_refused(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.max_concurrent = 1
    logs.settings.queue_timeout_s = 0.05
    with logs.slots.enter(identity_of(logs, http)):
        found = error(ask(logs, http), 429)
    assert found['message'] == 'The query cannot run: waited for too long.'


def test_stop_ends_what_waits(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.query_duration_s = 150.0
    askers = Askers(logs, http, 7)
    until(lambda: (logs.slots.running_count, logs.slots.queued_count) == (5, 2))
    logs.stop()
    assert len(askers.join()) == 7


@pytest.mark.parametrize(
    ('prefer', 'status'),
    [
        ('wait=0.05', 504),
        ('include-statistics=true, wait=0.05', 504),
        ('wait=60', 200),
        ('wait=soon', 200),
        ('', 200),
    ],
)
def test_query_that_runs_past_wait_is_504(logs, http, sentinel, prefer, status):
    upload(sentinel, indicator())
    logs.settings.query_duration_s = 0.1
    answer = ask(logs, http, headers={'Prefer': prefer})
    assert answer.status_code == status
    if status == 504:
        found = error(answer, 504)
        assert found.pop('innererror')['code'] == 'GatewayTimeout'
        assert found == {'code': 'GatewayTimeout', 'message': 'Gateway timeout'}


def test_wait_has_a_default_and_a_most(logs, http, sentinel):
    upload(sentinel, indicator())
    assert (logs.settings.default_wait_s, logs.settings.max_wait_s) == (180, 600)
    logs.settings.query_duration_s = 0.1
    logs.settings.default_wait_s = 0.05
    assert ask(logs, http).status_code == 504
    assert ask(logs, http, headers={'Prefer': 'wait=600'}).status_code == 200
    logs.settings.max_wait_s = 0.05
    assert ask(logs, http, headers={'Prefer': 'wait=600'}).status_code == 504


def test_query_that_really_takes_too_long_is_504(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.max_wait_s = 0.0
    assert ask(logs, http).status_code == 504


def test_rows_come_in_any_order_unless_the_query_sorts(logs, http, sentinel):
    upload(sentinel, *map(indicator, range(50)))
    query = f'{INDICATORS} | project ObservableValue'
    first, second = rows(ask(logs, http, query)), rows(ask(logs, http, query))
    assert first != second
    assert sorted(first) == sorted(second)
    assert rows(ask(logs, http, f'{query} | sort by ObservableValue asc')) == sorted(first)
    logs.settings.is_shuffled = False
    assert rows(ask(logs, http, query)) == rows(ask(logs, http, query))


def test_answers_can_be_altered(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.alter(lambda _request, reply: replace(reply, body=b'[]'))
    assert ask(logs, http).json() == []


def test_preferences_add_members(logs, http, sentinel):
    upload(sentinel, indicator())
    assert list(ask(logs, http).json()) == ['tables']
    names = ('statistics', 'render', 'permissions', 'dataSources')
    prefer = ', '.join(f'include-{name}=true' for name in names)
    body = ask(logs, http, headers={'Prefer': f'wait=300, {prefer}'}).json()
    assert set(body) == {'tables', *names}
    assert body['dataSources'][0]['tables'] == [INDICATORS]
    assert body['permissions']['dataSources'][0]['denyTables'] == []
    assert body['statistics']['query']['datasetStatistics'] == [{'tableRowCount': 1}]
    body = ask(logs, http, headers={'Prefer': 'include-statistics=false'}).json()
    assert list(body) == ['tables']


def test_protected_table_has_no_rows_and_no_error(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.protected_tables = f'{INDICATORS}, {OBJECTS}'
    answer = ask(logs, http, headers={'Prefer': 'include-permissions=true'})
    assert rows(answer) == [[0]]
    assert answer.json()['permissions']['dataSources'][0]['denyTables'] == []


def test_denied_table_is_named_with_the_permissions(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.settings.denied_tables = INDICATORS
    answer = ask(logs, http, headers={'Prefer': 'include-permissions=true'})
    assert rows(answer) == [[0]]
    assert answer.json()['permissions']['dataSources'][0]['denyTables'] == [INDICATORS]


def test_row_scoping_hides_always_the_same_share(logs, http, sentinel):
    upload(sentinel, *map(indicator, range(400)))
    logs.settings.hidden_percent = 25.0
    query = f'{INDICATORS} | project Id'
    seen = sorted(rows(ask(logs, http, query)))
    assert 240 <= len(seen) <= 360
    assert sorted(rows(ask(logs, http, query))) == seen
    logs.settings.hidden_percent = 100.0
    assert rows(ask(logs, http, query)) == []


def test_transformations_drop_data_keys_and_rows(logs, http, sentinel):
    upload(sentinel, indicator(), indicator(1, pattern="[a:b = '1' OR a:b = '2']"))
    query = (
        f'{INDICATORS} | order by ObservableValue desc '
        '| project isnull(Data), isempty(ObservableKey), isempty(ObservableValue)'
    )
    assert rows(ask(logs, http, query)) == [[False, False, False], [False, True, True]]
    logs.settings.are_unparsed_rows_dropped = True
    assert rows(ask(logs, http, query)) == [[False, False, False]]
    logs.settings.is_data_dropped = True
    logs.settings.is_observable_key_dropped = True
    assert rows(ask(logs, http, query)) == [[True, True, False]]


def test_dynamic_may_come_as_json_itself(logs, http, sentinel):
    upload(sentinel, indicator())
    query = f'{INDICATORS} | project Data, Data.id, Data.gone, Tags'
    logs.settings.is_dynamic_native = True
    ((data, id_, gone, tags),) = rows(ask(logs, http, query))
    assert data['id'] == id_ == indicator()['id']
    assert data['labels'] == ['one', 'two']
    assert (gone, tags) == (None, 'one, two')


def test_times_may_have_seven_digits(logs, http, sentinel):
    upload(sentinel, indicator(valid_until=None))
    logs.settings.time_digits = 7
    query = f'{INDICATORS} | project TimeGenerated, Modified, ValidUntil'
    assert rows(ask(logs, http, query)) == [
        ['2026-11-30T12:00:00.0000000Z', '2026-11-02T00:00:00.1230000Z', None]
    ]


@pytest.mark.parametrize('is_own', [True, False])
def test_rows_appear_after_the_ingestion_delay(logs, http, sentinel, clock, is_own):
    upload(sentinel, indicator())
    if is_own:
        logs.settings.ingestion_delay_s = 60.0
    else:
        sentinel.settings.visibility_delay_s = 60.0
    assert count(logs, http) == 0
    clock.now += 59
    assert count(logs, http) == 0
    clock.now += 1
    assert count(logs, http) == 1


def test_rows_are_gone_after_the_retention(logs, http, sentinel, clock, issuer):
    upload(sentinel, indicator())
    logs.settings.retention_days = 2.0
    for days, found in ((1, 1), (2, 0)):
        clock.now = NOW + days * DAY_S
        assert count(logs, http, headers={'Authorization': bearer(issuer)}) == found


def test_alerts_are_added_and_queried(logs, http):
    logs.add_alerts({'SystemAlertId': 'a', 'IsIncident': True}, {'SystemAlertId': 'b'})
    query = f'{ALERTS} | order by SystemAlertId asc | project SystemAlertId, TimeGenerated, Type'
    assert rows(ask(logs, http, query)) == [
        ['a', '2026-11-30T12:00:00Z', ALERTS],
        ['b', '2026-11-30T12:00:00Z', ALERTS],
    ]
    with pytest.raises(ValueError, match='no column Gone'):
        logs.add_alerts({'SystemAlertId': 'c'}, {'Gone': 1})
    assert len(logs.alerts) == 2


def test_alerts_outlast_a_restart_and_a_workspace_that_is_forgotten(
    logs, http, sentinel, certificates, issuer, clock, tmp_path: Path
):
    logs.add_alerts({'SystemAlertId': 'a', 'Description': 'ü\u2028'})
    logs.save(tmp_path / 'alerts')
    after = LogAnalyticsSimulator(certificates, issuer, sentinel, clock=clock)
    after.load(tmp_path / 'nothing')
    assert after.alerts == ()
    after.load(tmp_path / 'alerts')
    assert after.alerts == logs.alerts
    sentinel.forget()
    assert count(logs, http, query=f'{ALERTS} | count') == 1
    logs.forget()
    assert count(logs, http, query=f'{ALERTS} | count') == 0


ANSWERS = {
    'unauthorized-401': (401, 'AuthenticationFailed'),
    'invalid-token-403': (403, 'InvalidAuthenticationToken'),
    'audience-403': (403, 'InvalidAuthenticationTokenAudience'),
    'forbidden-403': (403, 'InsufficientAccessError'),
    'not-found-404': (404, 'PathNotFoundError'),
    'syntax-400': (400, 'BadArgumentError'),
    'semantic-400': (400, 'BadArgumentError'),
    'throttle': (429, 'ThrottledError'),
    'timeout-504': (504, 'GatewayTimeout'),
    'empty-500': (500, b''),
    'html-502': (502, b'<html>'),
    'html-503': (503, b'<html>'),
    'empty-200': (200, b''),
    'no-content-204': (204, b''),
    'body-200': (200, b'{}'),
}


@pytest.mark.parametrize('name', ANSWERS)
def test_wrong_answer_of_each_kind_is_injected_once(logs, http, sentinel, name):
    upload(sentinel, indicator())
    logs.faults.add(name, count=1)
    status, expected = ANSWERS[name]
    answer = ask(logs, http)
    if isinstance(expected, str):
        assert error(answer, status)['code'] == expected
    else:
        assert answer.status_code == status
        assert answer.content.startswith(expected)
    assert count(logs, http) == 1
    assert [seen.fault for seen in logs.requests] == [name, None]


def test_every_fault_is_known_and_tested():
    assert {*ANSWERS, 'drop', 'cut-body', 'partial', 'slow'} == set(FAULTS)


def test_throttle_tells_when_to_come_back_or_not(logs, http):
    logs.faults.add('throttle', count=1, retry_after=7)
    assert ask(logs, http).headers['Retry-After'] == '7'
    logs.faults.add('throttle', count=1, retry_after=None)
    assert 'Retry-After' not in ask(logs, http).headers


def test_forbidden_may_have_the_inner_code(logs, http):
    logs.faults.add('forbidden-403', count=1, is_unauthorized_client=True)
    assert error(ask(logs, http), 403)['innererror']['code'] == 'UnauthorizedClient'


@pytest.mark.parametrize('name', ['drop', 'cut-body'])
def test_answers_may_be_lost(logs, http, sentinel, name):
    upload(sentinel, indicator())
    logs.faults.add(name, count=1)
    with pytest.raises(requests.RequestException):
        ask(logs, http)
    assert logs.status_counts == {0: 1}


def test_partial_answer_keeps_so_many_rows(logs, http, sentinel):
    upload(sentinel, *map(indicator, range(4)))
    for left in (0, 2, 9):
        logs.faults.add('partial', count=1, rows=left)
        answer = ask(logs, http, INDICATORS)
        assert answer.json()['error'] == partial('record count limit', 500_000)
        assert len(rows(answer)) == min(left, 4)


def test_slow_answer_comes_all_the_same(logs, http, sentinel):
    upload(sentinel, indicator())
    logs.faults.add('slow', count=1, wait_s=0.01)
    assert count(logs, http) == 1


def test_control_address_reads_and_sets_everything(logs, http, sentinel, clock):
    def control(method: str, path: str, json: Any = None) -> Any:
        return http.request(method, f'{logs.url}/_control{path}', json=json, timeout=60)

    upload(sentinel, indicator())
    assert set(control('GET', '').json()['faults']) == {*FAULTS, 'random'}
    assert control('POST', '/settings', {'hidden_percent': 100}).status_code == 200
    assert count(logs, http) == 0
    assert control('POST', '/settings', {'hidden_percent': 0.0}).status_code == 200
    assert control('POST', '/settings', {'gone': 1}).status_code == 400
    assert control('POST', '/faults', {'name': 'html-502', 'count': 1}).status_code == 200
    assert ask(logs, http).status_code == 502
    assert control('POST', '/alerts', [{'SystemAlertId': 'a'}]).status_code == 200
    assert control('POST', '/alerts', [{'Gone': 'a'}]).status_code == 400
    assert control('GET', '/alerts').json()[0]['SystemAlertId'] == 'a'
    assert control('POST', '/query', {'query': COUNT}).json() == {
        'columns': [['Count', 'long']],
        'rows': [[1]],
    }
    assert control('POST', '/query', {'query': 'Gone'}).status_code == 400
    assert control('POST', '/limit', {'count': 50}).json() == {'count': 50, 'window_s': 30.0}
    assert control('POST', '/access', {'after_s': 10}).status_code == 200
    assert ask(logs, http).status_code == 403
    status = control('GET', '/status').json()
    assert status['rows'] == {INDICATORS: 1, OBJECTS: 0, ALERTS: 1}
    assert status['statuses'] == {'200': 1, '502': 1, '403': 1}
    assert [seen['status'] for seen in control('GET', '/requests').json()] == [200, 502, 403]
    assert control('POST', '/forget').status_code == 200
    assert logs.requests == ()
    assert logs.alerts == ()


def test_tokens_are_not_kept(logs, http):
    ask(logs, http)
    token = str(http.headers['Authorization']).removeprefix('Bearer ')
    kept = http.get(f'{logs.url}/_control/requests', timeout=60).text
    assert COUNT in kept
    assert token not in kept
