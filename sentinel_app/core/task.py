"""The Tasks: what they are, and how one stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.trouble import Trouble


class TaskSlug(StrEnum):
    """The Tasks by the names that addresses use."""

    DOWNLOAD = 'download'
    CONVERT = 'convert'
    UPLOAD = 'upload'
    SCHEDULE_UPDATES = 'schedule-updates'
    CLEANER = 'cleaner'


class TaskGroup(StrEnum):
    """The two groups that the page shows."""

    PIPELINE = 'Ingestion pipeline'
    STANDALONE = 'Standalone'


class TaskCondition(StrEnum):
    """What a Task does at this moment."""

    IDLE = 'idle'
    RUNNING = 'running'
    FINISHING = 'finishing'
    """Paused during a run: what is under way ends by itself."""
    PAUSED = 'paused'


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """What a Task is.

    Args:
        period_s: how often it looks for work by itself; it is woken when there is some.
        timeout_s: without a heartbeat for so long, the watchdog kills it.
    """

    slug: TaskSlug
    name: str
    description: str
    group: TaskGroup
    period_s: int
    timeout_s: int


TASK_FACTS: tuple[TaskFacts, ...] = (
    TaskFacts(
        slug=TaskSlug.DOWNLOAD,
        name='Download',
        description='Takes up the next pending request and reads its Indicators from ThreatConnect,'
        ' page by page.',
        group=TaskGroup.PIPELINE,
        period_s=5,
        timeout_s=20 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.CONVERT,
        name='Convert',
        description='Decides which copy of each Indicator is sent and makes its STIX objects.',
        group=TaskGroup.PIPELINE,
        period_s=5,
        timeout_s=20 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.UPLOAD,
        name='Upload',
        description='Sends the objects to Microsoft Sentinel in batches, within the API limit.',
        group=TaskGroup.PIPELINE,
        period_s=5,
        timeout_s=30 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.SCHEDULE_UPDATES,
        name='Schedule Updates',
        description='Queues the next scheduled update when it is due. Run queues it at once.',
        group=TaskGroup.STANDALONE,
        period_s=10,
        timeout_s=10 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.CLEANER,
        name='Cleaner',
        description='Removes requests that are older than the Retention Days, their errors, and'
        ' files that are of no more use; gives room on the disk back.',
        group=TaskGroup.STANDALONE,
        period_s=15 * 60,
        timeout_s=20 * 60,
    ),
)
"""In the order in which the page shows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """What is stored of a Task; it survives a restart."""

    is_paused: bool = False
    paused_at: dt.datetime | None = None
    paused_by: str | None = None
    """None where ThreatConnect did not say who it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWait:
    """A wait that Sentinel asked for, as long as it lasts; a person may end it before."""

    until: dt.datetime
    reason: str
    """Why, in the words of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """How a Task stands at this moment."""

    facts: TaskFacts
    condition: TaskCondition
    state: TaskState
    request_ids: tuple[str, ...] = ()
    """The Jobs that it works on, in the order of precedence."""
    beat_at: dt.datetime | None = None
    """Its last heartbeat, while it runs."""
    beat_age_s: float | None = None
    ended_at: dt.datetime | None = None
    """End of the last run since the start of the Service."""
    outcome: str | None = None
    """What came of that run, in words."""
    asked_wait: AskedWait | None = None
    """Why it sends nothing for the moment, where Sentinel asked for that."""
    trouble: Trouble | None = None
    """The system that it waits for, where one does not answer."""


def named(user: str | None) -> str:
    """Return who did something, as a sentence names them."""
    return user or 'a person whom ThreatConnect did not name'
