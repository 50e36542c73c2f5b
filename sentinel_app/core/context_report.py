"""What people are shown of context objects."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.tlp import Tlp


class ContextState(StrEnum):
    """How a context object stands in Sentinel."""

    LIVE = 'live'
    WAITING = 'waiting'
    """It waits to be sent for the first time."""
    REFUSED = 'refused'
    """Sentinel has refused its newest version; it may have an older one."""
    UNWANTED = 'unwanted'
    """Live, and withdrawn after the next complete reading."""
    WITHDRAWN = 'withdrawn'


class ActorSort(StrEnum):
    """Orders of the threat actors."""

    NAME = 'name'
    OBJECTS = 'objects'


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFilter:
    """Filters of the threat actors; one that is not given matches all."""

    state: ContextState | None = None
    text: str = ''
    """Part of the name or of the MITRE id, in any case."""


ALL_ACTORS: Final = ActorFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownGroup:
    """A Group that stands for a threat actor."""

    id: int
    type: str
    name: str
    owner_name: str
    web_link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRefusal:
    """The last refusal of a context object by Sentinel."""

    code: str
    reason: str
    at: dt.datetime
    attempts: int
    """How often this version was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownActor:
    """A threat actor, and what it was made of."""

    id: int
    """Its row in the ledger of context objects."""
    stix_id: str
    name: str
    aliases: tuple[str, ...]
    state: ContextState
    objects: int
    """Number of objects that are to be related to it; a File has one for each hash."""
    tlp: Tlp | None
    groups: tuple[ShownGroup, ...]
    """All Groups that are merged; different actors of one name are among them."""
    refusal: ContextRefusal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedObject:
    """An object of an Indicator that is to be related to a threat actor."""

    indicator_id: int
    type: IndicatorType
    hash_kind: str | None
    summary: str
    value: str
    owner_name: str
    web_link: str | None
    state: ContextState
    """Of the relationship."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedContext:
    """A context object of any kind that Sentinel refuses."""

    id: int
    kind: ContextKind
    stix_id: str
    name: str
    """Of a relationship, that of its threat actor."""
    summary: str | None
    """Of the Indicator of a relationship; None for other kinds."""
    is_live: bool
    """Whether Sentinel has an older version."""
    refusal: ContextRefusal
