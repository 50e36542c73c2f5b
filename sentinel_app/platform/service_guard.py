"""Fixes for the platform's service object in the handling of requests, tokens and replies.

The framework drops a request without a reply if its message lacks a field, and replies 30 s late
and without a body if its store fails. Each function here replaces methods of one object with
guarded ones and says why; nothing of the framework is imported, and its classes are unchanged.
`broker_guard.py` does the same for the connection to the broker.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

from sentinel_app.log import EventLog
from sentinel_app.network.exchange import restrain
from sentinel_app.platform.message import Message, lack, secrets_of, usable
from sentinel_app.platform.reply_header import PROTECTION
from sentinel_app.platform.request_limits import Fault, shown
from sentinel_app.platform.wsgi_bridge import Bridge, Environ, Headers, StartResponse, error_body

MISSED_HEARTBEAT: Final = 'Missed heartbeat commands.'
_KEPT_TOKENS: Final = 200

Protect = Callable[[Iterable[str], str], None]
"""Masks values from now on wherever they are echoed; the second argument is their kind."""

_log = EventLog(__name__)


class Service(Protocol):
    """The used part of the framework's API service, whose attributes are untyped."""

    message_broker: Any
    key_value_store: Any
    token: Any
    logger: Any
    tc_svc_client_topic: str
    on_message_handler: Any
    process_heartbeat_command: Any
    process_invalid_command: Any
    process_logging_change_command: Any
    process_run_service_command: Any
    process_run_service_response: Any
    process_shutdown_command: Any
    service_thread: Any

    def add_metric(self, label: str, value: int | str) -> None:
        """Report a figure in the reply to every heartbeat."""
        ...


class OpenRequests:
    """Tracks requests without a reply."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._is_terminating = False
        self._changed = threading.Condition()

    def add(self, key: str) -> bool:
        """Add a request; return False if no more are accepted."""
        with self._changed:
            if not self._is_terminating:
                self._keys.add(key)
            return not self._is_terminating

    def refuse_more(self) -> None:
        """Accept no more requests."""
        with self._changed:
            self._is_terminating = True

    def remove(self, key: str) -> None:
        """Remove a request whose reply was published, or that gets none."""
        with self._changed:
            self._keys.discard(key)
            self._changed.notify_all()

    def wait_until_none(self, timeout_s: float) -> bool:
        """Wait until every request has its reply; return False after `timeout_s` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._keys, timeout=max(0.0, timeout_s))

    def abandon(self) -> frozenset[str]:
        """Stop waiting, and return the keys of the requests without a reply."""
        with self._changed:
            keys, self._keys = frozenset(self._keys), set()
            return keys


def answer_every_request(
    service: Service, forget_token: Callable[[str], None], protect: Protect
) -> OpenRequests:
    """Ensure a reply to every request, and keep its headers out of the log.

    Args:
        service: the framework's service.
        forget_token: removes a token from the framework's list of texts to mask. The list grows by
            each request's token and slows down every later log line.
        protect: masks the secrets of each request.

    Returns:
        The requests in progress.
    """
    requests = OpenRequests()
    process = service.process_run_service_command
    respond = service.process_run_service_response
    tokens: deque[str] = deque()

    def guarded(message: Message) -> None:
        key = message.get('requestKey')
        if not isinstance(key, str) or not key:
            _log.warning('request-without-key', fields=shown(sorted(message)))
            return
        whole = usable(message)
        if isinstance(whole, Fault):
            _refuse_malformed(service, key, whole)
            return
        if not requests.add(key):
            _refuse_at_the_end(service, key)
            return
        tokens.append(whole['apiToken'])
        protect([whole['apiToken']], 'request-token')
        protect(secrets_of(whole), 'request')
        try:
            process(whole)
        except Exception as error:  # noqa: BLE001 - the caller waits until its own time-out
            _log.exception('request-failed', error, request_key=shown(key), code='APP-INTERNAL')
            requests.remove(key)
            text = 'The App could not answer. Its log says why, under the same code.'
            _answer_error(service, key, HTTPStatus.INTERNAL_SERVER_ERROR, text, 'APP-INTERNAL')
        finally:
            while len(tokens) > _KEPT_TOKENS:
                forget_token(tokens.popleft())

    def responded(*args: Any, **kwargs: Any) -> None:
        try:
            respond(*args, **kwargs)
        finally:
            requests.remove(str(kwargs.get('request_key')))

    invalid = service.process_invalid_command

    def unknown(message: Message) -> None:
        key = message.get('requestKey')
        if isinstance(key, str) and key:
            _refuse_malformed(service, key, lack('command'))
            return
        invalid(message)

    service.process_run_service_command = guarded
    service.process_run_service_response = responded
    service.process_invalid_command = unknown
    _use_a_thread_each(service)
    return requests


