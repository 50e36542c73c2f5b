"""Snapshot of the App's health."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sentinel_app.core.condition import Condition, HealthState, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """Last error of the Service; `message` is safe to show."""

    at: dt.datetime
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """Sizes of the stores and free disk space, in bytes."""

    app_state_bytes: int
    database_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSnapshot:
    """Current state of the App, without secrets."""

    version: str
    conditions: tuple[Condition, ...]
    """Open conditions, worst first."""
    started_at: dt.datetime
    storage: StorageFacts
    source_name: str
    source_system: str
    """Source system of the Indicators in Sentinel."""
    workspace_id_end: str
    """Last four characters of the workspace id."""
    cloud: str
    organization: str | None = None
    """Organization of the API user; None until a check has read it, or if it is unknown."""
    last_error: LastError | None = None
    notifications_sent: int = 0
    """Number of notifications sent since the start of the Service."""
    notifications_failed: int = 0

    @property
    def status(self) -> HealthState:
        """Overall state of the conditions."""
        return state_of(self.conditions)
