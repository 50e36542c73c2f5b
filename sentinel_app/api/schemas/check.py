"""Whether what the App depends on works."""

from __future__ import annotations

from pydantic import Field

from sentinel_app.api.schemas.base import Reply, Seconds
from sentinel_app.diagnostics.check_result import CheckName, CheckStatus


class Check(Reply):
    """The result of one check."""

    name: CheckName
    status: CheckStatus
    message: str
    remedy: str = Field(description='What to do; empty where there is nothing to do')
    reason: str = Field(description="The other side's own words; empty without any")
    code: str | None
    elapsed_s: Seconds


class CheckReport(Reply):
    """The results of all checks, in the order in which they were made."""

    checks: list[Check]
