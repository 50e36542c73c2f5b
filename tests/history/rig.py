"""The update engine without threads: the real stages and stores, one step after the other.

At any call of a port another stage may take a step, as threads would, and the process may die there
or around any commit; all of that is decided by one seeded generator, so that a history can be told
again. Nothing else of the tests of histories knows how the stages and stores are made.
"""

from __future__ import annotations

import datetime as dt
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from sentinel_app.core.fingerprint import salt
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.mapping import MappingOptions
from sentinel_app.core.never_send import NeverSend
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.tlp import Tlp
from sentinel_app.core.withholding import withheld_reason
from sentinel_app.errors import TaskKilledError
from sentinel_app.pipeline import upload as upload_module
from sentinel_app.pipeline.convert import Convert
from sentinel_app.pipeline.download import Download
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.pipeline.orphan_search import OrphanSearch
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.upload import Upload
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.tasks.update import Updates
from sentinel_app.threatconnect.parse import parse_indicator
from tests.clocks import StandingClock
from tests.fakes.sentinel import TableSink
from tests.fakes.threatconnect import StoreSource

TTL_HOURS = 48
MAX_TLP = Tlp.AMBER
BATCH_SIZE = 3
MOST_UPLOADS = 3
MOST_ROUNDS = 3_000


class KilledError(BaseException):
    """The process is gone; nothing that it would still have done takes place."""


class Life:
    """Where the process dies, and what happens between two calls of it.

    Args:
        between: is called before and after each call of a port.
    """

    def __init__(self, between: Callable[[], None]) -> None:
        self._between = between
        self.calls = 0
        self.ends_at: int | None = None
        self.is_over = False

    def pass_by(self) -> None:
        self.live_on()
        self._between()

    def live_on(self) -> None:
        """Die here, or live until another call."""
        if not self.is_over:
            self.calls += 1
            self.is_over = self.ends_at is not None and self.calls >= self.ends_at
        if self.is_over:
            raise KilledError


class MortalDb(Database):
    """The database of a process that may die before a transaction, before its commit, or after it.

    No other stage takes a step there: whoever writes may hold a lock.
    """

    def __init__(self, path: Path, life: Life) -> None:
        self._life: Life | None = None
        super().__init__(path)
        self._life = life

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        self._live_on()
        with super().write() as transaction:
            yield transaction
            self._live_on()
        self._live_on()

    def _live_on(self) -> None:
        # What brings the file up to date as it is opened is tested elsewhere.
        if self._life is not None:
            self._life.live_on()


class Mortal:
    """A port whose calls may be the last: before they have an effect, or right after."""

    def __init__(self, port: Any, life: Life) -> None:
        self._port = port
        self._life = life

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not callable(value):
            return value

        def call(*args: Any, **options: Any) -> Any:
            self._life.pass_by()
            answer = value(*args, **options)
            self._life.pass_by()
            return answer

        return call


