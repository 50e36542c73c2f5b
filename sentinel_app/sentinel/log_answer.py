"""Parsing of the query API's response: rows, or an error.

A status of 200 is not yet a success: an answer that was cut short has that status as well, and so
has one without a body.

Source: learn.microsoft.com/azure/azure-monitor/logs/api/response-format, errors and timeouts;
the shape of `PartialError` is from answers that users of azure-monitor-query have published.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from sentinel_app.core.error_text import one_line, page_text
from sentinel_app.core.logs import LogRows
from sentinel_app.core.retry import LONGEST_RETRY_AFTER_S, QUERY_RETRY_AFTER_S, parse_retry_after
from sentinel_app.core.untrusted import TooManyValuesError
from sentinel_app.errors import (
    LogsDeniedError,
    LogsRefusedError,
    LogsServerError,
    LogsTableError,
    LogsThrottledError,
    LogsTooLargeError,
    LogsUnauthorizedError,
    SentinelAppError,
)
from sentinel_app.network.exchange import PROXY_REMEDY, Answer, whole_json

ACCESS_REMEDY: Final = (
    "Assign 'Microsoft Sentinel Contributor' to the application on this workspace. A new role can "
    'take up to an hour to apply. If it has the role for longer, add the application permission '
    "Data.Read of 'Log Analytics API' to the application in Entra ID, and grant admin consent."
)
CLOUD_REMEDY: Final = (
    'Check that Azure Cloud, Microsoft Login URL and Log Analytics Query URL name the cloud of the '
    'workspace.'
)
WORKSPACE_REMEDY: Final = (
    'Check the Sentinel Workspace ID input: it is the GUID of the Log Analytics workspace, not its '
    'name; and that Azure Cloud, or Log Analytics Query URL, names the cloud of that workspace.'
)
TABLE_REMEDY: Final = (
    'A table is created with its first rows. Check that Microsoft Sentinel is enabled on this '
    'workspace, and that Indicators have been sent to it.'
)
PLAN_REMEDY: Final = (
    'Set the plan of the table to Analytics, in the Azure portal under Tables of this workspace.'
)
SIZE_REMEDY: Final = (
    'The App asks for less at once. If it still fails, try again when the workspace is less busy.'
)

_FOREIGN: Final = f'Log Analytics takes no access tokens of this kind. {CLOUD_REMEDY}'
_TABLE: Final = 'PrimaryResult'
_DYNAMIC: Final = 'dynamic'
_PARTIAL: Final = 'PartialError'
_BAD_TOKEN: Final = 'InvalidAuthenticationToken'  # noqa: S105 - the name of an error
_BAD_AUDIENCE: Final = 'InvalidAuthenticationTokenAudience'
_UNKNOWN_NAME: Final = 'SEM0100'
_UNRESOLVED: Final = re.compile(r'\bfailed to resolve\b', re.IGNORECASE)
_PLAN: Final = re.compile(
    r'\b(?:basic|auxiliary)\b.{0,80}?\b(?:plan|tier|logs?|tables?)\b', re.IGNORECASE
)
_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = range(500, 600)
_MOST_CAUSES: Final = 8
"""Maximum read causes of an error: each has at most one below it in practice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    """One response, with the parts that all readers need."""

    answer: Answer
    payload: object
    """JSON of the body; None if it is not JSON."""
    causes: tuple[Mapping[str, Any], ...]
    """The error of the body and the errors that caused it, outermost first."""
    now: dt.datetime

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def context(self) -> dict[str, object]:
        """Facts that are safe to show."""
        return {'status': self.status}

    @property
    def reason(self) -> str:
        """Log Analytics' own words, or those of a gateway."""
        words = '; '.join(filter(None, map(_cause_words, self.causes)))
        if not words and not self.answer.is_empty and self.status not in _OK:
            words = page_text(self.answer.text)
        return one_line(words)

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(str(cause.get('code')) for cause in self.causes)


