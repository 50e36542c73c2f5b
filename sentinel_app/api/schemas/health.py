"""The state of the App."""

from __future__ import annotations

from pydantic import Field

from sentinel_app.api.schemas.base import Moment, NextUpdate, Reply
from sentinel_app.core.condition import ConditionCode, HealthState, Screen, Severity


class ConditionLink(Reply):
    """The screen of the page where a condition is solved."""

    screen: Screen
    params: dict[str, str] = Field(description='What the screen shows there')


class Condition(Reply):
    """A problem that a person should know of."""

    code: ConditionCode
    severity: Severity
    title: str
    detail: str
    remedy: str
    reason: str = Field(description="The other side's own words; empty without any")
    since: Moment | None
    link: ConditionLink


class HealthReport(Reply):
    """Whether the Service does its work, and what keeps it from that."""

    status: HealthState
    conditions: list[Condition] = Field(description='Worst first')


class LastError(Reply):
    """The last error that the Service met."""

    at: Moment
    code: str
    message: str


class Storage(Reply):
    """The App's two stores and the room that is left, in bytes."""

    app_state_bytes: int
    database_bytes: int
    free_bytes: int


class Service(Reply):
    """What this Service is, without anything secret."""

    organization: str | None
    source_name: str
    source_system: str = Field(description='`SourceSystem` of the Indicators in Sentinel')
    workspace_id_end: str
    cloud: str


class Health(HealthReport):
    """The state of the App."""

    version: str
    started_at: Moment
    next_update: NextUpdate | None
    last_error: LastError | None
    storage: Storage
    service: Service
