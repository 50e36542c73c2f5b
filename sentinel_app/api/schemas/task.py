"""TASKS: the Tasks, and the state of each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sentinel_app.api.schemas.base import AskedWait, Body, Moment, Page, Reply, Seconds, Trouble
from sentinel_app.core.task import MAX_REASON_CHARS, TaskCondition, TaskGroup, TaskSlug


class Task(Reply):
    """One Task and its state."""

    slug: TaskSlug
    name: str
    description: str
    group: TaskGroup
    period_seconds: int
    timeout_minutes: float
    state: TaskCondition
    request_ids: list[str] = Field(
        description='The Jobs that it works on, in the order of precedence; often one'
    )
    last_heartbeat: Moment | None = Field(description='Only while it runs')
    heartbeat_age: Seconds | None = Field(description='Seconds since then, by the clock of the App')
    last_run_end: Moment | None = Field(description='Since the start of the Service')
    last_run_outcome: str | None
    date_paused: Moment | None
    paused_by: str | None = Field(description='Null where ThreatConnect did not name the user')
    paused_until: Moment | None = Field(description='When it resumes by itself; null for never')
    pause_reason: str | None
    asked_wait: AskedWait | None = Field(
        description='Of Upload, while it sends nothing because Sentinel asked for that'
    )
    trouble: Trouble | None = Field(
        description='The system that the Task waits for, while that does not answer'
    )


class PauseBody(Body):
    """How long a pause lasts, and why; `{}` pauses until somebody resumes."""

    until: Moment | None = Field(
        default=None, description='When it ends by itself: in the future, in at most 30 days'
    )
    reason: Annotated[str, Field(max_length=MAX_REASON_CHARS)] | None = Field(
        default=None, description='On one line; shown wherever the pause is'
    )


class TaskPage(Page):
    """The Tasks, in the order in which the page shows them."""

    data: list[Task]
