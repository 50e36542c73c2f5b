"""What the real App and its framework write to the log: a short story, no secrets, bounded."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.harness.running import (
    MakeStand,
    api_message,
    begin_update,
    check_log,
    run_to_its_end,
    updates_have_ended,
)
from tests.harness.waiting import until
from tests.simulators.entra import CLIENT_SECRET
from tests.simulators.stand import Stand
from tests.simulators.threatconnect import SECRET_KEY

pytestmark = pytest.mark.integration

MOST_LINES = 12
"""About ten, for one Job with nothing out of the ordinary."""


def our_lines(stand: Stand) -> list[str]:
    """What the App itself wrote, without times and places."""
    return [
        line.partition(' - sentinel_app.')[2].partition(' - ')[2].strip()
        for line in stand.app.log.splitlines()
        if ' - sentinel_app.' in line
    ]


def test_story_of_a_job_is_about_ten_lines(make_stand: MakeStand) -> None:
    # On a busy machine their first runs may fall into it.
    quiet = {'verify_interval_hours': '0', 'match_interval_hours': '0'}
    with make_stand(inputs=quiet) as stand:
        stand.app.start()
        check_log(stand)
        before = len(our_lines(stand))
        job = run_to_its_end(stand, stand.threatconnect.store.rows())
        until(lambda: 'event=update-ended' in stand.app.log)
        told = [
            line
            for line in our_lines(stand)[before:]
            # Somebody waits for the end by asking.
            if 'event=api-' not in line
        ]
        story = '\n'.join(told)
        assert 5 <= len(told) <= MOST_LINES, story
        events = [line.split('event=')[1].split()[0] for line in told]
        assert events[0] == 'update-queued', story
        assert events[-1] == 'update-ended', story
        steps = [line.split('status=')[1] for line in told if 'event=job-status' in line]
        assert len(steps) == len(set(steps)) > 1, story
        (ended,) = [line for line in told if 'event=job-ended' in line]
        assert f'request_id={job["request_id"]}' in ended
        for name in ('read', 'sent', 'duplicate', 'expired'):
            assert f'{name}={job[f"count_{name}"]}' in ended, ended
        about = [line for line in told if job['request_id'] in line or job['update_id'] in line]
        assert about == told, 'each line names what it is about'


HEADERS = {
    'Cookie': 'JSESSIONID=marker-of-a-cookie; other=marker-of-another',
    'Authorization': 'TC-Token marker-of-an-authorization',
    'Proxy-Authorization': 'Basic marker-of-a-proxy',
    'X-Api-Key': 'marker-of-a-key',
    'X-Csrf-Token': 'marker-of-a-form',
}


@pytest.mark.parametrize('level', ['info', 'trace'])
def test_secrets_of_messages_and_inputs_are_in_no_log_line(
    make_stand: MakeStand, level: str
) -> None:
    """At TRACE the framework writes each message as it came, and each request as it goes on."""
    with make_stand(
        inputs={
            'tc_log_level': level,
            'tc_log_curl': 'true',
            'tc_proxy_host': '127.0.0.1',
            'tc_proxy_port': '9',
            'tc_proxy_username': 'bob',
            'tc_proxy_password': 'marker-of-a-password',
            'tc_token': 'marker-of-a-start-token',
            'tc_token_expires': '1999999999',
            'tc_svc_broker_token': 'marker-of-the-broker',
        }
    ) as stand:
        stand.app.start()
        run_to_its_end(stand, stand.threatconnect.store.rows())
        headers = [{'name': name, 'value': value} for name, value in HEADERS.items()]
        for name in ('apiToken', 'apitoken'):
            message = api_message(stand, 'GET', '/api/health', headers=headers)
            message[name] = 'marker-of-a-token'
            assert stand.app.request(message).status == 200
        broken = api_message(stand, 'GET', '/api/health', headers=headers, path=None)
        broken['apiToken'] = 'marker-of-a-broken-one'
        assert stand.app.request(broken).status == 400
        stand.app.channel.publish('{"apiToken": "marker-of-half-a-message", "headers": [')
        stand.app.channel.publish(
            {'command': 'Nonsense', 'apiToken': 'marker-of-nonsense', 'headers': headers}
        )
        stand.app.heartbeat()
        assert stand.app.shutdown() == 0
        assert ('TRACE' in stand.app.log) == (level == 'trace')
        assert 'runservice' in stand.app.log
        for path in (stand.state_folder / 'app').rglob('*'):
            content = path.read_bytes() if path.is_file() else b''
            for secret in (b'marker-of-', CLIENT_SECRET.encode(), SECRET_KEY.encode()):
                place = content.find(secret)
                assert place < 0, (path, content[max(0, place - 200) : place + 80])


def test_log_is_rotated_and_bounded_at_the_most_verbose_level(
    make_stand: MakeStand,
) -> None:
    size_bytes, files = 100_000, 3
    with make_stand(
        inputs={
            'tc_log_level': 'trace',
            'tc_log_max_bytes': str(size_bytes),
            'tc_log_backup_count': str(files),
        }
    ) as stand:
        stand.app.start()
        begin_update(stand, stand.threatconnect.store.rows())
        until(lambda: updates_have_ended(stand))
        folder = stand.app.folders.log
        # A request of 60 kB, of which the framework writes several lines.
        for _ in range(25):
            long = api_message(stand, 'GET', '/api/health', remoteAddress='x' * 60_000)
            assert stand.app.request(long).status == 200
        rotated = sorted(folder.glob('app.log.*'))
        assert [path.name for path in rotated] == [f'app.log.{n}.gz' for n in range(1, files + 1)]
        assert stand.app.shutdown() == 0
        for content in (folder.joinpath('app.log').read_bytes(), *map(unpacked, rotated)):
            assert len(content) <= size_bytes
            assert max(map(len, content.splitlines())) < 34_000
        assert b'more characters)' in b''.join(map(unpacked, rotated))


def unpacked(path: Path) -> bytes:
    with gzip.open(path) as file:
        return file.read()


def test_code_of_every_api_refusal_is_logged(make_stand: MakeStand) -> None:
    with make_stand(inputs={'ui_access': 'Any signed-in user'}) as stand:
        stand.app.start()
        cross_site = {'Sec-Fetch-Site': 'cross-site'}
        saved = stand.api('GET', 'api/configure').json()
        answers = [
            stand.api('GET', 'api/job/request?limit=none'),
            stand.api('POST', 'api/job/request', {'mode': 'full'}, headers=cross_site),
            stand.api('GET', 'api/nothing'),
            stand.api('DELETE', 'api/health'),
            stand.api('PUT', 'api/configure', {'version': saved['version'] + 7, 'queries': []}),
            stand.api('PUT', 'api/configure', {'padding': 'x' * 1_100_000}),
            stand.api('POST', 'api/job/request', headers={'Content-Type': 'text/plain'}),
            stand.api('PUT', 'api/configure', {'version': 'x'}),
        ]
        codes = [answer.json()['code'] for answer in answers]
        assert codes == [
            *('APP-REQUEST', 'APP-FORBIDDEN', 'APP-NOT-FOUND', 'APP-METHOD'),
            *('APP-CONFLICT', 'APP-TOO-LARGE', 'APP-MEDIA', 'APP-INVALID'),
        ]
        for code in codes:
            assert f'code={code} ' in stand.app.log
        # A body that the store lost.
        lost = api_message(stand, 'PUT', '/api/configure')
        lost['headers'].append({'name': 'Content-Length', 'value': '20'})
        assert stand.app.request(lost).status == 503
        assert 'code=APP-BODY-LOST' in stand.app.log
