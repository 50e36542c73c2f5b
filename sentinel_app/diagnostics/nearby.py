"""Related objects in Sentinel: those that contain a value, such as a block, or that it contains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sentinel_app.core.containment import Relation, contents_digest, enclosing_keys
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.diagnostics.meaning import Meaning, is_specific_key
from sentinel_app.diagnostics.verdict import Near
from sentinel_app.storage.holdings import Holdings


def nearby(
    meanings: Sequence[Meaning], holdings: Holdings, *, now: dt.datetime, most: int
) -> list[list[Near]]:
    """Return for each meaning the live objects that contain it or that it contains, nearest first.

    Args:
        meanings: the meanings, with their keys.
        holdings: look-ups in the ledger.
        now: the current time; expired objects are omitted.
        most: maximum objects contained in one value.
    """
    types = holdings.live_types(now)
    around = [_enclosing(each, types) for each in meanings]
    inside = [_contents(each) if IndicatorType.URL in types else [] for each in meanings]
    keys = {key.text: key for several in around for _, key in several}
    held = holdings.of_keys(keys.values())
    contained = holdings.in_containers(
        {digest for several in inside for digest in several}, now=now, most=most
    )
    values = holdings.keys_of([each.object for several in contained.values() for each in several])
    return [
        [
            *(
                Near(relation=relation, holding=found, value=key.value)
                for relation, key in enclosing
                if (found := held.get(key.digest)) is not None and found.is_live(now)
            ),
            *(
                Near(relation=Relation.URL, holding=found, value=values[found.object][0].value)
                for digest in contents
                for found in contained.get(digest, ())
                if found.object in values
            ),
        ]
        for enclosing, contents in zip(around, inside, strict=True)
    ]


def _enclosing(
    meaning: Meaning, types: frozenset[IndicatorType]
) -> list[tuple[Relation, ObjectKey]]:
    """Return the values that contain a value, of types with live objects."""
    found = {
        key.text: (relation, key)
        for own in meaning.keys
        if is_specific_key(own, meaning.text)
        for relation, key in enclosing_keys(own)
        if key.type in types
    }
    own_texts = {key.text for key in meaning.keys}
    return [each for text, each in found.items() if text not in own_texts]


def _contents(meaning: Meaning) -> list[int]:
    found = [
        contents_digest(key)
        for key in meaning.keys
        if key.type in {IndicatorType.ADDRESS, IndicatorType.HOST}
    ]
    return list(dict.fromkeys(digest for digest in found if digest is not None))
