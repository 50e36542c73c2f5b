"""No answer, however it is packed, costs much memory or time, whichever purpose it comes for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.bomb import BOMBS, PURPOSES

MOST_MIB = 300
"""Of a bomb that is just within what a page of Indicators may hold; all others stay far below."""
USUAL_MIB = 100
MOST_S = 10

CASES = [
    ('60 MB of empty lists', 'page of Indicators', MOST_MIB),
    ('22 MB of one text of four bytes each', 'page of Indicators', MOST_MIB),
    ('475,000 small rows', 'page of Indicators', MOST_MIB),
    ('475,000 small rows', 'upload', USUAL_MIB),
    ('20,000 errors for one object', 'upload', USUAL_MIB),
    ('200 MB error', 'upload', USUAL_MIB),
    ('2 MB of percent signs', 'upload', USUAL_MIB),
]


@pytest.mark.slow
@pytest.mark.parametrize(('bomb', 'purpose', 'most_mib'), CASES)
def test_bomb_costs_little(tmp_path: Path, bomb: str, purpose: str, most_mib: int) -> None:
    assert purpose in PURPOSES
    file = tmp_path / 'bomb'
    file.write_bytes(BOMBS[bomb][2]())
    child = subprocess.run(
        [sys.executable, '-m', 'tests.bench.bomb', str(file), bomb, purpose],
        capture_output=True,
        check=True,
        timeout=100,
    )
    found = json.loads(child.stdout)
    assert found['grown_mib'] < most_mib
    assert found['took_s'] < MOST_S
