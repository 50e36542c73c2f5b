"""How the real App starts and ends, wherever it is in its work, among real services."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sentinel_app.config.settings import LABELS
from sentinel_app.pipeline.retrier import FIRST_PAGE_SIZE
from tests.config.test_settings import GOOD
from tests.harness.running import (
    MakeStand,
    api_message,
    assert_complete,
    begin_update,
    shut_down,
    updates_have_ended,
)
from tests.harness.soak import IS_SOAK
from tests.harness.waiting import PATIENCE_S, until
from tests.simulators.demo import generate_indicators
from tests.simulators.platform.instance import PROJECT
from tests.simulators.platform.parameters import encrypt, new_key, write_parameters
from tests.simulators.platform.process import is_alive
from tests.simulators.stand import Stand

pytestmark = pytest.mark.integration

MANY = 6_000
DELAYS_S = tuple(0.01 * 1.15**step for step in range(0, 36, 1 if IS_SOAK else 6))
"""From the first line of the App to some time after it serves."""
OPTIONAL = sorted(LABELS.keys() - GOOD.keys())


def in_store(stand: Stand, table: str) -> int:
    """Count the rows of a table of the App's database, from outside."""
    path = stand.app.folders.out / 'ms_sentinel' / 'state.db'
    connection = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
    try:
        return int(connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0])
    finally:
        connection.close()


def in_memory(stand: Stand) -> int:
    """Count the Indicators that are read and not yet converted."""
    return int(stand.api('GET', 'api/metric/summary').json()['backlog']['indicators'])


def finish(stand: Stand) -> None:
    """Start the App again and see the update through."""
    stand.threatconnect.faults.off()
    stand.app.start()
    until(lambda: updates_have_ended(stand), timeout_s=60)
    assert_complete(stand, MANY, repeated_objects=0)


class TestShutdownDuringEachStage:
    """While sending: `test_lifecycle.py`."""

    def test_page_under_way_is_abandoned_while_reading_and_read_again(
        self, make_stand: MakeStand
    ) -> None:
        rows = list(generate_indicators(MANY))
        with make_stand(rows=rows, limit_count=1_000) as stand:
            stand.app.start()
            stand.threatconnect.faults.on('slow_above', after=2, rows=500, wait_s=60.0)
            begin_update(stand, rows)
            until(lambda: in_store(stand, 'ledger'))
            until(lambda: stand.threatconnect.faults.active()[0]['hits'])
            shut_down(stand)
            assert 0 < in_store(stand, 'page_ids') <= 2
            finish(stand)

    def test_waiting_pages_are_read_again_after_a_stop_while_converting(
        self, make_stand: MakeStand
    ) -> None:
        rows = list(generate_indicators(MANY))
        with make_stand(rows=rows, limit_count=1_000) as stand:
            stand.app.start()
            assert stand.api('POST', 'api/task/convert/pause', {}).status_code == 200
            # However late the end comes, the last pages have not been read by then.
            stand.threatconnect.faults.on('slow_above', after=3, rows=500, wait_s=60.0)
            begin_update(stand, rows)
            until(lambda: in_memory(stand) > FIRST_PAGE_SIZE)
            assert stand.api('POST', 'api/task/convert/resume', {}).status_code == 200
            until(lambda: in_store(stand, 'ledger'))
            shut_down(stand)
            assert 0 < in_store(stand, 'page_ids') <= 3
            finish(stand)


class TestEndAtTheStart:
    @pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
    def test_end_at_any_moment_of_the_start_leaves_a_usable_folder(
        self, make_stand: MakeStand, number: int
    ) -> None:
        with make_stand() as stand:
            for delay_s in DELAYS_S:
                stand.app.launch()
                threading.Event().wait(delay_s)
                os.kill(stand.app.pid, number)
                assert stand.app.wait(PATIENCE_S) != 0
            stand.app.start()
            begin_update(stand, stand.threatconnect.store.rows())
            until(lambda: updates_have_ended(stand))
            shut_down(stand)
            assert stand.app.console == ''

    def test_five_starts_in_a_row_continue_one_update(self, make_stand: MakeStand) -> None:
        rows = list(generate_indicators(MANY))
        with make_stand(rows=rows, limit_count=1_000) as stand:
            stand.app.start()
            stand.sentinel.settings.latency_s = 0.4
            begin_update(stand, rows)
            pids = {stand.app.pid}
            for _ in range(5):
                stand.app.restart()
                pids.add(stand.app.pid)
                assert stand.api('GET', 'api/health').json()['status'] == 'healthy'
            assert len(pids) == 6
            assert not any(is_alive(pid) for pid in pids - {stand.app.pid})
            stand.sentinel.settings.latency_s = 0.0
            until(lambda: updates_have_ended(stand), timeout_s=60)
            assert len(stand.api('GET', 'api/job/request').json()['data']) == 1
            assert_complete(stand, MANY, repeated_objects=0)


