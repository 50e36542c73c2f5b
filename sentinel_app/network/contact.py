"""Availability of the systems that the App calls, derived from its regular calls."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from sentinel_app.core.clock import Clock
from sentinel_app.core.condition import Outage
from sentinel_app.core.trouble import System
from sentinel_app.errors import RetryableError, SentinelAppError, ThrottledError, UnauthorizedError


class Contact:
    """Records the results of calls to one system; thread-safe.

    Only consecutive failures count: of simultaneous calls that one interruption ended, only the
    first does.

    Args:
        system: the called system.
        clock: the clock.
    """

    def __init__(self, system: System, clock: Clock) -> None:
        self.system = system
        self._clock = clock
        self._lock = threading.Lock()
        self._tries = 0
        self._failed_at = 0.0
        self._since = clock.now()
        self._error: SentinelAppError | None = None
        self._refusal: tuple[dt.datetime, SentinelAppError] | None = None
        self._worked_at: dt.datetime | None = None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Record the result of the call made in this context; exceptions are passed on."""
        began = self._clock.monotonic()
        try:
            yield
        except SentinelAppError as error:
            if _is_outage(error):
                self._record_failure(error, began)
            else:
                self._record_answer(error)
            raise
        self._record_answer(None)

    @property
    def outage(self) -> Outage | None:
        """Return the current outage of several failed attempts; None after a response."""
        with self._lock:
            if self._error is None:
                return None
            return Outage(
                system=self.system,
                since=self._since,
                tries=self._tries,
                code=self._error.code,
                message=self._error.message,
                reason=self._error.reason,
            )

    @property
    def has_answered(self) -> bool:
        """Return whether it has responded since the start of the Service."""
        with self._lock:
            return self._worked_at is not None or self._refusal is not None

    @property
    def refusal(self) -> tuple[dt.datetime, SentinelAppError] | None:
        """Return the first refusal since the last successful call, and its time."""
        with self._lock:
            return self._refusal

    @property
    def worked_at(self) -> dt.datetime | None:
        """Return the time of the last successful call."""
        return self._worked_at

    def _record_failure(self, error: SentinelAppError, began: float) -> None:
        with self._lock:
            if self._error is not None and began < self._failed_at:
                return
            if self._error is None:
                self._since = self._clock.now()
            self._tries += 1
            self._failed_at = self._clock.monotonic()
            self._error = error

    def _record_answer(self, refusal: SentinelAppError | None) -> None:
        with self._lock:
            self._tries, self._error = 0, None
            if refusal is None:
                self._refusal, self._worked_at = None, self._clock.now()
            elif self._refusal is None or self._refusal[1].code != refusal.code:
                self._refusal = (self._clock.now(), refusal)


class Contacts:
    """The contact of each system, shared by all its callers."""

    def __init__(self, clock: Clock) -> None:
        self.threatconnect = Contact(System.THREATCONNECT, clock)
        self.entra = Contact(System.ENTRA, clock)
        self.sentinel = Contact(System.SENTINEL, clock)
        self.log_analytics = Contact(System.LOG_ANALYTICS, clock)


def _is_outage(error: SentinelAppError) -> bool:
    """Return whether the system did not respond or is out of order; a refusal is a response."""
    if not isinstance(error, RetryableError) or isinstance(
        error, ThrottledError | UnauthorizedError
    ):
        return False
    status = error.context.get('status')
    is_refusal = isinstance(status, int) and status < HTTPStatus.INTERNAL_SERVER_ERROR
    return not is_refusal or status == HTTPStatus.REQUEST_TIMEOUT
