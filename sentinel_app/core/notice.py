"""Notifications of conditions in ThreatConnect: when, how often, and in which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sentinel_app.core.condition import Condition, ConditionCode, Severity

SETTLING_TIME: Final = dt.timedelta(minutes=2)
"""How long a condition must be open, or over, before a notification; shorter ones are ignored."""

RENOTIFY_AFTER: Final = dt.timedelta(days=1)
"""Minimum interval between two notifications of one condition."""

LONGEST_MESSAGE: Final = 1_000


class Priority(StrEnum):
    """Priority of a notification in ThreatConnect."""

    HIGH = 'High'
    MEDIUM = 'Medium'
    LOW = 'Low'


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Record of a notification of a condition; stored, so that a restart does not repeat it."""

    code: ConditionCode
    title: str
    told_at: dt.datetime
    is_open: bool = True
    """Whether no notification has been sent that the condition is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A notification to send now, and the notice to store once it was sent."""

    key: str
    message: str
    priority: Priority
    notice: Notice


class NoticeTracker:
    """Tracks since when each condition has been open, or over, in this process.

    A restart begins the settling time again.
    """

    def __init__(self) -> None:
        self._seen: dict[str, dt.datetime] = {}
        self._missed: dict[str, dt.datetime] = {}

    def announcements(
        self,
        found: Iterable[Condition],
        notices: Mapping[str, Notice],
        *,
        unknown: Collection[ConditionCode] = (),
        service: str,
        now: dt.datetime,
    ) -> tuple[Announcement, ...]:
        """Return the notifications to send now.

        Args:
            found: the open conditions.
            notices: the stored notices, by condition key.
            unknown: codes of conditions that have not been checked yet.
            service: the name of the Service, for the message.
            now: the current time.
        """
        by_key = {condition.key: condition for condition in found}
        self._seen = {key: self._seen.get(key, now) for key in by_key}
        gone = [
            key
            for key, notice in notices.items()
            if notice.is_open and key not in by_key and notice.code not in unknown
        ]
        self._missed = {key: self._missed.get(key, now) for key in gone}
        return (
            *(
                _begun(key, condition, service, now)
                for key, condition in by_key.items()
                if now - self._seen[key] >= SETTLING_TIME and _may_notify(notices.get(key), now)
            ),
            *(
                _over(key, notices[key], service)
                for key in gone
                if now - self._missed[key] >= SETTLING_TIME
            ),
        )


def kept(notices: Mapping[str, Notice], now: dt.datetime) -> dict[str, Notice]:
    """Return the notices to keep: open ones, and those of the last `RENOTIFY_AFTER`."""
    return {
        key: notice
        for key, notice in notices.items()
        if notice.is_open or now - notice.told_at < RENOTIFY_AFTER
    }


def _may_notify(notice: Notice | None, now: dt.datetime) -> bool:
    # A time in the future comes from a clock that was set back.
    return notice is None or not dt.timedelta() <= now - notice.told_at < RENOTIFY_AFTER


def _begun(key: str, condition: Condition, service: str, now: dt.datetime) -> Announcement:
    priority = Priority.MEDIUM if condition.severity is Severity.WARNING else Priority.HIGH
    text = ' '.join((f'{condition.title}.', condition.detail, condition.remedy)).strip()
    return Announcement(
        key=key,
        message=_message(service, text),
        priority=priority,
        notice=Notice(code=condition.code, title=condition.title, told_at=now),
    )


def _over(key: str, notice: Notice, service: str) -> Announcement:
    return Announcement(
        key=key,
        message=_message(service, f'Resolved: {notice.title}.'),
        priority=Priority.LOW,
        notice=replace(notice, is_open=False),
    )


def _message(service: str, text: str) -> str:
    whole = f'Microsoft Sentinel ({service}): {text}'
    return whole if len(whole) <= LONGEST_MESSAGE else f'{whole[: LONGEST_MESSAGE - 3]}...'
