"""What becomes of the rows of a page whose Job was stopped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sentinel_app.core.job import Mode, Outcome
from sentinel_app.core.page_draft import PageDraft
from sentinel_app.core.precedence import PrecedenceContext
from sentinel_app.pipeline.page_decision import PageDecision
from tests.harness.builders.app_state import make_job
from tests.harness.builders.indicator import make_options
from tests.harness.builders.update import make_page, make_progress
from tests.harness.clocks import NOON


def test_copy_that_is_read_again_for_a_stopped_job_keeps_the_outcome_that_it_has() -> None:
    ledger: Any = SimpleNamespace(
        with_outcome_row=lambda job, ids: frozenset({1}), taken_up=lambda job, ids: frozenset()
    )
    unused: Any = None
    decision = PageDecision(
        ledger=ledger, parse=unused, withheld_reason=unused, options=make_options(), salt=b''
    )
    context = PrecedenceContext(
        job=1,
        jobs=(1,),
        first_mark=1,
        update_id='u1',
        query=1,
        mode=Mode.FULL,
        now=0,
        higher=frozenset(),
        is_alternate=True,
    )
    draft = PageDraft(job=make_job(mode=Mode.FULL), context=context, now=NOON)
    decision.decide(make_page(1, 2), make_progress(is_stopped=True), draft)

    assert draft.outcomes == {2: Outcome.FAILED}
