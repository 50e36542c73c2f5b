"""Context objects go out after the Indicators, in order, and their failures are their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sentinel_app.core.sink import UploadReply
from sentinel_app.errors import (
    BatchRefusedError,
    SentinelAppError,
    ThrottledError,
    TokenRefusedError,
    UploadDeniedError,
    UploadServerError,
)
from sentinel_app.pipeline.context_upload import LONGEST_REST_S, ContextUpload
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.storage.request_time import RequestTimes
from tests.harness.builders.actor import make_group
from tests.harness.builders.context import JOB, ContextWorld
from tests.harness.clocks import StandingClock
from tests.harness.database import open_database

GO = threading.Event()


class Sink:
    """Notes the types of each request, and answers as it is told to."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.answers: list[UploadReply | Exception] = []
        self.prepared: Exception | None = None

    def prepare(self) -> None:
        if self.prepared is not None:
            raise self.prepared

    def forget_token(self) -> None:
        """The next one is as good."""

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        self.sent.append([json.loads(text)['type'] for text in objects])
        answer = self.answers.pop(0) if self.answers else UploadReply()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Stand:
    """One Indicator with two actors, whose context waits."""

    def __init__(self, folder: Path) -> None:
        self.clock = StandingClock()
        self.db = open_database(folder / 'state.db')
        self.world = ContextWorld(self.db)
        self.world.send(1)
        self.world.associate({1: (10, 11)})
        self.world.read(make_group(10, name='Quiet Bear'), make_group(11, name='Loud Cat'))
        self.world.derive()
        self.limiter = RateLimiter(limit=100, times=RequestTimes(self.db), clock=self.clock)
        self.sink = Sink()
        self.waiting = 0
        """Indicators that wait."""
        self.upload = ContextUpload(
            sink=self.sink,
            batches=self.world.batches,
            limiter=self.limiter,
            are_indicators_waiting=lambda: self.waiting > 0,
            clock=self.clock,
        )

    def step(self) -> bool:
        """Send a batch although nothing else is made that would fill it."""
        return self.upload.step(GO, may_be_short=True)

    def send_all(self) -> None:
        while self.step():
            pass

    def account(self) -> dict[str, int]:
        account = self.world.store.accounts([JOB])[JOB]
        return {
            name: count
            for name in ('waiting', 'sent', 'refused')
            if (count := getattr(account, name))
        }


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.db.close()


def test_nothing_is_sent_while_indicators_wait(stand: Stand) -> None:
    stand.waiting = 1
    assert stand.upload.is_held_up
    assert not stand.step()
    assert stand.sink.sent == []
    stand.waiting = 0
    stand.send_all()
    assert sum(map(len, stand.sink.sent)) == 5
    assert stand.account() == {'sent': 5}


def test_batch_that_is_not_full_waits_while_others_are_made(stand: Stand) -> None:
    assert not stand.upload.step(GO, may_be_short=False)
    assert stand.sink.sent == []
    stand.world.send(*range(2, 102))
    stand.world.associate(dict.fromkeys(range(2, 102), (10,)))
    stand.world.derive()
    assert stand.step()
    assert stand.upload.step(GO, may_be_short=False)
    assert list(map(len, stand.sink.sent)) == [3, 100]
    assert not stand.upload.step(GO, may_be_short=False)


def test_relationships_go_out_only_after_their_actor_was_accepted(stand: Stand) -> None:
    assert stand.step()
    assert stand.sink.sent == [['identity', 'threat-actor', 'threat-actor']]
    stand.send_all()
    assert stand.sink.sent[1:] == [['relationship', 'relationship']]


def test_relationship_of_a_refused_actor_waits_and_the_others_go(stand: Stand) -> None:
    stand.sink.answers = [UploadReply(refusals={1: ('No such actor.',)})]
    stand.send_all()
    assert stand.sink.sent[1:] == [['relationship']]
    assert stand.account() == {'waiting': 1, 'sent': 3, 'refused': 1}


@pytest.mark.parametrize(
    'failure', [UploadServerError('Not now.'), UploadDeniedError('Access denied.')]
)
def test_failure_rests_and_keeps_no_indicator_back(stand: Stand, failure: Exception) -> None:
    stand.sink.answers = [failure]
    stand.step()
    assert isinstance(stand.upload.error, SentinelAppError)
    assert stand.upload.is_held_up
    stand.send_all()
    assert len(stand.sink.sent) == 1
    began_s = stand.clock.passed_s
    assert stand.limiter.acquire(GO) is not None
    assert stand.clock.passed_s == began_s
    stand.clock.advance(LONGEST_REST_S)
    stand.send_all()
    assert stand.upload.error is None
    assert stand.account() == {'sent': 5}


def test_token_that_does_not_come_takes_nothing_of_the_limit(stand: Stand) -> None:
    stand.sink.prepared = TokenRefusedError('No token.')
    used = stand.limiter.used()
    stand.send_all()
    assert stand.limiter.used() == used
    assert stand.upload.error is stand.sink.prepared
    stand.sink.prepared = None
    stand.upload.rest_no_longer()
    stand.send_all()
    assert stand.account() == {'sent': 5}


def test_wait_that_sentinel_asks_for_applies_to_indicators_too(stand: Stand) -> None:
    stand.sink.answers = [ThrottledError('Slow down.', retry_after_s=40)]
    stand.step()
    assert stand.upload.error is None
    assert stand.limiter.asked_wait() is not None
    assert stand.clock.passed_s < 40
    stand.send_all()
    assert stand.clock.passed_s >= 40
    assert stand.account() == {'sent': 5}


def test_object_that_sentinel_refuses_with_its_request_is_found(stand: Stand) -> None:
    stand.sink.answers = [BatchRefusedError('Bad request.'), BatchRefusedError('Bad request.')]
    stand.send_all()
    assert list(map(len, stand.sink.sent))[:2] == [3, 1]
    assert stand.account().get('refused') == 1
    assert sum(stand.account().values()) == 5
