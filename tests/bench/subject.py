"""The App as the subject of a measurement: in a process of its own, the stand-ins in this one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.child import DATA, LONGEST_S, REPORT
from tests.bench.yardstick import Yardstick
from tests.harness.engine import ScaledClock, World, query
from tests.harness.fork_server import ForkServer
from tests.simulators.certificates import make_certificates

Figures = dict[str, Any]
Say = Callable[[str], None]

QUERY = query()


class Subject:
    """Runs the App between stand-ins, one run after the other.

    Args:
        folder: for what the App stores.
        say: tells a person how it goes.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        self.say = say
        self.folder = folder
        self._certificates = make_certificates(folder / 'certificates')

    def world(self, rows: Iterable[Any], **settings: Any) -> World:
        """Make the stand-ins, in real time."""
        return World(self._certificates, rows=rows, clock=ScaledClock(1.0), **settings)

    def updates(
        self,
        world: World,
        modes: Sequence[str] = (),
        *,
        changes: Mapping[str, Sequence[tuple[int, int]]] | None = None,
        is_sink_instant: bool = True,
        keep_as: Path | None = None,
    ) -> list[Figures]:
        """Let a new App make a first, full update and others, and return the figures of each.

        Args:
            world: the stand-ins.
            modes: of the updates after the first.
            changes: see `child.run`.
            is_sink_instant: whether everything is taken at once and without a limit, by a sink in
                the App's process; else the stand-in takes it.
            keep_as: where the App's folder goes; it is removed if left out.
        """
        task = {
            'queries': [QUERY],
            'modes': list(modes),
            'changes': changes or {},
            'is_sink_instant': is_sink_instant,
        }
        with Yardstick() as yardstick:
            folder = self.run('tests.bench.child', world, task)
        reports: list[Figures] = json.loads((folder / REPORT).read_text())
        for report in reports:
            report['yardstick_ms'] = yardstick.work_ms(report['began_at'], report['ended_at'])
        if keep_as is not None:
            shutil.move(folder / DATA, keep_as)
        shutil.rmtree(folder)
        return reports

    def run(self, module: str, world: World, task: Mapping[str, Any]) -> Path:
        """Let a process of its own do a task of this module, and return the folder it used."""
        folder = self.folder / 'subject'
        files = world.certificates
        known = {
            'folder': str(folder),
            'clock': {'speed': 1.0},
            'certificates': [str(path) for path in (files.ca, files.server, files.key)],
            'api_url': world.api_url,
            'inputs': world.inputs(),
        }
        with ForkServer(module) as fork_server:
            end = fork_server.run(module, {**known, **task}, patience_s=LONGEST_S)
        assert end.status == 0, (folder / 'child.log').read_text()[-2_000:]
        return folder
