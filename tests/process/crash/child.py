"""The App in a process that is made to be killed; the stand-ins are its parent's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.harness.engine import CA_VARIABLES, Engine, ScaledClock
from tests.harness.related import settle
from tests.process.crash.point import install
from tests.simulators.certificates import Certificates

REPORT = 'jobs.json'
CHILD = __name__
"""What the fork server imports and runs."""


class Neighbors:
    """What the parent says of the world; implements `Around`."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self.clock = ScaledClock(**task['clock'])
        self.certificates = Certificates(*(Path(path) for path in task['certificates']))
        self.api_url: str = task['api_url']
        self._inputs = task['inputs']

    def inputs(self, **_changes: str | None) -> dict[str, str | None]:
        return dict(self._inputs)


def run(task: Mapping[str, Any]) -> None:
    """Start the App, ask for an update unless that was done, and wait until nothing is left to do.

    Args:
        task: `folder`, `queries` to save where there are none, `mode` of the update to ask for
            (None for the one that follows from the first save), `jobs_before` it, `kill_at`, and
            what `Neighbors` takes.
    """
    neighbors = Neighbors(task)
    os.environ.update(dict.fromkeys(CA_VARIABLES, str(neighbors.certificates.ca)))
    if task['kill_at']:
        install(task['kill_at'])
    folder = Path(task['folder'])
    engine = Engine(neighbors, folder)
    engine.start()
    if not engine.ask('GET', 'api/configure')['queries']:
        engine.save_queries(task['queries'], wait=False)
    elif task['mode'] and len(engine.jobs()) == task['jobs_before']:
        engine.request_update(task['mode'])
    engine.wait_for_schedule()
    settle(engine)
    # The last Job ends a moment before its update does.
    (folder / REPORT).write_text(json.dumps(engine.jobs()))
    engine.stop()
