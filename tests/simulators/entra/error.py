"""The error answers of Entra ID, each by the name under which it can also be switched on."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from tests.simulators.https import Reply, json_reply

ERROR_PAGE = 'https://login.microsoftonline.com/error?code='


@dataclass(frozen=True, slots=True)
class EntraError:
    """One row of Entra's error table."""

    status: int
    error: str
    code: int
    text: str


ERRORS = {
    'wrong-secret': EntraError(
        401,
        'invalid_client',
        7000215,
        'Invalid client secret provided. Ensure the secret being sent in the request is the client '
        'secret value, not the client secret ID, for a secret added to app {app}.',
    ),
    'expired-secret': EntraError(
        401,
        'invalid_client',
        7000222,
        'The provided client secret keys for app {app} are expired. Visit the Azure portal to '
        'create new keys for your app.',
    ),
    'no-secret': EntraError(
        401,
        'invalid_client',
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or "
        "'client_secret'.",
    ),
    'no-secret-older': EntraError(
        401,
        'invalid_client',
        7000216,
        "'client_assertion', 'client_secret' or 'request' is required for the "
        "'client_credentials' grant type.",
    ),
    'unknown-app': EntraError(
        400,
        'unauthorized_client',
        700016,
        'Application with identifier {app} was not found in the directory {tenant}.',
    ),
    'disabled-app': EntraError(
        400, 'unauthorized_client', 7000112, 'Application {app} is disabled.'
    ),
    'no-service-principal': EntraError(
        401,
        'invalid_client',
        7000229,
        'The client application {app} is missing service principal in the tenant {tenant}.',
    ),
    # The number is documented; which status and `error` come with it here is assumed.
    'conditional-access': EntraError(
        400,
        'access_denied',
        53003,
        'Access has been blocked by Conditional Access policies. The access policy does not allow '
        'token issuance.',
    ),
    'unknown-tenant': EntraError(
        400,
        'invalid_request',
        90002,
        'Tenant {tenant} not found. Check to make sure you have the correct tenant ID and are '
        'signing into the correct cloud.',
    ),
    'unknown-tenant-metadata': EntraError(
        400,
        'invalid_tenant',
        90002,
        'Tenant {tenant} not found. Check to make sure you have the correct tenant ID and are '
        'signing into the correct cloud.',
    ),
    'malformed-tenant': EntraError(
        400,
        'invalid_request',
        900023,
        'Specified tenant identifier {tenant} is neither a valid DNS name, nor a valid external '
        'domain.',
    ),
    'no-tenant': EntraError(
        400,
        'invalid_request',
        50059,
        'No tenant-identifying information found in either the request or implied by any provided '
        'credentials.',
    ),
    'bad-scope': EntraError(
        400,
        'invalid_scope',
        1002012,
        'The provided value for scope {scope} is not valid. Client credential flows must have a '
        'scope value with /.default suffixed to the resource identifier (application ID URI).',
    ),
    'unknown-resource': EntraError(
        400,
        'invalid_resource',
        500011,
        'The resource principal named {scope} was not found in the tenant named {tenant}.',
    ),
    'missing-parameter': EntraError(
        400,
        'invalid_request',
        900144,
        "The request body must contain the following parameter: '{detail}'.",
    ),
    'bad-grant': EntraError(
        400,
        'unsupported_grant_type',
        70003,
        "The app requested an unsupported grant type '{detail}'.",
    ),
    'bad-assertion-type': EntraError(
        400, 'invalid_request', 50027, 'JWT token is invalid or malformed.'
    ),
    'unknown-certificate': EntraError(
        401,
        'invalid_client',
        700027,
        'The certificate with identifier used to sign the client assertion is not registered on '
        'application. [Reason - {detail}]',
    ),
    'assertion-audience': EntraError(
        401,
        'invalid_client',
        700023,
        'Client assertion audience claim does not match Realm issuer.',
    ),
    'assertion-time': EntraError(
        401, 'invalid_client', 700024, 'Client assertion is not within its valid time range.'
    ),
    'assertion-client': EntraError(
        401,
        'invalid_client',
        700021,
        "Client assertion application identifier doesn't match 'client_id' parameter.",
    ),
}


class RefusedError(Exception):
    """Ends a request with one of the `ERRORS`; `detail` completes its text."""

    def __init__(self, name: str, detail: str = '') -> None:
        super().__init__(name)
        self.name = name
        self.detail = detail


def error_reply(
    name: str,
    *,
    now: float,
    correlation_id: str,
    tenant: str = '',
    app: str = '',
    scope: str = '',
    detail: str = '',
    has_older_text: bool = False,
) -> Reply:
    """Make the JSON body that Entra sends for this error."""
    row = ERRORS[name]
    stamp = f'{dt.datetime.fromtimestamp(now, dt.UTC):%Y-%m-%d %H:%M:%SZ}'
    trace_id = str(uuid.uuid4())
    text = row.text.format(tenant=f"'{tenant}'", app=f"'{app}'", scope=f"'{scope}'", detail=detail)
    # Older records part the sentences by CR LF, newer ones by spaces.
    gap = '\r\n' if has_older_text else ' '
    description = gap.join(
        (
            f'AADSTS{row.code}: {text}',
            f'Trace ID: {trace_id}',
            f'Correlation ID: {correlation_id}',
            f'Timestamp: {stamp}',
        )
    )
    body = {
        'error': row.error,
        'error_description': description,
        'error_codes': [row.code],
        'timestamp': stamp,
        'trace_id': trace_id,
        'correlation_id': correlation_id,
        'error_uri': f'{ERROR_PAGE}{row.code}',
    }
    return json_reply(
        body, row.status, {'Cache-Control': 'no-store, no-cache', 'x-ms-request-id': trace_id}
    )
