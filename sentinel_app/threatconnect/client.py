"""Client of ThreatConnect's v3 API, returning raw JSON; one attempt for each call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import DeletedIndicator, Owner, TqlKeyword
from sentinel_app.core.question import Question, empty_question
from sentinel_app.core.source import DeletedPage, SourcePage
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.tql import portions
from sentinel_app.errors import FatalError
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.fit import (
    check_deleted,
    check_empty,
    check_fit,
    check_order,
    row_id,
)
from sentinel_app.threatconnect.form import Form
from sentinel_app.threatconnect.group_pages import GROUPS_IN_CLAUSE, GroupPages, ids_question
from sentinel_app.threatconnect.instance import (
    LARGEST_LIMIT,
    PAGE_LIMIT,
    READ_TIMEOUTS,
    Instance,
    Param,
    Response,
    date_of,
    page_params,
)
from sentinel_app.threatconnect.member import security_labels_of
from sentinel_app.threatconnect.pace import RequestPace
from sentinel_app.threatconnect.payload import (
    count_of,
    known_count,
    owner_name,
    owner_of,
    rows_of,
    text_of,
)

OWNERS_PER_PAGE: Final = LARGEST_LIMIT
MOST_OWNER_PAGES: Final = 20
"""Maximum pages of owners; an instance with more is repeating itself."""

_INDICATORS: Final = '/v3/indicators'
_OWNERS: Final = '/v3/security/owners'
_KEYWORDS: Final = '/v3/indicators/tql'

Taken = TypeVar('Taken')
Take = Callable[[Response], Taken]
"""Converts a response to the result; raises if it does not fit the request."""


class ThreatConnectSource:
    """Implements `Source` over a session that signs requests and has the base address.

    Every response is checked against its question before any of it is returned.

    Args:
        session: a session for addresses relative to the API's base, for example `/v3/indicators`,
            such as that of TcEx. Its adapter for HTTPS is replaced by one without retries.
        fields: the requested fields beyond the default properties of an Indicator.
        clock: the clock.
        redactor: masks secrets in responses.
        timeouts: the time limits of each request.
        pace: the pace of all requests to ThreatConnect; its own if left out.
        contact: records the result of each request; its own if left out.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        fields: Sequence[str],
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = READ_TIMEOUTS,
        pace: RequestPace | None = None,
        contact: Contact | None = None,
    ) -> None:
        self._fields = list(fields)
        self.instance = Instance(
            session,
            clock=clock,
            redactor=redactor,
            timeouts=timeouts,
            pace=pace,
            contact=contact,
        )
        """For what else is read from the same instance."""
        self._groups = GroupPages(self.instance)

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        """Return up to `limit` matching rows in ascending order of id.

        Raises:
            ReadTimeoutError: no response in time, or a server error: a smaller page may succeed.
            ReadOrderError: rows out of order, or not after the requested id.
            ReadError: a response that is not a page; status 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.
            AnswerError, ActivityError: the response does not fit the question.
            GatewayError: a proxy or gateway refused the request.

        Source: ThreatConnect developer documentation, "Retrieve Indicators" and "Sort Results".
        """

        def take(response: Response) -> SourcePage:
            rows = self._fitting(response, question, limit)
            check_order(rows)
            return _page(rows, response)

        return self._ask_question(question, self._page_params(question.tql, limit, 0), take)

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        """Return up to `limit` matching rows in any order, starting at `offset`.

        The first page (`offset` 0) has the total count.

        Raises:
            SentinelAppError: as for `read_page`.
        """
        params = self._page_params(question.tql, limit, offset)
        if not offset:
            # ThreatConnect returns no count on further pages.
            params['count'] = True

        def take(response: Response) -> SourcePage:
            rows = self._fitting(response, question, limit)
            return _page(rows, response, count=None if offset else count_of(response.payload))

        return self._ask_question(question, params, take)

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        """Return the number of matching Indicators and the server's own time.

        Raises:
            SentinelAppError: as for `read_page`.
        """

        def take(response: Response) -> tuple[int, dt.datetime]:
            check_fit(rows_of(response.payload), question, limit=1)
            return count_of(response.payload), response.server_at

        return self._ask_question(question, _count_params(question), take)

    def verify(self, question: Question) -> None:
        """Send the question restricted so that nothing can match, in the same form of request.

        The rows cannot be checked against a user's TQL, but this shows whether the TQL arrives.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` if there are rows.
        """
        self.instance.ask(
            partial(self._ask_empty, question), prove=None, params=self._longest_params(question)
        )

    def _ask_question(
        self, question: Question, params: Mapping[str, Param], take: Take[Taken]
    ) -> Taken:
        """Send the request in the form that fits the question's length, for any page."""

        def ask(form: Form) -> Taken:
            return take(self._read(params, form))

        return self.instance.ask(
            ask,
            prove=partial(self._ask_empty, question),
            params=self._longest_params(question),
        )

    def _ask_empty(self, question: Question, form: Form) -> None:
        params = _count_params(empty_question(question))
        payload = self._read(params, form).payload
        check_empty(rows_of(payload), known_count(payload))

    def _read(self, params: Mapping[str, Param], form: Form) -> Response:
        return self.instance.call('GET', _INDICATORS, params, form=form, limit=PAGE_LIMIT)

    def _longest_params(self, question: Question) -> dict[str, Param]:
        """Return the parameters of the largest page, which decide about the form of all."""
        return self._page_params(question.tql, LARGEST_LIMIT, 0)

    def _fitting(
        self, response: Response, question: Question, limit: int
    ) -> list[Mapping[str, object]]:
        rows = rows_of(response.payload)
        check_fit(rows, question, limit=limit, fields=self._fields)
        return rows

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        """Return a page of an owner's deleted Indicators.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` if an entry is of another owner.

        Source: ThreatConnect developer documentation, "Retrieve Deleted Indicators".
        """
        params: dict[str, Param] = {'owner': owner, 'resultStart': start, 'resultLimit': limit}
        if since is not None:
            params['deletedSince'] = to_seconds(since)
        response = self.instance.call('GET', f'{_INDICATORS}/deleted', params)
        rows = rows_of(response.payload)
        check_deleted(rows, owner)
        return DeletedPage(
            entries=tuple(
                DeletedIndicator(
                    type=text_of(row, 'type'),
                    summary=text_of(row, 'summary'),
                    # The given spelling, as the list may use another case.
                    owner_name=owner,
                    date=text_of(row, 'dateAdded'),
                )
                for row in rows
            ),
            server_at=response.server_at,
            count=known_count(response.payload),
        )

    def owners(self) -> tuple[Owner, ...]:
        """Return the owners whose Indicators the API user can read, in ThreatConnect's order.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
            FatalError: the list has no end.
        """
        seen: dict[str, Owner | None] = {}
        start = 0
        for _ in range(MOST_OWNER_PAGES):
            # By offset, not by the address in `next`: that may be on another host, which must not
            # receive a signature.
            params: dict[str, Param] = {'resultStart': start, 'resultLimit': OWNERS_PER_PAGE}
            payload = self.instance.call('GET', _OWNERS, params).payload
            rows = rows_of(payload)
            known = len(seen)
            seen.update((owner_name(row), owner_of(row)) for row in rows)
            start += len(rows)
            if not payload.get('next') or len(seen) == known:
                return tuple(owner for owner in seen.values() if owner is not None)
        raise FatalError(
            f'ThreatConnect keeps returning owners: {len(seen):,} so far, and after '
            f'{MOST_OWNER_PAGES} pages there is no end. Contact ThreatConnect support.',
            code='TC-READ',
        )

    def group_labels(self, ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        """Return the security labels of these Groups, where ThreatConnect gives all of them.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` if there are other Groups.
        """
        found: dict[int, tuple[str, ...]] = {}
        for part in portions(ids, GROUPS_IN_CLAUSE):
            for row in self._groups.rows(ids_question(part, ('securityLabels',))):
                labels, are_known = security_labels_of(row)
                if are_known:
                    found[row_id(row)] = labels
        return found

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Return the TQL keywords for Indicators of this instance.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        payload = self.instance.call('OPTIONS', _KEYWORDS, {}).payload
        return tuple(
            TqlKeyword(
                name=text_of(row, 'keyword') or text_of(row, 'name'),
                type=text_of(row, 'type'),
                description=text_of(row, 'description'),
            )
            for row in rows_of(payload)
            if text_of(row, 'keyword') or text_of(row, 'name')
        )

    @property
    def warning(self) -> str | None:
        """Return a warning about an implausible date in ThreatConnect's responses, or None."""
        return self.instance.warning

    def _page_params(self, tql: str, limit: int, offset: int) -> dict[str, Param]:
        return page_params(tql, self._fields, limit, offset)

    def server_time(self) -> dt.datetime | None:
        """Return the server's own time, in whole seconds; None if the response has none.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        _, answer = self.instance.exchange('GET', _OWNERS, {'resultStart': 0, 'resultLimit': 1})
        return date_of(answer)


def _page(
    rows: Sequence[Mapping[str, object]], response: Response, *, count: int | None = None
) -> SourcePage:
    return SourcePage(
        rows=tuple(rows),
        server_at=response.server_at,
        count=count,
        row_bytes=response.size_bytes // max(1, len(rows)),
    )


def _count_params(question: Question) -> dict[str, Param]:
    """Return the parameters of a count, which ThreatConnect returns only with the first rows."""
    return {'tql': question.tql, 'resultStart': 0, 'resultLimit': 1, 'count': True}
