"""One story of kills: an update, a kill or several, a last start, and the comparison after it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query
from tests.harness import related
from tests.harness.engine import OWNERS, Engine, World, assert_accounting, brief, hosts, query
from tests.harness.fork_server import ForkServer
from tests.process.crash.child import CHILD, REPORT
from tests.process.crash.point import PLACES
from tests.updates.history.ranking import Ranking

IN_FLIGHT = 8
"""Batches that may be under way at once, and so may be sent twice after a kill."""
FIRST = 'first'
KINDS = (FIRST, 'delta', 'full', 'reconcile')
PAGE = 90
CONTEXT = {'context_objects': 'Owner identities and threat actors'}
LATENCY_S = 0.03
LONGEST_S = 1.2
_HASHES = ('md5', 'sha')
_MERGED = (('A', 'md5', 32), ('B', 'sha1', 40))
"""By then most updates are over."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Where, or after how many seconds, the process is killed."""

    place: str | None = None
    after_s: float | None = None

    def __str__(self) -> str:
        return self.place or f'after {self.after_s:.3f} s'


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a story came to."""

    kind: str
    kills: int
    """Kills that came before the work was done."""
    lost: int
    """Values that Sentinel should hold and does not, or not as they are."""
    surplus: int
    """Values that Sentinel holds and should not."""
    repeated: int
    """Batches that were sent although they had been taken before."""
    faults: tuple[str, ...]
    """Anything else that is wrong."""

    @property
    def is_right(self) -> bool:
        is_bounded = self.repeated <= self.kills * IN_FLIGHT
        return not (self.lost or self.surplus or self.faults) and is_bounded


class Scene:
    """ThreatConnect and Sentinel as they are before each story, and the App's folder."""

    def __init__(self, world: World, fork_server: ForkServer, folder: Path) -> None:
        self._world = world
        self._fork_server = fork_server
        self._folder = folder
        self._template = folder / 'template'
        self._sentinel = folder / 'sentinel.jsonl'
        self._queries = [query('confidence < 60'), query(sort_field='confidence')]
        self._jobs = 0
        self._turn = 0
        self._ranking = self._new_ranking()
        """As it is before each story but a first one."""
        self._known = 0
        """Objects in Sentinel before each of those stories."""

    def prepare(self) -> None:
        """Make a first full update, then let ThreatConnect change."""
        world = self._world
        # The best of the copies of a value comes first, in the middle or last.
        world.reset(
            [
                *hosts(320),
                *hosts(120, OWNERS[1]),
                *hosts(60, OWNERS[2], lastModified='2025-06-02T00:00:00Z'),
                *_files(40),
                *_other_files(20),
                *_changing_files(),
            ]
        )
        _relate(world)
        with Engine(world, self._template, **CONTEXT) as engine:
            engine.save_queries(self._queries)
            engine.assert_right()
            related.settle(engine)
            self._jobs = len(engine.jobs())
        world.sentinel.save(self._sentinel)
        self._ranking = self._new_ranking()
        self._judge(self._ranking, 0)
        self._known = len(world.sentinel.held_objects(None, 'indicator'))
        self._ranking.end(is_whole=True, is_everything_read=True)
        before = {row['id']: row for row in world.store.rows()}
        self._change()
        for row_id, row in before.items():
            if world.store.get(row_id) != row:
                self._ranking.touch(row_id)

    def _new_ranking(self) -> Ranking:
        queries = [
            Query(
                id=str(position),
                owners=tuple(body['owners']),
                indicator_types=tuple(IndicatorType(kind) for kind in body['indicator_types']),
                tql=body['tql'],
            )
            for position, body in enumerate(self._queries)
        ]
        return Ranking(self._world.store, lambda: queries, lambda row: True)

    def _judge(self, ranking: Ranking, known: int) -> None:
        """Have all judged that Sentinel took since, as what one update sent."""
        ranking.begin([str(position) for position in range(len(self._queries))])
        for stix in self._world.sentinel.sent_objects('indicator')[known:]:
            ranking.take(stix)

    def _change(self) -> None:
        world = self._world
        chance = random.Random(5)
        world.clock.advance(3_600)
        rows = chance.sample(world.store.rows('ownerName != "OSINT Community"'), 220)
        for row in rows[:25]:
            world.store.delete(row['id'])
        for row in rows[25:40]:
            world.store.deactivate(row['id'])
        for row in rows[40:]:
            # On its side of the first query's bound.
            low, high = (0, 60) if row['confidence'] < 60 else (60, 101)
            world.store.modify(row['id'], confidence=chance.randrange(low, high))
        _change_files(world)
        _relate_otherwise(world)
        for row in hosts(60, prefix='new'):
            world.store.add(row | {'lastModified': world.store.now_text()})
        world.clock.advance(2)

    def play(self, kind: str, kills: Sequence[Kill]) -> Outcome:
        """Play one story.

        Args:
            kind: `first` for an empty folder, else the mode of a later update.
            kills: one for each start but the last.
        """
        self._turn += 1
        folder = self._folder / f'story-{self._turn}'
        world = self._world
        world.clear_faults()
        world.threatconnect.faults.on('page_cap', rows=PAGE)
        world.sentinel.forget()
        world.sentinel.settings.latency_s = LATENCY_S
        if kind != FIRST:
            shutil.copytree(self._template, folder)
            world.sentinel.load(self._sentinel)
        done = 0
        for kill in kills:
            end = self._fork_server.run(
                CHILD, self._task(kind, folder, kill), kill_after_s=kill.after_s
            )
            assert end.was_killed or end.status == 0, _log(folder)
            done += end.was_killed
        end = self._fork_server.run(CHILD, self._task(kind, folder, Kill()))
        assert end.status == 0, _log(folder)
        outcome = self._compare(kind, folder, done)
        if outcome.is_right:
            shutil.rmtree(folder)
        return outcome

    def _task(self, kind: str, folder: Path, kill: Kill) -> dict[str, Any]:
        world, files = self._world, self._world.certificates
        return {
            'folder': str(folder),
            'queries': self._queries,
            'mode': None if kind == FIRST else kind,
            'jobs_before': self._jobs,
            'kill_at': kill.place,
            'clock': {
                'speed': world.clock.speed,
                'anchor': world.clock.anchor,
                'ahead_s': world.clock.ahead_s,
            },
            'certificates': [str(path) for path in (files.ca, files.server, files.key)],
            'api_url': world.api_url,
            'inputs': world.inputs(**CONTEXT),
        }

    def _compare(self, kind: str, folder: Path, kills: int) -> Outcome:
        world = self._world
        faults: list[str] = []
        jobs = json.loads((folder / REPORT).read_text())
        # A first update asks for its Jobs by itself; later ones come once more for each query.
        wanted = len(self._queries) if kind == FIRST else self._jobs + len(self._queries)
        if len(jobs) != wanted:
            faults.append(f'{len(jobs)} Jobs instead of {wanted}')
        for job in jobs:
            if job['status'] != 'Upload Complete':
                faults.append(str(brief(job)))
            assert_accounting(job)
        try:
            live = world.live()
        except AssertionError as error:
            faults.append(str(error)[:500])
            live = {}
        ranking = self._new_ranking() if kind == FIRST else self._ranking.fork()
        self._judge(ranking, 0 if kind == FIRST else self._known)
        faults += ranking.faults[:5]
        faults += _wrongly_related(world, is_delta=kind == 'delta')
        expected = world.expected(self._queries)
        lost = [
            pattern
            for pattern, want in expected.items()
            if pattern not in live or not want.fits(live[pattern])
        ]
        return Outcome(
            kind=kind,
            kills=kills,
            lost=len(lost),
            surplus=len(live.keys() - expected.keys()),
            repeated=_repeated(world),
            faults=tuple(faults),
        )


