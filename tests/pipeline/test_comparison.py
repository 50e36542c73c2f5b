"""Verify over the context objects, after the Indicators: what it finds and what it leaves."""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sentinel_app.core import verification as core
from sentinel_app.core.clock import Stop
from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.finding import ContextResult, Finding, FindingFilter, VerificationRun
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.logs import LogRows
from sentinel_app.core.verification import FindingKind, VerifiedTable
from sentinel_app.errors import Cancelled, LogsDeniedError
from sentinel_app.pipeline import comparison
from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.findings import Findings
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.verifications import Verifications
from sentinel_app.storage.verified_ledger import ContextLedger, VerifiedLedger
from tests.harness.clocks import NOON, StandingClock
from tests.harness.database import open_database
from tests.harness.verified_world import LONG_AGO, SOURCE_SYSTEM, VerifiedWorld, context_key

AN_HOUR_AGO = NOON - dt.timedelta(hours=1)
TODAY = NOON - dt.timedelta(hours=12)
A_DAY_EARLIER = LONG_AGO - dt.timedelta(days=1)
HOSTS = range(1, 11)


class Subject:
    """Verify over a world with ten Hosts that agree, and whatever context a test adds."""

    def __init__(self, db: Database, world: VerifiedWorld) -> None:
        self.world = world
        self.has_context = True
        self.store = Verifications(db, open_updates=set)
        self.findings = Findings(db)
        self.verification = Verification(
            reader=world,  # type: ignore[arg-type] - has its one method
            store=self.store,
            ledger=VerifiedLedger(db),
            context=ContextLedger(db),
            has_context=lambda: self.has_context,
            source_system=SOURCE_SYSTEM,
            interval=dt.timedelta(hours=24),
            clock=StandingClock(),
        )

    def run(self, *, is_whole: bool = False) -> VerificationRun:
        self.verification.request(is_whole=is_whole)
        assert self.verification.step(threading.Event())
        run = self.store.last()
        assert run is not None
        return run

    def verify(self, *, is_whole: bool = False) -> ContextResult:
        """Run Verify, and return what it came to about context objects."""
        run = self.run(is_whole=is_whole)
        assert run.is_complete
        assert run.counts.confirmed == len(HOSTS)
        assert run.context is not None
        return run.context

    def listed(self) -> list[Finding]:
        run = self.store.last_complete()
        assert run is not None
        return list(self.findings.all(run.id, FindingFilter()))

    def found(self) -> dict[FindingKind, set[str]]:
        """Return the ids of what was found, by kind."""
        found: dict[FindingKind, set[str]] = {}
        for each in self.listed():
            found.setdefault(each.kind, set()).add(each.stix_id)
        return found


@pytest.fixture
def subject(tmp_path: Path) -> Iterator[Subject]:
    db = open_database(tmp_path / 'state.db')
    world = VerifiedWorld(db)
    world.hold(HOSTS)
    world.show(HOSTS)
    yield Subject(db, world)
    world.close()
    db.close()


def ids(*numbers: int, kind: ContextKind = ContextKind.ACTOR, generation: int = 0) -> set[str]:
    return {context_key(number, kind).object_id(generation) for number in numbers}


def test_what_agrees_is_confirmed_by_one_more_query(subject: Subject):
    for kind in ContextKind:
        subject.world.hold_context(range(1, 31), kind)
        subject.world.show_context(range(1, 31), kind)
    subject.verify()
    subject.world.queries.clear()
    result = subject.verify()
    assert (result.counts.held, result.counts.confirmed) == (90, 90)
    assert subject.found() == {}
    tables = [query.partition('\n')[0] for query in subject.world.queries]
    assert tables == list(VerifiedTable)
    run = subject.store.last()
    assert run is not None
    assert run.requests == 2


