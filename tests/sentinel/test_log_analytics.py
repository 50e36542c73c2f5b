"""The client of the query API: exactly one request, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from responses import matchers

from sentinel_app.core.trouble import System
from sentinel_app.errors import (
    LogsDeniedError,
    LogsServerError,
    LogsTooLargeError,
    LogsUnauthorizedError,
    SentinelAppError,
    TokenRefusedError,
)
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.log_analytics import (
    QUERY_LIMIT,
    QUERY_TIMEOUTS,
    QUICK_QUERY_TIMEOUTS,
    QUICK_WAIT_MARGIN_S,
    WAIT_MARGIN_S,
    LogAnalytics,
)
from tests.harness.clocks import StandingClock

ORIGIN = 'https://api.loganalytics.azure.com'
WORKSPACE = 'b3f7a2de-93c6-4f0a-9d53-6f1c4ad9c001'
URL = f'{ORIGIN}/v1/workspaces/{WORKSPACE}/query'
KQL = 'ThreatIntelIndicators | where Id == "Dé\\"mo" | project Id'


class Tokens:
    def __init__(self) -> None:
        self.forgotten: list[str | None] = []
        self.error: SentinelAppError | None = None

    def token(self) -> str:
        if self.error:
            raise self.error
        return 'token-1'

    def forget(self, token: str | None = None) -> None:
        self.forgotten.append(token)


@pytest.fixture
def server() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def contact() -> Contact:
    return Contact(System.LOG_ANALYTICS, StandingClock())


@pytest.fixture
def logs(tokens: Tokens, contact: Contact) -> Iterator[LogAnalytics]:
    with requests.Session() as session:
        yield LogAnalytics(
            logs_url=f'{ORIGIN}/',
            workspace_id=WORKSPACE,
            tokens=tokens,
            session=session,
            clock=StandingClock(),
            redactor=Redactor(),
            timeouts=Timeouts(connect_s=1.5, read_s=42.0, total_s=90),
            contact=contact,
        )


def body(*rows: Any, kind: str = 'string') -> dict[str, Any]:
    columns = [{'name': 'Id', 'type': kind}]
    return {'tables': [{'name': 'PrimaryResult', 'columns': columns, 'rows': list(rows)}]}


def test_query_is_sent_as_exactly_this_request(
    server: responses.RequestsMock, logs: LogAnalytics
) -> None:
    server.add(
        responses.POST,
        URL,
        json=body(['a']),
        match=[
            matchers.query_param_matcher({}),
            matchers.header_matcher(
                {
                    'Authorization': 'Bearer token-1',
                    'Content-Type': 'application/json',
                    'Accept': 'application/json',
                    'Cache-Control': 'no-cache',
                    'Prefer': 'wait=12',
                }
            ),
        ],
    )
    assert logs.query(KQL, ('Id',)).rows == [['a']]
    sent = server.calls[0].request
    assert json.loads(sent.body or b'') == {'query': KQL}
    assert sent.req_kwargs['timeout'] == (1.5, 42.0)


@pytest.mark.parametrize(
    ('timeouts', 'margin_s'),
    [(QUERY_TIMEOUTS, WAIT_MARGIN_S), (QUICK_QUERY_TIMEOUTS, QUICK_WAIT_MARGIN_S)],
)
def test_service_is_asked_to_end_before_the_app_stops_waiting(
    timeouts: Timeouts, margin_s: float
) -> None:
    assert 0 < timeouts.read_s - margin_s <= 600
    assert timeouts.read_s < timeouts.total_s


@pytest.mark.parametrize(('count', 'width'), [(30_000, 5), (8_200, 8)])
def test_limit_lets_the_largest_planned_answer_through(count: int, width: int) -> None:
    row = json.dumps(['x' * 36, *['2026-11-20T07:15:02.1234567Z'] * (width - 1)])
    text = ','.join([row] * count).encode()
    assert len(text) < QUERY_LIMIT.body_bytes
    assert text.count(b',') + text.count(b'[') < QUERY_LIMIT.values


def test_larger_answer_is_asked_for_in_parts(
    server: responses.RequestsMock, logs: LogAnalytics
) -> None:
    server.add(responses.POST, URL, body=b'x' * (QUERY_LIMIT.body_bytes + 1))
    with pytest.raises(LogsTooLargeError):
        logs.query(KQL, ('Id',))


def test_connection_that_fails_is_retryable_and_names_what_happened(
    server: responses.RequestsMock, logs: LogAnalytics, contact: Contact
) -> None:
    server.add(responses.POST, URL, body=requests.ConnectionError('refused'))
    with pytest.raises(LogsServerError, match='Log Analytics did not answer'):
        logs.query(KQL, ('Id',))
    assert contact.outage is not None


def test_redirect_is_not_followed(server: responses.RequestsMock, logs: LogAnalytics) -> None:
    server.add(responses.POST, URL, status=307, headers={'Location': 'https://evil.example/'})
    with pytest.raises(LogsDeniedError):
        logs.query(KQL, ('Id',))
    assert len(server.calls) == 1


def test_cookies_are_not_kept(server: responses.RequestsMock, logs: LogAnalytics) -> None:
    server.add(responses.POST, URL, json=body(), headers={'Set-Cookie': 'a=b; Path=/; Secure'})
    logs.query(KQL, ('Id',))
    logs.query(KQL, ('Id',))
    assert 'Cookie' not in server.calls[1].request.headers


def test_token_that_was_refused_is_the_one_that_is_discarded(
    server: responses.RequestsMock, logs: LogAnalytics, tokens: Tokens
) -> None:
    server.add(responses.POST, URL, status=401)
    with pytest.raises(LogsUnauthorizedError):
        logs.query(KQL, ('Id',))
    logs.forget_token()
    assert tokens.forgotten == ['token-1']


def test_refused_token_is_known_to_the_contact_of_log_analytics(
    logs: LogAnalytics, tokens: Tokens, contact: Contact
) -> None:
    tokens.error = TokenRefusedError('No.')
    with pytest.raises(TokenRefusedError):
        logs.query(KQL, ('Id',))
    assert contact.refusal is not None
    assert contact.refusal[1] is tokens.error


def test_success_is_known_to_the_contact(
    server: responses.RequestsMock, logs: LogAnalytics, contact: Contact
) -> None:
    server.add(responses.POST, URL, json=body(['a']))
    logs.query(KQL, ('Id',))
    assert contact.worked_at is not None
