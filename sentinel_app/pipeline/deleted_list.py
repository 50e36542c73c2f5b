"""Reader of an owner's list of deleted Indicators, with or without paging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.indicator import DeletedIndicator
from sentinel_app.core.source import DeletedPage, Source
from sentinel_app.pipeline.bound import ReadingBound
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles

PAGE_SIZE = 1_000
MOST_AT_ONCE = 10_000
"""Maximum entries of one response; requested if ThreatConnect returns no second page."""

MOST_ENTRIES = 1_000_000
"""Maximum entries of a plausible list."""

LEAST_ON_PAGE = 10
"""Minimum entries per page of a list with hundreds of pages."""

Take = Callable[[Sequence[DeletedIndicator]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedRead:
    """Result of reading an owner's list."""

    server_at: dt.datetime
    """ThreatConnect's time before the first page."""
    warning: str | None = None
    """Warning, if the list is longer than what ThreatConnect returns."""


class DeletedList:
    """Reads the list page by page until a page has no new entries.

    Paging of this list is not documented. An instance that ignores it returns the same first page
    again and again, which must neither loop for ever nor pass for the whole list.
    """

    def __init__(self, source: Source, clock: Clock, troubles: Troubles) -> None:
        self._source = source
        self._clock = clock
        self._troubles = troubles

    def read(self, owner: str, *, since: dt.datetime | None, stop: Stop, take: Take) -> DeletedRead:
        """Pass the entries to `take`, some of them perhaps repeatedly.

        Raises:
            RetryableError, FatalError: as raised by the source, after the last attempt.
            FatalError: the list has no end.
            Cancelled: the reading was interrupted.
        """
        retrier = partial(Retrier, self._clock, stop, self._troubles, owner=owner)
        start, limit, first_at = 0, PAGE_SIZE, None
        # A list may be long, so only the hash of each entry is kept.
        seen: set[int] = set()
        page: DeletedPage | None = None
        bound = ReadingBound(
            lambda: page.count if page else None,
            most_rows=MOST_ENTRIES,
            least_on_page=LEAST_ON_PAGE,
        )
        while True:
            page = retrier().call(
                partial(self._source.deleted, owner, since=since, start=start, limit=limit)
            )
            first_at = first_at or page.server_at
            if not page.entries:
                return DeletedRead(server_at=first_at)
            new = {hash(entry) for entry in page.entries} - seen
            bound.add(len(new))
            if new:
                take(page.entries)
                seen |= new
                start += len(page.entries)
            elif _is_whole(page, len(seen), limit):
                return DeletedRead(server_at=first_at)
            elif limit < MOST_AT_ONCE:
                limit = MOST_AT_ONCE
            else:
                return DeletedRead(server_at=first_at, warning=_warning(owner, len(seen), page))


def _is_whole(page: DeletedPage, found: int, limit: int) -> bool:
    """Return whether the list is complete, by its total count, although paging does not end."""
    if page.count is None:
        return len(page.entries) < limit
    return page.count <= max(found, len(page.entries))


def _warning(owner: str, found: int, page: DeletedPage) -> str:
    of_all = '' if page.count is None else f' of {page.count:,}'
    return (
        f'ThreatConnect returns only {found:,}{of_all} entries of the list of deleted Indicators '
        f'of {owner}: it returns the same ones for every page. These have been processed; other '
        'deleted Indicators stay in Microsoft Sentinel until their TTL has passed, or until a '
        'reconcile update if Withdraw Indicators is "Deleted or no longer matching". '
        'Contact ThreatConnect support.'
    )
