"""The next version of an object: its generation, its times, and how it looks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sized
from dataclasses import dataclass

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.label import labels_of
from sentinel_app.core.mapping import MappingOptions, stix_object, valid_until
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.timestamp import from_text
from sentinel_app.core.work import Claim, Held

_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A STIX object as it would be sent now."""

    generation: int
    stix: dict[str, object]
    labels_left_out: int = 0
    """So many labels had no room."""


def next_revision(
    indicator: Indicator,
    key: ObjectKey,
    *,
    claim: Claim | None = None,
    held: Held | None = None,
    options: MappingOptions,
    now: dt.datetime,
) -> Revision:
    """Return the object that an Indicator's key becomes at `now`.

    Args:
        indicator: the copy to send.
        key: the one of its keys that the object stands for.
        claim: what the running update has chosen for the key before.
        held: what Sentinel holds for the key.
        options: the inputs that decide how objects look.
        now: the time of conversion.
    """
    # A revoked id may be final, so what comes back gets an id of the next generation.
    is_back = held is not None and not held.is_live
    generation = 0 if held is None else held.generation + is_back
    created_at = _created(indicator, claim, None if is_back else held, now)
    stix = stix_object(
        indicator,
        key,
        object_id=object_id(key, generation),
        created_at=created_at,
        modified_at=_modified(now, created_at, claim, held),
        valid_until_at=valid_until(indicator, now, options),
        options=options,
    )
    labels = stix.get('labels', ())
    is_whole = isinstance(labels, Sized) and len(labels) == len(indicator.tags)
    return Revision(
        generation=generation,
        stix=stix,
        labels_left_out=0 if is_whole else labels_of(indicator.tags).left_out,
    )


def _created(
    indicator: Indicator, claim: Claim | None, held: Held | None, now: dt.datetime
) -> dt.datetime:
    """Return the time that is for ever the same for one id: that of the copy first sent.

    It is never a time to come, which ThreatConnect may have by mistake: `modified`, which must not
    be before it, would be wrong for ever as well.
    """
    if held is not None:
        return from_text(held.created)
    if claim is not None:
        return from_text(claim.created)
    return min(indicator.added_at, now)


def _modified(
    now: dt.datetime, created_at: dt.datetime, claim: Claim | None, held: Held | None
) -> dt.datetime:
    """Return the time of conversion, but later than anything sent before under the same id."""
    earlier = [created_at]
    if held is not None:
        earlier.append(held.modified_at + _MILLISECOND)
    if claim is not None:
        earlier.append(from_text(claim.modified) + _MILLISECOND)
    return max(now, *earlier)
