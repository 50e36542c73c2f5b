"""After any history of Groups and Indicators, Sentinel relates them as ThreatConnect does."""

from __future__ import annotations

import random
from unittest import mock

import pytest

from tests.harness.soak import amount
from tests.updates.history.context import ContextHistory
from tests.updates.history.folder import quick_folder

pytestmark = pytest.mark.integration

COUNT = amount('CONTEXT_HISTORIES', daily=6, soak=500)
STEPS = 30
SHARES = 3


@pytest.mark.timeout(max(120, COUNT * 10))
@pytest.mark.parametrize('share', range(SHARES))
def test_sentinel_relates_what_threatconnect_does_after_any_history(share: int) -> None:
    kills = 0
    for seed in range(share, COUNT, SHARES):
        chance = random.Random(seed)
        with quick_folder() as folder, mock.patch.object(random, 'random', chance.random):
            history = ContextHistory(folder, seed)
            try:
                history.play(STEPS)
                expected, held = history.related()
                assert held == expected, f'history {seed}'
                sent = sum(map(len, history.accepted.values()))
                history.rest()
                assert sum(map(len, history.accepted.values())) == sent, f'history {seed}'
                kills += history.kills
            finally:
                history.rig.close()
    assert kills, 'a history in which the process never dies proves less'
