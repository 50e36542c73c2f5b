"""The v2 endpoint for notifications, as strict as the platform: what it lacks is refused.

Source: TcEx 5, `api/tc/v2/notification`: the body it sends, and that unknown users give a 400.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from tests.simulators.https import Request
from tests.simulators.threatconnect.auth import ApiError

PRIORITIES = ('Low', 'Medium', 'High')
_MEMBERS = {'notificationType', 'priority', 'isOrganization', 'message', 'recipients'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One that was taken."""

    kind: str
    priority: str
    recipients: tuple[str, ...]
    """Users; empty where it is for the Organization."""
    message: str


def read_notification(request: Request, people: Collection[str]) -> Notification:
    """Return what a request asks to be sent.

    Raises:
        ApiError: something is missing, or a recipient is no user.
    """
    try:
        body = json.loads(request.body)
    except ValueError:
        raise ApiError(400, 'The body is no JSON') from None
    if not isinstance(body, dict) or not body.keys() <= _MEMBERS:
        raise ApiError(400, 'Unknown members in the body')
    kind, message = body.get('notificationType'), body.get('message')
    if not (isinstance(kind, str) and kind and isinstance(message, str) and message):
        raise ApiError(400, 'notificationType and message are required')
    if body.get('priority') not in PRIORITIES:
        raise ApiError(400, f'priority is one of {", ".join(PRIORITIES)}')
    if not isinstance(body.get('isOrganization'), bool):
        raise ApiError(400, 'isOrganization is required')
    named = body.get('recipients')
    if body['isOrganization'] == (named is not None):
        raise ApiError(400, 'Either isOrganization or recipients')
    recipients = tuple(name.strip() for name in str(named or '').split(',') if name.strip())
    if not body['isOrganization'] and not recipients:
        raise ApiError(400, 'recipients is empty')
    if unknown := [name for name in recipients if name not in people]:
        raise ApiError(400, f'Unknown users: {", ".join(unknown)}')
    return Notification(
        kind=kind, priority=body['priority'], recipients=recipients, message=message
    )
