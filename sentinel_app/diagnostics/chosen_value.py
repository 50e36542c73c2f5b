"""Values that a person has chosen, resolved by the look-up."""

from __future__ import annotations

import datetime as dt

from sentinel_app.core.scope import ChosenValue
from sentinel_app.diagnostics.meaning import Meaning, is_specific_key
from sentinel_app.storage.holdings import Holdings


def sendable_value(meaning: Meaning, _holdings: Holdings, _now: dt.datetime) -> ChosenValue:
    """Return a value to send, with the keys of its form and of known objects."""
    refused = {each.object_key for each in meaning.refused}
    keys = [
        key
        for key in meaning.keys
        if key.digest in meaning.holdings
        or key.text in refused
        or is_specific_key(key, meaning.text)
    ]
    return ChosenValue(text=meaning.text, keys=tuple(key.text for key in keys or meaning.keys))


def held_value(meaning: Meaning, holdings: Holdings, now: dt.datetime) -> ChosenValue:
    """Return a value to withdraw, with all its live objects, also those of other hashes."""
    live = [each.object for each in meaning.holdings.values() if each.is_live(now)]
    found = holdings.keys_of(live)
    keys = sorted(key.text for key, _ in found.values())
    return ChosenValue(text=meaning.text, keys=tuple(keys))
