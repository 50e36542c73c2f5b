"""How a question that is too long for an address travels: in the body, else in the address."""

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
"""So long is known which form arrives; what stands in between may be mended, or break."""

SIZE_REMEDY: Final = (
    'Shorten the TQL of the query or split it into several queries with fewer owners or values, or '
    'let the gateway take GET requests with a body or addresses of that length.'
)

_FORMS_FAULTS: Final = (AnswerError, GatewayError, QueryError, ReadAuthError, ReadTimeoutError)
"""What a form that does not arrive can end in."""

Answer = TypeVar('Answer')
Ask = Callable[['Form'], Answer]


class Form(StrEnum):
    """Where the parameters of a request stand."""

    ADDRESS = 'address'
    BODY = 'body'


class LongForm:
    """Finds the form in which long questions arrive, and remembers it for some time.

    A GET with a body is what ThreatConnect's own framework sends. Some gateways refuse it, drop the
    body, or wait for what never comes; most take addresses of 8,000 characters.

    Args:
        clock: says when to look again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Form | None = None
        self._until = 0.0

    def ask(self, ask: Ask[Answer], *, prove: Ask[object] | None, length: int) -> Answer:
        """Return the answer to a question, in the form in which it arrives.

        Args:
            ask: asks it in a form, once.
            prove: asks in a form what must be empty, before that form is relied on; None where the
                question itself must be empty.
            length: characters of the question as it is sent.

        Raises:
            GatewayError: it arrives in neither form.
            SentinelAppError: what `ask` or `prove` raises otherwise.
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
    """Raise an error that is not about the form: another form would not help."""
    if isinstance(error, ReadTimeoutError) and is_known:
        raise error
    # The signature covers the address; where only the address is refused, it may have been cut.
    if isinstance(error, ReadAuthError | QueryError) and is_first:
        raise error
    if isinstance(error, QueryError):
        raise _perhaps_cut(error, length) from error


def _failure(failures: Sequence[SentinelAppError], length: int) -> SentinelAppError:
    """Return what to say of a question that failed in both forms."""
    late = [error for error in failures if isinstance(error, ReadTimeoutError)]
    if late:
        # That may pass, and the question with it.
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
    """Return what to say of a question that arrives in the address alone, and is refused there."""
    return QueryError(
        f'{error.message} {_hint(length)}', reason=error.reason, context=error.context
    )


def _hint(length: int) -> str:
    return (
        f'If it stays, look at the length of the question: it has {length:,} characters, does not '
        'arrive in the body of a request, and what stands in between may refuse or cut addresses '
        f'of that length. {SIZE_REMEDY}'
    )
