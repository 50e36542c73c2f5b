"""Bridge from the platform's requests to WSGI, with a complete reply in every case.

The platform turns each HTTP request into a message and calls the App in a separate thread. Its
environ is not valid WSGI, and any failure between call and reply would leave the caller without a
reply; `Bridge` fixes the former and prevents the latter.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final, Protocol

from sentinel_app.log import EventLog
from sentinel_app.platform.reply_header import PROTECTION
from sentinel_app.platform.request_limits import (
    Fault,
    as_bytes_text,
    encoded_query,
    header_value,
    request_fault,
    shown,
)

# The environ's key for the caller's token, not a token itself.
API_TOKEN_KEY: Final = 'ms_sentinel.api_token'  # noqa: S105
MAX_CONCURRENT: Final = 16
_RETRY_AFTER_S: Final = 1
_METHODS_WITH_BODY: Final = frozenset({'POST', 'PUT', 'PATCH'})
_LOWEST_STATUS: Final = 100
_HIGHEST_STATUS: Final = 599
_LOWEST_WITH_BODY: Final = 200

# An environ has values of any type. Source: PEP 3333.
Environ = dict[str, Any]
Headers = list[tuple[str, str]]


class StartResponse(Protocol):
    """The platform's callback for the status and the headers of a reply."""

    def __call__(self, status: str, headers: Headers, /) -> object:
        """Begin the reply."""
        ...


WsgiApp = Callable[[Environ, Callable[..., object]], Iterable[bytes]]


class _Answer:
    """Records a WSGI application's calls of `start_response` and `write`."""

    def __init__(self) -> None:
        self.status = ''
        self.headers: Headers = []
        self.written: list[bytes] = []

    def start(
        self, status: str, headers: Headers, exc_info: object = None
    ) -> Callable[[bytes], None]:
        """Record status and headers; with `exc_info`, a second call replaces the first."""
        if self.status and exc_info is None:
            raise RuntimeError('start_response was called twice')
        self.status, self.headers = status, list(headers)
        return self.written.append


def error_body(title: str, description: str, code: str) -> bytes:
    """Return the JSON of an error, in the form of the API's errors."""
    return json.dumps({'title': title, 'description': description, 'code': code}).encode()


class Bridge:
    """Runs one WSGI application for the platform's requests.

    Args:
        wsgi: the application, which is called from several threads at once.
        max_concurrent: maximum concurrent requests; further ones are answered 503 immediately.
        log: the log for failures.
    """

    def __init__(
        self, wsgi: WsgiApp, *, max_concurrent: int = MAX_CONCURRENT, log: EventLog | None = None
    ) -> None:
        self._wsgi = wsgi
        self._slots = threading.BoundedSemaphore(max_concurrent)
        self._log = log or EventLog(__name__)

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Answer one request; calls `start_response` exactly once and never raises."""
        if not self._slots.acquire(blocking=False):
            path = shown(environ.get('PATH_INFO'))
            self._log.warning('request-refused-busy', path=path, code='APP-BUSY')
            answer = _busy()
        else:
            try:
                answer = self._answer(environ)
            # Even the end of a thread must not leave a caller waiting.
            except BaseException as error:  # noqa: BLE001
                self._log.exception(
                    'request-failed',
                    error,
                    method=shown(environ.get('REQUEST_METHOD')),
                    path=shown(environ.get('PATH_INFO')),
                    request_key=shown(environ.get('request_key')),
                    code='APP-INTERNAL',
                )
                answer = _failed()
            finally:
                self._slots.release()
        status, headers, body = answer
        start_response(status, headers)
        is_bodiless = environ.get('REQUEST_METHOD') == 'HEAD' or not _may_have_body(status)
        return [body] if body and not is_bodiless else []

    def _answer(self, environ: Environ) -> tuple[str, Headers, bytes]:
        fault = _fault(environ)
        if fault:
            code, words = 'APP-REQUEST', fault.description
            self._log.warning('request-malformed', fault=words, code=code)
            return _error(fault.status, words, code)
        ours = _mended(environ)
        if ours is None:
            path = shown(environ.get('PATH_INFO'))
            self._log.error('request-body-lost', path=path, code='APP-BODY-LOST')
            return _body_lost()
        answer = _Answer()
        chunks = self._wsgi(ours, answer.start)
        try:
            body = b''.join([*answer.written, *chunks])
        finally:
            self._close(chunks)
        return _whole_status(answer.status), _plain_headers(answer.headers), body

    def _close(self, chunks: Iterable[bytes]) -> None:
        close = getattr(chunks, 'close', None)
        if close is None:
            return
        try:
            close()
        except Exception as error:  # noqa: BLE001 - the body is whole; the caller gets it
            self._log.exception('reply-close-failed', error)


def _fault(environ: Environ) -> Fault | None:
    return request_fault(
        method=str(environ.get('REQUEST_METHOD') or ''),
        path=str(environ.get('PATH_INFO') or ''),
        query=str(environ.get('QUERY_STRING') or ''),
        headers=(
            (key.removeprefix('HTTP_'), str(environ[key]))
            for key in environ
            if _is_header(key) and environ[key] is not None
        ),
    )


def _is_header(key: str) -> bool:
    return key.startswith('HTTP_') or key in {'CONTENT_TYPE', 'CONTENT_LENGTH'}


def _mended(environ: Environ) -> Environ | None:
    """Return a valid WSGI copy of the environ; None if the request's body was lost."""
    ours = {key: value for key, value in environ.items() if not _is_header(key)}
    # Names with hyphens last, so that a header with underscores cannot replace them.
    for key in sorted(filter(_is_header, environ), key=lambda key: '-' in key):
        if environ[key] is not None:
            ours[key.replace('-', '_')] = header_value(str(environ[key]))
    method = str(ours['REQUEST_METHOD']).upper()
    body = _body_of(ours.get('wsgi.input'))
    promised = str(ours.get('CONTENT_LENGTH') or '').strip()
    if not body and _is_length(promised) and method in _METHODS_WITH_BODY:
        return None
    if body or promised or method in _METHODS_WITH_BODY:
        ours['CONTENT_LENGTH'] = str(len(body))
    ours['REQUEST_METHOD'] = method
    ours['wsgi.input'] = BytesIO(body)
    ours['PATH_INFO'] = '/' + as_bytes_text(str(ours.get('PATH_INFO') or '')).lstrip('/')
    ours['SCRIPT_NAME'] = ''
    ours['SERVER_NAME'] = _host(str(ours.get('HTTP_HOST') or ''))
    ours['SERVER_PORT'] = '443'
    ours['QUERY_STRING'] = encoded_query(str(ours.get('QUERY_STRING') or ''))
    # Under a name of its own, so that whatever shows the environ does not show the token.
    ours[API_TOKEN_KEY] = ours.pop('api_token', None)
    return ours


