"""Alerts of Microsoft Sentinel: what the App keeps of one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class AlertSeverity(StrEnum):
    """Severity of an alert, least first."""

    UNKNOWN = 'unknown'
    INFORMATIONAL = 'informational'
    LOW = 'low'
    MEDIUM = 'medium'
    HIGH = 'high'

    @property
    def rank(self) -> int:
        """Place in the order, 0 for the least."""
        return RANKED.index(self)


RANKED = tuple(AlertSeverity)
"""All severities, least first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert, without its entities and details."""

    id: str
    """Its `SystemAlertId`."""
    name: str
    severity: AlertSeverity
    product: str
    """Product that raised it, for example `Azure Sentinel`."""
    link: str | None
    """Link to it in Microsoft's portal, over HTTPS; None if the alert carries none."""
    start_at: dt.datetime
    """First event behind it."""
    end_at: dt.datetime
    """Last event behind it."""
