"""A problem that a person should know of, and the state that all of them come to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sentinel_app.core.trouble import System


class HealthState(StrEnum):
    """Whether the Service does its work."""

    HEALTHY = 'healthy'
    DEGRADED = 'degraded'
    DECISION = 'decision'
    """Something waits for a person's decision."""

    @property
    def label(self) -> str:
        """The state in the words of the page."""
        return _LABELS[self]


_LABELS = {
    HealthState.HEALTHY: 'Healthy',
    HealthState.DEGRADED: 'Degraded',
    HealthState.DECISION: 'Needs your decision',
}


class Severity(StrEnum):
    """How bad a condition is, worst first: the order in which conditions are shown."""

    DECISION = 'decision'
    ERROR = 'error'
    """Indicators are not sent, or not all of them."""
    WARNING = 'warning'
    """The work goes on, but something needs attention."""


class Screen(StrEnum):
    """Where a condition is solved, by the address of the page's screen."""

    DASHBOARD = 'dashboard'
    CONFIGURE = 'configure'
    JOBS = 'jobs'
    TASKS = 'tasks'


class ConditionCode(StrEnum):
    """The stable names of the conditions; `docs/operations.md` lists each of them."""

    WITHDRAWAL_WAITING = 'withdrawal-waiting'
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
    """A screen of the page, and what it shows there."""

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
    """The other side's own words."""
    since: dt.datetime | None = None
    """None where nobody noted when it began."""
    subject: str = ''
    """What it is about, where several of one code can be true at once."""

    @property
    def key(self) -> str:
        """The condition's name among all that are true: code and subject."""
        return f'{self.code}:{self.subject}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A system that has failed to answer, several tries in a row."""

    system: System
    since: dt.datetime
    """The first of these tries."""
    tries: int
    code: str
    message: str
    reason: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was found wrong: a part of the App, a step of a check, a store."""

    subject: str
    message: str
    remedy: str = ''
    reason: str = ''
    """The other side's own words."""
    code: str | None = None
    since: dt.datetime | None = None


def state_of(found: Iterable[Condition]) -> HealthState:
    """Return the state that these conditions come to; a decision outranks everything else."""
    severities = {each.severity for each in found}
    if Severity.DECISION in severities:
        return HealthState.DECISION
    return HealthState.DEGRADED if severities else HealthState.HEALTHY


def sorted_by_severity(found: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return conditions worst first; equals stay in their order."""
    order = list(Severity)
    return tuple(sorted(found, key=lambda each: order.index(each.severity)))


def parted(text: str) -> tuple[str, str, str]:
    """Return the parts of an error's text: what happened, what to do, the other side's words.

    The first sentence says what happened; the words of the other side stand in brackets at the end.
    """
    message, is_quoted, words = text.partition('. (')
    if is_quoted and words.endswith(')'):
        message, words = f'{message}.', words.removesuffix(')')
    else:
        message, words = text, ''
    said, stop, rest = message.partition('. ')
    return (f'{said}.' if stop else said), rest, words
