"""A request that is not carried out, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sentinel_app.api.schemas import FieldError


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request is not carried out.

    Args:
        status: the HTTP status.
        description: why, and what to do; the usual words for the status where left out.
        code: the usual code for the status where left out.
        title: the usual title for the status where left out.
        errors: what is wrong with single fields.
        saved_at: when the list of TQL queries was saved that is newer.
        saved_by: by whom.
    """

    def __init__(
        self,
        status: int,
        description: str | None = None,
        *,
        code: str | None = None,
        title: str | None = None,
        errors: Sequence[FieldError] = (),
        saved_at: dt.datetime | None = None,
        saved_by: str | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.code = code
        self.title = title
        self.errors = tuple(errors)
        self.saved_at = saved_at
        self.saved_by = saved_by
