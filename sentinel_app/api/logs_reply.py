"""Errors of the query API as the API shows them."""

from __future__ import annotations

from sentinel_app.api import schemas
from sentinel_app.core.condition import parted


def logs_error(code: str, message: str, reason: str) -> schemas.LogsError:
    """Return an error of the query API, with what to do apart from what happened."""
    said, remedy, words = parted(message)
    return schemas.LogsError(code=code, message=said, remedy=remedy, reason=reason or words)
