"""What the fields of a TQL query may hold, read from ThreatConnect and kept for some minutes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from sentinel_app.api import schemas
from sentinel_app.core.clock import Clock
from sentinel_app.core.indicator import IndicatorType, Owner, TqlKeyword
from sentinel_app.core.mapping import SORT_FIELDS
from sentinel_app.core.source import Source
from sentinel_app.errors import SentinelAppError

KEPT_S = 300.0
# What failed is not tried again at once: each attempt may last until its time-out.
FAILURE_KEPT_S = 10.0

Value = TypeVar('Value')


class _Kept(Generic[Value]):
    """A value that is fetched when it is too old; the old one serves when fetching fails."""

    def __init__(self, fetch: Callable[[], Value], clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._value: Value | None = None
        self._error: SentinelAppError | None = None
        self._due_s = clock.monotonic()

    def get(self) -> Value:
        """Return the value.

        Raises:
            SentinelAppError: it could never be fetched.
        """
        with self._lock:
            if self._clock.monotonic() >= self._due_s:
                self._refresh()
            if self._value is not None:
                return self._value
            assert self._error is not None  # noqa: S101 - tells the type checker
            raise self._error.with_traceback(None)

    def _refresh(self) -> None:
        try:
            self._value = self._fetch()
        except SentinelAppError as error:
            self._error = error
            self._due_s = self._clock.monotonic() + FAILURE_KEPT_S
        else:
            self._due_s = self._clock.monotonic() + KEPT_S


class OptionCatalog:
    """The choices for a TQL query; safe for many threads, which wait for one call together.

    Args:
        source: ThreatConnect.
        clock: the present.
    """

    def __init__(self, source: Source, clock: Clock) -> None:
        self._owners: _Kept[tuple[Owner, ...]] = _Kept(source.owners, clock)
        self._keywords: _Kept[tuple[TqlKeyword, ...]] = _Kept(source.keywords, clock)

    def options(self) -> schemas.Options:
        """Return all choices.

        Raises:
            SentinelAppError: ThreatConnect does not name its owners, and never did.
        """
        return schemas.Options(
            owners=[
                schemas.OwnerOption(name=owner.name, type=owner.type)
                for owner in self._owners.get()
            ],
            indicator_types=[
                schemas.NamedOption(name=name, label=name.label) for name in IndicatorType
            ],
            sort_fields=[
                schemas.NamedOption(name=name, label=label) for name, label in SORT_FIELDS.items()
            ],
            tql_keywords=self._keyword_options(),
        )

    def owner_names(self) -> frozenset[str] | None:
        """Return the owners that queries may name; None where they are not known."""
        try:
            return frozenset(owner.name for owner in self._owners.get())
        except SentinelAppError:
            return None

    def _keyword_options(self) -> list[schemas.TqlKeyword]:
        """Return the words for completion; without them the page still does all the rest."""
        try:
            keywords = self._keywords.get()
        except SentinelAppError:
            return []
        return [
            schemas.TqlKeyword(name=each.name, type=each.type, description=each.description)
            for each in keywords
        ]
