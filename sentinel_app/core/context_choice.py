"""Choices of the context that is sent besides Indicators."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sentinel_app.core.indicator import Group, Indicator


class ContextChoice(StrEnum):
    """Choices of the context objects, each with all that the one before it has."""

    NONE = 'None'
    IDENTITIES = 'Owner identities'
    ACTORS = 'Owner identities and threat actors'

    @property
    def has_identities(self) -> bool:
        """Whether the owners of Indicators are sent as identities, which are their authors."""
        return self is not ContextChoice.NONE

    @property
    def has_actors(self) -> bool:
        """Whether Groups are sent as threat actors, with relationships to their Indicators."""
        return self is ContextChoice.ACTORS


class ActorGroupType(StrEnum):
    """Types of Groups that are threat actors, as spelled by ThreatConnect v3.

    Source: ThreatConnect REST API v3, "Threat Actor Profiles", which unites the same three.
    """

    ADVERSARY = 'Adversary'
    INTRUSION_SET = 'Intrusion Set'
    THREAT = 'Threat'


def actor_groups(
    indicator: Indicator, types: Collection[ActorGroupType], owners: Collection[str]
) -> tuple[Group, ...]:
    """Return the Groups of an Indicator that may be threat actors.

    Args:
        indicator: the Indicator.
        types: types of the Groups that are threat actors.
        owners: the owners of the TQL query that returns the Indicator; none for all.
    """
    return tuple(
        group
        for group in indicator.groups
        if group.type in types and (not owners or group.owner_name in owners)
    )
