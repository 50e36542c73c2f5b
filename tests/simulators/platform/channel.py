"""The platform's end of the wire to one App: MQTT for commands, Redis for bodies."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, wait
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.simulators.platform.broker import HOST

_CONNECT_TIMEOUT_S = 10.0

Message = dict[str, Any]


class NoAnswerError(Exception):
    """The App did not answer a request: in time, or ever, as its process has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an App answered to one `RunService` message."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    """Repeated names stay repeated."""
    body: bytes | None
    """`None` where the App wrote no body to the key-value store."""


class Channel:
    """Publishes commands to an App and hears what it publishes."""

    def __init__(
        self,
        *,
        broker_port: int,
        kvstore_port: int,
        server_topic: str,
        client_topic: str,
        on_message: Callable[[Message], None],
    ) -> None:
        """Prepare a channel; `connect` opens it.

        Args:
            server_topic: platform to App.
            client_topic: App to platform.
            on_message: called in a thread of the channel with every message from the App but
                the answers to requests.
        """
        self._broker_port = broker_port
        self._server_topic = server_topic
        self._client_topic = client_topic
        self._on_message = on_message
        self._lock = threading.Lock()
        self._pending: dict[str, Future[Message]] = {}
        self._subscribed = threading.Event()
        self._bodies = redis.Redis(host=HOST, port=kvstore_port, db=0)
        self._mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id='', clean_session=True)
        self._mqtt.on_connect = lambda client, *_rest: client.subscribe(client_topic)
        self._mqtt.on_subscribe = lambda *_arguments: self._subscribed.set()
        self._mqtt.on_message = lambda _client, _data, message: self._hear(message.payload)
        self._mqtt.reconnect_delay_set(min_delay=1, max_delay=2)

    def connect(self) -> None:
        """Return when everything the App publishes from now on will be heard."""
        self._mqtt.connect(HOST, self._broker_port, keepalive=60)
        self._mqtt.loop_start()
        if not self._subscribed.wait(_CONNECT_TIMEOUT_S):
            raise RuntimeError('the message broker did not confirm the subscription')

    @property
    def is_connected(self) -> bool:
        """Whether `connect` has done its work."""
        return self._subscribed.is_set()

    def close(self) -> None:
        """Close both connections; whoever waits for an answer gets `NoAnswerError`."""
        self.fail_pending('the platform stops')
        self._mqtt.disconnect()
        self._mqtt.loop_stop()
        self._bodies.close()

    def publish(self, message: Message | str) -> None:
        """Send a command; a `str` goes out as it is, well-formed or not."""
        text = message if isinstance(message, str) else json.dumps(message)
        self._mqtt.publish(self._server_topic, text)

    def request(self, message: Message, body: bytes, *, timeout_s: float) -> Answer:
        """Send one `RunService` message, wait for its answer and clear up behind it.

        Args:
            message: the fields of the request; `command` and `requestKey` are added.
            body: what goes to the key-value store; nothing goes there when empty.

        Raises:
            NoAnswerError: there was no answer in time, or the App's process ended, or the body
                found no key-value store.
        """
        key = str(uuid.uuid4())
        future: Future[Message] = Future()
        with self._lock:
            self._pending[key] = future
        try:
            if body:
                self._bodies.hset(key, 'request.body', body)
            self.publish({'command': 'RunService', 'requestKey': key, **message})
            reply = future.result(timeout_s)
            return Answer(
                status=int(reply['statusCode']),
                reason=str(reply['status']),
                headers=tuple(
                    (str(header['name']), str(header['value'])) for header in reply['headers']
                ),
                body=self._body(key, reply['bodyVariable']),
            )
        except FutureTimeoutError:
            raise NoAnswerError(f'the App did not answer within {timeout_s:g} s') from None
        except redis.ConnectionError:
            raise NoAnswerError('the key-value store is away') from None
        finally:
            with self._lock:
                self._pending.pop(key, None)
            # The App neither deletes the hash nor lets it expire: that is the platform's task.
            with suppress(redis.ConnectionError):
                self._bodies.delete(key)

    def _body(self, key: str, name: str) -> bytes | None:
        """Read an answer's body; `None` where there is none, or nothing to read it from."""
        try:
            body = self._bodies.hget(key, name)
        except redis.ConnectionError:
            return None
        return body.encode() if isinstance(body, str) else body

    def stored_keys(self) -> list[bytes | str]:
        """List what lies in the key-value store; empty while no request is under way."""
        return list(self._bodies.keys())

    def fail_pending(self, reason: str, *, grace_s: float = 0.0) -> None:
        """Make every request under way end with `NoAnswerError`.

        Args:
            reason: why there is no answer.
            grace_s: wait that long for answers that are on their way through the broker.
        """
        with self._lock:
            awaited = tuple(self._pending.values())
        if grace_s:
            wait(awaited, grace_s)
        with self._lock:
            pending, self._pending = self._pending, {}
        for future in pending.values():
            with suppress(Exception):  # answered at this very moment
                future.set_exception(NoAnswerError(reason))

    def _hear(self, payload: bytes) -> None:
        message = json.loads(payload)
        if message.get('command') == 'Acknowledged' and message.get('type') == 'RunService':
            with self._lock:
                # Popped: of two answers to one request the first counts, as on the platform.
                future = self._pending.pop(message['requestKey'], None)
            if future is not None:
                future.set_result(message)
            return
        self._on_message(message)