def test_each_kind_of_finding_is_found(subject: Subject):
    world = subject.world
    world.hold_context(range(1, 41))
    world.show_context(range(6, 41))
    world.show_context([2], data={'modified': A_DAY_EARLIER})
    world.show_context([3], data={'revoked': True})
    world.show_context([4], IsDeleted=True)
    # A person's edit of what is not compared changes nothing.
    world.show_context([5], data={'name': 'Another', 'confidence': 10, 'modified': NOON})
    world.show_context([200])
    result = subject.verify()
    assert subject.found() == {
        FindingKind.MISSING: ids(1),
        FindingKind.OLDER: ids(2),
        FindingKind.CHANGED: ids(3, 4),
        FindingKind.UNKNOWN: ids(200),
    }
    assert (result.counts.held, result.counts.confirmed) == (40, 36)


def test_findings_name_their_objects(subject: Subject):
    world = subject.world
    for kind in ContextKind:
        world.hold_context(range(1, 11), kind)
        world.show_context(range(2, 11), kind)
        world.show_context([50], kind)
    subject.verify()
    names = {(each.kind, each.stix_type): each.name for each in subject.listed()}
    source_ref, _, target_ref = context_key(50, ContextKind.RELATIONSHIP).text.partition('|')
    assert names == {
        (FindingKind.MISSING, 'identity'): 'Identity 1',
        (FindingKind.MISSING, 'threat-actor'): 'Actor 1',
        (FindingKind.MISSING, 'relationship'): 'host1.example indicates Actor 1',
        (FindingKind.UNKNOWN, 'identity'): 'Identity 50',
        (FindingKind.UNKNOWN, 'threat-actor'): 'Actor 50',
        (FindingKind.UNKNOWN, 'relationship'): f'{source_ref} indicates {target_ref}',
    }
    (missing,) = [
        each for each in subject.listed() if each.name == 'host1.example indicates Actor 1'
    ]
    assert missing.indicator is not None
    assert (missing.indicator.summary, missing.indicator.owner_name) == (
        *('host1.example', 'Example Org'),
    )
    assert all(each.is_context for each in subject.listed())


def test_objects_of_other_types_under_our_name_are_unknown(subject: Subject):
    subject.world.hold_context([1])
    subject.world.show_context([1])
    subject.world.show_context([2], StixType='attack-pattern')
    subject.verify()
    (finding,) = subject.listed()
    assert (finding.kind, finding.stix_type) == (FindingKind.UNKNOWN, 'attack-pattern')


def test_what_came_back_is_known_by_its_later_id(subject: Subject):
    world = subject.world
    world.hold_context(range(1, 31))
    world.show_context(range(1, 31))
    world.hold_context([60, 61], generation=1)
    world.show_context([60], generation=1)
    world.show_context([60], data={'revoked': True})
    world.show_context([61])
    subject.verify()
    assert subject.found() == {
        FindingKind.MISSING: ids(61, generation=1),
        FindingKind.UNKNOWN: ids(61),
    }


@pytest.mark.parametrize(
    'fields',
    [
        pytest.param({'accepted': AN_HOUR_AGO}, id='accepted an hour ago'),
        pytest.param({'accepted': None}, id='never acknowledged'),
        pytest.param({'accepted': TODAY}, id='accepted twelve hours ago'),
        pytest.param({'is_waiting': True}, id='another version on its way'),
    ],
)
def test_what_is_recent_or_on_its_way_is_not_missed(subject: Subject, fields: dict[str, object]):
    subject.world.hold_context(range(1, 31))
    subject.world.show_context(range(1, 31))
    subject.world.hold_context([60, 61], **fields)
    subject.world.show_context([61], data={'modified': A_DAY_EARLIER})
    counts = subject.verify().counts
    assert subject.found() == {}
    assert (counts.held, counts.confirmed, counts.recent) == (32, 30, 2)


