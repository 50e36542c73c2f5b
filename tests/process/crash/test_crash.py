"""Killed anywhere and started again, the App loses nothing and repeats only what was under way."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.harness.engine import ScaledClock, World
from tests.harness.fork_server import ForkServer
from tests.harness.soak import amount
from tests.process.crash.child import CHILD
from tests.process.crash.point import PLACES, TRANSACTION
from tests.process.crash.scene import FIRST, KINDS, Kill, Scene, random_kill
from tests.simulators.certificates import make_certificates

pytestmark = pytest.mark.crash

SPEED = 20.0
RANDOM_STORIES = amount('STORIES', daily=6, soak=60)
COMMITS = (2, 4, 7, 11, 15)
"""Some of an update's commits by their number, each the one before, inside or after it."""
ONLY_FIRST = frozenset({'app_state.save_queries'})
"""What only a first update does."""


@pytest.fixture(scope='module')
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp('crash')
    certificates = make_certificates(folder / 'certificates')
    clock = ScaledClock(SPEED)
    with World(certificates, clock=clock) as world, ForkServer(CHILD) as fork_server:
        made = Scene(world, fork_server, folder)
        made.prepare()
        yield made


@pytest.mark.parametrize('place', PLACES)
def test_kill_at_a_named_place_loses_nothing(scene: Scene, place: str) -> None:
    name, _, _ = place.partition(':')
    # `first` has no withdrawals, a reconcile has everything but the save.
    kind = FIRST if name in ONLY_FIRST else 'reconcile'
    outcome = scene.play(kind, [Kill(place=f'{place}:1')])
    assert outcome.is_right, outcome
    assert outcome.kills == 1, f'{place} is never reached'


@pytest.mark.parametrize('kind', ['full', 'reconcile'])
@pytest.mark.parametrize('number', COMMITS)
def test_kill_around_any_commit_loses_nothing(scene: Scene, number: int, kind: str) -> None:
    when = ('before', 'during', 'after')[number % 3]
    outcome = scene.play(kind, [Kill(place=f'{TRANSACTION}:{when}:{number}')])
    assert outcome.is_right, outcome
    assert outcome.kills == 1, 'there are not so many commits'


@pytest.mark.parametrize('seed', range(RANDOM_STORIES))
def test_kills_at_random_lose_nothing(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    kills = [random_kill(chance) for _ in range(1 + seed % 3)]
    outcome = scene.play(KINDS[seed % len(KINDS)], kills)
    assert outcome.is_right, (outcome, [str(kill) for kill in kills])
