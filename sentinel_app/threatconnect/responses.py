"""Parsing of ThreatConnect's responses: the JSON of a success, or an error."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NoReturn

from sentinel_app.core.error_text import one_line, page_text
from sentinel_app.core.retry import DEFAULT_RETRY_AFTER_S, parse_retry_after
from sentinel_app.core.untrusted import TooManyValuesError
from sentinel_app.errors import (
    GatewayError,
    QueryError,
    ReadAuthError,
    ReadError,
    ReadTimeoutError,
)
from sentinel_app.network.exchange import PROXY_REMEDY, Answer, whole_json

_TIMED_OUT: Final = re.compile(r'\btime[sd]?[ -]?out\b', re.IGNORECASE)
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = range(500, 600)
_REFUSED_FORM: Final = frozenset(
    {
        HTTPStatus.METHOD_NOT_ALLOWED,
        HTTPStatus.LENGTH_REQUIRED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
"""Statuses for a GET with a body, or a length, that is not accepted."""

_REFUSED_WORDS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN})
"""Further statuses of gateways, unless the response is ThreatConnect's own."""


def read_answer(answer: Answer, *, now: dt.datetime) -> Mapping[str, object]:
    """Return the JSON object of a successful response.

    Args:
        answer: the response of ThreatConnect, or of a proxy or gateway.
        now: the current time, for a `Retry-After` with a date.

    Raises:
        ReadTimeoutError: a server error or a web page: a smaller page of rows may succeed.
        ReadError: invalid JSON, a status other than `Success`, or 429.
        ReadAuthError: 401 or 403.
        QueryError: 400.
        GatewayError: a proxy or gateway refused the request.

    Source: ThreatConnect developer documentation, "HTTP Status Codes"; the 429 is not documented.
    """
    if answer.status != HTTPStatus.OK:
        _refuse(answer, now)
    try:
        payload = answer.json_of_rows()
    except TooManyValuesError:
        raise ReadTimeoutError(
            'ThreatConnect answered with more values than a page needs; a smaller one is asked for.'
        ) from None
    except ValueError:
        if answer.is_web_page:
            raise ReadTimeoutError(
                'Something between the App and ThreatConnect answered with a web page.',
                reason=_reason(answer),
            ) from None
        raise ReadError(
            'ThreatConnect answered with broken JSON.', reason=_reason(answer)
        ) from None
    if not isinstance(payload, dict) or payload.get('status') != 'Success':
        raise ReadError('ThreatConnect reported a failure.', reason=_reason(answer))
    return payload


def _reason(answer: Answer) -> str:
    """Return ThreatConnect's message, or else any text of the response."""
    payload = whole_json(answer)
    if payload is None:
        return page_text(answer.text)
    message = payload.get('message') if isinstance(payload, dict) else None
    return one_line(message if isinstance(message, str) else json.dumps(payload))


def _refuse(answer: Answer, now: dt.datetime) -> NoReturn:
    """Raise the error of a response other than 200."""
    status = answer.status
    reason = _reason(answer) or f'HTTP status {status}'
    context = {'status': status}
    retry_after_s = parse_retry_after(answer.headers.get('Retry-After'), now=now)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise ReadError(
            'ThreatConnect asked for fewer requests.',
            reason=reason,
            context=context,
            retry_after_s=DEFAULT_RETRY_AFTER_S if retry_after_s is None else retry_after_s,
        )
    if status in _REFUSED_FORM or (status in _REFUSED_WORDS and not _is_threatconnects(answer)):
        raise GatewayError(
            'Something between the App and ThreatConnect refused the request '
            f'({status}). {_gateway_remedy(status)}',
            reason=reason,
            context=context,
        )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        message = f'ThreatConnect refused the credentials. {_auth_remedy(status, reason)}'
        raise ReadAuthError(message, reason=reason, context=context)
    is_bad_query = status == HTTPStatus.BAD_REQUEST
    if status in _SERVER_ERRORS or status == HTTPStatus.REQUEST_TIMEOUT:
        raise ReadTimeoutError(
            f'ThreatConnect answered with a server error ({status}).',
            reason=reason,
            context=context,
            retry_after_s=retry_after_s,
        )
    if is_bad_query and _TIMED_OUT.search(reason):
        # It is known that queries time out, but not with which status.
        raise ReadTimeoutError('The query took too long.', reason=reason, context=context)
    if is_bad_query:
        message = 'ThreatConnect refused the query. Correct its TQL in CONFIGURE.'
        raise QueryError(message, reason=reason, context=context)
    message = f'ThreatConnect answered with status {status}. {_other_remedy(status)}'
    raise ReadError(message, reason=reason, context=context, retry_after_s=retry_after_s)


def _is_threatconnects(answer: Answer) -> bool:
    """Return whether an error is in ThreatConnect's own format.

    Source: ThreatConnect developer documentation, "HTTP Status Codes" and its examples: JSON with a
    `status` of `Error` or `Failure`, and a `message`.
    """
    payload = whole_json(answer)
    return isinstance(payload, dict) and all(
        isinstance(payload.get(name), str) for name in ('status', 'message')
    )


def _gateway_remedy(status: int) -> str:
    """Return the remedy for a refusal that is not ThreatConnect's."""
    where = 'See that the firewall, proxy or gateway in between lets the App through'
    if status == HTTPStatus.FORBIDDEN:
        return (
            f"{where}; if there is none, check the API user's role and the ThreatConnect Access "
            'ID and Secret Key inputs.'
        )
    return f'{where}, with requests of this form and length.'


def _auth_remedy(status: int, reason: str) -> str:
    """Return the remedy for a 401 or 403, according to ThreatConnect's reason."""
    said = reason.lower()
    if 'timestamp' in said:
        return "Set the App server's clock: it is more than five minutes off ThreatConnect's."
    if 'signature' in said:
        return (
            'Check the ThreatConnect Secret Key input; if it is right, something between the App '
            'and ThreatConnect rewrites addresses.'
        )
    if 'owner' in said:
        return (
            'Check the owners of the TQL query in CONFIGURE: one of them does not exist, or the '
            'API user is not a member of it.'
        )
    if status == HTTPStatus.FORBIDDEN:
        return "Check the API user's role in ThreatConnect, and any firewall in between."
    return (
        'Check the ThreatConnect Access ID and Secret Key inputs, and that the API user is enabled.'
    )


def _other_remedy(status: int) -> str:
    """Return the remedy for any other status."""
    if status == HTTPStatus.NOT_FOUND:
        return "Check ThreatConnect's API path."
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return PROXY_REMEDY
    if status in _REDIRECTS:
        return 'It points to another address, where a signature must not be sent.'
    return 'It is tried again.'
