"""Fixes for the framework's connection to the platform's message broker.

A message that is not a JSON object ends its listening thread, it reconnects too slowly, and replies
that are ready meanwhile are lost. As in `service_guard.py`, methods of one object are replaced, and
the framework's classes are unchanged.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any, Final

from sentinel_app.log import EventLog
from sentinel_app.platform.service_guard import Service

LONGEST_RECONNECT_S: Final = 10
"""Maximum seconds between attempts to reconnect to the broker."""

KEPT_ANSWERS: Final = 200

PLATFORM_BACK_S: Final = 3.0
"""Seconds after reconnecting until the platform, which lost its connection too, listens again."""

_log = EventLog(__name__)


def keep_listening(service: Service) -> None:
    """Keep unreadable messages from ending the thread that receives all messages.

    Any exception in the framework's method would end it.
    """
    broker = service.message_broker
    read = broker.on_message

    def guarded(client: object, userdata: object, message: Any) -> None:
        try:
            message.payload = _readable(message.payload)
            read(client, userdata, message)
        except Exception as error:  # noqa: BLE001 - see above
            size = len(getattr(message, 'payload', b'') or b'')
            _log.warning('message-unreadable', size_bytes=size, error=type(error).__name__)

    broker.on_message = guarded


def _readable(payload: bytes) -> bytes:
    """Return the message without members that the framework fails on before it checks its kind.

    These are a `triggerId` that is not a number, which an API service does not use anyway, and a
    command that is not text.
    """
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    if not isinstance(message, dict):
        return payload
    is_named = isinstance(message.get('command'), str)
    if is_named and 'triggerId' not in message:
        return payload
    message.pop('triggerId', None)
    return json.dumps(message if is_named else {**message, 'command': 'none'}).encode()


def reconnect_soon(service: Service) -> None:
    """Reconnect to a lost broker every few seconds.

    The framework waits 15 s at first and up to 15 minutes, while missed heartbeats end the Service
    after 20 s. Call this once the service listens, as the client connects on first access.
    """
    service.message_broker.client.reconnect_delay_set(min_delay=1, max_delay=LONGEST_RECONNECT_S)


def keep_answers(service: Service, platform_back_s: float = PLATFORM_BACK_S) -> None:
    """Keep replies that are ready while the broker is away, and send them when it is back.

    They are sent with a delay, as the broker only delivers to current listeners. Nothing else is
    kept: an old heartbeat is meaningless.

    Args:
        service: the framework's service.
        platform_back_s: seconds between reconnecting and sending.
    """
    broker = service.message_broker
    publish = broker.publish
    kept: deque[tuple[str, str]] = deque(maxlen=KEPT_ANSWERS)
    lock = threading.Lock()

    def guarded(message: str, topic: str) -> None:
        with lock:
            if not broker.client.is_connected():
                if '"RunService"' in message:
                    kept.append((message, topic))
                return
        publish(message, topic)

    def send_kept() -> None:
        with lock:
            waiting = [*kept]
            kept.clear()
        for message, topic in waiting:
            # Kept again if the broker is away once more.
            guarded(message, topic)
        if waiting:
            _log.info('replies-sent-late', count=len(waiting))

    def send_soon(*_arguments: object) -> None:
        if kept:
            timer = threading.Timer(platform_back_s, send_kept)
            timer.daemon = True
            timer.start()

    broker.publish = guarded
    broker.add_on_connect_callback(send_soon)
