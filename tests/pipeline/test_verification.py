"""Verify over a real ledger and a real table: what it finds, and what it does not conclude."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sentinel_app.core import verification as core
from sentinel_app.core.clock import Stop
from sentinel_app.core.ledger_row import ObjectState, millis
from sentinel_app.core.logs import LogRows
from sentinel_app.core.object_id import object_id
from sentinel_app.core.verification import FindingKind
from sentinel_app.core.verification_query import VerificationQueries
from sentinel_app.errors import Cancelled
from sentinel_app.pipeline import comparison
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.verifications import Verifications
from sentinel_app.storage.verified_ledger import ContextLedger, VerifiedLedger
from tests.harness.clocks import NOON, StandingClock
from tests.harness.database import open_database
from tests.harness.verified_world import LONG_AGO, SOURCE_SYSTEM, UNTIL, VerifiedWorld, key

AN_HOUR_AGO = NOON - dt.timedelta(hours=1)
TODAY = NOON - dt.timedelta(hours=12)
"""Old enough to be compared, and too young to be missed."""


class Subject:
    """Verify over a world."""

    def __init__(self, db: Database, world: VerifiedWorld) -> None:
        self.clock = StandingClock()
        self.world = world
        self.store = Verifications(db, open_updates=set)
        self.verification = Verification(
            reader=world,  # type: ignore[arg-type] - has its one method
            store=self.store,
            ledger=VerifiedLedger(db),
            context=ContextLedger(db),
            has_context=lambda: False,
            source_system=SOURCE_SYSTEM,
            interval=dt.timedelta(hours=24),
            clock=self.clock,
        )

    def run(self, *, is_whole: bool = False) -> None:
        self.verification.request(is_whole=is_whole)
        assert self.verification.step(threading.Event())

    def found(self) -> dict[FindingKind, set[str]]:
        """Return the ids by kind, as stored."""
        with self.world.db.read() as connection:
            rows = connection.execute(
                'SELECT kind, digest FROM finding WHERE verification = ?',
                (self.store.last_complete().id,),  # type: ignore[union-attr]
            ).fetchall()
        found: dict[FindingKind, set[str]] = {}
        for row in rows:
            found.setdefault(FindingKind(row['kind']), set()).add(row['digest'].hex())
        return found


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    db = open_database(tmp_path / 'state.db')
    world = VerifiedWorld(db)
    yield Subject(db, world)
    world.close()
    db.close()


def ids(*numbers: int, generation: int = 0) -> set[str]:
    return {
        object_id(key(number), generation).removeprefix('indicator--').replace('-', '')
        for number in numbers
    }


def test_what_agrees_is_confirmed_by_one_query(subject: Subject):
    subject.world.hold(range(1, 301))
    subject.world.show(range(1, 301))
    subject.run()
    subject.world.queries.clear()
    subject.run()
    run = subject.store.last()
    assert run is not None
    assert (run.counts.held, run.counts.confirmed, run.requests) == (300, 300, 1)
    assert not run.is_whole
    assert subject.found() == {}
    assert len(subject.world.queries) == 1


def test_each_kind_is_found(subject: Subject):
    world = subject.world
    world.hold(range(1, 101))
    world.show([number for number in range(1, 101) if number > 12])
    world.show([2], Modified=LONG_AGO - dt.timedelta(days=1))
    world.show([3], Revoked=True, IsActive=False)
    world.show([4], IsDeleted=True, IsActive=False)
    world.show([5], Confidence=10)
    world.show([6], ValidUntil=UNTIL + dt.timedelta(days=1))
    world.show([7], IsActive=False)
    world.show([8], ObservableKey='')
    world.show([9], ValidUntil=NOON - dt.timedelta(hours=3), IsActive=False)
    world.show([10, 11, 12], ObservableKey='')
    world.show([12], TimeGenerated=NOON)
    world.show([200])
    subject.run()
    assert subject.found() == {
        FindingKind.MISSING: ids(1),
        FindingKind.OLDER: ids(2),
        FindingKind.CHANGED: ids(3, 4, 5, 6, 7),
        FindingKind.UNMATCHABLE: ids(8, 10, 11),
        FindingKind.EXPIRED_EARLY: ids(9),
        FindingKind.UNKNOWN: ids(200),
    }


def test_what_came_back_is_known_by_its_later_id(subject: Subject):
    world = subject.world
    world.hold(range(1, 51))
    world.hold([60], generation=2)
    world.hold([61], generation=1)
    world.show(range(1, 51))
    world.show([60], generation=2)
    world.show([61], generation=0)
    subject.run()
    assert subject.found() == {
        FindingKind.MISSING: ids(61, generation=1),
        FindingKind.UNKNOWN: ids(61),
    }


def test_withdrawal_that_is_repeated_until_confirmed_is_no_finding(subject: Subject):
    world = subject.world
    world.hold(range(1, 51))
    world.show(range(1, 52))
    world.hold([51], generation=1, state=ObjectState.NEW)
    with world.db.write() as transaction:
        transaction.execute(
            'INSERT INTO unconfirmed (object, generation, query, owner, indicator_id, created,'
            " modified, summary, body, mark) VALUES (51, 0, 1, 1, 51, 1, 1, 's', x'01', 1)"
        )
    subject.run()
    assert subject.found() == {}


@pytest.mark.parametrize(
    'fields',
    [
        pytest.param({'accepted': AN_HOUR_AGO}, id='accepted an hour ago'),
        pytest.param({'accepted': None}, id='never acknowledged'),
        pytest.param({'accepted': TODAY}, id='accepted twelve hours ago'),
        pytest.param({'outbox': 1}, id='another version on its way'),
    ],
)
def test_what_is_recent_or_on_its_way_is_not_missed(subject: Subject, fields: dict[str, object]):
    subject.world.hold(range(1, 51))
    subject.world.show(range(1, 51))
    subject.world.hold([60, 61], **fields)
    subject.world.show([61], Modified=LONG_AGO - dt.timedelta(days=1))
    subject.run()
    run = subject.store.last_complete()
    assert run is not None
    assert subject.found() == {}
    assert (run.counts.held, run.counts.confirmed, run.counts.recent) == (52, 50, 2)


def test_what_was_sent_late_is_dated_by_its_acceptance(subject: Subject):
    subject.world.hold(range(1, 51))
    subject.world.show(range(1, 51))
    # It waited in the outbox for days, as Sentinel did not answer.
    subject.world.hold([60], modified=LONG_AGO, accepted=AN_HOUR_AGO)
    subject.run()
    assert subject.found() == {}


def test_what_was_withdrawn_long_ago_and_lives_there_is_unknown(subject: Subject):
    world = subject.world
    world.hold(range(1, 51))
    world.show(range(1, 53))
    world.hold([51], state=ObjectState.WITHDRAWN)
    world.hold([52], state=ObjectState.WITHDRAWN, accepted=AN_HOUR_AGO)
    subject.run()
    assert subject.found() == {FindingKind.UNKNOWN: ids(51)}


def test_what_has_ended_on_both_sides_is_nothing(subject: Subject):
    over = NOON - dt.timedelta(days=1)
    subject.world.hold(range(1, 51))
    subject.world.show(range(1, 51))
    subject.world.hold([60, 61], valid_until=over)
    subject.world.show([60], ValidUntil=over, IsActive=False)
    subject.world.show([61])
    subject.run()
    assert subject.found() == {FindingKind.CHANGED: ids(61)}


def test_other_sources_do_not_count(subject: Subject):
    subject.world.hold(range(1, 51))
    subject.world.show(range(1, 51))
    subject.world.show(range(1, 90), source_system='ThreatConnect-Other')
    subject.run()
    assert subject.found() == {}


@pytest.mark.parametrize('shown', [0, 1, 24], ids=['nothing', 'one', 'less than half'])
def test_nothing_is_concluded_from_silence(subject: Subject, shown: int):
    subject.world.hold(range(1, 51))
    subject.world.show(range(1, shown + 1))
    subject.run()
    run = subject.store.last()
    assert run is not None
    assert run.code == 'AZ-QUERY-SILENT'
    assert subject.store.last_complete() is None


def test_silent_partition_is_told_apart(subject: Subject, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(core, '_LARGEST_PARTITION', 8)
    subject.world.hold(range(1, 101))
    gone = [number for number in range(1, 101) if key(number).digest[0] >> 4 == 3]
    subject.world.show([number for number in range(1, 101) if number not in gone])
    subject.run()
    run = subject.store.last_complete()
    assert run is not None
    assert (run.counts.unread, run.counts.confirmed) == (len(gone), 100 - len(gone))
    assert subject.found() == {}


def test_workspace_without_the_table_holds_nothing_if_nothing_was_sent(subject: Subject):
    subject.world.has_table = False
    subject.run()
    run = subject.store.last()
    assert run is not None
    assert run.is_complete


def test_missing_table_is_an_error_where_something_was_sent(subject: Subject):
    subject.world.has_table = False
    subject.world.hold([1])
    subject.run()
    run = subject.store.last()
    assert run is not None
    assert run.code == 'AZ-QUERY-TABLE'


def test_answers_that_are_cut_short_are_halved(subject: Subject):
    subject.world.hold(range(1, 301))
    subject.world.show(range(2, 302))
    subject.world.most_rows = 60
    subject.run(is_whole=True)
    assert subject.found() == {FindingKind.MISSING: ids(1), FindingKind.UNKNOWN: ids(301)}


def test_findings_of_a_run_that_broke_off_never_count(subject: Subject):
    subject.world.hold(range(1, 51))
    subject.world.show(range(2, 51))
    subject.run()
    subject.world.show([90])

    class Stopping:
        """Is interrupted once the findings are stored."""

        def read(self, kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
            if columns == VerificationQueries(source_system=SOURCE_SYSTEM).unknown_columns:
                raise Cancelled('It was interrupted.')
            return subject.world.read(kql, columns, stop=stop)

    killed = Verification(
        reader=Stopping(),  # type: ignore[arg-type]
        store=subject.store,
        ledger=VerifiedLedger(subject.world.db),
        context=ContextLedger(subject.world.db),
        has_context=lambda: False,
        source_system=SOURCE_SYSTEM,
        interval=None,
        clock=subject.clock,
    )
    killed.request()
    with pytest.raises(Cancelled):
        killed.step(threading.Event())
    assert subject.found() == {FindingKind.MISSING: ids(1)}
    subject.run()
    assert subject.found() == {FindingKind.MISSING: ids(1), FindingKind.UNKNOWN: ids(90)}
    with subject.world.db.read() as connection:
        (kept,) = connection.execute('SELECT count(DISTINCT verification) FROM finding').fetchone()
    assert kept == 1


def test_what_no_rule_can_match_is_taken_over_without_reading_it_again(subject: Subject):
    subject.world.hold(range(1, 101))
    subject.world.show(range(1, 81))
    subject.world.show(range(81, 101), ObservableKey='')
    subject.run()
    subject.world.queries.clear()
    subject.run()
    assert subject.found() == {FindingKind.UNMATCHABLE: ids(*range(81, 101))}
    assert len(subject.world.queries) == 1


def test_unknown_objects_are_described_for_their_withdrawal(subject: Subject):
    subject.world.hold(range(1, 51))
    subject.world.show(range(1, 52))
    subject.run()
    with subject.world.db.read() as connection:
        row = connection.execute("SELECT * FROM finding WHERE kind = 'unknown'").fetchone()
    assert row['pattern'] == "[domain-name:value = 'host51.example']"
    assert row['created'] == row['valid_from'] == row['modified'] == millis(LONG_AGO)


def test_one_of_seven_runs_is_whole(subject: Subject):
    subject.world.hold([1])
    subject.world.show([1])
    whole = []
    for _ in range(15):
        subject.clock.advance(25 * 3_600)
        assert subject.verification.step(threading.Event())
        run = subject.store.last()
        assert run is not None
        whole.append(run.is_whole)
    assert [place for place, is_whole in enumerate(whole) if is_whole] == [0, 7, 14]


def test_run_is_due_by_the_interval_and_sooner_after_one_that_failed(subject: Subject):
    subject.world.hold([1])
    assert subject.verification.step(threading.Event())
    assert not subject.verification.step(threading.Event())
    subject.clock.advance(3_600)
    subject.world.show([1])
    assert subject.verification.step(threading.Event())
    subject.clock.advance(23 * 3_600)
    assert not subject.verification.step(threading.Event())
    subject.clock.advance(3_600)
    assert subject.verification.step(threading.Event())


def test_request_during_a_run_is_for_another_one(subject: Subject):
    subject.world.hold([1])
    subject.world.show([1])
    inner = subject.world.read

    def read(kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        subject.verification.request()
        return inner(kql, columns, stop=stop)

    subject.world.read = read  # type: ignore[method-assign]
    subject.run()
    subject.world.read = inner  # type: ignore[method-assign]
    assert subject.verification.step(threading.Event())
    assert not subject.verification.step(threading.Event())


@pytest.mark.parametrize('is_whole', [False, True], ids=['where sums differ', 'whole'])
@pytest.mark.parametrize(
    ('size', 'largest_partition', 'most_rows'),
    [(800, 4_096, 30_000), (800, 4_096, 90), (800, 64, 200), (4_000, 64, 1_000)],
    ids=['one partition', 'cut short', '16 partitions', '256 partitions'],
)
def test_every_object_is_in_one_account_and_what_differs_is_found(
    subject: Subject,
    size: int,
    largest_partition: int,
    most_rows: int,
    is_whole: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    """Whatever partitions are read, the findings are those of a comparison object by object."""
    monkeypatch.setattr(core, '_LARGEST_PARTITION', largest_partition)
    monkeypatch.setattr(comparison, 'MOST_ROWS', most_rows)
    monkeypatch.setattr(comparison, 'MOST_UNKNOWN_ROWS', 7)
    draw = random.Random(size)
    world = subject.world
    expected: dict[FindingKind, set[str]] = {}
    confirmed = recent = 0
    rows: dict[str, list[int]] = {}
    for number in range(1, size + 1):
        fate = draw.choice(['same'] * 90 + list(FATES))
        rows.setdefault(fate, []).append(number)
    for fate, numbers in rows.items():
        held, seen, kind = FATES.get(fate, ({}, {}, None))
        if held is not None:
            world.hold(numbers, **held)
        if seen is not None:
            world.show(numbers, **seen)
        if kind is not None:
            expected[kind] = expected.get(kind, set()) | ids(*numbers)
        confirmed += len(numbers) if fate == 'same' else 0
        recent += len(numbers) if fate == 'recent' else 0
    subject.run(is_whole=True)
    if not is_whole:
        subject.run()
    run = subject.store.last_complete()
    assert run is not None
    assert run.is_whole is is_whole
    assert subject.found() == expected
    counts = run.counts
    assert dict(counts.findings) == {kind: len(expected.get(kind, ())) for kind in FindingKind}
    assert (counts.confirmed, counts.recent, counts.unread) == (confirmed, recent, 0)
    of_held = sum(counts.findings.values()) - counts.findings[FindingKind.UNKNOWN]
    assert counts.held == counts.confirmed + counts.recent + counts.unread + of_held


FATES: dict[str, tuple[dict[str, object] | None, dict[str, object] | None, FindingKind | None]] = {
    'missing': ({}, None, FindingKind.MISSING),
    'older': ({}, {'Modified': LONG_AGO - dt.timedelta(seconds=1)}, FindingKind.OLDER),
    'revoked': ({}, {'Revoked': True, 'IsActive': False}, FindingKind.CHANGED),
    'less sure': ({}, {'Confidence': 79}, FindingKind.CHANGED),
    'without confidence': ({}, {'Confidence': None}, FindingKind.CHANGED),
    'never ends': ({}, {'ValidUntil': None}, FindingKind.CHANGED),
    'unparsed': ({}, {'ObservableKey': ''}, FindingKind.UNMATCHABLE),
    'ended': ({}, {'ValidUntil': NOON, 'IsActive': False}, FindingKind.EXPIRED_EARLY),
    'unknown': (None, {}, FindingKind.UNKNOWN),
    'recent': ({'accepted': AN_HOUR_AGO, 'modified': AN_HOUR_AGO}, {}, None),
    'withdrawn': ({'state': ObjectState.WITHDRAWN}, {'Revoked': True, 'IsActive': False}, None),
}
