"""How the App is."""

from __future__ import annotations

from sentinel_app.api.ports import HealthState
from sentinel_app.api.schemas.base import Moment, NextUpdate, Reply


class LastError(Reply):
    """The last error that the Service met."""

    at: Moment
    code: str
    message: str


class Storage(Reply):
    """Facts of the disk and of the App's two stores, in bytes."""

    documents_bytes: int
    database_bytes: int
    free_bytes: int
    warnings: list[str]


class Service(Reply):
    """What this Service is, without anything secret."""

    organization: str | None
    source_name: str
    workspace_id_end: str
    cloud: str


class Health(Reply):
    """How the App is."""

    version: str
    status: HealthState
    started_at: Moment
    next_update: NextUpdate | None
    last_error: LastError | None
    storage: Storage
    service: Service
