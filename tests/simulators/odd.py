"""What JSON can say and nobody expects, put into an answer in the place of any of its members.

Knows no API: the members are those of the honest answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]
"""Names and positions from the whole answer down to a member of it."""

MISSING: Final = ''
"""Stands for no member at all."""

ODD: Final = (
    MISSING,
    *('null', 'true', 'false', '0', '-1', '1', '1.5', '1.0', '-0.0', '7e2'),
    *('9223372036854775807', '9223372036854775808', '-9223372036854775809', '1e18'),
    *('1' + '0' * 400, '9' * 5000, '1e999', '-1e999', 'NaN', 'Infinity', '0.' + '3' * 5000),
    *('""', '" "', r'"\ud800"', r'"\udc00\ud83d"', r'"\u0000"', r'"a\u0000b"', r'"\u2028\u2029"'),
    *(r'"\ud83d\ude00"', r'"\u202e\u200b\ufeff"', r'"\r\n\t"', '"é"', '"ⅷ²٣"', '"%s{0}%n"'),
    *('"1"', '"NaN"', '"1e999"', '"' + '9' * 5000 + '"', '"' + 'x' * 100_000 + '"'),
    *('"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"2025-02-30T25:61:61Z"'),
    *('"0001-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"1970-01-01"', '"2025-01-01T00:00:00"'),
    *('"\' OR 1=1 --"', r'"\" or id > 0 or \""', '"=HYPERLINK(1)"', '"<script>alert(1)</script>"'),
    *('[]', '[[]]', '[null]', '[1,"a",{}]', '[' * 900 + ']' * 900, '[' * 50_000 + ']' * 50_000),
    *('{}', '{"a":null}', '{"data":null}', '{"data":[null,5,{"name":5}],"count":-1}', '{"":{}}'),
    *('{"count":1e999}', '{"data":{"data":[]}}', '{"a":1,"a":2}', '{"name":{"name":[]}}'),
)
"""Values as JSON text, some of which are no JSON."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One value in the place of one member."""

    path: Path
    raw: str
    is_second: bool = False
    """The honest member is there too, before it."""

    def __str__(self) -> str:
        where = '.'.join(map(str, self.path)) or 'all'
        shown = self.raw if len(self.raw) <= 40 else f'{self.raw[:12]}... ({len(self.raw)})'
        return f'{where} = {shown or "nothing"}{" twice" if self.is_second else ""}'


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every member there is, the whole first; of a list only the first entry and the last."""
    yield path
    if isinstance(value, dict):
        for name, each in value.items():
            yield from paths(each, (*path, name))
    elif isinstance(value, list):
        for place in sorted({0, len(value) - 1} if value else ()):
            yield from paths(value[place], (*path, place))


def oddities(found: Sequence[Path]) -> list[Oddity]:
    """Every value in every place."""
    return [
        *(Oddity(path, raw) for path in found for raw in ODD if raw or path),
        *(Oddity(path, raw, True) for path in found for raw in ODD[1:3] if path),
    ]


def written(value: Any, odd: Oddity) -> str:
    """The JSON text of an answer, with what is odd in its place."""
    return _written(value, odd.path, odd)


def _written(value: Any, path: Path, odd: Oddity) -> str:
    if not path:
        return odd.raw
    if isinstance(value, dict):
        return '{' + ','.join(_members(value, path, odd)) + '}'
    if isinstance(value, list):
        entries = [
            json.dumps(each) if place != path[0] else _written(each, path[1:], odd)
            for place, each in enumerate(value)
        ]
        return '[' + ','.join(filter(None, entries)) + ']'
    return json.dumps(value)


def _members(value: dict[str, Any], path: Path, odd: Oddity) -> Iterator[str]:
    for name, each in value.items():
        is_last = len(path) == 1
        if name != path[0] or (is_last and odd.is_second):
            yield f'{json.dumps(name)}:{json.dumps(each)}'
        if name == path[0] and not (is_last and odd.raw == MISSING):
            yield f'{json.dumps(name)}:{_written(each, path[1:], odd)}'
