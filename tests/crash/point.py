"""Where the App's process can be killed: at each step that it stores or sends, by name.

A place is written `work.settle:after:3`: at the third call of a point, before it, after it, or
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

from sentinel_app import container

POINTS: dict[str, tuple[str, str]] = {
    'documents.save_queries': ('AppState', 'save_queries'),
    'documents.add_update': ('AppState', 'add_update'),
    'documents.start_update': ('AppState', 'start_update'),
    'documents.change_job': ('AppState', 'change_job'),
    'documents.end_update': ('AppState', 'end_update'),
    'source.count': ('ThreatConnectSource', 'count'),
    'source.read_page': ('ThreatConnectSource', 'read_page'),
    'source.deleted': ('ThreatConnectSource', 'deleted'),
    'progress.begin': ('SqliteProgress', 'begin'),
    'progress.start_reading': ('SqliteProgress', 'start_reading'),
    'progress.add_page': ('SqliteProgress', 'add_page'),
    'progress.end_reading': ('SqliteProgress', 'end_reading'),
    'progress.remove_update': ('SqliteProgress', 'remove_update'),
    'work.store_conversion': ('SqliteWork', 'store_conversion'),
    'work.claim_batch': ('SqliteWork', 'claim_batch'),
    'work.note_request': ('SqliteWork', 'note_request'),
    'work.settle': ('SqliteWork', 'settle'),
    'work.recover': ('SqliteWork', 'recover'),
    'releases.release_keys': ('SqliteReleases', 'release_keys'),
    'releases.release_ids': ('SqliteReleases', 'release_ids'),
    'releases.end_search': ('SqliteReleases', 'end_search'),
    'releases.add_revocations': ('SqliteReleases', 'add_revocations'),
    'releases.close': ('SqliteReleases', 'close'),
    'times.add': ('RequestTimes', 'add'),
    'sink.send': ('SentinelSink', 'send'),
    'db.write': ('Database', 'write'),
}
"""Each point's class, as the composition root knows it, and its method."""

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
    class_name, method = POINTS[name]
    owner = getattr(container, class_name)
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
