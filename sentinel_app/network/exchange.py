"""What the network adapters share: one HTTP exchange, bounded in time and size, with safe words.

There is one attempt and no redirect: who repeats, and when, is decided in `core/retry.py`. What an
answer says is cleaned, bounded and masked here, whichever system it comes from.
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
"""Characters of a header's value. A longer one says nothing to us, and is as good as none."""

LONGEST_TEXT: Final = 1 << 16
"""Bytes of a body that are made into words for a person, which are far fewer."""

LARGEST_REFUSAL_BYTES: Final = 1 << 20
"""What is read of an answer that is no success; the rest of it says nothing more."""

FRAMEWORK_TIMEOUT_S: Final = 30.0
FRAMEWORK_TOTAL_S: Final = 60.0
LARGEST_FRAMEWORK_BYTES: Final = 16 << 20
"""For what the framework itself asks ThreatConnect: tokens and values of variables."""

_CHUNK_BYTES: Final = 1 << 16
_SUCCESSES: Final = range(200, 300)

# Headers and members of a form that may come back in an answer.
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
    """How long an exchange may take, in seconds.

    A time-out of `requests` covers one wait for bytes, so a server that drips would hold a call for
    ever; `total_s` covers the whole answer.
    """

    connect_s: float
    read_s: float
    total_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """How much of an answer is taken, far above what its purpose needs.

    Attributes:
        body_bytes: of the body once it is unpacked.
        values: in its JSON, as `core.untrusted.read_json` counts them.
    """

    body_bytes: int
    values: int


class Answer:
    """An HTTP answer, read to its end.

    Args:
        status: the HTTP status.
        headers: names in any case; values on their way out are cleaned and masked.
        body: as it came, unpacked.
        limit: bounds what its JSON may hold.
        redactor: masks secrets in everything that is read of it.
        carried: secrets that the request itself carried.
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
        """The headers, cleaned and masked."""
        return CaseInsensitiveDict(
            (name, self._mend(value))
            for name, value in self._headers.items()
            if len(value) <= LONGEST_HEADER
        )

    @cached_property
    def text(self) -> str:
        """The body as text, as far as it is of use for a person."""
        text = self._mend(self._body[:LONGEST_TEXT].decode('utf-8-sig', 'replace'))
        if len(self._body) <= LONGEST_TEXT:
            return text
        # The cut may have gone through a secret, and the half of one is not recognized.
        margin_chars = max(self._redactor.longest, self._needles.longest)
        return text[: max(0, len(text) - margin_chars)]

    @property
    def is_web_page(self) -> bool:
        """Whether it looks like the page of something in between."""
        return self._body.lstrip()[:1] == b'<'

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self._body.strip()

    @cached_property
    def json(self) -> object:
        """What its JSON says, with every text cleaned and masked, and every number bounded.

        Raises:
            TooManyValuesError: it holds more than its purpose needs.
            ValueError: it is not JSON.
        """
        return self._read_json(self._mend, always=True)

    def json_of_rows(self) -> object:
        """As `json`, at the price of a large body that holds no secret.

        Texts are gone through one by one only where a secret stands in the body as it is, or where
        escapes could hide one.
        """
        is_suspect = self._redactor.is_suspect(self._body)
        return self._read_json(self._mend, always=is_suspect)

    def json_with_secrets(self) -> object:
        """As `json`, but not masked: for the one answer that holds a token for us."""
        return self._read_json(clean_text, always=False)

    def _read_json(self, mend: Any, *, always: bool) -> object:
        return read_json(self._body, most_values=self._limit.values, mend=mend, always=always)

    @cached_property
    def _needles(self) -> Needles:
        return Needles.of(self._carried, shortest=SHORTEST_RECENT)

    def _mend(self, text: str) -> str:
        return self._redactor.mask(clean_text(text), self._needles)


class FaultKind(StrEnum):
    """Why there was no whole answer."""

    TIMEOUT = 'time-out'
    CONNECTION = 'connection'
    TLS = 'tls'
    PROXY = 'proxy'
    REQUEST = 'request'
    SIZE = 'size'


class NetworkFault(requests.RequestException):
    """There was no whole answer.

    It is a `RequestException` because MSAL goes back to a token that it still holds on those.

    Args:
        kind: why.
        fact: a short sentence for a person: what happened.
        remedy: what to do, where that is known.
    """

    def __init__(self, kind: FaultKind, fact: str, remedy: str = '') -> None:
        self.kind = kind
        self.remedy = remedy
        self.words = f'{fact} {remedy}'.rstrip()
        super().__init__(self.words)


def leave_environment(session: requests.Session) -> None:
    """Let the inputs alone decide about proxies; the CA file of the environment stays.

    `requests` would prefer HTTPS_PROXY of the environment to the proxies of a session, use it where
    the session has none, and send a password of `.netrc` along.
    """
    session.trust_env = False
    given = os.environ.get('REQUESTS_CA_BUNDLE') or os.environ.get('CURL_CA_BUNDLE')
    session.verify = given or True


def _keep_here(session: Any) -> None:
    """Let a session look at no redirect at all.

    Told to follow none, `requests` still works out where each leads, and before that reads its
    body: whole, however large it is when it is unpacked, and however long that takes.
    """
    session.get_redirect_target = lambda _response: None


def restrain(session: Any) -> None:
    """Keep what one of the framework's own HTTP sessions does within bounds.

    It has no time-out, takes an answer of any size, waits for as long as a `Retry-After` says, and
    follows a redirect to any host, the token in the address and all.
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
        # Whoever calls a session of `requests` knows the exceptions of `requests` alone.
        raise _fault(error) from None
    return bytes(body)


