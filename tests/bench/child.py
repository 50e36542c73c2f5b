"""The App in a process of its own, to be measured."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sentinel_app import container
from sentinel_app.core.sink import UploadReply
from tests.crash.child import Neighbours
from tests.engine import CA_VARIABLES, Engine

REPORT = 'report.json'
LONGEST_S = 7_200.0


class InstantSink:
    """A Sentinel that takes everything at once."""

    def __init__(self, **_parts: Any) -> None:
        pass

    def prepare(self) -> None:
        pass

    def send(self, objects: Sequence[str]) -> UploadReply:
        return UploadReply()

    def forget_token(self) -> None:
        pass


class OpenGate(container.RateLimiter):
    """A limit that nobody reaches."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**{**parts, 'limit': 10_000_000})


def run(task: Mapping[str, Any]) -> None:
    """Make a first full update, and write down its Jobs, its seconds and the peak of memory.

    Args:
        task: `folder`, `queries`, `is_sink_instant`, and what `Neighbours` takes.
    """
    neighbours = Neighbours(task)
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(neighbours.certificates.ca)))
    if task['is_sink_instant']:
        container.SentinelSink = InstantSink  # type: ignore[assignment,misc]
        container.RateLimiter = OpenGate  # type: ignore[misc]
    folder = Path(task['folder'])
    engine = Engine(neighbours, folder)
    engine.start()
    began = time.monotonic()
    engine.save_queries(task['queries'], wait=False)
    engine.wait_for_schedule(LONGEST_S)
    took_s = time.monotonic() - began
    report = {'jobs': engine.jobs(), 'took_s': took_s, 'peak_kib': _peak_kib()}
    (folder / REPORT).write_text(json.dumps(report))
    engine.stop()


def _peak_kib() -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1])
    raise LookupError('VmHWM')
