from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sentinel_app.api.ports import UserInfo
from sentinel_app.api.user import KEPT, KEPT_FAILURE, MOST_KEPT, WhoAmI
from sentinel_app.errors import ReadAuthError
from tests.harness.clocks import StandingClock

JDOE = {'status': 'Success', 'data': {'user': {'userName': 'jdoe', 'role': 'Administrator'}}}


class Answers:
    """ThreatConnect's answers, and the tokens that it was asked with."""

    def __init__(self, answer: Mapping[str, Any] = JDOE) -> None:
        self.answer = answer
        self.is_down = False
        self.tokens: list[str] = []

    def __call__(self, token: str) -> Mapping[str, object]:
        self.tokens.append(token)
        if self.is_down:
            raise ReadAuthError('The token was refused.', reason='401')
        return self.answer


def test_user_of_a_token_is_known_with_the_role():
    who = WhoAmI(Answers(), clock=StandingClock())

    assert who.user_of('token') == UserInfo(name='jdoe', role='Administrator')


@pytest.mark.parametrize('token', [None, ''])
def test_request_without_a_token_has_no_user(token: str | None):
    answers = Answers()

    assert WhoAmI(answers, clock=StandingClock()).user_of(token) is None
    assert answers.tokens == []


def test_user_is_unknown_where_whoami_is_not_available():
    assert WhoAmI(None, clock=StandingClock()).user_of('token') is None


@pytest.mark.parametrize(
    'answer',
    [
        {},
        {'data': None},
        {'data': []},
        {'data': {'user': 'jdoe'}},
        {'data': {'user': {'role': 'Administrator'}}},
        {'data': {'user': {'userName': 7, 'role': 'Administrator'}}},
    ],
)
def test_malformed_answer_makes_the_user_unknown(answer: dict[str, Any]):
    assert WhoAmI(Answers(answer), clock=StandingClock()).user_of('token') is None


@pytest.mark.parametrize('role', [None, 7, ['Administrator']])
def test_role_that_is_not_text_is_no_role(role: object):
    answers = Answers({'data': {'user': {'userName': 'jdoe', 'role': role}}})

    assert WhoAmI(answers, clock=StandingClock()).user_of('token') == UserInfo(name='jdoe', role='')


def test_answer_is_cached_for_some_minutes_and_no_longer():
    answers, clock = Answers(), StandingClock()
    who = WhoAmI(answers, clock=clock)
    who.user_of('token')
    clock.advance(KEPT.total_seconds() - 1)
    who.user_of('token')
    assert answers.tokens == ['token']
    answers.answer = {'data': {'user': {'userName': 'jdoe', 'role': 'Read Only User'}}}
    clock.advance(1)

    assert who.user_of('token') == UserInfo(name='jdoe', role='Read Only User')


def test_clock_put_back_does_not_prolong_the_caching():
    answers, clock = Answers(), StandingClock()
    who = WhoAmI(answers, clock=clock)
    who.user_of('token')
    clock.advance(KEPT.total_seconds())
    clock.at -= 10 * KEPT
    who.user_of('token')

    assert answers.tokens == ['token', 'token']


def test_each_token_has_a_user_of_its_own():
    answers = Answers()
    who = WhoAmI(answers, clock=StandingClock())
    for token in ('one', 'two', 'one'):
        who.user_of(token)

    assert answers.tokens == ['one', 'two']


def test_failure_is_cached_only_briefly():
    answers, clock = Answers(), StandingClock()
    who = WhoAmI(answers, clock=clock)
    answers.is_down = True
    assert who.user_of('token') is None
    answers.is_down = False
    clock.advance(KEPT_FAILURE.total_seconds() - 1)
    assert who.user_of('token') is None
    clock.advance(1)

    assert who.user_of('token') is not None
    assert answers.tokens == ['token', 'token']


def test_cache_of_users_is_bounded_and_drops_the_oldest():
    answers = Answers()
    who = WhoAmI(answers, clock=StandingClock())
    for number in range(MOST_KEPT + 1):
        who.user_of(f'token {number}')
    answers.tokens.clear()
    who.user_of(f'token {MOST_KEPT}')
    who.user_of('token 1')
    assert answers.tokens == []
    who.user_of('token 0')

    assert answers.tokens == ['token 0']


def test_tokens_are_not_kept():
    who = WhoAmI(Answers(), clock=StandingClock())
    who.user_of('a very secret token')

    assert 'a very secret token' not in repr(who._known)
