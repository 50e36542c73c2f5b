"""What can be made to go wrong at Entra ID: every row of its error table, and the wire."""

from __future__ import annotations

from tests.simulators.entra.error import ERRORS
from tests.simulators.faults import Fault
from tests.simulators.https import Reply

WIRE_FAULTS = {
    'throttled': '429 as plain text; "retry_after" seconds (default 60, null leaves it out)',
    'server-error': '"status" (default 503) with an empty body',
    'html': 'an HTML page with "status" (default 200)',
    'drop': 'the connection is reset without an answer',
    'slow': 'the true answer after "wait_s" seconds (default 5)',
}
TRANSIENT_FAULTS = ('throttled', 'server-error', 'html', 'drop')
FAULTS = {
    **WIRE_FAULTS,
    **{name: f'AADSTS{row.code}, {row.status} {row.error}' for name, row in ERRORS.items()},
}
"""Each takes "endpoint": "token" (the default, but for names ending in -metadata), "metadata" or
"any"."""


def strikes_endpoint(fault: Fault, endpoint: str) -> bool:
    """Tell whether the fault is meant for this endpoint, `token` or `metadata`."""
    default = 'metadata' if fault.name.endswith('-metadata') else 'token'
    return fault.params.get('endpoint', default) in (endpoint, 'any')


def wire_reply(fault: Fault) -> Reply:
    """Make the reply of one of the `WIRE_FAULTS` but `slow`."""
    params = fault.params
    if fault.name == 'throttled':
        headers = {'Content-Type': 'text/plain'}
        retry_after = params.get('retry_after', 60)
        if retry_after is not None:
            headers['Retry-After'] = str(retry_after)
        return Reply(429, b'Too Many Requests', headers)
    if fault.name == 'server-error':
        return Reply(int(params.get('status', 503)))
    if fault.name == 'html':
        page = b'<!DOCTYPE html><html><body><h1>Sign in to the proxy</h1></body></html>'
        return Reply(int(params.get('status', 200)), page, {'Content-Type': 'text/html'})
    return Reply(drop=True)
