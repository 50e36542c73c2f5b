"""The background thread that tells people of conditions outside the page."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Collection
from typing import Final, Protocol

from sentinel_app.core.clock import Clock
from sentinel_app.core.condition import Condition, ConditionCode
from sentinel_app.core.notice import Announcement, Attention, kept
from sentinel_app.core.recipient import Recipients
from sentinel_app.errors import NotificationError, StorageError
from sentinel_app.log import EventLog
from sentinel_app.storage.app_state.store import AppState

LOOK_S: Final = 15.0
REST: Final = dt.timedelta(minutes=5)
"""How long a notification that nobody got waits before it is tried again."""

_log = EventLog(__name__)


class HealthSource(Protocol):
    """What there is to tell."""

    def conditions(self) -> tuple[Condition, ...]:
        """Return the problems there are."""
        ...

    def unknown(self) -> Collection[ConditionCode]:
        """Return those of which nobody knows yet whether they are there."""
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
    """Tells each condition once a day at most, and that it is over; never stops anything.

    Args:
        health: what there is to tell.
        sender: notifies people.
        recipients: whom.
        service: the name of the Service, for the messages.
        app_state: keeps what was told.
        clock: the present, and waiting.
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
        self._attention = Attention()
        self._rests: dict[str, dt.datetime] = {}
        self._thread = threading.Thread(target=self._run, name='notifier', daemon=True)
        self.sent = 0
        """Notifications that ThreatConnect took, since the start of the Service."""
        self.failed = 0
        """Those that it did not."""

    def start(self) -> None:
        """Start the thread, where there is anybody to be told."""
        if self._recipients:
            self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end of the thread; False if it still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def look(self) -> None:
        """Tell what is to be told now.

        Raises:
            StorageError: what was told could not be stored.
        """
        now, told = self._clock.now(), self._app_state.notices()
        due = self._attention.announcements(
            self._health.conditions(),
            told,
            unknown=self._health.unknown(),
            service=self._service,
            now=now,
        )
        changed = dict(told)
        for announcement in due:
            rests_until = self._rests.get(announcement.key)
            if self._stop.is_set() or (rests_until is not None and now < rests_until):
                continue
            if self._tell(announcement):
                changed[announcement.key] = announcement.notice
                self._rests.pop(announcement.key, None)
            else:
                self._rests[announcement.key] = now + REST
        changed = kept(changed, now)
        if changed != told:
            self._app_state.store_notices(changed)

    def _run(self) -> None:
        while not self._clock.wait(self._stop, LOOK_S):
            try:
                self.look()
            except StorageError as error:
                _log.error('notice-not-stored', code=error.code, reason=error.message)
            except Exception as error:  # noqa: BLE001 - what tells of problems must be none
                _log.exception('notifier-failed', error)

    def _tell(self, announcement: Announcement) -> bool:
        """Tell everybody; return whether anybody was reached."""
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
