"""What is measured, and how."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sentinel_app.core.mapping import stix_object, valid_until
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.threatconnect.parse import parse_indicator
from tests.bench.child import LONGEST_S, REPORT
from tests.crash.nursery import Nursery
from tests.engine import ScaledClock, World, query
from tests.factories import NOW, make_options
from tests.simulators.certificates import make_certificates
from tests.simulators.demo import generate_indicators
from tests.simulators.sentinel import RetryAfter

Figures = dict[str, Any]
LIMIT = 100
"""Requests that Sentinel takes in 60 s."""
CONVERTED = 50_000


class Bench:
    """Runs the parts one after the other.

    Args:
        folder: for what the App stores.
        say: tells a person how it goes.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._say = say
        self._certificates = make_certificates(folder / 'certificates')

    def conversion(self) -> Figures:
        """Measure how fast rows become objects, without storing them."""
        rows = list(generate_indicators(CONVERTED))
        options = make_options()
        count = 0
        began = time.process_time()
        for row in rows:
            indicator = parse_indicator(row)
            for key in object_keys(indicator):
                stix = stix_object(
                    indicator,
                    key,
                    object_id=object_id(key),
                    created_at=indicator.added_at,
                    modified_at=NOW,
                    valid_until_at=valid_until(indicator, NOW, options),
                    options=options,
                )
                content_hash(object_text(stix))
                count += 1
        took_s = time.process_time() - began
        self._say(f'conversion: {len(rows) / took_s:,.0f} Indicators/s')
        return {'indicators': len(rows), 'objects': count, 'took_s': took_s}

    def memory(self, sizes: Sequence[int]) -> Figures:
        """Measure the peak of memory and the time of a full update that nothing slows down."""
        figures: Figures = {}
        for size in sizes:
            with self._world(generate_indicators(size)) as world:
                report = self._run(world, is_sink_instant=True)
            (job,) = report['jobs']
            assert job['status'] == 'Upload Complete', job
            assert job['count_read'] == size, job
            figures[str(size)] = {
                'took_s': report['took_s'],
                'peak_mib': report['peak_kib'] / 1024,
                'objects': job['count_object'],
            }
            self._say(f'memory at {size:,}: {figures[str(size)]}')
        return figures

    def pace(self, count: int) -> Figures:
        """Measure a full update against the real limit, sound and troubled."""
        figures: Figures = {}
        for name, latency_s, is_troubled in (
            ('0 s of latency', 0.0, False),
            ('3 s of latency', 3.0, False),
            ('no Retry-After, 5 % faults', 0.0, True),
        ):
            rows = generate_indicators(count)
            with self._world(rows, limit_count=LIMIT, latency_s=latency_s) as world:
                if is_troubled:
                    world.sentinel.settings.retry_after = RetryAfter.OMIT
                    world.sentinel.faults.add('random', rate=0.05, seed=9)
                report = self._run(world, is_sink_instant=False)
                figures[name] = self._judge(world, report)
            self._say(f'pace, {name}: {figures[name]}')
        return figures

    def _judge(self, world: World, report: Figures) -> Figures:
        (job,) = report['jobs']
        live, wanted = world.live(), world.expected([query()])
        lost = [
            pattern
            for pattern, want in wanted.items()
            if pattern not in live or not want.fits(live[pattern])
        ]
        return {
            'status': job['status'],
            'indicators': job['count_read'],
            'objects': job['count_object'],
            'requests': job['count_request'],
            'took_s': report['took_s'],
            'throttled': sum(seen.status == 429 for seen in world.sentinel.requests),
            'faults': sum(seen.fault is not None for seen in world.sentinel.requests),
            'busiest': world.sentinel.limit.busiest(),
            'lost': len(lost),
            'surplus': len(live.keys() - wanted.keys()),
        }

    def _world(self, rows: Iterable[Any], **settings: Any) -> World:
        return World(self._certificates, rows=rows, clock=ScaledClock(1.0), **settings)

    def _run(self, world: World, *, is_sink_instant: bool) -> Figures:
        folder = self._folder / 'app'
        files = world.certificates
        task = {
            'folder': str(folder),
            'queries': [query()],
            'is_sink_instant': is_sink_instant,
            'clock': {'speed': 1.0},
            'certificates': [str(path) for path in (files.ca, files.server, files.key)],
            'api_url': world.api_url,
            'inputs': world.inputs(),
        }
        with Nursery('tests.bench.child') as nursery:
            end = nursery.run(task, patience_s=LONGEST_S)
        assert end.status == 0, (folder / 'child.log').read_text()[-2_000:]
        report: Figures = json.loads((folder / REPORT).read_text())
        shutil.rmtree(folder)
        return report
