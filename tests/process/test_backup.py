"""The backup of `docs/operations.md`, made while the App runs, and put back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness.running import MakeStand
from tests.simulators.demo import demo_queries, load_indicators
from tests.simulators.demonstration import Demonstration, has_succeeded
from tests.simulators.platform.instance import PROJECT, Services

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

INDICATORS = 60
STORED = ('documents.json', 'documents.json.previous', 'state.db', 'state.db-wal', 'state.db-shm')


def command() -> list[str]:
    """The command as the guide shows it."""
    text = (PROJECT / 'docs' / 'operations.md').read_text(encoding='utf-8')
    (shown,) = re.findall(r'`(sqlite3 [^`]+)`', text)
    return ['bash', '-c', shown]


def test_backup_made_while_the_app_runs_can_be_restored(
    tmp_path: Path, make_stand: MakeStand
) -> None:
    if shutil.which('sqlite3') is None and not os.environ.get('CI'):
        pytest.skip('not installed: sqlite3')
    rows = load_indicators(INDICATORS, own=True)
    said: list[str] = []
    with make_stand(rows=rows, services=Services.EMBEDDED) as stand:
        stand.app.start()
        data = stand.app.folders.out / 'ms_sentinel'
        assert has_succeeded(Demonstration(stand.api, said.append).run(demo_queries(rows))), said
        held = set(stand.sentinel.held())
        configured = stand.api('GET', 'api/configure').json()
        backup = tmp_path / 'backup'
        backup.mkdir()
        shutil.copy(data / 'documents.json', backup)
        subprocess.run(command(), cwd=data, check=True)
        (data / 'copy.db').rename(backup / 'state.db')

        stand.app.shutdown()
        for name in STORED:
            (data / name).unlink(missing_ok=True)
        shutil.copytree(backup, data, dirs_exist_ok=True)
        stand.app.start()

        assert stand.api('GET', 'api/configure').json() == configured
        assert stand.app.heartbeat()['Objects in Sentinel'] == len(held)
        asked = stand.api('POST', 'api/job/request', {'mode': 'reconcile'})
        assert asked.status_code in {200, 202}, asked.text
        jobs = Demonstration(stand.api, said.append).follow(asked.json()['update_id'])
        assert has_succeeded(jobs), said
        assert sum(job['count_sent'] for job in jobs) == 0, 'the App knows what Sentinel holds'
        assert set(stand.sentinel.held()) == held
