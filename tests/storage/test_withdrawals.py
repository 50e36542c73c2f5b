"""What a held-back withdrawal would withdraw is what the update would have withdrawn."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import JobStatus
from sentinel_app.core.outbox import Fate
from sentinel_app.core.revocation import Unwanted
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.storage.withdrawals import WithdrawalReader
from tests.harness.builders.app_state import make_job
from tests.harness.builders.update import Working, address, chosen, send
from tests.harness.clocks import NOON

JOB = make_job('j1', status=JobStatus.UPLOAD_COMPLETE)
PAGE = {'now': NOON, 'most_attempts': 3, 'limit': 10, 'offset': 0}


@pytest.mark.parametrize('only_orphans', [True, False])
def test_list_is_what_the_update_would_have_withdrawn(
    db: Database, store: UpdateStore, working: Working, orphans: Orphans, only_orphans: bool
) -> None:
    send(store, chosen(1), chosen(2), chosen(3), chosen(4))
    orphans.orphan_indicators([1, 2])
    working.begin('j1')
    working.convert(chosen(3, fate=Fate.UNCHANGED))
    working.end()
    unwanted = Unwanted(are_orphans_meant=True, are_all_meant=not only_orphans)
    held = orphans.next_unchosen('u1', unwanted, now=NOON, most_attempts=3, after=0, limit=10)
    expected = [item.summary for item in held]
    assert len(expected) == (2 if only_orphans else 3)

    withdrawals = WithdrawalReader(db, store)
    found, total = withdrawals.page([JOB], unwanted, **PAGE)
    assert [item.summary for item in found] == expected
    assert total == len(expected)
    first = found[0]
    assert (first.key, first.owner_name, first.indicator_id) == (address(1), 'Example Org', 1)
    assert first.query_id == 'q1'

    orphans.close('u1', held_back=total)
    store.ended_updates.remove('u1', at=NOON, jobs=[JOB], has_asked_all=True)
    store.forget_jobs()  # it sent nothing, so its number goes
    again, _ = withdrawals.page([JOB], unwanted, **PAGE)
    assert again == found
    second, total = withdrawals.page([JOB], unwanted, **PAGE | {'limit': 1, 'offset': 1})
    assert (second, total) == (found[1:2], len(expected))


def test_objects_of_disabled_queries_stay_unless_their_copies_are_gone(
    db: Database, store: UpdateStore, working: Working, orphans: Orphans
) -> None:
    send(store, chosen(1), chosen(2), query_id='off')
    orphans.orphan_indicators([1])
    working.begin('j1')
    unwanted = Unwanted(
        are_orphans_meant=True, are_all_meant=True, kept=frozenset({'off', 'unknown'})
    )
    found, total = WithdrawalReader(db, store).page([JOB], unwanted, **PAGE)
    assert ([item.indicator_id for item in found], total) == ([1], 1)
    chosen_to_go = Unwanted(
        are_orphans_meant=False, are_all_meant=False, withdrawn=frozenset({'off'})
    )
    found, _ = WithdrawalReader(db, store).page([JOB], chosen_to_go, **PAGE)
    assert [item.indicator_id for item in found] == [1, 2]
