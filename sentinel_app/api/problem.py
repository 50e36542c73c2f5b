"""The one shape of every refusal; its code is in the log as well."""

from __future__ import annotations

from collections.abc import Mapping

import falcon

from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import Error, InvalidInputError
from sentinel_app.errors import (
    DISK_FULL,
    ConflictError,
    DiskFullError,
    FatalError,
    NotFoundError,
    RetryableError,
    SentinelAppError,
    StorageError,
)
from sentinel_app.log import EventLog

_log = EventLog(__name__)

_SERVER_ERROR = 500

# By HTTP status: title, what to do about it, code.
_KNOWN: Mapping[int, tuple[str, str, str]] = {
    400: ('Bad Request', 'The request could not be understood.', 'APP-REQUEST'),
    403: ('Forbidden', 'This is not allowed.', 'APP-FORBIDDEN'),
    404: ('Not Found', 'There is nothing at this address.', 'APP-NOT-FOUND'),
    405: ('Method Not Allowed', 'This address does not take that method.', 'APP-METHOD'),
    409: ('Conflict', 'The thing was changed meanwhile.', 'APP-CONFLICT'),
    413: ('Too Large', 'The body is larger than the 1 MB that is taken.', 'APP-TOO-LARGE'),
    415: ('Unsupported Media Type', 'Send Content-Type: application/json.', 'APP-MEDIA'),
    422: ('Not Valid', 'Some fields are not valid.', 'APP-INVALID'),
    500: (
        'Internal Error',
        'Something went wrong inside the App. The log has the details under this code.',
        'APP-INTERNAL',
    ),
    503: ('Not Available', 'This cannot be done at the moment. Try again later.', 'APP-BUSY'),
}


def _answer(req: falcon.Request, resp: falcon.Response, refusal: Refusal) -> None:
    error = _write(resp, refusal)
    log = _log.warning if refusal.status >= _SERVER_ERROR else _log.info
    log(
        'api-refused',
        code=error.code,
        status=refusal.status,
        method=req.method,
        path=req.path,
        reason=error.description,
    )


def _write(resp: falcon.Response, refusal: Refusal) -> Error:
    title, description, code = _KNOWN.get(refusal.status, _KNOWN[400])
    error = Error(
        title=refusal.title or title,
        description=refusal.description or description,
        code=refusal.code or code,
        errors=list(refusal.errors),
        saved_at=refusal.saved_at,
        saved_by=refusal.saved_by,
    )
    resp.status = refusal.status
    resp.content_type = falcon.MEDIA_JSON
    resp.text = error.model_dump_json(exclude_defaults=True)
    return error


def _on_refusal(
    req: falcon.Request, resp: falcon.Response, problem: Refusal, _params: object
) -> None:
    _answer(req, resp, problem)


def _on_http_error(
    req: falcon.Request, resp: falcon.Response, problem: falcon.HTTPError, _params: object
) -> None:
    """What Falcon itself refuses: no such route, method or header."""
    if problem.headers:
        resp.set_headers(problem.headers)
    _answer(req, resp, Refusal(problem.status_code, problem.description))


def _on_invalid_input(
    req: falcon.Request, resp: falcon.Response, problem: InvalidInputError, _params: object
) -> None:
    if problem.is_malformed:
        _answer(req, resp, Refusal(400, 'The body is no JSON: ' + problem.errors[0].message))
        return
    # A query string is refused as a whole, a body for its fields.
    status = 422 if req.method in {'POST', 'PUT'} else 400
    words = '; '.join(f'{error.field} {error.message}' for error in problem.errors)
    _answer(req, resp, Refusal(status, words + '.', errors=problem.errors))


def _on_app_error(
    req: falcon.Request, resp: falcon.Response, problem: SentinelAppError, _params: object
) -> None:
    if isinstance(problem, NotFoundError):
        status = 404
    elif isinstance(problem, ConflictError):
        status = 409
    elif isinstance(problem, RetryableError | FatalError | StorageError):
        status = 503
    else:
        status = 500
    description = problem.detail if isinstance(problem, DiskFullError) else problem.message
    if problem.reason and problem.reason not in description:
        description = f'{description} ({problem.reason})'
    title = DISK_FULL if isinstance(problem, DiskFullError) else None
    _answer(req, resp, Refusal(status, description, code=problem.code, title=title))


def _on_anything(
    req: falcon.Request, resp: falcon.Response, problem: Exception, _params: object
) -> None:
    error = _write(resp, Refusal(500))
    _log.exception('api-error', problem, code=error.code, method=req.method, path=req.path)


def handle_errors(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Register the answer to every kind of exception."""
    app.add_error_handler(Exception, _on_anything)
    app.add_error_handler(falcon.HTTPError, _on_http_error)
    app.add_error_handler(SentinelAppError, _on_app_error)
    app.add_error_handler(InvalidInputError, _on_invalid_input)
    app.add_error_handler(Refusal, _on_refusal)
