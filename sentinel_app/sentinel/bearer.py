"""Bearer tokens: where they come from, and how a request carries one."""

from __future__ import annotations

from typing import Protocol

import requests


class Tokens(Protocol):
    """Source of access tokens."""

    def token(self) -> str:
        """Return a token that is valid for some minutes."""
        ...

    def forget(self, token: str | None = None) -> None:
        """Discard the token, unless the given one was already replaced."""
        ...


class Bearer(requests.auth.AuthBase):
    """Adds the token to the request.

    A plain header would be replaced by credentials of the machine's `.netrc` for the host.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the token to a request."""
        request.headers['Authorization'] = f'Bearer {self._token}'
        return request
