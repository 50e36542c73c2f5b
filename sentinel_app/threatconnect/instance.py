"""Requests to a ThreatConnect instance: their pace, their form, and the date of its responses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.core.retry import parse_date
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.core.trouble import System
from sentinel_app.core.window import GREATEST_SKEW
from sentinel_app.errors import REMEDY, ReadError, ReadTimeoutError
from sentinel_app.log import EventLog
from sentinel_app.network.contact import Contact
from sentinel_app.network.exchange import (
    Answer,
    FaultKind,
    HttpClient,
    NetworkFault,
    SizeLimit,
    Timeouts,
)
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.form import Form, LongForm
from sentinel_app.threatconnect.pace import RequestPace
from sentinel_app.threatconnect.payload import Payload
from sentinel_app.threatconnect.responses import read_answer

LONGEST_QUERY: Final = 2000
"""Maximum characters of an encoded query in the address; a longer one is sent in the body.

Source: TcEx 5, `object_collection_abc.py` (release note APP-4852).
"""

LARGEST_LIMIT: Final = 10_000
"""Maximum rows of a page. Source: ThreatConnect developer documentation, "Enable Pagination"."""

DATE_WARNING_DURATION: Final = dt.timedelta(hours=24)
"""How long the page shows a warning about an ignored date."""

READ_TIMEOUTS: Final = Timeouts(connect_s=10.0, read_s=120.0, total_s=300.0)
"""Time limits of reading. A page of thousands of rows with their attributes can take a minute."""

PAGE_LIMIT: Final = SizeLimit(body_bytes=24 << 20, values=1_000_000)
"""Size limits of a page. 1,000 Indicators take some 2.5 MB; a page of Indicators with hundreds of
attributes is requested again with fewer rows."""

LIST_LIMIT: Final = SizeLimit(body_bytes=8 << 20, values=300_000)
"""Size limits of lists with short rows: owners, keywords and deleted Indicators."""

Param = str | int | bool | list[str]
Result = TypeVar('Result')

_log = EventLog(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A successful response."""

    payload: Payload
    """Its JSON."""
    server_at: dt.datetime
    """The server's own time."""
    size_bytes: int
    """Size of its body, decompressed."""


class Instance:
    """Requests over a session that signs them and has the base address; one attempt for each.

    All that read from one instance share it, and so its pace and what is known of its forms.

    Args:
        session: a session for addresses relative to the API's base, for example `/v3/indicators`,
            such as that of TcEx. Its adapter for HTTPS is replaced by one without retries.
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
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = READ_TIMEOUTS,
        pace: RequestPace | None = None,
        contact: Contact | None = None,
    ) -> None:
        self._http = HttpClient(session, clock=clock, timeouts=timeouts, redactor=redactor)
        self._clock = clock
        self._pace = pace or RequestPace(clock)
        self._contact = contact or Contact(System.THREATCONNECT, clock)
        self._long_form = LongForm(clock)
        self._wrong_date: tuple[dt.datetime, dt.datetime] | None = None

    def ask(
        self,
        ask: Callable[[Form], Result],
        *,
        prove: Callable[[Form], object] | None,
        params: Mapping[str, Param],
    ) -> Result:
        """Return the response to a question, in the form that fits its length.

        Args:
            ask: sends the question once, in a given form.
            prove: sends a question that must be empty, in the same form; see `LongForm`.
            params: the parameters, whose length decides.

        Raises:
            SentinelAppError: as for `call`, and whatever `ask` or `prove` raises.
        """
        length = len(urlencode(params, doseq=True))
        if length <= LONGEST_QUERY:
            return ask(Form.ADDRESS)
        return self._long_form.ask(ask, prove=prove, length=length)

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Param],
        *,
        form: Form = Form.ADDRESS,
        limit: SizeLimit = LIST_LIMIT,
    ) -> Response:
        """Make one request, and return the response.

        Args:
            method: the method.
            path: the path below the API's base.
            params: the parameters.
            form: the place of the parameters.
            limit: the size limits of the response.

        Raises:
            ReadTimeoutError: no response in time, or a server error.
            ReadError: a response that is not a success; status 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.
            GatewayError: a proxy or gateway refused the request.
        """
        sent_at = self._clock.now()
        payload, answer = self.exchange(method, path, params, form=form, limit=limit)
        server_at = date_of(answer)
        if server_at is not None and abs(server_at - self._clock.now()) > GREATEST_SKEW:
            self._record_wrong_date(server_at)
            server_at = None
        # Without a Date the window must not end in ThreatConnect's future. Our own clock minus the
        # maximum difference of valid signatures cannot be there: at worst some rows wait for the
        # next window.
        return Response(
            payload=payload,
            server_at=server_at or sent_at - GREATEST_SKEW,
            size_bytes=answer.body_bytes,
        )

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

    def exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, Param],
        *,
        form: Form = Form.ADDRESS,
        limit: SizeLimit = LIST_LIMIT,
    ) -> tuple[Payload, Answer]:
        """Make one request; return the JSON of the response, and the response itself.

        Raises:
            SentinelAppError: as for `call`.
        """
        options: dict[str, object]
        if form is Form.BODY:
            options = {'json': {'data': dict(params)}}
        else:
            options = {'params': {name: _query_value(value) for name, value in params.items()}}
        self._pace.wait()
        with self._contact.call():
            try:
                answer = self._http.exchange(method, path, limit=limit, **options)
            except NetworkFault as fault:
                raise _unanswered(fault) from None
            payload = read_answer(answer, now=self._clock.now())
        return payload, answer


def date_of(answer: Answer) -> dt.datetime | None:
    """Return the server's own time, in whole seconds; None if the response has none."""
    return parse_date(answer.headers.get('Date'))


def page_params(tql: str, fields: list[str], limit: int, offset: int = 0) -> dict[str, Param]:
    """Return the parameters of a page in ascending order of id."""
    return {
        'tql': tql,
        'fields': fields,
        'resultStart': offset,
        'resultLimit': limit,
        'sorting': 'id asc',
    }


def _query_value(value: Param) -> str | int | list[str]:
    """Return a parameter in the form for a query string."""
    return str(value).lower() if isinstance(value, bool) else value


def _unanswered(fault: NetworkFault) -> ReadTimeoutError | ReadError:
    """Return the error of a fault; a smaller page helps only for time-outs and size."""
    context = {REMEDY: fault.remedy}
    if fault.kind in (FaultKind.TIMEOUT, FaultKind.CONNECTION, FaultKind.SIZE):
        return ReadTimeoutError(f'ThreatConnect did not answer. {fault.words}', context=context)
    return ReadError(f'ThreatConnect cannot be reached. {fault.words}', context=context)