def _wrongly_related(world: World, *, is_delta: bool) -> list[str]:
    """Return what is wrong with who is behind which Host; a delta withdraws nothing of that."""
    held, wanted = related.held(world), related.expected(world)
    wrong = [
        name
        for name in held.keys() | wanted.keys()
        if not (
            wanted.get(name, frozenset()) <= held.get(name, frozenset())
            and (is_delta or held.get(name) == wanted.get(name))
        )
    ]
    return [f'{name}: {held.get(name)} for {wanted.get(name)}' for name in sorted(wrong)[:5]]


def _relate(world: World) -> None:
    """Have some actors behind some Hosts."""
    groups, rows = world.store.groups, world.store.rows('typeName = "Host"')
    for number, name in enumerate(('Quiet Bear', 'Loud Fox', 'Old Crane', 'LOUD  fox')):
        kind = ('Adversary', 'Intrusion Set', 'Threat')[number % 3]
        made = groups.add({'type': kind, 'name': name, 'ownerName': OWNERS[number % 3]})
        for row in rows[number::30]:
            groups.associate(made['id'], row['id'], touch=False)


def _relate_otherwise(world: World) -> None:
    """Part and join some Hosts and actors, rename one, and let one go."""
    groups = world.store.groups
    bear, fox, crane, _ = (group['id'] for group in groups.groups())
    for row in groups.indicators_of(bear)[:8]:
        groups.dissociate(bear, row['id'])
    for row in world.store.rows('typeName = "Host"')[5::40]:
        groups.associate(crane, row['id'])
    groups.modify(bear, name='Silent Bear')
    groups.delete(fox)