class Rig:
    """One life of the process over a folder.

    Args:
        busyness: how likely another stage takes a step at a call of a port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: StandingClock,
        source: StoreSource,
        sink: TableSink,
        policy: WithdrawPolicy,
        chance: random.Random,
        busyness: float = 0.1,
        ttl_hours: int = TTL_HOURS,
        interval: dt.timedelta = dt.timedelta(days=3650),
        reconcile_interval: dt.timedelta | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._chance = chance
        self._busyness = busyness
        self._clock = clock
        self._active: list[str] = []
        self._between: list[Callable[[], None]] = []
        self.life = life = Life(self._interleave)
        self.stop = threading.Event()
        self.db = db = MortalDb(folder / 'state.db', life)
        self.app_state = AppState(folder / 'documents.json', now=clock.now)
        self.store = UpdateStore(db, PageQueue())
        self.ledger = Ledger(db)
        self.errors = ErrorLog(db)
        self._batch_size = batch_size
        wakeups = Wakeups(MOST_UPLOADS)
        app_state: Any = Mortal(self.app_state, life)
        store: Any = Mortal(self.store, life)
        errors: Any = Mortal(self.errors, life)
        orphans: Any = Mortal(Orphans(db, self.store), life)
        ledger: Any = Mortal(self.ledger, life)
        mortal_source: Any = Mortal(source, life)
        faults = FaultLimit(store=store, errors=errors, orphans=orphans, clock=clock)
        self.updates = Updates(
            app_state=app_state,
            store=store,
            faults=faults,
            metrics=Mortal(MetricStore(db), life),  # type: ignore[arg-type]
            interval=interval,
            reconcile_interval=reconcile_interval,
            clock=clock,
            wakeups=wakeups,
        )
        probe = Probe(source=mortal_source, app_state=app_state, clock=clock)
        times = RequestTimes(db)
        limiter = RateLimiter(limit=100, times=times, clock=clock)
        guard = WithdrawGuard(app_state=app_state, ledger=ledger, limit_percent=20)
        download = Download(
            source=mortal_source,
            probe=probe,
            app_state=app_state,
            store=store,
            errors=errors,
            orphans=OrphanSearch(
                source=mortal_source,
                probe=probe,
                app_state=app_state,
                ledger=ledger,
                orphans=orphans,
                parse=parse_indicator,
                clock=clock,
                policy=policy,
                guard=guard,
            ),
            clock=clock,
            wakeups=wakeups,
        )
        options = MappingOptions(ttl_hours=dict.fromkeys(IndicatorType, ttl_hours))
        convert = Convert(
            app_state=app_state,
            store=store,
            ledger=ledger,
            revoke=Revoke(
                app_state=app_state,
                orphans=orphans,
                policy=policy,
                guard=guard,
                clock=clock,
                wakeups=wakeups,
            ),
            parse=parse_indicator,
            withheld_reason=lambda indicator: withheld_reason(
                indicator, max_tlp=MAX_TLP, never_send=NeverSend()
            ),
            options=options,
            salt=salt(options, max_tlp=MAX_TLP, never_send=NeverSend()),
            limiter=limiter,
            clock=clock,
            wakeups=wakeups,
        )
        upload = Upload(
            sink=Mortal(sink, life),  # type: ignore[arg-type]
            store=store,
            errors=errors,
            faults=faults,
            limiter=limiter,
            times=times,
            clock=clock,
            wakeups=wakeups,
        )
        self._stages = {'download': download, 'convert': convert, 'upload': upload}

    def recover(self) -> None:
        """Take up what an earlier life left, as the App does at its start."""
        self.store.recover()
        self.store.remove_other_updates([item.id for item in self.app_state.open_updates()])

    def close(self) -> None:
        self.db.close()

    def end_job(self, request_id: str) -> None:
        """End a Job as somebody who kills its Task does."""
        self.store.stop_jobs([request_id], TaskKilledError('Ended by somebody.'))

    @property
    def is_busy(self) -> bool:
        return bool(self.app_state.open_updates())

    @contextmanager
    def disturbed(self, act: Callable[[], None]) -> Iterator[None]:
        """Let something from outside happen now and then, at any call of a port."""
        self._between.append(act)
        try:
            yield
        finally:
            self._between.remove(act)

    def run(self) -> None:
        """Take steps until no update is left.

        Raises:
            KilledError: the process died.
            AssertionError: the updates do not come to an end.
        """
        with mock.patch.object(upload_module, 'MAX_OBJECTS', self._batch_size):
            for _ in range(MOST_ROUNDS):
                if not self.is_busy:
                    return
                self._round()
        raise AssertionError(f'no end: {[job.status for job in self.app_state.jobs()[0]]}')

    def _round(self) -> None:
        self._clock.advance(self._chance.choice((0.001, 0.01, 0.3)))
        self.updates.start_next()
        names = list(self._stages)
        self._chance.shuffle(names)
        for name in names:
            self._step(name)
        if self._chance.random() < 0.5:
            self._follow()

    def _follow(self) -> None:
        self._active.append('follow')
        try:
            self.updates.follow()
        finally:
            self._active.pop()

    def _step(self, name: str) -> None:
        update = self.updates.running
        if update is None:
            return
        self._active.append(name)
        try:
            self._stages[name].step(update, self.stop)
        finally:
            self._active.pop()

    def _interleave(self) -> None:
        if not self._active or self._chance.random() >= self._busyness:
            return
        for act in self._between:
            act()
        name = self._chance.choice(('download', 'convert', 'upload', 'follow'))
        if name == 'follow':
            if 'follow' not in self._active:
                self._follow()
        elif self._active.count(name) < (MOST_UPLOADS if name == 'upload' else 1):
            self._step(name)
