"""Convert: decides about each Indicator read and makes the objects that are to be sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Job, Mode, Outcome, Update
from sentinel_app.core.mapping import MappingOptions, content_hash, sort_value
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.ports import Ledger, ProgressStore, ReleaseStore, WorkStore
from sentinel_app.core.precedence import Choice, PrecedenceContext, choose, must_send
from sentinel_app.core.revision import next_revision
from sentinel_app.core.row import Parse, lost_keys
from sentinel_app.core.screening import Screening
from sentinel_app.core.timestamp import from_text
from sentinel_app.core.window import Window
from sentinel_app.core.work import (
    REFUSED_ATTEMPTS,
    ChosenObject,
    Claim,
    Conversion,
    Held,
    ObjectState,
    Progress,
    Reading,
    Refusal,
    StoredPage,
)
from sentinel_app.errors import FatalError, SkippableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.wakeup import Wakeup
from sentinel_app.pipeline.withdraw import Withdrawal
from sentinel_app.storage.app_state.store import AppState

MOST_OBJECTS_WAITING = 20_000
"""Converting waits while so many objects could be sent already: two minutes of the limit."""

_UNANSWERED = frozenset({ObjectState.WAITING, ObjectState.IN_FLIGHT})

_log = EventLog(__name__)


@dataclass(slots=True)
class _Page:
    """What is known and decided while one page is being converted."""

    job: Job
    context: PrecedenceContext
    now: dt.datetime
    claims: dict[str, Claim]
    held: Mapping[str, Held]
    is_looked_up: bool
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    released: frozenset[str] = frozenset()
    outcomes: dict[int, Outcome | None] = field(default_factory=dict)
    objects: dict[str, ChosenObject] = field(default_factory=dict)
    displaced: list[tuple[str, int]] = field(default_factory=list)
    errors: list[ErrorEntry] = field(default_factory=list)
    taken_over: list[str] = field(default_factory=list)
    lost: Mapping[str, int] = field(default_factory=dict)
    shortened: set[int] = field(default_factory=set)

    def was_refused(self, indicator: Indicator, key: ObjectKey) -> bool:
        """Whether it is this copy that the query has chosen, and Sentinel refused."""
        refusal = self.refusals.get(key.text)
        return refusal is not None and refusal.indicator_id == indicator.id


class Convert:
    """Converts the pages of an update in the order of precedence; each step is one page.

    Args:
        parse: makes an Indicator of a raw row; raises `SkippableError` for one that cannot be sent.
        withheld_reason: says why an Indicator is held back, or None.
        options: the inputs that decide how objects look.
    """

    def __init__(
        self,
        *,
        documents: AppState,
        progress: ProgressStore,
        work: WorkStore,
        ledger: Ledger,
        releases: ReleaseStore,
        withdrawal: Withdrawal,
        parse: Parse,
        withheld_reason: Callable[[Indicator], str | None],
        options: MappingOptions,
        clock: Clock,
        wakeup: Wakeup,
    ) -> None:
        self._documents = documents
        self._progress = progress
        self._work = work
        self._ledger = ledger
        self._releases = releases
        self._withdrawal = withdrawal
        self._parse = parse
        self._screening = Screening(parse=parse, withheld_reason=withheld_reason)
        self._options = options
        self._clock = clock
        self._wakeup = wakeup

    def step(self, update: Update, stop: Stop) -> bool:
        """Convert the next page.

        Returns:
            False when there is none, or enough objects wait to be sent.

        Raises:
            StorageError: the outcome could not be stored; the same page is converted again.
        """
        if stop.is_set() or self._work.waiting_objects() >= MOST_OBJECTS_WAITING:
            return False
        stored = self._progress.next_page(update.id)
        if stored is None:
            return self._withdrawal.close(update, self._progress.progress(update.id))
        job = self._documents.job(stored.request_id)
        if job is None:
            raise FatalError(f'The Job {stored.request_id} is no longer stored.')
        everybody = self._progress.progress(update.id)
        is_stopped = any(
            item.is_stopped for item in everybody if item.request_id == stored.request_id
        )
        page = self._page(job, everybody, is_looked_up=stored.is_looked_up)
        if is_stopped:
            for row in stored.rows:
                page.outcomes[_id(row)] = Outcome.FAILED
        else:
            self._convert(stored, page)
        self._work.store_conversion(_conversion(stored, page), at=page.now)
        _log.debug(
            'page-converted',
            request_id=job.request_id,
            rows=len(stored.rows),
            objects=len(page.objects),
        )
        self._wakeup.notify()
        return True

    def _page(self, job: Job, everybody: tuple[Progress, ...], *, is_looked_up: bool) -> _Page:
        queries = self._documents.query_list().queries
        positions = {query.id: position for position, query in enumerate(queries)}
        positions[job.query.id] = job.position
        # Only a reading of everything tells that a query no longer returns a value.
        read_through = frozenset(
            item.query_id
            for item in everybody
            if job.mode is not Mode.DELTA
            and item.reading is Reading.COMPLETE
            and item.position < job.position
        )
        return _Page(
            job=job,
            context=PrecedenceContext(
                positions=positions,
                read_through=read_through,
                windows=self._windows(job, everybody),
            ),
            now=self._clock.now(),
            claims={},
            held={},
            is_looked_up=is_looked_up,
        )

    def _windows(self, job: Job, everybody: tuple[Progress, ...]) -> dict[str, Window]:
        """Return the windows of the higher queries that are read, by the query's id."""
        higher = (
            self._documents.job(item.request_id)
            for item in everybody
            if item.reading is Reading.COMPLETE and item.position < job.position
        )
        return {
            other.query.id: other.window
            for other in higher
            if other is not None and other.window is not None
        }

    def _convert(self, stored: StoredPage, page: _Page) -> None:
        candidates: list[tuple[Indicator, tuple[ObjectKey, ...]]] = []
        treated = set(self._work.treated(stored.request_id, [_id(row) for row in stored.rows]))
        rows = []
        for row in stored.rows:
            # Looked up again beside the window, it has its outcome, or that is under way.
            if _id(row) in treated:
                continue
            treated.add(_id(row))
            rows.append(row)
            indicator = self._candidate(row, page)
            if indicator is not None:
                candidates.append((indicator, object_keys(indicator)))
        page.lost = self._lost(rows, candidates)
        keys = list(dict.fromkeys(key.text for _, group in candidates for key in group))
        page.claims = dict(self._work.claims(keys))
        page.held = self._ledger.held(keys)
        page.refusals = self._work.refusals(keys)
        page.released = self._releases.released(keys, page.job.update_id)
        # What is held comes first: it may tell that a higher query has let go of the value, which
        # then is free for the other copies as well.
        candidates.sort(key=lambda pair: not _is_held(pair[0], pair[1], page))
        for indicator, group in candidates:
            chosen = [key for key in group if self._take(indicator, key, page)]
            page.outcomes[indicator.id] = _outcome({page.objects[key.text].state for key in chosen})

    def _lost(
        self,
        rows: Sequence[Mapping[str, object]],
        candidates: Iterable[tuple[Indicator, tuple[ObjectKey, ...]]],
    ) -> Mapping[str, int]:
        """Return what is held of a page's Indicators under keys that they no longer have."""
        held = self._releases.live_keys([_id(row) for row in rows])
        present = {indicator.id: {key.text for key in group} for indicator, group in candidates}
        # Nearly all have what is held of them.
        doubtful = [
            row
            for row in rows
            if not present.get(_id(row), set()).issuperset(held.get(_id(row), ()))
        ]
        return lost_keys(doubtful, held, self._parse)

    def _candidate(self, row: Mapping[str, object], page: _Page) -> Indicator | None:
        """Return the Indicator if it could be sent; else note its outcome."""
        found = self._screening.screen(row, page.now)
        if isinstance(found, Indicator):
            return found
        page.outcomes[_id(row)] = found.outcome
        if found.error is not None:
            page.errors.append(_mapping_error(row, found.error, page))
        return None

    def _take(self, indicator: Indicator, key: ObjectKey, page: _Page) -> bool:
        """Choose this copy for an object key unless another one has precedence."""
        claim, held = page.claims.get(key.text), page.held.get(key.text)
        choice = choose(
            indicator,
            request_id=page.job.request_id,
            position=page.job.position,
            claim=claim,
            held=held,
            context=page.context,
            is_released=key.text in page.released,
            is_looked_up=page.is_looked_up and not page.was_refused(indicator, key),
            now=page.now,
        )
        if choice is Choice.DUPLICATE:
            return False
        if claim is not None and claim.indicator_id != indicator.id:
            page.displaced.append((claim.request_id, claim.indicator_id))
        chosen = self._chosen(indicator, key, page, claim, held)
        page.objects[key.text] = chosen
        page.claims[key.text] = Claim(
            request_id=chosen.request_id,
            position=chosen.position,
            indicator_id=chosen.indicator_id,
            version=chosen.version,
            source_modified_at=chosen.source_modified_at,
            created=chosen.created,
            modified=chosen.modified,
            state=chosen.state,
        )
        if (
            chosen.state is ObjectState.UNCHANGED
            and held is not None
            and (held.query_id, held.indicator_id) != (page.job.query.id, indicator.id)
        ):
            page.taken_over.append(key.text)
        return True

    def _chosen(
        self,
        indicator: Indicator,
        key: ObjectKey,
        page: _Page,
        claim: Claim | None,
        held: Held | None,
    ) -> ChosenObject:
        version = next_revision(
            indicator, key, claim=claim, held=held, options=self._options, now=page.now
        )
        if version.labels_left_out:
            page.shortened.add(indicator.id)
            _log.debug(
                'labels-left-out',
                request_id=page.job.request_id,
                indicator_id=indicator.id,
                labels=version.labels_left_out,
            )
        stix = version.stix
        text = object_text(stix)
        digest = content_hash(text).hex()
        # A worse copy that is under way would overwrite what the ledger knows.
        is_needed = (claim is not None and claim.state in _UNANSWERED) or must_send(
            mode=page.job.mode,
            held=held,
            content_hash=digest,
            valid_until_at=from_text(str(stix['valid_until'])),
            ttl=dt.timedelta(hours=self._options.ttl_hours[indicator.type]),
            now=page.now,
        )
        state = ObjectState.WAITING if is_needed else ObjectState.UNCHANGED
        refusal = page.refusals.get(key.text)
        if (
            is_needed
            and page.job.mode is not Mode.FULL
            and refusal is not None
            and refusal.content_hash == digest
            and refusal.attempts > REFUSED_ATTEMPTS
        ):
            # Tried often enough; Sentinel will think otherwise only when it changes.
            state, is_needed = ObjectState.REFUSED, False
        sort_field = page.job.query.sort_field
        return ChosenObject(
            object_key=key.text,
            object_id=str(stix['id']),
            generation=version.generation,
            version=0 if claim is None else claim.version + 1,
            request_id=page.job.request_id,
            position=page.job.position,
            query_id=page.job.query.id,
            indicator_id=indicator.id,
            indicator_type=indicator.type,
            summary=indicator.summary,
            owner_name=indicator.owner_name,
            web_link=indicator.web_link,
            source_modified_at=indicator.modified_at,
            created=str(stix['created']),
            modified=str(stix['modified']),
            valid_until=str(stix['valid_until']),
            content_hash=digest,
            state=state,
            sort_value=sort_value(indicator, sort_field) if sort_field and is_needed else None,
            body=text.decode() if is_needed else None,
        )


