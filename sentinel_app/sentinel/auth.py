"""Access tokens from Microsoft Entra ID through MSAL, renewed in time."""

from __future__ import annotations

import datetime as dt
import re
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msal
import requests

from sentinel_app.config.pem import Pem, is_pem, read_pem
from sentinel_app.core.clock import Clock
from sentinel_app.core.error_text import page_text
from sentinel_app.core.retry import DEFAULT_RETRY_AFTER_S, parse_retry_after
from sentinel_app.core.trouble import System
from sentinel_app.errors import REMEDY, SentinelAppError, TokenError, TokenRefusedError
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import NetworkFault, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.refusal import read_refusal
from sentinel_app.sentinel.transport import (
    TOKEN_TIMEOUTS,
    ForeignEndpoint,
    MsalTransport,
    UnusableAnswer,
)

LONGEST_PAUSE_S: Final = 60.0
"""Maximum pause of requests after a 429, so that recovery is detected soon."""

HOLD_S: Final = 30.0
"""Seconds for which a token is cached without calling MSAL, which makes a request on every call if
it cannot renew a token early, or if tokens live for five minutes or less."""

HOLD_SHARE: Final = 0.1
"""Maximum share of the token's remaining life for which it is cached."""

_BEARER: Final = 'bearer'
_TOKEN: Final = re.compile(r'[\x21-\x7e]{1,65536}')

