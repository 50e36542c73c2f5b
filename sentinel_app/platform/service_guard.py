"""Mends what the platform's service object does with requests, tokens and answers.

The framework drops a request without an answer when a message lacks a field, and answers 30 s late
and without a body when its store fails. Each function here replaces methods of one object by
guarded ones and says why; nothing of the framework is imported, and its classes stay as they are.
`broker.py` does the same for the connection that messages come through.
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
"""Has values masked from now on wherever they come back; the second argument is their kind."""

_log = EventLog(__name__)


class Service(Protocol):
    """What is used of the framework's API service; its attributes are not typed there."""

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
        """Show a figure in the answer to every heartbeat."""
        ...


class OpenRequests:
    """Counts the requests that have not been answered yet."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._is_terminating = False
        self._changed = threading.Condition()

    def add(self, key: str) -> bool:
        """Begin to wait for an answer; False if no more requests are taken."""
        with self._changed:
            if not self._is_terminating:
                self._keys.add(key)
            return not self._is_terminating

    def refuse_more(self) -> None:
        """Take no more requests from now on."""
        with self._changed:
            self._is_terminating = True

    def remove(self, key: str) -> None:
        """The answer is published, or there will be none."""
        with self._changed:
            self._keys.discard(key)
            self._changed.notify_all()

    def wait_until_none(self, timeout_s: float) -> bool:
        """Wait until every request is answered; False if the time passed before."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._keys, timeout=max(0.0, timeout_s))

    def abandon(self) -> frozenset[str]:
        """Wait for none of them any longer; gives the keys of those that are unanswered."""
        with self._changed:
            keys, self._keys = frozenset(self._keys), set()
            return keys


def answer_every_request(
    service: Service, forget_token: Callable[[str], None], protect: Protect
) -> OpenRequests:
    """Make every request end in an answer, and keep its headers out of the log.

    Args:
        service: the framework's service.
        forget_token: drops one token from the framework's list of texts to mask. The list grows by
            each request's token and makes every later line of the log dearer.
        protect: learns what each request brings that must not come back.

    Returns:
        The requests that are under way.
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
    """Give the requests under way some time, and tell the rest that the Service is ending."""
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
    """Keep requests out of the framework's pool of five threads, which it never uses by itself.

    It compares methods in a way that is false for its own and true for a replaced one. In the pool,
    requests would queue where the bridge cannot refuse them, in threads that hold up the end of the
    process.
    """
    start: Any = super(type(service), service)
    service.service_thread = start.service_thread


def _answer_error(service: Service, key: str, status: HTTPStatus, text: str, code: str) -> None:
    """Answer a request that the framework never saw or gave up on."""
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
    """Write an answer's body where the platform reads it; False if that failed."""
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
    """What the framework calls for each request.

    The body is stored here, before the status is named: if the framework's own attempt fails, it
    answers with the good status, 30 s late and without a body.
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
    """The framework's tokens by thread; one that has gone meanwhile is replaced by a stand-in.

    The renewal writes to the entry of a request that may have ended while its token was renewed,
    and the `KeyError` would end the renewal with its barrier closed, for good.
    """

    def __missing__(self, _key: str) -> dict[str, Any]:
        return {}


def keep_renewing(service: Service, protect: Protect) -> None:
    """Keep a failed renewal of a token from ending the thread that renews them.

    The framework expects `RuntimeError` alone; a refused connection raises another, the thread dies
    with its barrier closed, and each reading of a token then costs 15 s and fails.

    Args:
        service: the framework's service.
        protect: learns each new token before anything is written of it.
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
    """Let a LoggingChange go for our lines too, and pass over a level that there is not."""
    change = service.process_logging_change_command

    def guarded(message: Message) -> None:
        name = str(message.get('level') or '').strip().upper()
        level = logging.getLevelNamesMapping().get(name)
        # NOTSET is no level to log at: it would let everything through.
        if not level:
            _log.warning('logging-change-refused', level=name)
            return
        change({**message, 'level': name})
        set_level(level)
        _log.info('logging-changed', level=name)

    service.process_logging_change_command = guarded


def report_metrics(service: Service, metrics: Callable[[], Mapping[str, int | str]]) -> None:
    """Show our figures, as they are at that moment, in the answer to every heartbeat."""
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
    """Tells when the platform has ended the service, and why."""

    def __init__(self, service: Service) -> None:
        self.reason = ''
        self._over = threading.Event()
        self._lock = threading.Lock()
        end = service.process_shutdown_command

        def guarded(message: Message) -> None:
            # The watchdog and the platform may both end the service.
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
        """True if the platform has not been heard for too long."""
        return self.reason == MISSED_HEARTBEAT

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; True once it has come."""
        return self._over.wait(timeout_s)
