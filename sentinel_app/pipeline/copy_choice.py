"""Choice of the copy that is sent for each object key of a page."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeGuard

from sentinel_app.core.context_choice import ActorGroupType, actor_groups
from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Mode
from sentinel_app.core.ledger_row import LedgerRow
from sentinel_app.core.mapping import MappingOptions, sort_value
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.outbox import Alternate, ChosenObject, Fate
from sentinel_app.core.page_draft import Candidate, PageDraft
from sentinel_app.core.precedence import Choice, choose, has_long_left, is_better, must_send
from sentinel_app.core.revision import Revision, next_revision
from sentinel_app.core.tlp import strictest
from sentinel_app.core.value import missing_summary_digest
from sentinel_app.log import EventLog

_log = EventLog(__name__)


class CopyChoice:
    """Chooses copies, and decides what becomes of their objects.

    Args:
        options: the inputs that decide about the form of objects.
        actor_types: types of the Groups that are sent as threat actors; none if left out.
    """

    def __init__(
        self, options: MappingOptions, actor_types: Collection[ActorGroupType] = ()
    ) -> None:
        self._options = options
        self._actor_types = frozenset(actor_types)
        self._ttl_ms = options.ttl_ms

    def take(self, candidate: Candidate, digest: bytes, key: ObjectKey, draft: PageDraft) -> None:
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
            ttl = self._ttl_ms[indicator.type]
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
        row, chosen = draft.by_key.get(digest), draft.objects.get(digest)
        revision = next_revision(
            candidate.indicator,
            key,
            row=row,
            chosen=None if chosen is None else (chosen.created, chosen.modified),
            options=self._options,
            now=draft.now,
        )
        text = object_text(revision.stix)
        content = content_hash(text)
        fate = self._fate(candidate, row, content, revision.valid_until, draft, holder=holder)
        if fate is None:
            return False
        _report_labels(candidate.indicator, revision, draft)
        draft.objects[digest] = _chosen_object(
            candidate,
            key,
            revision,
            draft,
            row=row,
            fate=fate,
            text=text,
            content_hash=content,
            replaces=replaces,
            holder=holder,
        )
        if self._actor_types:
            self._associate(draft.objects[digest], candidate.indicator, draft)
        return True

    def _associate(self, item: ChosenObject, indicator: Indicator, draft: PageDraft) -> None:
        """Set what relationships have of the copy; the query decides about owners of Groups too."""
        groups = actor_groups(indicator, self._actor_types, draft.job.query.owners)
        item.groups = frozenset(group.id for group in groups if group.id is not None)
        level = strictest(indicator.security_labels)
        item.tlp = None if level is None else level.strictness

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
        ttl = self._ttl_ms[indicator.type]
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


def _chosen_object(
    candidate: Candidate,
    key: ObjectKey,
    revision: Revision,
    draft: PageDraft,
    *,
    row: LedgerRow | None,
    fate: Fate,
    text: bytes,
    content_hash: bytes,
    replaces: bool,
    holder: int | None,
) -> ChosenObject:
    indicator = candidate.indicator
    sort_field = draft.job.query.sort_field
    return ChosenObject(
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
        valid_until=revision.valid_until,
        source_modified=candidate.modified,
        content_hash=content_hash,
        fingerprint=candidate.fingerprint,
        confidence=indicator.confidence,
        summary_digest=missing_summary_digest(indicator, [each for _, each in candidate.keys]),
        sort_value=sort_value(indicator, sort_field) if sort_field and fate is Fate.SEND else None,
        text=text if fate is Fate.SEND else None,
        holder=holder,
        is_moved=fate is Fate.UNCHANGED
        and row is not None
        and (row.query, row.indicator_id) != (draft.context.query, indicator.id),
    )


def _report_labels(indicator: Indicator, revision: Revision, draft: PageDraft) -> None:
    if revision.labels_left_out:
        draft.shortened.add(indicator.id)
        _log.debug(
            'labels-dropped',
            request_id=draft.job.request_id,
            indicator_id=indicator.id,
            labels=revision.labels_left_out,
        )


def _holds(row: LedgerRow | None, indicator: Indicator) -> TypeGuard[LedgerRow]:
    """Return whether Sentinel certainly holds an earlier version of exactly this copy."""
    return (
        row is not None
        and row.is_live
        # Without a hash it may not be there: it is unacknowledged.
        and row.content_hash != b''
        and row.indicator_id == indicator.id
    )