def _is_held(indicator: Indicator, group: Iterable[ObjectKey], page: _Page) -> bool:
    found = (page.held.get(key.text) for key in group)
    return any(held is not None and held.indicator_id == indicator.id for held in found)


def _outcome(states: set[ObjectState]) -> Outcome | None:
    """Return an Indicator's outcome from its chosen objects; None where one has yet to be sent."""
    if not states:
        return Outcome.DUPLICATE
    if ObjectState.WAITING in states:
        return None
    return Outcome.REFUSED if ObjectState.REFUSED in states else Outcome.UNCHANGED


def _conversion(stored: StoredPage, page: _Page) -> Conversion:
    return Conversion(
        page=stored,
        outcomes=page.outcomes,
        objects=tuple(page.objects.values()),
        displaced=tuple(page.displaced),
        errors=tuple(page.errors),
        taken_over=tuple(page.taken_over),
        lost=page.lost,
        shortened=len(page.shortened),
        # A delta asks for values only as it begins to read.
        late_for=page.job.update_id if page.job.mode is Mode.DELTA else None,
    )


def _mapping_error(row: Mapping[str, object], error: SkippableError, page: _Page) -> ErrorEntry:
    def text(name: str) -> str | None:
        value = row.get(name)
        return value if isinstance(value, str) else None

    return ErrorEntry(
        request_id=page.job.request_id,
        at=page.now,
        code=error.code,
        message='The Indicator was not sent: ' + error.message,
        reason=error.reason,
        indicator_id=_id(row),
        indicator_type=text('type'),
        summary=text('summary'),
        owner_name=text('ownerName'),
        web_link=text('webLink'),
    )


def _id(row: Mapping[str, object]) -> int:
    value = row['id']
    if not isinstance(value, int):
        raise TypeError('a source gives rows with whole numbers as ids')
    return value
