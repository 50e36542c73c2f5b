"""Gets access tokens from Microsoft Entra ID through MSAL, and has them renewed in time."""

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
"""How long nothing is asked after a 429, at most: a service that works again is to be seen soon."""

HOLD_S: Final = 30.0
"""How long a token is handed out without asking MSAL. It asks the network at every call where it
would renew a token early and cannot, or where tokens live for five minutes or less."""

HOLD_SHARE: Final = 0.1
"""The same as a share of what is left of the token's life."""

_BEARER: Final = 'bearer'
_TOKEN: Final = re.compile(r'[\x21-\x7e]{1,65536}')

SENSELESS: Final = 'Microsoft Entra ID gave an answer that makes no sense.'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """The last failure, for those who were waiting for the same answer."""

    error: SentinelAppError
    at: float
    """When it came, on the monotonic clock."""
    until: float
    """Who came until then gets the same again: at least those who waited while it was asked."""


class TokenSource:
    """Gives access tokens; safe for many threads, of which one asks while the others wait.

    Making it does nothing but check the credential: MSAL's own constructor calls the network.

    Args:
        authority: sign-in address with the tenant, `https://login.microsoftonline.com/<tenant>`.
        client_id: the application's id.
        credential: a client secret, or PEM text with a private key and its certificate.
        scope: what the token is for, for example `https://management.azure.com/.default`.
        session: carries proxies and the user agent; trust is by REQUESTS_CA_BUNDLE.
        clock: the present, and for how long an answer has been coming.
        redactor: masks secrets in what comes back, and learns each token.
        timeouts: for each call.
        contact: learns how each request ends; one of its own if left out.

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
        """Give a token that is good for five minutes at least, from memory where there is one.

        Raises:
            TokenError: no token, for a reason that may pass.
            TokenRefusedError: no token until somebody acts; the message says what to do.
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
        """Ask for a new token next time.

        Args:
            token: the one that was refused. If it is not the present one, another thread has had
                it replaced already, and nothing is forgotten. None forgets in any case.
        """
        with self._lock:
            if token is None or token == self._current:
                self._current = None
                self._start_anew(msal.TokenCache())

    def _acquire(self) -> str:
        """Ask MSAL, which answers from its cache where it can."""
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
            # Members missing or of another type; MSAL's text may quote an answer with a token.
            raise TokenError(SENSELESS) from None
        if token is not None:
            self._redactor.protect_recent([token], kind='access-token')
            self._held_until = self._clock.monotonic() + min(HOLD_S, HOLD_SHARE * lives_s)
            return token
        if isinstance(result, dict) and 'error' in result:
            raise self._explained(read_refusal(result))
        raise TokenError(SENSELESS)

    def _choose_certificate(self) -> None:
        """Sign with the certificate that is the best one now; another one needs another object."""
        if self._pem is None:
            return
        chosen = _for_msal(self._pem, self._clock.now())
        if chosen != self._credential:
            self._credential, self._app = chosen, None

    def _explained(self, error: TokenError | TokenRefusedError) -> TokenError | TokenRefusedError:
        """The error, with what is known here of its cause: a certificate that is not valid."""
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
        """Make MSAL's object; it reads the tenant's metadata at once.

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
        """Drop MSAL's object, and with it the errors that it remembers and would repeat."""
        self._app = None
        self._cache = cache

    def _remember(self, error: SentinelAppError) -> _Failure:
        """Keep a failure for who is waiting; the tokens in the cache stay."""
        self._start_anew(self._cache)
        now = self._clock.monotonic()
        retry_after_s = error.retry_after_s if isinstance(error, TokenError) else None
        return _Failure(error=error, at=now, until=now + min(retry_after_s or 0.0, LONGEST_PAUSE_S))

    def _again(self, failure: _Failure) -> SentinelAppError:
        """The same failure as an exception of its own, for another thread."""
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
        """What an answer means that was kept from MSAL."""
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
        # A success is never quoted: it may hold a token.
        is_error = answer.status >= HTTPStatus.BAD_REQUEST
        reason = page_text(answer.text) if is_error else ''
        return TokenError(
            f'Microsoft Entra ID gave no access token (status {answer.status}).',
            reason=reason,
            context={'status': answer.status},
            retry_after_s=retry_after_s,
        )


def _token_of(result: object) -> tuple[str | None, float]:
    """The token that MSAL has, if it has one, and how many seconds are left of its life.

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
    """What MSAL takes; it signs with the SHA-256 thumbprint of the certificate."""
    certificate = pem.certificate_at(now)
    return {'private_key': pem.private_key, 'public_certificate': certificate.text}
