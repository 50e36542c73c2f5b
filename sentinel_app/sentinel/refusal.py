"""Entra ID's refusals, and the remedy for each.

Source: learn.microsoft.com/entra/identity-platform/reference-error-codes; Microsoft asks programs
to rely on `error` and says that codes may change, so a code only selects the remedy's text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sentinel_app.core.error_text import one_line
from sentinel_app.errors import TokenError, TokenRefusedError

_WRONG: Final = (
    "The Client Secret input is wrong. Give the secret's value, not its id, of the application in "
    'Client ID; the value is shown only once, so make a new secret if it is lost.'
)
_NO_PROOF: Final = 'Give a client secret or a PEM with key and certificate in Client Secret.'
_TENANT: Final = "Check the Tenant ID input: it is the directory's GUID, or one of its domains."
_NOT_HERE: Final = (
    'Check the Client ID and Tenant ID inputs: the application is not in that tenant, or nobody '
    'has given it access there; and that Azure Cloud names the cloud of both.'
)
_CERTIFICATE: Final = (
    'Upload the certificate of the PEM in Client Secret to the application in Entra ID, and check '
    "that it has not expired and that the App server's clock is right."
)

REMEDIES: Final[Mapping[int, str]] = {
    7000215: _WRONG,
    7000222: (
        'The client secret has expired. Make a new one for the application in Entra ID and put its '
        'value into the Client Secret input.'
    ),
    7000218: _NO_PROOF,
    7000216: _NO_PROOF,
    700016: _NOT_HERE,
    7000112: 'The application is disabled. Enable it in Entra ID, under Enterprise applications.',
    7000229: (
        'The application has no service principal in the tenant. Add it there under Enterprise '
        'applications, and check the Client ID and Tenant ID inputs.'
    ),
    53003: (
        'A Conditional Access policy for workload identities blocks the application. Have the '
        "application allowed there, or the address of the App's server."
    ),
    90002: f'There is no such tenant. {_TENANT} Check that Azure Cloud names its cloud.',
    900023: f'The tenant is neither a GUID nor a domain. {_TENANT}',
    1002012: 'The scope of the cloud is not accepted. Check the Azure Cloud input.',
    500011: 'The cloud does not know the resource that is asked for. Check the Azure Cloud input.',
    700027: _CERTIFICATE,
    7000214: _CERTIFICATE,
}
"""Remedies by AADSTS number."""

_UNKNOWN: Final = (
    'Check the Client ID, Client Secret, Tenant ID and Azure Cloud inputs against the application '
    'in Entra ID.'
)
_MAY_PASS: Final = frozenset({'temporarily_unavailable', 'server_error', 'service_unavailable'})
_NUMBER: Final = re.compile(r'AADSTS([0-9]{1,12})')


def read_refusal(payload: Mapping[str, object]) -> TokenError | TokenRefusedError:
    """Return the error for a response of Entra ID with a member `error`."""
    error = str(payload.get('error', ''))
    reason = one_line(str(payload.get('error_description') or error))
    number = _aadsts(payload, reason)
    context: dict[str, object] = {'error': one_line(error, 100)}
    if number is not None:
        context['aadsts'] = number
    if error in _MAY_PASS:
        return TokenError(
            'Microsoft Entra ID issued no access token for now.', reason=reason, context=context
        )
    remedy = _UNKNOWN if number is None else REMEDIES.get(number, _UNKNOWN)
    message = f'Microsoft Entra ID refused an access token. {remedy}'
    return TokenRefusedError(message, reason=reason, context=context)


def _aadsts(payload: Mapping[str, object], reason: str) -> int | None:
    """Return the AADSTS number, from its own member or from the text."""
    codes = payload.get('error_codes')
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = _NUMBER.search(reason)
    return int(found.group(1)) if found else None
