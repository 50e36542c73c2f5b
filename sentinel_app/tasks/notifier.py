"""The background thread that notifies people of conditions outside the page."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection
from typing import Final, Protocol

from sentinel_app.core.clock import Clock
from sentinel_app.core.condition import Condition, ConditionCode
from sentinel_app.core.notice import Announcement, NoticeTracker, kept
from sentinel_app.core.recipient import Recipients
from sentinel_app.core.schedule import is_period_over
from sentinel_app.errors import NotificationError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.tasks.worker import Worker

PERIOD_S: Final = 15.0
"""Seconds from one check of the conditions to the next."""
REST: Final = dt.timedelta(minutes=5)
"""Wait of a notification that nobody got, until it is tried again."""

_log = EventLog(__name__)


class HealthSource(Protocol):
    """What people are notified of."""

    def conditions(self) -> tuple[Condition, ...]:
        """Return the problems there are."""
        ...

    def unknown(self) -> Collection[ConditionCode]:
        """Return the conditions that may be there though it is not known yet."""
        ...


class Sender(Protocol):
    """What notifies people."""

    def to_user(self, user: str, message: str, *, priority: str) -> None:
        """Notify a user."""
        ...

    def to_organization(self, message: str, *, priority: str) -> None:
        """Notify the Organization of the API user."""
        ...


class Notifier:
    """Notifies people of each condition once a day at most, and that it is over.

    Args:
        health: knows the conditions.
        sender: notifies people.
        recipients: who is notified.
        service: the name of the Service, for the messages.
        app_state: stores which notifications were sent.
        clock: the present.
        stop: ends the thread.
    """

    def __init__(
        self,
        *,
        health: HealthSource,
        sender: Sender,
        recipients: Recipients,
        service: str,
        app_state: AppState,
        clock: Clock,
        stop: threading.Event,
    ) -> None:
        self._health = health
        self._sender = sender
        self._recipients = recipients
        self._service = service
        self._app_state = app_state
        self._clock = clock
        self._stop = stop
        self._attention = NoticeTracker()
        self._rests: dict[str, dt.datetime] = {}
        self._wakeup = Wakeup()
        self._triggered_at = clock.monotonic()
        self.worker = Worker(
            name='notifier',
            step=self._notify,
            stop=stop,
            wakeup=self._wakeup,
            clock=clock,
            # Its failures are logged; as conditions they would be announced by what fails.
            on_error=lambda _: None,
        )
        self.sent = 0
        """Notifications that ThreatConnect took, since the start of the Service."""
        self.failed = 0
        """Those that it did not."""

    def trigger_due(self) -> None:
        """Trigger the check of the conditions if its period is over; call it every second."""
        now = self._clock.monotonic()
        if is_period_over(self._triggered_at, PERIOD_S, now):
            self.trigger()

    def trigger(self) -> None:
        """Wake the thread to check the conditions now, or to end."""
        self._triggered_at = self._clock.monotonic()
        self._wakeup.notify()

    def _notify(self) -> bool:
        """Send what is due; the thread has nothing more to do then.

        Raises:
            StorageError: what was sent could not be stored.
        """
        now, stored = self._clock.now(), self._app_state.notices()
        due = self._attention.announcements(
            self._health.conditions(),
            stored,
            unknown=self._health.unknown(),
            service=self._service,
            now=now,
        )
        changed = dict(stored)
        for announcement in due:
            rests_until = self._rests.get(announcement.key)
            if self._stop.is_set() or (rests_until is not None and now < rests_until):
                continue
            if self._announce(announcement):
                changed[announcement.key] = announcement.notice
                self._rests.pop(announcement.key, None)
            else:
                self._rests[announcement.key] = now + REST
        changed = kept(changed, now)
        if changed != stored:
            self._app_state.store_notices(changed)
        return False

    def _announce(self, announcement: Announcement) -> bool:
        """Notify all recipients; return whether any of them was reached."""
        message, priority = announcement.message, str(announcement.priority)
        calls: list[tuple[str, Callable[[], None]]] = [
            (user, lambda user=user: self._sender.to_user(user, message, priority=priority))  # type: ignore[misc]
            for user in self._recipients.users
        ]
        if self._recipients.is_organization:
            calls.append(
                ('organization', lambda: self._sender.to_organization(message, priority=priority))
            )
        return sum([self._try(name, announcement, call) for name, call in calls]) > 0

    def _try(self, name: str, announcement: Announcement, call: Callable[[], None]) -> bool:
        condition = announcement.notice.code
        try:
            call()
        except NotificationError as error:
            self.failed += 1
            _log.warning(
                'notification-failed',
                recipient=name,
                condition=condition,
                code=error.code,
                reason=error.reason or error.message,
            )
            return False
        self.sent += 1
        _log.info(
            'notification-sent',
            recipient=name,
            condition=condition,
            is_over=not announcement.notice.is_open,
        )
        return True
