"""Findings of Verify: how many of them can be sent again at once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from sentinel_app.core.finding import FindingFilter
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.verification import FindingKind
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.verifications import Verifications
from tests.harness.clocks import StandingClock
from tests.harness.verified_world import SOURCE_SYSTEM, VerifiedWorld


@pytest.fixture
def run(db: Database) -> int:
    """Verify found 1 to 3 missing, 4 changed, 5 unmatchable, and 200 unknown."""
    world = VerifiedWorld(db)
    world.hold(range(1, 51))
    world.show(range(6, 51))
    world.show([4], Confidence=10)
    world.show([5], ObservableKey='')
    world.show([200])
    store = Verifications(db, open_updates=set)
    verification = Verification(
        reader=world,  # type: ignore[arg-type] - has its one method
        store=store,
        source_system=SOURCE_SYSTEM,
        interval=dt.timedelta(hours=24),
        clock=StandingClock(),
    )
    assert verification.step(threading.Event())
    world.close()
    complete = store.last_complete()
    assert complete is not None
    return complete.id


@pytest.mark.parametrize(
    ('wanted', 'count'),
    [
        (FindingFilter(), 3),
        (FindingFilter(kind=FindingKind.MISSING), 3),
        (FindingFilter(kind=FindingKind.CHANGED), 0),
        (FindingFilter(kind=FindingKind.UNKNOWN), 0),
        (FindingFilter(text='HOST2.'), 1),
        (FindingFilter(owner_name='Example Org', indicator_type=IndicatorType.HOST), 3),
        (FindingFilter(owner_name='Another'), 0),
    ],
    ids=str,
)
def test_sendable_findings_are_those_of_three_kinds_that_the_filter_names(
    db: Database, run: int, wanted: FindingFilter, count: int
) -> None:
    assert Findings(db).count_sendable(run, wanted, ()) == count


def test_what_waits_to_be_sent_again_is_not_sendable(db: Database, run: int) -> None:
    findings = Findings(db)
    missing = [each.id for each in findings.all(run, FindingFilter(kind=FindingKind.MISSING))]
    findings.mark(missing[:2], 'u1')
    assert findings.count_sendable(run, FindingFilter(), ['u1']) == 1
    assert findings.count_sendable(run, FindingFilter(), ['u2']) == 3


def test_indicator_with_several_objects_counts_once(db: Database, run: int) -> None:
    with db.write() as transaction:
        transaction.execute('UPDATE ledger SET indicator_id = 1 WHERE id IN (1, 2)')
    assert Findings(db).count_sendable(run, FindingFilter(), ()) == 2
