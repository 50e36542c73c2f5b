"""Recognition of rows that are the same as when their objects were sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentinel_app.core.job import Mode, Outcome
from sentinel_app.core.ledger_row import CurrentRow, millis
from sentinel_app.core.outbox import Fate, Sighting
from sentinel_app.core.page_draft import PageDraft
from sentinel_app.core.row import Row
from sentinel_app.core.timestamp import from_text


def recognize(
    number: int,
    row: Row,
    print_: bytes,
    held: Sequence[CurrentRow],
    draft: PageDraft,
    *,
    ttl_ms: Mapping[int, int],
) -> bool:
    """Recognize a row that is the same as when its objects were sent; return whether it is.

    A recognized row is neither parsed nor mapped; in any doubt a row is converted in full.

    Args:
        number: the Indicator's id.
        row: its raw row.
        print_: the fingerprint of the row.
        held: the ledger rows of its Indicator's objects, at least one.
        draft: the draft of the page.
        ttl_ms: the TTL in milliseconds, by the number of the Indicator type.
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
    if context.mode is Mode.FULL or draft.sends_again or modified is None:
        return False
    for item in held:
        ttl, left = ttl_ms[item.kind], item.valid_until - context.now
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


def _modified(row: Row) -> int | None:
    value = row.get('lastModified')
    try:
        return millis(from_text(value)) if isinstance(value, str) else None
    except ValueError:
        return None
