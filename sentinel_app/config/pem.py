"""Parsing of a PEM with a private key and its certificate, in place of a client secret."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sentinel_app.errors import ConfigError

_BLOCK: Final = re.compile(
    r'-----BEGIN (?P<label>[A-Z0-9 ]+)-----(?P<body>.*?)-----END (?P=label)-----', re.DOTALL
)
_LINE: Final = 64
# The old format of an encrypted key has headers before its content.
_ENCRYPTED: Final = 'ENCRYPTED'
_REMEDY: Final = 'Give one unencrypted RSA private key and its certificate.'


class PemError(ConfigError):
    """A PEM cannot be used.

    Args:
        fault: the fault, as the rest of a sentence that begins with the name of the input.
    """

    def __init__(self, fault: str) -> None:
        self.fault = f'is a PEM that {fault}. {_REMEDY}'
        super().__init__(
            f'Client Secret (client_secret): {self.fault}', context={'input': 'client_secret'}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A normalized certificate, and its period of validity."""

    text: str
    valid_from: dt.datetime
    expires_at: dt.datetime

    def is_valid_at(self, now: dt.datetime) -> bool:
        """Return whether it is valid at a time."""
        return self.valid_from <= now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Pem:
    """A normalized private key, and its certificates, at least one."""

    private_key: str
    certificates: tuple[Certificate, ...]

    def __repr__(self) -> str:
        return 'Pem(***)'

    @property
    def text(self) -> str:
        """Key and certificates as PEM text."""
        return self.private_key + ''.join(each.text for each in self.certificates)

    def certificate_at(self, now: dt.datetime) -> Certificate:
        """Return the certificate for sign-in: the valid one that expires last.

        There are several after a renewal. If none is valid, the one that expires last is the best
        guess, as the clock may be wrong.
        """
        return max(self.certificates, key=lambda each: (each.is_valid_at(now), each.expires_at))


def is_pem(text: str) -> bool:
    """Return whether the text looks like a PEM."""
    return '-----BEGIN' in text or '-----END' in text


def read_pem(text: str) -> Pem:
    r"""Return the private key of a PEM with its certificates.

    Anything else in it is ignored. Line breaks that an input field has turned into blanks or `\n`
    are restored.

    Raises:
        PemError: there is no such pair; the error shows nothing of the text.
    """
    blocks = [(found['label'], found['body']) for found in _BLOCK.finditer(text)]
    keys = [(label, body) for label, body in blocks if label.endswith('PRIVATE KEY')]
    if len(keys) != 1:
        raise PemError('holds several private keys' if keys else 'holds no whole private key')
    ((label, body),) = keys
    if _ENCRYPTED in label or _ENCRYPTED in body:
        raise PemError('holds a private key with a pass phrase; remove it')
    private_key = _wrapped(label, body)
    key = _load_key(private_key)
    found = [_wrapped(*block) for block in blocks if block[0] == 'CERTIFICATE']
    if not found:
        raise PemError('holds no whole certificate')
    loaded = [(text, _load_certificate(text)) for text in found]
    certificates = tuple(
        Certificate(
            text=text,
            valid_from=certificate.not_valid_before_utc,
            expires_at=certificate.not_valid_after_utc,
        )
        for text, certificate in loaded
        if certificate is not None and _fits(certificate, key)
    )
    if not certificates:
        is_readable = all(certificate is not None for _, certificate in loaded)
        raise PemError(
            'holds no certificate of its private key'
            if is_readable
            else 'holds a certificate that cannot be read'
        )
    return Pem(private_key=private_key, certificates=certificates)


def _wrapped(label: str, body: str) -> str:
    """Return a PEM block with normalized line breaks."""
    content = ''.join(body.replace('\\r', '').replace('\\n', '').split())
    return f'-----BEGIN {label}-----\n{textwrap.fill(content, _LINE)}\n-----END {label}-----\n'


def _load_key(pem: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):
        # The library's message could quote the key.
        raise PemError('holds a private key that cannot be read') from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise PemError('holds a private key that is not an RSA key, which Entra ID asks for')
    return key


def _load_certificate(pem: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None


def _fits(certificate: x509.Certificate, key: rsa.RSAPrivateKey) -> bool:
    try:
        return certificate.public_key() == key.public_key()
    except (UnsupportedAlgorithm, ValueError):
        # An unrelated certificate may have a key of any kind.
        return False
