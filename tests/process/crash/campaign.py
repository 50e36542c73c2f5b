"""Kills the App again and again: `python -m tests.process.crash.campaign 200 [seed]`."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.harness.engine import ScaledClock, World
from tests.harness.fork_server import ForkServer
from tests.process.crash.child import CHILD
from tests.process.crash.scene import KINDS, Scene, random_kill
from tests.simulators.certificates import make_certificates

SPEED = 20.0
SAY_EVERY = 20


def main(arguments: list[str]) -> int:
    """Play stories until so many kills have struck, and say what they came to."""
    wanted = int(arguments[0]) if arguments else 200
    seed = int(arguments[1]) if len(arguments) > 1 else random.randrange(1_000_000)
    chance = random.Random(seed)
    total: Counter[str] = Counter()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix='crash-'))
    certificates = make_certificates(folder / 'certificates')
    with World(certificates, clock=ScaledClock(SPEED)) as world, ForkServer(CHILD) as fork_server:
        scene = Scene(world, fork_server, folder)
        scene.prepare()
        while total['kills'] < wanted:
            kind = chance.choice(KINDS)
            kills = [random_kill(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
            outcome = scene.play(kind, kills)
            total.update(
                stories=1,
                kills=outcome.kills,
                lost=outcome.lost,
                surplus=outcome.surplus,
                repeated=outcome.repeated,
                wrong=not outcome.is_right,
            )
            if not outcome.is_right:
                print(f'WRONG {outcome} {[str(kill) for kill in kills]}')  # noqa: T201
            if total['stories'] % SAY_EVERY == 0:
                print(_line(total), flush=True)  # noqa: T201
    print(f'seed {seed}: {_line(total)}; {time.monotonic() - began:.0f} s')  # noqa: T201
    return 1 if total['wrong'] else 0


def _line(total: Counter[str]) -> str:
    return (
        f'{total["stories"]} stories, {total["kills"]} kills, {total["lost"]} lost, '
        f'{total["surplus"]} surplus, {total["repeated"]} repeated batches, '
        f'{total["wrong"]} wrong stories'
    )


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
