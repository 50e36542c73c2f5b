"""TASKS: what the Tasks are, and how they stand."""

from __future__ import annotations

from pydantic import Field

from sentinel_app.api.schemas.base import AskedWait, Moment, Page, Reply, Seconds, Trouble
from sentinel_app.core.task import TaskCondition, TaskGroup, TaskSlug


class Task(Reply):
    """One Task, and how it stands."""

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
    paused_by: str | None = Field(description='Null when ThreatConnect did not say who it was')
    asked_wait: AskedWait | None = Field(
        description='Of Upload, while it sends nothing because Sentinel asked for that'
    )
    trouble: Trouble | None = Field(
        description='The system that the Task waits for, while that does not answer'
    )


class TaskPage(Page):
    """The Tasks, in the order in which the page shows them."""

    data: list[Task]
