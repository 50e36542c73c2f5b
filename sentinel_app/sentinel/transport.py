"""The HTTP transport that MSAL is given, which takes the sharp edges off MSAL.

MSAL on its own waits for ever, repeats a server's error for as long as it remembers it, hides the
reason of an unknown tenant, logs what it cannot read, and raises a 5xx although it still holds a
valid token. All of that comes from the answers that it is shown. So it is shown only those that it
understands: a JSON object with status 200, and a JSON refusal of a token. Anything else is raised
here as an exception of `requests`, on which MSAL goes back to the token that it still holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import requests

from sentinel_app.core.ports import Clock
from sentinel_app.network import Answer, Timeouts, exchange, prepare

TOKEN_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=30.0, total_s=60.0)

_CLIENT_ERRORS: Final = range(400, 500)


class UnusableAnswer(requests.RequestException):
    """An answer of the sign-in service that MSAL must not see.

    Args:
        answer: as it came; the exception's own text holds none of it.
        payload: its JSON, where it is an object.
    """

    def __init__(self, answer: Answer, payload: Mapping[str, object] | None) -> None:
        super().__init__(f'status {answer.status}')
        self.answer = answer
        self.payload = payload


@dataclass(frozen=True, slots=True, kw_only=True)
class MsalResponse:
    """What MSAL reads of an answer."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Part of the interface; there is nothing left to raise."""


class MsalTransport:
    """The `http_client` of MSAL, over a session of ours."""

    def __init__(
        self, session: requests.Session, *, clock: Clock, timeouts: Timeouts = TOKEN_TIMEOUTS
    ) -> None:
        prepare(session)
        self._session = session
        self._clock = clock
        self._timeouts = timeouts

    def get(self, url: str, **options: Any) -> MsalResponse:
        """Read the tenant's metadata."""
        return self._exchange('GET', url, is_refusal_shown=False, options=options)

    def post(self, url: str, **options: Any) -> MsalResponse:
        """Ask for a token."""
        return self._exchange('POST', url, is_refusal_shown=True, options=options)

    def close(self) -> None:
        """Part of the interface; the session is its owner's to close."""

    def _exchange(
        self, method: str, url: str, *, is_refusal_shown: bool, options: Mapping[str, Any]
    ) -> MsalResponse:
        answer = exchange(
            self._session,
            method,
            url,
            timeouts=self._timeouts,
            clock=self._clock,
            auth=_no_auth,
            **options,
        )
        text = answer.body.decode('utf-8-sig', errors='replace')
        payload = _object(text)
        is_refusal = (
            is_refusal_shown
            and answer.status in _CLIENT_ERRORS
            and answer.status != HTTPStatus.TOO_MANY_REQUESTS
            and payload is not None
            and 'error' in payload
        )
        if payload is None or not (answer.status == HTTPStatus.OK or is_refusal):
            raise UnusableAnswer(answer, payload)
        return MsalResponse(status_code=answer.status, text=text, headers={})


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep `requests` from adding what a `.netrc` of the machine says about the host."""
    return request


def _object(text: str) -> Mapping[str, object] | None:
    """The JSON object that the text is; None where it is something else."""
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None
