"""When people are told of a condition, and how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from sentinel_app.core.condition import Condition, ConditionCode, Link, Screen, Severity
from sentinel_app.core.notice import LONGEST_MESSAGE, Announcement, Notice, NoticeTracker, kept
from sentinel_app.core.recipient import Recipients, read_recipients
from tests.harness.clocks import NOON

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)


def condition(code: ConditionCode = ConditionCode.JOB_FAILED, **members: str) -> Condition:
    return Condition(
        code=code,
        severity=Severity.WARNING if code is ConditionCode.DISK_LOW else Severity.ERROR,
        title=members.get('title', 'The last Job of query 1 failed'),
        detail='It broke.',
        remedy='Mend it.',
        link=Link(screen=Screen.JOBS),
    )


class People:
    """Are told what is to be told, and so know it."""

    def __init__(self) -> None:
        self.attention = NoticeTracker()
        self.told: dict[str, Notice] = {}

    def restart(self) -> None:
        self.attention = NoticeTracker()

    def at(
        self,
        minutes: float,
        *found: Condition,
        unknown: Sequence[ConditionCode] = (),
    ) -> list[Announcement]:
        now = NOON + minutes * MINUTE
        due = self.attention.announcements(
            found, self.told, unknown=unknown, service='Prod', now=now
        )
        self.told = kept(self.told | {each.key: each.notice for each in due}, now)
        return list(due)


@pytest.fixture
def people() -> People:
    return People()


def test_lasting_condition_is_notified_once_with_its_remedy(people: People) -> None:
    assert people.at(0, condition()) == []
    (told,) = people.at(2, condition())
    assert told.message == (
        'Microsoft Sentinel (Prod): The last Job of query 1 failed. It broke. Mend it.'
    )
    assert told.priority == 'High'
    for minutes in (3, 60, 23 * 60):
        assert people.at(minutes, condition()) == []


def test_blip_is_not_notified(people: People) -> None:
    assert people.at(0, condition()) == []
    assert people.at(1) == []
    assert people.at(2, condition()) == []
    assert people.at(3) == []
    assert people.at(10) == []


def test_recovery_is_notified_once_after_it_has_settled(people: People) -> None:
    people.at(0, condition())
    people.at(2, condition())
    assert people.at(10) == []
    assert people.at(11, condition()) == []
    assert people.at(12) == []
    (told,) = people.at(14)
    assert told.message == 'Microsoft Sentinel (Prod): Resolved: The last Job of query 1 failed.'
    assert told.priority == 'Low'
    assert people.at(16) == []


def test_condition_that_returns_within_the_day_is_notified_the_next_day(people: People) -> None:
    people.at(0, condition())
    people.at(2, condition())
    people.at(10)
    people.at(12)
    assert people.at(60, condition()) == []
    assert people.at(70, condition()) == []
    assert len(people.at(24 * 60 + 2, condition())) == 1


def test_condition_that_lasts_is_notified_again_each_day(people: People) -> None:
    people.at(0, condition())
    times = [m for m in range(1, 3 * 24 * 60) if people.at(m, condition())]
    assert times == [2, 2 + 24 * 60, 2 + 48 * 60]


def test_restart_repeats_no_notification(people: People) -> None:
    people.at(0, condition())
    people.at(2, condition())
    people.restart()
    assert people.at(5, condition()) == []
    assert people.at(60, condition()) == []


def test_condition_unknown_after_a_restart_is_not_over(people: People) -> None:
    people.at(0, condition())
    people.at(2, condition())
    people.restart()
    unknown = [ConditionCode.JOB_FAILED]
    assert people.at(5, unknown=unknown) == []
    assert people.at(60, unknown=unknown) == []
    people.at(61)
    assert len(people.at(63)) == 1


def test_conditions_are_notified_separately(people: People) -> None:
    found = (condition(), condition(ConditionCode.DISK_LOW, title='Low disk space'))
    people.at(0, *found)
    told = people.at(2, *found)
    assert [each.priority for each in told] == ['High', 'Medium']


def test_time_in_the_future_after_a_clock_change_suppresses_no_notification(people: People) -> None:
    notice = Notice(code=ConditionCode.JOB_FAILED, title='x', told_at=NOON + 1000 * HOUR)
    people.told = {condition().key: notice}
    people.at(0, condition())
    assert len(people.at(2, condition())) == 1


def test_message_is_never_too_long(people: People) -> None:
    long = condition(title='x' * 5_000)
    people.at(0, long)
    (told,) = people.at(2, long)
    assert len(told.message) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    ('entries', 'users', 'is_organization'),
    [
        ([], (), False),
        (['jdoe'], ('jdoe',), False),
        (['jdoe', 'asmith', 'jdoe'], ('jdoe', 'asmith'), False),
        (['Organization'], (), True),
        (['jdoe', 'organization'], ('jdoe',), True),
    ],
)
def test_recipients_are_users_and_the_word_organization(
    entries: list[str], users: tuple[str, ...], is_organization: bool
) -> None:
    found = read_recipients(entries)
    assert found == Recipients(users=users, is_organization=is_organization)
    assert bool(found) is bool(entries)
