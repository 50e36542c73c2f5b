"""Decision about the rows of a page: what becomes of each Indicator and its objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.fingerprint import fingerprint
from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Mode, Outcome
from sentinel_app.core.ledger_row import TYPE_OF_KIND, LedgerRow, Refusal, millis
from sentinel_app.core.mapping import MappingOptions
from sentinel_app.core.object_id import object_keys
from sentinel_app.core.outbox import Page
from sentinel_app.core.page_draft import Candidate, PageDraft
from sentinel_app.core.progress import Progress
from sentinel_app.core.recognition import recognize
from sentinel_app.core.row import Parse, Row, digests_of_row, lost_objects, row_id
from sentinel_app.core.screening import Screening
from sentinel_app.pipeline.copy_choice import CopyChoice
from sentinel_app.storage.ledger import Ledger


class PageDecision:
    """Decides about the rows of pages, by what the ledger has.

    Args:
        ledger: the ledger.
        parse: parses a raw row into an Indicator; raises `SkippableError` if it cannot be sent.
        withheld_reason: returns why an Indicator is held back, or None.
        options: the inputs that decide about the form of objects.
        salt: a digest of the mapping and the settings, see `core.fingerprint`.
        actor_types: types of the Groups that are sent as threat actors; none if left out.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        parse: Parse,
        withheld_reason: Callable[[Indicator], str | None],
        options: MappingOptions,
        salt: bytes,
        actor_types: Collection[ActorGroupType] = (),
    ) -> None:
        self._ledger = ledger
        self._parse = parse
        self._screening = Screening(parse=parse, withheld_reason=withheld_reason)
        self._choice = CopyChoice(options, actor_types)
        ttl_ms = options.ttl_ms
        self._ttl_of_kind = {number: ttl_ms[kind] for number, kind in TYPE_OF_KIND.items()}
        self._salt = salt

    def decide(self, page: Page, mine: Progress, draft: PageDraft) -> None:
        """Decide about the rows of a page that are still open.

        Args:
            page: the page.
            mine: the progress of its Job; nothing is sent if it was stopped.
            draft: the draft that takes up the decisions.
        """
        rows = self._untaken(page, mine, draft)
        if mine.is_stopped:
            # Those that are read again have their outcome already.
            new = rows.keys() - draft.again
            draft.outcomes.update((number, Outcome.FAILED) for number in new)
        else:
            self._decide(rows, draft)

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
            if known is None or not recognize(
                number, row, print_, known, draft, ttl_ms=self._ttl_of_kind
            ):
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
                self._choice.take(candidate, digest, key, draft)
        for candidate in candidates:
            draft.conclude(candidate)

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
