"""Context objects on their way to Sentinel, and what is known of their sending."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sentinel_app.core.context_key import ContextKind

MOST_ACTORS: Final = 10
"""Maximum threat actors that an Indicator is related to: those modified most recently."""


class AssociatedCopy(NamedTuple):
    """What the relationships of an object have of the copy that was chosen for it."""

    object: int
    """Its ledger row."""
    owner: int
    generation: int
    """That of the object's id."""
    tlp: int | None
    """Strictness of its TLP level; None without one."""
    groups: frozenset[int]
    """Ids of its Groups that may be threat actors."""


class GroupPlace(NamedTuple):
    """A Group of an Indicator, in the order of precedence, and the threat actor it stands for."""

    modified: int
    group_id: int
    actor: bytes
    """Digest of the actor's key."""


def leading_actors(groups: Iterable[GroupPlace]) -> tuple[tuple[bytes, ...], int]:
    """Return the actors that an Indicator is related to, and the number of those left out.

    They are those modified most recently, and then those with the higher Group id.
    """
    actors = tuple(dict.fromkeys(group.actor for group in sorted(groups, reverse=True)))
    return actors[:MOST_ACTORS], max(0, len(actors) - MOST_ACTORS)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingObject:
    """A version of a context object that is in flight."""

    object: int
    """Its row in the ledger of context objects."""
    kind: ContextKind
    is_withdrawal: bool
    text: bytes
    """The STIX object as JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextAccount:
    """What became of the context objects that a Job has called for."""

    waiting: int = 0
    sent: int = 0
    withdrawn: int = 0
    refused: int = 0
    left_out: int = 0
    """Actors beyond `MOST_ACTORS` of its Indicators."""

    @property
    def accepted(self) -> int:
        """Number of objects and withdrawals that Sentinel has accepted."""
        return self.sent + self.withdrawn


def summed_accounts(accounts: Iterable[ContextAccount]) -> ContextAccount | None:
    """Return the sum of accounts; None without any."""
    found = list(accounts)
    if not found:
        return None
    names = ContextAccount.__slots__
    return ContextAccount(
        **{name: sum(getattr(account, name) for account in found) for name in names}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextCounts:
    """How the context stands as a whole."""

    live: Mapping[ContextKind, int] = field(default_factory=dict)
    waiting: int = 0
    """Versions that wait to be sent, or are in flight."""
    due: int = 0
    """Indicators whose relationships are still to be gone through."""
    refused: int = 0
    unwanted: int = 0
    """Live objects that are to be withdrawn after everything has been read."""
    held_back: int = 0
    """Withdrawals that need a person's confirmation."""
    ended: dt.datetime | None = None
    """When everything had been gone through and sent; None while that is under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedObject:
    """The refusal of a version by Sentinel."""

    code: str
    reasons: Sequence[str]
