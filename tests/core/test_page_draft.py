"""What is known of a page while it is converted."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import Mode
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS, Refusal
from sentinel_app.core.page_draft import PageDraft
from sentinel_app.core.precedence import PrecedenceContext
from tests.harness.builders.app_state import make_job
from tests.harness.builders.update import make_ledger_row
from tests.harness.clocks import NOON

OURS, OTHERS = 2, 1
INDICATOR, OTHER_INDICATOR = 5, 6
CONTENT = b'as it was sent'
CONTEXT = PrecedenceContext(
    job=1,
    jobs=(1,),
    first_mark=1,
    update_id='u1',
    query=OURS,
    mode=Mode.DELTA,
    now=0,
    higher=frozenset(),
)


def refused(query: int, attempts: int = 1) -> PageDraft:
    """A page with one copy that Sentinel has refused so often for a query."""
    item = Refusal(
        object=1, query=query, indicator_id=INDICATOR, content_hash=CONTENT, attempts=attempts
    )
    return PageDraft(job=make_job(), context=CONTEXT, now=NOON, refusals={(1, INDICATOR): [item]})


@pytest.mark.parametrize('query', [OURS, OTHERS])
@pytest.mark.parametrize('number', [INDICATOR, OTHER_INDICATOR])
def test_refusal_counts_for_its_own_copy_and_query(query: int, number: int) -> None:
    found = refused(query).is_refused(make_ledger_row(id=1), number)
    assert found is ((query, number) == (OURS, INDICATOR))


def test_value_without_a_ledger_row_was_never_refused() -> None:
    assert not refused(OURS).is_refused(None, INDICATOR)


@pytest.mark.parametrize(
    ('content', 'query', 'attempts', 'is_final'),
    [
        (CONTENT, None, REFUSED_ATTEMPTS + 1, True),
        (CONTENT, OURS, REFUSED_ATTEMPTS + 1, True),
        (CONTENT, OTHERS, REFUSED_ATTEMPTS + 1, False),
        (b'something else', OURS, REFUSED_ATTEMPTS + 1, False),
        (CONTENT, OURS, REFUSED_ATTEMPTS, False),
    ],
)
def test_refusal_is_final_for_exactly_what_was_refused_too_often(
    content: bytes, query: int | None, attempts: int, is_final: bool
) -> None:
    draft = refused(OURS, attempts)
    row = make_ledger_row(id=1)
    assert draft.is_refused_for_good(row, INDICATOR, content, query=query) is is_final