def whole_json(answer: Answer) -> object:
    """Return the JSON of an answer; None where it is none, or larger than its purpose needs."""
    try:
        return answer.json
    except ValueError:
        return None


class HttpClient:
    """Makes single exchanges over one session; as safe for many threads as the session is.

    Args:
        session: carries signing, proxies and the user agent. Its adapters are replaced: one that
            repeats by itself obeys any `Retry-After`, an hour if need be, in a sleep that no
            shutdown interrupts.
        clock: for how long an answer has been coming.
        timeouts: for each exchange.
        redactor: masks secrets in answers and in words about faults.
        connections: how many are kept open.
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
        """Send one request and read the whole answer.

        Args:
            method: of HTTP.
            url: as the session takes it.
            limit: how much of a success is taken. What is no success is read up to a point.
            options: as `requests` takes them.

        Raises:
            NetworkFault: there was none; its text holds no header and no body.
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
            # `requests` lets a bad CA file through as OSError, and bad addresses as ValueError. Its
            # texts can hold a header's value, so the cause is not kept either.
            raise self._fault(error) from None

    def _body(self, response: requests.Response, limit: SizeLimit, deadline: float) -> bytes:
        """The body, as far as it is taken; measured as it is unpacked."""
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
    """Return the fault of an answer that is beyond what its purpose needs."""
    return NetworkFault(
        FaultKind.SIZE, f'The answer is larger than {most_bytes >> 20:,} MB, which nothing needs.'
    )


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body in pieces, each as soon as it is there: a server that drips holds nobody up."""
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        yield chunk


def _secrets_of(request: requests.PreparedRequest) -> Sequence[str]:
    """What a request carried that its answer must not show: signature, token, secret, assertion."""
    found = [str(request.headers.get(name) or '') for name in _SECRET_HEADERS]
    secrets = [part for value in found for part in (value, *value.replace(':', ' ').split(' '))]
    body = request.body
    if isinstance(body, str) and request.headers.get('Content-Type') == _FORM:
        secrets += [value for name, value in parse_qsl(body) if name in _SECRET_MEMBERS]
    return secrets


def _fault(error: Exception) -> NetworkFault:
    """Say what happened; the order matters, for the exceptions derive from each other."""
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
    """The exception at the bottom, which knows what happened."""
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
    """What an exception says, where that can hold nothing of the request; else what it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return one_line(error.verify_message)
    if isinstance(error, OSError):
        if error.strerror:
            return one_line(error.strerror)
        if error.args and str(error.args[0]).startswith('Tunnel connection failed'):
            return one_line(str(error.args[0]))
    return type(error).__name__
