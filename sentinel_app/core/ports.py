"""What the pipeline and the Tasks need of the database, as protocols."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Protocol

from sentinel_app.core.indicator import DeletedIndicator
from sentinel_app.core.job import Counts, Job
from sentinel_app.core.work import (
    Batch,
    ChosenObject,
    Claim,
    Conversion,
    Held,
    Holder,
    LedgerEntry,
    Progress,
    Refusal,
    Settlement,
    StoredPage,
)
from sentinel_app.errors import SentinelAppError


class ProgressStore(Protocol):
    """How far the Jobs of the running update have come, and the pages that wait for conversion.

    Every writing call is one transaction: it is stored whole or not at all, and when it returns it
    survives a kill of the process. Raises `StorageError` where the disk or the database refuses.
    """

    def begin(self, jobs: Sequence[Job]) -> None:
        """Make the progress rows of an update's Jobs; those that are there stay as they are."""
        ...

    def progress(self, update_id: str) -> tuple[Progress, ...]:
        """Return the progress of an update's Jobs, in the order of precedence."""
        ...

    def counts(self, request_id: str) -> Counts | None:
        """Return a Job's counts; None when the Job is not of the running update."""
        ...

    def start_reading(
        self,
        request_id: str,
        *,
        at: dt.datetime,
        expected: int | None,
        lookups: Sequence[str] = (),
        is_by_time: bool = False,
    ) -> None:
        """Store that reading began, what is to be looked at after the window, and in which way."""
        ...

    def read_by_time(self, request_id: str) -> None:
        """Begin the present slice of the reading anew, in spans of the last modification."""
        ...

    def next_slice(self, request_id: str) -> bool:
        """Go on to what is to be looked at next; False when nothing is left."""
        ...

    def add_page(
        self,
        request_id: str,
        rows: Sequence[Mapping[str, object]],
        *,
        page_size: int,
        last_id: int | None = None,
        read_until: dt.datetime | None = None,
    ) -> None:
        """Store a page, and after which id or at which time the next one begins, together."""
        ...

    def end_reading(
        self, request_id: str, *, at: dt.datetime, error: SentinelAppError | None = None
    ) -> None:
        """Store that reading is complete, or has failed for the reason given."""
        ...

    def pages_waiting(self) -> int:
        """Return the number of pages that wait for conversion."""
        ...

    def next_page(self, update_id: str) -> StoredPage | None:
        """Return the oldest page of the highest query that has one."""
        ...

    def remove_update(self, update_id: str) -> None:
        """Remove the rows of an update that has ended, and the refusals that it has settled."""
        ...

    def remove_other_updates(self, update_ids: Sequence[str]) -> None:
        """Remove rows of updates that nobody knows any more."""
        ...


