"""What a release leaves on the disk, kept for ever: `python -m tests.release_state 1.0.0`.

The update engine runs between the stand-ins, at a time of its own: a full update with a refused
object, an update that fails, and a delta with a change and a deletion. What it leaves is what the
versions after it have to carry on from.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel_app.container import DATABASE_FILE, DOCUMENTS_FILE
from tests.engine import OWNERS, Engine, ScaledClock, World, hosts, query
from tests.simulators.certificates import Certificates, make_certificates

FOLDER = Path(__file__).parent / 'data' / 'state'
MADE_AT = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
SPEED = 50.0
_REFUSED = 'h7.example.com'


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """The state of one release: the App's two files, and what was around it."""

    folder: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What is to be found in it."""
        found: dict[str, Any] = json.loads((self.folder / 'facts.json').read_text())
        return found

    def put(self, data_dir: Path) -> None:
        """Write the App's files where the App looks for them."""
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / DOCUMENTS_FILE).write_bytes((self.folder / DOCUMENTS_FILE).read_bytes())
        (data_dir / DATABASE_FILE).write_bytes(_unpacked(self.folder / f'{DATABASE_FILE}.gz'))

    def world(self, certificates: Certificates, *, later: dt.timedelta) -> World:
        """Give the stand-ins as they were, so much later; Sentinel is filled once it is entered."""
        at = dt.datetime.fromisoformat(self.facts['at']) + later
        rows = json.loads(_unpacked(self.folder / 'rows.json.gz'))
        return World(certificates, rows=rows, clock=PastClock(at))

    def fill(self, world: World, folder: Path) -> None:
        """Let Sentinel hold what it held."""
        path = folder / 'sentinel.jsonl'
        path.write_bytes(_unpacked(self.folder / 'sentinel.jsonl.gz'))
        world.sentinel.load(path)


class PastClock(ScaledClock):
    """A clock that begins at a time of its own, whatever the machine's shows.

    Args:
        at: when it begins.
    """

    def __init__(self, at: dt.datetime) -> None:
        super().__init__(SPEED)
        self._began_at = at

    def time(self) -> float:
        return self._began_at.timestamp() + super().time() - self.anchor


def release_states() -> list[ReleaseState]:
    """Give all there are, the oldest first."""
    folders = (path for path in FOLDER.iterdir() if path.is_dir())
    return [
        ReleaseState(path)
        for path in sorted(folders, key=lambda path: [int(part) for part in path.name.split('.')])
    ]


def make(folder: Path) -> None:
    """Make the state of the present version in a new folder.

    Raises:
        FileExistsError: it is there; what was released never changes.
    """
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        certificates = make_certificates(Path(place) / 'certificates')
        rows = hosts(40) + hosts(20, owner=OWNERS[1])
        with World(certificates, rows=rows, clock=PastClock(MADE_AT)) as world:
            engine = Engine(world, Path(place) / 'app')
            with engine:
                facts = _run(world, engine)
            (folder / 'facts.json').write_text(json.dumps(facts, indent=2) + '\n')
            (folder / DOCUMENTS_FILE).write_bytes((engine.folder / DOCUMENTS_FILE).read_bytes())
            world.sentinel.save(Path(place) / 'sentinel.jsonl')
            _pack(folder / f'{DATABASE_FILE}.gz', (engine.folder / DATABASE_FILE).read_bytes())
            _pack(folder / 'sentinel.jsonl.gz', (Path(place) / 'sentinel.jsonl').read_bytes())
            _pack(folder / 'rows.json.gz', json.dumps(list(world.store.rows())).encode())


def _run(world: World, engine: Engine) -> dict[str, Any]:
    world.sentinel.faults.add('refuse-objects', contains=_REFUSED)
    engine.save_queries([query(owners=[OWNERS[0]]), query('confidence > 5')], run='full')
    world.sentinel.faults.clear()
    first, second, third = [row for row in world.store.rows() if row['confidence'] > 10][:3]
    world.sentinel.settings.has_role = False
    world.store.modify(first['id'], confidence=99)
    engine.run_update('delta')
    world.sentinel.settings.has_role = True
    world.store.modify(second['id'], confidence=98)
    world.store.delete(third['id'])
    done = engine.run_update('delta')
    jobs = engine.jobs()
    return {
        'at': world.clock.now().isoformat(),
        'queries': engine.queries,
        'jobs': {job['request_id']: job['status'] for job in jobs},
        'read_until': {job['query']['id']: job['last_modified_filter_end'] for job in done},
        'errors': sum(len(engine.errors(job['request_id'])) for job in jobs),
        'audit': engine.ask('GET', 'api/report/audit')['total_count'],
        'objects': engine.ask('GET', 'api/metric/summary')['objects_live'],
        'ids': sorted(stix['id'] for stix in world.live().values()),
    }


def _pack(path: Path, content: bytes) -> None:
    # No time in the file: the same content gives the same bytes.
    path.write_bytes(gzip.compress(content, mtime=0))


def _unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def _main(arguments: Iterable[str]) -> None:
    (version,) = arguments
    make(FOLDER / version)


if __name__ == '__main__':
    _main(sys.argv[1:])
