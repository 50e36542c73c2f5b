"""Conditions: problems that people should know of, and the overall state they add up to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.trouble import System


class HealthState(StrEnum):
    """Overall health of the Service."""

    HEALTHY = 'healthy'
    DEGRADED = 'degraded'
    DECISION = 'decision'
    """Something needs a person's decision."""

    @property
    def label(self) -> str:
        """Label of the state on the page."""
        return _LABELS[self]


_LABELS = {
    HealthState.HEALTHY: 'Healthy',
    HealthState.DEGRADED: 'Degraded',
    HealthState.DECISION: 'Needs your decision',
}


class Severity(StrEnum):
    """Severity of a condition, worst first: the order in which conditions are shown."""

    DECISION = 'decision'
    ERROR = 'error'
    """Indicators are not sent, or not all of them."""
    WARNING = 'warning'
    """The Service works, but something needs attention."""


class Screen(StrEnum):
    """Screens of the page where conditions are resolved, by their addresses."""

    DASHBOARD = 'dashboard'
    CONFIGURE = 'configure'
    JOBS = 'jobs'
    TASKS = 'tasks'
    CONTEXT = 'reports/context'


class ConditionCode(StrEnum):
    """Stable names of the conditions; `docs/troubleshooting.md` lists each of them."""

    WITHDRAWAL_WAITING = 'withdrawal-waiting'
    CONTEXT_WITHDRAWAL_WAITING = 'context-withdrawal-waiting'
    CREDENTIAL_EXPIRED = 'credential-expired'
    THREATCONNECT_UNAVAILABLE = 'threatconnect-unavailable'
    ENTRA_UNAVAILABLE = 'entra-unavailable'
    SENTINEL_UNAVAILABLE = 'sentinel-unavailable'
    JOB_FAILED = 'job-failed'
    UPDATE_OVERDUE = 'update-overdue'
    TASK_PAUSED = 'task-paused'
    TASK_KILLED = 'task-killed'
    PART_FAILING = 'part-failing'
    CHECK_FAILED = 'check-failed'
    DISK_LOW = 'disk-low'
    DOCUMENTS_SET_ASIDE = 'documents-set-aside'
    DATABASE_SET_ASIDE = 'database-set-aside'
    READING_BY_TIME = 'reading-by-time'
    CLOCK_DIFFERS = 'clock-differs'
    CREDENTIAL_EXPIRING = 'credential-expiring'


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A screen of the page, with its filter."""

    screen: Screen
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A problem that a person should know of."""

    code: ConditionCode
    severity: Severity
    title: str
    detail: str
    remedy: str
    link: Link
    reason: str = ''
    """The failing system's own words."""
    since: dt.datetime | None = None
    """When it began; None if that was not recorded."""
    subject: str = ''
    """What it is about, if several of one code can be open at once."""

    @property
    def key(self) -> str:
        """Unique key among all open conditions: code and subject."""
        return f'{self.code}:{self.subject}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A system that has failed to answer several attempts in a row."""

    system: System
    since: dt.datetime
    """Time of the first of these attempts."""
    tries: int
    code: str
    message: str
    reason: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault that was found: in a part of the App, in a step of a check, in a store."""

    subject: str
    message: str
    remedy: str = ''
    reason: str = ''
    """The other side's own words."""
    code: str | None = None
    since: dt.datetime | None = None


def state_of(found: Iterable[Condition]) -> HealthState:
    """Return the overall state of these conditions; a decision outranks everything else."""
    severities = {each.severity for each in found}
    if Severity.DECISION in severities:
        return HealthState.DECISION
    return HealthState.DEGRADED if severities else HealthState.HEALTHY


def sorted_by_severity(found: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions worst first; the sort is stable."""
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))


def parted(text: str) -> tuple[str, str, str]:
    """Split an error's text into what happened, what to do, and the other system's words.

    The first sentence says what happened; the other system's words are in parentheses at the end.
    """
    message, is_quoted, words = text.partition('. (')
    if is_quoted and words.endswith(')'):
        message, words = f'{message}.', words.removesuffix(')')
    else:
        message, words = text, ''
    said, stop, rest = message.partition('. ')
    return (f'{said}.' if stop else said), rest, words
