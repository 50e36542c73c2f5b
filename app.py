"""Service class: unwraps the platform's inputs, builds the container and passes requests on.

Only this module uses the platform's framework; `sentinel_app` imports nothing of it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterable, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from requests import Session
from requests.adapters import HTTPAdapter
from tcex.api.tc.v2.notification.notification import Notification
from tcex.input.field_type.sensitive import Sensitive, filter_sensitive
from tcex.requests_tc.auth.hmac_auth import HmacAuth
from tcex.requests_tc.auth.token_auth import TokenAuth

from sentinel_app import __version__
from sentinel_app.clock import SystemClock
from sentinel_app.config.settings import LABELS, SECRET_INPUTS, Settings, read_settings
from sentinel_app.container import Platform, build_container
from sentinel_app.errors import GOES_ON, ConfigError, SentinelAppError
from sentinel_app.log import (
    EventLog,
    RedactionFilter,
    find_callers_fast,
    lend_handlers,
    set_level,
)
from sentinel_app.network.exchange import leave_environment, restrain
from sentinel_app.platform.broker_guard import keep_answers, keep_listening, reconnect_soon
from sentinel_app.platform.service_guard import (
    OpenRequests,
    Termination,
    answer_every_request,
    end_requests,
    follow_log_level,
    keep_renewing,
    report_metrics,
    request_callback,
)
from sentinel_app.platform.wsgi_bridge import Bridge, Environ, StartResponse
from sentinel_app.redactor import Redactor
from sentinel_app.storage.maintenance.disk import prepare_folder
from sentinel_app.storage.maintenance.reserve import release_reserve

if TYPE_CHECKING:
    from tcex import TcEx

    from sentinel_app.container import Container

# Maximum characters of an exit message; the platform would only show the end of a longer one.
_MESSAGE_LENGTH: Final = 254
# Time limits of the shutdown within 5 s: that of the container, and the total with open requests.
_STOP_TIMEOUT_S: Final = 3.0
_SHUTDOWN_TIMEOUT_S: Final = 3.5
_LOOP_S: Final = 1.0
_POOL_SIZE: Final = 16
_NOTIFICATION_TIMEOUTS_S: Final = (5.0, 20.0)
_DATA_FOLDER: Final = 'ms_sentinel'
_FRAMEWORK: Final = 'tcex'
_START_AGAIN: Final = 'then start the Service again.'

_log = EventLog('app')


def prepare_logging() -> None:
    """Make the log lines of the framework cheap. Call this first: its constructor logs."""
    find_callers_fast(logging.getLogger(_FRAMEWORK))


class App:
    """The App for the platform's framework.

    Args:
        tcex: the framework, created in the main thread.
    """

    def __init__(self, tcex: TcEx) -> None:
        self._tcex = tcex
        self._clock = SystemClock()
        self._redactor = Redactor()
        self._container: Container | None = None
        self._requests: OpenRequests | None = None
        self._settled = threading.Lock()
        self._data_dir = Path(tcex.inputs.model_tc.tc_out_path) / _DATA_FOLDER
        self._exit_code = 0
        self._exit_message = 'Microsoft Sentinel has stopped.'
        self._start_logging()

    def setup(self) -> None:
        """Read the inputs, build the App and connect it to the service; exit if that fails."""
        try:
            self._set_up()
        except Exception as error:  # noqa: BLE001 - the operator gets a message in any case
            self._make_room()
            self._fail(self._reported(error))

    def _reported(self, error: Exception) -> str:
        """Log the error that ended the start, and return the exit message."""
        if isinstance(error, ConfigError):
            problems = tuple(error.context.get('problems') or (error.message,))
            for problem in problems:
                _log.error('input-invalid', problem=problem)
            return _first_of(problems)
        if isinstance(error, SentinelAppError):
            message = error.message.replace(GOES_ON, _START_AGAIN)
            _log.error('start-failed', code=error.code, message=message, reason=error.reason)
            return f'{message} ({error.code})'
        _log.exception('start-failed', error)
        shown = self._redactor.redact(f'{type(error).__name__}: {error}')
        return f'The App could not start. {shown}'

    def api_event_callback(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one HTTP request; called in a separate thread for each."""
        return self._answer(environ, start_response)

    def serve(self) -> None:
        """Connect to the platform and serve until it ends the service."""
        service = self._service
        service.listen()
        reconnect_soon(service)
        service.heartbeat()
        service.ready = True
        if not service.ready:
            self._exit_code = 1
            self._exit_message = (
                f'The message broker at {service.tc_svc_broker_host}:{service.tc_svc_broker_port} '
                'did not accept the connection. Check that it runs and can be reached.'
            )
            _log.error('broker-unreachable', host=service.tc_svc_broker_host)
            return
        _log.info('service-ready', version=__version__)
        self._check()
        while not service.message_broker.shutdown:
            self._ending.wait(_LOOP_S)
        if self._ending.is_missed_heartbeat:
            self._exit_code = 1
            self._exit_message = (
                'ThreatConnect sent no heartbeat for '
                f'{self._tcex.inputs.model_tc.tc_svc_hb_timeout_seconds} s, so the Service stopped.'
            )

    def _check(self) -> None:
        """Run the checks of dependencies in the background, for the log."""
        container = self._container
        if container is not None:
            container.lifecycle.check()

    def shutdown_callback(self) -> None:
        """Stop everything while the platform can still be notified; the framework calls it once."""
        self.settle()

    def settle(self) -> None:
        """Stop the background work, and wait for the replies to open requests.

        A second call waits for the first and does nothing.
        """
        with self._settled:
            container, self._container = self._container, None
            if container is None:
                return
            started = self._clock.monotonic()
            if self._requests is not None:
                self._requests.refuse_more()
            try:
                container.lifecycle.stop(_STOP_TIMEOUT_S)
            except Exception as error:  # noqa: BLE001 - the end of the process must not wait for it
                _log.exception('stop-failed', error)
            if self._requests is not None:
                left_s = started + _SHUTDOWN_TIMEOUT_S - self._clock.monotonic()
                end_requests(self._service, self._requests, left_s)
            _log.info('service-settled', elapsed_s=self._clock.monotonic() - started)

    def leave(self) -> NoReturn:
        """End the process with the exit code and message of how the service ended."""
        self._exit(self._exit_code, self._exit_message)

    def _set_up(self) -> None:
        inputs = self._read_inputs()
        self._redactor.protect(_secrets_of(inputs))
        settings = read_settings(inputs)
        self._redactor.protect(settings.secrets)
        platform = self._platform(settings)
        container = build_container(settings, platform)
        self._container = container
        service: Any = self._tcex.app.service
        self._service = service
        self._answer = request_callback(service, Bridge(container.wsgi))
        self._requests = answer_every_request(service, _forget_token, self._protect)
        self._ending = Termination(service)
        keep_listening(service)
        keep_answers(service)
        keep_renewing(service, self._protect)
        follow_log_level(service, set_level)
        report_metrics(service, self._metrics)
        service.api_event_callback = self.api_event_callback
        service.shutdown_callback = self.shutdown_callback
        container.lifecycle.start()
        _log.info('app-started', version=__version__, data_dir=platform.data_dir)

    def _protect(self, secrets: Iterable[str], kind: str) -> None:
        """Mask from now on what only requests and the framework know."""
        self._redactor.protect_recent(secrets, kind=kind)

    def _metrics(self) -> Mapping[str, int]:
        """The App's figures; none once it has settled and its stores are closed."""
        container = self._container
        return container.metrics() if container else {}

    def _start_logging(self) -> None:
        model = self._tcex.inputs.model_tc
        self._redactor.protect(
            secret.value
            for secret in (
                model.tc_token,
                model.tc_api_secret_key,
                model.tc_proxy_password,
                getattr(model, 'tc_svc_broker_token', None),
            )
            if isinstance(secret, Sensitive) and secret.value
        )
        lend_handlers(logging.getLogger(_FRAMEWORK), RedactionFilter(self._redactor))
        set_level(self._tcex.logger.log_level(model.tc_log_level))
        threading.excepthook = _log_thread_death

    def _read_inputs(self) -> dict[str, object]:
        """The App's own inputs by name, variables resolved, as plain values.

        Read from the resolved contents and not from the framework's model: that one refuses a
        resolved KEYCHAIN variable in every field made for secrets.
        """
        leave_environment(self._tcex.session.tc)
        restrain(self._tcex.session.tc)
        try:
            contents = self._tcex.inputs.contents_resolved
        except Exception as error:
            raise ConfigError(self._variable_fault(str(error))) from error
        if contents.keys().isdisjoint(LABELS):
            raise ConfigError(_inputs_fault())
        return {name: _plain(contents.get(name)) for name in LABELS}

    def _variable_fault(self, text: str) -> str:
        """Which input's variable could not be resolved, and what to do."""
        raw = {name: str(self._tcex.inputs.contents.get(name) or '') for name in LABELS}
        held = [name for name, value in raw.items() if '&{' in value]
        named = [name for name in held if any(part in text for part in raw[name].split(':'))]
        shown = ', '.join(f'{LABELS[name]} ({name})' for name in (named or held)[:2])
        return (
            f'{shown or "An input"}: ThreatConnect did not give the value of its variable. Check '
            'that the variable exists, stands alone in the input, and that the Service may use it.'
        )

    def _platform(self, settings: Settings) -> Platform:
        model = self._tcex.inputs.model_tc
        prepare_folder(self._data_dir)
        auth = HmacAuth(
            settings.threatconnect_access_id, Sensitive(settings.threatconnect_secret_key.value)
        )
        session = self._session(auth)
        return Platform(
            threatconnect_session=session,
            microsoft_proxies=dict(self._tcex.proxies) if model.tc_proxy_external else {},
            data_dir=self._data_dir,
            redactor=self._redactor,
            token_session=lambda token: self._session(TokenAuth(token)),
            notification=lambda: self._notification(auth),
        )

    def _notification(self, auth: HmacAuth) -> Notification:
        """The framework's notification; its session waits for no answer for ever."""
        session = self._session(auth)
        request = session.request
        session.request = lambda method, url, **options: request(
            method, url, **{'timeout': _NOTIFICATION_TIMEOUTS_S, **options}
        )
        return Notification(session)

    def _session(self, auth: HmacAuth | TokenAuth) -> Session:
        """A session with the framework's signing and proxy, and none of its own retries.

        Those would sleep where a shutdown cannot wake them; `core/retry.py` decides alone. Nor does
        it keep cookies, so that the session of one caller never answers for another.
        """
        session = self._tcex.requests_tc.get_session(auth=auth, verify=True)
        leave_environment(session)
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_POOL_SIZE, max_retries=0)
        session.mount('https://', adapter)
        session.mount('http://', adapter)
        # The framework's own way would send a refused request again at once.
        session.request = lambda method, url, **options: Session.request(
            session, method, session.url(url), **options
        )
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return session

    def _fail(self, message: str) -> NoReturn:
        self.settle()
        self._exit(1, message)

    def _make_room(self) -> None:
        """Release the reserve, so that the log and the exit message fit on the disk."""
        release_reserve(self._data_dir)

    def _exit(self, code: int, message: str) -> NoReturn:
        """End the process with its code, and with its message if the disk allows that.

        The reserve for the message is released if there is no other space.
        """
        for _ in range(2):
            try:
                self._tcex.exit.exit(code, _short(message))
            except OSError:
                self._make_room()
        sys.stderr.write(f'{_short(message)}\n')
        raise SystemExit(code)