def test_what_was_withdrawn_is_nothing_unless_it_lives_on(subject: Subject):
    world = subject.world
    world.hold_context(range(1, 31))
    world.show_context(range(1, 31))
    world.hold_context([60, 61, 62], state=ObjectState.WITHDRAWN)
    world.show_context([60], data={'revoked': True})
    world.show_context([61])
    assert subject.verify().counts.held == 30
    assert subject.found() == {FindingKind.UNKNOWN: ids(61)}


def test_other_sources_do_not_count(subject: Subject):
    subject.world.hold_context(range(1, 31))
    subject.world.show_context(range(1, 31))
    subject.world.show_context(range(1, 90), source_system='ThreatConnect-Other')
    subject.verify()
    assert subject.found() == {}


def test_without_context_nothing_is_asked_of_its_table(subject: Subject):
    subject.has_context = False
    subject.world.show_context([1])
    assert subject.run().context is None
    assert not any(query.startswith(VerifiedTable.OBJECTS) for query in subject.world.queries)


def test_workspace_without_the_table_holds_nothing_if_nothing_was_sent(subject: Subject):
    subject.world.has_context_table = False
    result = subject.verify()
    assert (result.code, result.counts.held) == (None, 0)


@pytest.mark.parametrize(
    ('has_table', 'shown', 'code'),
    [(False, 30, 'AZ-QUERY-TABLE'), (True, 0, 'AZ-QUERY-SILENT'), (True, 14, 'AZ-QUERY-SILENT')],
    ids=['no table', 'no rows', 'less than half'],
)
def test_context_that_cannot_be_read_leaves_the_indicators_confirmed(
    subject: Subject, has_table: bool, shown: int, code: str
):
    subject.world.hold_context(range(1, 31))
    subject.world.show_context(range(1, shown + 1))
    subject.world.has_context_table = has_table
    result = subject.verify()
    assert result.code == code
    assert result.message
    assert subject.found() == {}
    assert code in subject.verification.outcome
    assert subject.verification.outcome.startswith('confirmed 10 of 10 objects')


