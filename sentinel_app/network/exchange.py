"""HTTP exchanges of the network adapters, with limits of time and size and masked secrets.

There is one attempt and no redirect: `core/retry.py` decides about retries. The content of every
response is cleaned, bounded and masked here, whichever system it comes from.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

from sentinel_app.core.clock import Clock
from sentinel_app.core.error_text import one_line
from sentinel_app.core.masking import Needles
from sentinel_app.core.untrusted import clean_text, read_json
from sentinel_app.network.connection import bound_time
from sentinel_app.redactor import SHORTEST_RECENT, Redactor

LONGEST_HEADER: Final = 1_024
"""Maximum characters of a header's value. A longer one counts as missing."""

LONGEST_TEXT: Final = 1 << 16
"""Maximum bytes of a body that are converted to text for people."""

LARGEST_REFUSAL_BYTES: Final = 1 << 20
"""Maximum bytes read of an unsuccessful response."""

FRAMEWORK_TIMEOUT_S: Final = 30.0
FRAMEWORK_TOTAL_S: Final = 60.0
LARGEST_FRAMEWORK_BYTES: Final = 16 << 20
"""Maximum bytes of responses to the framework's own requests: tokens and variables."""

_CHUNK_BYTES: Final = 1 << 16
_SUCCESSES: Final = range(200, 300)

# Headers and form fields that may be echoed in a response.
_SECRET_HEADERS: Final = ('Authorization', 'Proxy-Authorization', 'Cookie')
_SECRET_MEMBERS: Final = frozenset({'client_secret', 'client_assertion'})
_FORM: Final = 'application/x-www-form-urlencoded'

CA_REMEDY: Final = (
    'Set REQUESTS_CA_BUNDLE to a file with the certificate of the authority that signed it, which '
    'may be that of a proxy that inspects TLS.'
)
PROXY_REMEDY: Final = "Check the proxy inputs, and that the proxy lets the App's host through."


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time limits of an exchange, in seconds.

    A time-out of `requests` covers one wait for bytes, so a dripping server would block a call for
    ever; `total_s` covers the whole response.
    """

    connect_s: float
    read_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """Size limits of a response, far above what its purpose needs.

    Attributes:
        body_bytes: maximum bytes of the decompressed body.
        values: maximum values in its JSON, as `core.untrusted.read_json` counts them.
    """

    body_bytes: int
    values: int


class Answer:
    """An HTTP response, read to its end.

    Args:
        status: the HTTP status.
        headers: the raw headers; they are cleaned and masked on access.
        body: the decompressed body.
        limit: the limits of its JSON.
        redactor: masks secrets in everything that is read from it.
        carried: secrets in the request itself.
    """

    def __init__(
        self,
        *,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        limit: SizeLimit,
        redactor: Redactor,
        carried: Sequence[str] = (),
    ) -> None:
        self.status = status
        self.body_bytes = len(body)
        self._headers = headers
        self._body = body
        self._limit = limit
        self._redactor = redactor
        self._carried = carried

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Cleaned and masked headers, with case-insensitive names."""
        return CaseInsensitiveDict(
            (name, self._mend(value))
            for name, value in self._headers.items()
            if len(value) <= LONGEST_HEADER
        )

    @cached_property
    def text(self) -> str:
        """Beginning of the body as text for people."""
        text = self._mend(self._body[:LONGEST_TEXT].decode('utf-8-sig', 'replace'))
        if len(self._body) <= LONGEST_TEXT:
            return text
        # The cut may have split a secret, and half of one would not be recognized.
        margin_chars = max(self._redactor.longest, self._needles.longest)
        return text[: max(0, len(text) - margin_chars)]

    @property
    def most_values(self) -> int:
        """Maximum values of its JSON."""
        return self._limit.values

    @property
    def is_web_page(self) -> bool:
        """Whether it looks like the web page of a proxy or gateway."""
        return self._body.lstrip()[:1] == b'<'

    @property
    def is_empty(self) -> bool:
        """Whether the body is empty."""
        return not self._body.strip()

    @cached_property
    def json(self) -> object:
        """Parse its JSON, with every text cleaned and masked, and every number bounded.

        Raises:
            TooManyValuesError: it has more values than the limit.
            ValueError: it is not JSON.
        """
        return self._read_json(self._mend, always=True)

    def json_of_rows(self) -> object:
        """As `json`, but fast for large bodies without secrets.

        Texts are processed one by one only if the body contains a secret, or escapes that could
        hide one.
        """
        is_suspect = self._redactor.is_suspect(self._body)
        return self._read_json(self._mend, always=is_suspect)

    def json_in(self, text: str) -> object:
        """Parse JSON that is the text of one of its values, cleaned and masked as `json`.

        Raises:
            TooManyValuesError: it has more values than the limit of the whole response.
            ValueError: it is not JSON.
        """
        body, limit = text.encode(errors='replace'), self.most_values
        return read_json(body, most_values=limit, mend=self._mend, always=True)

    def json_with_secrets(self) -> object:
        """As `json`, but unmasked: for the response with the App's access token."""
        return self._read_json(clean_text, always=False)

    def _read_json(self, mend: Any, *, always: bool) -> object:
        return read_json(self._body, most_values=self.most_values, mend=mend, always=always)

    @cached_property
    def _needles(self) -> Needles:
        return Needles.of(self._carried, shortest=SHORTEST_RECENT)

    def _mend(self, text: str) -> str:
        return self._redactor.mask(clean_text(text), self._needles)


