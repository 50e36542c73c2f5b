"""Mends how the framework's service talks to the platform's message broker.

A message that is no JSON object makes it deaf, a broker that went away is looked for too seldom,
and an answer that is ready meanwhile is lost. As in `service.py`, methods of one object are
replaced, and the framework's classes stay as they are.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any, Final

from sentinel_app.log import EventLog
from sentinel_app.platform.service_guard import Service

LONGEST_RECONNECT_S: Final = 10
"""How seldom a broker that went away is looked for, at most."""

KEPT_ANSWERS: Final = 200

PLATFORM_BACK_S: Final = 3.0
"""How long after the connection the platform listens again: it lost its own at the same time."""

_log = EventLog(__name__)


def keep_listening(service: Service) -> None:
    """Keep a message that cannot be read from making the App deaf.

    An exception in this method ends the thread that all messages come through.
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
    """The message without what the framework trips over before it looks whether it is a request.

    That is a `triggerId` that is no number, which means nothing to an API service anyway, and a
    command that is no text.
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
    """Look every few seconds for a broker that went away.

    The framework waits for 15 s at first and for up to 15 minutes, while the platform's heartbeats
    are missed after 20 s. To be called once the service listens: the client connects when it is
    first asked for.
    """
    service.message_broker.client.reconnect_delay_set(min_delay=1, max_delay=LONGEST_RECONNECT_S)


def keep_answers(service: Service, platform_back_s: float = PLATFORM_BACK_S) -> None:
    """Keep the answers that are ready while the broker is away, and send them when it is back.

    Not at once: the broker passes a message on to those who listen at that moment, and forgets it.
    Nothing else is kept: a heartbeat of that time means nothing later.

    Args:
        service: the framework's.
        platform_back_s: seconds between the new connection and the answers.
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
            # Kept again if the broker has gone away once more.
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
