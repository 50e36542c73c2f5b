"""What the platform starts an App with: its inputs, in an encrypted file, and the environment."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tests.simulators.platform.broker import HOST
from tests.simulators.platform.folders import Folders

_BLOCK_BITS = 128
_KEY_CHARACTERS = 32
_CA_VARIABLES = ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE')


def server_topic(topic: str) -> str:
    """Return the topic on which the platform speaks to the App."""
    return f'{topic}-server'


def client_topic(topic: str) -> str:
    """Return the topic on which the App speaks to the platform."""
    return f'{topic}-client'


def platform_parameters(
    folders: Folders,
    *,
    tc_api_path: str,
    topic: str,
    broker_port: int,
    kvstore_port: int,
    heartbeat_timeout_s: int,
) -> dict[str, str | None]:
    """Return the inputs that the platform itself gives to an API service App, all as text."""
    return {
        'tc_api_path': tc_api_path,
        'tc_in_path': str(folders.in_),
        'tc_out_path': str(folders.out),
        'tc_log_path': str(folders.log),
        'tc_temp_path': str(folders.temp),
        'tc_log_level': 'info',
        'tc_log_to_api': 'false',
        'tc_proxy_tc': 'false',
        'tc_proxy_external': 'false',
        'tc_verify': 'true',
        'tc_svc_id': '412',
        'tc_svc_broker_host': HOST,
        'tc_svc_broker_port': str(broker_port),
        'tc_svc_broker_token': f'broker-{topic}',
        'tc_svc_broker_conn_timeout': '60',
        'tc_svc_broker_timeout': '60',
        'tc_svc_server_topic': server_topic(topic),
        'tc_svc_client_topic': client_topic(topic),
        'tc_svc_hb_timeout_seconds': str(heartbeat_timeout_s),
        'tc_kvstore_type': 'Redis',
        'tc_kvstore_host': HOST,
        'tc_kvstore_port': str(kvstore_port),
        'tc_playbook_kvstore_id': '0',
    }


def new_key() -> str:
    """Make a key: the platform's are 16, 24 or 32 ASCII characters, used as bytes."""
    return secrets.token_hex(_KEY_CHARACTERS // 2)


def encrypt(text: str, key: str) -> bytes:
    """Encrypt as the platform does: AES-CBC, an initial vector of zeros, PKCS#7 padding."""
    padder = PKCS7(_BLOCK_BITS).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = _cipher(key).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def decrypt(content: bytes, key: str) -> str:
    """Undo `encrypt`."""
    decryptor = _cipher(key).decryptor()
    padded = decryptor.update(content) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def write_parameters(path: Path, parameters: Mapping[str, str | None], key: str) -> None:
    """Write the parameter file, readable by its owner alone.

    Args:
        path: the file; the App deletes it once read, so each start needs a new one.
        parameters: every input as text, which is what the platform sends.
        key: see `new_key`.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, 'wb') as file:
        file.write(encrypt(json.dumps(dict(parameters)), key))


def process_environment(
    parameter_file: Path, key: str, *, ca_file: Path | None, added: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of an App's process.

    Args:
        parameter_file: see `write_parameters`; the App finds it, and its key, by two variables.
        ca_file: the one authority to trust in place of the public ones.
        added: variables that win over all others but those two.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _CA_VARIABLES}
    if ca_file is not None:
        environment |= dict.fromkeys(_CA_VARIABLES, str(ca_file))
    # The stand-ins are on loopback; a proxy of the user's shell must not get between.
    environment |= {'NO_PROXY': 'localhost,127.0.0.1', 'no_proxy': 'localhost,127.0.0.1'}
    environment |= added
    return environment | {'TC_APP_PARAM_FILE': str(parameter_file), 'TC_APP_PARAM_KEY': key}


def _cipher(key: str) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key.encode('ascii')), modes.CBC(bytes(16)))
