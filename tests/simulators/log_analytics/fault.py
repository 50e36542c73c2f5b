"""What can be made to go wrong at the query API."""

from __future__ import annotations

from dataclasses import replace

from tests.simulators.faults import Fault
from tests.simulators.https import Reply
from tests.simulators.log_analytics import reply as replies
from tests.simulators.log_analytics.query_fault import SemanticFault, SyntaxFault
from tests.simulators.log_analytics.schema import INDICATORS

ANSWER_FAULTS = {
    'unauthorized-401': '401 AuthenticationFailed',
    'invalid-token-403': '403 InvalidAuthenticationToken',
    'audience-403': '403 InvalidAuthenticationTokenAudience',
    'forbidden-403': '403 InsufficientAccessError; "is_unauthorized_client" for the inner code',
    'not-found-404': '404 PathNotFoundError',
    'syntax-400': '400 BadArgumentError with SyntaxError',
    'semantic-400': '400 BadArgumentError with SemanticError; "name" of the table',
    'throttle': '429; "retry_after" in seconds (default 30, null leaves the header out)',
    'empty-500': '500 without a body',
    'html-502': '502 as an HTML page',
    'html-503': '503 as an HTML page',
    'timeout-504': '504 GatewayTimeout at once',
    'empty-200': '200 without a body',
    'no-content-204': '204 without a body',
    'body-200': '200 with "body" (default {}) as its text',
    'drop': 'the connection is reset without an answer',
}
RESULT_FAULTS = {
    'partial': '200 with PartialError and no more than "rows" rows (default 0)',
    'cut-body': 'the connection is reset in mid-body',
    'slow': 'the answer comes after "wait_s" seconds (default 5)',
}
FAULTS = {**ANSWER_FAULTS, **RESULT_FAULTS}
TRANSIENT_FAULTS = ('empty-500', 'html-502', 'html-503', 'throttle', 'drop', 'cut-body')


def answer(fault: Fault) -> Reply:
    """Make the reply of one of the `ANSWER_FAULTS`."""
    params = fault.params
    retry_after = params.get('retry_after', 30)
    return {
        'unauthorized-401': replies.no_token(),
        'invalid-token-403': replies.bad_token(403),
        'audience-403': replies.wrong_audience('https://management.azure.com', 'switched on'),
        'forbidden-403': replies.no_access(
            is_unauthorized_client=bool(params.get('is_unauthorized_client', False))
        ),
        'not-found-404': replies.no_path(),
        'syntax-400': replies.bad_query(SyntaxFault('switched on')),
        'semantic-400': replies.bad_query(
            SemanticFault(str(params.get('name', INDICATORS)), is_table=True)
        ),
        'throttle': replies.throttled(
            'Too many requests.', None if retry_after is None else int(retry_after)
        ),
        'empty-500': Reply(500),
        'html-502': replies.html_page(502),
        'html-503': replies.html_page(503),
        'timeout-504': replies.timed_out(0),
        'empty-200': Reply(200),
        'no-content-204': Reply(204),
        'body-200': Reply(
            200, str(params.get('body', '{}')).encode(), {'Content-Type': 'application/json'}
        ),
        'drop': Reply(drop=True),
    }[fault.name]


def forced_rows(fault: Fault | None) -> int | None:
    """Return how many rows a fault leaves of an answer that it cuts; `None` without one."""
    if fault and fault.name == 'partial':
        return int(fault.params.get('rows', 0))
    return None


def spoil(fault: Fault | None, honest: Reply) -> Reply:
    """Make of an honest reply what a fault on the wire leaves of it."""
    if fault and fault.name == 'slow':
        return replace(honest, wait_s=float(fault.params.get('wait_s', 5)))
    if fault and fault.name == 'cut-body':
        return replace(honest, cut_after=len(honest.body) // 2)
    return honest
