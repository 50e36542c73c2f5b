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

from sentinel_app.core.mapping import MappingOptions
from sentinel_app.core.models import IndicatorType, WithdrawPolicy
from sentinel_app.core.never_send import NeverSend
from sentinel_app.core.tlp import Tlp
from sentinel_app.core.withholding import withheld_reason
from sentinel_app.errors import TaskKilledError
from sentinel_app.pipeline import upload as upload_module
from sentinel_app.pipeline.convert import Convert
from sentinel_app.pipeline.download import Download
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.pipeline.gate import RequestGate
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.signal import Signal
from sentinel_app.pipeline.upload import Upload
from sentinel_app.pipeline.withdraw import Withdrawal
from sentinel_app.storage.documents import TinyDocuments
from sentinel_app.storage.ending import SqliteJobEndings
from sentinel_app.storage.error_log import SqliteErrorLog
from sentinel_app.storage.ledger import SqliteLedger, SqliteRequestTimes
from sentinel_app.storage.metric import SqliteMetrics
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.release import SqliteReleases
from sentinel_app.storage.state_db import StateDb
from sentinel_app.storage.work import SqliteWork
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


class MortalDb(StateDb):
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
        self.documents = TinyDocuments(folder / 'documents.json', now=clock.now)
        self.progress = SqliteProgress(db)
        self.ledger = SqliteLedger(db)
        self.work = SqliteWork(db)
        self.errors = SqliteErrorLog(db)
        self._batch_size = batch_size
        signal = Signal()
        documents = Mortal(self.documents, life)
        progress = Mortal(self.progress, life)
        stores = {
            'work': Mortal(self.work, life),
            'errors': Mortal(self.errors, life),
            'releases': Mortal(SqliteReleases(db), life),
        }
        mortal_source = Mortal(source, life)
        common = {'progress': progress, 'clock': clock, 'signal': signal}
        faults = FaultLimit(
            work=stores['work'],  # type: ignore[arg-type]
            errors=stores['errors'],  # type: ignore[arg-type]
            releases=stores['releases'],  # type: ignore[arg-type]
            endings=SqliteJobEndings(db),
            clock=clock,
        )
        self.updates = Updates(
            documents=documents,  # type: ignore[arg-type]
            faults=faults,
            metrics=Mortal(SqliteMetrics(db), life),  # type: ignore[arg-type]
            interval=interval,
            reconcile_interval=reconcile_interval,
            **common,
        )
        probe = Probe(
            source=mortal_source,  # type: ignore[arg-type]
            documents=documents,  # type: ignore[arg-type]
            clock=clock,
        )
        withdrawal = Withdrawal(
            source=mortal_source,  # type: ignore[arg-type]
            probe=probe,
            documents=documents,  # type: ignore[arg-type]
            releases=stores['releases'],  # type: ignore[arg-type]
            parse=parse_indicator,
            policy=policy,
            limit_percent=20,
            **common,
        )
        download = Download(
            source=mortal_source,  # type: ignore[arg-type]
            probe=probe,
            documents=documents,  # type: ignore[arg-type]
            errors=stores['errors'],  # type: ignore[arg-type]
            work=stores['work'],  # type: ignore[arg-type]
            withdrawal=withdrawal,
            **common,
        )
        convert = Convert(
            documents=documents,  # type: ignore[arg-type]
            work=stores['work'],  # type: ignore[arg-type]
            ledger=Mortal(self.ledger, life),  # type: ignore[arg-type]
            releases=stores['releases'],  # type: ignore[arg-type]
            withdrawal=withdrawal,
            parse=parse_indicator,
            withheld_reason=lambda indicator: withheld_reason(
                indicator, max_tlp=MAX_TLP, never_send=NeverSend()
            ),
            options=MappingOptions(ttl_hours=dict.fromkeys(IndicatorType, ttl_hours)),
            **common,
        )
        upload = Upload(
            sink=Mortal(sink, life),  # type: ignore[arg-type]
            work=stores['work'],  # type: ignore[arg-type]
            errors=stores['errors'],  # type: ignore[arg-type]
            faults=faults,
            gate=RequestGate(limit=100, times=SqliteRequestTimes(db), clock=clock),
            **common,
        )
        self._stages = {'download': download, 'convert': convert, 'upload': upload}

    def recover(self) -> None:
        """Take up what an earlier life left, as the App does at its start."""
        self.work.recover()
        self.progress.remove_other_updates([item.id for item in self.documents.open_updates()])

    def close(self) -> None:
        self.db.close()

    def end_job(self, request_id: str) -> None:
        """End a Job as somebody who kills its Task does."""
        self.work.stop_jobs([request_id], TaskKilledError('Ended by somebody.'))

    @property
    def is_busy(self) -> bool:
        return bool(self.documents.open_updates())

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
        raise AssertionError(f'no end: {[job.status for job in self.documents.jobs()[0]]}')

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
