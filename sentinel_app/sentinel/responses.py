"""Parsing of the upload API's response to a batch: refusals, or an error.

Source: learn.microsoft.com/azure/sentinel/stix-objects-api, and
Azure/azure-rest-api-specs `ThreatIntelligence/preview/2024-02-01-preview/ThreatIntelligence.json`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sentinel_app.core.error_text import one_line, page_text
from sentinel_app.core.retry import DEFAULT_RETRY_AFTER_S, LONGEST_RETRY_AFTER_S, parse_retry_after
from sentinel_app.core.sink import UploadReply
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    BatchUnclearError,
    SentinelAppError,
    ThrottledError,
    UnauthorizedError,
    UploadDeniedError,
    UploadServerError,
)
from sentinel_app.network.exchange import PROXY_REMEDY, Answer, whole_json

ROLE_REMEDY: Final = (
    "Assign 'Microsoft Sentinel Contributor' to the application on this workspace. New roles can "
    'take several minutes to apply. Check the Client ID and Sentinel Workspace ID inputs too.'
)
WORKSPACE_REMEDY: Final = (
    'Check the Sentinel Workspace ID input: it is the GUID of the Log Analytics workspace, not its '
    'name; and that Azure Cloud, or Sentinel Upload URL, names the cloud of that workspace.'
)

_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_SERVER_ERRORS: Final = range(500, 600)
_NO_ROLE: Final = 'unauthorizedaccess'
_TRY_AGAIN: Final = re.compile(r'try again in (\d{1,9}) second', re.IGNORECASE)

MOST_MESSAGES: Final = 8
"""Maximum stored reasons of one object; the first ones show what is wrong."""

# The specification and the documentation disagree about the name of the list.
_MESSAGE_LISTS: Final = ('errorMessages', 'validationErrorMessages')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    """One response, with the parts that all readers need."""

    answer: Answer
    payload: object
    """JSON of the body; None if it is not JSON."""
    reason: str
    count: int
    now: dt.datetime

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def retry_after_s(self) -> float | None:
        """Seconds of a `Retry-After`; None without one."""
        return parse_retry_after(self.answer.headers.get('Retry-After'), now=self.now)

    @property
    def context(self) -> dict[str, object]:
        """Facts that are safe to show."""
        return {'status': self.status, 'objects': self.count}


def read_reply(answer: Answer, *, count: int, now: dt.datetime) -> UploadReply:
    """Return the result of each object of a batch.

    If a refusal does not name an object of the batch, the whole response is ignored: the batch
    counts as refused, so that it is halved and sent again (harmless, as the ids are the same) until
    a batch of one object is unambiguous.

    Args:
        answer: the response.
        count: number of objects sent, 1 or more.
        now: the current time, for a `Retry-After` with a date.

    Raises:
        ThrottledError: status 429; the batch was not processed.
        UploadServerError: a server error, or a response that is not from the upload API.
        UnauthorizedError: the token was refused.
        BatchTooLargeError: status 413.
        BatchRefusedError: the whole batch was refused.
        BatchUnclearError: it is unknown which object was refused.
        UploadDeniedError: the role is missing, or the workspace or address does not exist.
    """
    payload = {} if answer.is_empty else whole_json(answer)
    raw = _Raw(
        answer=answer, payload=payload, reason=_reason(answer, payload), count=count, now=now
    )
    if raw.status in _OK:
        if not isinstance(payload, dict) or 'error' in payload:
            raise UploadServerError(
                'The answer says that all is well, but does not look like one of Sentinel.',
                reason=raw.reason,
                context=raw.context,
            )
        return _read_errors(raw)
    if raw.status == HTTPStatus.BAD_REQUEST:
        return _read_bad_request(raw)
    raise _refusal(raw)


def _read_errors(raw: _Raw) -> UploadReply:
    """Return all refusals by position."""
    listed = raw.payload.get('errors') if isinstance(raw.payload, dict) else None
    entries = listed if isinstance(listed, list) else [] if listed is None else [listed]
    refusals: dict[int, list[str]] = {}
    for entry in entries:
        # With a single object, every error is about it.
        index = 0 if raw.count == 1 else _index(entry, raw.count)
        if index is None:
            # With status 400 nothing was accepted; with a success, the rest may have been.
            kind = BatchUnclearError if raw.status in _OK else BatchRefusedError
            raise kind(
                'Sentinel refused an object without saying which one of the batch.',
                reason=raw.reason,
                context=raw.context,
            )
        known = refusals.setdefault(index, [])
        if len(known) < MOST_MESSAGES:
            known += _messages(entry)
    return UploadReply(
        refusals={index: tuple(texts[:MOST_MESSAGES]) for index, texts in refusals.items()}
    )


def _read_bad_request(raw: _Raw) -> UploadReply:
    """Return the refusals of a 400, if it names every object of the batch.

    Objects that it does not name were not accepted, as a 400 accepts nothing.
    """
    if isinstance(raw.payload, dict) and raw.payload.get('errors'):
        reply = _read_errors(raw)
        if len(reply.refusals) == raw.count:
            return reply
    raise BatchRefusedError(
        'Sentinel refused the whole request.', reason=raw.reason, context=raw.context
    )


def _index(entry: object, count: int) -> int | None:
    """Return the position that an error names; None if it names none of the batch."""
    index = entry.get('recordIndex') if isinstance(entry, dict) else None
    if isinstance(index, str) and re.fullmatch(r'[0-9]{1,9}', index):
        index = int(index)
    if not isinstance(index, int) or isinstance(index, bool):
        return None
    return index if 0 <= index < count else None


def _messages(entry: object) -> Sequence[str]:
    """Return the messages of an error, in Sentinel's own words."""
    if isinstance(entry, dict):
        for name in _MESSAGE_LISTS:
            listed = entry.get(name)
            texts = [listed] if isinstance(listed, str) else listed
            if isinstance(texts, list) and texts:
                return [
                    one_line(each if isinstance(each, str) else json.dumps(each))
                    for each in texts[:MOST_MESSAGES]
                ]
    return ('Sentinel gave no reason.',)


