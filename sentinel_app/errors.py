"""Exceptions of the App, in one tree by what the caller should do.

A `code` is stable and shown in the log, the API and REPORTS. A message is for people: what
happened, to which thing, and what to do. No exception contains a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

REMEDY = 'remedy'
"""Context key of the remedy at the end of an error's message; its value is empty without one."""

DISK_FULL = 'The disk is full'
"""Beginning of the message about a full disk, and its title in the API."""

GOES_ON = 'the App goes on by itself when the cause is gone.'
"""End of messages about temporary failures while the Service runs."""


class SentinelAppError(Exception):
    """Base class of all exceptions of the App.

    Args:
        message: one or two sentences for people.
        code: a stable short code, for example `TC-AUTH`.
        reason: the other system's own words, if it responded.
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
    """An input of the Service is invalid; the App cannot start until it is corrected."""

    default_code = 'APP-CONFIG'


class RetryableError(SentinelAppError):
    """The same call may succeed later.

    Args:
        retry_after_s: the wait that the other system asked for, in seconds; None without one.
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
    """Retries are of no use; the Job ends and a person must act."""


class SkippableError(SentinelAppError):
    """One Indicator cannot be processed; it is recorded and skipped."""

    default_code = 'MAP-VALUE'


class Cancelled(SentinelAppError):  # noqa: N818 - a control signal, not a fault
    """A person or the shutdown has requested a stop at the next safe point."""

    default_code = 'RUN-STOP'


class ReadTimeoutError(RetryableError):
    """ThreatConnect did not respond in time, or with a server error; a smaller page may succeed."""

    default_code = 'TC-READ'


class ReadError(RetryableError):
    """ThreatConnect's response is not a page."""

    default_code = 'TC-READ'


class ReadOrderError(ReadError):
    """ThreatConnect's rows are not in the requested order, or have other ids."""


class ReadAuthError(FatalError):
    """ThreatConnect refused the credentials."""

    default_code = 'TC-AUTH'


class AnswerError(FatalError):
    """ThreatConnect's response does not fit the question, so all of it was rejected."""

    default_code = 'TC-ANSWER'


class ActivityError(ReadError):
    """An Indicator is not active or inactive as requested; it may have just changed."""

    default_code = 'TC-ANSWER'


class GatewayError(FatalError):
    """A proxy or gateway between the App and ThreatConnect refused the request."""

    default_code = 'TC-GATEWAY'


class QueryError(FatalError):
    """ThreatConnect refused the query."""

    default_code = 'TC-QUERY'


class TokenError(RetryableError):
    """Entra ID issued no token, for a reason that may pass."""

    default_code = 'AZ-TOKEN'


class TokenRefusedError(FatalError):
    """Entra ID issued no token, for a reason that a person must fix."""

    default_code = 'AZ-TOKEN'


class ThrottledError(RetryableError):
    """Sentinel responded with 429; the batch was not processed."""

    default_code = 'AZ-429'


class UploadServerError(RetryableError):
    """Sentinel responded with a server error, or not at all; the batch may or may not be stored."""

    default_code = 'AZ-5XX'


class UnauthorizedError(RetryableError):
    """Sentinel refused the token; a new one may be accepted."""

    default_code = 'AZ-401'


class BatchTooLargeError(SentinelAppError):
    """Sentinel refused the request for its size; smaller batches may succeed."""

    default_code = 'AZ-413'


class BatchRefusedError(SentinelAppError):
    """Sentinel refused the whole request because of some object in it."""

    default_code = 'AZ-400'


class BatchUnclearError(BatchRefusedError):
    """Sentinel refused an unnamed part of a batch; it may have accepted the rest."""


class UploadDeniedError(FatalError):
    """The workspace does not exist, or the application lacks the role on it."""

    default_code = 'AZ-403'


class LogsThrottledError(ThrottledError):
    """Log Analytics responded with 429; the query was not run."""

    default_code = 'AZ-QUERY-429'


class LogsServerError(RetryableError):
    """Log Analytics responded with a server error, with no usable answer, or not at all."""

    default_code = 'AZ-QUERY-5XX'


class LogsUnauthorizedError(UnauthorizedError):
    """Log Analytics refused the token; a new one may be accepted.

    Codes: `AZ-QUERY-401`; `AZ-QUERY-AUDIENCE` if the token may be one of another cloud.
    """

    default_code = 'AZ-QUERY-401'


class LogsTooLargeError(SentinelAppError):
    """Log Analytics cut the answer short or ran out of time; a smaller question may be answered.

    The same query is never repeated: it would take as long again, and end the same way.
    """

    default_code = 'AZ-QUERY-SIZE'


class LogsDeniedError(FatalError):
    """The application may not query the workspace, or it cannot be queried at this address.

    Codes: `AZ-QUERY-403` for the role or the consent, `AZ-QUERY-AUDIENCE` for a token of another
    cloud, `AZ-QUERY-404` for a workspace or an address that does not exist.
    """

    default_code = 'AZ-QUERY-403'


class LogsTableError(FatalError):
    """The table cannot be queried.

    Codes: `AZ-QUERY-TABLE` if the workspace does not have it, or a column of it; `AZ-QUERY-PLAN` if
    its plan does not allow queries.
    """

    default_code = 'AZ-QUERY-TABLE'


class LogsRefusedError(FatalError):
    """Log Analytics refused the query itself."""

    default_code = 'AZ-QUERY-400'


class LogsSilentError(FatalError):
    """The rows that were returned are too few to conclude anything from those that are missing."""

    default_code = 'AZ-QUERY-SILENT'


class NotificationError(SentinelAppError):
    """ThreatConnect did not accept a notification; nothing depends on it."""

    default_code = 'TC-NOTIFY'


class StorageError(SentinelAppError):
    """The disk or a database could not store data."""

    default_code = 'RUN-DISK'


class DiskFullError(StorageError):
    """The disk is full.

    Args:
        detail: what could not be written, and what to do; it follows the fact in the message.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(f'{DISK_FULL}. {detail}')
        self.detail = detail


class DamagedError(StorageError):
    """A database is damaged; it is set aside at the next start."""


class TaskKilledError(SentinelAppError):
    """A person or the watchdog killed a Task during its work."""

    default_code = 'RUN-TIME'


class UnforeseenError(FatalError):
    """A piece of work repeatedly raised an unexpected exception."""

    default_code = 'RUN-FAULT'


class ConflictError(SentinelAppError):
    """The thing was changed by another user meanwhile, or its state does not allow the action."""

    default_code = 'APP-CONFLICT'


class NotFoundError(SentinelAppError):
    """The thing does not exist."""

    default_code = 'APP-NOT-FOUND'