def end_requests(service: Service, requests: OpenRequests, timeout_s: float) -> None:
    """Wait some time for open requests, and answer the rest that the Service is stopping."""
    if requests.wait_until_none(timeout_s):
        return
    for key in requests.abandon():
        _refuse_at_the_end(service, key)


def _refuse_malformed(service: Service, key: str, fault: Fault) -> None:
    code, words = 'APP-REQUEST', fault.description
    _log.warning('request-malformed', request_key=shown(key), fault=words, code=code)
    _answer_error(service, key, fault.status, words, code)


def _refuse_at_the_end(service: Service, key: str) -> None:
    code = 'APP-STOPPING'
    _log.warning('request-refused-at-the-end', request_key=shown(key), code=code)
    _answer_error(
        service,
        key,
        HTTPStatus.SERVICE_UNAVAILABLE,
        'The Service is being stopped. Try again when it runs again.',
        code,
    )


def _use_a_thread_each(service: Service) -> None:
    """Keep requests out of the framework's pool of five threads, which it normally never uses.

    It compares methods in a way that is false for its own and true for a replaced one. In the pool,
    requests would queue where the bridge cannot refuse them, in threads that delay the end of the
    process.
    """
    start: Any = super(type(service), service)
    service.service_thread = start.service_thread


def _answer_error(service: Service, key: str, status: HTTPStatus, text: str, code: str) -> None:
    """Answer a request that the framework did not get or failed on."""
    body = error_body(status.phrase, text, code)
    headers: Headers = [('content-type', 'application/json'), *PROTECTION.items()]
    if _store_body(service, key, body):
        headers.append(('content-length', str(len(body))))
    answer = {
        'command': 'Acknowledged',
        'type': 'RunService',
        'requestKey': key,
        'statusCode': str(status.value),
        'status': status.phrase,
        'headers': [{'name': name, 'value': value} for name, value in headers],
        'bodyVariable': 'response.body',
    }
    service.message_broker.publish(json.dumps(answer), service.tc_svc_client_topic)


def _store_body(service: Service, key: str, body: bytes) -> bool:
    """Store a reply's body for the platform; return False if that failed."""
    try:
        store = service.key_value_store.client
        added = store.create(key, 'response.body', body)
    except Exception as error:  # noqa: BLE001 - whatever the store's client raises
        _log.error('reply-body-lost', request_key=shown(key), error=error, code='APP-REPLY-LOST')
        return False
    if added == 0 and getattr(store, 'kv_type', '') == 'api':
        _log.error(
            'reply-body-lost', request_key=shown(key), error='it was refused', code='APP-REPLY-LOST'
        )
        return False
    return True


def request_callback(
    service: Service, bridge: Bridge
) -> Callable[[Environ, StartResponse], list[bytes]]:
    """Return the callback that the framework calls for each request.

    The body is stored here before the status is returned: if the framework's own attempt fails, it
    replies with a success status, 30 s late and without a body.
    """

    def callback(environ: Environ, start_response: StartResponse) -> list[bytes]:
        named: list[tuple[str, Headers]] = []

        def record(status: str, headers: Headers, /) -> None:
            named.append((status, headers))

        body = b''.join(bridge(environ, record))
        status, headers = named[0]
        if body and not _store_body(service, str(environ.get('request_key')), body):
            lost = HTTPStatus.SERVICE_UNAVAILABLE
            status, headers = f'{lost.value} {lost.phrase}', [*PROTECTION.items()]
        start_response(status, headers)
        return []

    return callback


