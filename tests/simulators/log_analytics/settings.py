"""What can be set while the stand-in runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RetryAfter(StrEnum):
    """Whether a 429 says when to come back."""

    SECONDS = 'seconds'
    OMIT = 'omit'


@dataclass(slots=True, kw_only=True)
class LogAnalyticsSettings:
    """Limits as documented, and what differs from one workspace to another."""

    latency_s: float = 0.0
    """Time before every answer."""
    query_duration_s: float = 0.0
    """How long a query runs at least; longer than `Prefer: wait` is a 504."""
    default_wait_s: float = 180.0
    max_wait_s: float = 600.0
    """Most that `Prefer: wait` can ask for."""
    max_rows: int = 500_000
    max_bytes: int = 64_000_000
    """JSON of the rows in one answer; what is more is cut off and called a partial error."""
    max_concurrent: int = 5
    """Queries of one identity that run at a time."""
    max_queued: int = 200
    queue_timeout_s: float = 180.0
    cache_s: float = 120.0
    """Age up to which an answer is given again; 0 for no cache."""
    retry_after: RetryAfter = RetryAfter.SECONDS
    bad_token_status: int = 401
    """For a token that is not valid: 401, or 403 as the service's own page has it."""
    has_access: bool = True
    is_unauthorized_client: bool = False
    """Whether a refusal for lack of access has the inner code of a missing consent."""
    empty_workspace_status: int = 200
    """Where the workspace has no row at all: 200, or 204 without a body."""
    is_missing_before_upload: bool = True
    """Whether the tables of indicators and objects are unknown until something was uploaded."""
    has_alert_table: bool = True
    ingestion_delay_s: float = 0.0
    """How long a row stays unseen; the Sentinel stand-in's own delay counts where it is longer."""
    retention_days: float = 0.0
    """Age after which rows are gone; 0 for never."""
    protected_tables: str = ''
    """Names, by commas: no rows and no error."""
    denied_tables: str = ''
    """Names, by commas: no rows and no error either, but `include-permissions` names them."""
    hidden_percent: float = 0.0
    """Share of the objects that row scoping hides, always the same ones."""
    is_data_dropped: bool = False
    is_observable_key_dropped: bool = False
    are_unparsed_rows_dropped: bool = False
    """Three transformations, which act on all rows as if they had always been there."""
    is_shuffled: bool = True
    """Whether rows come in any order where a query asks for none."""
    is_dynamic_native: bool = False
    """Whether `dynamic` comes as JSON itself, not as JSON in a text."""
    time_digits: int = 0
    """Digits after the second that every time has, 7 at most; 0 for as many as it needs."""
