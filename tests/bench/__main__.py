"""Measures the engine and writes `docs/benchmarks.md`: `python -m tests.bench [--million]`.

`--only` runs one part; the file keeps the figures of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench import api, bomb
from tests.bench.measure import Bench, Figures
from tests.bench.page import page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'benchmarks.md'
FIGURES = Path(__file__).with_name('figures.json')


def main(arguments: list[str]) -> None:
    """Run the parts that are asked for, and write the figures."""
    parser = argparse.ArgumentParser(prog='python -m tests.bench')
    parser.add_argument('--only', choices=['pace', 'memory', 'conversion', 'api', 'bomb'])
    parser.add_argument('--million', action='store_true', help='memory at 1,000,000, too')
    parser.add_argument('--count', type=int, default=25_000, help='Indicators for the pace')
    given = parser.parse_args(arguments)
    sizes = [10_000, 100_000, *([1_000_000] if given.million else [])]
    known: Figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    with tempfile.TemporaryDirectory(prefix='bench-') as folder:
        bench = Bench(Path(folder), say=_say)
        parts: dict[str, Callable[[], Figures]] = {
            'conversion': bench.conversion,
            'memory': lambda: bench.memory(sizes),
            'api': lambda: api.measure(Path(folder), _say),
            'bomb': lambda: bomb.measure(Path(folder), _say),
            'pace': lambda: bench.pace(given.count),
        }
        for name, part in parts.items():
            if given.only in (None, name):
                known[name] = {**known.get(name, {}), **part()}
    known['machine'] = {
        'cores': os.cpu_count(),
        'python': platform.python_version(),
        'system': f'{platform.system()} {platform.machine()}',
    }
    FIGURES.write_text(json.dumps(known, indent=2) + '\n')
    PAGE.write_text(page(known))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == '__main__':
    main(sys.argv[1:])