class _ForgivingTokens(dict[str, dict[str, Any]]):
    """The framework's tokens by thread, with a placeholder for missing entries.

    The renewal writes to the entry of a request that may have ended meanwhile, and the `KeyError`
    would end the renewal thread for good, with its barrier closed.
    """

    def __missing__(self, _key: str) -> dict[str, Any]:
        return {}


def keep_renewing(service: Service, protect: Protect) -> None:
    """Keep a failed renewal of a token from ending the renewal thread.

    The framework only handles `RuntimeError`; a refused connection raises another exception, the
    thread dies with its barrier closed, and each access to a token then takes 15 s and fails.

    Args:
        service: the framework's service.
        protect: masks each new token before anything is logged about it.
    """
    token = service.token
    renew = token.renew_token

    def guarded(expired: object) -> Mapping[str, object]:
        try:
            answer = renew(expired)
            whole = {
                'apiToken': str(answer['apiToken']),
                'apiTokenExpires': answer['apiTokenExpires'],
            }
            int(whole['apiTokenExpires'])
            protect([whole['apiToken']], 'request-token')
        except RuntimeError:
            raise
        except Exception as error:
            raise RuntimeError(f'the renewal failed: {type(error).__name__}') from error
        return whole

    token.token_map = _ForgivingTokens(token.token_map)
    token.renew_token = guarded
    restrain(token.session)


def follow_log_level(service: Service, set_level: Callable[[int], None]) -> None:
    """Apply a LoggingChange to the App's lines too, and ignore unknown levels."""
    change = service.process_logging_change_command

    def guarded(message: Message) -> None:
        name = str(message.get('level') or '').strip().upper()
        level = logging.getLevelNamesMapping().get(name)
        # NOTSET is not a usable level: it would log everything.
        if not level:
            _log.warning('logging-change-refused', level=name)
            return
        change({**message, 'level': name})
        set_level(level)
        _log.info('logging-changed', level=name)

    service.process_logging_change_command = guarded


def report_metrics(service: Service, metrics: Callable[[], Mapping[str, int | str]]) -> None:
    """Report the current figures in the reply to every heartbeat."""
    beat = service.process_heartbeat_command

    def refresh() -> None:
        try:
            for label, value in metrics().items():
                service.add_metric(label, value)
        except Exception as error:  # noqa: BLE001 - a heartbeat without an answer ends the App
            _log.exception('metrics-failed', error)

    def guarded(message: Message) -> None:
        refresh()
        beat(message)

    refresh()
    service.process_heartbeat_command = guarded


class Termination:
    """Termination of the service by the platform, and its reason."""

    def __init__(self, service: Service) -> None:
        self.reason = ''
        self._over = threading.Event()
        self._lock = threading.Lock()
        end = service.process_shutdown_command

        def guarded(message: Message) -> None:
            # The framework's watchdog and the platform may both end the service.
            with self._lock:
                if self._over.is_set():
                    return
                self.reason = str(message.get('reason') or '')
                try:
                    end(message)
                except Exception as error:  # noqa: BLE001 - the process must end all the same
                    _log.exception('shutdown-failed', error)
                finally:
                    service.message_broker.shutdown = True
                    self._over.set()

        service.process_shutdown_command = guarded

    @property
    def is_missed_heartbeat(self) -> bool:
        """Whether heartbeats of the platform were missing for too long."""
        return self.reason == MISSED_HEARTBEAT

    def wait(self, timeout_s: float) -> bool:
        """Wait for the termination; return whether it has come."""
        return self._over.wait(timeout_s)
