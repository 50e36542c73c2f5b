"""Objects of a withdrawal that was held back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sentinel_app.core.object_id import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawableObject:
    """A live object that would be withdrawn."""

    key: ObjectKey
    summary: str
    owner_name: str
    indicator_id: int
    query_id: str
    valid_until: dt.datetime
