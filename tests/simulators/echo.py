"""A stand-in's answers with secrets in every text, name and header: the worst that may come back.

Knows no API: an answer of JSON keeps its shape, and what a client goes by.
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from tests.simulators.https import Reply, Request

_HEADERS = (
    'X-Echo',
    'Location',
    'Retry-After',
    'WWW-Authenticate',
    'x-ms-error-code',
    'Set-Cookie',
)
_CARRIERS = ('authorization', 'cookie', 'proxy-authorization')


def spellings(secret: str) -> dict[str, str]:
    """The ways in which a program may write a secret down, by name."""
    return {
        'plain': secret,
        'upper': secret.upper(),
        'url': quote(secret, safe=''),
        'json': json.dumps(secret)[1:-1],
        'escapes': ''.join(f'\\u{ord(each):04x}' for each in secret),
        'base64': base64.b64encode(secret.encode()).decode(),
        'credentials': base64.b64encode(f'user:{secret}'.encode()).decode(),
    }


@dataclass(slots=True, kw_only=True)
class Echo:
    """Alters the answers of one stand-in.

    Attributes:
        planted: gives the secrets that are known beside those of the request itself.
        kept: members whose texts stay, or the client would not understand the answer.
        spared: further ones that stay in every second entry of a list, which remains of use.
        lie: what to make of an answer instead of weaving the secrets into it.
        strikes: which requests get it.
    """

    planted: Callable[[], Iterable[str]]
    kept: Collection[str] = ()
    spared: Collection[str] = ()
    lie: Callable[[str], Reply] | None = None
    strikes: Callable[[Request], bool] = lambda _request: True
    count: int = 0
    """Answers that were altered."""
    _turn: Iterator[int] = field(default_factory=itertools.count)
    _lock: Any = field(default_factory=threading.Lock)

    def __call__(self, request: Request, reply: Reply) -> Reply:
        """Return the answer as it goes out."""
        if request.path.startswith('/_control') or not self.strikes(request):
            return reply
        secrets = [*self.planted(), *carried(request)]
        spelled = [text for secret in secrets for text in spellings(secret).values()]
        with self._lock:
            self.count += 1
        if self.lie is not None:
            reply = self.lie(' '.join(spelled))
        else:
            reply = replace(reply, body=self._woven(reply.body, spelled))
        told = zip(_HEADERS, [self._next(spelled) for _ in _HEADERS], strict=True)
        added = {
            name: f'{reply.headers.get(name, "")} {text}'.strip()
            for name, text in told
            if text.isascii()
        }
        return replace(reply, headers={**reply.headers, **added})

    def _woven(self, body: bytes, spelled: list[str]) -> bytes:
        try:
            payload = json.loads(body)
        except ValueError:
            return body + ' '.join(spelled).encode()
        return json.dumps(self._weave(payload, spelled), ensure_ascii=False).encode()

    def _weave(self, value: Any, spelled: list[str], kept: Collection[str] = ()) -> Any:
        if isinstance(value, str):
            return f'{value} {self._next(spelled)}'
        if isinstance(value, list):
            spared = [(), self.spared]
            return [
                self._weave(each, spelled, spared[place % 2]) for place, each in enumerate(value)
            ]
        if isinstance(value, dict):
            woven = {
                name: each if name in (*self.kept, *kept) else self._weave(each, spelled)
                for name, each in value.items()
            }
            return {**woven, self._next(spelled): 'a name'}
        return value

    def _next(self, spelled: list[str]) -> str:
        with self._lock:
            return spelled[next(self._turn) % len(spelled)]


def carried(request: Request) -> list[str]:
    """Return the secrets in a request's headers, each without what stands before it."""
    values = [request.headers.get(name, '') for name in _CARRIERS]
    return [value.rpartition(' ')[2].rpartition(':')[2] for value in values if value]


def json_error(status: int, /, **members: Any) -> Callable[[str], Reply]:
    """An error as JSON; `...` stands for the secrets."""

    def filled(value: Any, text: str) -> Any:
        if isinstance(value, dict):
            return {name: filled(each, text) for name, each in value.items()}
        if isinstance(value, list):
            return [filled(each, text) for each in value]
        return text if value is ... else value

    def make(text: str) -> Reply:
        body = json.dumps(filled(members, text)).encode()
        return Reply(status, body, {'Content-Type': 'application/json', 'Retry-After': '0'})

    return make


def page(status: int) -> Callable[[str], Reply]:
    """An error as the web page of something in between."""

    def make(text: str) -> Reply:
        body = f'<!DOCTYPE html><html><head><title>{text}</title></head><body>{text}</body></html>'
        return Reply(status, body.encode(), {'Content-Type': 'text/html', 'Retry-After': '0'})

    return make


def plain(status: int) -> Callable[[str], Reply]:
    """An error as plain text."""
    return lambda text: Reply(status, text.encode(), {'Content-Type': 'text/plain'})
