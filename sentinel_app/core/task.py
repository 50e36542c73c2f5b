"""The Tasks: what they are, and how one stands."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.invisible import CONTROL
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
        period_s: seconds between two triggers by the scheduler; it is woken when there is work.
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


PIPELINE = (
    TaskSlug.DOWNLOAD,
    TaskSlug.CONVERT,
    TaskSlug.UPLOAD,
    TaskSlug.SCHEDULE_UPDATES,
)
"""The Tasks that read from ThreatConnect and send to Sentinel, and the one that queues their work:
what is paused and resumed at once for the maintenance of either."""

LONGEST_PAUSE = dt.timedelta(days=30)
"""A pause that ends by itself ends by then; beyond it, objects in Sentinel expire."""

MAX_REASON_CHARS = 200

_NOT_ON_ONE_LINE = re.compile(f'[{CONTROL}\u2028\u2029\u202a-\u202e\u2066-\u2069]')


def is_one_line(text: str) -> bool:
    """Whether a text has neither line breaks nor other characters that change what follows."""
    return _NOT_ON_ONE_LINE.search(text) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """What is stored of a Task; it survives a restart."""

    is_paused: bool = False
    paused_at: dt.datetime | None = None
    paused_by: str | None = None
    """None where ThreatConnect did not say who it was."""
    paused_until: dt.datetime | None = None
    """When it resumes by itself; None for never."""
    pause_reason: str | None = None
    """Why, in the words of who paused it; one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKill:
    """That a Task was killed, until it has completed something again."""

    at: dt.datetime
    by: str
    """A user, or the watchdog, as a sentence names them."""
    request_ids: tuple[str, ...] = ()
    """The Jobs that it worked on, and that failed with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStanding:
    """What keeps a Task from its work, if anything does."""

    facts: TaskFacts
    state: TaskState
    kill: TaskKill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWait:
    """A wait that Sentinel asked for, as long as it lasts; a person may end it before."""

    until: dt.datetime
    reason: str
    """Why, in the words of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPause:
    """A Task that is paused, as those see it who wait for it."""

    task: TaskFacts
    state: TaskState


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


def facts_of(slug: TaskSlug) -> TaskFacts:
    """Return what a Task is."""
    return next(facts for facts in TASK_FACTS if facts.slug is slug)
