"""How the App is at one moment."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sentinel_app.core.condition import Condition, HealthState, state_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    """The last error that the Service met; `message` is safe to show."""

    at: dt.datetime
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFacts:
    """How large the stores are, and how much room is left, in bytes."""

    app_state_bytes: int
    database_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSnapshot:
    """How the App is at this moment, without anything secret."""

    version: str
    conditions: tuple[Condition, ...]
    """The problems there are, worst first."""
    started_at: dt.datetime
    storage: StorageFacts
    source_name: str
    workspace_id_end: str
    """The last four characters."""
    cloud: str
    organization: str | None = None
    """That of the API user; None until a check has seen it, or where there is no telling."""
    last_error: LastError | None = None
    notifications_sent: int = 0
    """Since the start of the Service."""
    notifications_failed: int = 0

    @property
    def status(self) -> HealthState:
        """What the conditions come to."""
        return state_of(self.conditions)
