"""Groups of ThreatConnect that are threat actors."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.indicator import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorProfile:
    """Threat Actor Profile, which unites Groups of several owners and types."""

    name: str | None = None
    description: str | None = None
    mitre_id: str | None = None
    """As ThreatConnect has it; not every one is well-formed."""
    mitre_link: str | None = None
    aliases: tuple[str, ...] = ()
    """Those of MITRE ATT&CK and custom ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorGroup:
    """One Group in one owner, checked and typed."""

    id: int
    type: ActorGroupType
    name: str
    owner_name: str
    added_at: dt.datetime
    modified_at: dt.datetime
    web_link: str | None = None
    description: str | None = None
    aliases: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    security_labels: tuple[str, ...] = ()
    are_labels_known: bool = True
    """False if requested security labels are missing from the response."""
    first_seen: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    profile: ActorProfile | None = None
    """None if the Group has none, or the instance knows no profiles."""
