"""A call that failed and is made again: to which system, how often, and when next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.job import Stage


class System(StrEnum):
    """What the App depends on, by the name that people know."""

    THREATCONNECT = 'ThreatConnect'
    ENTRA = 'Microsoft Entra ID'
    SENTINEL = 'Microsoft Sentinel'


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A system that does not answer as it should, as long as it is asked again."""

    stage: Stage
    """The stage that waits for it."""
    system: System
    attempt: int
    """The number of the attempt that comes next, or is under way since `until`; 2 or more."""
    since: dt.datetime
    """When the first attempt of these failed."""
    until: dt.datetime
    """When the next attempt begins."""
    code: str
    message: str
    """What the last attempt ended in; safe to show."""
    reason: str = ''
    """The answer's own words, where there was an answer."""