def _is_length(promised: str) -> bool:
    """Return whether a Content-Length announces a body."""
    return promised.isascii() and promised.isdecimal() and promised.strip('0') != ''


def _body_of(stream: object) -> bytes:
    """Return the bytes of a request's body, in whatever form the platform's store has them."""
    content = stream.read() if hasattr(stream, 'read') else stream
    if isinstance(content, str):
        # A lone surrogate, which cannot be encoded, is refused when the body is read.
        return content.encode(errors='surrogatepass')
    return bytes(content) if isinstance(content, bytes | bytearray | memoryview) else b''


def _host(header: str) -> str:
    """Return the host of a Host header without its port."""
    if header.startswith('['):
        return header.partition(']')[0] + ']'
    return header.partition(':')[0] or 'localhost'


def _whole_status(status: str) -> str:
    """Return the status with its reason, which the platform requires.

    Raises:
        RuntimeError: the application set no usable status.
    """
    code, _, reason = str(status).strip().partition(' ')
    if not (code.isascii() and code.isdigit() and _LOWEST_STATUS <= int(code) <= _HIGHEST_STATUS):
        raise RuntimeError(f'the application named no usable status: {status!r}')
    try:
        known = HTTPStatus(int(code)).phrase
    except ValueError:
        known = 'Status'
    return f'{code} {reason.strip() or known}'


def _may_have_body(status: str) -> bool:
    code = int(status.partition(' ')[0])
    return code >= _LOWEST_WITH_BODY and code not in {
        HTTPStatus.NO_CONTENT,
        HTTPStatus.RESET_CONTENT,
        HTTPStatus.NOT_MODIFIED,
    }


def _plain_headers(headers: Headers) -> Headers:
    """Return the headers as text on one line each; the platform sends them as JSON."""
    return [(str(name), ' '.join(str(value).splitlines())) for name, value in headers]


def _error(
    status: HTTPStatus, description: str, code: str, extra: Headers | None = None
) -> tuple[str, Headers, bytes]:
    body = error_body(status.phrase, description, code)
    headers = [
        ('Content-Type', 'application/json'),
        ('Content-Length', str(len(body))),
        *PROTECTION.items(),
        *(extra or []),
    ]
    return f'{status.value} {status.phrase}', headers, body


def _busy() -> tuple[str, Headers, bytes]:
    return _error(
        HTTPStatus.SERVICE_UNAVAILABLE,
        'The App works on as many requests as it can. Try again in a moment.',
        'APP-BUSY',
        [('Retry-After', str(_RETRY_AFTER_S))],
    )


def _body_lost() -> tuple[str, Headers, bytes]:
    return _error(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The request's body did not arrive, so nothing was changed. Try again in a moment; if it "
        "goes on, check the platform's key-value store.",
        'APP-BODY-LOST',
        [('Retry-After', str(_RETRY_AFTER_S))],
    )


def _failed() -> tuple[str, Headers, bytes]:
    return _error(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        'The App could not answer. Its log says why, under the same code.',
        'APP-INTERNAL',
    )
