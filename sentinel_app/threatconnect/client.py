"""Client of ThreatConnect's v3 API, returning raw JSON; one attempt for each call."""

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
"""Maximum characters of an encoded query in the address; a longer one is sent in the body.

Source: TcEx 5, `object_collection_abc.py` (release note APP-4852).
"""

LARGEST_LIMIT: Final = 10_000
"""Maximum rows of a page. Source: ThreatConnect developer documentation, "Enable Pagination"."""

OWNERS_PER_PAGE: Final = LARGEST_LIMIT
MOST_OWNER_PAGES: Final = 20
"""Maximum pages of owners; an instance with more is repeating itself."""

DATE_WARNING_DURATION: Final = dt.timedelta(hours=24)
"""How long the page shows a warning about an ignored date."""

READ_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=120.0, total_s=300.0)
"""Time limits of reading. A page of thousands of rows with their attributes can take a minute."""

PAGE_LIMIT: Final = SizeLimit(body_bytes=24 << 20, values=1_000_000)
"""Size limits of a page. 2,000 Indicators take some 5 MB; a page of Indicators with hundreds of
attributes is requested again with fewer rows."""

LIST_LIMIT: Final = SizeLimit(body_bytes=8 << 20, values=300_000)
"""Size limits of lists with short rows: owners, keywords and deleted Indicators."""

_INDICATORS: Final = '/v3/indicators'
_OWNERS: Final = '/v3/security/owners'
_KEYWORDS: Final = '/v3/indicators/tql'

Param = str | int | bool | list[str]
Taken = TypeVar('Taken')
Take = Callable[[Payload, dt.datetime], Taken]
"""Converts a response and its time to the result; raises if it does not fit the request."""

_log = EventLog(__name__)


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
            ReadTimeoutError: no response in time, or a server error: a smaller page may succeed.
            ReadOrderError: rows out of order, or not after the requested id.
            ReadError: a response that is not a page; status 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.
            AnswerError, ActivityError: the response does not fit the question.
            GatewayError: a proxy or gateway refused the request.

        Source: ThreatConnect developer documentation, "Retrieve Indicators" and "Sort Results".
        """

        def take(payload: Payload, server_at: dt.datetime) -> SourcePage:
            rows = self._fitting(payload, question, limit)
            check_order(rows)
            return SourcePage(rows=tuple(rows), server_at=server_at)

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
        """Send the question restricted so that nothing can match, in the same form of request.

        The rows cannot be checked against a user's TQL, but this shows whether the TQL arrives.

        Raises:
            SentinelAppError: as for `read_page`; `AnswerError` if there are rows.
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
        """Send the request in the form that fits the question's length, for any page."""

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
        """Return the characters of the question in an address."""
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
            SentinelAppError: as for `read_page`; `AnswerError` if an entry is of another owner.

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
                    # The given spelling, as the list may use another case.
                    owner_name=owner,
                    date=text_of(row, 'dateAdded'),
                )
                for row in rows
            ),
            server_at=server_at,
            count=known_count(payload),
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
            payload, _ = self._call('GET', _OWNERS, params)
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

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Return the TQL keywords for Indicators of this instance.

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
        """Return the server's own time, in whole seconds; None if the response has none.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        _, server_at = self._ask('GET', _OWNERS, {'resultStart': 0, 'resultLimit': 1})
        return server_at

    def _call(
        self, method: str, path: str, params: Mapping[str, Param], *, form: Form = Form.ADDRESS
    ) -> tuple[Payload, dt.datetime]:
        """Make one request; return the JSON of the response and the server's time."""
        sent_at = self._clock.now()
        payload, server_at = self._ask(method, path, params, form=form)
        if server_at is not None and abs(server_at - self._clock.now()) > GREATEST_SKEW:
            self._record_wrong_date(server_at)
            server_at = None
        # Without a Date the window must not end in ThreatConnect's future. Our own clock minus the
        # maximum difference of valid signatures cannot be there: at worst some rows wait for the
        # next window.
        return payload, server_at or sent_at - GREATEST_SKEW

    @property
    def warning(self) -> str | None:
        """Return a warning about an implausible date in ThreatConnect's responses, or None."""
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
        """Make one request; return the JSON of the response and its date."""
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
    """Return the parameters of a count, which ThreatConnect returns only with the first rows."""
    return {'tql': question.tql, 'resultStart': 0, 'resultLimit': 1, 'count': True}


def _query_value(value: Param) -> str | int | list[str]:
    """Return a parameter in the form for a query string."""
    return str(value).lower() if isinstance(value, bool) else value


def _unanswered(fault: NetworkFault) -> ReadTimeoutError | ReadError:
    """Return the error of a fault; a smaller page helps only for time-outs and size."""
    context = {REMEDY: fault.remedy}
    if fault.kind in (FaultKind.TIMEOUT, FaultKind.CONNECTION, FaultKind.SIZE):
        return ReadTimeoutError(f'ThreatConnect did not answer. {fault.words}', context=context)
    return ReadError(f'ThreatConnect cannot be reached. {fault.words}', context=context)