class FaultKind(StrEnum):
    """Why there was no complete response."""

    TIMEOUT = 'time-out'
    CONNECTION = 'connection'
    TLS = 'tls'
    PROXY = 'proxy'
    REQUEST = 'request'
    SIZE = 'size'


class NetworkFault(requests.RequestException):
    """There was no complete response.

    It is a `RequestException` because on those MSAL falls back to a token that it still has.

    Args:
        kind: the kind of fault.
        fact: what happened, as a short sentence for people.
        remedy: what to do, if known.
    """

    def __init__(self, kind: FaultKind, fact: str, remedy: str = '') -> None:
        self.kind = kind
        self.remedy = remedy
        self.words = f'{fact} {remedy}'.rstrip()
        super().__init__(self.words)


def leave_environment(session: requests.Session) -> None:
    """Make a session ignore proxies of the environment; its CA file is still used.

    `requests` would prefer HTTPS_PROXY of the environment to the session's proxies, use it if the
    session has none, and add a password from `.netrc`.
    """
    session.trust_env = False
    given = os.environ.get('REQUESTS_CA_BUNDLE') or os.environ.get('CURL_CA_BUNDLE')
    session.verify = given or True


def _keep_here(session: Any) -> None:
    """Make a session ignore redirects completely.

    Even if it must not follow redirects, `requests` resolves them, and first reads the body:
    without limits of size or time.
    """
    session.get_redirect_target = lambda _response: None


def restrain(session: Any) -> None:
    """Limit one of the framework's own HTTP sessions.

    It has no time-out, accepts responses of any size, waits as long as a `Retry-After` says, and
    follows redirects to any host, with the token in the address.
    """
    request = session.request

    def restrained(*args: Any, **options: Any) -> requests.Response:
        bounds = {'allow_redirects': False, 'stream': True}
        response: requests.Response = request(
            *args, **{'timeout': FRAMEWORK_TIMEOUT_S, **options, **bounds}
        )
        with response:
            response._content = _framework_body(response)  # noqa: SLF001 - no public way
        return response

    session.request = restrained
    _keep_here(session)
    for adapter in session.adapters.values():
        adapter.max_retries.respect_retry_after_header = False
        bound_time(adapter, monotonic=time.monotonic, total_s=FRAMEWORK_TOTAL_S)


def _framework_body(response: requests.Response) -> bytes:
    body = bytearray()
    try:
        for chunk in _chunks(response):
            body += chunk
            if len(body) > LARGEST_FRAMEWORK_BYTES:
                raise too_large(LARGEST_FRAMEWORK_BYTES)
    except HTTPError as error:
        # Callers of a `requests` session only handle exceptions of `requests`.
        raise _fault(error) from None
    return bytes(body)


def whole_json(answer: Answer) -> object:
    """Return the JSON of a response; None if it is not JSON, or exceeds the limits."""
    try:
        return answer.json
    except ValueError:
        return None


