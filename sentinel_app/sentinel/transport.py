"""HTTP transport for MSAL that hides responses which MSAL handles badly.

On its own, MSAL waits for ever, repeats a cached server error, hides the reason of an unknown
tenant, logs what it cannot parse, and raises on a 5xx although it still has a valid token. So it
only gets responses that it understands: a JSON object with status 200, and a JSON refusal of a
token. Anything else is raised here as an exception of `requests`, on which MSAL falls back to the
token that it still has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.error_text import one_line
from sentinel_app.network.exchange import Answer, HttpClient, SizeLimit, Timeouts, whole_json
from sentinel_app.redactor import Redactor

TOKEN_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=30.0, total_s=60.0)

TOKEN_LIMIT: Final = SizeLimit(body_bytes=1 << 20, values=20_000)
"""Size limits of the tenant's metadata and of token responses, which take some KB each."""

_CLIENT_ERRORS: Final = range(400, 500)
_ENDPOINTS: Final = ('token_endpoint', 'authorization_endpoint', 'device_authorization_endpoint')
"""Endpoints of the metadata that MSAL may call."""
_PLAIN: Final = re.compile(r'https?://[a-z0-9.\-:\[\]]+(?:/[^\s\\@]*)?', re.IGNORECASE)
_HTTPS_PORT: Final = 443


class UnusableAnswer(requests.RequestException):
    """A response of the sign-in service that MSAL must not get.

    Args:
        answer: the response; the exception's text contains none of it.
        payload: its JSON, if it is an object.
    """

    def __init__(self, answer: Answer, payload: Mapping[str, object] | None) -> None:
        super().__init__(f'status {answer.status}')
        self.answer = answer
        self.payload = payload


class ForeignEndpoint(requests.RequestException):
    """The tenant's metadata would send the client secret to a host other than the login address.

    Args:
        host: the other host, if it can be shown.
    """

    def __init__(self, host: str) -> None:
        super().__init__('an endpoint on another host')
        self.host = host


@dataclass(frozen=True, slots=True, kw_only=True)
class MsalResponse:
    """The parts of a response that MSAL reads."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Do nothing: part of the interface; errors were raised before."""


class MsalTransport:
    """The `http_client` of MSAL, over the App's own session.

    Args:
        session: a session with proxies and the user agent.
        authority: the login address; nothing is sent to any other host.
        clock: the clock for the time limits.
        redactor: masks secrets in responses.
        timeouts: the time limits of each request.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        authority: str,
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = TOKEN_TIMEOUTS,
    ) -> None:
        self._http = HttpClient(session, clock=clock, timeouts=timeouts, redactor=redactor)
        self._origin = _origin(authority)

    def get(self, url: str, **options: Any) -> MsalResponse:
        """Read the tenant's metadata."""
        answer = self._ask('GET', url, options)
        payload = _object(answer)
        if payload is None or answer.status != HTTPStatus.OK:
            raise UnusableAnswer(answer, payload)
        for name in _ENDPOINTS:
            # MSAL ignores values that are not text as well.
            if isinstance(address := payload.get(name), str):
                self._check_origin(address)
        return _response(answer, payload)

    def post(self, url: str, **options: Any) -> MsalResponse:
        """Request a token."""
        answer = self._ask('POST', url, options)
        payload = _object(answer)
        if answer.status == HTTPStatus.OK and payload is not None:
            return _response(answer, answer.json_with_secrets())
        is_refusal = (
            answer.status in _CLIENT_ERRORS
            and answer.status != HTTPStatus.TOO_MANY_REQUESTS
            and payload is not None
            and 'error' in payload
        )
        if not is_refusal:
            raise UnusableAnswer(answer, payload)
        return _response(answer, payload)

    def close(self) -> None:
        """Do nothing: part of the interface; the owner closes the session."""

    def _ask(self, method: str, url: str, options: Mapping[str, Any]) -> Answer:
        self._check_origin(url)
        return self._http.exchange(method, url, limit=TOKEN_LIMIT, auth=_no_auth, **options)

    def _check_origin(self, url: str) -> None:
        """Refuse other addresses, to which the client secret must not be sent.

        Raises:
            ForeignEndpoint: scheme, host or port differ from the login address.
        """
        if _origin(url) != self._origin:
            raise ForeignEndpoint(one_line(_host(url), 100) or 'none')


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep `requests` from adding credentials of the machine's `.netrc`."""
    return request


def _host(url: str) -> str:
    """Return the host of an address; empty if it has none."""
    try:
        return urlsplit(url).hostname or ''
    except ValueError:
        return ''


def _origin(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address; None if programs could parse it differently."""
    if not _PLAIN.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    return parts.scheme, parts.hostname or '', port or _HTTPS_PORT


def _object(answer: Answer) -> Mapping[str, object] | None:
    """Return the JSON object of a response; None if it is something else."""
    payload = whole_json(answer)
    return payload if isinstance(payload, dict) else None


def _response(answer: Answer, payload: object) -> MsalResponse:
    """Return the parts of a response that MSAL may see."""
    return MsalResponse(status_code=answer.status, text=json.dumps(payload), headers={})
