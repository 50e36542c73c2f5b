"""Results of checks, with messages for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.clock import Clock
from sentinel_app.errors import REMEDY, SentinelAppError

DISK_REMEDY = 'Free disk space there, and check the permissions of the folder.'

_NETWORK_REMEDY = (
    "Check that firewalls and proxies let the App's host through, and that the inputs name the "
    'right address.'
)


class CheckName(StrEnum):
    """The checks, in order of execution."""

    THREATCONNECT = 'threatconnect'
    SIGN_IN = 'sign-in'
    OWNERS = 'owners'
    PAGING = 'paging'
    CLOCK = 'clock'
    TOKEN = 'token'  # noqa: S105 - the name of a check
    WORKSPACE = 'workspace'
    READ_BACK = 'read-back'
    DISK = 'disk'


LABELS: Mapping[CheckName, str] = {
    CheckName.THREATCONNECT: 'ThreatConnect',
    CheckName.SIGN_IN: 'Sign-in to ThreatConnect',
    CheckName.OWNERS: 'Owners',
    CheckName.PAGING: 'Paging',
    CheckName.CLOCK: 'Clock',
    CheckName.TOKEN: 'Access token',
    CheckName.WORKSPACE: 'Sentinel workspace',
    CheckName.READ_BACK: 'Read back',
    CheckName.DISK: 'Disk',
}
"""Labels of the checks."""


class CheckStatus(StrEnum):
    """Result status of a check."""

    OK = 'ok'
    FAILED = 'failed'
    WARNING = 'warning'
    """It failed, but nothing that is sent depends on it."""
    SKIPPED = 'skipped'


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """Result of one check."""

    name: CheckName
    status: CheckStatus
    message: str
    remedy: str = ''
    reason: str = ''
    """The failing system's own words."""
    code: str | None = None
    elapsed_s: float = 0.0


class Skip(Exception):  # noqa: N818 - an answer, not a fault
    """A check cannot be made now."""

    def __init__(self, message: str, remedy: str = '') -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Failure(Exception):  # noqa: N818 - an answer, not a fault
    """A check found a fault."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Attempts:
    """Runs attempts and returns their results.

    Args:
        clock: the clock for durations.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def begin(self) -> float:
        """Return the start time of an attempt that the caller makes."""
        return self._clock.monotonic()

    def tried(self, name: CheckName, attempt: Callable[[], str]) -> CheckResult:
        """Run an attempt, which returns a message or raises, and return its result."""
        began = self._clock.monotonic()
        try:
            return self.passed(name, began, attempt())
        except Skip as skip:
            return self.skipped(name, skip.message, skip.remedy)
        except Failure as failure:
            return CheckResult(
                name=name,
                status=CheckStatus.FAILED,
                message=failure.message,
                remedy=failure.remedy,
                elapsed_s=self._clock.monotonic() - began,
            )
        except SentinelAppError as error:
            return self.failed(name, began, error)

    def tried_optionally(self, name: CheckName, attempt: Callable[[], str]) -> CheckResult:
        """Run an attempt as `tried` does; a failure is only a warning."""
        result = self.tried(name, attempt)
        if result.status is CheckStatus.FAILED:
            return dataclasses.replace(result, status=CheckStatus.WARNING)
        return result

    def passed(self, name: CheckName, began: float, message: str) -> CheckResult:
        """Return the result of a success."""
        return CheckResult(
            name=name,
            status=CheckStatus.OK,
            message=message,
            elapsed_s=self._clock.monotonic() - began,
        )

    def skipped(self, name: CheckName, message: str, remedy: str = '') -> CheckResult:
        """Return the result of a skipped check."""
        return CheckResult(name=name, status=CheckStatus.SKIPPED, message=message, remedy=remedy)

    def failed(self, name: CheckName, began: float, error: SentinelAppError) -> CheckResult:
        """Return the result of a failure."""
        # The first sentence of a message says what happened, the rest what to do; if not, its
        # context separates the two.
        said, _, remedy = error.message.partition('. ')
        named = error.context.get(REMEDY)
        if named is not None:
            remedy = str(named)
            said = error.message.removesuffix(remedy).rstrip()
        return CheckResult(
            name=name,
            status=CheckStatus.FAILED,
            message=f'{said.rstrip(".")}.',
            reason=error.reason,
            remedy=remedy or (DISK_REMEDY if name is CheckName.DISK else _NETWORK_REMEDY),
            code=error.code,
            elapsed_s=self._clock.monotonic() - began,
        )