def read_rows(answer: Answer, columns: Sequence[str], *, now: dt.datetime) -> LogRows:
    """Return the rows of an answer, with the columns in the order of `columns`.

    Values of dynamic columns come as JSON text, or as what the text stands for; both are returned
    as the latter. Other values are returned as they are.

    Args:
        answer: the response.
        columns: names of the columns that it must have.
        now: the current time, for a `Retry-After` with a date.

    Raises:
        LogsThrottledError: status 429.
        LogsServerError: a server error, or a response that is not from the query API.
        LogsUnauthorizedError: the token was refused.
        LogsTooLargeError: the answer was cut short, is too large, or took too long.
        LogsTableError: the table or a column does not exist, or its plan allows no queries.
        LogsDeniedError: the application has no access, or the address is wrong.
        LogsRefusedError: the query was refused.
    """
    if answer.status == HTTPStatus.NO_CONTENT:
        return LogRows(columns=tuple(columns), rows=())
    raw = _raw(answer, now)
    if raw.status not in _OK:
        raise _refusal(raw)
    if raw.causes:
        raise _unfinished(raw)
    table = _primary_table(raw)
    places, types = _places(raw, table, columns)
    rows = _rows(raw, table, len(types))
    width = len(types)
    if places != list(range(width)):
        rows = [[row[place] for place in places] for row in rows]
    dynamic = [at for at, place in enumerate(places) if types[place] == _DYNAMIC]
    if dynamic:
        _parse_dynamic(answer, rows, dynamic)
    return LogRows(columns=tuple(columns), rows=rows)


def beyond_size() -> LogsTooLargeError:
    """Return the error of an answer that is larger than the App takes."""
    return LogsTooLargeError(f'The answer of Log Analytics is too large. {SIZE_REMEDY}')


def _raw(answer: Answer, now: dt.datetime) -> _Raw:
    payload = _payload(answer) if answer.status in _OK else whole_json(answer)
    error = payload.get('error') if isinstance(payload, dict) else None
    causes = tuple(_causes(error)) if error is not None else ()
    return _Raw(answer=answer, payload=payload, causes=causes, now=now)


def _payload(answer: Answer) -> object:
    """Return the JSON of a success; None if it is not JSON."""
    try:
        return answer.json_of_rows()
    except TooManyValuesError:
        raise beyond_size() from None
    except ValueError:
        return None


def _causes(error: object) -> Iterator[Mapping[str, Any]]:
    """Yield an error and what caused it, by the members `innererror` and `details`."""
    waiting = [error]
    for _ in range(_MOST_CAUSES):
        if not waiting:
            return
        each = waiting.pop(0)
        if not isinstance(each, dict):
            each = {'message': str(each)}
        yield each
        details = each.get('details')
        inner = each.get('innererror')
        waiting += [*([inner] if inner else []), *(details if isinstance(details, list) else [])]


def _cause_words(cause: Mapping[str, Any]) -> str:
    return ': '.join(str(part) for part in (cause.get('code'), cause.get('message')) if part)


def _unfinished(raw: _Raw) -> SentinelAppError:
    """Return the error of a status 200 with an error in the body."""
    if _PARTIAL in raw.codes:
        return LogsTooLargeError(
            f'Log Analytics cut the answer short. {SIZE_REMEDY}',
            reason=raw.reason,
            context=raw.context,
        )
    return _no_answer(raw)


def _no_answer(raw: _Raw) -> LogsServerError:
    return LogsServerError(
        'The answer says that all is well, but does not look like one of Log Analytics.',
        reason=raw.reason,
        context=raw.context,
    )


def _primary_table(raw: _Raw) -> Mapping[str, Any]:
    """Return the one table with rows; further ones, such as statistics, have other names."""
    tables = raw.payload.get('tables') if isinstance(raw.payload, dict) else None
    found = [
        table
        for table in (tables if isinstance(tables, list) else ())
        if isinstance(table, dict) and table.get('name') == _TABLE
    ]
    if len(found) != 1:
        raise _no_answer(raw)
    return found[0]


def _places(
    raw: _Raw, table: Mapping[str, Any], columns: Sequence[str]
) -> tuple[list[int], list[object]]:
    """Return the place of each requested column, and the types of all columns."""
    listed = table.get('columns')
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise _no_answer(raw)
    names = [each.get('name') for each in listed]
    if any(names.count(name) != 1 for name in columns):
        raise _no_answer(raw)
    return [names.index(name) for name in columns], [each.get('type') for each in listed]


def _rows(raw: _Raw, table: Mapping[str, Any], width: int) -> list[list[Any]]:
    rows = table.get('rows')
    if not isinstance(rows, list):
        raise _no_answer(raw)
    if any(not isinstance(row, list) or len(row) != width for row in rows):
        raise _no_answer(raw)
    return rows


def _parse_dynamic(answer: Answer, rows: list[list[Any]], places: Sequence[int]) -> None:
    """Replace JSON text in dynamic columns by its value, in place."""
    left = answer.most_values
    for row in rows:
        for place in places:
            text = row[place]
            if isinstance(text, str):
                # A text of one value alone has none of these, and each stands for one more.
                left -= text.count(',') + text.count('[') + text.count('{')
                if left < 0:
                    raise beyond_size()
                row[place] = _dynamic(answer, text)