def test_what_was_found_before_the_table_could_not_be_read_is_removed(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(comparison, 'MOST_ROWS', 10)
    monkeypatch.setattr(core, '_LARGEST_PARTITION', 8)
    subject.world.hold_context(range(1, 101))
    subject.world.show_context(range(4, 101))
    inner, asked = subject.world.read, []

    def read(kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        if kql.startswith(VerifiedTable.OBJECTS):
            asked.append(kql)
            if len(asked) > 8:
                raise LogsDeniedError('No longer.')
        return inner(kql, columns, stop=stop)

    subject.world.read = read  # type: ignore[method-assign]
    assert subject.verify(is_whole=True).code == 'AZ-QUERY-403'
    assert subject.found() == {}
    run = subject.store.last()
    assert run is not None
    assert run.requests >= 9


def test_run_that_is_interrupted_among_the_context_never_counts(subject: Subject):
    subject.world.hold_context(range(1, 31))
    subject.world.show_context(range(2, 31))
    subject.verify()
    inner = subject.world.read

    def read(kql: str, columns: Sequence[str], *, stop: Stop) -> LogRows:
        if kql.startswith(VerifiedTable.OBJECTS):
            raise Cancelled('It was interrupted.')
        return inner(kql, columns, stop=stop)

    subject.world.read = read  # type: ignore[method-assign]
    before = subject.store.last_complete()
    subject.verification.request()
    with pytest.raises(Cancelled):
        subject.verification.step(threading.Event())
    assert subject.store.last_complete() == before
    subject.world.read = inner  # type: ignore[method-assign]
    subject.world.show_context([1])
    # The request is not lost.
    assert subject.verification.step(threading.Event())
    assert subject.found() == {}


def test_rows_without_the_object_itself_are_not_judged(subject: Subject):
    """A transformation may drop `Data`, and with it the version and whether it is revoked."""
    subject.world.hold_context(range(1, 31))
    subject.world.show_context(range(1, 28))
    subject.world.show_context(range(28, 31), data={})
    subject.world.show_context([90], data={})
    counts = subject.verify().counts
    assert (counts.confirmed, counts.unread) == (27, 3)
    assert subject.found() == {}


def test_findings_about_indicators_stay_beside_those_about_context(subject: Subject):
    world = subject.world
    world.hold_context(range(1, 31))
    world.show_context(range(2, 31))
    world.show([1], Confidence=10, TimeGenerated=NOON)
    world.show([2], ObservableKey='', TimeGenerated=NOON)
    for _ in range(2):
        run = subject.run()
        assert run.context is not None
        kinds = sorted((each.kind.value, each.stix_type) for each in subject.listed())
        assert kinds == [
            *[('changed', 'indicator'), ('missing', 'threat-actor'), ('unmatchable', 'indicator')],
        ]
        assert sum(run.counts.findings.values()) == 2
        assert sum(run.context.counts.findings.values()) == 1


FATES: dict[str, tuple[dict[str, object] | None, dict[str, object] | None, FindingKind | None]] = {
    'missing': ({}, None, FindingKind.MISSING),
    'older': ({}, {'data': {'modified': A_DAY_EARLIER}}, FindingKind.OLDER),
    'revoked': ({}, {'data': {'revoked': True}}, FindingKind.CHANGED),
    'deleted': ({}, {'IsDeleted': True}, FindingKind.CHANGED),
    'unknown': (None, {}, FindingKind.UNKNOWN),
    'recent': ({'accepted': AN_HOUR_AGO, 'modified': AN_HOUR_AGO}, {}, None),
    'on its way': ({'is_waiting': True}, {'data': {'modified': A_DAY_EARLIER}}, None),
    'withdrawn': ({'state': ObjectState.WITHDRAWN}, {'data': {'revoked': True}}, None),
    'dropped': ({}, {'data': {}}, None),
    'again': ({'generation': 2}, {'generation': 2}, None),
}


@pytest.mark.parametrize('is_whole', [False, True], ids=['where sums differ', 'whole'])
@pytest.mark.parametrize(
    ('size', 'largest_partition', 'most_rows'),
    [(800, 4_096, 30_000), (800, 4_096, 90), (800, 64, 200), (4_000, 64, 1_000)],
    ids=['one partition', 'cut short', '16 partitions', '256 partitions'],
)
def test_every_context_object_is_in_one_account_and_what_differs_is_found(
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
    expected: dict[FindingKind, set[str]] = {}
    rows: dict[tuple[str, ContextKind], list[int]] = {}
    for number in range(1, size + 1):
        fate = draw.choice(['same'] * 90 + list(FATES))
        rows.setdefault((fate, draw.choice(list(ContextKind))), []).append(number)
    for (fate, kind), numbers in rows.items():
        held, seen, found = FATES.get(fate, ({}, {}, None))
        if held is not None:
            subject.world.hold_context(numbers, kind, **held)
        if seen is not None:
            subject.world.show_context(numbers, kind, **seen)  # type: ignore[arg-type]
        if found is not None:
            expected[found] = expected.get(found, set()) | ids(*numbers, kind=kind)
    counts = subject.verify(is_whole=True).counts
    if not is_whole:
        counts = subject.verify().counts
    assert subject.found() == expected
    assert dict(counts.findings) == {kind: len(expected.get(kind, ())) for kind in FindingKind}

    def number_of(*fates: str) -> int:
        return sum(len(numbers) for (fate, _), numbers in rows.items() if fate in fates)

    assert counts.confirmed == number_of('same', 'again')
    assert counts.recent == number_of('recent', 'on its way')
    assert counts.unread == number_of('dropped')
    of_held = sum(counts.findings.values()) - counts.findings[FindingKind.UNKNOWN]
    assert counts.held == counts.confirmed + counts.recent + counts.unread + of_held
