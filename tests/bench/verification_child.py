"""The App over a large ledger, in a process of its own, while it verifies."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.child import DATA, LONGEST_S, REPORT, cpu_s, measured, peak_kib, reset_peak
from tests.harness.engine import CA_VARIABLES, Engine
from tests.process.crash.child import Neighbors

_LOOK_S = 0.1


def run(task: Mapping[str, Any]) -> None:
    """Verify some times, or send an update while Verify runs all the time, and say what it took.

    Args:
        task: `folder`, whose `DATA` has the ledger; `runs`, whether each object is compared, for
            each run; `queries` to save, which makes an update; `is_verifying`, whether Verify runs
            as long as that lasts; and what `Neighbors` takes.
    """
    neighbors = Neighbors(task)
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(neighbors.certificates.ca)))
    folder = Path(task['folder'])
    engine = Engine(neighbors, folder / DATA)
    engine.start()
    reports = [_verified(engine, is_whole=is_whole) for is_whole in task['runs']]
    if task['queries']:
        stop = threading.Event()
        counted: list[int] = []
        thread = threading.Thread(target=_keep_verifying, args=(engine, stop, counted))
        if task['is_verifying']:
            thread.start()
        reports.append(measured(engine, lambda: engine.save_queries(task['queries'], wait=False)))
        stop.set()
        if task['is_verifying']:
            thread.join(LONGEST_S)
        reports[-1]['verified'] = sum(counted)
    (folder / REPORT).write_text(json.dumps(reports))
    engine.stop()


def _verified(engine: Engine, *, is_whole: bool) -> dict[str, Any]:
    before = engine.ask('GET', 'api/verification')['last']
    reset_peak()
    at_rest_mib = peak_kib() / 1024
    began, began_at, began_cpu_s = time.monotonic(), time.time(), cpu_s()
    engine.ask('POST', 'api/verification/run', {'whole': is_whole})
    while (found := engine.ask('GET', 'api/verification'))['last'] == before:
        assert time.monotonic() - began < LONGEST_S
        time.sleep(_LOOK_S)
    run = found['last']
    assert run['error'] is None, run['error']
    return {
        'began_at': began_at,
        'ended_at': time.time(),
        'wall_s': time.monotonic() - began,
        'cpu_s': cpu_s() - began_cpu_s,
        'at_rest_mib': at_rest_mib,
        'peak_mib': peak_kib() / 1024,
        'run': run,
    }


def _keep_verifying(engine: Engine, stop: threading.Event, counted: list[int]) -> None:
    while not stop.is_set():
        _verified(engine, is_whole=False)
        counted.append(1)
