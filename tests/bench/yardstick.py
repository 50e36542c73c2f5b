"""How dear processor time is: a fixed piece of work, timed again and again beside a measurement."""

from __future__ import annotations

import hashlib
import json
import statistics
import threading
import time
from typing import Self

PERIOD_S = 1.0
_ROUNDS = 200
_ROW = {'id': 1, 'tags': {'data': [{'name': f'tag {number}'} for number in range(40)]}}


class Yardstick:
    """Times the work in a thread of its own; a context manager."""

    def __init__(self) -> None:
        self._times: list[tuple[float, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='yardstick', daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def work_ms(self, began_at: float, ended_at: float) -> float:
        """Return the median of the processor time that the work took between two moments.

        Of all times where it was not done in between.
        """
        within = [took for at, took in self._times if began_at <= at <= ended_at]
        return statistics.median(within or [took for _, took in self._times]) * 1_000

    def _run(self) -> None:
        while True:
            self._times.append((time.time(), _work_s()))
            if self._stop.wait(PERIOD_S):
                return


def _work_s() -> float:
    began = time.thread_time()
    for _ in range(_ROUNDS):
        text = json.dumps(_ROW)
        hashlib.sha256(text.encode()).digest()
        json.loads(text)
    return time.thread_time() - began
