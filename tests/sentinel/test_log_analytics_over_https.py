"""The port to the tables against the stand-ins for Entra ID and the query API, with real tokens."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sentinel_app.clock import SystemClock
from sentinel_app.core.logs import Logs
from sentinel_app.errors import (
    LogsDeniedError,
    LogsRefusedError,
    LogsServerError,
    LogsTableError,
    LogsThrottledError,
    LogsTooLargeError,
    LogsUnauthorizedError,
    SentinelAppError,
    TokenRefusedError,
)
from sentinel_app.network.contact import Contacts
from sentinel_app.network.exchange import Timeouts
from sentinel_app.pipeline.log_reader import LogReader
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.auth import TokenSource
from sentinel_app.sentinel.client import SentinelSink
from sentinel_app.sentinel.log_analytics import LogAnalytics
from tests.harness.waiting import PATIENCE_S
from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import CLIENT_ID, CLIENT_SECRET, EntraSimulator
from tests.simulators.log_analytics import LogAnalyticsSimulator, RetryAfter
from tests.simulators.sentinel import SentinelSimulator

pytestmark = pytest.mark.integration

UPLOAD_SCOPE = 'https://management.azure.com/.default'
SCOPE = 'https://api.loganalytics.io/.default'
SOURCE = 'ThreatConnect-Dé"mo'
STRANGER = '0c1d2e3f-4a5b-4c6d-8e7f-001122334455'
TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S, total_s=PATIENCE_S)
SHORT_TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=1, total_s=3)
KQL = (
    'ThreatIntelIndicators | where TimeGenerated > ago(14d) '
    '| summarize arg_max(TimeGenerated, *) by Id | sort by Id asc '
    '| project Id, Modified, Revoked, Confidence, Data'
)
COLUMNS = ('Id', 'Modified', 'Revoked', 'Confidence', 'Data')


@pytest.fixture(scope='module')
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def entra(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[EntraSimulator]:
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificates.ca))
    with EntraSimulator(certificates) as simulator:
        yield simulator


@pytest.fixture
def sentinel(certificates: Certificates, entra: EntraSimulator) -> Iterator[SentinelSimulator]:
    with SentinelSimulator(certificates, entra.issuer) as simulator:
        yield simulator


@pytest.fixture
def simulator(
    certificates: Certificates, entra: EntraSimulator, sentinel: SentinelSimulator
) -> Iterator[LogAnalyticsSimulator]:
    with LogAnalyticsSimulator(certificates, entra.issuer, sentinel) as simulator:
        yield simulator


@pytest.fixture
def contacts() -> Contacts:
    return Contacts(SystemClock())


Make = Callable[..., LogAnalytics]


@pytest.fixture
def sessions() -> Iterator[list[requests.Session]]:
    found: list[requests.Session] = []
    yield found
    for session in found:
        session.close()


@pytest.fixture
def make_tokens(
    entra: EntraSimulator, sessions: list[requests.Session]
) -> Callable[..., TokenSource]:
    def make(scope: str, **options: Any) -> TokenSource:
        sessions.append(requests.Session())
        return TokenSource(
            authority=entra.authority,
            client_id=CLIENT_ID,
            credential=CLIENT_SECRET,
            scope=scope,
            session=sessions[-1],
            clock=SystemClock(),
            redactor=Redactor(),
            timeouts=TIMEOUTS,
            **options,
        )

    return make


@pytest.fixture
def make(
    simulator: LogAnalyticsSimulator,
    contacts: Contacts,
    make_tokens: Callable[..., TokenSource],
    sessions: list[requests.Session],
) -> Make:
    def make(**changes: Any) -> LogAnalytics:
        sessions.append(requests.Session())
        return LogAnalytics(
            logs_url=simulator.url,
            workspace_id=changes.get('workspace_id', simulator.workspace_id),
            tokens=make_tokens(changes.get('scope', SCOPE)),
            session=sessions[-1],
            clock=SystemClock(),
            redactor=Redactor(),
            timeouts=changes.get('timeouts', TIMEOUTS),
            margin_s=changes.get('margin_s', 30.0),
            contact=contacts.log_analytics,
        )

    return make


@pytest.fixture
def logs(make: Make) -> Logs:
    return make()


@pytest.fixture
def sink(
    sentinel: SentinelSimulator,
    contacts: Contacts,
    make_tokens: Callable[..., TokenSource],
    sessions: list[requests.Session],
) -> SentinelSink:
    sessions.append(requests.Session())
    return SentinelSink(
        upload_url=sentinel.url,
        workspace_id=sentinel.workspace_id,
        source_system=SOURCE,
        tokens=make_tokens(UPLOAD_SCOPE, contact=contacts.entra),
        session=sessions[-1],
        clock=SystemClock(),
        redactor=Redactor(),
        timeouts=TIMEOUTS,
        contact=contacts.sentinel,
    )


def stix(name: str, **changes: Any) -> dict[str, Any]:
    return {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}',
        'created': '2026-03-02T08:15:00.000Z',
        'modified': '2026-03-04T10:00:00.123Z',
        'name': f'{name} | Ünï',
        'confidence': 80,
        'pattern': f"[domain-name:value = '{name}']",
        'pattern_type': 'stix',
        'valid_from': '2026-03-04T10:00:00.000Z',
        **changes,
    }


def upload(sink: SentinelSink, *objects: dict[str, Any]) -> None:
    assert sink.send([json.dumps(each).encode() for each in objects]).refusals == {}


@pytest.fixture
def held(sink: SentinelSink) -> dict[str, Any]:
    """One object that Sentinel holds."""
    found = stix('bad.example')
    upload(sink, found)
    return found


def table_id(stix_id: str) -> str:
    return f'{base64.b64encode(SOURCE.encode()).decode()}---{stix_id}'


class TestRows:
    @pytest.mark.parametrize('is_native', [False, True])
    @pytest.mark.parametrize('digits', [0, 7])
    def test_what_was_sent_is_read_back(
        self,
        simulator: LogAnalyticsSimulator,
        logs: Logs,
        held: dict[str, Any],
        digits: int,
        *,
        is_native: bool,
    ) -> None:
        simulator.settings.is_dynamic_native = is_native
        simulator.settings.time_digits = digits
        found = logs.query(KQL, COLUMNS)
        assert found.columns == COLUMNS
        ((row_id, modified, revoked, confidence, data),) = found.rows
        assert row_id == table_id(held['id'])
        assert modified.startswith('2026-03-04T10:00:00.123')
        assert modified.endswith('Z')
        assert (revoked, confidence) == (False, 80)
        assert data['id'] == held['id']

    def test_columns_are_returned_as_requested(self, logs: Logs, held: dict[str, Any]) -> None:
        found = logs.query(KQL, ('Confidence', 'Id'))
        assert found.rows == [[80, table_id(held['id'])]]

    def test_answer_is_never_that_of_the_cache(
        self, simulator: LogAnalyticsSimulator, sink: SentinelSink, logs: Logs, held: object
    ) -> None:
        assert len(logs.query(KQL, COLUMNS).rows) == 1
        upload(sink, stix('worse.example'))
        assert len(logs.query(KQL, COLUMNS).rows) == 2
        assert [each.is_fresh for each in simulator.requests] == [True, True]

    @pytest.mark.usefixtures('held')
    def test_statistics_and_other_members_are_no_part_of_the_request(
        self, simulator: LogAnalyticsSimulator, logs: Logs
    ) -> None:
        logs.query(KQL, COLUMNS)
        (seen,) = simulator.requests
        assert seen.prefer == f'wait={PATIENCE_S - 30:.0f}'
        assert (seen.query, seen.timespan) == (KQL, '')

    def test_empty_workspace_has_no_rows(
        self, simulator: LogAnalyticsSimulator, logs: Logs
    ) -> None:
        simulator.settings.empty_workspace_status = 204
        assert list(logs.query(KQL, COLUMNS).rows) == []

    @pytest.mark.usefixtures('held')
    def test_protected_table_is_silent(self, simulator: LogAnalyticsSimulator, logs: Logs) -> None:
        simulator.settings.protected_tables = 'ThreatIntelIndicators'
        assert list(logs.query(KQL, COLUMNS).rows) == []

    @pytest.mark.usefixtures('held')
    def test_column_that_a_query_does_not_return_is_missed(self, logs: Logs) -> None:
        with pytest.raises(LogsServerError):
            logs.query(KQL, (*COLUMNS, 'Tags'))


class TestFaults:
    @pytest.mark.parametrize(
        ('name', 'params', 'kind', 'code'),
        [
            ('unauthorized-401', {}, LogsUnauthorizedError, '401'),
            ('invalid-token-403', {}, LogsUnauthorizedError, 'AUDIENCE'),
            ('audience-403', {}, LogsDeniedError, 'AUDIENCE'),
            ('forbidden-403', {}, LogsDeniedError, '403'),
            ('forbidden-403', {'is_unauthorized_client': True}, LogsDeniedError, '403'),
            ('not-found-404', {}, LogsDeniedError, '404'),
            ('syntax-400', {}, LogsRefusedError, '400'),
            ('semantic-400', {}, LogsTableError, 'TABLE'),
            ('throttle', {}, LogsThrottledError, '429'),
            ('empty-500', {}, LogsServerError, '5XX'),
            ('html-502', {}, LogsServerError, '5XX'),
            ('html-503', {}, LogsServerError, '5XX'),
            ('timeout-504', {}, LogsTooLargeError, 'SIZE'),
            ('empty-200', {}, LogsServerError, '5XX'),
            ('body-200', {}, LogsServerError, '5XX'),
            ('body-200', {'body': '<html>Sign in</html>'}, LogsServerError, '5XX'),
            ('drop', {}, LogsServerError, '5XX'),
            ('partial', {'rows': 1}, LogsTooLargeError, 'SIZE'),
            ('cut-body', {}, LogsServerError, '5XX'),
            ('slow', {'wait_s': 2}, LogsServerError, '5XX'),
        ],
    )
    def test_fault_of_each_kind_is_one_attempt_and_raises_its_own_error(
        self,
        simulator: LogAnalyticsSimulator,
        make: Make,
        held: dict[str, Any],
        name: str,
        params: dict[str, Any],
        kind: type[SentinelAppError],
        code: str,
    ) -> None:
        logs = make()
        simulator.faults.add(name, **params)
        quick = make(timeouts=SHORT_TIMEOUTS, margin_s=0) if name == 'slow' else logs
        with pytest.raises(SentinelAppError) as caught:
            quick.query(KQL, COLUMNS)
        assert type(caught.value) is kind
        assert caught.value.code == f'AZ-QUERY-{code}'
        assert len(simulator.requests) == 1
        simulator.faults.clear()
        ((row_id, *_),) = logs.query(KQL, COLUMNS).rows
        assert row_id == table_id(held['id'])

    def test_204_is_an_answer_without_rows(
        self, simulator: LogAnalyticsSimulator, logs: Logs
    ) -> None:
        simulator.faults.add('no-content-204')
        assert list(logs.query(KQL, COLUMNS).rows) == []

    @pytest.mark.parametrize(('retry_after', 'seconds'), [(17, 17), (None, 30)])
    def test_429_states_the_wait(
        self,
        simulator: LogAnalyticsSimulator,
        logs: Logs,
        retry_after: int | None,
        seconds: float,
    ) -> None:
        simulator.faults.add('throttle', retry_after=retry_after)
        with pytest.raises(LogsThrottledError) as caught:
            logs.query(KQL, COLUMNS)
        assert caught.value.retry_after_s == seconds

    @pytest.mark.usefixtures('held')
    @pytest.mark.parametrize('setting', ['max_rows', 'max_bytes'])
    def test_answer_beyond_a_limit_is_not_used(
        self, simulator: LogAnalyticsSimulator, sink: SentinelSink, logs: Logs, setting: str
    ) -> None:
        upload(sink, stix('worse.example'))
        setattr(simulator.settings, setting, 1)
        with pytest.raises(LogsTooLargeError) as caught:
            logs.query(KQL, COLUMNS)
        assert 'E_QUERY_RESULT_SET_TOO_LARGE' in caught.value.reason

    @pytest.mark.usefixtures('held')
    def test_query_that_lasts_is_ended_by_the_service_before_the_app_stops_waiting(
        self, simulator: LogAnalyticsSimulator, make: Make
    ) -> None:
        simulator.settings.query_duration_s = PATIENCE_S
        logs = make(margin_s=PATIENCE_S - 1)
        with pytest.raises(LogsTooLargeError, match='in time'):
            logs.query(KQL, COLUMNS)
        assert simulator.status_counts[504] == 1


class TestQuery:
    @pytest.mark.usefixtures('held')
    @pytest.mark.parametrize(
        ('kql', 'kind', 'word'),
        [
            ('NoSuchTable | project Id', LogsTableError, 'NoSuchTable'),
            ('ThreatIntelIndicators | project NoSuchColumn', LogsTableError, 'NoSuchColumn'),
            ('ThreatIntelIndicators | project project', LogsRefusedError, 'SyntaxError'),
        ],
    )
    def test_refusal_quotes_what_is_wrong(
        self, logs: Logs, kql: str, kind: type[SentinelAppError], word: str
    ) -> None:
        with pytest.raises(kind) as caught:
            logs.query(kql, ('Id',))
        assert word in caught.value.reason

    def test_table_is_not_there_before_anything_was_sent(self, logs: Logs) -> None:
        with pytest.raises(LogsTableError) as caught:
            logs.query('ThreatIntelIndicators | take 1 | project Id', ('Id',))
        assert 'ThreatIntelIndicators' in caught.value.reason


class TestAccess:
    def test_token_for_uploads_is_not_one_for_queries(self, make: Make) -> None:
        with pytest.raises(LogsDeniedError, match='Azure Cloud') as caught:
            make(scope=UPLOAD_SCOPE).query(KQL, COLUMNS)
        assert caught.value.code == 'AZ-QUERY-AUDIENCE'

    def test_other_workspace_names_the_input(self, make: Make) -> None:
        with pytest.raises(LogsDeniedError, match='Sentinel Workspace ID') as caught:
            make(workspace_id=STRANGER).query(KQL, COLUMNS)
        assert caught.value.code == 'AZ-QUERY-404'

    @pytest.mark.usefixtures('held')
    def test_missing_access_names_both_remedies_and_the_hour(
        self, simulator: LogAnalyticsSimulator, logs: Logs
    ) -> None:
        simulator.settings.has_access = False
        with pytest.raises(LogsDeniedError) as caught:
            logs.query(KQL, COLUMNS)
        for words in ('Microsoft Sentinel Contributor', 'this workspace', 'an hour', 'Data.Read'):
            assert words in caught.value.message
        simulator.settings.has_access = True
        assert len(logs.query(KQL, COLUMNS).rows) == 1

    @pytest.mark.usefixtures('held')
    @pytest.mark.parametrize('status', [401, 403])
    def test_token_that_was_taken_back_is_replaced(
        self, simulator: LogAnalyticsSimulator, entra: EntraSimulator, logs: Logs, status: int
    ) -> None:
        simulator.settings.bad_token_status = status
        reader = LogReader(logs, SystemClock())
        stop = threading.Event()
        assert len(reader.read(KQL, COLUMNS, stop=stop).rows) == 1
        entra.issuer.invalidate_all()
        assert len(reader.read(KQL, COLUMNS, stop=stop).rows) == 1
        assert simulator.status_counts == {200: 2, status: 1}

    def test_each_scope_has_a_token_of_its_own(
        self, entra: EntraSimulator, logs: Logs, held: object
    ) -> None:
        logs.query(KQL, COLUMNS)
        logs.query(KQL, COLUMNS)
        assert len(entra.token_requests) == 2

    def test_scope_of_the_newer_host_is_unknown_to_entra(self, make: Make) -> None:
        logs = make(scope='https://api.loganalytics.azure.com/.default')
        with pytest.raises(TokenRefusedError) as caught:
            logs.query(KQL, COLUMNS)
        assert caught.value.reason.startswith('AADSTS500011')

    def test_refused_token_for_queries_is_no_matter_of_uploads(
        self, make: Make, contacts: Contacts, held: object
    ) -> None:
        with pytest.raises(TokenRefusedError):
            make(scope='https://api.loganalytics.azure.com/.default').query(KQL, COLUMNS)
        assert contacts.log_analytics.refusal is not None
        for contact in (contacts.entra, contacts.sentinel):
            assert (contact.refusal, contact.outage) == (None, None)
            assert contact.worked_at is not None


@pytest.mark.parametrize('told', list(RetryAfter))
def test_limit_of_requests_is_waited_for(
    certificates: Certificates,
    entra: EntraSimulator,
    sentinel: SentinelSimulator,
    sink: SentinelSink,
    make_tokens: Callable[..., TokenSource],
    sessions: list[requests.Session],
    told: RetryAfter,
) -> None:
    upload(sink, stix('bad.example'))
    with LogAnalyticsSimulator(certificates, entra.issuer, sentinel, limit_count=1) as simulator:
        simulator.settings.retry_after = told
        sessions.append(requests.Session())
        logs = LogAnalytics(
            logs_url=simulator.url,
            workspace_id=simulator.workspace_id,
            tokens=make_tokens(SCOPE),
            session=sessions[-1],
            clock=SystemClock(),
            redactor=Redactor(),
            timeouts=TIMEOUTS,
        )
        logs.query(KQL, COLUMNS)
        with pytest.raises(LogsThrottledError) as caught:
            logs.query(KQL, COLUMNS)
        assert caught.value.retry_after_s is not None
        assert 0 < caught.value.retry_after_s <= 30