SENSELESS: Final = 'Microsoft Entra ID gave an answer that makes no sense.'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Last failure, shared with threads that were waiting for the same response."""

    error: SentinelAppError
    at: float
    """Time of the failure, on the monotonic clock."""
    until: float
    """Time until which callers get the same failure: at least those that waited for the request."""


class TokenSource:
    """Provides access tokens; thread-safe: one thread makes the request while the others wait.

    The constructor only checks the credential, as MSAL's own constructor makes requests.

    Args:
        authority: the sign-in address with the tenant, `https://login.microsoftonline.com/<tenant>`.
        client_id: the application's id.
        credential: a client secret, or PEM text with a private key and its certificate.
        scope: the scope of the token, for example `https://management.azure.com/.default`.
        session: a session with proxies and the user agent; trust is by REQUESTS_CA_BUNDLE.
        clock: the clock.
        redactor: masks secrets in responses; each token is added to it.
        timeouts: the time limits of each request.
        contact: records the result of each request; its own if left out.

    Raises:
        ConfigError: a PEM that cannot be used.
    """

    def __init__(
        self,
        *,
        authority: str,
        client_id: str,
        credential: str,
        scope: str,
        session: requests.Session,
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = TOKEN_TIMEOUTS,
        contact: Contact | None = None,
    ) -> None:
        self._authority = authority.rstrip('/')
        self._client_id = client_id
        self._pem = read_pem(credential) if is_pem(credential) else None
        self._credential: str | dict[str, str] = credential
        self._scope = scope
        self._clock = clock
        self._redactor = redactor
        self._transport = MsalTransport(
            session, authority=authority, clock=clock, redactor=redactor, timeouts=timeouts
        )
        self._contact = contact or Contact(System.ENTRA, clock)
        self._lock = threading.Lock()
        self._cache = msal.TokenCache()
        self._app: Any = None
        self._current: str | None = None
        self._held_until = 0.0
        self._failure: _Failure | None = None

    def token(self) -> str:
        """Return a token that is valid for at least five minutes, from the cache if possible.

        Raises:
            TokenError: no token, for a reason that may pass.
            TokenRefusedError: no token until a person acts; the message says what to do.
        """
        came_at = self._clock.monotonic()
        with self._lock:
            failure = self._failure
            if self._current is not None and came_at < self._held_until:
                return self._current
            if failure is not None and came_at <= failure.until:
                raise self._again(failure)
            try:
                with self._contact.call():
                    self._current = self._acquire()
            except (TokenError, TokenRefusedError) as error:
                self._current = None
                self._failure = self._remember(error)
                raise
            self._failure = None
            return self._current

    def forget(self, token: str | None = None) -> None:
        """Discard the token, so that the next call requests a new one.

        Args:
            token: the refused token. If it is not the current one, another thread has already
                replaced it, and nothing is discarded. None discards in any case.
        """
        with self._lock:
            if token is None or token == self._current:
                self._current = None
                self._start_anew(msal.TokenCache())

    def _acquire(self) -> str:
        """Get a token from MSAL, which uses its cache if possible."""
        self._choose_certificate()
        try:
            if self._app is None:
                self._app = self._make_app()
            result = self._app.acquire_token_for_client([self._scope])
            token, lives_s = _token_of(result)
        except NetworkFault as fault:
            raise TokenError(
                f'Microsoft Entra ID cannot be reached. {fault.words}',
                context={REMEDY: fault.remedy},
            ) from None
        except ForeignEndpoint as foreign:
            raise _elsewhere(foreign) from None
        except UnusableAnswer as unusable:
            raise self._unusable(unusable) from None
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
            # Missing or mistyped members; MSAL's text may quote a response with a token.
            raise TokenError(SENSELESS) from None
        if token is not None:
            self._redactor.protect_recent([token], kind='access-token')
            self._held_until = self._clock.monotonic() + min(HOLD_S, HOLD_SHARE * lives_s)
            return token
        if isinstance(result, dict) and 'error' in result:
            raise self._explained(read_refusal(result))
        raise TokenError(SENSELESS)

    def _choose_certificate(self) -> None:
        """Select the best current certificate; another certificate needs another MSAL client."""
        if self._pem is None:
            return
        chosen = _for_msal(self._pem, self._clock.now())
        if chosen != self._credential:
            self._credential, self._app = chosen, None

    def _explained(self, error: TokenError | TokenRefusedError) -> TokenError | TokenRefusedError:
        """Return the error, explained if the certificate is not valid."""
        if self._pem is None or isinstance(error, TokenError):
            return error
        now = self._clock.now()
        certificate = self._pem.certificate_at(now)
        if certificate.is_valid_at(now):
            return error
        if certificate.expires_at <= now:
            fault = f'expired on {certificate.expires_at:%Y-%m-%d}. Make a new one'
        else:
            fault = (
                f'is not valid before {certificate.valid_from:%Y-%m-%d}. Check the clock of the '
                "App's host; where it is right, make a certificate that is valid now"
            )
        return TokenRefusedError(
            'Microsoft Entra ID refused an access token. The certificate in the Client Secret '
            f'input {fault}, upload it to the application in Entra ID, and put it with its '
            'private key into Client Secret.',
            reason=error.reason,
            context=error.context,
        )

    def _make_app(self) -> Any:
        """Create the MSAL client, which reads the tenant's metadata immediately.

        Discovery is off: for the hosts of the clouds MSAL needs none, and for another host it would
        ask `login.microsoftonline.com` about it. So is the choice of a region by the environment.
        """
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=self._credential,
            authority=self._authority,
            token_cache=self._cache,
            http_client=self._transport,
            instance_discovery=False,
            azure_region=False,
        )

    def _start_anew(self, cache: msal.TokenCache) -> None:
        """Drop the MSAL client, and the errors that it caches and would repeat."""
        self._app = None
        self._cache = cache

    def _remember(self, error: SentinelAppError) -> _Failure:
        """Keep a failure for waiting threads; cached tokens are kept."""
        self._start_anew(self._cache)
        now = self._clock.monotonic()
        retry_after_s = error.retry_after_s if isinstance(error, TokenError) else None
        return _Failure(error=error, at=now, until=now + min(retry_after_s or 0.0, LONGEST_PAUSE_S))

    def _again(self, failure: _Failure) -> SentinelAppError:
        """Return a copy of the failure as an exception for another thread."""
        known = failure.error
        if isinstance(known, TokenError):
            retry_after_s = known.retry_after_s
            if retry_after_s is not None:
                retry_after_s = max(0.0, failure.at + retry_after_s - self._clock.monotonic())
            return TokenError(
                known.message,
                reason=known.reason,
                context=known.context,
                retry_after_s=retry_after_s,
            )
        return TokenRefusedError(known.message, reason=known.reason, context=known.context)

    def _unusable(self, unusable: UnusableAnswer) -> SentinelAppError:
        """Return the error of a response that MSAL did not get."""
        answer, payload = unusable.answer, unusable.payload
        is_throttled = answer.status == HTTPStatus.TOO_MANY_REQUESTS
        if (
            payload is not None
            and 'error' in payload
            and answer.status < HTTPStatus.TOO_MANY_REQUESTS
        ):
            return read_refusal(payload)
        retry_after_s = parse_retry_after(answer.headers.get('Retry-After'), now=self._clock.now())
        if is_throttled and retry_after_s is None:
            retry_after_s = DEFAULT_RETRY_AFTER_S
        # A success is never quoted, as it may contain a token.
        is_error = answer.status >= HTTPStatus.BAD_REQUEST
        reason = page_text(answer.text) if is_error else ''
        return TokenError(
            f'Microsoft Entra ID issued no access token (status {answer.status}).',
            reason=reason,
            context={'status': answer.status},
            retry_after_s=retry_after_s,
        )


def _token_of(result: object) -> tuple[str | None, float]:
    """Return MSAL's token, if it has one, and the seconds of its remaining life.

    Raises:
        ValueError: a token that no header can carry, or that is to be used in another way.
    """
    if not isinstance(result, dict) or not result.get('access_token'):
        return None, 0.0
    token = result['access_token']
    if not _TOKEN.fullmatch(token) or str(result.get('token_type', _BEARER)).lower() != _BEARER:
        raise ValueError('no bearer token')
    return token, max(0.0, float(result.get('expires_in') or 0))


def _elsewhere(foreign: ForeignEndpoint) -> TokenRefusedError:
    return TokenRefusedError(
        'Microsoft Entra ID, or something that answers in its place, names another host for '
        f'access tokens ({foreign.host}), where the client secret must not be sent. Check the '
        'Microsoft Login URL input, and any proxy or gateway in between.'
    )


def _for_msal(pem: Pem, now: dt.datetime) -> dict[str, str]:
    """Return the credential for MSAL, which signs with the certificate's SHA-256 thumbprint."""
    certificate = pem.certificate_at(now)
    return {'private_key': pem.private_key, 'public_certificate': certificate.text}
