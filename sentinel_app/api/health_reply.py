"""The state of the App, and its checks, as the API shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sentinel_app.api import schemas
from sentinel_app.api.wait_reply import next_update_reply
from sentinel_app.core.condition import Condition, state_of
from sentinel_app.core.job import Mode
from sentinel_app.diagnostics.check_result import CheckResult
from sentinel_app.diagnostics.health_snapshot import HealthSnapshot


def health_report(found: Sequence[Condition]) -> schemas.HealthReport:
    """Return the state of the Service and the conditions that it follows from."""
    return schemas.HealthReport(**_report_members(found))


def _report_members(found: Sequence[Condition]) -> dict[str, Any]:
    return {'status': state_of(found), 'conditions': [_condition_reply(each) for each in found]}


def _condition_reply(condition: Condition) -> schemas.Condition:
    link = condition.link
    return schemas.Condition(
        code=condition.code,
        severity=condition.severity,
        title=condition.title,
        detail=condition.detail,
        remedy=condition.remedy,
        reason=condition.reason,
        since=condition.since,
        link=schemas.ConditionLink(screen=link.screen, params=dict(link.params)),
    )


def health_reply(snapshot: HealthSnapshot, due: tuple[dt.datetime, Mode] | None) -> schemas.Health:
    """Return the state of the App."""
    error, storage = snapshot.last_error, snapshot.storage
    return schemas.Health(
        version=snapshot.version,
        **_report_members(snapshot.conditions),
        started_at=snapshot.started_at,
        next_update=next_update_reply(due),
        last_error=schemas.LastError(at=error.at, code=error.code, message=error.message)
        if error
        else None,
        storage=schemas.Storage(
            app_state_bytes=storage.app_state_bytes,
            database_bytes=storage.database_bytes,
            free_bytes=storage.free_bytes,
        ),
        service=schemas.Service(
            organization=snapshot.organization,
            source_name=snapshot.source_name,
            source_system=snapshot.source_system,
            workspace_id_end=snapshot.workspace_id_end,
            cloud=snapshot.cloud,
        ),
    )


def check_reply(results: Sequence[CheckResult]) -> schemas.CheckReport:
    """Return the result of each check."""
    return schemas.CheckReport(
        checks=[
            schemas.Check(
                name=each.name,
                status=each.status,
                message=each.message,
                remedy=each.remedy,
                reason=each.reason,
                code=each.code,
                elapsed_s=each.elapsed_s,
            )
            for each in results
        ]
    )
