"""Client of Microsoft Sentinel's upload API; one attempt for each call."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import quote

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.sink import UploadReply
from sentinel_app.core.trouble import System
from sentinel_app.errors import REMEDY, UploadServerError
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.bearer import Bearer, Tokens
from sentinel_app.sentinel.responses import read_reply

API_VERSION: Final = '2024-02-01-preview'
"""Source: learn.microsoft.com/azure/sentinel/stix-objects-api."""

UPLOAD_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=60.0, total_s=120.0)
"""Time limits of an upload. A batch of 100 objects takes seconds, and gateways time out well within
a minute."""

UPLOAD_LIMIT: Final = SizeLimit(body_bytes=4 << 20, values=100_000)
"""Size limits of a response. One about 100 objects with many reasons each takes some 100 KB."""

CONNECTIONS: Final = 32
"""Maximum open connections, more than the API limit can use."""


class SentinelSink:
    """Implements `Sink`; thread-safe.

    Args:
        upload_url: the origin of the upload API, for example `https://api.ti.sentinel.azure.com`.
        workspace_id: GUID of the Log Analytics workspace.
        source_system: the source that Sentinel shows for the objects, at most 256 characters.
        tokens: the source of access tokens.
        session: a session with proxies and the user agent; trust is by REQUESTS_CA_BUNDLE. Its
            adapter for HTTPS is replaced by one without retries and with enough connections.
        clock: the clock.
        redactor: masks secrets in responses.
        timeouts: the time limits of each request.
        contact: records the result of each request; its own if left out.
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
        # Many threads share the session, and its cookie jar is the only part that they would
        # change.
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
        """Prepare an access token, without using up the upload limit.

        Raises:
            TokenError: retry.
            TokenRefusedError: a person must act.
        """
        self._tokens.token()

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        """Send one batch of STIX objects, each already JSON text.

        Raises:
            ThrottledError, UploadServerError, UnauthorizedError, TokenError: retry.
            BatchTooLargeError, BatchRefusedError: halve the batch.
            UploadDeniedError, TokenRefusedError: a person must act.

        Source: learn.microsoft.com/azure/sentinel/stix-objects-api.
        """
        # Joined without parsing the objects again.
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
                auth=Bearer(token),
            )
        except NetworkFault as fault:
            raise UploadServerError(
                f'Sentinel did not answer. {fault.words}', context={REMEDY: fault.remedy}
            ) from None
        return read_reply(answer, count=count, now=self._clock.now())

    def forget_token(self) -> None:
        """Discard the token, so that the next send gets a new one.

        If many threads were refused the same token, only the first of them discards it: the token
        that this thread used may have been replaced meanwhile.
        """
        self._tokens.forget(getattr(self._sent, 'token', None))
