"""Builds what knows how the Service is, and the figures of its heartbeats."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sentinel_app.config.pem import is_pem, read_pem
from sentinel_app.config.settings import Settings
from sentinel_app.container.adapters import Adapters
from sentinel_app.container.pipeline import Pipeline
from sentinel_app.container.stores import Stores
from sentinel_app.core.clock import Clock
from sentinel_app.core.condition import ConditionCode, state_of
from sentinel_app.core.job import Outcome
from sentinel_app.diagnostics.health import Health
from sentinel_app.storage.context_report import ContextReport
from sentinel_app.tasks.update_follower import UpdateFollower


def build_health(
    settings: Settings, stores: Stores, adapters: Adapters, pipeline: Pipeline, clock: Clock
) -> Health:
    """Build what knows how the Service is."""
    contacts = adapters.contacts
    return Health(
        settings=settings,
        app_state=stores.app_state,
        contacts=(contacts.threatconnect, contacts.entra, contacts.sentinel),
        reading_warnings={
            ConditionCode.READING_BY_TIME: lambda: pipeline.probe.warning,
            ConditionCode.CLOCK_DIFFERS: lambda: adapters.source.warning,
        },
        documents_path=stores.documents_path,
        database_path=stores.database_path,
        database_warning=stores.database_warning,
        context_held_back=ContextReport(stores.db).held_back,
        certificate_end=_certificate_end(settings, clock),
        clock=clock,
    )


def heartbeat_figures(
    stores: Stores, follower: UpdateFollower, health: Health, clock: Clock
) -> dict[str, int | str]:
    """Return the figures that the platform shows with each heartbeat."""
    running = follower.running
    counts = [
        found
        for request_id in (running.request_ids if running else ())
        if (found := stores.store.counts(request_id)) is not None
    ]
    problems = health.conditions()
    return {
        'Objects in Sentinel': stores.ledger.live(clock.now()),
        'Updates Running': int(running is not None),
        'Indicators Read': sum(item.read for item in counts),
        'Indicators Sent': sum(item.outcomes.get(Outcome.SENT, 0) for item in counts),
        'Indicators Refused': sum(item.outcomes.get(Outcome.REFUSED, 0) for item in counts),
        'Health': state_of(problems).label,
        'Open Problems': len(problems),
    }


def _certificate_end(settings: Settings, clock: Clock) -> Callable[[], dt.datetime | None]:
    """Return what says when the certificate in Client Secret ends; None for a client secret."""
    credential = settings.client_secret.value
    if not is_pem(credential):
        return lambda: None
    pem = read_pem(credential)
    return lambda: pem.certificate_at(clock.now()).expires_at
