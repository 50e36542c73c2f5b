"""The App in a process of its own, while it sends context objects."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sentinel_app.container import adapters, pipeline
from tests.bench import stores
from tests.bench.child import (
    DATA,
    LONGEST_S,
    REPORT,
    InstantSink,
    OpenGate,
    change,
    cpu_s,
    measured,
    peak_kib,
    reset_peak,
)
from tests.harness.engine import CA_VARIABLES, Engine
from tests.process.crash.child import Neighbors

_LOOK_S = 0.25
_UNDER_WAY = 3_000
"""Relationships from which context counts as in the middle of being sent."""


def run(task: Mapping[str, Any]) -> None:
    """Send everything and then its context, and write down what both took.

    With `changes`, a delta sends these in the middle of the context; without, context begins when
    the update is over.

    Args:
        task: `folder`; `queries`; `changes`, as pairs of an Indicator's id and its new confidence;
            `is_sink_instant`, as in `child.run`; and what `Neighbors` takes.
    """
    neighbors = Neighbors(task)
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(neighbors.certificates.ca)))
    if task['is_sink_instant']:
        adapters.SentinelSink = InstantSink  # type: ignore[assignment,misc]
        pipeline.RateLimiter = OpenGate  # type: ignore[misc]
    folder = Path(task['folder'])
    engine = Engine(neighbors, folder / DATA)
    engine.start()
    has_context = engine.ask('GET', 'api/context')['choice'] != 'None'
    is_beside = bool(task['changes'])
    if not is_beside:
        engine.ask('POST', 'api/task/context/pause', {})
    reports = [measured(engine, lambda: engine.save_queries(task['queries'], wait=False))]
    if is_beside:
        change(neighbors, task['changes'])
        if has_context:
            _wait(lambda: _live(engine).get('relationship', 0) >= _UNDER_WAY)
            assert not _is_settled(engine), 'context was over before the delta began'
        reports.append(measured(engine, lambda: engine.request_update('delta')))
    reports.append(_settled(engine))
    (folder / REPORT).write_text(json.dumps(reports))
    engine.stop()


def _settled(engine: Engine) -> dict[str, Any]:
    """Let context go on until everything is sent, and return what that took."""
    sent = InstantSink.sent
    reset_peak()
    began, began_at, began_cpu_s = time.monotonic(), time.time(), cpu_s()
    if engine.ask('GET', 'api/context')['pause'] is not None:
        engine.ask('POST', 'api/task/context/resume', {})
    _wait(lambda: _is_settled(engine))
    return {
        'began_at': began_at,
        'ended_at': time.time(),
        'wall_s': time.monotonic() - began,
        'cpu_s': cpu_s() - began_cpu_s,
        'peak_mib': peak_kib() / 1024,
        'sent': InstantSink.sent - sent,
        'live': engine.ask('GET', 'api/context')['live'],
        'jobs': engine.jobs(),
        'stores': stores.sizes(engine.folder),
    }


def _is_settled(engine: Engine) -> bool:
    found = engine.ask('GET', 'api/context')
    assert found['error'] is None, found
    is_idle = not found['count_waiting'] and not found['count_due']
    return found['choice'] == 'None' or (is_idle and found['date_ended'] is not None)


def _live(engine: Engine) -> dict[str, int]:
    return {each['kind']: each['count'] for each in engine.ask('GET', 'api/context')['live']}


def _wait(is_so: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < LONGEST_S
        time.sleep(_LOOK_S)
