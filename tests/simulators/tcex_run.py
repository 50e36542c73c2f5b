"""What `tcex run` needs to know of the stand-ins: the variables that the profiles name."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.simulators.entra import CLIENT_SECRET
from tests.simulators.stand import Stand
from tests.simulators.threatconnect import ACCESS_ID, SECRET_KEY

FILE_NAME = 'stand-ins.env'
_VARIABLE_ID = re.compile(r'&\{TC:KEYCHAIN:([0-9a-f-]+)\}')


def variables(stand: Stand) -> dict[str, str]:
    """The environment of `tcex run`, for each profile, with everything it writes in one folder.

    ThreatConnect gets the two KEYCHAIN variables of which it says the ids.
    """
    folder = stand.state_folder / 'tcex'
    own = {
        'TC_API_PATH': stand.threatconnect.api_url,
        'TC_ACCESS_ID': ACCESS_ID,
        'TC_SECRET_KEY': SECRET_KEY,
        'CLIENT_ID': stand.entra.app.client_id,
        'CLIENT_SECRET': CLIENT_SECRET,
        'TENANT_ID': stand.entra.tenant_id,
        'WORKSPACE_ID': stand.sentinel.workspace_id,
        'LOGIN_URL': stand.entra.url,
        'SENTINEL_URL': stand.sentinel.url,
        'LOGS_URL': stand.logs.url,
    }
    return {
        **{f'STAND_IN_{name}': in_profile(value) for name, value in own.items()},
        'KEYCHAIN_CLIENT_SECRET': _kept(stand, CLIENT_SECRET),
        'KEYCHAIN_TC_SECRET_KEY': _kept(stand, SECRET_KEY),
        'REQUESTS_CA_BUNDLE': str(stand.state_folder / 'certificates' / 'ca.pem'),
        # Inputs of the platform that the profiles leave out are taken from the environment.
        'TC_SVC_BROKER_HOST': '127.0.0.1',
        'TC_SVC_BROKER_PORT': str(stand.platform.broker.port),
        'TC_KVSTORE_HOST': '127.0.0.1',
        'TC_KVSTORE_PORT': str(stand.platform.kvstore.port),
        **{f'TC_{name.upper()}_PATH': str(folder / name) for name in ('in', 'out', 'log')},
        'TC_TEMP_PATH': str(folder / 'tmp'),
    }


def in_profile(value: str) -> str:
    """Write a value as it must be for a placeholder of a profile.

    `tcex run` puts it into the text of the JSON, as the replacement of a regular expression.
    """
    return json.dumps(value)[1:-1].replace('\\', '\\\\')


def write(stand: Stand) -> Path:
    """Write the variables for a shell to read, and make the folders that they name."""
    named = variables(stand)
    for name in ('TC_IN_PATH', 'TC_OUT_PATH', 'TC_LOG_PATH', 'TC_TEMP_PATH'):
        Path(named[name]).mkdir(parents=True, exist_ok=True)
    file = stand.state_folder / FILE_NAME
    file.touch(mode=0o600)
    file.write_text(''.join(f'{name}={shlex.quote(value)}\n' for name, value in named.items()))
    return file


def _kept(stand: Stand, secret: str) -> str:
    """The id of a new KEYCHAIN variable."""
    text = stand.threatconnect.set_variable(secret)
    found = _VARIABLE_ID.fullmatch(text)
    if found is None:
        raise RuntimeError(f'{text} is no KEYCHAIN variable')
    return found.group(1)
