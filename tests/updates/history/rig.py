"""The update engine without threads: the real stages and stores, one step after the other.

At any call of a port another stage may take a step, as threads would, and the process may die there
or around any commit; all of that is decided by one seeded generator, so that a history can be told
again. Nothing else of the tests of histories knows how the stores are made; the stages are wired as
the App wires them.
"""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from sentinel_app.config.secret import Secret
from sentinel_app.config.settings import MaxTlp, Settings
from sentinel_app.container.context import build_context
from sentinel_app.container.pipeline import build_pipeline
from sentinel_app.container.stores import stores_over
from sentinel_app.container.tasks import build_updates
from sentinel_app.core.group_source import GroupSource
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Job, JobStatus
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.errors import FatalError, RetryableError, TaskKilledError
from sentinel_app.pipeline import upload as upload_module
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.sqlite import Database
from sentinel_app.tasks.job_actions import JobActions
from tests.harness.clocks import StandingClock
from tests.harness.fakes.sentinel import TableSink
from tests.harness.fakes.threatconnect import StoreSource

TTL_HOURS = 48
SETTINGS = Settings(
    client_id='',
    client_secret=Secret(''),
    tenant_id='',
    workspace_id='',
    sentinel_source_name='',
    threatconnect_access_id='',
    threatconnect_secret_key=Secret(''),
    schedule_interval_hours=10 * 365 * 24,
    reconcile_interval_hours=0,
    ttl_hours=dict.fromkeys(IndicatorType, TTL_HOURS),
    withdraw_indicators=WithdrawPolicy.DELETED,
    max_tlp=MaxTlp.AMBER,
)
"""Nobody has to sign in, and no update comes by itself."""
BATCH_SIZE = 3
MOST_UPLOADS = 3
MOST_CONTEXT_STEPS = 2
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
        settings: what the App is set to.
        busyness: how likely another stage takes a step at a call of a port.
        groups: ThreatConnect's Groups, where context is sent as well.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: StandingClock,
        source: StoreSource,
        sink: TableSink,
        chance: random.Random,
        settings: Settings = SETTINGS,
        busyness: float = 0.1,
        batch_size: int = BATCH_SIZE,
        groups: GroupSource | None = None,
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
        self.stores = stores = stores_over(folder, self.app_state, db)
        self.store, self.ledger, self.errors = stores.store, stores.ledger, stores.errors
        self._batch_size = batch_size
        self._wakeups = Wakeups(MOST_UPLOADS)
        # A stand-in for several classes, so no checker may hold it against one of them.
        mortal: Callable[[object], Any] = partial(Mortal, life=life)
        mortal_stores = replace(
            stores,
            app_state=mortal(stores.app_state),
            store=mortal(stores.store),
            ledger=mortal(stores.ledger),
            orphans=mortal(stores.orphans),
            metrics=mortal(stores.metrics),
            errors=mortal(stores.errors),
            context=mortal(stores.context),
            context_batches=mortal(stores.context_batches),
            actor_groups=mortal(stores.actor_groups),
        )
        pipeline = build_pipeline(
            settings,
            mortal_stores,
            source=mortal(source),
            sink=mortal(sink),
            clock=clock,
            wakeups=self._wakeups,
        )
        updates = build_updates(settings, mortal_stores, pipeline, clock=clock)
        self.queue, self.follower = updates.queue, updates.follower
        self._stages = {
            'download': pipeline.download,
            'convert': pipeline.convert,
            'upload': pipeline.upload,
        }
        self._context = None
        if groups is not None:
            self._context = build_context(
                settings,
                mortal_stores,
                pipeline,
                self.follower,
                groups=mortal(groups),
                sink=mortal(sink),
                clock=clock,
            )

    def recover(self) -> None:
        """Take up what an earlier life left, as the App does at its start."""
        self.stores.recover()

    def close(self) -> None:
        self.db.close()

    def cancel(self, job: Job) -> bool:
        """Cancel a Job that waits, as somebody does; whether it is cancelled now."""
        actions = JobActions(
            app_state=self.app_state,
            store=self.store,
            queue=self.queue,
            wakeups=self._wakeups,
            clock=self._clock,
        )
        return actions.cancel(job.request_id, by='jdoe').status is JobStatus.CANCELLED

    def end_job(self, request_id: str) -> None:
        """End a Job as somebody who kills its Task does."""
        self.store.stop_jobs([request_id], TaskKilledError('Ended by somebody.'))

    @property
    def is_busy(self) -> bool:
        return bool(self.app_state.open_updates()) or not self._is_context_settled

    @property
    def _is_context_settled(self) -> bool:
        if self._context is None:
            return True
        round_ = self.stores.context.round()
        is_open = round_.is_due or round_.is_whole
        return not is_open and self.stores.context.counts().ended is not None

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
        self.follower.start_next()
        names = list(self._stages)
        self._chance.shuffle(names)
        for name in names:
            self.step(name)
        self.step_context()
        if self._chance.random() < 0.5:
            self.follow()

    def follow(self) -> None:
        """Bring the Jobs in line with their progress."""
        self._active.append('follow')
        try:
            self.follower.follow()
        finally:
            self._active.pop()

    def step(self, name: str) -> bool:
        """Let a stage take a step; whether it had anything to do."""
        update = self.follower.running
        if update is None:
            return False
        self._active.append(name)
        try:
            return bool(self._stages[name].step(update, self.stop))
        finally:
            self._active.pop()

    def step_context(self) -> None:
        """Let Context take a step, as one of its threads does."""
        if self._context is None:
            return
        self._active.append('context')
        try:
            with suppress(RetryableError, FatalError):
                # Its thread rests after what ThreatConnect does not answer.
                self._context.step(self.stop)
        finally:
            self._active.pop()

    def _interleave(self) -> None:
        if not self._active or self._chance.random() >= self._busyness:
            return
        for act in self._between:
            act()
        name = self._chance.choice(('download', 'convert', 'upload', 'follow', 'context'))
        if name == 'context':
            if self._active.count(name) < MOST_CONTEXT_STEPS:
                self.step_context()
        elif name == 'follow':
            if 'follow' not in self._active:
                self.follow()
        elif self._active.count(name) < (MOST_UPLOADS if name == 'upload' else 1):
            self.step(name)
