"""Troubles: failing systems that are retried."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.job import Stage


class System(StrEnum):
    """Systems that the App depends on, by their names."""

    THREATCONNECT = 'ThreatConnect'
    ENTRA = 'Microsoft Entra ID'
    SENTINEL = 'Microsoft Sentinel'
    LOG_ANALYTICS = 'Log Analytics'
    """Only for reading back; nothing that is sent depends on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A failing system, as long as calls to it are retried."""

    stage: Stage
    """Stage that waits for the system."""
    system: System
    attempt: int
    """Number of the next attempt, or of the one in progress since `until`; 2 or more."""
    since: dt.datetime
    """When the first attempt failed."""
    until: dt.datetime
    """When the next attempt begins."""
    code: str
    message: str
    """Error of the last attempt; safe to show."""
    reason: str = ''
    """Words of the response, if there was one."""
