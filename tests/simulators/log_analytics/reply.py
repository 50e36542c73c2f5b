"""The bodies of the query API."""

from __future__ import annotations

import uuid
from typing import Any

from tests.simulators.https import Reply, json_reply
from tests.simulators.log_analytics.query_fault import (
    QueryFault,
    SemanticFault,
    SyntaxFault,
)

TOO_LARGE = '-2133196797'
"""Code of the engine for an answer that was cut."""


class RefusedError(Exception):
    """Ends a request with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def error_reply(
    status: int,
    code: str,
    text: str,
    inner: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Make a body of the general form."""
    error: dict[str, Any] = {
        'message': text,
        'code': code,
        'correlationId': str(uuid.uuid4()),
    }
    if inner:
        error['innererror'] = inner
    return json_reply({'error': error}, status, headers)


def no_token() -> Reply:
    text = "Authentication failed. The 'Authorization' header is missing."
    return error_reply(401, 'AuthenticationFailed', text)


def bad_token(status: int) -> Reply:
    """Answer to a token that is malformed, has expired or was taken back."""
    code = 'InvalidAuthenticationToken' if status == 403 else 'AuthenticationFailed'
    return error_reply(status, code, 'The access token is invalid.')


def wrong_audience(audience: str, allowed: str) -> Reply:
    text = (
        f"The access token has been obtained from wrong audience or resource '{audience}'. It "
        'should exactly match (including forward slash) with one of the allowed audiences '
        f"'{allowed}','{allowed}/'."
    )
    return error_reply(403, 'InvalidAuthenticationTokenAudience', text)


def no_access(*, is_unauthorized_client: bool) -> Reply:
    text = 'The provided credentials have insufficient access to perform the requested operation'
    inner = {
        'code': 'UnauthorizedClient',
        'message': 'The client is not authorized to use the direct end point of the API',
    }
    return error_reply(
        403, 'InsufficientAccessError', text, inner if is_unauthorized_client else None
    )


def no_path() -> Reply:
    return error_reply(404, 'PathNotFoundError', 'The requested path does not exist')


def bad_argument(inner: dict[str, Any]) -> Reply:
    return error_reply(400, 'BadArgumentError', 'The request had some invalid properties', inner)


def bad_property(name: str, text: str) -> Reply:
    return bad_argument({'code': 'BadArgumentError', 'message': f'{name}: {text}'})


def bad_query(fault: QueryFault) -> Reply:
    """Answer to a query that cannot be evaluated.

    What the engine lacks is a fault of the stand-in, of a code that the service does not have.
    """
    if isinstance(fault, SyntaxFault):
        return bad_argument(
            {
                'code': 'SyntaxError',
                'message': 'A recognition error occurred in the query.',
                'innererror': {
                    'code': 'SYN0002',
                    'message': str(fault),
                    'line': fault.line,
                    'pos': fault.position,
                },
            }
        )
    if isinstance(fault, SemanticFault):
        return bad_argument(
            {
                'code': 'SemanticError',
                'message': 'A semantic error occurred.',
                'innererror': {'code': 'SEM0100', 'message': str(fault)},
            }
        )
    return error_reply(500, 'StandInCannotEvaluate', str(fault))


def throttled(text: str, wait_s: int | None) -> Reply:
    """Make a 429, with the whole seconds to wait where it tells them."""
    headers = {} if wait_s is None else {'Retry-After': str(wait_s)}
    return error_reply(429, 'ThrottledError', text, headers=headers)


def timed_out(wait_s: float) -> Reply:
    inner = {
        'code': 'GatewayTimeout',
        'message': f'The query did not end within {wait_s:g} seconds',
    }
    return error_reply(504, 'GatewayTimeout', 'Gateway timeout', inner)


def html_page(status: int) -> Reply:
    page = (
        f'<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1>'
        '</center>\r\n<hr><center>Microsoft-Azure-Application-Gateway/v2</center>\r\n</body>\r\n'
        '</html>\r\n'
    )
    return Reply(status, page.encode(), {'Content-Type': 'text/html'})


def partial_error(limit: str, figure: int) -> dict[str, Any]:
    """Make the `error` beside rows that were cut at this limit, `rows` or `bytes`."""
    what = 'record count limit' if limit == 'rows' else 'data size limit'
    return {
        'code': 'PartialError',
        'message': 'There were some errors when processing your query.',
        'details': [
            {
                'code': 'EngineError',
                'message': 'Something went wrong processing your query on the server.',
                'innererror': {
                    'code': TOO_LARGE,
                    'severity': 2,
                    'severityName': 'Error',
                    'message': f'Query result set has exceeded the internal {what} {figure} '
                    '(E_QUERY_RESULT_SET_TOO_LARGE).',
                },
            }
        ],
    }
