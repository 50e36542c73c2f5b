"""ThreatConnect notifications through the framework's own v2 client."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import requests

from sentinel_app.core.error_text import one_line
from sentinel_app.errors import NotificationError

NOTIFICATION_TYPE: Final = 'Microsoft Sentinel'


class FrameworkNotification(Protocol):
    """The used part of the framework's notification. Source: TcEx 5, `api/tc/v2/notification`."""

    def recipients(self, notification_type: str, recipients: str, priority: str = 'Low') -> None:
        """Address it to users."""
        ...

    def org(self, notification_type: str, priority: str = 'Low') -> None:
        """Address it to the Organization of the API user."""
        ...

    def send(self, message: str) -> Any:
        """Send it; return the JSON of the response, also if ThreatConnect refused it with 400."""
        ...


class Notifications:
    """Sends notifications to one recipient at a time, so that a refused one does not affect others.

    Args:
        new: creates one of the framework's notifications.
    """

    def __init__(self, new: Callable[[], FrameworkNotification]) -> None:
        self._new = new

    def to_user(self, user: str, message: str, *, priority: str) -> None:
        """Notify a user.

        Raises:
            NotificationError: ThreatConnect did not take it.
        """
        notification = self._new()
        notification.recipients(NOTIFICATION_TYPE, user, priority)
        _send(notification, message)

    def to_organization(self, message: str, *, priority: str) -> None:
        """Notify the Organization of the API user.

        Raises:
            NotificationError: ThreatConnect did not take it.
        """
        notification = self._new()
        notification.org(NOTIFICATION_TYPE, priority)
        _send(notification, message)


def _send(notification: FrameworkNotification, message: str) -> None:
    try:
        answer = notification.send(message)
    except (requests.RequestException, RuntimeError, ValueError) as error:
        # The framework raises RuntimeError for unexpected statuses.
        raise NotificationError(
            'ThreatConnect did not take a notification.', reason=one_line(str(error))
        ) from None
    if not isinstance(answer, Mapping) or answer.get('status') != 'Success':
        said = answer.get('message') if isinstance(answer, Mapping) else None
        raise NotificationError(
            'ThreatConnect refused a notification. Check the names in the Notify input.',
            reason=one_line(said if isinstance(said, str) else json.dumps(answer)),
        )
