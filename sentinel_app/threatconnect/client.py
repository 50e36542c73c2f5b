"""Reads from ThreatConnect's v3 API, as raw JSON, one attempt for each call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

import requests

from sentinel_app.core.models import (
    DeletedIndicator,
    DeletedPage,
    Owner,
    SourcePage,
    TqlKeyword,
)
from sentinel_app.core.ports import Clock
from sentinel_app.core.retry import parse_date
from sentinel_app.core.timestamp import to_seconds
from sentinel_app.errors import REMEDY, ReadError, ReadOrderError, ReadTimeoutError
from sentinel_app.log import EventLog
from sentinel_app.network import FaultKind, HttpClient, NetworkFault, SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.responses import read_answer

LONGEST_QUERY: Final = 2000
"""Characters of an encoded query beyond which it goes in the body.

Source: TcEx 5, `object_collection_abc.py` (release note APP-4852).
"""

OWNERS_PER_PAGE: Final = 10_000

GREATEST_SKEW: Final = dt.timedelta(minutes=5)
"""How far our clock can be from ThreatConnect's, or it would refuse the signature.

Source: ThreatConnect developer documentation, "Quick Start", on the Timestamp header.
"""

TOLD_FOR: Final = dt.timedelta(hours=24)
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

_log = EventLog(__name__)


class ThreatConnectSource:
    """Implements `Source` over a session that signs requests and knows the base address.

    Args:
        session: takes addresses relative to the API's base, for example `/v3/indicators`, as the
            session of TcEx does. Its adapter for HTTPS is replaced: it must not repeat by itself.
        fields: what to ask for beyond the default properties of an Indicator.
        clock: the present, and for how long an answer has been coming.
        redactor: masks secrets in what comes back.
        timeouts: for each call.
    """

    def __init__(
        self,
        session: requests.Session,
        *,
        fields: Sequence[str],
        clock: Clock,
        redactor: Redactor,
        timeouts: Timeouts = READ_TIMEOUTS,
    ) -> None:
        self._http = HttpClient(session, clock=clock, timeouts=timeouts, redactor=redactor)
        self._fields = list(fields)
        self._clock = clock
        self._wrong_date: tuple[dt.datetime, dt.datetime] | None = None

    def read_page(self, tql: str, *, limit: int) -> SourcePage:
        """Give up to `limit` matching rows in ascending order of id.

        Raises:
            ReadTimeoutError: no answer in time, or a server error: a smaller page may do.
            ReadOrderError: rows out of order.
            ReadError: an answer that is no page; 429.
            ReadAuthError: the credentials were refused.
            QueryError: the query was refused.

        Source: ThreatConnect developer documentation, "Retrieve Indicators" and "Sort Results".
        """
        payload, server_at = self._call('GET', _INDICATORS, self._page_params(tql, limit, 0))
        rows = _rows(payload)
        _check_order(rows)
        return SourcePage(rows=tuple(rows), server_at=server_at)

    def read_window(self, tql: str, *, limit: int, offset: int) -> SourcePage:
        """Give up to `limit` matching rows in whatever order they come, after so many others.

        The first page (`offset` 0) says how many match in all.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError, QueryError: as for `read_page`.
        """
        params = self._page_params(tql, limit, offset)
        if not offset:
            # On a further page the number would not be given.
            params['count'] = True
        payload, server_at = self._call('GET', _INDICATORS, params)
        rows = _rows(payload)
        for row in rows:
            _row_id(row)
        count = None if offset else _count(payload)
        return SourcePage(rows=tuple(rows), server_at=server_at, count=count)

    def count(self, tql: str) -> tuple[int, dt.datetime]:
        """Give the number of matching Indicators and the server's own time.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError, QueryError: as for `read_page`.
        """
        # The number is given only together with the first rows.
        params: dict[str, Param] = {'tql': tql, 'resultStart': 0, 'resultLimit': 1, 'count': True}
        payload, server_at = self._call('GET', _INDICATORS, params)
        _rows(payload)
        return _count(payload), server_at

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        """Give a page of an owner's deleted Indicators.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.

        Source: ThreatConnect developer documentation, "Retrieve Deleted Indicators".
        """
        params: dict[str, Param] = {'owner': owner, 'resultStart': start, 'resultLimit': limit}
        if since is not None:
            params['deletedSince'] = to_seconds(since)
        payload, server_at = self._call('GET', f'{_INDICATORS}/deleted', params)
        return DeletedPage(
            entries=tuple(
                DeletedIndicator(
                    type=_text(row, 'type'),
                    summary=_text(row, 'summary'),
                    owner_name=_text(row, 'ownerName') or owner,
                )
                for row in _rows(payload)
            ),
            server_at=server_at,
            count=_known_count(payload),
        )

    def owners(self) -> tuple[Owner, ...]:
        """Give the owners that the API user can read Indicators of, in ThreatConnect's order.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        seen: dict[str, Owner | None] = {}
        start = 0
        while True:
            # By offset, not by the address of `next`: that may name another host, which must not
            # be shown a signature.
            params: dict[str, Param] = {'resultStart': start, 'resultLimit': OWNERS_PER_PAGE}
            payload, _ = self._call('GET', _OWNERS, params)
            rows = _rows(payload)
            known = len(seen)
            seen.update((_owner_name(row), _owner(row)) for row in rows)
            start += len(rows)
            if not payload.get('next') or len(seen) == known:
                return tuple(owner for owner in seen.values() if owner is not None)

    def keywords(self) -> tuple[TqlKeyword, ...]:
        """Give the words that this instance's TQL knows for Indicators.

        Raises:
            ReadTimeoutError, ReadError, ReadAuthError: as for `read_page`.
        """
        payload, _ = self._call('OPTIONS', _KEYWORDS, {})
        return tuple(
            TqlKeyword(
                name=_text(row, 'keyword') or _text(row, 'name'),
                type=_text(row, 'type'),
                description=_text(row, 'description'),
            )
            for row in _rows(payload)
            if _text(row, 'keyword') or _text(row, 'name')
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
        self, method: str, path: str, params: Mapping[str, Param]
    ) -> tuple[Mapping[str, object], dt.datetime]:
        """Make one request; give the whole JSON answer and the server's time."""
        sent_at = self._clock.now()
        payload, server_at = self._ask(method, path, params)
        if server_at is not None and abs(server_at - self._clock.now()) > GREATEST_SKEW:
            self._note_wrong_date(server_at)
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
        if self._clock.now() - seen_at > TOLD_FOR:
            return None
        return (
            f'An answer of ThreatConnect that came at {to_seconds(seen_at)} was dated '
            f"{to_seconds(date)}. That is more than five minutes off the App server's clock, so it "
            'was not used; nothing is left out. Check both clocks, and whether a proxy or a '
            'gateway in between answers from a cache.'
        )

    def _note_wrong_date(self, date: dt.datetime) -> None:
        if self.warning is None:
            _log.warning('date-not-used', date=to_seconds(date))
        self._wrong_date = (date, self._clock.now())

    def _ask(
        self, method: str, path: str, params: Mapping[str, Param]
    ) -> tuple[Mapping[str, object], dt.datetime | None]:
        """Make one request; give the whole JSON answer and the time that the server names."""
        query = {name: _query_value(value) for name, value in params.items()}
        is_long = len(urlencode(query, doseq=True)) > LONGEST_QUERY
        options = {'json': {'data': dict(params)}} if is_long else {'params': query}
        try:
            limit = PAGE_LIMIT if path == _INDICATORS else LIST_LIMIT
            answer = self._http.exchange(method, path, limit=limit, **options)
        except NetworkFault as fault:
            raise _unanswered(fault) from None
        payload = read_answer(answer, now=self._clock.now())
        return payload, parse_date(answer.headers.get('Date'))


