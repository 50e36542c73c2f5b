"""An app registration and the proof its owner gives: a secret or a certificate."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.simulators.entra.error import RefusedError

ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
CLOCK_SKEW_S = 300


class AppState(StrEnum):
    """What the tenant thinks of an app registration."""

    READY = 'ready'
    DISABLED = 'disabled'
    NO_SERVICE_PRINCIPAL = 'no-service-principal'


@dataclass(slots=True, kw_only=True)
class Registration:
    """One app registration."""

    client_id: str
    secrets: set[str] = field(default_factory=set)
    expired_secrets: set[str] = field(default_factory=set)
    certificates: list[x509.Certificate] = field(default_factory=list)
    state: AppState = AppState.READY

    @property
    def object_id(self) -> str:
        """Id of its service principal, which Sentinel's refusals name."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, self.client_id))

    def register_certificate(self, pem: bytes) -> None:
        self.certificates.append(x509.load_pem_x509_certificate(pem))

    def check_state(self) -> None:
        """Refuse when the tenant does not let this app in."""
        if self.state is AppState.DISABLED:
            raise RefusedError('disabled-app')
        if self.state is AppState.NO_SERVICE_PRINCIPAL:
            raise RefusedError('no-service-principal')

    def check_secret(self, secret: str) -> None:
        """Refuse a secret that is unknown or has expired."""
        if secret in self.expired_secrets:
            raise RefusedError('expired-secret')
        if secret not in self.secrets:
            raise RefusedError('wrong-secret')

    def check_assertion(self, assertion: str, audiences: Collection[str], now: float) -> None:
        """Refuse a client assertion unless a registered certificate signed it for us, now."""
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.PyJWTError as error:
            raise RefusedError('bad-assertion-type') from error
        certificate = self._certificate(header)
        if certificate.not_valid_after_utc.timestamp() <= now:
            raise RefusedError('unknown-certificate', 'The key used is expired.')
        try:
            claims = jwt.decode(
                assertion,
                certificate.public_key(),  # type: ignore[arg-type]
                algorithms=['RS256', 'PS256'],
                options={
                    'verify_aud': False,
                    'verify_exp': False,
                    'verify_iat': False,
                    'verify_nbf': False,
                    'require': ['aud', 'exp', 'iss', 'sub', 'jti'],
                },
            )
        except jwt.MissingRequiredClaimError as error:
            raise RefusedError('bad-assertion-type') from error
        except (jwt.PyJWTError, TypeError) as error:
            raise RefusedError(
                'unknown-certificate', 'Client assertion failed signature validation.'
            ) from error
        if claims['aud'] not in audiences:
            raise RefusedError('assertion-audience')
        if not claims.get('nbf', 0) - CLOCK_SKEW_S <= now < claims['exp'] + CLOCK_SKEW_S:
            raise RefusedError('assertion-time')
        if not claims['iss'] == claims['sub'] == self.client_id:
            raise RefusedError('assertion-client')

    def _certificate(self, header: dict[str, str]) -> x509.Certificate:
        for certificate in self.certificates:
            if header.get('x5t#S256') == _thumbprint(certificate, hashes.SHA256()):
                return certificate
            # SHA-1 names the certificate here, as Entra lets it; it protects nothing.
            if header.get('x5t') == _thumbprint(certificate, hashes.SHA1()):
                return certificate
        raise RefusedError('unknown-certificate', 'The key was not found.')


def _thumbprint(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    """Base64url with padding, as MSAL writes it."""
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode()
