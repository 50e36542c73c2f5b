"""The App as a process of its own, started by a platform: how it starts and how it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.config.settings import LABELS
from tests.config.test_settings import GOOD, MARKER
from tests.harness.tcex_stage import run_service
from tests.harness.waiting import until
from tests.simulators.platform.instance import Platform, Services

pytestmark = pytest.mark.integration

INPUTS: dict[str, str | None] = {
    **{name: str(GOOD.get(name, '')) for name in LABELS},
    # Nothing listens there; no query is configured, so nothing is asked either.
    'login_url': 'https://127.0.0.1:9',
    'sentinel_url': 'https://127.0.0.1:9',
}


def platform(folder: Path, **changes: str | None) -> Platform:
    return Platform(
        folder,
        tc_api_path='https://127.0.0.1:9/api',
        inputs={**INPUTS, **changes},
        services=Services.EMBEDDED,
    )


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path) as started:
        started.app.start()
        yield started


def get(path: str, **changes: object) -> dict[str, object]:
    """A request without the key, which the stand-in for the platform adds."""
    message = run_service(path, **changes)
    del message['requestKey']
    return message


def left_behind(folder: Path) -> str:
    files = [path for path in folder.rglob('*') if path.is_file()]
    return '\n'.join(path.read_text(errors='replace') for path in files)


def test_app_serves_sends_heartbeats_and_exits_0_within_five_seconds(
    running: Platform, tmp_path: Path
) -> None:
    headers = [{'name': 'Cookie', 'value': 'JSESSIONID=planted-cookie'}]
    answer = running.app.request(get('/api/health', headers=headers))
    assert answer.status == 200
    assert running.app.heartbeat()['Objects in Sentinel'] == 0
    running.app.logging_change('DEBUG')
    # Each message has a thread of its own, which the end would not wait for.
    until(lambda: 'event=logging-changed level=DEBUG' in running.app.log)
    started = time.monotonic()
    assert running.app.shutdown() == 0
    assert time.monotonic() - started < 5
    assert running.app.message_tc.strip() == 'Microsoft Sentinel has stopped.'
    left = left_behind(tmp_path)
    assert 'planted-cookie' not in left
    assert MARKER not in left
    assert running.app.console.strip() == ''


def test_app_settles_and_starts_again_after_a_sigterm(running: Platform) -> None:
    assert running.app.terminate() == 1
    assert 'event=service-settled' in running.app.log
    running.app.start()
    assert running.app.request(get('/api/health')).status == 200
    assert running.app.shutdown() == 0


def test_app_starts_again_after_a_sigkill(running: Platform) -> None:
    running.app.kill()
    running.app.start()
    assert running.app.request(get('/api/health')).status == 200
    assert running.app.shutdown() == 0


def test_wrong_input_ends_the_start_with_one_clear_message(tmp_path: Path) -> None:
    with platform(tmp_path, workspace_id='my-workspace') as started:
        started.app.launch()
        assert started.app.wait(30) == 1
        assert started.app.message_tc.strip() == (
            'Sentinel Workspace ID (workspace_id): is not a GUID. Copy it from the overview page '
            'of the Log Analytics workspace.'
        )
        assert 'event=input-invalid' in started.app.log
