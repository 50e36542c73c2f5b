"""Pages of Groups: which are asked for, and whether all of them came.

Source: ThreatConnect REST API v3, "Retrieve Groups" and "Enable Pagination".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sentinel_app.core.tql import ids_clause
from sentinel_app.errors import QueryError, ReadError
from sentinel_app.threatconnect.fit import check_empty, check_groups, check_members, row_id
from sentinel_app.threatconnect.form import Form
from sentinel_app.threatconnect.instance import LARGEST_LIMIT, PAGE_LIMIT, Instance, page_params
from sentinel_app.threatconnect.payload import Payload, Row, count_of, known_count, rows_of

GROUPS_IN_CLAUSE: Final = 300
"""Maximum Groups in one question, so that its address has less than 8,000 characters."""

_GROUPS: Final = '/v3/groups'


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupQuestion:
    """A request for Groups. A response with a row that does not fit is rejected."""

    tql: str
    fields: tuple[str, ...] = ()
    """The requested fields beyond the default properties."""
    ids: frozenset[int] | None = None
    """Allowed ids of a row; None for any."""
    types: tuple[str, ...] = ()
    """Allowed types of a row; empty for any."""


def ids_question(
    ids: Sequence[int], fields: Sequence[str], *, types: Sequence[str] = (), clause: str = ''
) -> GroupQuestion:
    """Return the question for the Groups with these ids.

    Args:
        ids: the ids.
        fields: the requested fields beyond the default properties.
        types: the types that the clause allows; empty for any.
        clause: a further restriction; empty for none.
    """
    tql = ids_clause(ids)
    return GroupQuestion(
        tql=f'{clause} AND {tql}' if clause else tql,
        fields=tuple(fields),
        ids=frozenset(ids),
        types=tuple(types),
    )


class GroupPages:
    """Reads Groups page by page.

    Args:
        instance: the instance of ThreatConnect.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def rows(self, question: GroupQuestion) -> Iterator[Row]:
        """Yield rows that match, each Group once; the end of the list proves nothing.

        Raises:
            ReadTimeoutError: no response in time, or a server error: fewer Groups may succeed.
            ReadError: a response that is not a page; status 429; the question was refused.
            ReadAuthError: the credentials were refused.
            AnswerError: the response does not fit the question.
            GatewayError: a proxy or gateway refused the request.
        """
        for payload, new_ids in self._pages(question, is_counted=False):
            yield from _distinct(payload, new_ids)

    def all_rows(self, question: GroupQuestion) -> list[Row]:
        """Return the rows that match, each Group once and all of them.

        What is missing counts as deleted, which must not be concluded from half a list.

        Raises:
            ReadError: as for `rows`, or there are fewer Groups than ThreatConnect counts.
            SentinelAppError: as for `rows`.
        """
        found: list[Row] = []
        count = None
        for payload, new_ids in self._pages(question, is_counted=True):
            # ThreatConnect returns no count on further pages.
            count = count_of(payload) if count is None else count
            rows = _distinct(payload, new_ids)
            check_members(rows, question.fields)
            found += rows
        if len(found) != count:
            raise ReadError(
                f'ThreatConnect gave {len(found):,} Groups where it counts {count}. They are asked '
                'for again.'
            )
        return found

    def _pages(
        self, question: GroupQuestion, *, is_counted: bool
    ) -> Iterator[tuple[Payload, set[int]]]:
        """Yield pages, each with the ids that were on none before it."""
        seen: set[int] = set()
        start = 0
        while True:
            payload, _ = self.page(question, start=start, is_counted=is_counted)
            rows = rows_of(payload)
            new_ids = {row_id(row) for row in rows} - seen
            yield payload, new_ids
            seen |= new_ids
            start += len(rows)
            if not payload.get('next') or not new_ids:
                return

    def page(
        self,
        question: GroupQuestion,
        *,
        start: int = 0,
        limit: int = LARGEST_LIMIT,
        is_counted: bool = False,
    ) -> tuple[Payload, dt.datetime]:
        """Return one page in ascending order of id, and the server's time.

        Raises:
            SentinelAppError: as for `rows`.
        """
        try:
            return self.try_page(question, start=start, limit=limit, is_counted=is_counted)
        except QueryError as error:
            # No person wrote this question, so none can correct it.
            raise ReadError(
                'ThreatConnect refused a question for Groups.',
                reason=error.reason,
                context=error.context,
            ) from error

    def try_page(
        self,
        question: GroupQuestion,
        *,
        start: int = 0,
        limit: int = LARGEST_LIMIT,
        is_counted: bool = False,
    ) -> tuple[Payload, dt.datetime]:
        """Return one page of a question that the instance may not understand.

        Raises:
            QueryError: the question was refused.
            SentinelAppError: as for `page`.
        """
        params = page_params(question.tql, list(question.fields), limit, start)
        if is_counted and not start:
            params['count'] = True

        def ask(form: Form) -> tuple[Payload, dt.datetime]:
            found = self._instance.call('GET', _GROUPS, params, form=form, limit=PAGE_LIMIT)
            check_groups(rows_of(found.payload), ids=question.ids, types=question.types)
            return found.payload, found.server_at

        def prove(form: Form) -> None:
            nothing = page_params(f'({question.tql}) AND id < 0', list(question.fields), 1)
            payload = self._instance.call('GET', _GROUPS, nothing, form=form).payload
            check_empty(rows_of(payload), known_count(payload))

        return self._instance.ask(ask, prove=prove, params=params)


def _distinct(payload: Payload, ids: Collection[int]) -> list[Row]:
    """Return the rows with these ids, each once."""
    rows = {row_id(row): row for row in rows_of(payload)}
    return [row for number, row in rows.items() if number in ids]
