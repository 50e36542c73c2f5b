"""Builds the HTTP API: what people do with updates, and what answers their questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sentinel_app.api.app import create_app
from sentinel_app.api.deps import ApiDeps, Diagnostics
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.user import WhoAmI
from sentinel_app.config.settings import Settings, UiAccess
from sentinel_app.container.adapters import Adapters
from sentinel_app.container.pipeline import Pipeline, mapping_options, withholding
from sentinel_app.container.stores import Stores
from sentinel_app.container.tasks import Tasks, Updates
from sentinel_app.core.clock import Clock
from sentinel_app.core.portal import Portal
from sentinel_app.core.screening import Screening
from sentinel_app.diagnostics.context_report import ContextReports
from sentinel_app.diagnostics.dashboard import Metrics
from sentinel_app.diagnostics.effect import Effects
from sentinel_app.diagnostics.health import Health
from sentinel_app.diagnostics.health_check import Checks
from sentinel_app.diagnostics.lookup import Lookups
from sentinel_app.diagnostics.match_report import MatchReport
from sentinel_app.diagnostics.preview import Previews
from sentinel_app.diagnostics.tql_check import TqlChecks
from sentinel_app.diagnostics.value_copy import ValueCopies
from sentinel_app.diagnostics.withdrawal_list import WithdrawalLists
from sentinel_app.pipeline.context import Context
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.context_report import ContextReport
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.maintenance.disk import DataFolder
from sentinel_app.storage.withdrawals import WithdrawalReader
from sentinel_app.tasks.chosen_update import ChosenUpdates
from sentinel_app.tasks.context_actions import ContextActions
from sentinel_app.tasks.finding_actions import FindingActions
from sentinel_app.tasks.job_actions import JobActions
from sentinel_app.tasks.running_job import RunningJobs
from sentinel_app.threatconnect.parse import parse_indicator

UI_DIR: Final = Path(__file__).resolve().parents[2] / 'ui' / 'dist'


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The WSGI application, and the check of what the App depends on."""

    wsgi: Callable[..., Iterable[bytes]]
    checks: Checks


def build_api(
    settings: Settings,
    stores: Stores,
    adapters: Adapters,
    pipeline: Pipeline,
    updates: Updates,
    tasks: Tasks,
    health: Health,
    clock: Clock,
) -> Api:
    """Build the HTTP API."""
    diagnostics = _diagnostics(settings, stores, adapters, pipeline, updates, health, tasks, clock)
    deps = ApiDeps(
        app_state=stores.app_state,
        errors=stores.errors,
        options=OptionCatalog(adapters.quick_source, clock),
        clock=clock,
        updates=updates.queue,
        jobs=JobActions(
            app_state=stores.app_state,
            store=stores.store,
            queue=updates.queue,
            wakeups=pipeline.wakeups,
            clock=clock,
        ),
        chosen=ChosenUpdates(
            app_state=stores.app_state,
            queue=updates.queue,
            holdings=Holdings(stores.db),
            errors=stores.errors,
            clock=clock,
        ),
        findings=FindingActions(
            app_state=stores.app_state,
            queue=updates.queue,
            verifications=stores.verifications,
            findings=stores.findings,
            context=stores.context,
            sends_context=settings.context_objects.has_identities,
            request_context=lambda: _request(tasks.context, pipeline.wakeups.context),
            request_whole=lambda: tasks.verifying.verification.request(is_whole=True),
            clock=clock,
        ),
        context=ContextActions(
            app_state=stores.app_state,
            store=stores.context,
            report=ContextReport(stores.db),
            request=tasks.context.request,
            clock=clock,
        ),
        tasks=tasks.supervisor,
        live=RunningJobs(
            follower=updates.follower,
            app_state=stores.app_state,
            store=stores.store,
            limiter=pipeline.limiter,
            troubles=pipeline.troubles,
            estimates=pipeline.estimates,
        ),
        health=health,
        diagnostics=diagnostics,
        identity=WhoAmI(adapters.whoami, clock=clock),
        is_ui_access_admin_only=settings.ui_access is UiAccess.ADMINISTRATORS_ONLY,
        admin_roles=settings.admin_roles,
        ui_dir=UI_DIR,
    )
    return Api(wsgi=create_app(deps), checks=diagnostics.checks)


def _request(context: Context, wakeup: Wakeup) -> None:
    """Have the Task Context begin at once."""
    context.request()
    wakeup.notify_all()


def _diagnostics(
    settings: Settings,
    stores: Stores,
    adapters: Adapters,
    pipeline: Pipeline,
    updates: Updates,
    health: Health,
    tasks: Tasks,
    clock: Clock,
) -> Diagnostics:
    source = adapters.quick_rows
    portal = Portal(host=settings.azure_cloud.portal_host, tenant_id=settings.tenant_id)
    screening = Screening(parse=parse_indicator, withheld_reason=withholding(settings))
    return Diagnostics(
        previews=Previews(
            source=source,
            ledger=stores.ledger,
            store=stores.store,
            screening=screening,
            options=mapping_options(settings),
            requests_per_minute=settings.requests_per_minute,
            choice=settings.context_objects,
            actor_types=settings.actor_group_types,
            clock=clock,
        ),
        tql_checks=TqlChecks(source=source),
        lookups=Lookups(
            copies=ValueCopies(source=source, screening=screening),
            ledger=stores.ledger,
            holdings=Holdings(stores.db),
            app_state=stores.app_state,
            source_system=settings.source_system,
            portal=portal,
            clock=clock,
        ),
        matches=MatchReport(
            matches=stores.matches,
            app_state=stores.app_state,
            portal=portal,
            interval_hours=settings.match_interval_hours,
            clock=clock,
        ),
        context=ContextReports(
            report=ContextReport(stores.db),
            app_state=stores.app_state,
            choice=settings.context_objects,
            actor_types=settings.actor_group_types,
            requests_per_minute=settings.requests_per_minute,
            error=lambda: tasks.context.error,
            clock=clock,
        ),
        checks=Checks(
            source=adapters.quick_source,
            new_sink=adapters.new_quick_sink,
            limiter=pipeline.limiter,
            tables=adapters.quick_logs,
            reads_back=settings.reads_back,
            has_sent=lambda: stores.ledger.live(clock.now()) > 0,
            app_state=stores.app_state,
            disk=DataFolder(stores.folder),
            disk_warnings=health.storage_warnings,
            on_owners=health.record_owners,
            on_results=health.record_checks,
            clock=clock,
        ),
        withdrawals=WithdrawalLists(
            app_state=stores.app_state,
            withdrawals=WithdrawalReader(stores.db, stores.store),
            policy=settings.withdraw_indicators,
            clock=clock,
        ),
        verification=tasks.verifying.reports,
        effects=Effects(
            source=source,
            ledger=stores.ledger,
            policy=settings.withdraw_indicators,
            requests_per_minute=settings.requests_per_minute,
            clock=clock,
        ),
        metrics=Metrics(
            store=stores.metrics,
            app_state=stores.app_state,
            ledger=stores.ledger,
            progress=stores.store,
            updates=updates.follower,
            limiter=pipeline.limiter,
            troubles=pipeline.troubles,
            estimates=pipeline.estimates,
            requests_per_minute=settings.requests_per_minute,
            clock=clock,
        ),
    )
