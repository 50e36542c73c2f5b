"""Estimate of the context objects that the Indicators of a query lead to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sentinel_app.core.context_choice import ActorGroupType, ContextChoice, actor_groups
from sentinel_app.core.context_name import folded_name
from sentinel_app.core.context_outbox import MOST_ACTORS
from sentinel_app.core.indicator import Indicator


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextEstimate:
    """Numbers of context objects; those of a sample, or of what the sample stands for."""

    identities: int = 0
    actors: int = 0
    relationships: int = 0
    left_out: int = 0
    """Relationships with actors beyond `MOST_ACTORS` of an Indicator, which are not made."""

    @property
    def objects(self) -> int:
        """Number of objects to send."""
        return self.identities + self.actors + self.relationships

    def scaled(self, factor: float) -> ContextEstimate:
        """Return the numbers of so many times the sample, in which owners come again.

        Actors come again as well, but nobody knows how often, so their number is the highest.
        """
        return ContextEstimate(
            identities=self.identities,
            actors=math.ceil(self.actors * factor),
            relationships=math.ceil(self.relationships * factor),
            left_out=math.ceil(self.left_out * factor),
        )


def context_estimate(
    sample: Iterable[tuple[Indicator, int]],
    choice: ContextChoice,
    actor_types: Collection[ActorGroupType],
    owners: Collection[str] = (),
) -> ContextEstimate:
    """Return the context objects of a sample of Indicators.

    An actor is one for all Groups of its name, as MITRE ids are not known of them.

    Args:
        sample: Indicators with the number of their objects that are sent.
        choice: which context objects are sent.
        actor_types: types of the Groups that are threat actors.
        owners: the owners of the TQL query; none for all.
    """
    if not choice.has_identities:
        return ContextEstimate()
    authors, actors = set[str](), set[str]()
    relationships = left_out = 0
    for indicator, objects in sample:
        if not objects:
            continue
        authors.add(indicator.owner_name)
        if not choice.has_actors:
            continue
        groups = actor_groups(indicator, actor_types, owners)
        names = {folded_name(group.name) for group in groups} - {''}
        authors.update(group.owner_name for group in groups)
        actors |= names
        relationships += objects * min(len(names), MOST_ACTORS)
        left_out += objects * max(0, len(names) - MOST_ACTORS)
    return ContextEstimate(
        identities=len(authors),
        actors=len(actors),
        relationships=relationships,
        left_out=left_out,
    )