def _refusal(raw: _Raw) -> SentinelAppError:
    """Return the error for a status other than success and 400."""
    if raw.status == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(
            'Sentinel asked for fewer requests.',
            reason=raw.reason,
            context=raw.context,
            retry_after_s=_throttled_s(raw),
        )
    if raw.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return BatchTooLargeError(
            'Sentinel refused the request for its size.', reason=raw.reason, context=raw.context
        )
    if raw.status == HTTPStatus.UNAUTHORIZED and not _says_no_role(raw.payload):
        return UnauthorizedError(
            'Sentinel refused the access token.', reason=raw.reason, context=raw.context
        )
    if raw.status in _SERVER_ERRORS or raw.status == HTTPStatus.REQUEST_TIMEOUT:
        return UploadServerError(
            f'Sentinel answered with a server error ({raw.status}).',
            reason=raw.reason,
            context=raw.context,
            retry_after_s=raw.retry_after_s,
        )
    return _denial(raw)


def _denial(raw: _Raw) -> UploadDeniedError:
    """Return an error that retries cannot fix, whatever the objects."""
    if raw.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        code, message = 'AZ-403', f'The application may not write to the workspace. {ROLE_REMEDY}'
    elif raw.status in _REDIRECTS:
        code = 'AZ-404'
        message = (
            'The upload address points to another one, where a token must not be sent. Check '
            'Sentinel Upload URL, and any proxy in between.'
        )
    elif raw.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        code, message = 'AZ-404', f'The proxy refused the request. {PROXY_REMEDY}'
    elif raw.status == HTTPStatus.NOT_FOUND:
        code, message = 'AZ-404', f'There is no such workspace at this address. {WORKSPACE_REMEDY}'
    else:
        code = 'AZ-404'
        message = f'The upload address does not take batches ({raw.status}). {WORKSPACE_REMEDY}'
    return UploadDeniedError(message, code=code, reason=raw.reason, context=raw.context)


def _says_no_role(payload: object) -> bool:
    """Return whether a 401 is about the role, which a new token would not fix."""
    error = payload.get('error') if isinstance(payload, dict) else None
    code = error.get('code') if isinstance(error, dict) else None
    return isinstance(code, str) and code.lower() == _NO_ROLE


def _throttled_s(raw: _Raw) -> float:
    """Return the seconds that a 429 asks to wait, 0 to an hour.

    The text decides if the header is missing or implausible: a time in the past, or beyond the
    maximum.
    """
    retry_after_s = raw.retry_after_s
    if retry_after_s is not None and 0 < retry_after_s < LONGEST_RETRY_AFTER_S:
        return retry_after_s
    found = _TRY_AGAIN.search(raw.reason)
    if found:
        return min(float(found.group(1)), LONGEST_RETRY_AFTER_S)
    return DEFAULT_RETRY_AFTER_S if retry_after_s is None else retry_after_s


def _reason(answer: Answer, payload: object) -> str:
    """Return the words of a body of any of three kinds: the service's, the gateway's, others."""
    words = ''
    if isinstance(payload, dict):
        error = payload.get('error')
        source = error if isinstance(error, dict) else payload
        parts = (source.get('code'), source.get('message'))
        words = ': '.join(str(part) for part in parts if part)
    if not words and not answer.is_empty and payload != {}:
        words = answer.text if payload is not None else page_text(answer.text)
    code = answer.headers.get('x-ms-error-code', '')
    if code and code.lower() not in words.lower():
        words = f'{code}: {words}' if words else code
    return one_line(words)
