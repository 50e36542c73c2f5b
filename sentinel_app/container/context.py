"""Builds Context: who is behind the Indicators, sent after them."""

from __future__ import annotations

from sentinel_app.config.settings import Settings
from sentinel_app.container.pipeline import Pipeline
from sentinel_app.container.stores import Stores
from sentinel_app.core.clock import Clock
from sentinel_app.core.group_source import GroupSource
from sentinel_app.core.sink import Sink
from sentinel_app.pipeline.context import Context
from sentinel_app.pipeline.context_upload import ContextUpload
from sentinel_app.storage.context_derivation import ContextDerivation
from sentinel_app.tasks.update_follower import UpdateFollower


def build_context(
    settings: Settings,
    stores: Stores,
    pipeline: Pipeline,
    follower: UpdateFollower,
    *,
    groups: GroupSource,
    sink: Sink,
    clock: Clock,
) -> Context:
    """Build Context over the stores; tests run it without threads as well."""

    def are_indicators_waiting() -> bool:
        update = follower.running
        return update is not None and any(item.waiting for item in stores.store.progress(update.id))

    upload = ContextUpload(
        sink=sink,
        batches=stores.context_batches,
        limiter=pipeline.limiter,
        are_indicators_waiting=are_indicators_waiting,
        clock=clock,
    )
    return Context(
        choice=settings.context_objects,
        actor_types=settings.actor_group_types,
        max_tlp=settings.max_tlp.level,
        policy=settings.withdraw_indicators,
        source=groups,
        store=stores.context,
        groups=stores.actor_groups,
        derivation=ContextDerivation(stores.db),
        batches=stores.context_batches,
        upload=upload,
        guard=pipeline.guard,
        clock=clock,
        troubles=pipeline.troubles,
    )
