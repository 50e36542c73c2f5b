"""Messages of the platform that are odd or broken, sent to the real App over a real broker: none
leaves a request unanswered or the App deaf."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.fork_server import ForkServer
from tests.harness.running import api_message
from tests.harness.waiting import until
from tests.simulators.certificates import Certificates
from tests.simulators.platform.instance import Services
from tests.simulators.stand import Stand

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def stand(
    tmp_path_factory: pytest.TempPathFactory,
    certificates: Certificates,
    real_services: Services,
    fork_server: ForkServer,
) -> Iterator[Stand]:
    """One App for all of them, so that each finds it as the ones before have left it."""
    folder = tmp_path_factory.mktemp('messages')
    with Stand(
        folder, certificates=certificates, services=real_services, spawn=fork_server.spawn
    ) as running:
        yield running


@pytest.mark.parametrize(
    'level', ['TRACE', 'debug', 'Info', 'WARNING', 'error', 'CRITICAL', 'warn', 'fatal']
)
def test_levels_are_accepted_in_any_case(stand: Stand, level: str) -> None:
    shown = f'event=logging-change, level={level.upper()} '
    before = stand.app.log.count(shown)
    stand.app.logging_change(level)
    until(lambda: stand.app.log.count(shown) > before)
    assert stand.api('GET', 'api/health').status_code == 200
    back_to_info(stand)


def back_to_info(stand: Stand) -> None:
    # Each message has a thread of its own, so the answer to one shows that it is through.
    before = stand.app.log.count('event=logging-changed level=INFO')
    stand.app.logging_change('info')
    until(lambda: stand.app.log.count('event=logging-changed level=INFO') > before)


@pytest.mark.parametrize('level', ['BOGUS', '', None, 7, [], {'level': 'info'}, 'x\ny', 'NOTSET'])
def test_bad_level_is_refused_and_the_old_one_stays(stand: Stand, level: object) -> None:
    refused = stand.app.log.count('event=logging-change-refused')
    stand.app.channel.publish({'command': 'LoggingChange', 'level': level})
    until(lambda: stand.app.log.count('event=logging-change-refused') > refused)
    requests = stand.app.log.count('event=runservice-command')
    assert stand.api('GET', 'api/health').status_code == 200
    assert stand.app.log.count('event=runservice-command') == requests + 1


def test_change_without_a_level_is_refused(stand: Stand) -> None:
    stand.app.channel.publish({'command': 'LoggingChange'})
    assert stand.app.heartbeat()


@pytest.mark.parametrize(
    'changes',
    [
        *({name: None} for name in ('apiToken', 'headers', 'method', 'path', 'queryParams')),
        *({name: 7} for name in ('apiToken', 'headers', 'method', 'path', 'queryParams')),
        {'command': None},
        {'command': 'Nonsense'},
    ],
    ids=str,
)
def test_malformed_request_is_answered_400(stand: Stand, changes: dict[str, object]) -> None:
    answer = stand.app.request(api_message(stand, 'GET', '/api/health', **changes), timeout_s=60)
    assert (answer.status, b'APP-REQUEST' in (answer.body or b'')) == (400, True)


@pytest.mark.parametrize(
    'changes',
    [
        {'triggerId': 'x'},
        {'triggerId': [1]},
        {'headers': [None, 7, {}, {'name': None, 'value': 'x'}, {'name': 'A', 'value': None}]},
        {'queryParams': [None, 7, {}, {'name': None, 'value': 'x'}, {'value': 'x'}]},
        {'expireSeconds': 'soon'},
        {'userConfig': None},
        {'bodyVariable': None},
        {'remoteAddress': None, 'requestUrl': None, 'appId': None},
    ],
    ids=str,
)
def test_nulls_and_odd_values_beside_the_request_change_nothing(
    stand: Stand, changes: dict[str, object]
) -> None:
    answer = stand.app.request(api_message(stand, 'GET', '/api/health', **changes), timeout_s=60)
    assert answer.status == 200


@pytest.mark.parametrize(
    'payload',
    ['', 'not json', '[]', '"text"', '7', 'null', 'true', '{}', '[' * 5_000, '{"command": {}}'],
)
def test_invalid_command_leaves_the_app_listening(stand: Stand, payload: str) -> None:
    stand.app.channel.publish(payload)
    assert stand.app.heartbeat()
    assert stand.api('GET', 'api/health').status_code == 200
