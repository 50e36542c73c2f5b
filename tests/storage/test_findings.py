"""Findings of Verify: how many of them can be sent again at once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.finding import FindingFilter, ObjectType
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.verification import FindingKind
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.verifications import Verifications
from sentinel_app.storage.verified_ledger import ContextLedger, VerifiedLedger
from tests.harness.clocks import NOON, StandingClock
from tests.harness.verified_world import SOURCE_SYSTEM, VerifiedWorld

ON_ITS_WAY = (
    'INSERT INTO context_outbox (object, kind, account, is_revocation, created, modified,'
    " content_hash, size, body) SELECT id, 1, 1, 0, 1, 1, x'', 1, x'' FROM context_object"
    ' WHERE kind = 1'
)


@pytest.fixture
def run(db: Database) -> int:
    """Verify found 1 to 3 missing, 4 changed, 5 unmatchable, and 200 unknown."""
    world = VerifiedWorld(db)
    world.hold(range(1, 51))
    world.show(range(6, 51))
    world.show([4], Confidence=10)
    world.show([5], ObservableKey='')
    world.show([200])
    return verified(db, world)


@pytest.fixture
def context_run(db: Database) -> int:
    """Verify found an object of each kind of context missing, an actor changed, one unknown."""
    world = VerifiedWorld(db)
    world.hold(range(1, 11))
    world.show(range(1, 11))
    for kind in ContextKind:
        world.hold_context(range(1, 11), kind)
        world.show_context(range(2, 11), kind)
    world.show_context([2], data={'revoked': True}, TimeGenerated=NOON)
    world.show_context([50])
    with db.write() as transaction:
        transaction.execute("INSERT INTO owner (name) VALUES ('identity 1')")
        transaction.execute(
            'INSERT INTO live_count (query, owner, kind, hour, count)'
            " SELECT 1, id, 1, 1, 1 FROM owner WHERE name = 'identity 1'"
        )
    return verified(db, world)


def verified(db: Database, world: VerifiedWorld) -> int:
    """Run Verify over a world, and return the run."""
    store = Verifications(db, open_updates=set)
    verification = Verification(
        reader=world,  # type: ignore[arg-type] - has its one method
        store=store,
        ledger=VerifiedLedger(db),
        context=ContextLedger(db),
        has_context=lambda: True,
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


@pytest.mark.parametrize(
    ('wanted', 'count'),
    [
        (FindingFilter(), 3),
        (FindingFilter(kind=FindingKind.CHANGED), 0),
        (FindingFilter(kind=FindingKind.UNKNOWN), 0),
        (FindingFilter(object_type=ObjectType.IDENTITY), 1),
        (FindingFilter(object_type=ObjectType.ACTOR), 1),
        (FindingFilter(object_type=ObjectType.INDICATOR), 0),
        (FindingFilter(text='INDICATES actor'), 1),
        (FindingFilter(owner_name='Example Org'), 1),
    ],
    ids=str,
)
def test_sendable_context_objects_are_those_that_the_filter_names(
    db: Database, context_run: int, wanted: FindingFilter, count: int
) -> None:
    assert Findings(db).count_context_sendable(context_run, wanted) == count
    assert Findings(db).count_sendable(context_run, wanted, ()) == 0


@pytest.mark.parametrize(
    ('change', 'stix_type'),
    [
        ('UPDATE live_count SET count = 0', 'identity'),
        ('UPDATE ledger SET state = 2 WHERE id = 1', 'relationship'),
        ('UPDATE context_object SET is_wanted = 0 WHERE kind = 1', 'threat-actor'),
        ('UPDATE context_object SET accepted = NULL WHERE kind = 1', 'threat-actor'),
        (ON_ITS_WAY, 'threat-actor'),
    ],
    ids=['owner without anything', 'withdrawn Indicator', 'unwanted', 'requested', 'on its way'],
)
def test_what_would_not_be_made_or_is_on_its_way_is_not_sendable(
    db: Database, context_run: int, change: str, stix_type: str
) -> None:
    with db.write() as transaction:
        transaction.execute(change)
    left = {
        each.stix_type
        for each in Findings(db).all(context_run, FindingFilter(kind=FindingKind.MISSING))
        if each.is_sendable
    }
    assert left == {'identity', 'threat-actor', 'relationship'} - {stix_type}
    assert Findings(db).count_context_sendable(context_run, FindingFilter()) == 2


def test_unknown_context_objects_are_none_that_are_withdrawn(
    db: Database, context_run: int
) -> None:
    findings = Findings(db)
    (unknown,) = findings.all(context_run, FindingFilter(kind=FindingKind.UNKNOWN))
    assert unknown.is_context
    assert findings.count_unknown(context_run, ()) == 0
    findings.mark_unknown(context_run, 'u1', ())
    (unknown,) = findings.all(context_run, FindingFilter(kind=FindingKind.UNKNOWN))
    assert unknown.update_id is None
