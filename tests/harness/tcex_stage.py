"""The real TcEx framework in this process, its broker a recorder and its store in memory."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.harness.waiting import PATIENCE_S, until

with warnings.catch_warnings():
    # TcEx 5.0.0 uses a spelling that pydantic 2.12 calls deprecated, when it is imported.
    warnings.simplefilter('ignore', DeprecationWarning)
    from tcex import TcEx
    from tcex.app.key_value_store.key_value_mock import KeyValueMock
    from tcex.input.field_type.sensitive import Sensitive, filter_sensitive
    from tcex.logger.trace_logger import TraceLogger
    from tcex.registry import registry
    from tcex.requests_tc.auth.hmac_auth import HmacAuth

__all__ = ['HmacAuth', 'KeyValueMock', 'Sensitive', 'TcEx', 'TraceLogger', 'filter_sensitive']

# Deep within a test, a line of the framework takes a hundredth of a second to find its caller.
frameworks_find_caller = TraceLogger.findCaller
TraceLogger.findCaller = logging.Logger.findCaller
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Broker:
    """What the App published, and what the App is sent."""

    def __init__(self, service: Any) -> None:
        self.published: list[dict[str, Any]] = []
        self.topics: list[str] = []
        self.disconnected = False
        self.is_connected = True
        self._service = service
        self._arrived = threading.Condition()
        broker = service.message_broker
        broker.publish = self.publish
        # The MQTT client, which `listen` registers callbacks with and a shutdown disconnects.
        client = SimpleNamespace(
            subscribe=lambda _topic: None,
            unsubscribe=lambda _topic: None,
            disable_logger=lambda: None,
            disconnect=self.disconnect,
            is_connected=lambda: self.is_connected,
            reconnect_delay_set=lambda **_delays: None,
        )
        broker.__dict__['client'] = client
        self.client = client

    def publish(self, message: str, topic: str) -> None:
        with self._arrived:
            self.published.append(json.loads(message))
            self.topics.append(topic)
            self._arrived.notify_all()

    def disconnect(self) -> None:
        self.disconnected = True

    def send(self, payload: object) -> None:
        """Deliver a message as the MQTT thread does; raises what would end that thread."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.client.on_message(None, None, SimpleNamespace(payload=raw, topic='to-app'))

    def answers(self, key: str) -> list[dict[str, Any]]:
        return [message for message in self.published if message.get('requestKey') == key]

    def wait_for(self, key: str, timeout_s: float = PATIENCE_S) -> dict[str, Any] | None:
        """The answer to a request; None if there is none in time."""
        with self._arrived:
            self._arrived.wait_for(lambda: bool(self.answers(key)), timeout_s)
        return next(iter(self.answers(key)), None)

    def commands(self, name: str) -> list[dict[str, Any]]:
        return [message for message in self.published if message['command'] == name]


def inputs(folder: Path, **changes: object) -> dict[str, object]:
    """The platform's own inputs, as text."""
    for name in ('in', 'out', 'log', 'tmp'):
        (folder / name).mkdir(exist_ok=True)
    return {
        'tc_api_path': 'https://127.0.0.1:9/api',
        'tc_in_path': str(folder / 'in'),
        'tc_out_path': str(folder / 'out'),
        'tc_log_path': str(folder / 'log'),
        'tc_temp_path': str(folder / 'tmp'),
        'tc_log_level': 'info',
        'tc_kvstore_type': 'Mock',
        'tc_svc_broker_host': '127.0.0.1',
        'tc_svc_broker_port': '9',
        'tc_svc_client_topic': 'from-app',
        'tc_svc_server_topic': 'to-app',
        'tc_svc_hb_timeout_seconds': '20',
        **changes,
    }


@contextlib.contextmanager
def framework(config: dict[str, object]) -> Iterator[TcEx]:
    """TcEx as it is in the App, and this process afterwards as it was before."""
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    logger, ours = logging.getLogger('tcex'), logging.getLogger('sentinel_app')
    before = (logger.handlers[:], ours.handlers[:], ours.level, ours.propagate)
    folder, variable = tempfile.tempdir, os.environ.get('TMPDIR')
    excepthook = threading.excepthook
    threads = set(threading.enumerate())
    registry._reset()
    # Texts that an earlier framework was told to mask would be masked here, too.
    with filter_sensitive._lock:
        filter_sensitive._sensitive_registry.clear()
    KeyValueMock.data.clear()
    try:
        yield TcEx(config=config)
    finally:
        with contextlib.suppress(RuntimeError, AttributeError):
            registry.app.token.shutdown = True
        added = [handler for handler in logger.handlers if handler not in before[0]]
        logger.handlers[:], ours.handlers[:] = before[0], before[1]
        # A thread in the middle of a line would open a closed file again; one that sleeps does not.
        for thread in set(threading.enumerate()) - threads:
            # One that is just being started is listed before it can be joined.
            until(partial(_is_started, thread), 'a thread does not start')
            thread.join(0.1)
        for handler in added:
            handler.close()
        ours.setLevel(before[2])
        ours.propagate = before[3]
        tempfile.tempdir = folder
        if variable is None:
            os.environ.pop('TMPDIR', None)
        else:
            os.environ['TMPDIR'] = variable
        threading.excepthook = excepthook
        registry._reset()
        for number, previous in handlers.items():
            signal.signal(number, previous)


def run_service(path: str = '/echo', **changes: object) -> dict[str, Any]:
    """A RunService message as the platform composes it."""
    message = {
        'command': 'RunService',
        'appId': 412,
        'apiToken': f'SVC:5:{uuid.uuid4().hex}',
        'expireSeconds': int(time.time()) + 3600,
        'requestKey': str(uuid.uuid4()),
        'method': 'GET',
        'path': path,
        'queryParams': [],
        'headers': [{'name': 'Host', 'value': 'tc.example.com'}],
        'remoteAddress': '198.51.100.7',
        'requestUrl': 'https://tc.example.com/api/services/ms_sentinel/echo',
        'userConfig': [],
    }
    message.update(changes)
    return message


def _is_started(thread: threading.Thread) -> bool:
    return thread.ident is not None


def body_of(key: str) -> bytes | None:
    """The body that the App stored for a request."""
    body: bytes | None = KeyValueMock.data.get(key, {}).get('response.body')
    return body


def store_body(message: dict[str, Any], body: bytes) -> dict[str, Any]:
    """Store a request's body as the platform does, and name it in the message."""
    KeyValueMock.data.setdefault(message['requestKey'], {})['request.body'] = body
    return {**message, 'bodyVariable': 'request.body'}
