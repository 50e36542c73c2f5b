"""Form of requests for long questions: in the body, or else in the address."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, TypeVar

from sentinel_app.core.clock import Clock
from sentinel_app.errors import (
    REMEDY,
    AnswerError,
    GatewayError,
    QueryError,
    ReadAuthError,
    ReadTimeoutError,
    SentinelAppError,
)

VALID_FOR_S: Final = 3600.0
"""Seconds for which the working form is cached, as gateways may be changed."""

SIZE_REMEDY: Final = (
    'Shorten the TQL of the query or split it into several queries with fewer owners or values, or '
    'let the gateway take GET requests with a body or addresses of that length.'
)

_FORMS_FAULTS: Final = (AnswerError, GatewayError, QueryError, ReadAuthError, ReadTimeoutError)
"""Errors that a form which does not arrive can cause."""

Answer = TypeVar('Answer')
Ask = Callable[['Form'], Answer]


class Form(StrEnum):
    """Place of the parameters in a request."""

    ADDRESS = 'address'
    BODY = 'body'


class LongForm:
    """Finds the form in which long questions arrive, and caches it for some time.

    ThreatConnect's own framework sends a GET with a body. Some gateways refuse it, drop the body,
    or time out; most accept addresses of 8,000 characters.

    Args:
        clock: the clock of the cache.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Form | None = None
        self._until = 0.0

    def ask(self, ask: Ask[Answer], *, prove: Ask[object] | None, length: int) -> Answer:
        """Return the response to a question, in the form in which it arrives.

        Args:
            ask: sends the question once, in a given form.
            prove: sends a question that must be empty in a given form, before that form is used;
                None if the question itself must be empty.
            length: the characters of the question as sent.

        Raises:
            GatewayError: it arrives in neither form.
            SentinelAppError: any other error of `ask` or `prove`.
        """
        known = self._remembered()
        failures: list[SentinelAppError] = []
        for form in _order(known):
            try:
                if prove is not None and form is not known:
                    prove(form)
                answer = ask(form)
            except _FORMS_FAULTS as error:
                _raise_if_other(error, is_known=form is known, is_first=not failures, length=length)
                failures.append(error)
                self._remember(None)
                continue
            if form is not known:
                self._remember(form)
            return answer
        raise _failure(failures, length)

    def _remembered(self) -> Form | None:
        with self._lock:
            return self._known if self._clock.monotonic() < self._until else None

    def _remember(self, form: Form | None) -> None:
        with self._lock:
            self._known = form
            self._until = self._clock.monotonic() + VALID_FOR_S


def _order(known: Form | None) -> tuple[Form, Form]:
    return (Form.ADDRESS, Form.BODY) if known is Form.ADDRESS else (Form.BODY, Form.ADDRESS)


def _raise_if_other(
    error: SentinelAppError, *, is_known: bool, is_first: bool, length: int
) -> None:
    """Raise an error that another form would not fix."""
    if isinstance(error, ReadTimeoutError) and is_known:
        raise error
    # The signature covers the address; if only the address is refused, it may have been truncated.
    if isinstance(error, ReadAuthError | QueryError) and is_first:
        raise error
    if isinstance(error, QueryError):
        raise _perhaps_cut(error, length) from error


def _failure(failures: Sequence[SentinelAppError], length: int) -> SentinelAppError:
    """Return the error of a question that failed in both forms."""
    late = [error for error in failures if isinstance(error, ReadTimeoutError)]
    if late:
        # A time-out may pass, and the question may succeed then.
        hint = f' {_hint(length)}' if len(late) < len(failures) else ''
        return ReadTimeoutError(
            f'{late[0].message}{hint}', reason=late[0].reason, context=late[0].context
        )
    reasons = dict.fromkeys(error.reason or error.message for error in failures)
    return GatewayError(
        f'A question of {length:,} characters does not arrive at ThreatConnect as it is sent, '
        'neither in the body of the request nor in its address: something between the App and '
        f'ThreatConnect refuses, drops or changes it. Nothing was taken. {SIZE_REMEDY}',
        reason=' '.join(reasons),
        context={'characters': length, REMEDY: SIZE_REMEDY},
    )


def _perhaps_cut(error: QueryError, length: int) -> QueryError:
    """Return the error of a question that arrives only in the address, and is refused there."""
    return QueryError(
        f'{error.message} {_hint(length)}', reason=error.reason, context=error.context
    )


def _hint(length: int) -> str:
    return (
        f'If it stays, look at the length of the question: it has {length:,} characters, does not '
        'arrive in the body of a request, and what stands in between may refuse or cut addresses '
        f'of that length. {SIZE_REMEDY}'
    )
