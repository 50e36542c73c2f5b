"""Choices of the context that is sent besides Indicators."""

from __future__ import annotations

from enum import StrEnum


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