class WorkStore(Protocol):
    """The objects that the running update has chosen, and the outcome of each Indicator.

    Transactions and errors are as in `ProgressStore`.
    """

    def recover(self) -> int:
        """Make what was in flight when the process ended wait again; give its objects' number."""
        ...

    def refusals(self, keys: Sequence[str]) -> Mapping[str, Refusal]:
        """Return what Sentinel refused before, by object key."""
        ...

    def refused_ids(self, query_id: str, *, most_attempts: int) -> tuple[int, ...]:
        """Return the Indicators of a query with objects refused no more than so often."""
        ...

    def treated(self, request_id: str, indicator_ids: Sequence[int]) -> frozenset[int]:
        """Return which of these Indicators the Job has taken up already."""
        ...

    def claims(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """Return what the running update has already chosen, by object key."""
        ...

    def store_conversion(self, conversion: Conversion, *, at: dt.datetime) -> None:
        """Store outcomes, objects and errors of a page, and remove the page, together."""
        ...

    def waiting_objects(self) -> int:
        """Return the number of objects that wait to be sent and may be sent already."""
        ...

    def claim_batch(self, update_id: str, *, size: int, at: dt.datetime) -> Batch | None:
        """Take the next objects to send and mark them in flight; None when there are none now."""
        ...

    def release(self, batch: Batch, *, is_doubtful: bool = False) -> None:
        """Make what is not settled of a batch wait again.

        Args:
            batch: what was claimed.
            is_doubtful: whether Sentinel may have it although that was not stored.
        """
        ...

    def settle(self, settlement: Settlement, *, at: dt.datetime) -> None:
        """Store an answer: ledger, refusals, errors and outcomes, together."""
        ...

    def note_request(
        self, batch: Batch, *, throttled_s: float | None = None, is_answered: bool = True
    ) -> None:
        """Count a request for the batch's Jobs, and a 429 with the wait it asked for.

        Without an answer Sentinel may have the objects all the same; that is kept in mind.
        """
        ...

    def stop_jobs(self, request_ids: Sequence[str], error: SentinelAppError) -> tuple[str, ...]:
        """Send nothing more for these Jobs; what is open ends as failed, for the reason given.

        Returns:
            Those that nobody had stopped before: of several threads, one is told of each.
        """
        ...


class ReleaseStore(Protocol):
    """Live objects whose copy is gone from ThreatConnect, and what an update withdraws.

    Transactions and errors are as in `ProgressStore`.
    """

    def is_searched(self, update_id: str) -> bool:
        """Whether the update has looked for what is gone."""
        ...

    def live_sources(self, *, now: dt.datetime) -> tuple[tuple[str, str], ...]:
        """Return the owner and the type of the copies that live objects were made of."""
        ...

    def searched_until(self) -> dt.datetime | None:
        """Up to when it is known what is gone, in ThreatConnect's time; None if nobody looked."""
        ...

    def named(self, entries: Sequence[DeletedIndicator]) -> frozenset[int]:
        """Return the Indicators with live objects that entries of the deleted list may mean."""
        ...

    def live_keys(self, indicator_ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        """Return the keys of the live objects that were made of these Indicators, by their ids."""
        ...

    def holders(self, keys: Sequence[str]) -> Mapping[str, Holder]:
        """Return the Indicators that live objects were made of, by object key."""
        ...

    def release_keys(self, lost: Mapping[str, int]) -> None:
        """Note live objects that their Indicators have lost: ids by object key."""
        ...

    def release_ids(self, indicator_ids: Sequence[int]) -> int:
        """Note Indicators that are gone, or no longer active; return how many objects they had."""
        ...

    def end_search(
        self,
        update_id: str,
        *,
        until: dt.datetime | None,
        is_held_back: bool,
        is_failed: bool,
        warning: str | None,
    ) -> None:
        """Store that the update has looked, up to when, and what people must know of it."""
        ...

    def has_failed(self, update_id: str) -> bool:
        """Whether the update could not find out what is gone."""
        ...

    def is_held_back(self, update_id: str) -> bool:
        """Whether the update must not withdraw, because it would be too much at once."""
        ...

    def released_keys(
        self, update_id: str, *, now: dt.datetime, most_attempts: int
    ) -> tuple[tuple[str, str], ...]:
        """Return key and summary of each live object whose copy is gone, as the update began."""
        ...

    def released(self, keys: Sequence[str], update_id: str) -> frozenset[str]:
        """Return which of these keys belong to a copy that was gone as the update began."""
        ...

    def unclaimed(
        self, update_id: str, *, only_released: bool, now: dt.datetime, most_attempts: int
    ) -> tuple[int, int]:
        """Return how many live objects no Job of the update has chosen, and all live ones.

        What the update came upon too late to ask for it does not count.
        """
        ...

    def next_unclaimed(
        self,
        update_id: str,
        *,
        only_released: bool,
        now: dt.datetime,
        most_attempts: int,
        limit: int,
    ) -> tuple[LedgerEntry, ...]:
        """Return some of the live objects that no Job of the update has chosen."""
        ...

    def unconfirmed(self, *, most_attempts: int) -> tuple[LedgerEntry, ...]:
        """Return the withdrawals that had no answer, each under a key of its own."""
        ...

    def add_revocations(self, objects: Sequence[ChosenObject]) -> int:
        """Store objects to be withdrawn, with their Indicators' open outcomes, together.

        Returns:
            How many were stored: those of Jobs that the running update still has.
        """
        ...

    def close(self, update_id: str, *, held_back: int, warning: str | None = None) -> None:
        """Let the update's Jobs end: nothing more will be withdrawn.

        Args:
            update_id: of which update.
            held_back: how many withdrawals wait for somebody's confirmation.
            warning: what people must know of it, beside what the search warned of.
        """
        ...


class JobEndings(Protocol):
    """What a person, or the watchdog, ends before its time.

    Transactions and errors are as in `ProgressStore`.
    """

    def in_flight(self, update_id: str) -> tuple[str, ...]:
        """Return the Jobs with objects under way to Sentinel, in the order of precedence."""
        ...

    def cancel(self, job: Job) -> bool:
        """Cancel a Job unless its reading has begun; whether it is cancelled now.

        Reading begins by a conditional change of the same row, so only one of the two happens.
        """
        ...

    def give_up(self, request_ids: Sequence[str]) -> None:
        """End as failed what Jobs that were stopped still have under way to Sentinel."""
        ...

    def drop_pages(self) -> int:
        """End as failed what waits for conversion in Jobs that were stopped; give the pages.

        Rows that cannot be read any more leave the account: nobody knows whose outcome it would be.
        """
        ...


class Ledger(Protocol):
    """What Sentinel holds because of us."""

    def held(self, keys: Sequence[str]) -> Mapping[str, Held]:
        """Return what is held, by object key."""
        ...

    def count(self) -> int:
        """Return the number of live objects."""
        ...
