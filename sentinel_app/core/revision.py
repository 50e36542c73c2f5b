"""Next revision of an object: its generation, its times and its content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sized
from dataclasses import dataclass

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.label import labels_of
from sentinel_app.core.ledger_row import LedgerRow, millis, moment
from sentinel_app.core.mapping import MappingOptions, stix_object, valid_until
from sentinel_app.core.object_id import ObjectKey, object_id

_MILLISECOND = dt.timedelta(milliseconds=1)


@dataclass(slots=True, kw_only=True)
class Revision:
    """A STIX object in its current form. Times are milliseconds since 1970."""

    generation: int
    stix: dict[str, object]
    created: int
    modified: int
    valid_until: int
    labels_left_out: int = 0
    """Number of labels that did not fit."""


def next_revision(
    indicator: Indicator,
    key: ObjectKey,
    *,
    row: LedgerRow | None = None,
    chosen: tuple[int, int] | None = None,
    options: MappingOptions,
    now: dt.datetime,
) -> Revision:
    """Return the revision of an object at `now`.

    Args:
        indicator: the copy to send.
        key: the key of the object, one of the Indicator's.
        row: the ledger row of the key, if there is one.
        chosen: `created` and `modified` of the revision that the running update has chosen before.
        options: the inputs that decide about the form of objects.
        now: the time of conversion.
    """
    if chosen is None and row is not None and row.outbox_created is not None:
        chosen = row.outbox_created, row.outbox_modified or 0
    is_held = row is not None and row.state
    # A revoked id may be final, so an object that comes back gets an id of the next generation.
    is_back = bool(is_held) and row is not None and not row.is_live
    generation = 0 if row is None else row.generation + is_back
    created_at = _created(indicator, row, chosen, now, is_same=bool(is_held) and not is_back)
    modified_at = _modified(now, created_at, row if is_held else None, chosen)
    valid_until_at = valid_until(indicator, now, options)
    stix = stix_object(
        indicator,
        key,
        object_id=object_id(key, generation),
        created_at=created_at,
        modified_at=modified_at,
        valid_until_at=valid_until_at,
        options=options,
    )
    labels = stix.get('labels', ())
    is_whole = isinstance(labels, Sized) and len(labels) == len(indicator.tags)
    return Revision(
        generation=generation,
        stix=stix,
        created=millis(created_at),
        modified=millis(modified_at),
        valid_until=millis(valid_until_at),
        labels_left_out=0 if is_whole else labels_of(indicator.tags).left_out,
    )


def _created(
    indicator: Indicator,
    row: LedgerRow | None,
    chosen: tuple[int, int] | None,
    now: dt.datetime,
    *,
    is_same: bool,
) -> dt.datetime:
    """Return the creation time, which never changes for one id: that of the copy first sent.

    It is never in the future, even if ThreatConnect has such a time by mistake: `modified` must not
    be before it, and would stay wrong as well.

    Args:
        indicator: the copy to send.
        row: the ledger row of the key, if there is one.
        chosen: `created` and `modified` of the revision that was chosen before.
        now: the time of conversion.
        is_same: whether Sentinel holds an object with the same id.
    """
    if is_same and row is not None:
        return moment(row.created)
    if chosen is not None:
        return moment(chosen[0])
    if indicator.added_at <= now or row is None:
        return min(indicator.added_at, now)
    # Always the same time, or a refused object would look as if it had changed since.
    return min(moment(row.created), now)


def _modified(
    now: dt.datetime,
    created_at: dt.datetime,
    row: LedgerRow | None,
    chosen: tuple[int, int] | None,
) -> dt.datetime:
    """Return the time of conversion, but later than that of any version sent under the same id."""
    earlier = [created_at]
    if row is not None:
        earlier.append(moment(row.modified) + _MILLISECOND)
    if chosen is not None:
        earlier.append(moment(chosen[1]) + _MILLISECOND)
    return max(now, *earlier)
