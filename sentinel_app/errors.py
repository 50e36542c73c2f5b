"""The one exception tree, sorted by what the caller should do.

A `code` is stable and is what the log, the API and REPORTS show; a message is written for people
and says what happened, to which thing, and what to do. Nothing here ever carries a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

REMEDY = 'remedy'
"""In the context of an error: what the end of its message says to do; empty if it says nothing."""

DISK_FULL = 'The disk is full'
"""What an error about a full disk begins with, and its title in the API."""

GOES_ON = 'the App goes on by itself when the cause is gone.'
"""The end of a message about what may pass, true while the Service runs."""


class SentinelAppError(Exception):
    """The root: something went wrong that the App knows how to describe.

    Args:
        message: one or two sentences for a person.
        code: a stable short code, for example `TC-AUTH`.
        reason: what the other side answered, in its own words, if it answered.
        context: facts that are safe to show and to log.
    """

    default_code = 'APP-INTERNAL'

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        reason: str = '',
        context: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.reason = reason
        self.context = dict(context or {})


class ConfigError(SentinelAppError):
    """An input of the Service is wrong; the App cannot start until somebody mends it."""

    default_code = 'APP-CONFIG'


class RetryableError(SentinelAppError):
    """The same call may succeed later.

    Args:
        retry_after_s: what the other side asked us to wait, in seconds; None if it did not say.
    """

    default_code = 'NET'

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        reason: str = '',
        context: Mapping[str, object] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code, reason=reason, context=context)
        self.retry_after_s = retry_after_s


class FatalError(SentinelAppError):
    """Repeating the call is no use; the Job ends and somebody must act."""


class SkippableError(SentinelAppError):
    """One Indicator cannot be dealt with; it is recorded and the rest goes on."""

    default_code = 'MAP-VALUE'


class Cancelled(SentinelAppError):  # noqa: N818 - a control signal, not a fault
    """Somebody, or the shutdown, asked for the work to stop at the next safe point."""

    default_code = 'RUN-STOP'


class ReadTimeoutError(RetryableError):
    """ThreatConnect did not answer in time, or said that it could not; a smaller page may do."""

    default_code = 'TC-READ'


class ReadError(RetryableError):
    """ThreatConnect answered, but not with a page."""

    default_code = 'TC-READ'


class ReadOrderError(ReadError):
    """ThreatConnect's rows are not in the order, or not of the ids, that were asked for."""


class ReadAuthError(FatalError):
    """ThreatConnect refused the credentials."""

    default_code = 'TC-AUTH'


class AnswerError(FatalError):
    """ThreatConnect's answer holds what was not asked for, so nothing of it was taken."""

    default_code = 'TC-ANSWER'


class ActivityError(ReadError):
    """An Indicator is not as active as was asked; it may have changed at that very moment."""

    default_code = 'TC-ANSWER'


class GatewayError(FatalError):
    """Something between the App and ThreatConnect did not let the request through."""

    default_code = 'TC-GATEWAY'


class QueryError(FatalError):
    """ThreatConnect refused the query."""

    default_code = 'TC-QUERY'


class TokenError(RetryableError):
    """Entra ID gave no token, for a reason that may pass."""

    default_code = 'AZ-TOKEN'


class TokenRefusedError(FatalError):
    """Entra ID gave no token, for a reason that somebody must mend."""

    default_code = 'AZ-TOKEN'


class ThrottledError(RetryableError):
    """Sentinel answered 429; the batch is untouched."""

    default_code = 'AZ-429'


class UploadServerError(RetryableError):
    """Sentinel answered with a server error, or not at all; the batch may or may not be stored."""

    default_code = 'AZ-5XX'


class UnauthorizedError(RetryableError):
    """Sentinel refused the token; a new one may be accepted."""

    default_code = 'AZ-401'


class BatchTooLargeError(SentinelAppError):
    """Sentinel refused the request for its size; smaller batches may pass."""

    default_code = 'AZ-413'


class BatchRefusedError(SentinelAppError):
    """Sentinel refused the whole request; some object in it is the culprit."""

    default_code = 'AZ-400'


class BatchUnclearError(BatchRefusedError):
    """Sentinel refused something of a batch without saying what; it may have taken the rest."""


class UploadDeniedError(FatalError):
    """Sentinel knows no such workspace, or the application lacks the role on it."""

    default_code = 'AZ-403'


class NotificationError(SentinelAppError):
    """ThreatConnect did not take a notification; nothing depends on it."""

    default_code = 'TC-NOTIFY'


class StorageError(SentinelAppError):
    """The disk or a database did not take what had to be stored."""

    default_code = 'RUN-DISK'


class DiskFullError(StorageError):
    """The disk has no room for what had to be stored.

    Args:
        detail: what could not be written, and what to do; the message begins with the fact.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(f'{DISK_FULL}. {detail}')
        self.detail = detail


class DamagedError(StorageError):
    """A database holds what the App never stores; it is set aside at the next start."""


class TaskKilledError(SentinelAppError):
    """Somebody, or the watchdog, ended a Task in the middle of its work."""

    default_code = 'RUN-TIME'


class UnforeseenError(FatalError):
    """A piece of work met, again and again, an exception that nobody foresaw."""

    default_code = 'RUN-FAULT'


class ConflictError(SentinelAppError):
    """The thing was changed by somebody else meanwhile, or its state does not allow the action."""

    default_code = 'APP-CONFLICT'


class NotFoundError(SentinelAppError):
    """No such thing."""

    default_code = 'APP-NOT-FOUND'
