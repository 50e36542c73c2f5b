"""What the network adapters share: one HTTP exchange, bounded in time, and safe words for faults.

There is one attempt and no redirect: who repeats, and when, is decided in `core/retry.py`.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter

from sentinel_app.core.ports import Clock
from sentinel_app.core.reason import one_line

LARGEST_BODY_BYTES: Final = 1 << 30
"""Far above any page: it only keeps a server that never stops from filling the memory."""

_CHUNK_BYTES: Final = 1 << 16

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
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes


class FaultKind(StrEnum):
    """Why there was no whole answer."""

    TIMEOUT = 'time-out'
    CONNECTION = 'connection'
    TLS = 'tls'
    PROXY = 'proxy'
    REQUEST = 'request'


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


def prepare(session: requests.Session, *, connections: int = 10) -> None:
    """Make a session leave repeating to its caller, and give it room for that many connections.

    An adapter that repeats by itself obeys any `Retry-After`, an hour if need be, in a sleep that
    no shutdown interrupts.
    """
    session.mount('https://', HTTPAdapter(max_retries=0, pool_maxsize=connections))


def exchange(
    session: requests.Session,
    method: str,
    url: str,
    *,
    timeouts: Timeouts,
    clock: Clock,
    **options: Any,
) -> Answer:
    """Send one request and read the whole answer.

    Raises:
        NetworkFault: there was none; its text holds no header and no body.
    """
    deadline = clock.monotonic() + timeouts.total_s
    try:
        with session.request(
            method,
            url,
            timeout=(timeouts.connect_s, timeouts.read_s),
            allow_redirects=False,
            stream=True,
            **options,
        ) as response:
            body = b''.join(_chunks(response, clock, deadline))
            return Answer(status=response.status_code, headers=response.headers, body=body)
    except NetworkFault:
        raise
    except (OSError, ValueError) as error:
        # `requests` lets a bad CA file through as OSError, and bad addresses as ValueError. Its
        # texts can hold a header's value, so the cause is not kept either.
        raise _fault(error) from None


def _chunks(response: requests.Response, clock: Clock, deadline: float) -> Iterator[bytes]:
    """The body piece by piece, until it takes too long or too much."""
    size_bytes = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        yield chunk
        size_bytes += len(chunk)
        if clock.monotonic() > deadline:
            raise NetworkFault(FaultKind.TIMEOUT, 'The answer took too long to arrive.')
        if size_bytes > LARGEST_BODY_BYTES:
            raise NetworkFault(FaultKind.CONNECTION, 'The answer never ended.')


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
