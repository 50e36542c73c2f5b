"""What people are told of conditions outside the page: when, how often, and in which words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sentinel_app.core.condition import Condition, ConditionCode, Severity

SETTLING: Final = dt.timedelta(minutes=2)
"""How long a condition must last, or be over, before anybody is told: a blip tells nobody."""

TOLD_AGAIN_AFTER: Final = dt.timedelta(days=1)
"""At most one notification for each condition in so long."""

LONGEST_MESSAGE: Final = 1_000


class Priority(StrEnum):
    """How ThreatConnect ranks a notification."""

    HIGH = 'High'
    MEDIUM = 'Medium'
    LOW = 'Low'


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That people were told of a condition; stored, so that a restart does not tell it again."""

    code: ConditionCode
    title: str
    told_at: dt.datetime
    is_open: bool = True
    """Whether nobody has been told yet that it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is to be told now, and what is known to be told once it was."""

    key: str
    message: str
    priority: Priority
    notice: Notice


class Attention:
    """Knows since when each condition is there, or gone, in this process.

    Both are counted from here: what happened before the start of the process settles again.
    """

    def __init__(self) -> None:
        self._seen: dict[str, dt.datetime] = {}
        self._missed: dict[str, dt.datetime] = {}

    def announcements(
        self,
        found: Iterable[Condition],
        told: Mapping[str, Notice],
        *,
        unknown: Collection[ConditionCode] = (),
        service: str,
        now: dt.datetime,
    ) -> tuple[Announcement, ...]:
        """Return what is to be told now.

        Args:
            found: the conditions that there are.
            told: what people were told, by the key of its condition.
            unknown: the conditions of which nobody knows yet whether they are there.
            service: the name of the Service, for the message.
            now: the present.
        """
        by_key = {condition.key: condition for condition in found}
        self._seen = {key: self._seen.get(key, now) for key in by_key}
        gone = [
            key
            for key, notice in told.items()
            if notice.is_open and key not in by_key and notice.code not in unknown
        ]
        self._missed = {key: self._missed.get(key, now) for key in gone}
        return (
            *(
                _begun(key, condition, service, now)
                for key, condition in by_key.items()
                if now - self._seen[key] >= SETTLING and _may_tell(told.get(key), now)
            ),
            *(
                _over(key, told[key], service)
                for key in gone
                if now - self._missed[key] >= SETTLING
            ),
        )


def kept(told: Mapping[str, Notice], now: dt.datetime) -> dict[str, Notice]:
    """Return what must still be known: what is open, and what was told within the day."""
    return {
        key: notice
        for key, notice in told.items()
        if notice.is_open or now - notice.told_at < TOLD_AGAIN_AFTER
    }


def _may_tell(notice: Notice | None, now: dt.datetime) -> bool:
    # A time ahead was left by a clock that was put back.
    return notice is None or not dt.timedelta() <= now - notice.told_at < TOLD_AGAIN_AFTER


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