def _inputs_fault() -> str:
    """Return why there are no inputs at all, without which the framework continues."""
    given = os.environ.get('TC_APP_PARAM_FILE')
    if not given or not os.environ.get('TC_APP_PARAM_KEY'):
        fault = 'TC_APP_PARAM_FILE and TC_APP_PARAM_KEY do not name a parameter file and its key'
    elif Path(given).exists():
        fault = f'the parameter file {given} cannot be read with the key that was given'
    else:
        fault = f'the parameter file {given} is missing or has none of them; each start uses one up'
    return f'The App was given no inputs: {fault}. Start the Service from ThreatConnect.'


def _plain(value: object) -> object:
    """Return a value without the framework's wrappers."""
    if isinstance(value, Sensitive):
        return value.value
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _secrets_of(inputs: Mapping[str, object]) -> list[str]:
    """Return the raw secrets, even if the inputs turn out to be invalid."""
    return [value for name in SECRET_INPUTS if isinstance(value := inputs.get(name), str)]


def _forget_token(token: str) -> None:
    """Remove a token from the texts that the framework masks, which it never does itself."""
    with filter_sensitive._lock:  # noqa: SLF001 - there is no public way
        filter_sensitive._sensitive_registry.discard(token)  # noqa: SLF001


def _log_thread_death(args: threading.ExceptHookArgs) -> None:
    """Log an uncaught exception of a thread, which would otherwise go to a terminal only."""
    name = args.thread.name if args.thread else ''
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        _log.exception('thread-died', args.exc_value, thread=name)


def _first_of(problems: tuple[str, ...]) -> str:
    """Return the first problem, if it fits, and the number of further ones."""
    more = f' ({len(problems) - 1} more; the log has all.)' if len(problems) > 1 else ''
    return _short(problems[0], _MESSAGE_LENGTH - len(more)) + more


def _short(message: str, length: int = _MESSAGE_LENGTH) -> str:
    """Return the beginning of a message, as the platform would keep its end."""
    text = message.encode('ascii', 'replace').decode('ascii').replace('\n', ' ')
    return text if len(text) <= length else f'{text[: length - 3]}...'
