"""Where the App's process can be killed: at each step that it stores or sends, by name.

A place is written `store.settle:after:3`: at the third call of a point, before it, after it, or
(`during`) inside its transaction, when all is written and nothing is committed. The App knows
nothing of this: its classes are wrapped in the child process alone.
"""

from __future__ import annotations

import functools
import itertools
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sentinel_app.sentinel.client import SentinelSink
from sentinel_app.storage.actor_groups import ActorGroups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.batches import Batches
from sentinel_app.storage.context_batches import ContextBatches
from sentinel_app.storage.context_derivation import ContextDerivation
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.ended_updates import EndedUpdates
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.readings import Readings
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.threatconnect.client import ThreatConnectSource

POINTS: dict[str, tuple[type, str]] = {
    'app_state.save_queries': (AppState, 'save_queries'),
    'app_state.add_update': (AppState, 'add_update'),
    'app_state.start_update': (AppState, 'start_update'),
    'app_state.change_job': (AppState, 'change_job'),
    'app_state.end_update': (AppState, 'end_update'),
    'source.count': (ThreatConnectSource, 'count'),
    'source.read_page': (ThreatConnectSource, 'read_page'),
    'source.deleted': (ThreatConnectSource, 'deleted'),
    'pages.put': (PageQueue, 'put'),
    'pages.take_off': (PageQueue, 'take_off'),
    'store.begin': (UpdateStore, 'begin'),
    'store.start_reading': (Readings, 'start'),
    'store.commit_page': (UpdateStore, 'commit_page'),
    'store.end_reading': (Readings, 'end'),
    'store.claim_batch': (Batches, 'claim'),
    'store.settle': (Batches, 'settle'),
    'store.recover': (UpdateStore, 'recover'),
    'store.remove_update': (EndedUpdates, 'remove'),
    'orphans.orphan_objects': (Orphans, 'orphan_objects'),
    'orphans.orphan_indicators': (Orphans, 'orphan_indicators'),
    'orphans.end_search': (Orphans, 'end_search'),
    'orphans.add_revocations': (Orphans, 'add_revocations'),
    'orphans.close': (Orphans, 'close'),
    'context.begin_round': (ContextStore, 'begin_round'),
    'context.store_groups': (ActorGroups, 'store'),
    'context.actors': (ContextDerivation, 'actors'),
    'context.relationships': (ContextDerivation, 'relationships'),
    'context.claim': (ContextBatches, 'claim'),
    'context.settle': (ContextBatches, 'settle'),
    'context.queue_withdrawals': (ContextStore, 'queue_withdrawals'),
    'context.end_withdrawal': (ContextStore, 'end_withdrawal'),
    'context.end_round': (ContextStore, 'end_round'),
    'sink.send': (SentinelSink, 'send'),
    'db.write': (Database, 'write'),
}
"""Each point's class and method."""

TRANSACTION = 'db.write'
PLACES = tuple(
    f'{name}:{when}'
    for name in POINTS
    for when in (('before', 'during', 'after') if name == TRANSACTION else ('before', 'after'))
)


def install(place: str) -> None:
    """Have this process killed when it comes to a place.

    Raises:
        AttributeError: the App has no such step any more.
    """
    name, when, number = place.split(':')
    owner, method = POINTS[name]
    calls = itertools.count(1)
    wrap = (
        functools.partial(_within, when=when)
        if name == TRANSACTION
        else functools.partial(_around, is_before=when == 'before')
    )
    setattr(owner, method, wrap(getattr(owner, method), calls, int(number)))


def _around(
    step: Callable[..., Any], calls: Iterator[int], number: int, *, is_before: bool
) -> Callable[..., Any]:
    @functools.wraps(step)
    def stepped(*args: Any, **options: Any) -> Any:
        is_now = next(calls) == number
        if is_now and is_before:
            die()
        result = step(*args, **options)
        if is_now:
            die()
        return result

    return stepped


def _within(
    step: Callable[..., Any], calls: Iterator[int], number: int, *, when: str
) -> Callable[..., Any]:
    @contextmanager
    def stepped(*args: Any, **options: Any) -> Iterator[Any]:
        is_now = next(calls) == number
        if is_now and when == 'before':
            die()
        with step(*args, **options) as transaction:
            yield transaction
            if is_now and when == 'during':
                die()
        if is_now:
            die()

    return stepped


def die() -> None:
    """End as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)
