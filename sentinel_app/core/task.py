"""The Tasks and their state."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.invisible import CONTROL
from sentinel_app.core.trouble import Trouble


class TaskSlug(StrEnum):
    """Names of the Tasks in addresses."""

    DOWNLOAD = 'download'
    CONVERT = 'convert'
    UPLOAD = 'upload'
    SCHEDULE_UPDATES = 'schedule-updates'
    VERIFY = 'verify'
    MATCH = 'match'
    CONTEXT = 'context'
    CLEANER = 'cleaner'


class TaskGroup(StrEnum):
    """Groups of Tasks on the page."""

    PIPELINE = 'Ingestion pipeline'
    STANDALONE = 'Standalone'


class TaskCondition(StrEnum):
    """Current condition of a Task."""

    IDLE = 'idle'
    RUNNING = 'running'
    FINISHING = 'finishing'
    """Paused during a run, which is allowed to finish."""
    PAUSED = 'paused'


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """Static facts about a Task.

    Args:
        period_s: seconds between two triggers by the scheduler; it is woken when there is work.
        timeout_s: seconds without a heartbeat after which the watchdog kills it.
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
        slug=TaskSlug.VERIFY,
        name='Verify',
        description='Compares what Microsoft Sentinel holds with what was sent. It changes nothing;'
        ' REPORTS shows what it finds.',
        group=TaskGroup.STANDALONE,
        period_s=60,
        timeout_s=30 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.MATCH,
        name='Match',
        description='Reads the alerts of Microsoft Sentinel and finds the Indicators that they'
        ' are about. Nothing is changed in either system.',
        group=TaskGroup.STANDALONE,
        period_s=60,
        timeout_s=30 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.CONTEXT,
        name='Context',
        description='Sends the owners and threat actors behind the Indicators, in what these leave'
        ' of the API limit. Run goes through everything that may have changed.',
        group=TaskGroup.STANDALONE,
        period_s=15,
        timeout_s=30 * 60,
    ),
    TaskFacts(
        slug=TaskSlug.CLEANER,
        name='Cleaner',
        description='Removes requests and matches that are older than the Retention Days, errors of'
        ' such requests, and files that are of no more use; gives room on the disk back.',
        group=TaskGroup.STANDALONE,
        period_s=15 * 60,
        timeout_s=20 * 60,
    ),
)
"""All Tasks, in the order of the page."""


PIPELINE = (
    TaskSlug.DOWNLOAD,
    TaskSlug.CONVERT,
    TaskSlug.UPLOAD,
    TaskSlug.SCHEDULE_UPDATES,
)
"""The Tasks that read from ThreatConnect and send to Sentinel, and the one that queues their work;
they are paused and resumed together for maintenance of either."""

LONGEST_PAUSE = dt.timedelta(days=30)
"""Maximum length of a pause with an end; after longer ones, objects in Sentinel expire."""

MAX_REASON_CHARS = 200

_NOT_ON_ONE_LINE = re.compile(f'[{CONTROL}\u2028\u2029\u202a-\u202e\u2066-\u2069]')


def is_one_line(text: str) -> bool:
    """Return whether a text has no line breaks, control characters or direction marks."""
    return _NOT_ON_ONE_LINE.search(text) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """Stored state of a Task; it survives a restart."""

    is_paused: bool = False
    paused_at: dt.datetime | None = None
    paused_by: str | None = None
    """User who paused it; None if ThreatConnect did not name one."""
    paused_until: dt.datetime | None = None
    """When it resumes automatically; None for never."""
    pause_reason: str | None = None
    """Reason that the user gave, on one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskKill:
    """Record that a Task was killed; kept until it has completed something again."""

    at: dt.datetime
    by: str
    """A user or the watchdog, in the words of a sentence."""
    request_ids: tuple[str, ...] = ()
    """Jobs that it worked on, which failed with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHealth:
    """What keeps a Task from working, if anything."""

    facts: TaskFacts
    state: TaskState
    kill: TaskKill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedWait:
    """A current wait that Sentinel asked for; a person may end it early."""

    until: dt.datetime
    reason: str
    """Reason, in the words of the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPause:
    """A paused Task, from the view of what waits for it."""

    task: TaskFacts
    state: TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """Current view of a Task."""

    facts: TaskFacts
    condition: TaskCondition
    state: TaskState
    request_ids: tuple[str, ...] = ()
    """Jobs that it works on, in order of precedence."""
    beat_at: dt.datetime | None = None
    """Last heartbeat, while it runs."""
    beat_age_s: float | None = None
    ended_at: dt.datetime | None = None
    """End of the last run since the start of the Service."""
    outcome: str | None = None
    """Result of that run, in words."""
    asked_wait: AskedWait | None = None
    """The wait that Sentinel asked for, if there is one."""
    trouble: Trouble | None = None
    """The failing system that it waits for, if there is one."""


def named(user: str | None) -> str:
    """Return the words for a user in a sentence."""
    return user or 'a person whom ThreatConnect did not name'


def facts_of(slug: TaskSlug) -> TaskFacts:
    """Return the static facts about a Task."""
    return next(facts for facts in TASK_FACTS if facts.slug is slug)
