"""How the calls to a system end, and when that makes an outage."""

from __future__ import annotations

import pytest

from sentinel_app.core.trouble import System
from sentinel_app.errors import (
    ReadAuthError,
    ReadError,
    ReadTimeoutError,
    SentinelAppError,
    ThrottledError,
    UnauthorizedError,
    UploadServerError,
)
from sentinel_app.network.contact import Contact
from tests.harness.clocks import NOON, StandingClock


class Caller:
    """Makes calls that end as the test says."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.contact = Contact(System.SENTINEL, self.clock)

    def fail(self, error: SentinelAppError | None = None, *, after_s: float = 1.0) -> None:
        def call() -> None:
            with self.contact.call():
                self.clock.advance(after_s)
                raise error or UploadServerError('No answer.', reason='reset')

        with pytest.raises(SentinelAppError):
            call()

    def succeed(self) -> None:
        with self.contact.call():
            pass

    @property
    def tries(self) -> int:
        return self.contact.outage.tries if self.contact.outage else 0


@pytest.fixture
def caller() -> Caller:
    return Caller()


def test_tries_in_a_row_count_from_the_first_until_an_answer(caller: Caller) -> None:
    caller.fail()
    caller.fail()
    outage = caller.contact.outage
    assert outage is not None
    assert (outage.tries, outage.since, outage.system) == (
        2,
        NOON.replace(second=1),
        System.SENTINEL,
    )
    assert (outage.code, outage.message, outage.reason) == ('AZ-5XX', 'No answer.', 'reset')
    caller.succeed()
    assert caller.contact.outage is None


def test_calls_that_one_blip_ends_are_one_try(caller: Caller) -> None:
    def call() -> None:
        with caller.contact.call():
            caller.fail()
            raise UploadServerError('No answer.')

    with pytest.raises(UploadServerError):
        call()
    assert caller.tries == 1


@pytest.mark.parametrize(
    ('error', 'is_outage'),
    [
        (ReadTimeoutError('No answer.'), True),
        (ReadError('Broken JSON.'), True),
        (ReadTimeoutError('Server error.', context={'status': 503}), True),
        (ReadTimeoutError('Too late.', context={'status': 408}), True),
        (ReadTimeoutError('The query took too long.', context={'status': 400}), False),
        (ReadError('Less often.', context={'status': 429}), False),
        (ThrottledError('Less often.'), False),
        (UnauthorizedError('The token is too old.'), False),
        (ReadAuthError('Who are you?'), False),
    ],
)
def test_outage_is_only_an_error_without_an_answer(
    caller: Caller, error: SentinelAppError, is_outage: bool
) -> None:
    caller.fail(error)
    assert (caller.tries == 1) is is_outage


def test_refusal_is_an_answer_and_is_kept_until_a_call_succeeds(caller: Caller) -> None:
    caller.fail()
    caller.fail(ReadAuthError('Who are you?'))
    assert caller.tries == 0
    assert caller.contact.refusal is not None
    assert caller.contact.worked_at is None
    caller.succeed()
    assert caller.contact.refusal is None
    assert caller.contact.worked_at == NOON.replace(second=2)


def test_error_that_is_not_the_apps_changes_nothing(caller: Caller) -> None:
    caller.fail()
    with pytest.raises(KeyError), caller.contact.call():
        raise KeyError('x')
    assert caller.tries == 1