def random_kill(chance: random.Random) -> Kill:
    """Return a place, or a moment."""
    if chance.random() < 0.5:
        return Kill(place=f'{chance.choice(PLACES)}:{chance.choice((1, 1, 2, 3, 5, 8))}')
    return Kill(after_s=chance.uniform(0.02, LONGEST_S))


def _repeated(world: World) -> int:
    """Count the requests that brought an object which an earlier one had brought just so.

    A better copy of a value, found on a later page, has a later `modified`; it is no repetition.
    """
    seen: set[tuple[str, str]] = set()
    repeated: set[int] = set()
    for row in world.sentinel.table._rows:
        version = (row.stix['id'], row.stix['modified'])
        if version in seen:
            repeated.add(row.request_number)
        seen.add(version)
    return len(repeated)


def _changing_files() -> list[dict[str, Any]]:
    """Files with one hash each, of which some get another one."""
    common = {name: value for name, value in _files(1)[0].items() if not name.startswith(_HASHES)}
    return [
        {**common, kind: letter * length}
        for letter, kind, length in (*_MERGED, *((each, 'md5', 32) for each in 'DEF'))
    ]


def _change_files(world: World) -> None:
    """Let Files lose and get hashes, be merged and be deleted."""
    store = world.store
    files = {row['summary']: row['id'] for row in store.rows('typeName = "File"')}
    for number in range(1, 11):
        digest = f'{number:040X}'
        row_id = next(row_id for summary, row_id in files.items() if digest in summary)
        store.remove_hash(row_id, digest)
        if number > 5:
            store.delete(row_id)
    kept, merged = (letter * length for letter, _, length in _MERGED)
    store.add_hash(files[kept], merged, merge=True)
    for letter in 'DEF':
        row_id = files[letter * 32]
        store.add_hash(row_id, letter * 64)
        if letter != 'F':
            store.delete(row_id)


def _files(count: int) -> list[dict[str, Any]]:
    return [
        {
            'type': 'File',
            'ownerName': OWNERS[2],
            'md5': f'{number:032X}',
            'sha1': f'{number:040X}',
            'sha256': f'{number:064X}',
            'confidence': number * 2,
            'dateAdded': '2025-01-01T00:00:00Z',
            'lastModified': '2025-06-01T00:00:00Z',
        }
        for number in range(1, count + 1)
    ]


def _other_files(count: int) -> list[dict[str, Any]]:
    """Another owner's Files, each of which shares some hashes of two of the first owner's."""
    common = {name: value for name, value in _files(1)[0].items() if not name.startswith(_HASHES)}
    return [
        {
            **common,
            'ownerName': OWNERS[1],
            'md5': f'{number:032X}',
            'sha256': f'{number + 1:064X}',
            'confidence': number * 2,
            'lastModified': f'2025-06-0{1 + number % 2}T00:00:00Z',
        }
        for number in range(11, 11 + count)
    ]


def _log(folder: Path) -> str:
    return (folder / 'child.log').read_text()[-3_000:]
