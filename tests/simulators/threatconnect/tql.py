"""TQL as the platform reads it: text to a checked tree, strict in every point that is documented.

AND binds tighter than OR. Keywords and operators know no case. A string ends at its own quote and
may hold `\\'`, `\\"`, `` \\` `` and `\\\\`; any other backslash is an error, as is a date with
milliseconds or with an offset.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.simulators.threatconnect.tree import And, Compare, IsNull, Node, Not, Or, Sub, Value
from tests.simulators.threatconnect.vocabulary import COLLECTIONS, KEYWORDS, Kind

MAX_DEPTH = 100
"""Levels of parentheses; deeper text would end in a stack overflow, not in an answer."""


class TqlError(ValueError):
    """The text is no TQL; the message says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Token:
    """One lexical unit: kind is `word`, `string`, `number`, `symbol` or `end`."""

    kind: str
    text: str
    position: int

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == 'word' else ''


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<number>-?\d+(?:\.\d+)?)(?![A-Za-z0-9_.])
      | (?P<symbol>==|!=|>=|<=|=|>|<|\(|\)|,)
      | (?P<quote>['"`])
    )""",
    re.VERBOSE,
)
_CHUNK = {quote: re.compile(rf'[^\\{quote}]*') for quote in '\'"`'}
_OPERATORS = {
    '=': '=', '==': '=', 'EQ': '=', 'EQUALS': '=',
    '!=': '!=', 'NE': '!=',
    '>': '>', 'GT': '>',
    '<': '<', 'LT': '<',
    '>=': '>=', 'GEQ': '>=',
    '<=': '<=', 'LEQ': '<=',
    'IN': 'in', 'LIKE': 'like', 'CONTAINS': 'contains',
    'STARTSWITH': 'startswith', 'ENDSWITH': 'endswith',
}  # fmt: skip
_NEGATABLE = frozenset({'in', 'like', 'contains', 'startswith', 'endswith'})
_EQUALITY = frozenset({'=', '!='})
_ORDERED = _EQUALITY | {'>', '<', '>=', '<=', 'in'}
_ALLOWED = {
    Kind.INTEGER: _ORDERED,
    Kind.DOUBLE: _ORDERED,
    Kind.DATE: _ORDERED,
    Kind.BOOLEAN: _EQUALITY,
    Kind.CIDR: _EQUALITY | {'in'},
    Kind.STRING: _ORDERED | _NEGATABLE,
}
_RESERVED = frozenset({'AND', 'OR', 'NOT', 'IS', 'NULL', 'TRUE', 'FALSE', *_OPERATORS})
_DATE_FORMS = (
    (re.compile(r'\d{4}-\d{2}-\d{2}'), '%Y-%m-%d'),
    (re.compile(r'\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}'), '%Y-%m-%d %H:%M:%S'),
    (re.compile(r'\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z'), '%Y-%m-%dT%H:%M:%SZ'),
)


def tokenise(text: str) -> Iterator[Token]:
    """Cut the text into tokens, the last of kind `end`.

    Raises:
        TqlError: at a character that starts no token, or a string that does not end.
    """
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            raise TqlError(f'unexpected "{text[start : start + 12]}" at character {start + 1}')
        kind = str(match.lastgroup)
        start = match.start(kind)
        position = match.end()
        if kind == 'quote':
            value, position = _string(text, position, match['quote'])
            yield Token('string', value, start)
        else:
            yield Token(kind, match[kind], start)
    yield Token('end', 'the end', end)


def _string(text: str, position: int, quote: str) -> tuple[str, int]:
    start, parts = position, []
    while True:
        match = _CHUNK[quote].match(text, position)
        assert match is not None
        parts.append(match[0])
        position = match.end()
        if position >= len(text):
            raise TqlError(f'the string that starts at character {start} does not end')
        if text[position] == quote:
            return ''.join(parts), position + 1
        escaped = text[position + 1 : position + 2]
        if escaped not in tuple('\'"`\\'):
            raise TqlError(f'unknown escape "\\{escaped}" at character {position + 1}')
        parts.append(escaped)
        position += 2


def parse(
    text: str,
    target: str = 'indicator',
    now: dt.datetime | None = None,
    *,
    without: frozenset[str] = frozenset(),
) -> Node:
    """Read TQL about one kind of object.

    Args:
        text: the TQL.
        target: a key of `vocabulary.KEYWORDS`.
        now: what "NOW()" and "TODAY()" mean; the current time if left out.
        without: keywords, in lower case, that this instance does not know.

    Raises:
        TqlError: the text is no valid TQL for that kind of object.
    """
    return _Parser(tuple(tokenise(text)), now or dt.datetime.now(dt.UTC), without).read(target)


class _Parser:
    def __init__(
        self, tokens: tuple[Token, ...], now: dt.datetime, without: frozenset[str]
    ) -> None:
        self._tokens = tokens
        self._now = now
        self._without = without
        self._index = 0
        self._depth = 0

    def read(self, target: str) -> Node:
        node = self._or(target)
        if self._peek.kind != 'end':
            raise self._unexpected('AND, OR or the end')
        return node

    @property
    def _peek(self) -> Token:
        return self._tokens[self._index]

    def _next(self) -> Token:
        token = self._tokens[self._index]
        self._index += 1
        return token

    def _take(self, *texts: str) -> bool:
        """Move on if the next token is one of these symbols or words."""
        token = self._peek
        if token.kind in {'word', 'symbol'} and token.text.upper() in texts:
            self._index += 1
            return True
        return False

    def _unexpected(self, wanted: str) -> TqlError:
        token = self._peek
        return TqlError(f'{wanted} expected, not "{token.text}", at character {token.position + 1}')

    def _or(self, target: str) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TqlError(f'more than {MAX_DEPTH} levels of parentheses')
        items = [self._and(target)]
        while self._take('OR'):
            items.append(self._and(target))
        self._depth -= 1
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _and(self, target: str) -> Node:
        items = [self._unary(target)]
        while self._take('AND'):
            items.append(self._unary(target))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _unary(self, target: str) -> Node:
        negations = 0
        while self._take('NOT'):
            negations += 1
        if self._take('('):
            node = self._or(target)
            if not self._take(')'):
                raise self._unexpected('")"')
        else:
            node = self._clause(target)
        return Not(node) if negations % 2 else node

    def _clause(self, target: str) -> Node:
        token = self._peek
        if token.kind != 'word' or token.word in _RESERVED:
            raise self._unexpected('a keyword')
        self._next()
        found = KEYWORDS[target].get(token.text.lower())
        if found is None or token.text.lower() in self._without:
            raise TqlError(f'unknown keyword "{token.text}" at character {token.position + 1}')
        name, kind = found
        if kind is Kind.SUB_QUERY:
            return self._sub(name)
        if self._take('IS'):
            negated = self._take('NOT')
            if not self._take('NULL'):
                raise self._unexpected('NULL')
            return IsNull(name, kind, negated)
        return self._compare(name, kind)

    def _sub(self, name: str) -> Node:
        inner, collection = COLLECTIONS[name.lower()]
        if not self._take('('):
            raise self._unexpected('"("')
        if self._take(')'):
            return Sub(name, inner, collection, None)
        argument = self._or(inner)
        if not self._take(')'):
            raise self._unexpected('")"')
        return Sub(name, inner, collection, argument)

    def _compare(self, name: str, kind: Kind) -> Node:
        negated = self._take('NOT')
        operator = _OPERATORS.get(self._peek.text.upper())
        if operator is None or self._peek.kind not in {'word', 'symbol'}:
            raise self._unexpected('an operator')
        if negated and operator not in _NEGATABLE:
            raise self._unexpected('IN, LIKE, CONTAINS, STARTSWITH or ENDSWITH')
        if operator not in _ALLOWED[kind]:
            raise TqlError(
                f'{self._peek.text} does not go with {name} ({kind}) '
                f'at character {self._peek.position + 1}'
            )
        self._next()
        return Compare(name, kind, operator, self._values(name, kind, operator), negated)

    def _values(self, name: str, kind: Kind, operator: str) -> tuple[Value, ...]:
        if not self._take('('):
            return (self._value(name, kind),)
        values = [self._value(name, kind)]
        while self._take(','):
            values.append(self._value(name, kind))
        if not self._take(')'):
            raise self._unexpected('"," or ")"')
        if len(values) > 1 and operator != 'in':
            raise TqlError(f'a list of values goes with IN only (after {name})')
        return tuple(values)

    def _value(self, name: str, kind: Kind) -> Value:
        token = self._peek
        wrong = TqlError(
            f'"{token.text}" is no value for {name} ({kind}) at character {token.position + 1}'
        )
        self._next()
        if kind is Kind.BOOLEAN:
            if token.word not in {'TRUE', 'FALSE'}:
                raise wrong
            return token.word == 'TRUE'
        if kind in {Kind.INTEGER, Kind.DOUBLE}:
            if token.kind != 'number' or (kind is Kind.INTEGER and '.' in token.text):
                raise wrong
            return float(token.text) if '.' in token.text else int(token.text)
        if token.kind != 'string':
            raise wrong
        if kind is Kind.DATE:
            return self._date(token)
        if kind is Kind.CIDR:
            try:
                ipaddress.ip_network(token.text, strict=False)
            except ValueError:
                raise wrong from None
        return token.text

    def _date(self, token: Token) -> str:
        """Write the date in the form that the data has, so that texts compare as times do."""
        function = token.text.strip().upper()
        if function == 'NOW()':
            return f'{self._now:%Y-%m-%dT%H:%M:%SZ}'
        if function == 'TODAY()':
            return f'{self._now:%Y-%m-%dT00:00:00Z}'
        for pattern, form in _DATE_FORMS:
            if pattern.fullmatch(token.text):
                try:
                    moment = dt.datetime.strptime(token.text, form).replace(tzinfo=dt.UTC)
                except ValueError:
                    break
                return moment.isoformat(timespec='seconds').replace('+00:00', 'Z')
        raise TqlError(f'"{token.text}" is no date at character {token.position + 1}')