def _dynamic(answer: Answer, text: str) -> object:
    """Return what JSON text stands for; a text that is not JSON stands for itself."""
    try:
        return answer.json_in(text)
    except ValueError:
        return text


def _refusal(raw: _Raw) -> SentinelAppError:
    """Return the error for a status other than success."""
    facts: dict[str, Any] = {'reason': raw.reason, 'context': raw.context}
    if raw.status == HTTPStatus.BAD_REQUEST:
        return _bad_request(raw)
    is_foreign = raw.status == HTTPStatus.FORBIDDEN and _BAD_TOKEN in raw.codes
    if is_foreign or raw.status == HTTPStatus.UNAUTHORIZED:
        # The 403 is documented for the wrong scope, but an expired token may get it as well.
        return LogsUnauthorizedError(
            _FOREIGN if is_foreign else f'Log Analytics refused the access token. {CLOUD_REMEDY}',
            code='AZ-QUERY-AUDIENCE' if is_foreign else None,
            **facts,
        )
    if raw.status == HTTPStatus.TOO_MANY_REQUESTS:
        return LogsThrottledError(
            'Log Analytics asked for fewer queries. Something else may query with the same '
            'application; give each its own.',
            retry_after_s=_throttled_s(raw),
            **facts,
        )
    if raw.status == HTTPStatus.GATEWAY_TIMEOUT:
        return LogsTooLargeError(
            f'Log Analytics did not finish the query in time. {SIZE_REMEDY}', **facts
        )
    if raw.status in _SERVER_ERRORS or raw.status == HTTPStatus.REQUEST_TIMEOUT:
        return LogsServerError(
            f'Log Analytics answered with a server error ({raw.status}).',
            retry_after_s=_retry_after_s(raw),
            **facts,
        )
    return _denial(raw)


def _bad_request(raw: _Raw) -> SentinelAppError:
    """Return the error of a 400, which is about the table or about the query."""
    facts: dict[str, Any] = {'reason': raw.reason, 'context': raw.context}
    if _UNKNOWN_NAME in raw.codes or _UNRESOLVED.search(raw.reason):
        return LogsTableError(
            f'The workspace does not have a table or column that the App reads. {TABLE_REMEDY}',
            **facts,
        )
    if _PLAN.search(raw.reason):
        # No documentation has the text of this refusal; any other is a refusal of the query.
        return LogsTableError(
            f'The table is on a plan that cannot be read back. {PLAN_REMEDY}',
            code='AZ-QUERY-PLAN',
            **facts,
        )
    return LogsRefusedError(
        'Log Analytics refused the query. It is a query of the App: please report it with the '
        'reason.',
        **facts,
    )


def _denial(raw: _Raw) -> LogsDeniedError:
    """Return an error that retries cannot fix, whatever the query."""
    if raw.status == HTTPStatus.FORBIDDEN and _BAD_AUDIENCE in raw.codes:
        code, message = 'AZ-QUERY-AUDIENCE', _FOREIGN
    elif raw.status == HTTPStatus.FORBIDDEN:
        code, message = (
            'AZ-QUERY-403',
            f'The application may not query the workspace. {ACCESS_REMEDY}',
        )
    elif raw.status in _REDIRECTS:
        code = 'AZ-QUERY-404'
        message = (
            'The query address points to another one, where a token must not be sent. Check Log '
            'Analytics Query URL, and any proxy in between.'
        )
    elif raw.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        code, message = 'AZ-QUERY-404', f'The proxy refused the query. {PROXY_REMEDY}'
    elif raw.status == HTTPStatus.NOT_FOUND:
        code = 'AZ-QUERY-404'
        message = f'There is no such workspace at the query address. {WORKSPACE_REMEDY}'
    else:
        code = 'AZ-QUERY-404'
        message = f'The query address does not take queries ({raw.status}). {WORKSPACE_REMEDY}'
    return LogsDeniedError(message, code=code, reason=raw.reason, context=raw.context)


def _retry_after_s(raw: _Raw) -> float | None:
    return parse_retry_after(raw.answer.headers.get('Retry-After'), now=raw.now)


def _throttled_s(raw: _Raw) -> float:
    """Return the seconds that a 429 asks to wait; implausible ones count as missing."""
    seconds = _retry_after_s(raw)
    if seconds is None or not 0 < seconds < LONGEST_RETRY_AFTER_S:
        return QUERY_RETRY_AFTER_S
    return seconds
