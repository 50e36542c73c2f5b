"""What the App proves its identity with: a client secret, or a private key with its certificate."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sentinel_app.errors import ConfigError

Credential = str | dict[str, str]
"""What MSAL takes: a secret, or a key with its certificate."""

_BLOCK: Final = re.compile(
    r'-----BEGIN (?P<label>[A-Z0-9 ]+)-----(?P<body>.*?)-----END (?P=label)-----', re.DOTALL
)
_INPUT: Final = 'Client Secret'


def is_pem(text: str) -> bool:
    """Whether the text is meant as a key with its certificate."""
    return '-----BEGIN' in text


def parse_credential(text: str) -> Credential:
    """Give what MSAL takes for a Client Secret input.

    Of a PEM, the certificate that belongs to the key is used, whatever else is in it; MSAL signs
    with its SHA-256 thumbprint. Line breaks may have been lost on the way through a one-line input.

    Raises:
        ConfigError: a PEM without a usable RSA key or without its certificate.
    """
    if not is_pem(text):
        return text
    blocks = [
        (found['label'], _rewrap(found['label'], found['body'])) for found in _BLOCK.finditer(text)
    ]
    keys = [pem for label, pem in blocks if label.endswith('PRIVATE KEY')]
    if len(keys) != 1:
        raise _error('holds no private key' if not keys else 'holds several private keys')
    key = _load_key(keys[0])
    for label, pem in blocks:
        if label == 'CERTIFICATE' and _load_certificate(pem).public_key() == key.public_key():
            return {'private_key': keys[0], 'public_certificate': pem}
    raise _error('holds no certificate of its private key')


def _rewrap(label: str, body: str) -> str:
    """A PEM block with its line breaks where they belong."""
    lines = textwrap.fill(''.join(body.replace('\\r', '').replace('\\n', '').split()), 64)
    return f'-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n'


def _load_key(pem: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise _error('holds a private key with a pass phrase; take it off') from None
    except ValueError:
        # The library's own text could quote the key.
        raise _error('holds a private key that cannot be read') from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise _error('holds a private key that is not an RSA key, which Entra ID asks for')
    return key


def _load_certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise _error('holds a certificate that cannot be read') from None


def _error(fault: str) -> ConfigError:
    return ConfigError(
        f'{_INPUT}: the PEM {fault}. Give one unencrypted RSA private key and its certificate.',
        context={'input': 'client_secret'},
    )
