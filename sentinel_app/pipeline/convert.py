"""Convert stage: decides about each Indicator and builds the objects to send."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeGuard

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.fingerprint import fingerprint
from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Job, Mode, Outcome, Update
from sentinel_app.core.ledger_row import (
    TYPE_OF_KIND,
    CurrentRow,
    LedgerRow,
    Refusal,
    millis,
)
from sentinel_app.core.mapping import MappingOptions, sort_value
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.outbox import Alternate, ChosenObject, Fate, Page, Sighting
from sentinel_app.core.page_draft import Candidate, PageDraft
from sentinel_app.core.precedence import (
    Choice,
    PrecedenceContext,
    choose,
    has_long_left,
    is_better,
    must_send,
)
from sentinel_app.core.progress import Progress, Reading
from sentinel_app.core.revision import next_revision
from sentinel_app.core.row import Parse, Row, digests_of_row, lost_objects, row_id
from sentinel_app.core.scope import Scope, keys_of_values
from sentinel_app.core.screening import Screening
from sentinel_app.core.timestamp import from_text
from sentinel_app.core.upload_limits import MAX_OBJECTS
from sentinel_app.core.value import missing_summary_digest
from sentinel_app.core.window import Window
from sentinel_app.errors import FatalError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.page_queue import EndOfReading
from sentinel_app.storage.update_store import UpdateStore

OBJECTS_AHEAD = 2_000
"""Waiting objects from which sending has priority while the rate limiter is open: requests in the
first moments decide when a long update at the limit ends."""

MOST_OBJECTS_WAITING = 20_000
"""Waiting objects at which conversion pauses: two minutes of the limit."""

_HOUR_MS = 3_600_000

_log = EventLog(__name__)


class Convert:
    """Converts the pages of an update in the order of reading; each step is one page.

    Args:
        parse: parses a raw row into an Indicator; raises `SkippableError` if it cannot be sent.
        withheld_reason: returns why an Indicator is held back, or None.
        options: the inputs that decide about the form of objects.
        salt: a digest of the mapping and the settings, see `core.fingerprint`.
        limiter: the rate limiter of uploads.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        store: UpdateStore,
        ledger: Ledger,
        revoke: Revoke,
        parse: Parse,
        withheld_reason: Callable[[Indicator], str | None],
        options: MappingOptions,
        salt: bytes,
        limiter: RateLimiter,
        clock: Clock,
        wakeups: Wakeups,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._ledger = ledger
        self._revoke = revoke
        self._parse = parse
        self._screening = Screening(parse=parse, withheld_reason=withheld_reason)
        self._options = options
        self._ttl = {kind: hours * _HOUR_MS for kind, hours in options.ttl_hours.items()}
        self._ttl_of_kind = {number: self._ttl[kind] for number, kind in TYPE_OF_KIND.items()}
        self._salt = salt
        self._limiter = limiter
        self._clock = clock
        self._wakeups = wakeups

    def step(self, update: Update, stop: Stop) -> bool:
        """Convert the next page.

        Returns:
            False if there is none, or if enough objects wait to be sent.

        Raises:
            StorageError: the result could not be stored; the same page is converted again.
        """
        if stop.is_set():
            return False
        progress = self._store.progress(update.id)
        waiting = sum(item.waiting for item in progress if not item.is_sorted)
        if waiting >= (OBJECTS_AHEAD if self._limiter.is_open() else MOST_OBJECTS_WAITING):
            return False
        item = self._store.pages.head()
        if item is None:
            return self._revoke.close(update, progress)
        if isinstance(item, EndOfReading):
            self._end_reading(item)
        else:
            mine = [each for each in progress if each.request_id == item.request_id]
            if mine:
                self._convert_page(update, item, mine[0], progress)
        self._store.pages.take_off(item)
        self._wakeups.download.notify()
        return True

    def _end_reading(self, item: EndOfReading) -> None:
        is_over = self._store.readings.end(item.request_id, at=self._clock.now(), error=item.error)
        if is_over:
            # The last batch of a Job need not be full.
            self._wakeups.upload.notify_all()
            self._wakeups.schedule.notify()

    def _convert_page(
        self, update: Update, page: Page, mine: Progress, everybody: Sequence[Progress]
    ) -> None:
        job = self._app_state.job(page.request_id)
        if job is None:
            raise FatalError(f'The Job {page.request_id} is no longer stored.')
        context = self._context(update, job, page, mine, everybody)
        draft = PageDraft(
            job=job,
            context=context,
            now=self._clock.now(),
            sends_refused=job.scope is Scope.REFUSED,
        )
        if job.scope is Scope.SEND:
            draft.chosen_keys = frozenset(keys_of_values(update.values))
            draft.beside = replace(
                context,
                mode=Mode.DELTA,
                higher=self._higher(job),
                read_through=frozenset(),
                is_extra=True,
                is_alternate=False,
            )
        rows = self._untaken(page, mine, draft)
        if mine.is_stopped:
            draft.outcomes.update((number, Outcome.FAILED) for number in rows)
        else:
            self._decide(rows, draft)
        conversion = draft.conversion(page)
        self._store.commit_page(conversion, at=draft.now)
        sent = sum(item.fate is Fate.SEND for item in conversion.objects)
        self._wakeups.upload.notify(-(-sent // MAX_OBJECTS))
        _log.debug(
            'page-converted',
            request_id=job.request_id,
            rows=len(page.rows),
            unchanged=len(conversion.seen),
            objects=len(conversion.objects),
        )

    def _context(
        self,
        update: Update,
        job: Job,
        page: Page,
        mine: Progress,
        everybody: Sequence[Progress],
    ) -> PrecedenceContext:
        # Every copy of the values that a person has chosen is read from each query.
        reads_all = job.mode is not Mode.DELTA or job.scope is Scope.SEND
        query = self._store.queries.number(job.query.id)
        before = [
            item
            for item in everybody
            if item.reading is Reading.COMPLETE and item.position < job.position
        ]
        # That of the page's own pass: the reading may have been restarted since, by time.
        extra = self._store.readings.extra_query(page.request_id, page.number)
        return PrecedenceContext(
            job=mine.job,
            jobs=(*(item.job for item in before), mine.job),
            first_mark=self._store.marks.first(update.id),
            update_id=update.id,
            query=query,
            mode=Mode.FULL if job.scope is Scope.SEND else job.mode,
            now=millis(self._clock.now()),
            higher=self._higher(job, everybody if reads_all else ()),
            # Only a reading of everything shows that a query no longer returns a value.
            read_through=frozenset(
                self._store.queries.number(item.query_id) for item in before if reads_all
            ),
            windows=self._windows(before),
            whole_marks=self._store.marks.whole(),
            is_extra=extra is not None and not extra.is_alternate and not reads_all,
            is_alternate=extra is not None and extra.is_alternate,
        )

    def _higher(self, job: Job, everybody: Iterable[Progress] = ()) -> frozenset[int]:
        """Return the queries that have precedence in the list that is saved now.

        If the update reads everything, a query that it has not read yet is not among them, even if
        a list saved meanwhile moved it up: it may no longer return what it holds, and then no query
        would send it.

        Args:
            job: the Job whose higher queries are returned.
            everybody: the Jobs of an update that reads everything; empty for others.
        """
        # Read once: another list may be saved at any moment.
        saved = [query.id for query in self._app_state.query_list().enabled]
        above = saved[: saved.index(job.query.id)] if job.query.id in saved else saved
        to_come = {item.query_id for item in everybody if item.position > job.position}
        numbers = self._store.queries.numbers(above)
        return frozenset(numbers[query_id] for query_id in above if query_id not in to_come)

    def _windows(self, before: Iterable[Progress]) -> dict[int, Window]:
        """Return the windows of the queries that were read before, by query number."""
        jobs = (self._app_state.job(item.request_id) for item in before)
        return {
            self._store.queries.number(job.query.id): job.window
            for job in jobs
            if job is not None and job.window is not None
        }

    def _untaken(self, page: Page, mine: Progress, draft: PageDraft) -> dict[int, Row]:
        """Return the rows, by id, that have no outcome yet or may replace other copies."""
        rows = {row_id(row): row for row in page.rows}
        if draft.context.is_alternate:
            draft.again = set(self._ledger.with_outcome_row(mine.job, list(rows)))
        if mine.place.is_by_time or page.number or draft.job.mode is Mode.DELTA:
            known = self._ledger.taken_up(mine.job, list(rows)) - draft.again
            rows = {number: row for number, row in rows.items() if number not in known}
        return rows

    def _decide(self, rows: Mapping[int, Row], draft: PageDraft) -> None:
        if draft.chosen_keys is not None:
            draft.found = frozenset(
                digest
                for row in rows.values()
                for digest in digests_of_row(row, self._parse) or ()
                if digest in draft.chosen_keys
            )
        held = self._ledger.held_of(list(rows))
        candidates: list[Candidate] = []
        others: dict[int, bytes] = {}
        for number, row in rows.items():
            print_ = fingerprint(row, self._salt)
            known = held.get(number)
            if known is None or not self._recognize(number, row, print_, known, draft):
                others[number] = print_
        draft.by_indicator = self._ledger.rows_of_indicators(
            [number for number in others if number in held]
        )
        for number, print_ in others.items():
            candidate = self._candidate(number, rows[number], print_, draft)
            if candidate is not None:
                candidates.append(candidate)
        draft.lost = self._lost([rows[number] for number in others], candidates, draft)
        draft.by_key = self._by_key(candidates, draft)
        draft.dismissed = self._dismissed(candidates, draft)
        draft.refusals = self._refusals(candidates)
        # Current copies come first: they may show that a higher query no longer matches the value,
        # which is then free for the other copies as well.
        candidates.sort(key=lambda candidate: not draft.is_held(candidate))
        for candidate in candidates:
            for digest, key in candidate.keys:
                self._take(candidate, digest, key, draft)
        for candidate in candidates:
            draft.conclude(candidate)

    def _recognize(
        self, number: int, row: Row, print_: bytes, held: Sequence[CurrentRow], draft: PageDraft
    ) -> bool:
        """Recognize a row that is the same as when its objects were sent; return whether it is.

        A recognized row is neither parsed nor mapped; in any doubt a row is converted in full.
        """
        context = draft.context
        if len(held) != held[0].siblings or number in draft.again:
            return False
        higher = 0
        for item in held:
            if item.fingerprint != print_ or not item.is_settled:
                return False
            higher += context.first_mark <= item.mark != context.job
        if higher == len(held):
            # A higher query holds all its objects.
            draft.outcomes[number] = Outcome.DUPLICATE
            return True
        modified = _modified(row)
        if context.mode is Mode.FULL or modified is None:
            return False
        for item in held:
            ttl, left = self._ttl_of_kind[item.kind], item.valid_until - context.now
            if (
                item.query != context.query
                or item.mark >= context.first_mark
                or modified < item.source_modified
                # More than the whole TTL is left if our clock was ahead when it was sent.
                or not ttl < 2 * left <= 2 * ttl
            ):
                return False
        draft.outcomes[number] = Outcome.UNCHANGED
        for item in held:
            draft.seen[item.id] = Sighting(item.id, modified)
        if len(held) > 1:
            draft.kept.add(number)
            draft.fates[number] = [Fate.UNCHANGED] * len(held)
        return True

    def _candidate(
        self, number: int, row: Row, print_: bytes, draft: PageDraft
    ) -> Candidate | None:
        """Return the Indicator if it could be sent; else record its outcome."""
        found = self._screening.screen(row, draft.now)
        if isinstance(found, Indicator):
            return Candidate(
                indicator=found,
                keys=[(key.digest, key) for key in object_keys(found)],
                fingerprint=print_,
                modified=millis(found.modified_at),
            )
        if number in draft.again:
            return None
        draft.outcomes[number] = found.outcome
        if number in draft.by_indicator:
            # Its live objects may be withdrawn, which then is its outcome.
            draft.kept.add(number)
            draft.unfit.update(item.id for item in draft.by_indicator[number] if item.is_live)
        if found.error is not None:
            draft.report(row, found.error)
        return None

    def _lost(
        self, rows: Sequence[Row], candidates: Iterable[Candidate], draft: PageDraft
    ) -> Mapping[int, int]:
        """Return the live objects of these Indicators with keys that they no longer have."""
        held = {
            number: {item.digest: item.id for item in items if item.is_live}
            for number, items in draft.by_indicator.items()
        }
        present = {
            candidate.indicator.id: {digest for digest, _ in candidate.keys}
            for candidate in candidates
        }
        # Nearly all Indicators still have all their objects.
        suspects = [
            row
            for row in rows
            if not present.get(row_id(row), set()).issuperset(held.get(row_id(row), ()))
        ]
        return lost_objects(suspects, held, self._parse)

    def _by_key(self, candidates: Iterable[Candidate], draft: PageDraft) -> dict[bytes, LedgerRow]:
        known = {item.digest: item for items in draft.by_indicator.values() for item in items}
        wanted = dict.fromkeys(
            digest
            for candidate in candidates
            for digest, _ in candidate.keys
            if digest not in known
        )
        return known | self._ledger.rows_of_keys(list(wanted))

    def _dismissed(self, candidates: Iterable[Candidate], draft: PageDraft) -> frozenset[int]:
        """Return the objects of other copies that the update has read and cannot send."""
        others = {
            row.id
            for candidate in candidates
            for digest, _ in candidate.keys
            if (row := draft.by_key.get(digest)) is not None
            and row.indicator_id != candidate.indicator.id
        }
        if not others:
            return frozenset()
        known = self._ledger.dismissed(draft.context.jobs, list(others))
        return known | (others & (draft.unfit | draft.lost.keys()))

    def _refusals(
        self, candidates: Iterable[Candidate]
    ) -> Mapping[tuple[int, int], Sequence[Refusal]]:
        found: defaultdict[tuple[int, int], list[Refusal]] = defaultdict(list)
        for item in self._ledger.refusals([candidate.indicator.id for candidate in candidates]):
            found[item.object, item.indicator_id].append(item)
        return found

    def _take(self, candidate: Candidate, digest: bytes, key: ObjectKey, draft: PageDraft) -> None:
        """Choose this copy for an object key, unless another one has precedence."""
        indicator, row = candidate.indicator, draft.by_key.get(digest)
        chosen = draft.objects.get(digest)
        copy = candidate.copy
        if chosen is not None:
            before = chosen.indicator_id, chosen.source_modified
            if chosen.holder is None and is_better(copy, before):
                self._choose(candidate, digest, key, draft, replaces=chosen.replaces)
            return
        sighting = None if row is None else draft.seen.get(row.id)
        if row is not None and sighting is not None:
            # The current copy was recognized on this page.
            if is_better(copy, (row.indicator_id, sighting.source_modified)) and self._choose(
                candidate, digest, key, draft, replaces=False
            ):
                draft.remove_sighting(row)
            return
        choice = choose(
            indicator,
            candidate.modified,
            row,
            draft.context_of(digest),
            is_refused=draft.is_refused(row, indicator.id),
            is_dismissed=row is not None and row.id in draft.dismissed,
        )
        if choice is Choice.ALTERNATE and row is not None and draft.records_alternates(digest):
            draft.alternates.append(Alternate(row.id, *copy))
            draft.kept.add(indicator.id)
        elif choice is Choice.REFRESH and row is not None:
            ttl = self._ttl[indicator.type]
            is_known = row.fingerprint == candidate.fingerprint
            if not (is_known and has_long_left(row, ttl=ttl, now=draft.context.now)):
                self._choose(candidate, digest, key, draft, replaces=False, holder=row.query)
        elif choice in {Choice.TAKE, Choice.REPLACE}:
            replaces = choice is Choice.REPLACE
            self._choose(candidate, digest, key, draft, replaces=replaces)

    def _choose(
        self,
        candidate: Candidate,
        digest: bytes,
        key: ObjectKey,
        draft: PageDraft,
        *,
        replaces: bool,
        holder: int | None = None,
    ) -> bool:
        """Choose this copy if it can be sent; return whether it was chosen.

        Args:
            candidate: the copy.
            digest: the digest of the key.
            key: the object key.
            draft: the draft of the page.
            replaces: whether the same Job chose another copy on an earlier page.
            holder: the higher query that keeps holding the object, if there is one.
        """
        indicator, context = candidate.indicator, draft.context
        row, chosen = draft.by_key.get(digest), draft.objects.get(digest)
        revision = next_revision(
            indicator,
            key,
            row=row,
            chosen=None if chosen is None else (chosen.created, chosen.modified),
            options=self._options,
            now=draft.now,
        )
        text = object_text(revision.stix)
        digest_of_content = content_hash(text)
        valid_until = revision.valid_until
        fate = self._fate(candidate, row, digest_of_content, valid_until, draft, holder=holder)
        if fate is None:
            return False
        if revision.labels_left_out:
            draft.shortened.add(indicator.id)
            _log.debug(
                'labels-dropped',
                request_id=draft.job.request_id,
                indicator_id=indicator.id,
                labels=revision.labels_left_out,
            )
        sort_field = draft.job.query.sort_field
        draft.objects[digest] = ChosenObject(
            key=key,
            object=None if row is None else row.id,
            fate=fate,
            replaces=replaces,
            is_orphaned=row is not None and bool(row.is_orphaned),
            generation=revision.generation,
            indicator_id=indicator.id,
            siblings=len(candidate.keys),
            owner_name=indicator.owner_name,
            summary=indicator.summary,
            created=revision.created,
            modified=revision.modified,
            valid_until=valid_until,
            source_modified=candidate.modified,
            content_hash=digest_of_content,
            fingerprint=candidate.fingerprint,
            summary_digest=missing_summary_digest(indicator, [each for _, each in candidate.keys]),
            sort_value=sort_value(indicator, sort_field)
            if sort_field and fate is Fate.SEND
            else None,
            text=text if fate is Fate.SEND else None,
            holder=holder,
            is_moved=fate is Fate.UNCHANGED
            and row is not None
            and (row.query, row.indicator_id) != (context.query, indicator.id),
        )
        return True

    def _fate(
        self,
        candidate: Candidate,
        row: LedgerRow | None,
        content_hash: bytes,
        valid_until: int,
        draft: PageDraft,
        *,
        holder: int | None,
    ) -> Fate | None:
        """Return the fate of a copy if it is chosen; None if it must not be chosen."""
        indicator, context = candidate.indicator, draft.context
        ttl = self._ttl[indicator.type]
        mode = Mode.FULL if draft.sends_all(candidate) else draft.job.mode
        # A worse copy in flight would overwrite the ledger row.
        is_needed = (row is not None and row.outbox is not None) or must_send(
            # What a higher query holds is renewed by the Job of that query.
            mode=mode if holder is None else Mode.DELTA,
            row=row,
            content_hash=content_hash,
            valid_until=valid_until,
            ttl=ttl,
            now=context.now,
        )
        if not is_needed:
            return Fate.UNCHANGED if holder is None else None
        is_held = _holds(row, indicator) and has_long_left(row, ttl=ttl, now=context.now)
        # The content does not depend on the query. But a refused copy that is chosen is found by
        # the refusal for its own query.
        query = (context.query if holder is None else holder) if is_held else None
        is_refused = draft.is_refused_for_good(row, indicator.id, content_hash, query=query)
        if mode is Mode.FULL or draft.sends_refused or not is_refused:
            return Fate.SEND
        if holder is not None:
            return None
        if is_held:
            return Fate.REFUSED
        # Sentinel may accept another copy.
        draft.fates.setdefault(indicator.id, []).append(Fate.REFUSED)
        return None


def _holds(row: LedgerRow | None, indicator: Indicator) -> TypeGuard[LedgerRow]:
    """Return whether Sentinel certainly holds an earlier version of exactly this copy."""
    return (
        row is not None
        and row.is_live
        # Without a hash it may not be there: it is unacknowledged.
        and row.content_hash != b''
        and row.indicator_id == indicator.id
    )


def _modified(row: Row) -> int | None:
    value = row.get('lastModified')
    try:
        return millis(from_text(value)) if isinstance(value, str) else None
    except ValueError:
        return None
