"""The message of one request: what the App needs of it, put right, or what is wrong with it."""

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

# A message is whatever JSON the platform sent.
Message = dict[str, Any]

# What a message must have, or the framework gives up on it half-way.
_FIELDS: Final = {
    'apiToken': str,
    'headers': list,
    'method': str,
    'path': str,
    'queryParams': list,
}
# What else is handed on where it is text of a usable length; the App needs nothing more of it.
_FACTS: Final = {'remoteAddress': 200, 'requestUrl': LONGEST_PATH + LONGEST_QUERY}
_LONGEST_EPOCH: Final = 12
"""Digits of a time in seconds."""
_SEPARATORS: Final = re.compile(r'[;,\s]+(?:[\w.-]+=)?|^[\w.-]+=')
_MOST_SECRETS: Final = 8
_LONGEST_SECRET: Final = 8_192
# Characters that stand in a query value only if it has been decoded.
_DECODED_SIGNS: Final = frozenset(' &#"<>')
_SINGLE_HEADERS: Final = frozenset({'content-length', 'content-type', 'host'})
_PAIR: Final = ('name', 'value')


class QuietMessage(dict[str, Any]):
    """A message whose text form leaves out what the framework would otherwise log in clear."""

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
    """Return what headers and parameters of a request hold that only the caller may know.

    Whole values, and each part of a cookie and of credentials: any of them may come back alone.
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
    """Whether a header or a parameter is a secret by its name."""
    return is_secret_name(str(pair.get('name')).strip())


def lack(*names: str) -> Fault:
    """Return what is said of a message without these fields, or with useless ones."""
    return Fault(
        status=HTTPStatus.BAD_REQUEST, description=f'The request lacks a usable {", ".join(names)}.'
    )


def _wrong_fields(message: Message) -> list[str]:
    """Return the names of what the message lacks, or has in a form that is of no use."""
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
    """Return what the App needs of a message, put right; or what is wrong with it.

    Nothing else is handed on: the framework logs a message whole, and makes a member of the environ
    of each of its fields.
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
    """Return a time in seconds; None for anything else, on which the framework would fail."""
    if not isinstance(value, int | str) or (isinstance(value, str) and len(value) > _LONGEST_EPOCH):
        return None
    text = str(value).strip()
    is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_EPOCH
    return int(text) if is_number else None


def _joined(headers: list[object]) -> dict[str, str]:
    """Return the headers, each name once, as the framework keeps the first of several only."""
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
    """Return a query value encoded, if it was decoded on the way.

    The framework joins names and values as they are. Whether the platform sends them decoded is not
    known, so only a value that cannot be a raw one is encoded. Text that UTF-8 cannot hold stays,
    and is refused later.
    """
    text = '' if value is None else str(value)
    is_decoded = not text.isascii() or not text.isprintable() or bool(_DECODED_SIGNS & set(text))
    try:
        return quote(text, safe="~!$'()*,;:@/?") if is_decoded else text
    except UnicodeEncodeError:
        return text
