"""Reads from ThreatConnect's v3 API, as raw JSON, one attempt for each call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlencode

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import DeletedIndicator, Owner, TqlKeyword
from sentinel_app.core.question import Question, empty_question
from sentinel_app.core.retry import parse_date
from sentinel_app.core.source import DeletedPage, SourcePage
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.trouble import System
from sentinel_app.core.window import GREATEST_SKEW
from sentinel_app.errors import REMEDY, FatalError, ReadError, ReadTimeoutError
from sentinel_app.log import EventLog
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import FaultKind, HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.fit import (
    check_deleted,
    check_empty,
    check_fit,
    check_order,
)
from sentinel_app.threatconnect.form import Form, LongForm
from sentinel_app.threatconnect.pace import RequestPace
from sentinel_app.threatconnect.payload import (
    Payload,
    count_of,
    known_count,
    owner_name,
    owner_of,
    rows_of,
    text_of,
)
from sentinel_app.threatconnect.responses import read_answer

LONGEST_QUERY: Final = 2000
"""Characters of an encoded query beyond which it goes in the body.

Source: TcEx 5, `object_collection_abc.py` (release note APP-4852).
"""

LARGEST_LIMIT: Final = 10_000
"""Rows on a page at most. Source: ThreatConnect developer documentation, "Enable Pagination"."""

OWNERS_PER_PAGE: Final = LARGEST_LIMIT
MOST_OWNER_PAGES: Final = 20
"""An instance with more owners than these pages hold is none; it repeats itself for ever."""

DATE_WARNING_DURATION: Final = dt.timedelta(hours=24)
"""For how long the page tells of a time that was not used."""

READ_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=120.0, total_s=300.0)
"""A page of thousands of rows with their attributes can take a minute to be put together."""

PAGE_LIMIT: Final = SizeLimit(body_bytes=24 << 20, values=1_000_000)
"""A page of 2,000 Indicators takes some 5 MB; one with hundreds of attributes is asked for again
with fewer rows."""

LIST_LIMIT: Final = SizeLimit(body_bytes=8 << 20, values=300_000)
"""Owners, keywords, and entries of the list of deleted Indicators: short rows."""

_INDICATORS: Final = '/v3/indicators'
_OWNERS: Final = '/v3/security/owners'
_KEYWORDS: Final = '/v3/indicators/tql'

Param = str | int | bool | list[str]
Taken = TypeVar('Taken')
Take = Callable[[Payload, dt.datetime], Taken]
"""Makes an answer, and the time of it, into what was asked for; refuses what does not fit."""

_log = EventLog(__name__)


class ThreatConnectSource:
    """Implements `Source` over a session that signs requests and knows the base address.

    Every answer is held against its question before any of it is given on.

    Args:
        session: takes addresses relative to the API's base, for example `/v3/indicators`, as the
            session of TcEx does. Its adapter for HTTPS is replaced: it must not repeat by itself.
        fields: what to ask for beyond the default properties of an Indicator.
        clock: the present, and for how long an answer has been coming.
        redactor: masks secrets in what comes back.
        timeouts: for each call.
        pace: of all requests to ThreatConnect; one of its own if left out.
        contact: learns how each request ends; one of its own if left out.
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
        self._http = HttpClient(session, clock=clock, timeouts=timeouts, redactor=redactor)
        self._fields = list(fields)
        self._clock = clock
        self._pace = pace or RequestPace(clock)
        self._contact = contact or Contact(System.THREATCONNECT, clock)
        self._long_form = LongForm(clock)
        self._wrong_date: tuple[dt.datetime, dt.datetime] | None = None

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        """Return up to `limit` matching rows in ascending order of id.

        Raises:
            ReadTimeoutError: no answer in time, or a server error: a smaller page may do.
            ReadOrderError: rows out of order, or not behind the id asked for.
            ReadError: an answer that is no page; 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.
            AnswerError, ActivityError: the answer does not fit the question.
            GatewayError: something in between refused the request.

        Source: ThreatConnect developer documentation, "Retrieve Indicators" and "Sort Results".
        """

        def take(payload: Payload, server_at: dt.datetime) -> SourcePage:
            rows = self._fitting(payload, question, limit)
            check_order(rows)
            return SourcePage(rows=tuple(rows), server_at=server_at)

        return self._ask_question(question, self._page_params(question.tql, limit, 0), take)

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        """Return up to `limit` matching rows in whatever order they come, after so many others.

        The first page (`offset` 0) says how many match in all.

        Raises:
            SentinelAppError: as for `read_page`.
        """
        params = self._page_params(question.tql, limit, offset)
        if not offset:
            # On a further page the number would not be given.
            params['count'] = True

        def take(payload: Payload, server_at: dt.datetime) -> SourcePage:
            rows = self._fitting(payload, question, limit)
            count = None if offset else count_of(payload)
            return SourcePage(rows=tuple(rows), server_at=server_at, count=count)

        return self._ask_question(question, params, take)

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        """Return the number of matching Indicators and the server's own time.

        Raises:
            SentinelAppError: as for `read_page`.
        """

        def take(payload: Payload, server_at: dt.datetime) -> tuple[int, dt.datetime]:
            check_fit(rows_of(payload), question, limit=1)
            return count_of(payload), server_at

        return self._ask_question(question, _count_params(question), take)

    def verify(self, question: Question) -> None:
        """Ask, in the form in which the question travels, what must be empty.

        A user's TQL cannot be held against the rows; this shows whether it arrives.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` where something came.
        """
        ask = partial(self._ask_empty, question)
        length = self._length(question)
        if length <= LONGEST_QUERY:
            ask(Form.ADDRESS)
        else:
            self._long_form.ask(ask, prove=None, length=length)

    def _ask_question(
        self, question: Question, params: Mapping[str, Param], take: Take[Taken]
    ) -> Taken:
        """Ask in the form that fits the question's length, whichever page of it is asked for."""

        def ask(form: Form) -> Taken:
            return take(*self._call('GET', _INDICATORS, params, form=form))

        length = self._length(question)
        if length <= LONGEST_QUERY:
            return ask(Form.ADDRESS)
        return self._long_form.ask(ask, prove=partial(self._ask_empty, question), length=length)

    def _ask_empty(self, question: Question, form: Form) -> None:
        params = _count_params(empty_question(question))
        payload, _ = self._call('GET', _INDICATORS, params, form=form)
        check_empty(rows_of(payload), known_count(payload))

    def _length(self, question: Question) -> int:
        """Characters of the question as it stands in an address."""
        params = self._page_params(question.tql, LARGEST_LIMIT, 0)
        return len(urlencode(params, doseq=True))

    def _fitting(
        self, payload: Payload, question: Question, limit: int
    ) -> list[Mapping[str, object]]:
        rows = rows_of(payload)
        check_fit(rows, question, limit=limit, fields=self._fields)
        return rows

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        """Return a page of an owner's deleted Indicators.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` where an entry is of another owner.

        Source: ThreatConnect developer documentation, "Retrieve Deleted Indicators".
        """
        params: dict[str, Param] = {'owner': owner, 'resultStart': start, 'resultLimit': limit}
        if since is not None:
            params['deletedSince'] = to_seconds(since)
        payload, server_at = self._call('GET', f'{_INDICATORS}/deleted', params)
        rows = rows_of(payload)
        check_deleted(rows, owner)
        return DeletedPage(
            entries=tuple(
                DeletedIndicator(
                    type=text_of(row, 'type'),
                    summary=text_of(row, 'summary'),
                    # As it is known here: the list may write it in another case.
                    owner_name=owner,
                    date=text_of(row, 'dateAdded'),
                )
                for row in rows
            ),
            server_at=server_at,
            count=known_count(payload),
        )

    def owners(self) -> tuple[Owner, ...]:
        """Return the owners that the API user can read Indicators of, in ThreatConnect's order.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
            FatalError: there is no end of them.
        """
        seen: dict[str, Owner | None] = {}
        start = 0
        for _ in range(MOST_OWNER_PAGES):
            # By offset, not by the address of `next`: that may name another host, which must not
            # be shown a signature.
            params: dict[str, Param] = {'resultStart': start, 'resultLimit': OWNERS_PER_PAGE}
            payload, _ = self._call('GET', _OWNERS, params)
            rows = rows_of(payload)
            known = len(seen)
            seen.update((owner_name(row), owner_of(row)) for row in rows)
            start += len(rows)
            if not payload.get('next') or len(seen) == known:
                return tuple(owner for owner in seen.values() if owner is not None)
        raise FatalError(
            f'ThreatConnect goes on naming owners: {len(seen):,} so far, and after '
            f'{MOST_OWNER_PAGES} pages there is no end. Tell the support of ThreatConnect.',
            code='TC-READ',
        )

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Give the words that this instance's TQL knows for Indicators.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        payload, _ = self._call('OPTIONS', _KEYWORDS, {})
        return tuple(
            TqlKeyword(
                name=text_of(row, 'keyword') or text_of(row, 'name'),
                type=text_of(row, 'type'),
                description=text_of(row, 'description'),
            )
            for row in rows_of(payload)
            if text_of(row, 'keyword') or text_of(row, 'name')
        )

    def _page_params(self, tql: str, limit: int, offset: int) -> dict[str, Param]:
        return {
            'tql': tql,
            'fields': self._fields,
            'resultStart': offset,
            'resultLimit': limit,
            'sorting': 'id asc',
        }

    def server_time(self) -> dt.datetime | None:
        """Give the server's own time, in whole seconds; None where it does not tell.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        _, server_at = self._ask('GET', _OWNERS, {'resultStart': 0, 'resultLimit': 1})
        return server_at

    def _call(
        self, method: str, path: str, params: Mapping[str, Param], *, form: Form = Form.ADDRESS
    ) -> tuple[Payload, dt.datetime]:
        """Make one request; return the whole JSON answer and the server's time."""
        sent_at = self._clock.now()
        payload, server_at = self._ask(method, path, params, form=form)
        if server_at is not None and abs(server_at - self._clock.now()) > GREATEST_SKEW:
            self._record_wrong_date(server_at)
            server_at = None
        # Without a Date the window must not end in ThreatConnect's future. Our own clock less the
        # greatest difference that a signature survives cannot be there: at worst some rows wait
        # for the next window.
        return payload, server_at or sent_at - GREATEST_SKEW

    @property
    def warning(self) -> str | None:
        """What a person must know of the time that ThreatConnect's answers tell."""
        if self._wrong_date is None:
            return None
        date, seen_at = self._wrong_date
        if self._clock.now() - seen_at > DATE_WARNING_DURATION:
            return None
        return (
            f'An answer of ThreatConnect that came at {to_seconds(seen_at)} was dated '
            f"{to_seconds(date)}. That is more than five minutes off the App server's clock, so it "
            'was not used; nothing is left out. Check both clocks, and whether a proxy or a '
            'gateway in between answers from a cache.'
        )

    def _record_wrong_date(self, date: dt.datetime) -> None:
        if self.warning is None:
            _log.warning('date-ignored', date=to_seconds(date))
        self._wrong_date = (date, self._clock.now())

    def _ask(
        self, method: str, path: str, params: Mapping[str, Param], *, form: Form = Form.ADDRESS
    ) -> tuple[Payload, dt.datetime | None]:
        """Make one request; return the whole JSON answer and the time that the server names."""
        options: dict[str, object]
        if form is Form.BODY:
            options = {'json': {'data': dict(params)}}
        else:
            options = {'params': {name: _query_value(value) for name, value in params.items()}}
        self._pace.wait()
        with self._contact.call():
            try:
                limit = PAGE_LIMIT if path == _INDICATORS else LIST_LIMIT
                answer = self._http.exchange(method, path, limit=limit, **options)
            except NetworkFault as fault:
                raise _unanswered(fault) from None
            payload = read_answer(answer, now=self._clock.now())
        return payload, parse_date(answer.headers.get('Date'))


def _count_params(question: Question) -> dict[str, Param]:
    """Parameters that ask how many match: the number is given only with the first rows."""
    return {'tql': question.tql, 'resultStart': 0, 'resultLimit': 1, 'count': True}


def _query_value(value: Param) -> str | int | list[str]:
    """A parameter as it goes into a query string."""
    return str(value).lower() if isinstance(value, bool) else value


def _unanswered(fault: NetworkFault) -> ReadTimeoutError | ReadError:
    """A smaller page helps against time-outs and answers too large, not against a certificate."""
    context = {REMEDY: fault.remedy}
    if fault.kind in (FaultKind.TIMEOUT, FaultKind.CONNECTION, FaultKind.SIZE):
        return ReadTimeoutError(f'ThreatConnect did not answer. {fault.words}', context=context)
    return ReadError(f'ThreatConnect cannot be reached. {fault.words}', context=context)
