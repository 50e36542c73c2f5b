"""One-line answers of a look-up of many values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel_app.core.containment import Relation
from sentinel_app.core.host import shown_host
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.query import QueryList
from sentinel_app.diagnostics.meaning import Asked, Meaning, is_specific_key
from sentinel_app.diagnostics.verdict import Judgment, Known, Near, judge
from sentinel_app.errors import SentinelAppError

MOST_NEAR = 100
"""Maximum related objects shown with a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status of one value in Sentinel."""

    given: str
    times: int
    """Number of times that the value was given, in any spelling."""
    value: str
    """Value that was looked up."""
    shown: str | None
    """International name as people write it, if it was looked up in ASCII."""
    types: tuple[IndicatorType, ...]
    """Its types, or the possible types of its form."""
    judgment: Judgment
    owner_name: str | None
    query_id: str | None
    position: int | None
    """Position of its query; None without a query, or if that is no longer saved."""
    first_sent_at: dt.datetime | None
    last_sent_at: dt.datetime | None
    valid_until_at: dt.datetime | None
    near: tuple[Near, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers to values, in the order in which they were given first."""

    answers: tuple[Answer, ...]
    error: SentinelAppError | None
    """Error of ThreatConnect, if its copies could not be read."""


def make_answer(
    asked: Asked,
    meaning: Meaning,
    *,
    near: Sequence[Near],
    reasons: Mapping[int, str],
    saved: QueryList,
    now: dt.datetime,
    is_source_asked: bool,
) -> Answer:
    """Return the answer to a completely looked-up value.

    Args:
        asked: the given value.
        meaning: its chosen meaning.
        near: related objects in Sentinel, perhaps more than are shown.
        reasons: Sentinel's reasons of refusals, by Indicator id.
        saved: the saved queries.
        now: the current time, by which objects count as expired.
        is_source_asked: whether ThreatConnect responded.
    """
    judgment = judge(
        Known(
            holdings=tuple(meaning.holdings.values()),
            refused=[reasons.get(each.indicator_id, '') for each in meaning.refused],
            copies=meaning.copies,
            near=near[:MOST_NEAR],
            is_near_cut=len(near) > MOST_NEAR,
            is_understood=' ' in asked.given or any(each.is_specific for each in asked.meanings),
            is_source_asked=is_source_asked,
        ),
        now,
    )
    main, copy = judgment.main, judgment.copy
    owner_name, query_id = None, None
    if main is not None:
        owner_name, query_id = main.owner_name, main.query_id
    elif copy is not None:
        owner_name = copy.facts.owner_name
        query_id = None if copy.position is None else saved.queries[copy.position].id
    sent = None if main is None or main.state is ObjectState.NEW else main
    return Answer(
        given=asked.given,
        times=asked.times,
        value=meaning.text,
        shown=_shown_name(meaning),
        types=_types(meaning),
        judgment=judgment,
        owner_name=owner_name,
        query_id=query_id,
        position=None if query_id is None else saved.position(query_id),
        first_sent_at=sent.first_sent_at if sent else None,
        last_sent_at=sent.modified_at if sent else None,
        valid_until_at=sent.valid_until_at if sent else None,
        near=tuple(near[:MOST_NEAR]),
    )


def folded(asked: Sequence[Asked], now: dt.datetime) -> list[Asked]:
    """Return each value once, even if it was given in several spellings."""
    found: dict[frozenset[str], Asked] = {}
    for each in asked:
        meaning = each.chosen(now)
        keys = [key.text for key in meaning.keys if is_specific_key(key, meaning.text)]
        identity = frozenset(keys or [meaning.text])
        first = found.setdefault(identity, each)
        if first is not each:
            first.times += each.times
    return list(found.values())


def other_readings(asked: Asked, chosen: Meaning, now: dt.datetime) -> list[Near]:
    """Return objects in Sentinel that match another reading of a text."""
    return [
        Near(relation=Relation.READING, holding=held, value=each.text)
        for each in asked.meanings
        if each is not chosen and not chosen.is_live(now)
        for held in each.holdings.values()
        if held.is_live(now) and held.digest not in chosen.holdings
    ]


def _shown_name(meaning: Meaning) -> str | None:
    """Return the international name of a host, if it was looked up in another form."""
    for key in meaning.keys:
        if key.type is IndicatorType.HOST and (name := shown_host(key.value)) != key.value:
            return name
    return None


def _types(meaning: Meaning) -> tuple[IndicatorType, ...]:
    """Return the types of known objects, else the possible types of the text's form."""
    known = [each.type for each in meaning.holdings.values()]
    known += [key.type for copy in meaning.copies for key in copy.keys]
    if not known:
        known = [key.type for key in meaning.keys if is_specific_key(key, meaning.text)]
    return tuple(dict.fromkeys(known))
