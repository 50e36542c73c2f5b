"""The real App as the platform runs it: start, requests, commands, and every kind of end."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.harness.running import (
    MakeStand,
    assert_complete,
    assert_settled_in_time,
    begin_update,
    is_silent,
    run_to_its_end,
    shut_down,
    updates_have_ended,
    uploads,
)
from tests.harness.waiting import PATIENCE_S, until
from tests.simulators.certificates import Certificates
from tests.simulators.demo import generate_indicators, load_indicators
from tests.simulators.entra import CLIENT_SECRET
from tests.simulators.platform.front import FrontOptions, PathShape
from tests.simulators.platform.instance import PROJECT, Services
from tests.simulators.platform.service import AppEndedError
from tests.simulators.stand import PERSON, Stand
from tests.simulators.threatconnect import SECRET_KEY

pytestmark = pytest.mark.integration

MANY = 1_500
SLOW = {'requests_per_minute': '12'}
"""With this limit no machine, however busy, sends all of them before the App is told to end."""
OUR_METRICS = {
    'Objects in Sentinel',
    'Updates Running',
    'Indicators Read',
    'Indicators Sent',
    'Indicators Refused',
}
PAGE_STATUS = 200 if (PROJECT / 'ui' / 'dist' / 'index.html').exists() else 503


@pytest.fixture(scope='module', params=['embedded', 'real'])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: Any, certificates: Certificates
) -> Iterator[Stand]:
    """A stand that the tests of this module share; they leave it running and empty."""
    missing = Services.missing_programs()
    if request.param == 'real' and missing and not os.environ.get('CI'):
        pytest.skip(f'not installed: {", ".join(missing)}')
    with Stand(
        tmp_path_factory.mktemp('stand'),
        rows=load_indicators(30, own=True),
        certificates=certificates,
        services=request.param,
    ) as running:
        yield running


@pytest.fixture
def options(stand: Stand) -> Iterator[FrontOptions]:
    before = stand.front.options
    yield before
    stand.front.options = before


class TestRunning:
    def test_ready_message_omits_discovery(self, stand: Stand) -> None:
        assert stand.app.ready_message == {'command': 'Ready'}

    def test_heartbeat_is_answered_with_the_apps_metrics(self, stand: Stand) -> None:
        metrics = stand.app.heartbeat()
        assert metrics.keys() >= OUR_METRICS | {'Requests', 'Responses', 'Errors'}
        assert metrics['Objects in Sentinel'] == 0
        stand.api('GET', 'api/health')
        assert stand.app.heartbeat()['Requests'] == metrics['Requests'] + 1

    def test_logging_change_sets_the_level_of_the_apps_log_too(self, stand: Stand) -> None:
        app = stand.app
        try:
            app.logging_change('error')
            until(lambda: 'event=logging-change, level=ERROR' in app.log)
            # The level changes after that line, and a heartbeat is answered before its own.
            until(lambda: is_silent(app))
            length = len(app.log)
            stand.api('GET', 'api/health')
            app.heartbeat()
            assert app.log[length:] == ''
        finally:
            app.logging_change('info')
        until(lambda: app.heartbeat() and len(app.log) > length)

    def test_unknown_level_changes_nothing(self, stand: Stand) -> None:
        stand.app.logging_change('deafening')
        until(lambda: 'event=logging-change-refused level=DEAFENING' in stand.app.log)

    @pytest.mark.parametrize(
        'message',
        ['{not json', '[]', '"text"', '7', '{}', '{"command": "Nonsense"}', '{"command": null}'],
    )
    def test_app_survives_a_malformed_command(self, stand: Stand, message: str) -> None:
        stand.app.channel.publish(message)
        assert stand.app.heartbeat().keys() >= OUR_METRICS

    def test_message_without_headers_is_answered_with_400(self, stand: Stand) -> None:
        answer = stand.app.request({'apiToken': 't', 'method': 'GET', 'path': '/'}, timeout_s=60)
        assert answer.status == 400

    def test_store_is_left_empty(self, stand: Stand) -> None:
        stand.api('POST', 'api/job/request', {'mode': 'full'})
        assert stand.app.channel.stored_keys() == []

    def test_secrets_and_tokens_are_in_no_file(self, stand: Stand) -> None:
        token, _ = stand.threatconnect.issue_token(PERSON)
        stand.api(
            'GET',
            'api/health',
            headers={'Authorization': 'Bearer of-a-marker', 'Cookie': 'session=marked-crumb'},
        )
        marked = [CLIENT_SECRET, SECRET_KEY, token, 'of-a-marker', 'marked-crumb', 'APIV2:']
        stand.app.heartbeat()
        for path in (stand.state_folder / 'app').rglob('*'):
            if path.is_file():
                content = path.read_bytes()
                assert [text for text in marked if text.encode() in content] == [], path


class TestRequests:
    @pytest.mark.parametrize('shape', list(PathShape))
    @pytest.mark.parametrize('ending', ['', '/'])
    def test_page_and_api_answer_to_every_shape_of_path(
        self, stand: Stand, options: FrontOptions, shape: PathShape, ending: str
    ) -> None:
        stand.front.options = replace(options, path_shape=shape)
        assert stand.api('GET', f'api/health{ending}').json()['status'] == 'healthy'
        with requests.Session() as session:
            session.trust_env = False
            reply = session.get(f'{stand.front.origin}{stand.front.prefix}{ending}', timeout=60)
        assert reply.status_code == PAGE_STATUS
        assert reply.headers['content-type'].startswith('text/html')
        assert reply.text.lower().startswith('<!doctype html>')

    @pytest.mark.parametrize(
        'change',
        [
            {'lower_case_headers': True},
            {'drop_content_length': True},
            {'with_user_config': False},
            {'raw': True},
        ],
    )
    def test_body_arrives_however_the_message_is_written(
        self, stand: Stand, options: FrontOptions, change: dict[str, Any]
    ) -> None:
        stand.front.options = replace(options, **change)
        reply = stand.api('PUT', 'api/configure', {'version': 10**6, 'queries': []})
        assert reply.status_code == 409
        assert stand.api('PUT', 'api/configure', {'version': 'x'}).status_code == 422

    @pytest.mark.parametrize('change', [{}, {'raw': True}])
    def test_query_parameters_arrive_decoded_or_raw(
        self, stand: Stand, options: FrontOptions, change: dict[str, Any]
    ) -> None:
        stand.front.options = replace(options, **change)
        reply = stand.api('GET', 'api/job/request?limit=5&status=upload-complete&status=failed')
        assert reply.status_code == 200
        assert stand.api('GET', 'api/job/request?limit=none').status_code == 400

    def test_head_options_and_unknown_paths_are_answered(self, stand: Stand) -> None:
        head = stand.api('HEAD', 'api/health')
        assert (head.status_code, head.content) == (200, b'')
        assert stand.api('OPTIONS', 'api/health').status_code in {200, 204}
        missing = stand.api('GET', 'api/nothing')
        assert missing.status_code == 404
        assert {'title', 'description', 'code'} <= missing.json().keys()
        assert stand.api('DELETE', 'api/health').status_code == 405

    @pytest.mark.skipif(
        PAGE_STATUS != 200 and not os.environ.get('CI'), reason='the page has not been built'
    )
    def test_conditional_request_is_answered_with_304(self, stand: Stand) -> None:
        first = stand.api('GET', 'index.html')
        again = stand.api('GET', 'index.html', headers={'If-None-Match': first.headers['etag']})
        assert (again.status_code, again.content) == (304, b'')

    def test_write_from_another_site_is_refused(self, stand: Stand) -> None:
        reply = stand.api(
            'POST', 'api/job/request', {'mode': 'full'}, headers={'Sec-Fetch-Site': 'cross-site'}
        )
        assert reply.status_code == 403

    def test_audit_names_the_person_at_the_page(self, make_stand: MakeStand) -> None:
        with make_stand() as stand:
            stand.app.start()
            rows = load_indicators(30, own=True)
            begin_update(stand, rows)
            entries = stand.api('GET', 'api/report/audit').json()['data']
            assert {entry['user'] for entry in entries} == {PERSON.user_name}


class TestSchedule:
    def test_first_update_begins_when_a_query_is_saved_and_is_the_only_one(
        self, make_stand: MakeStand
    ) -> None:
        rows = load_indicators(30, own=True)
        with make_stand(rows=rows) as stand:
            stand.app.start()
            begin_update(stand, rows)
            until(lambda: updates_have_ended(stand), timeout_s=60)
            time.sleep(2)  # two more ticks of the schedule
            (job,) = stand.api('GET', 'api/job/request').json()['data']
            assert (job['job_type'], job['mode']) == ('scheduled', 'full')
            assert job['status'] == 'Upload Complete'


def continue_at_full_pace(stand: Stand) -> None:
    """Start an App again that was slow, and Sentinel with it."""
    stand.sentinel.settings.latency_s = 0.0
    del stand.app.inputs['requests_per_minute']
    stand.app.start()


class TestShutdown:
    def test_idle_app_ends_with_0_within_the_limit(self, make_stand: MakeStand) -> None:
        with make_stand() as stand:
            stand.app.start()
            shut_down(stand)
            assert stand.app.message_tc.strip() == 'Microsoft Sentinel has stopped.'
            assert stand.app.console == ''

    def test_batches_in_flight_are_settled_and_the_rest_follows_after_the_restart(
        self, make_stand: MakeStand
    ) -> None:
        rows = list(generate_indicators(MANY))
        with make_stand(rows=rows, inputs=SLOW) as stand:
            stand.app.start()
            stand.sentinel.settings.latency_s = 0.7
            begin_update(stand, rows)
            until(lambda: uploads(stand))
            shut_down(stand)
            assert 0 < len(uploads(stand)) < MANY / 100
            continue_at_full_pace(stand)
            assert 'event=state-recovered objects_in_flight=0' in stand.app.log
            until(lambda: updates_have_ended(stand))
            assert_complete(stand, MANY, repeated_objects=0)

    def test_slow_batch_does_not_delay_the_exit(self, make_stand: MakeStand) -> None:
        rows = list(generate_indicators(MANY))
        with make_stand(rows=rows) as stand:
            stand.app.start()
            stand.sentinel.settings.latency_s = 8.0
            begin_update(stand, rows)
            until(lambda: uploads(stand))
            shut_down(stand)
            in_flight = len(uploads(stand))
            stand.sentinel.settings.latency_s = 0.0
            stand.app.start()
            until(lambda: updates_have_ended(stand))
            assert_complete(stand, MANY, repeated_objects=in_flight * 100)

    @pytest.mark.parametrize(
        ('number', 'code'),
        [(signal.SIGTERM, 1), (signal.SIGINT, 1), (signal.SIGKILL, -signal.SIGKILL)],
    )
    def test_update_continues_after_a_signal_and_loses_nothing(
        self, make_stand: MakeStand, number: int, code: int
    ) -> None:
        rows = list(generate_indicators(MANY))
        with make_stand(rows=rows, inputs=SLOW) as stand:
            stand.app.start()
            stand.sentinel.settings.latency_s = 0.7
            begin_update(stand, rows)
            until(lambda: uploads(stand))
            os.kill(stand.app.pid, number)
            assert stand.app.wait(PATIENCE_S) == code
            if number != signal.SIGKILL:
                assert_settled_in_time(stand.app.log)
            time.sleep(1.0)  # what was sent may be heard of only after its sender's end
            in_flight = len(uploads(stand))
            assert 0 < in_flight < MANY / 100
            continue_at_full_pace(stand)
            until(lambda: updates_have_ended(stand))
            assert_complete(
                stand, MANY, repeated_objects=in_flight * 100 if number == signal.SIGKILL else 0
            )

    def test_missing_heartbeats_end_the_app_with_a_message(self, make_stand: MakeStand) -> None:
        with make_stand(
            heartbeat_interval_s=1_000, inputs={'tc_svc_hb_timeout_seconds': '2'}
        ) as stand:
            stand.app.start()
            assert stand.app.wait(PATIENCE_S) == 1
            assert 'no heartbeat for 2 s' in stand.app.message_tc

    def test_unreachable_broker_is_named(self, make_stand: MakeStand) -> None:
        with make_stand(inputs={'tc_svc_broker_port': '1'}) as stand:
            with pytest.raises(AppEndedError):
                stand.app.start()
            assert stand.app.exit_code == 1
            assert '127.0.0.1:1' in stand.app.message_tc


class TestWrongInputs:
    @pytest.mark.parametrize(
        ('name', 'value', 'words'),
        [
            ('client_secret', '0f5d3c1a-9b7e-4d2c-8a6f-1e3b5d7c9a02', 'Client Secret'),
            ('workspace_id', 'not-a-guid', 'Sentinel Workspace ID'),
        ],
    )
    def test_wrong_value_ends_the_start_with_one_clear_message(
        self, make_stand: MakeStand, name: str, value: str | None, words: str
    ) -> None:
        with make_stand(inputs={name: value}) as stand:
            with pytest.raises(AppEndedError):
                stand.app.start()
            assert stand.app.exit_code == 1
            assert words in stand.app.message_tc
            assert name in stand.app.message_tc
            assert len(stand.app.message_tc) <= 256
            if name == 'client_secret' and value:
                assert value not in stand.app.message_tc + stand.app.log + stand.app.console
            assert 'event=input-invalid' in stand.app.log

    def test_unknown_variable_is_named(self, make_stand: MakeStand) -> None:
        variable = '&{TC:KEYCHAIN:0f5d3c1a-9b7e-4d2c-8a6f-1e3b5d7c9a02}'
        with make_stand(inputs={'client_secret': variable}) as stand:
            with pytest.raises(AppEndedError):
                stand.app.start()
            assert stand.app.exit_code == 1
            assert 'client_secret' in stand.app.message_tc


class TestInputs:
    def test_secrets_may_be_keychain_variables(self, make_stand: MakeStand) -> None:
        rows = load_indicators(30, own=True)
        with make_stand(rows=rows) as stand:
            token, expires = stand.threatconnect.issue_token()
            stand.app.inputs |= {
                'client_secret': stand.threatconnect.set_variable(CLIENT_SECRET),
                'threatconnect_secret_key': stand.threatconnect.set_variable(SECRET_KEY),
                'tc_token': token,
                'tc_token_expires': str(expires),
            }
            stand.app.start()
            job = run_to_its_end(stand, rows)
            assert job['status'] == 'Upload Complete', job['failure_reason']
            assert job['count_sent'] > 0

    def test_refused_threatconnect_credentials_end_the_job_with_a_remedy(
        self, make_stand: MakeStand
    ) -> None:
        rows = load_indicators(30, own=True)
        with make_stand(rows=rows, inputs={'threatconnect_secret_key': 'wrong'}) as stand:
            stand.app.start()
            job = run_to_its_end(stand, rows)
            assert job['status'] == 'Failed'
            assert job['failure_code'] == 'TC-AUTH'


class TestCheckAtTheStart:
    def test_check_results_are_logged_without_delaying_anything(
        self, make_stand: MakeStand
    ) -> None:
        with make_stand(rows=load_indicators(5, own=True)) as stand:
            stand.sentinel.settings.latency_s = 2.0
            stand.app.start()
            assert 'name=disk' not in stand.app.log
            until(lambda: 'event=check name=disk' in stand.app.log)
            found = re.findall(r'event=check name=(\S+) status=(\S+)', stand.app.log)
            assert found[0] == ('threatconnect', 'ok')
            assert found[-3:] == [('workspace', 'ok'), ('read-back', 'ok'), ('disk', 'ok')]
            assert stand.app.log.index('event=service-ready') < stand.app.log.index('event=check ')

    def test_failing_check_does_not_end_the_app(self, make_stand: MakeStand) -> None:
        with make_stand(rows=load_indicators(5, own=True)) as stand:
            stand.sentinel.settings.has_role = False
            stand.app.start()
            until(lambda: 'event=check name=disk' in stand.app.log)
            assert re.search(
                r'event=check name=workspace status=failed .*code=AZ-403', stand.app.log
            )
            assert stand.api('GET', 'api/health').status_code == 200


class TestState:
    def test_queries_jobs_and_ledger_survive_a_restart_and_nothing_is_sent_again(
        self, make_stand: MakeStand
    ) -> None:
        rows = load_indicators(60, own=True)
        with make_stand(rows=rows) as stand:
            stand.app.start()
            first = run_to_its_end(stand, rows)
            requests_before = len(uploads(stand))
            held = stand.app.heartbeat()['Objects in Sentinel']
            stand.app.restart()
            assert stand.app.heartbeat()['Objects in Sentinel'] == held > 0
            configured = stand.api('GET', 'api/configure').json()
            jobs = stand.api('GET', 'api/job/request').json()['data']
            assert len(configured['queries']) == 1
            assert [job['request_id'] for job in jobs] == [first['request_id']]
            assert len(uploads(stand)) == requests_before
        with make_stand(rows=rows) as again:
            # Another platform on the same folder, as after a move of the service.
            again.app.start()
            assert again.app.heartbeat()['Objects in Sentinel'] == held
            assert len(again.sentinel.held_objects()) == held
