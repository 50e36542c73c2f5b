"""The check: each thing is tried, and each failing one says what to do."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from typing import Any

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.diagnostics import health_check as check
from sentinel_app.diagnostics.check_result import CheckName
from sentinel_app.errors import (
    BatchRefusedError,
    LogsDeniedError,
    LogsServerError,
    LogsTableError,
    ReadAuthError,
    ReadTimeoutError,
    SentinelAppError,
    ThrottledError,
    TokenRefusedError,
    UploadDeniedError,
    UploadServerError,
)
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.builders.indicator import make_row
from tests.harness.clocks import NOON
from tests.harness.diagnostics import LIMIT

NAMES = [str(name) for name in CheckName]


def rows(count: int) -> list[dict[str, Any]]:
    return [make_row(IndicatorType.HOST, id=number) for number in range(1, count + 1)]


@pytest.fixture
def well(stand: Stand) -> Stand:
    """All is well."""
    stand.diagnostics.source.rows = rows(30)
    stand.diagnostics.source.time = NOON
    return stand


def run(stand: Stand) -> dict[str, dict[str, Any]]:
    reply = stand.post('/api/health/check', {})
    assert reply.status_code == 200, reply.text
    checks = reply.json['checks']
    assert [each['name'] for each in checks] == NAMES
    return {each['name']: each for each in checks}


def failed(stand: Stand) -> dict[str, dict[str, Any]]:
    found = {name: each for name, each in run(stand).items() if each['status'] == 'failed'}
    assert all(each['remedy'] and each['message'].endswith('.') for each in found.values())
    return found


def test_checks_report_success_where_all_is_well(well: Stand) -> None:
    found = run(well)
    assert {each['status'] for each in found.values()} == {'ok'}
    assert {each['remedy'] for each in found.values()} == {''}
    assert 'no page skips any' in found['paging']['message']
    assert all(each['elapsed_s'] >= 0 for each in found.values())
    # The request went through the limit and held no object.
    assert well.diagnostics.sink.sent == [()]
    assert (well.diagnostics.limiter.used(), well.diagnostics.limiter.used_by_checks()) == (0, 1)


def test_refused_empty_request_proves_role_and_workspace_as_well(well: Stand) -> None:
    well.diagnostics.sink.send_error = BatchRefusedError('Refused.', reason='stixobjects is empty.')
    assert failed(well) == {}


def test_refused_credentials_do_not_count_as_an_unreachable_server(well: Stand) -> None:
    well.diagnostics.source.error = ReadAuthError(
        'ThreatConnect refused the credentials. Check the ThreatConnect Access ID.',
        reason='Invalid signature',
    )
    found = run(well)
    assert found['threatconnect']['status'] == 'ok'
    assert found['sign-in']['status'] == 'failed'
    assert found['sign-in']['code'] == 'TC-AUTH'
    assert found['sign-in']['message'] == 'ThreatConnect refused the credentials.'
    assert found['sign-in']['reason'] == 'Invalid signature'
    assert found['sign-in']['remedy'] == 'Check the ThreatConnect Access ID.'
    assert [found[name]['status'] for name in ('owners', 'paging', 'clock')] == ['skipped'] * 3
    assert [found[name]['status'] for name in NAMES[5:]] == ['ok'] * 4


def test_other_steps_are_checked_when_threatconnect_is_down(well: Stand) -> None:
    well.diagnostics.source.error = ReadTimeoutError('ThreatConnect did not answer.')
    found = run(well)
    assert [found[name]['status'] for name in NAMES] == [
        *('failed', 'skipped', 'skipped', 'skipped', 'skipped', 'ok', 'ok', 'ok', 'ok')
    ]
    assert 'firewall' in found['threatconnect']['remedy']


def test_unreadable_owner_of_a_query_is_named(well: Stand) -> None:
    well.app_state.save_queries(
        [make_query(owners=('Example Org', 'Lost'))],
        expected_version=0,
        next_mode=None,
        audit=make_audit(),
    )
    assert 'Lost.' in failed(well)['owners']['message']


@pytest.mark.parametrize('is_saved', [False, True])
def test_owners_of_queries_are_spoken_of_where_there_are_queries(
    well: Stand, is_saved: bool
) -> None:
    if is_saved:
        query = make_query(owners=well.diagnostics.source.owner_names[:1])
        well.app_state.save_queries([query], expected_version=0, next_mode=None, audit=make_audit())
    assert ('TQL queries' in run(well)['owners']['message']) is is_saved


def test_user_without_any_owner_fails_the_check(well: Stand) -> None:
    well.diagnostics.source.owner_names = ()
    assert 'any owner' in failed(well)['owners']['message']


@pytest.mark.parametrize('fault', ['unsorted', 'ignores-id', 'starts-late'])
def test_unreliable_paging_is_detected(
    well: Stand, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    source = well.diagnostics.source
    honest = source._found

    def found(tql: str) -> list[dict[str, Any]]:
        if fault == 'unsorted' and 'id <' not in tql:
            return honest(tql)[::-1]
        if fault == 'ignores-id' and 'id >' in tql:
            return honest(tql.partition(' AND id >')[0])
        if fault == 'starts-late' and 'id ' not in tql:
            return honest(tql)[5:]
        return honest(tql)

    monkeypatch.setattr(source, '_found', found)
    problem = failed(well)['paging']
    assert 'does not sort by id' in problem['message']
    assert 'Nothing is left out' in problem['remedy']


def test_too_few_indicators_prove_nothing_about_paging(well: Stand) -> None:
    well.diagnostics.source.rows = rows(2)
    assert 'Too few' in run(well)['paging']['message']


@pytest.mark.parametrize(
    ('seconds', 'status'), [(59, 'ok'), (-59, 'ok'), (90, 'failed'), (-90, 'failed')]
)
def test_clock_skew_is_reported_before_signatures_fail(
    well: Stand, seconds: int, status: str
) -> None:
    well.diagnostics.source.time = NOON - dt.timedelta(seconds=seconds)
    found = run(well)['clock']
    assert found['status'] == status
    assert f'{abs(seconds)} s' in found['message']
    if status == 'failed':
        assert ('ahead of' if seconds > 0 else 'behind') in found['message']
        assert 'NTP' in found['remedy']


def test_clock_of_a_server_without_a_date_is_not_checked(well: Stand) -> None:
    well.diagnostics.source.time = None
    assert run(well)['clock']['status'] == 'skipped'


def test_workspace_is_not_checked_without_a_token(well: Stand) -> None:
    well.diagnostics.sink.token_error = TokenRefusedError(
        'Microsoft Entra ID refused an access token. The Client Secret input is wrong.'
    )
    found = run(well)
    assert found['token']['status'] == 'failed'
    assert found['token']['remedy'] == 'The Client Secret input is wrong.'
    assert found['workspace']['status'] == found['read-back']['status'] == 'skipped'
    assert well.diagnostics.sink.sent == []
    assert well.diagnostics.logs.queries == []


@pytest.mark.parametrize('code', ['AZ-403', 'AZ-404'])
def test_denied_request_says_what_to_do(well: Stand, code: str) -> None:
    well.diagnostics.sink.send_error = UploadDeniedError('It may not. Give it the role.', code=code)
    found = failed(well)['workspace']
    assert (found['code'], found['remedy']) == (code, 'Give it the role.')


def test_server_error_is_a_failure(well: Stand) -> None:
    well.diagnostics.sink.send_error = UploadServerError('Sentinel answered with an error.')
    assert failed(well)['workspace']['code'] == 'AZ-5XX'


def test_429_blocks_every_caller_and_proves_nothing(well: Stand) -> None:
    well.diagnostics.sink.send_error = ThrottledError('Less often.', retry_after_s=42.0)
    found = run(well)['workspace']
    assert found['status'] == 'skipped'
    assert '42 s' in found['message']
    stop = threading.Event()
    well.clock.advance(41)
    before = well.clock.passed_s
    assert well.diagnostics.limiter.acquire(stop) is not None
    assert well.clock.passed_s > before


def test_limit_that_is_used_up_is_not_exceeded_by_the_check(well: Stand) -> None:
    stop = threading.Event()
    for _ in range(LIMIT):
        permit = well.diagnostics.limiter.acquire(stop)
        assert permit is not None
        well.diagnostics.limiter.answered(permit)
    assert run(well)['workspace']['status'] == 'skipped'
    assert well.diagnostics.sink.sent == []


@pytest.mark.parametrize(
    ('rows', 'words'), [([['a']], 'shows Indicators.'), ([], 'no Indicators so far')]
)
def test_workspace_is_read_by_one_cheap_query(
    well: Stand, rows: list[list[str]], words: str
) -> None:
    well.diagnostics.logs.answers = [rows]
    found = run(well)['read-back']
    assert (found['status'], found['code'], found['remedy']) == ('ok', None, '')
    assert words in found['message']
    ((kql, columns),) = well.diagnostics.logs.queries
    assert kql.endswith('| take 1')
    assert columns == ('Id',)


@pytest.mark.parametrize(
    'error',
    [
        LogsDeniedError('It may not query. Give it the role.', reason='No access.'),
        LogsServerError('Log Analytics did not answer. Give it the role.'),
        TokenRefusedError('Entra ID refused. Give it the role.'),
        LogsTableError('It has no table. Give it the role.'),
    ],
    ids=lambda error: error.code,
)
def test_workspace_that_cannot_be_read_is_a_warning_with_a_remedy_and_no_problem(
    well: Stand, error: SentinelAppError, caplog: pytest.LogCaptureFixture
) -> None:
    well.diagnostics.logs.answers = [error]
    found = run(well)
    assert found['read-back']['status'] == 'warning'
    assert found['read-back']['code'] == error.code
    assert found['read-back']['remedy'] == 'Give it the role.'
    assert found['read-back']['reason'] == error.reason
    assert {found[name]['status'] for name in NAMES if name != 'read-back'} == {'ok'}
    assert len(well.diagnostics.logs.queries) == 1
    (line,) = [each for each in caplog.records if 'name=read-back' in each.getMessage()]
    assert line.levelno == logging.WARNING


def test_table_is_missing_only_where_something_was_sent(well: Stand) -> None:
    well.diagnostics.has_sent = False
    well.diagnostics.logs.answers = [LogsTableError('It has no table. Look.')]
    assert run(well)['read-back']['status'] == 'ok'
    well.diagnostics.logs.answers = [LogsTableError('Its plan. Look.', code='AZ-QUERY-PLAN')]
    assert run(well)['read-back']['status'] == 'warning'


def test_workspace_is_not_read_where_nothing_reads_it(
    well: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(well.deps.diagnostics.checks, '_reads_back', False)
    found = run(well)['read-back']
    assert found['status'] == 'skipped'
    assert 'Verify Interval Hours' in found['message']
    assert well.diagnostics.logs.queries == []


def test_check_does_not_wait_long_for_other_queries(well: Stand) -> None:
    permits = well.deps.diagnostics.checks._tables._permits
    never = threading.Event()
    with permits.hold(never), permits.hold(never):
        found = run(well)['read-back']
    assert found['status'] == 'skipped'
    assert 'other queries' in found['message']
    assert well.diagnostics.logs.queries == []
    assert run(well)['read-back']['status'] == 'ok'


def test_problems_of_the_disk_are_reported(well: Stand) -> None:
    well.diagnostics.disk_warnings = ('Only 3 MB are free.',)
    assert failed(well)['disk']['message'] == 'Only 3 MB are free.'


def test_folder_that_cannot_be_written_fails(well: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('sentinel_app.storage.maintenance.disk.os.fsync', refuse)
    found = failed(well)['disk']
    assert found['code'] == 'RUN-DISK'
    assert found['message'] == 'The disk is full.'
    assert 'Free space on that disk' in found['remedy']
    assert not list(well.diagnostics.db.path.parent.glob('.write-test'))


def test_results_are_logged(well: Stand, caplog: pytest.LogCaptureFixture) -> None:
    well.diagnostics.sink.send_error = UploadDeniedError('It may not. Give it the role.')
    with caplog.at_level(logging.INFO, 'sentinel_app'):
        run(well)
    lines = [each for each in caplog.records if 'event=check ' in each.getMessage()]
    assert len(lines) == len(NAMES)
    (warning,) = [each for each in lines if each.levelno == logging.WARNING]
    assert 'remedy="Give it the role."' in warning.getMessage()
    assert 'code=AZ-403' in warning.getMessage()


def test_unfinished_check_keeps_others_out(well: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, 'OTHER_CHECK_WITHIN_S', 0.01)
    with well.deps.diagnostics.checks._running:
        assert well.post('/api/health/check', {}).status_code == 409


def test_stop_ends_the_check_between_two_steps(well: Stand) -> None:
    stop = threading.Event()
    stop.set()
    assert len(well.deps.diagnostics.checks.run(stop)) == 1
