"""The bodies the service and its gateway answer with."""

from __future__ import annotations

import email.utils
import uuid
from enum import StrEnum
from typing import Any

from tests.simulators.https import Reply, json_reply


class RetryAfter(StrEnum):
    """How the header of a 429 is sent; the text in the body is always true."""

    SECONDS = 'seconds'
    OMIT = 'omit'
    DATE = 'date'
    PAST = 'past'
    ABSURD = 'absurd'
    NEGATIVE = 'negative'
    GARBAGE = 'garbage'


class ErrorListName(StrEnum):
    """What the messages of one refused record are called; Microsoft's own pages differ."""

    DOCS_PAGE = 'errorMessages'
    SPECIFICATION = 'validationErrorMessages'


class RefusedError(Exception):
    """Ends a request with this reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def service_error(status: int, code: str, text: str) -> Reply:
    """Make a body of the service's own family."""
    error: dict[str, Any] = {
        'code': code,
        'message': text,
        'details': [],
        'target': None,
        'additionalInfo': None,
    }
    return json_reply({'error': error}, status, {'x-ms-error-code': code})


def gateway_error(status: int, text: str, **members: Any) -> Reply:
    """Make a body of the gateway's family."""
    return json_reply({'statusCode': status, 'message': text, **members}, status)


def bad_body(name: str, text: str) -> Reply:
    return service_error(400, f'InvalidRequestBodyProperty({name})', text)


def not_json() -> Reply:
    return bad_body('RequestBody', 'Body of the request is not in valid JSON format.')


def unauthorized() -> Reply:
    return gateway_error(401, 'Unauthorized. Access token is missing or invalid.')


def no_role(status: int, object_id: str, workspace_id: str) -> Reply:
    return service_error(
        status,
        'UnauthorizedAccess',
        f'The Object ID [{object_id}] does not have required permission to perform this action on '
        f'the workspace [{workspace_id}].',
    )


def not_found() -> Reply:
    return gateway_error(404, 'Resource not found')


def no_workspace(workspace_id: str) -> Reply:
    return service_error(404, 'WorkspaceNotFound', f'Workspace [{workspace_id}] was not found.')


def too_large() -> Reply:
    return gateway_error(413, 'Request body is too large.')


def server_fault() -> Reply:
    return gateway_error(500, 'Internal server error', activityId=str(uuid.uuid4()))


def throttled(wait_s: int, retry_after: str, now: float) -> Reply:
    """Make a 429 that asks for `wait_s` whole seconds."""
    header = {
        RetryAfter.SECONDS: str(wait_s),
        RetryAfter.DATE: email.utils.formatdate(now + wait_s, usegmt=True),
        RetryAfter.PAST: email.utils.formatdate(now - 3600, usegmt=True),
        RetryAfter.ABSURD: '86400000',
        RetryAfter.NEGATIVE: '-5',
        RetryAfter.GARBAGE: 'soon',
        RetryAfter.OMIT: None,
    }[RetryAfter(retry_after)]
    body = {
        'statusCode': 429,
        'message': f'Rate limit is exceeded. Try again in {wait_s} seconds.',
    }
    return json_reply(body, 429, {'Retry-After': header} if header else {})


def html_page(status: int) -> Reply:
    page = (
        b'<!DOCTYPE html><html><head><title>Web App</title></head><body>'
        b'You do not have permission to view this directory or page.</body></html>'
    )
    return Reply(status, page, {'Content-Type': 'text/html; charset=utf-8'})
