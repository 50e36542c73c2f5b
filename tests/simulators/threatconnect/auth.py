"""Who asks: HMAC signatures of API users, and the tokens that the platform gives to Apps."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from tests.simulators.https import Reply, Request, json_reply

ACCESS_ID = '00000000000000000101'
SECRET_KEY = 'stand-in secret + / = & "quoted" key'
"""With characters that break a client which treats it as anything but opaque text."""
MAX_SKEW_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An API user."""

    access_id: str = ACCESS_ID
    secret_key: str = SECRET_KEY
    user_name: str = 'sentinel.app'
    role: str = 'Organization Administrator'
    organization: str = 'Demo Organization'
    """The owner where requests without `owner` look."""
    owners: frozenset[str] | None = None
    """Names of the owners it can read; None for all."""
    exceeds_link_limit: bool = False
    """Whether it may ask for more than one association level."""


DEFAULT_USER = User()


class ApiError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def error_reply(path: str, status: int, message: str) -> Reply:
    """Return the documented error body: v3 has an `errCode`, older parts say `Failure`."""
    if path.startswith('/api/v3/'):
        body = {'errCode': f'0x1{status - 399:03x}', 'message': message, 'status': 'Error'}
    else:
        body = {'status': 'Failure', 'message': message}
    return json_reply(body, status)


class Gate:
    """Tells from a request's headers who sent it."""

    def __init__(self, users: Iterable[User]) -> None:
        self.users = {user.access_id: user for user in users}
        self.max_skew_s: float = MAX_SKEW_S
        """Largest difference between the time of a signature and the server's."""
        self._tokens: dict[str, tuple[User, int]] = {}
        self._lock = threading.Lock()

    def authenticate(self, request: Request, now: dt.datetime) -> User:
        """Return the user.

        Raises:
            ApiError: 401 with the message that the platform has for the case.
        """
        scheme, _, rest = request.headers.get('authorization', '').partition(' ')
        if scheme == 'TC-Token':
            return self._by_token(rest, now)
        access_id, _, signature = rest.partition(':')
        user = self.users.get(access_id)
        if scheme != 'TC' or user is None:
            raise ApiError(401, 'Access Denied')
        timestamp = request.headers.get('timestamp', '')
        if not timestamp.isascii() or not timestamp.isdigit():
            raise ApiError(401, 'Invalid timestamp')
        if abs(int(timestamp) - now.timestamp()) > self.max_skew_s:
            raise ApiError(401, 'Timestamp out of acceptable time range')
        wanted = sign(user.secret_key, request.target, request.method, timestamp)
        if not hmac.compare_digest(wanted.encode(), signature.encode()):
            raise ApiError(401, 'Signature data did not match expected result')
        return user

    def issue(self, user: User, now: dt.datetime, lifetime_s: int = 3600) -> tuple[str, int]:
        """Make a token; returns it with the moment it expires (epoch seconds)."""
        token = f'APIV2:{len(self._tokens) + 1}:{secrets.token_urlsafe(12)}:{secrets.token_hex(16)}'
        expires = int(now.timestamp()) + lifetime_s
        with self._lock:
            self._tokens[token] = (user, expires)
        return token, expires

    def renew(self, token: str, now: dt.datetime) -> tuple[str, int]:
        """Return a new token for an old one, expired or not; the old one is worth nothing then.

        Raises:
            ApiError: 401 for a token that never was, or was replaced already.
        """
        with self._lock:
            known = self._tokens.pop(token, None)
        if known is None:
            raise ApiError(401, 'Unauthorized')
        return self.issue(known[0], now)

    def _by_token(self, token: str, now: dt.datetime) -> User:
        with self._lock:
            user, expires = self._tokens.get(token, (None, 0))
        if user is None or expires <= now.timestamp():
            raise ApiError(401, 'Unauthorized')
        return user


def sign(secret_key: str, target: str, method: str, timestamp: str) -> str:
    """Return the signature over path and query exactly as sent."""
    message = f'{target}:{method}:{timestamp}'.encode()
    digest = hmac.new(secret_key.encode(), message, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
