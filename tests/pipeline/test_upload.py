"""A batch goes out only once its time is stored; a permit without a request is given back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sentinel_app.core.job import Outcome
from sentinel_app.core.object_id import object_keys
from sentinel_app.core.sink import UploadReply
from sentinel_app.errors import (
    BatchTooLargeError,
    Cancelled,
    StorageError,
    TaskKilledError,
    UploadServerError,
)
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.upload import LONGEST_LATE_S, Upload
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.request_time import RequestTimes
from tests.harness.builders.app_state import make_job, make_update
from tests.harness.builders.indicator import make_indicator
from tests.harness.builders.update import (
    make_chosen,
    make_conversion,
    make_faults,
    make_page,
    make_store,
)
from tests.harness.clocks import NOON, StandingClock
from tests.harness.database import open_database

UPDATE = make_update()
GO = threading.Event()


class Sink:
    """Answers as it is told to, and notes which times were stored as each request came."""

    def __init__(self, stored: Callable[[], int]) -> None:
        self._stored = stored
        self.answers: list[Exception] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.seen: list[tuple[int, int]] = []
        """How many objects a request had, and how many times were stored by then."""

    def prepare(self) -> None:
        """A token is always there."""

    def forget_token(self) -> None:
        """The next one is as good."""

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        self.seen.append((len(objects), self._stored()))
        self.meanwhile()
        if self.answers:
            raise self.answers.pop(0)
        return UploadReply()


class Stand:
    """A Job with two objects to send."""

    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.db = open_database(folder / 'state.db')
        self.store = make_store(self.db)
        self.limiter = RateLimiter(limit=5, times=RequestTimes(self.db), clock=self.clock)
        self.sink = Sink(self._stored)
        self.troubles = Troubles(self.clock)
        self.upload = Upload(
            sink=self.sink,
            store=self.store,
            errors=ErrorLog(self.db),
            faults=make_faults(self.db, self.clock, self.store),
            limiter=self.limiter,
            clock=self.clock,
            troubles=self.troubles,
            wakeups=Wakeups(senders=1),
        )
        self.add_job('j1', '198.51.100.1', '198.51.100.2')

    def add_job(self, request_id: str, *addresses: str) -> None:
        """Add a Job to the update that is running, with objects to send."""
        self.store.begin([make_job(request_id)])
        self.store.readings.start(request_id, at=NOON, expected=None)
        keys = [object_keys(make_indicator(value=address))[0] for address in addresses]
        objects = [make_chosen(key, indicator_id=number) for number, key in enumerate(keys, 1)]
        ids = range(1, len(keys) + 1)
        conversion = make_conversion(
            make_page(*ids, request_id=request_id),
            dict.fromkeys(ids),
            objects,
            job=self.store.jobs.number(request_id),
        )
        self.store.commit_page(conversion, at=NOON)
        self.store.readings.end(request_id, at=NOON)

    def abandon(self) -> None:
        """End the first Job, whatever is under way."""
        self.store.stop_jobs(['j1'], TaskKilledError('The Task Download was killed.'))
        self.store.batches.abandon(['j1'])

    def _stored(self) -> int:
        with self.db.read() as connection:
            return int(connection.execute('SELECT count(*) FROM request_time').fetchone()[0])


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.db.close()


def full(*_args: object, **_options: object) -> None:
    raise StorageError('The disk is full.')


def test_time_of_a_request_is_stored_with_its_batch_before_it_goes_out(stand: Stand) -> None:
    assert stand.upload.step(UPDATE, GO)
    assert stand.sink.seen == [(2, 1)]
    assert not stand.upload.step(UPDATE, GO)
    assert stand.limiter.used() == 1


@pytest.mark.parametrize(
    ('answer', 'seen'),
    [
        (UploadServerError('No answer.'), [(2, 1), (2, 2)]),
        (BatchTooLargeError('Too large.'), [(2, 1), (1, 2), (1, 3)]),
    ],
)
def test_further_request_stores_its_own_time(
    stand: Stand, answer: Exception, seen: list[tuple[int, int]]
) -> None:
    stand.sink.answers = [answer]
    assert stand.upload.step(UPDATE, GO)
    assert stand.sink.seen == seen
    counts = stand.store.counts('j1')
    assert counts is not None
    assert (counts.requests, counts.outcomes) == (len(seen), {Outcome.SENT: 2})


def test_further_request_is_not_sent_when_its_time_cannot_be_stored(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.sink.answers = [UploadServerError('No answer.')]
    with monkeypatch.context() as patch:
        patch.setattr(stand.store.batches, 'begin_request', full)
        with pytest.raises(StorageError):
            stand.upload.step(UPDATE, GO)
    assert stand.sink.seen == [(2, 1)]
    # Its permit is free again, and the batch waits.
    assert stand.limiter.used() == 1
    assert stand.upload.step(UPDATE, GO)
    assert stand.sink.seen == [(2, 1), (2, 2)]


def test_batch_abandoned_between_two_requests_is_not_sent_again(stand: Stand) -> None:
    stand.sink.answers = [UploadServerError('No answer.')]
    stand.sink.meanwhile = stand.abandon
    with pytest.raises(Cancelled):
        stand.upload.step(UPDATE, GO)

    assert stand.sink.seen == [(2, 1)]
    assert stand.limiter.used() == 1
    assert not stand.store.batches.is_late_under_way
    counts = stand.store.counts('j1')
    assert counts is not None
    assert counts.outcomes == {Outcome.FAILED: 2}


def test_endless_request_does_not_block_the_next_batch_forever(stand: Stand) -> None:
    stand.add_job('j2', '203.0.113.1')
    assert stand.store.batches.claim(UPDATE.id, size=2, now=stand.clock.now) is not None
    stand.abandon()
    assert not stand.upload.step(UPDATE, GO)
    stand.clock.advance(LONGEST_LATE_S)
    assert not stand.upload.step(UPDATE, GO)
    stand.clock.advance(1)
    assert stand.upload.step(UPDATE, GO)
    assert stand.sink.seen == [(1, 2)]


def test_request_is_not_sent_when_its_batch_could_not_be_claimed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(stand.store.batches, 'claim', full)
        with pytest.raises(StorageError):
            stand.upload.step(UPDATE, GO)
    assert stand.limiter.used() == 0
    with monkeypatch.context() as patch:
        # Another thread took the last one.
        patch.setattr(stand.store.batches, 'claim', lambda *_args, **_options: None)
        assert not stand.upload.step(UPDATE, GO)
    assert stand.limiter.used() == 0
    assert stand.sink.seen == []
    assert stand.upload.step(UPDATE, GO)
    assert stand.sink.seen == [(2, 1)]


def test_stop_while_a_request_waits_for_its_permit_claims_nothing(stand: Stand) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        stand.upload.step(UPDATE, stop)
    (job,) = stand.store.progress('u1')
    assert (job.waiting, job.open) == (2, 2)
    assert stand.sink.seen == []
