"""Verdict on a value, in one word and one sentence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sentinel_app.core.containment import Relation
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.record import Holding
from sentinel_app.diagnostics.value_copy import Fate, ValueCopy


class Verdict(StrEnum):
    """Status of a value in Sentinel."""

    IN_SENTINEL = 'in-sentinel'
    WAITING = 'waiting'
    """A running update is about to send it."""
    REFUSED = 'refused'
    EXPIRED = 'expired'
    WITHDRAWN = 'withdrawn'
    TO_BE_SENT = 'to-be-sent'
    """A saved query returns it, and no update has sent it yet."""
    WITHHELD = 'withheld'
    NOT_SENT = 'not-sent'
    """ThreatConnect has it, but it is expired there, invalid, or of a type that is not sent."""
    NOT_SELECTED = 'not-selected'
    UNKNOWN = 'unknown'
    """Neither Sentinel nor ThreatConnect has it."""
    UNCHECKED = 'unchecked'
    """It is not in Sentinel, and ThreatConnect did not respond."""
    NOT_UNDERSTOOD = 'not-understood'


_OF_FATE: Final = {
    Fate.CHOSEN: Verdict.TO_BE_SENT,
    Fate.DUPLICATE: Verdict.TO_BE_SENT,
    Fate.WITHHELD: Verdict.WITHHELD,
    Fate.EXPIRED: Verdict.NOT_SENT,
    Fate.INVALID: Verdict.NOT_SENT,
    Fate.UNSUPPORTED: Verdict.NOT_SENT,
    Fate.NOT_SELECTED: Verdict.NOT_SELECTED,
}
_FATES: Final = tuple(_OF_FATE)
"""Fates of copies, the most informative first."""

_NOT_UNDERSTOOD: Final = (
    'Not an IP address, block, host name, URL, email address, hash, AS number, or Registry Key. '
    'As an email subject, it is not in Sentinel either.'
)
_UNKNOWN: Final = (
    'ThreatConnect has no Indicator with this value in the owners this Service can read. Check the '
    'spelling, or add it to one of those owners.'
)
_UNCHECKED: Final = (
    'The value itself is not in Sentinel. ThreatConnect is unavailable, so the reason is not known.'
)
_AGAIN: Final = {
    Fate.CHOSEN: 'The next full or reconcile update sends it again.',
    Fate.DUPLICATE: 'The next full or reconcile update sends it again.',
}
_NEAR: Final = {
    Relation.READING: 'In Sentinel as {value}.',
    Relation.BLOCK: 'In Sentinel by its block {value}.',
    Relation.HOST: 'Its host {value} is in Sentinel.',
    Relation.PARENT: 'Its parent domain {value} is in Sentinel.',
    Relation.URL: '{count} on it in Sentinel, for example {value}.',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Something in Sentinel that contains a value, or that it contains."""

    relation: Relation
    holding: Holding
    value: str
    """Value in the ledger; a URL may be long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Facts about a value that decide its verdict."""

    holdings: Sequence[Holding]
    refused: Sequence[str]
    """Sentinel's reason for each refused object; empty if no longer stored."""
    copies: Sequence[ValueCopy]
    near: Sequence[Near]
    """Related objects, the nearest first."""
    is_near_cut: bool
    """Whether there are more related objects than in `near`."""
    is_understood: bool
    is_source_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """A verdict and its sentence."""

    verdict: Verdict
    why: str
    main: Holding | None
    """Object of the verdict."""
    copy: ValueCopy | None
    """Copy of the verdict, if there is no object."""
    objects: int
    """Number of active objects in Sentinel."""


def judge(known: Known, now: dt.datetime) -> Judgment:
    """Return the verdict on a value."""
    live = [each for each in known.holdings if each.is_live(now)]
    if live:
        return Judgment(
            verdict=Verdict.IN_SENTINEL,
            why=_live_words(len(live), len(known.refused)),
            main=live[0],
            copy=None,
            objects=len(live),
        )
    verdict, why, main = _of_ledger(known)
    copy = min(known.copies, key=lambda each: _FATES.index(each.fate), default=None)
    if verdict is None:
        verdict, why = _of_source(known, copy)
    elif copy is not None and verdict in {Verdict.EXPIRED, Verdict.WITHDRAWN}:
        why = f'{why} {_AGAIN.get(copy.fate, copy.reason)}'
    if known.near and verdict is not Verdict.WAITING:
        why = f'{near_words(known)} {why}'
    return Judgment(verdict=verdict, why=why, main=main, copy=copy, objects=0)


def near_words(known: Known) -> str:
    """Return a sentence about the related objects in Sentinel."""
    first = known.near[0]
    count = sum(each.relation is first.relation for each in known.near)
    counted = f'{count:,}{"+" if known.is_near_cut else ""} URL{"s" * (count != 1)}'
    return _NEAR[first.relation].format(value=first.value, count=counted)


def _live_words(live: int, refused: int) -> str:
    words = f'{live:,} active object{"s" * (live != 1)}.'
    return f'{words} Sentinel refused {refused:,} more.' if refused else words


def _of_ledger(known: Known) -> tuple[Verdict | None, str, Holding | None]:
    newest = sorted(known.holdings, key=lambda each: each.modified_at, reverse=True)
    waiting = next((each for each in newest if each.is_waiting), None)
    if waiting is not None:
        return Verdict.WAITING, 'A running update is about to send it.', waiting
    if known.refused:
        words = next(filter(None, known.refused), '')
        return (
            Verdict.REFUSED,
            f'Sentinel refused it: {words}'
            if words
            else ('Sentinel refused it; its reason is no longer kept.'),
            next(iter(newest), None),
        )
    sent = [each for each in newest if each.state is not ObjectState.NEW]
    if not sent:
        return None, '', None
    expired = next((each for each in sent if each.state is ObjectState.LIVE), None)
    if expired is not None:
        return Verdict.EXPIRED, 'It expired in Sentinel.', expired
    return Verdict.WITHDRAWN, 'It was withdrawn from Sentinel.', sent[0]


def _of_source(known: Known, copy: ValueCopy | None) -> tuple[Verdict, str]:
    if copy is not None and copy.fate is Fate.CHOSEN:
        return Verdict.TO_BE_SENT, 'Not sent yet. The next update of its TQL query sends it.'
    if copy is not None:
        return _OF_FATE[copy.fate], copy.reason
    if not known.is_understood:
        return Verdict.NOT_UNDERSTOOD, _NOT_UNDERSTOOD
    return (Verdict.UNKNOWN, _UNKNOWN) if known.is_source_asked else (Verdict.UNCHECKED, _UNCHECKED)
