"""What the API is built from."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import (
    ChosenUpdates,
    ContextActions,
    FindingActions,
    HealthSource,
    Identity,
    JobActions,
    Live,
    Tasks,
    Updates,
)
from sentinel_app.core.clock import Clock
from sentinel_app.diagnostics.context_report import ContextReports
from sentinel_app.diagnostics.dashboard import Metrics
from sentinel_app.diagnostics.effect import Effects
from sentinel_app.diagnostics.health_check import Checks
from sentinel_app.diagnostics.lookup import Lookups
from sentinel_app.diagnostics.match_report import MatchReport
from sentinel_app.diagnostics.preview import Previews
from sentinel_app.diagnostics.tql_check import TqlChecks
from sentinel_app.diagnostics.verification_report import VerificationReports
from sentinel_app.diagnostics.withdrawal_list import WithdrawalLists
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.error_log import ErrorLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """What people find out beside the updates."""

    previews: Previews
    tql_checks: TqlChecks
    lookups: Lookups
    checks: Checks
    metrics: Metrics
    effects: Effects
    withdrawals: WithdrawalLists
    verification: VerificationReports
    matches: MatchReport
    context: ContextReports


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Everything that the API is built from."""

    app_state: AppState
    errors: ErrorLog
    options: OptionCatalog
    clock: Clock
    updates: Updates
    jobs: JobActions
    chosen: ChosenUpdates
    findings: FindingActions
    context: ContextActions
    tasks: Tasks
    live: Live
    health: HealthSource
    diagnostics: Diagnostics
    identity: Identity
    is_ui_access_admin_only: bool
    admin_roles: tuple[str, ...]
    """The roles that count as an administrator's."""
    ui_dir: Path
    """The built page: `ui/dist`."""
    new_id: Callable[[], str] = field(default=_new_id)
