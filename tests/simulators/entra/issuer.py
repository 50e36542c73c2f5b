"""Access tokens: made by the Entra ID stand-in, checked by the Sentinel stand-in.

The two share one `TokenIssuer`, as the real ones share Entra's signing keys.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import jwt

ALGORITHM = 'HS256'


class Cloud(StrEnum):
    """Which Microsoft cloud a stand-in belongs to."""

    COMMERCIAL = 'commercial'
    GOVERNMENT = 'government'


class TokenRefusedError(Exception):
    """A token that is not ours, has expired or was taken back; `claims` where they are ours."""

    def __init__(self, reason: str, claims: Claims | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.claims = claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says about its holder."""

    token_id: str
    audience: str
    tenant_id: str
    client_id: str
    object_id: str
    expires_at: float


class TokenIssuer:
    """Signs access tokens and remembers which were taken back early."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._live: set[str] = set()
        self._issued_count = 0

    @property
    def issued_count(self) -> int:
        return self._issued_count

    def issue(
        self,
        *,
        audience: str,
        tenant_id: str,
        client_id: str,
        object_id: str | None = None,
        expires_in: int = 3599,
    ) -> str:
        """Make a signed token, `expires_in` in seconds; negative for one already expired."""
        now = int(self._clock())
        token_id = uuid.uuid4().hex
        with self._lock:
            self._live.add(token_id)
            self._issued_count += 1
        return jwt.encode(
            {
                'aud': audience,
                'iss': f'https://sts.windows.net/{tenant_id}/',
                'iat': now,
                'nbf': now,
                'exp': now + expires_in,
                'appid': client_id,
                'oid': object_id or str(uuid.uuid5(uuid.NAMESPACE_OID, client_id)),
                'tid': tenant_id,
                'uti': token_id,
                'ver': '1.0',
            },
            self._key,
            algorithm=ALGORITHM,
        )

    def check(self, token: str) -> Claims:
        """Get the claims of a token that is good now.

        Raises:
            TokenRefusedError: not ours, expired, or taken back.
        """
        try:
            values = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                # Time is this clock's, so it is looked at below.
                options={
                    'verify_exp': False,
                    'verify_aud': False,
                    'verify_iat': False,
                    'verify_nbf': False,
                },
            )
        except jwt.PyJWTError as error:
            raise TokenRefusedError('not a token of this issuer') from error
        claims = Claims(
            token_id=values['uti'],
            audience=values['aud'],
            tenant_id=values['tid'],
            client_id=values['appid'],
            object_id=values['oid'],
            expires_at=values['exp'],
        )
        if claims.expires_at <= self._clock():
            raise TokenRefusedError('expired', claims)
        if claims.token_id not in self._live:
            raise TokenRefusedError('taken back', claims)
        return claims

    def invalidate_all(self) -> int:
        """Take back every token issued so far, as a revoked session does; returns how many."""
        with self._lock:
            count = len(self._live)
            self._live.clear()
        return count
