"""What can be made to go wrong at the upload API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from tests.simulators.faults import Fault
from tests.simulators.https import Reply
from tests.simulators.sentinel import reply as replies
from tests.simulators.sentinel.reply import RetryAfter

ANSWER_FAULTS = {
    'empty-500': '500 without a body',
    'gateway-500': '500 with activityId',
    'html-503': '503 as an HTML page',
    'gateway-504': '504 without a body',
    'html': 'an HTML page with "status" (default 403)',
    'throttle': '429 with "retry_after" (see the setting) and "wait_s" (default 45)',
    'empty-401': '401 without a body, as for another audience',
    'expired-401': '401 as for an expired token',
    'forbidden-403': '403 UnauthorizedAccess',
    'not-found-404': '404 as for an unknown workspace',
    'drop-before': 'the connection is reset before the request is handled',
}
"""Each takes "is_stored": true to handle the request first, so that only its answer is lost."""

WIRE_FAULTS = {
    'drop-after': 'the objects are stored, then the connection is reset without an answer',
    'cut-body': 'the objects are stored, then the connection is reset in mid-body',
    'slow': 'the objects are stored, the answer comes after "wait_s" seconds (default 5)',
    'body-200': 'the objects are stored, a 200 has "body" (default {}) as its text',
}
OBJECT_FAULTS = {
    'too-large': '413 above "bytes" or above "objects"',
    'refuse-batch': '400 for a whole batch with an object whose pattern (without one: whose type, '
    'name or ends) contains "contains"',
    'refuse-objects': 'refuses objects whose pattern or name (without a pattern: whose type, name '
    'or ends too) contains "contains", for a "reason"',
    'refuse-all': '200 with every record refused',
}
REQUEST_FAULTS = {**ANSWER_FAULTS, **WIRE_FAULTS}
FAULTS = {**REQUEST_FAULTS, **OBJECT_FAULTS}
TRANSIENT_FAULTS = (
    'empty-500',
    'gateway-500',
    'html-503',
    'gateway-504',
    'drop-before',
    'drop-after',
    'cut-body',
)
_WITHOUT_PATTERN = ('type', 'name', 'relationship_type', 'source_ref', 'target_ref')
"""Where a fault looks for its text in an object that is no Indicator."""
REFUSED_REASON = 'Refused by the stand-in.'


def is_stored_first(fault: Fault) -> bool:
    """Tell whether the request is handled although its answer goes wrong."""
    return fault.name in WIRE_FAULTS or bool(fault.params.get('is_stored', False))


def spoil(fault: Fault, honest: Reply | None, workspace_id: str, now: float) -> Reply:
    """Make the reply that this fault puts in the place of the honest one."""
    name, params = fault.name, fault.params
    if name in ('drop-before', 'drop-after'):
        return Reply(drop=True)
    if name == 'throttle':
        wait_s = int(params.get('wait_s', 45))
        return replies.throttled(wait_s, params.get('retry_after', RetryAfter.SECONDS), now)
    if honest is not None and name in WIRE_FAULTS:
        if name == 'slow':
            return replace(honest, wait_s=float(params.get('wait_s', 5)))
        if name == 'body-200' and honest.status == HTTPStatus.OK:
            return Reply(200, str(params.get('body', '{}')).encode())
        if name == 'body-200':
            # What was refused has stored nothing, so a 200 would be a lie.
            return honest
        # An empty body has no middle.
        body = honest.body or b'{"errors": []}'
        return replace(honest, body=body, cut_after=len(body) // 2)
    return {
        'empty-500': Reply(500),
        'gateway-500': replies.server_fault(),
        'html-503': replies.html_page(503),
        'gateway-504': Reply(504),
        'html': replies.html_page(int(params.get('status', 403))),
        'empty-401': Reply(401),
        'expired-401': replies.unauthorized(),
        'forbidden-403': replies.no_role(403, 'switched on', workspace_id),
        'not-found-404': replies.no_workspace(workspace_id),
    }[name]


def contains(fault: Fault, stix: Any) -> bool:
    """Tell whether an object holds the fault's text: in its pattern or name, or what stands for
    them."""
    return _holds(fault, stix, ('pattern', 'name'))


def poisons(fault: Fault, stix: Any) -> bool:
    """Tell whether an object holds the fault's text: in its pattern, or what stands for it."""
    return _holds(fault, stix, ('pattern',))


def _holds(fault: Fault, stix: Any, names: Iterable[str]) -> bool:
    if not isinstance(stix, dict):
        return False
    searched = names if 'pattern' in stix else _WITHOUT_PATTERN
    wanted = str(fault.params['contains'])
    return any(wanted in str(stix.get(name, '')) for name in searched)
