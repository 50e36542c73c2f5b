"""Measures the engine and writes `docs/benchmarks.md`: `python -m tests.bench`.

`--million` and `--long` measure more, `--only` runs one part; the figures of the others stay.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    api,
    bomb,
    context,
    conversion,
    floor,
    lookup,
    pace,
    updates,
    verification,
)
from tests.bench.page import page
from tests.bench.subject import Figures, Subject

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'benchmarks.md'
FIGURES = Path(__file__).with_name('figures.json')
BEFORE = Path(__file__).with_name('before.json')
"""What the engine took before it was made leaner, measured in the same way."""
SHORT = (
    'floor',
    'updates',
    'copies',
    'pace',
    'api',
    'lookup',
    'verification',
    'context',
    'conversion',
    'bomb',
)
LONG = ('troubled',)
SIZES = (10_000, 100_000)
MILLION = 1_000_000


def main(arguments: list[str]) -> None:
    """Run the parts that are asked for, and write the figures."""
    parser = argparse.ArgumentParser(prog='python -m tests.bench')
    parser.add_argument('--only', choices=(*SHORT, *LONG))
    parser.add_argument(
        '--million', action='store_true', help='updates of 1,000,000, and the API over so many'
    )
    parser.add_argument('--long', action='store_true', help='pace with latency and faults, too')
    given = parser.parse_args(arguments)
    sizes = (*SIZES, MILLION) if given.million else SIZES
    known: Figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='bench-') as folder:
        subject = Subject(Path(folder), say=_say)
        parts: dict[str, Callable[[], Figures]] = {
            'floor': lambda: floor.measure(subject),
            'updates': lambda: updates.measure(subject, sizes),
            'copies': lambda: updates.measure_copies(subject),
            'pace': lambda: pace.measure(subject),
            'troubled': lambda: pace.measure_troubled(subject),
            'api': lambda: api.measure(subject, sizes[-1]),
            'lookup': lambda: lookup.measure(Path(folder), _say, sizes[-1]),
            'verification': lambda: verification.measure(subject, sizes[-1]),
            'context': lambda: context.measure(subject),
            'conversion': lambda: conversion.measure(_say),
            'bomb': lambda: bomb.measure(Path(folder), _say),
        }
        for name in [given.only] if given.only else [*SHORT, *(LONG if given.long else ())]:
            known[name] = parts[name]()
    known['machine'] = {
        'cores': os.cpu_count(),
        'python': platform.python_version(),
        'system': f'{platform.system()} {platform.machine()}',
    }
    if not (given.only or given.million or given.long):
        known['short_form_s'] = time.monotonic() - began
    known['date'] = dt.datetime.now(dt.UTC).date().isoformat()
    FIGURES.write_text(json.dumps(known, indent=2) + '\n')
    PAGE.write_text(page(known, json.loads(BEFORE.read_text())))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == '__main__':
    main(sys.argv[1:])
