"""A source of rows with nothing but an id and a last modification, and with ways of its own."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable

from sentinel_app.core.indicator import DeletedIndicator, Owner, TqlKeyword
from sentinel_app.core.question import Question
from sentinel_app.core.source import SourcePage
from sentinel_app.core.timestamp import from_text
from sentinel_app.errors import ReadOrderError
from tests.harness.clocks import NOON

_CLAUSE = re.compile(r'(id|lastModified) (>|<|GEQ|LT) "?([^" )]+)')


class RowSource:
    """Implements `Source`: rows alone, of no owner, and none was ever deleted.

    Args:
        rows: the last modification of each id.
        seed: of an order that is another one for each call; None for the order of ids.
        cap: rows on a page at most, whatever is asked for.
        before: called before each answer, with the name of the call.
    """

    def __init__(
        self,
        rows: dict[int, dt.datetime],
        *,
        seed: int | None = None,
        ignores_id: bool = False,
        cap: int = 10_000,
        before: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.rows = rows
        self.chance = None if seed is None else random.Random(seed)
        self.ignores_id = ignores_id
        self.cap = cap
        self.before = before
        self.server_at = NOON
        self.calls: list[str] = []
        self.tql: list[str] = []

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        ids = self._select('read_page', question)[: min(limit, self.cap)]
        if ids != sorted(ids):
            raise ReadOrderError('out of order')
        return self._page(_behind(question, ids))

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        ids = self._select('read_window', question)
        count = None if offset else len(ids)
        page = ids[offset : offset + min(limit, self.cap)]
        return self._page(_behind(question, page), count)

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        return len(self._select('count', question)), self.server_at

    def verify(self, question: Question) -> None:
        self.calls.append('verify')

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> tuple[tuple[DeletedIndicator, ...], dt.datetime]:
        self.calls.append('deleted')
        return (), self.server_at

    def owners(self) -> tuple[Owner, ...]:
        self.calls.append('owners')
        return ()

    def keywords(self) -> tuple[TqlKeyword, ...]:
        self.calls.append('keywords')
        return ()

    def _page(self, ids: list[int], count: int | None = None) -> SourcePage:
        rows = tuple({'id': item} for item in ids)
        return SourcePage(rows=rows, server_at=self.server_at, count=count)

    def _select(self, name: str, question: Question) -> list[int]:
        self.before(name)
        self.calls.append(name)
        self.tql.append(question.tql)
        ids = sorted(self.rows)
        for keyword, operator, value in _CLAUSE.findall(question.tql):
            if keyword == 'id' and self.ignores_id:
                continue
            passes = self._test(keyword, operator, value)
            ids = [item for item in ids if passes(item)]
        if self.chance is not None:
            self.chance.shuffle(ids)
        return ids

    def _test(self, keyword: str, operator: str, value: str) -> Callable[[int], bool]:
        if keyword == 'id':
            number = int(value)
            return lambda item: item > number if operator == '>' else item < number
        bound = from_text(value)
        return lambda item: (
            self.rows[item] >= bound if operator == 'GEQ' else self.rows[item] < bound
        )


def _behind(question: Question, ids: list[int]) -> list[int]:
    """The same ids, where all of them are behind the one asked for."""
    if question.after_id is not None and any(item <= question.after_id for item in ids):
        raise ReadOrderError('not behind the id')
    return ids