class TestParameterFile:
    @staticmethod
    def run(folder: Path, **environment: str) -> tuple[int, str]:
        """Start the App; gives its exit code, and its message, which lies where nothing else is
        known: in the system's folder for temporary files."""
        known = {name: value for name, value in os.environ.items() if not name.startswith('TC_')}
        ended = subprocess.run(
            [sys.executable, 'run.py'],
            cwd=PROJECT,
            env=known | {'TMPDIR': str(folder)} | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        (message,) = folder.rglob('message.tc')
        assert (folder / 'app.log').read_text().count('event=input-invalid') == 1
        return ended.returncode, message.read_text()

    def test_missing_setting_is_reported(self, tmp_path: Path) -> None:
        code, message = self.run(tmp_path)
        assert code == 1
        assert message.startswith('The App was given no inputs: TC_APP_PARAM_FILE and')
        assert message.rstrip().endswith('Start the Service from ThreatConnect.')

    def test_missing_file_is_reported(self, tmp_path: Path) -> None:
        code, message = self.run(
            tmp_path, TC_APP_PARAM_FILE=str(tmp_path / 'gone'), TC_APP_PARAM_KEY=new_key()
        )
        assert (code, 'gone is missing' in message) == (1, True)

    @pytest.mark.parametrize('damage', ['key', 'cut', 'no-json', 'empty'])
    def test_unreadable_file_is_reported_and_kept(self, tmp_path: Path, damage: str) -> None:
        path, key = tmp_path / 'parameters', new_key()
        write_parameters(path, dict.fromkeys(LABELS, 'a value'), key)
        content = {
            'key': path.read_bytes(),
            'cut': path.read_bytes()[:-3],
            'no-json': encrypt('{"client_id": ', key),
            'empty': b'',
        }[damage]
        path.write_bytes(content)
        code, message = self.run(
            tmp_path,
            TC_APP_PARAM_FILE=str(path),
            TC_APP_PARAM_KEY=new_key() if damage == 'key' else key,
        )
        assert (code, 'cannot be read with the key' in message) == (1, True)
        assert path.read_bytes() == content


class TestOptionalInputs:
    def test_optional_inputs_may_all_be_empty(self, make_stand: MakeStand) -> None:
        with make_stand() as stand:
            # The stand-ins are reached by three of them.
            names = sorted(set(OPTIONAL) - {'login_url', 'sentinel_url', 'logs_url'})
            for name, form in zip(names, itertools.cycle(['', None, 'absent']), strict=False):
                if form == 'absent':
                    del stand.app.inputs[name]
                else:
                    stand.app.inputs[name] = form
            stand.app.start()
            begin_update(stand, stand.threatconnect.store.rows())
            until(lambda: updates_have_ended(stand))
            assert len(stand.sentinel.held_objects()) > 0


class TestRequestsAtTheEnd:
    def test_requests_are_answered_whether_before_or_after_the_command(
        self, make_stand: MakeStand
    ) -> None:
        with make_stand() as stand:
            stand.app.start()
            until(lambda: 'event=check name=disk' in stand.app.log)
            stand.sentinel.settings.latency_s = 30.0
            with ThreadPoolExecutor() as threads:
                # The check waits for Sentinel, for longer than the Service has.
                before = threads.submit(
                    stand.app.request,
                    api_message(stand, 'POST', '/api/health/check'),
                    b'{}',
                    timeout_s=60,
                )
                until(lambda: stand.app.log.count('event=check name=token') == 2)
                ending = threads.submit(stand.app.shutdown)
                until(lambda: 'event=shutdown' in stand.app.log)
                after = stand.app.request(api_message(stand, 'GET', '/api/health'), timeout_s=60)
                assert before.result().status == after.status == 503
                assert b'"APP-STOPPING"' in (after.body or b'')
                assert b'"APP-STOPPING"' in (before.result().body or b'')
                assert ending.result() == 0
