"""Sends batches to the upload API of Microsoft Sentinel, one attempt for each call."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Final, Protocol
from urllib.parse import quote

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.sink import UploadReply
from sentinel_app.core.trouble import System
from sentinel_app.errors import REMEDY, UploadServerError
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.responses import read_reply

API_VERSION: Final = '2024-02-01-preview'
"""Source: learn.microsoft.com/azure/sentinel/stix-objects-api."""

UPLOAD_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=60.0, total_s=120.0)
"""A batch of 100 objects is answered within seconds; a gateway gives up long before a minute."""

UPLOAD_LIMIT: Final = SizeLimit(body_bytes=4 << 20, values=100_000)
"""An answer about 100 objects, each refused for many reasons, takes some 100 KB."""

CONNECTIONS: Final = 32
"""Room for more uploads in flight than the limit of requests makes sense of."""


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self) -> str:
        """Give a token that is good for some minutes."""
        ...

    def forget(self, token: str | None = None) -> None:
        """Ask for a new one next time, unless the one named was replaced already."""
        ...


class _Bearer(requests.auth.AuthBase):
    """Puts the token into the request.

    As a header it would be replaced by what a `.netrc` of the machine says about the host.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers['Authorization'] = f'Bearer {self._token}'
        return request


class SentinelSink:
    """Implements `Sink`; safe for many threads.

    Args:
        upload_url: the origin of the upload API, for example `https://api.ti.sentinel.azure.com`.
        workspace_id: GUID of the Log Analytics workspace.
        source_system: what Sentinel shows as the source of the objects, at most 256 characters.
        tokens: where access tokens come from.
        session: carries proxies and the user agent; trust is by REQUESTS_CA_BUNDLE. Its adapter for
            HTTPS is replaced: it must not repeat by itself, and needs room for many connections.
        clock: the present, and for how long an answer has been coming.
        redactor: masks secrets in what comes back.
        timeouts: for each call.
        contact: learns how each request ends; one of its own if left out.
    """

    def __init__(
        self,
        *,
        upload_url: str,
        workspace_id: str,
        source_system: str,
        tokens: Tokens,
        session: requests.Session,
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = UPLOAD_TIMEOUTS,
        contact: Contact | None = None,
    ) -> None:
        # Many threads share the session; its jar is the one part of it that they would change.
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._url = (
            f'{upload_url.rstrip("/")}/workspaces/{quote(workspace_id, safe="")}'
            f'/threat-intelligence-stix-objects:upload?api-version={API_VERSION}'
        )
        source = json.dumps(source_system, ensure_ascii=False)
        self._head = f'{{"sourcesystem":{source},"stixobjects":['.encode()
        self._tokens = tokens
        self._http = HttpClient(
            session, clock=clock, timeouts=timeouts, redactor=redactor, connections=CONNECTIONS
        )
        self._clock = clock
        self._contact = contact or Contact(System.SENTINEL, clock)
        self._sent = threading.local()

    def prepare(self) -> None:
        """Have an access token ready, without using up the upload limit.

        Raises:
            TokenError: try again.
            TokenRefusedError: somebody must act.
        """
        self._tokens.token()

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        """Send one batch of STIX objects, each already JSON text.

        Raises:
            ThrottledError, UploadServerError, UnauthorizedError, TokenError: try again.
            BatchTooLargeError, BatchRefusedError: halve.
            UploadDeniedError, TokenRefusedError: somebody must act.

        Source: learn.microsoft.com/azure/sentinel/stix-objects-api.
        """
        # Put together without reading the objects again.
        body = b''.join((self._head, b','.join(objects), b']}'))
        token = self._tokens.token()
        self._sent.token = token
        with self._contact.call():
            return self._exchange(body, token, count=len(objects))

    def _exchange(self, body: bytes, token: str, *, count: int) -> UploadReply:
        try:
            answer = self._http.exchange(
                'POST',
                self._url,
                limit=UPLOAD_LIMIT,
                data=body,
                headers={'Content-Type': 'application/json', 'Accept': 'application/json'},
                auth=_Bearer(token),
            )
        except NetworkFault as fault:
            raise UploadServerError(
                f'Sentinel did not answer. {fault.words}', context={REMEDY: fault.remedy}
            ) from None
        return read_reply(answer, count=count, now=self._clock.now())

    def forget_token(self) -> None:
        """Let the next send ask for a new token.

        When many threads were refused the same token, only the first of them throws one away: what
        this thread sent last may have been replaced meanwhile.
        """
        self._tokens.forget(getattr(self._sent, 'token', None))
