"""Builds the pipeline: the stages of an update, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sentinel_app.config.settings import Settings
from sentinel_app.container.stores import Stores
from sentinel_app.core.clock import Clock
from sentinel_app.core.fingerprint import salt
from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.mapping import MappingOptions
from sentinel_app.core.sink import Sink
from sentinel_app.core.source import Source
from sentinel_app.core.withholding import withheld_reason
from sentinel_app.pipeline.convert import Convert
from sentinel_app.pipeline.download import Download
from sentinel_app.pipeline.estimate import Estimates
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.pipeline.orphan_search import OrphanSearch
from sentinel_app.pipeline.page_decision import PageDecision
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.upload import Upload
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard
from sentinel_app.storage.unknown_objects import UnknownObjects
from sentinel_app.threatconnect.parse import parse_indicator


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """The stages of an update, and what they share."""

    download: Download
    convert: Convert
    upload: Upload
    wakeups: Wakeups
    faults: FaultLimit
    limiter: RateLimiter
    probe: Probe
    troubles: Troubles
    estimates: Estimates
    guard: WithdrawGuard


def build_pipeline(
    settings: Settings,
    stores: Stores,
    *,
    source: Source,
    sink: Sink,
    clock: Clock,
    wakeups: Wakeups,
) -> Pipeline:
    """Build the stages; tests run them without threads as well."""
    limiter = RateLimiter(limit=settings.requests_per_minute, times=stores.times, clock=clock)
    troubles = Troubles(clock)
    probe = Probe(source=source, app_state=stores.app_state, clock=clock, troubles=troubles)
    faults = FaultLimit(
        store=stores.store, errors=stores.errors, orphans=stores.orphans, clock=clock
    )
    guard = WithdrawGuard(
        app_state=stores.app_state,
        ledger=stores.ledger,
        limit_percent=settings.withdraw_limit_percent,
    )
    return Pipeline(
        download=_download(
            settings, stores, source, probe, guard, clock=clock, troubles=troubles, wakeups=wakeups
        ),
        convert=_convert(settings, stores, guard, limiter, clock=clock, wakeups=wakeups),
        upload=Upload(
            sink=sink,
            store=stores.store,
            errors=stores.errors,
            faults=faults,
            limiter=limiter,
            clock=clock,
            troubles=troubles,
            wakeups=wakeups,
        ),
        wakeups=wakeups,
        faults=faults,
        limiter=limiter,
        probe=probe,
        troubles=troubles,
        estimates=Estimates(store=stores.store, limiter=limiter, clock=clock),
        guard=guard,
    )


def mapping_options(settings: Settings) -> MappingOptions:
    """Return how Indicators become objects."""
    return MappingOptions(
        ttl_hours={IndicatorType(kind): ttl for kind, ttl in settings.ttl_hours.items()},
        pattern_style=settings.pattern_style,
        has_author=settings.context_objects.has_identities,
    )


def withholding(settings: Settings) -> Callable[[Indicator], str | None]:
    """Return the rule that says why an Indicator is withheld; None where it is not."""
    max_tlp, never_send = settings.max_tlp.level, settings.never_send
    return lambda indicator: withheld_reason(indicator, max_tlp=max_tlp, never_send=never_send)


def _download(
    settings: Settings,
    stores: Stores,
    source: Source,
    probe: Probe,
    guard: WithdrawGuard,
    *,
    clock: Clock,
    troubles: Troubles,
    wakeups: Wakeups,
) -> Download:
    return Download(
        source=source,
        probe=probe,
        app_state=stores.app_state,
        store=stores.store,
        errors=stores.errors,
        orphans=OrphanSearch(
            source=source,
            probe=probe,
            app_state=stores.app_state,
            ledger=stores.ledger,
            orphans=stores.orphans,
            parse=parse_indicator,
            clock=clock,
            troubles=troubles,
            policy=settings.withdraw_indicators,
            guard=guard,
        ),
        clock=clock,
        troubles=troubles,
        wakeups=wakeups,
    )


def _convert(
    settings: Settings,
    stores: Stores,
    guard: WithdrawGuard,
    limiter: RateLimiter,
    *,
    clock: Clock,
    wakeups: Wakeups,
) -> Convert:
    options = mapping_options(settings)
    return Convert(
        app_state=stores.app_state,
        store=stores.store,
        decision=PageDecision(
            ledger=stores.ledger,
            parse=parse_indicator,
            withheld_reason=withholding(settings),
            options=options,
            salt=salt(
                options,
                max_tlp=settings.max_tlp.level,
                never_send=settings.never_send,
                context=settings.context_objects,
                actor_types=settings.actor_group_types,
            ),
            actor_types=settings.actor_group_types if settings.context_objects.has_actors else (),
        ),
        revoke=Revoke(
            orphans=stores.orphans,
            unknown=UnknownObjects(stores.db),
            policy=settings.withdraw_indicators,
            guard=guard,
            clock=clock,
            wakeups=wakeups,
        ),
        limiter=limiter,
        clock=clock,
        wakeups=wakeups,
    )
