"""Validation of a request's message: its used fields, corrected, or its fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from sentinel_app.core.masking import MASK, is_secret_name
from sentinel_app.platform.request_limits import (
    LONGEST_PATH,
    LONGEST_QUERY,
    Fault,
    is_key,
    is_token,
    request_fault,
)

# A message is any JSON that the platform sent.
Message = dict[str, Any]

# Required fields, without which the framework fails half-way.
_FIELDS: Final = {
    'apiToken': str,
    'headers': list,
    'method': str,
    'path': str,
    'queryParams': list,
}
# Optional fields, passed on if they are text of a valid length; the App needs no others.
_FACTS: Final = {'remoteAddress': 200, 'requestUrl': LONGEST_PATH + LONGEST_QUERY}
_LONGEST_EPOCH: Final = 12
"""Maximum digits of a time in seconds."""
_SEPARATORS: Final = re.compile(r'[;,\s]+(?:[\w.-]+=)?|^[\w.-]+=')
_MOST_SECRETS: Final = 8
_LONGEST_SECRET: Final = 8_192
# Characters that occur in a query value only if it was decoded.
_DECODED_SIGNS: Final = frozenset(' &#"<>')
_SINGLE_HEADERS: Final = frozenset({'content-length', 'content-type', 'host'})
_PAIR: Final = ('name', 'value')


class QuietMessage(dict[str, Any]):
    """A message whose text form omits what the framework would otherwise log in clear text."""

    def __repr__(self) -> str:
        shown = dict(self)
        for name in ('headers', 'queryParams'):
            if isinstance(pairs := shown.get(name), list):
                shown[name] = [_masked(pair) for pair in pairs]
        if 'apiToken' in shown:
            shown['apiToken'] = MASK
        return repr(shown)

    __str__ = __repr__


def secrets_of(message: QuietMessage) -> list[str]:
    """Return the secrets in headers and parameters of a request.

    These are whole values, and each part of a cookie and of credentials, as any may be echoed
    alone.
    """
    pairs = [*message['headers'], *message['queryParams']]
    values = [pair['value'] for pair in pairs if _is_secret(pair)][:_MOST_SECRETS]
    parts = [part for value in values for part in _SEPARATORS.split(value)[:_MOST_SECRETS]]
    return [each for each in (*values, *parts) if len(each) <= _LONGEST_SECRET]


def _masked(pair: object) -> object:
    if not isinstance(pair, Mapping):
        return pair
    return {**pair, 'value': MASK} if _is_secret(pair) else pair


def _is_secret(pair: Mapping[Any, object]) -> bool:
    """Return whether a header or a parameter is a secret by its name."""
    return is_secret_name(str(pair.get('name')).strip())


def lack(*names: str) -> Fault:
    """Return the fault of a message in which these fields are missing or invalid."""
    return Fault(
        status=HTTPStatus.BAD_REQUEST, description=f'The request lacks a usable {", ".join(names)}.'
    )


def _wrong_fields(message: Message) -> list[str]:
    """Return the names of missing or invalid required fields."""
    wrong = [name for name, kind in _FIELDS.items() if not isinstance(message.get(name), kind)]
    if not is_key(message['requestKey']):
        wrong.append('requestKey')
    if 'apiToken' not in wrong and not is_token(message['apiToken']):
        wrong.append('apiToken')
    body = message.get('bodyVariable')
    if body is not None and not (isinstance(body, str) and is_key(body)):
        wrong.append('bodyVariable')
    for name in ('headers', 'queryParams'):
        given = () if name in wrong else message[name]
        pairs = [pair for pair in given if isinstance(pair, Mapping)]
        if any(isinstance(pair.get(key), list | dict) for pair in pairs for key in _PAIR):
            wrong.append(name)
    return wrong


def usable(message: Message) -> QuietMessage | Fault:
    """Return the used fields of a message, corrected; or its fault.

    Other fields are dropped: the framework logs the whole message, and adds each of its fields to
    the environ.
    """
    wrong = _wrong_fields(message)
    if wrong:
        return lack(*wrong)
    headers = _joined(message['headers'])
    parameters = [
        {'name': _encoded(param['name']), 'value': _encoded(param.get('value'))}
        for param in message['queryParams']
        if isinstance(param, Mapping) and param.get('name') is not None
    ]
    fault = request_fault(
        method=message['method'],
        path=message['path'],
        query='&'.join(f'{param["name"]}={param["value"]}' for param in parameters),
        headers=headers.items(),
    )
    if fault:
        return fault
    whole = QuietMessage(
        {name: message[name] for name in ('requestKey', 'apiToken', 'method', 'path')}
    )
    whole['headers'] = [{'name': name, 'value': value} for name, value in headers.items()]
    whole['queryParams'] = parameters
    whole['bodyVariable'] = message.get('bodyVariable')
    whole['expireSeconds'] = _epoch(message.get('expireSeconds'))
    for name, longest in _FACTS.items():
        fact = message.get(name)
        if isinstance(fact, str) and len(fact) <= longest and fact.isprintable():
            whole[name] = fact
    return whole


def _epoch(value: object) -> int | None:
    """Return a time in seconds; None for anything else, which would make the framework fail."""
    if not isinstance(value, int | str) or (isinstance(value, str) and len(value) > _LONGEST_EPOCH):
        return None
    text = str(value).strip()
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_EPOCH
    return int(text) if is_number else None


def _joined(headers: list[object]) -> dict[str, str]:
    """Return the headers with repeated ones joined, as the framework only keeps the first."""
    found: dict[str, list[str]] = {}
    for header in headers:
        if not isinstance(header, Mapping):
            continue
        name, value = header.get('name'), header.get('value')
        if not isinstance(name, str) or not name.strip() or value is None:
            continue
        key = name.strip().lower()
        if key not in found or key not in _SINGLE_HEADERS:
            found.setdefault(key, []).append(str(value))
    return {
        name: ('; ' if name == 'cookie' else ', ').join(values) for name, values in found.items()
    }


def _encoded(value: object) -> str:
    """Return a query value encoded, if it was decoded before.

    The framework joins names and values unchanged. It is unknown whether the platform decodes them,
    so a value is only encoded if it cannot be a raw one. Text that UTF-8 cannot hold is kept, and
    refused later.
    """
    text = '' if value is None else str(value)
    is_decoded = not text.isascii() or not text.isprintable() or bool(_DECODED_SIGNS & set(text))
    try:
        return quote(text, safe="~!$'()*,;:@/?") if is_decoded else text
    except UnicodeEncodeError:
        return text