def _query_value(value: Param) -> str | int | list[str]:
    """A parameter as it goes into a query string."""
    return str(value).lower() if isinstance(value, bool) else value


def _text(row: Mapping[str, object], name: str) -> str:
    """A text member; empty where it is missing or something else."""
    value = row.get(name)
    return value if isinstance(value, str) else ''


def _rows(payload: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The list of an answer, each entry an object."""
    rows = payload.get('data')
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ReadError('ThreatConnect answered with something other than a list of objects.')
    return rows


def _check_order(rows: Sequence[Mapping[str, object]]) -> None:
    """Refuse a page from which the next one could not be asked for without leaving rows out."""
    last_id: int | None = None
    for row in rows:
        row_id = _row_id(row)
        if last_id is not None and row_id <= last_id:
            raise ReadOrderError(
                'ThreatConnect does not sort Indicators by id as asked, so that going on after the '
                'last id would leave some out.',
                context={'id': row_id, 'after_id': last_id},
            )
        last_id = row_id


def _row_id(row: Mapping[str, object]) -> int:
    row_id = row.get('id')
    if not isinstance(row_id, int) or isinstance(row_id, bool) or row_id < 0:
        raise ReadError('ThreatConnect gave an Indicator without a usable whole number as its id.')
    return row_id


def _count(payload: Mapping[str, object]) -> int:
    count = _known_count(payload)
    if count is None:
        raise ReadError('ThreatConnect did not say how many Indicators match.')
    return count


def _known_count(payload: Mapping[str, object]) -> int | None:
    count = payload.get('count')
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        return None
    return count


def _owner_name(row: Mapping[str, object]) -> str:
    name = _text(row, 'name')
    if not name:
        raise ReadError('ThreatConnect gave an owner without a name.')
    return name


def _owner(row: Mapping[str, object]) -> Owner | None:
    """An owner; None where the API user may not read its Indicators."""
    if _text(row, 'permIndicator').upper() == 'NONE':
        return None
    return Owner(name=_owner_name(row), type=_text(row, 'type'))


def _unanswered(fault: NetworkFault) -> ReadTimeoutError | ReadError:
    """A smaller page helps against time-outs and answers too large, not against a certificate."""
    context = {REMEDY: fault.remedy}
    if fault.kind in (FaultKind.TIMEOUT, FaultKind.CONNECTION, FaultKind.SIZE):
        return ReadTimeoutError(f'ThreatConnect did not answer. {fault.words}', context=context)
    return ReadError(f'ThreatConnect cannot be reached. {fault.words}', context=context)
