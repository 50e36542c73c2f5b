"""The App in a process of its own, to be measured."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from sentinel_app.container import adapters, pipeline
from sentinel_app.core.sink import UploadReply
from tests.bench import stores
from tests.harness.engine import CA_VARIABLES, Engine, assert_accounting
from tests.process.crash.child import Neighbors

REPORT = 'report.json'
DATA = 'data'
"""Where the App stores, below the folder of the task."""
LONGEST_S = 7_200.0

_LONGEST_CALL_S = 60.0
_LOOK_S = 0.25
_SECOND_S = 1.1
"""What has changed in the present second belongs to the next delta."""
_QUIET_S = 0.01
"""Processor time within one look below which the App has nothing left to do."""
_LOOKS_UNTIL_QUIET = 60


class InstantSink:
    """A Sentinel that takes everything at once, and counts it."""

    sent = 0
    _counting = threading.Lock()

    def __init__(self, **_parts: Any) -> None:
        pass

    def prepare(self) -> None:
        pass

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        with self._counting:
            InstantSink.sent += len(objects)
        return UploadReply()

    def forget_token(self) -> None:
        pass


class OpenGate(pipeline.RateLimiter):
    """A limit that nobody reaches."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**{**parts, 'limit': 10_000_000})


def run(task: Mapping[str, Any]) -> None:
    """Make one update after the other, and write down what each of them took.

    Args:
        task: `folder`; `queries`, whose first save makes the first, full update; `modes` of the
            updates after it; `changes` that are made in ThreatConnect before the update of a mode,
            as pairs of an Indicator's id and its new confidence; `is_sink_instant`; and what
            `Neighbors` takes.
    """
    neighbors = Neighbors(task)
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(neighbors.certificates.ca)))
    if task['is_sink_instant']:
        adapters.SentinelSink = InstantSink  # type: ignore[assignment,misc]
        pipeline.RateLimiter = OpenGate  # type: ignore[misc]
    folder = Path(task['folder'])
    engine = Engine(neighbors, folder / DATA)
    engine.start()
    reports = [measured(engine, lambda: engine.save_queries(task['queries'], wait=False))]
    for mode in task['modes']:
        change(neighbors, task['changes'].get(mode, ()))
        reports.append(measured(engine, lambda mode=mode: engine.request_update(mode)))  # type: ignore[misc]
    (folder / REPORT).write_text(json.dumps(reports))
    engine.stop()


def measured(engine: Engine, begin: Callable[[], object]) -> dict[str, Any]:
    """Begin an update, wait for its end, and return what it took.

    What this thread takes, which asks how far the update is, is left out of the processor time.
    """
    known, sent = len(engine.jobs()), InstantSink.sent
    reset_peak()
    began, began_at, began_cpu_s = time.monotonic(), time.time(), cpu_s()
    begin()
    while not _have_ended(engine, known):
        time.sleep(_LOOK_S)
    took_s, ended_at = time.monotonic() - began, time.time()
    # The last Job ends a moment before its update does.
    total_s = cpu_s()
    for _ in range(_LOOKS_UNTIL_QUIET):
        time.sleep(_LOOK_S)
        before_s, total_s = total_s, cpu_s()
        if total_s - before_s < _QUIET_S:
            break
    peak_mib = peak_kib() / 1024
    return {
        'began_at': began_at,
        'ended_at': ended_at,
        'wall_s': took_s,
        'cpu_s': total_s - began_cpu_s,
        'peak_mib': peak_mib,
        'sent': InstantSink.sent - sent,
        'jobs': engine.jobs()[known:],
        'stores': stores.sizes(engine.folder),
    }


def _have_ended(engine: Engine, known: int) -> bool:
    assert not engine.unforeseen, engine.unforeseen[0]
    jobs = engine.jobs()
    if len(jobs) == known or engine.jobs(is_open=True):
        return False
    for job in jobs[known:]:
        assert_accounting(job)
    return True


def change(neighbors: Neighbors, changes: Sequence[tuple[int, int]]) -> None:
    """Change the confidence of Indicators in ThreatConnect."""
    address = f'{neighbors.api_url.removesuffix("/api")}/_control/modify'
    for row_id, confidence in changes:
        body = {'id': row_id, 'changes': {'confidence': confidence}}
        reply = requests.post(
            address, json=body, verify=str(neighbors.certificates.ca), timeout=_LONGEST_CALL_S
        )
        reply.raise_for_status()
    time.sleep(_SECOND_S)


def cpu_s() -> float:
    """User and system seconds of all threads but this one."""
    return time.process_time() - time.thread_time()


def reset_peak() -> None:
    Path('/proc/self/clear_refs').write_text('5')


def peak_kib() -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1])
    raise LookupError('VmHWM')