class HttpClient:
    """Makes single exchanges over one session; as thread-safe as the session is.

    Args:
        session: a session with signing, proxies and the user agent. Its adapters are replaced, as a
            retrying adapter obeys any `Retry-After`, in a sleep that a shutdown cannot interrupt.
        clock: the clock for the time limits.
        timeouts: the time limits of each exchange.
        redactor: masks secrets in responses and faults.
        connections: maximum number of open connections.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        clock: Clock,
        timeouts: Timeouts,
        redactor: Redactor,
        connections: int = 10,
    ) -> None:
        adapter = HTTPAdapter(max_retries=0, pool_maxsize=connections)
        bound_time(adapter, monotonic=clock.monotonic, total_s=timeouts.total_s)
        for scheme in ('https://', 'http://'):
            session.mount(scheme, adapter)
        _keep_here(session)
        self._session = session
        self._clock = clock
        self._timeouts = timeouts
        self._redactor = redactor

    def exchange(self, method: str, url: str, *, limit: SizeLimit, **options: Any) -> Answer:
        """Send one request and read the whole response.

        Args:
            method: the HTTP method.
            url: the address, as the session expects it.
            limit: the size limits of a successful response.
            options: options of `requests`.

        Raises:
            NetworkFault: there was no complete response; its text has no headers and no body.
        """
        deadline = self._clock.monotonic() + self._timeouts.total_s
        try:
            with self._session.request(
                method,
                url,
                timeout=(self._timeouts.connect_s, self._timeouts.read_s),
                allow_redirects=False,
                stream=True,
                **options,
            ) as response:
                return Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=self._body(response, limit, deadline),
                    limit=limit,
                    redactor=self._redactor,
                    carried=_secrets_of(response.request),
                )
        except NetworkFault:
            raise
        except (OSError, ValueError, HTTPError) as error:
            # `requests` raises OSError for a bad CA file, and ValueError for bad addresses. Its
            # texts can contain a header's value, so the cause is dropped as well.
            raise self._fault(error) from None

    def _body(self, response: requests.Response, limit: SizeLimit, deadline: float) -> bytes:
        """Return the decompressed body, within the limits."""
        is_success = response.status_code in _SUCCESSES
        most_bytes = limit.body_bytes if is_success else LARGEST_REFUSAL_BYTES
        body = bytearray()
        for chunk in _chunks(response):
            body += chunk
            if self._clock.monotonic() > deadline:
                raise NetworkFault(FaultKind.TIMEOUT, 'The answer took too long to arrive.')
            if len(body) > most_bytes:
                if is_success:
                    raise too_large(most_bytes)
                del body[most_bytes:]
                break
        return bytes(body)

    def _fault(self, error: Exception) -> NetworkFault:
        found = _fault(error)
        fact = self._redactor.redact(found.words.removesuffix(found.remedy).rstrip())
        return NetworkFault(found.kind, fact, found.remedy)


def too_large(most_bytes: int) -> NetworkFault:
    """Return the fault of a response that exceeds its size limit."""
    return NetworkFault(
        FaultKind.SIZE, f'The answer is larger than {most_bytes >> 20:,} MB, which nothing needs.'
    )


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """Yield pieces of the body as soon as they arrive, so that a dripping server cannot block."""
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        yield chunk


def _secrets_of(request: requests.PreparedRequest) -> Sequence[str]:
    """Return the secrets of a request: signature, token, secret, assertion."""
    found = [str(request.headers.get(name) or '') for name in _SECRET_HEADERS]
    secrets = [part for value in found for part in (value, *value.replace(':', ' ').split(' '))]
    body = request.body
    if isinstance(body, str) and request.headers.get('Content-Type') == _FORM:
        secrets += [value for name, value in parse_qsl(body) if name in _SECRET_MEMBERS]
    return secrets


def _fault(error: Exception) -> NetworkFault:
    """Return the fault of an exception; the order matters, as the exceptions are related."""
    root = _root(error)
    words = _words(root)
    if isinstance(error, requests.exceptions.ProxyError):
        return NetworkFault(FaultKind.PROXY, f'The proxy failed: {words}.', PROXY_REMEDY)
    if isinstance(root, ssl.SSLCertVerificationError):
        fact = f"The server's certificate is not trusted: {words}."
        return NetworkFault(FaultKind.TLS, fact, CA_REMEDY)
    if isinstance(error, requests.exceptions.Timeout) or _is_timeout(root):
        return NetworkFault(FaultKind.TIMEOUT, 'There was no answer in time.')
    if isinstance(error, ValueError):
        return NetworkFault(FaultKind.REQUEST, f'The request could not be made: {words}.')
    if type(error) is OSError:
        fact = 'The certificates of REQUESTS_CA_BUNDLE could not be read.'
        return NetworkFault(FaultKind.TLS, fact, CA_REMEDY)
    return NetworkFault(FaultKind.CONNECTION, f'The connection failed: {words}.')


def _root(error: BaseException) -> BaseException:
    """Return the root cause of an exception."""
    seen = [error]
    while True:
        last = seen[-1]
        inner = [getattr(last, 'reason', None), *last.args, last.__cause__, last.__context__]
        below = [each for each in inner if isinstance(each, BaseException) and each not in seen]
        if not below:
            return last
        seen.append(below[0])


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or type(error).__name__ == 'ReadTimeoutError'


def _words(error: BaseException) -> str:
    """Return an exception's text if it cannot contain parts of the request; else its type."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return one_line(error.verify_message)
    if isinstance(error, OSError):
        if error.strerror:
            return one_line(error.strerror)
        if error.args and str(error.args[0]).startswith('Tunnel connection failed'):
            return one_line(str(error.args[0]))
    return type(error).__name__
