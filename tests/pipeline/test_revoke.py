"""What is withdrawn at the end of an update, and by which Jobs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sentinel_app.core.job import JobType, Mode, Update
from sentinel_app.core.progress import CANCELLED_CODE, Reading
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.revocation import Revocation
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.wakeup import Wakeups
from tests.harness.builders.update import make_live_object, make_progress
from tests.harness.clocks import NOON, StandingClock

UPDATE = Update(
    id='u1',
    mode=Mode.FULL,
    job_type=JobType.AD_HOC,
    queued_at=NOON,
    request_ids=('j1', 'j2'),
)


def test_withdrawal_is_repeated_by_the_jobs_that_were_not_cancelled() -> None:
    added: list[Revocation] = []
    closed: list[str] = []
    orphans: Any = SimpleNamespace(
        unconfirmed=lambda _update_id, **_: [make_live_object(query_id='q1')],
        has_failed=lambda _update_id: False,
        add_revocations=added.extend,
        close=lambda update_id, **_: closed.append(update_id),
    )
    revoke = Revoke(
        orphans=orphans,
        unknown=SimpleNamespace(take_in=lambda _update_id: None),  # type: ignore[arg-type]
        policy=WithdrawPolicy.NEVER,
        guard=SimpleNamespace(covers_all=lambda _update: False),  # type: ignore[arg-type]
        clock=StandingClock(),
        wakeups=Wakeups(1),
    )
    cancelled = make_progress(
        request_id='j1',
        query_id='q1',
        reading=Reading.FAILED,
        failure_code=CANCELLED_CODE,
        is_stopped=True,
    )
    ours = make_progress(
        request_id='j2', query_id='q2', position=1, reading=Reading.COMPLETE, is_closed=False
    )

    assert revoke.close(UPDATE, [cancelled, ours])
    assert [item.request_id for item in added] == ['j2']
    assert closed == ['u1']
