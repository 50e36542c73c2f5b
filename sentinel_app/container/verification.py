"""Builds Verify: whether the workspace holds what was sent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sentinel_app.config.settings import Settings
from sentinel_app.container.adapters import Adapters
from sentinel_app.container.stores import Stores
from sentinel_app.core.clock import Clock
from sentinel_app.diagnostics.verification_report import VerificationReports
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.verified_ledger import ContextLedger, VerifiedLedger


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifying:
    """Verify, and what its page shows of it."""

    verification: Verification
    reports: VerificationReports


def build_verification(
    settings: Settings, stores: Stores, adapters: Adapters, clock: Clock
) -> Verifying:
    """Build Verify over the stores."""
    hours = settings.verify_interval_hours
    verification = Verification(
        reader=adapters.logs,
        store=stores.verifications,
        ledger=VerifiedLedger(stores.db),
        context=ContextLedger(stores.db),
        has_context=lambda: (
            settings.context_objects.has_identities or any(stores.context.live().values())
        ),
        source_system=settings.source_system,
        interval=dt.timedelta(hours=hours) if hours else None,
        clock=clock,
    )
    return Verifying(
        verification=verification,
        reports=VerificationReports(
            verification=verification,
            store=stores.verifications,
            findings=stores.findings,
            reader=adapters.quick_logs,
            app_state=stores.app_state,
            source_system=settings.source_system,
            pattern_style=settings.pattern_style,
            sends_context=settings.context_objects.has_identities,
        ),
    )
