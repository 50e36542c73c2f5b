"""Reads the PEM that may stand in a client secret's place: a private key with its certificate."""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sentinel_app.errors import ConfigError

_BLOCK: Final = re.compile(
    r'-----BEGIN (?P<label>[A-Z0-9 ]+)-----(?P<body>.*?)-----END (?P=label)-----', re.DOTALL
)
_LINE: Final = 64
# The old form of an encrypted key says so in lines before its content.
_ENCRYPTED: Final = 'ENCRYPTED'
_REMEDY: Final = 'Give one unencrypted RSA private key and its certificate.'


class PemError(ConfigError):
    """A PEM cannot be used.

    Args:
        fault: what is wrong, as the rest of a sentence that begins with the name of the input.
    """

    def __init__(self, fault: str) -> None:
        self.fault = f'is a PEM that {fault}. {_REMEDY}'
        super().__init__(
            f'Client Secret (client_secret): {self.fault}', context={'input': 'client_secret'}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pem:
    """A private key and its certificate, each with proper lines."""

    private_key: str
    certificate: str
    expires_at: dt.datetime

    def __repr__(self) -> str:
        return 'Pem(***)'

    @property
    def text(self) -> str:
        """Both, one after the other."""
        return self.private_key + self.certificate


def is_pem(text: str) -> bool:
    """True if the text is meant to be a PEM."""
    return '-----BEGIN' in text or '-----END' in text


def read_pem(text: str) -> Pem:
    r"""Give the private key of a PEM with the certificate that belongs to it.

    Whatever else is in it is passed over. An input field may have turned the line breaks into
    blanks or into `\n`; both are mended.

    Raises:
        PemError: there is no such pair; the error shows nothing of the text.
    """
    blocks = [(found['label'], found['body']) for found in _BLOCK.finditer(text)]
    keys = [(label, body) for label, body in blocks if label.endswith('PRIVATE KEY')]
    if len(keys) != 1:
        raise PemError('holds several private keys' if keys else 'holds no whole private key')
    ((label, body),) = keys
    if _ENCRYPTED in label or _ENCRYPTED in body:
        raise PemError('holds a private key with a pass phrase; take it off')
    private_key = _wrapped(label, body)
    key = _load_key(private_key)
    certificates = [_wrapped(*block) for block in blocks if block[0] == 'CERTIFICATE']
    if not certificates:
        raise PemError('holds no whole certificate')
    for pem in certificates:
        certificate = _load_certificate(pem)
        if certificate.public_key() == key.public_key():
            return Pem(
                private_key=private_key,
                certificate=pem,
                expires_at=certificate.not_valid_after_utc,
            )
    raise PemError('holds no certificate of its private key')


def _wrapped(label: str, body: str) -> str:
    """A PEM block with its line breaks where they belong."""
    content = ''.join(body.replace('\\r', '').replace('\\n', '').split())
    return f'-----BEGIN {label}-----\n{textwrap.fill(content, _LINE)}\n-----END {label}-----\n'


def _load_key(pem: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (TypeError, ValueError):
        # The library's own text could quote the key.
        raise PemError('holds a private key that cannot be read') from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise PemError('holds a private key that is not an RSA key, which Entra ID asks for')
    return key


def _load_certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise PemError('holds a certificate that cannot be read') from None
