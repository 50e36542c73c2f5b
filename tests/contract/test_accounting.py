"""Whatever the stages do in whatever order, no Indicator and no object is lost or counted twice.

The invariants look at the stored rows between any two steps, some of which end in the middle.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sentinel_app.core.job import JobStatus, Mode, Outcome
from sentinel_app.core.job_state import job_status
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.storage.accounts import Account, OutcomeRow, hour_of
from tests.contract.small_world import BATCH_SIZE, KEYS, QUERIES, Flight, SmallWorld

OUTCOME_COLUMNS = ('waiting', 'unchanged', 'sent', 'withdrawn', 'failed', 'refused')

hash_sets = st.lists(
    st.sampled_from(sorted(KEYS)), min_size=1, max_size=3, unique_by=lambda name: name.split()[0]
).map(frozenset)
query_sets = st.frozensets(st.sampled_from([query.id for query in QUERIES]), max_size=3)
kinds = st.sampled_from(['fine'] * 6 + ['withheld', 'invalid'])
files = st.tuples(hash_sets, query_sets.filter(bool), kinds)
modes = st.sampled_from([Mode.RECONCILE, Mode.RECONCILE, Mode.DELTA, Mode.FULL])
writes = st.sampled_from([None] * 12 + [0, 1, 2, 3])
"""How many transactions a step comes to before the process is killed; None for all of them."""
events = st.sampled_from(['settle', 'refuse', 'release', 'claim', 'stop', 'give up'])


class Accounting(RuleBasedStateMachine):
    """The stages of one update after the other, any step of any of them at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = SmallWorld(Path(self.folder.name))
        self.ended: dict[str, JobStatus] = {}

    def teardown(self) -> None:
        try:
            self.come_to_the_end()
        finally:
            self.world.close()
            self.folder.cleanup()

    # -- what happens in ThreatConnect

    @initialize(found=st.lists(files, min_size=4, max_size=9), mode=modes, is_first=st.booleans())
    def begin_with(self, found: list[Any], mode: Mode, is_first: bool) -> None:
        for hashes, queries, kind in found:
            self.world.add_file(hashes, queries, kind)
        if not is_first:
            self.world.run_undisturbed(Mode.FULL)
        self.begin(mode, is_search_failed=False, cancelled=-1)

    @rule(
        change=st.one_of(
            st.tuples(st.just('add'), files),
            st.tuples(st.just('delete'), st.none()),
            st.tuples(st.just('change'), st.fixed_dictionaries({'content': st.integers(1, 5)})),
            st.tuples(st.just('change'), st.fixed_dictionaries({'hashes': hash_sets})),
            st.tuples(st.just('change'), st.fixed_dictionaries({'queries': query_sets})),
            st.tuples(st.just('change'), st.fixed_dictionaries({'kind': kinds})),
        ),
        data=st.data(),
    )
    def change_something(self, change: tuple[str, Any], data: st.DataObject) -> None:
        files, (action, value) = self.world.files, change
        if action == 'add':
            self.world.add_file(*value)
        elif files:
            number = data.draw(st.sampled_from(sorted(files)))
            if action == 'delete':
                del files[number]
            else:
                self.world.change_file(number, **value)

    # -- what the stages do

    @precondition(lambda self: self.world.update is None)
    @rule(
        mode=modes,
        is_search_failed=st.sampled_from([False] * 5 + [True]),
        cancelled=st.sampled_from([-1] * 5 + [0, 1, 2]),
    )
    def begin(self, mode: Mode, is_search_failed: bool, cancelled: int) -> None:
        self.world.begin(mode, is_search_failed=is_search_failed, cancelled=cancelled)
        self.ended = {}

    @rule(
        size=st.integers(1, 4),
        is_by_time=st.sampled_from([False] * 5 + [True]),
        fault=st.sampled_from([False] * 15 + [True]),
        writes=writes,
    )
    def read(self, size: int, is_by_time: bool, fault: bool, writes: int | None) -> None:
        self.world.run(lambda: self.world.read(size, is_by_time=is_by_time, fault=fault), writes)

    @rule(times=st.integers(1, 6), size=st.integers(1, 4), is_sent=st.booleans())
    def go_on(self, times: int, size: int, is_sent: bool) -> None:
        for _ in range(times):
            self.world.read(size)
            self.world.convert()
            if is_sent:
                self.world.claim()

    @rule(meanwhile=st.lists(events, max_size=2), writes=writes, data=st.data())
    def convert(self, meanwhile: list[str], writes: int | None, data: st.DataObject) -> None:
        def happen() -> None:
            for event in meanwhile:
                self.happen(event, data)

        self.world.run(lambda: self.world.convert(happen), writes)

    def happen(self, event: str, data: st.DataObject) -> None:
        world = self.world
        if event == 'claim':
            world.claim()
        elif event == 'stop':
            world.stop([data.draw(st.sampled_from(sorted(world.taken)))])
        elif event == 'give up':
            world.give_up()
        elif world.flights:
            flight = self.draw_flight(data)
            if event == 'release':
                world.release(flight, is_told_before=False)
            else:
                refused = frozenset(range(4)) if event == 'refuse' else frozenset()
                world.settle(flight, len(flight.batch.objects), refused)

    def draw_flight(self, data: st.DataObject) -> Flight:
        return self.world.flights[data.draw(st.integers(0, len(self.world.flights) - 1))]

    @rule(times=st.integers(1, 3), writes=writes)
    def claim(self, times: int, writes: int | None) -> None:
        stopped = {item.request_id for item in self.world.progress() if item.is_stopped}
        for _ in range(times):
            before = len(self.world.flights)
            if not self.world.run(self.world.claim, writes):
                return
            for flight in self.world.flights[before:]:
                assert len(flight.batch.objects) <= BATCH_SIZE
                assert not stopped.intersection(flight.batch.request_ids), 'a stopped Job sends'

    @precondition(lambda self: self.world.flights)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        flight = self.draw_flight(data)
        if not (flight.is_delivered or flight.is_stale):
            self.world.deliver(flight)

    @precondition(lambda self: self.world.flights)
    @rule(data=st.data(), refused=st.frozensets(st.integers(0, 3)), writes=writes)
    def settle(self, data: st.DataObject, refused: frozenset[int], writes: int | None) -> None:
        flight = self.draw_flight(data)
        size = data.draw(st.integers(1, len(flight.batch.objects)))
        self.world.run(lambda: self.world.settle(flight, size, refused), writes)

    @precondition(lambda self: self.world.flights)
    @rule(data=st.data(), is_told_before=st.booleans(), writes=writes)
    def release(self, data: st.DataObject, is_told_before: bool, writes: int | None) -> None:
        flight = self.draw_flight(data)
        self.world.run(lambda: self.world.release(flight, is_told_before=is_told_before), writes)

    @precondition(lambda self: self.world.update)
    @rule(place=st.integers(0, 9), writes=writes)
    def stop(self, place: int, writes: int | None) -> None:
        # As rare as in life, or nothing would ever be sent.
        if place < len(QUERIES):
            request_id = sorted(self.world.taken)[place]
            self.world.run(lambda: self.world.stop([request_id]), writes)

    @rule(is_sent=st.booleans(), writes=writes)
    def give_up(self, is_sent: bool, writes: int | None) -> None:
        self.world.run(self.world.give_up if is_sent else self.world.drop_pages, writes)

    @rule(is_quiet=st.booleans())
    def restart(self, is_quiet: bool) -> None:
        if is_quiet:
            self.world.store.forget_jobs()
        else:
            self.world.crash()

    @precondition(lambda self: self.world.update)
    @rule(is_it=st.sampled_from([False] * 5 + [True]), writes=writes)
    def abandon(self, is_it: bool, writes: int | None) -> None:
        if is_it:
            self.world.run(self.world.end, writes)
            self.nothing_is_left()

    @precondition(lambda self: self.world.update)
    @rule(writes=writes, following=st.one_of(st.none(), modes))
    def end(self, writes: int | None, following: Mode | None) -> None:
        if following is not None:
            self.world.go_on()
        if self.world.is_over():
            self.world.run(self.world.end, writes)
            self.nothing_is_left()
            if following is not None:
                self.begin(following, is_search_failed=False, cancelled=-1)

    # -- what holds at any time

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.world.db.read() as connection:
            return [dict(row) for row in connection.execute(statement, values)]

    @invariant()
    def every_indicator_is_counted_once(self) -> None:
        for request_id, taken in self.world.taken.items():
            counts = self.world.store.counts(request_id)
            assert counts is not None
            assert all(number >= 0 for number in counts.outcomes.values()), counts
            assert counts.converted == len(taken)
        for item in self.world.progress():
            counts = self.world.store.counts(item.request_id)
            assert counts is not None
            assert counts.converted == counts.settled + item.open
            assert counts.read == counts.converted + item.rows_waiting

    @invariant()
    def what_is_open_has_an_object_that_will_settle_it(self) -> None:
        outbox = self.rows('SELECT * FROM outbox')
        outcome = self.rows('SELECT * FROM outcome')
        alone = Counter(
            (row['job'], row['indicator_id'])
            for row in outbox
            if row['account'] == Account.INDICATOR
        )
        assert all(count == 1 for count in alone.values())
        together = Counter(
            (row['job'], row['indicator_id']) for row in outbox if row['account'] == Account.ROW
        )
        waiting = {
            (row['job'], row['indicator_id']): row['waiting'] for row in outcome if row['waiting']
        }
        assert together == waiting
        assert all(row[name] >= 0 for row in outcome for name in OUTCOME_COLUMNS)
        for row in self.rows('SELECT * FROM progress'):
            job = row['job']
            mine = [key for key in (*alone, *waiting) if key[0] == job]
            assert row['open'] == len(mine)
            least = Counter(
                OutcomeRow(each['base'], *(each[name] for name in OUTCOME_COLUMNS)).column
                for each in outcome
                if each['job'] == job
            )
            assert all(row[name] >= count for name, count in least.items())
            assert all(row[str(name)] >= 0 for name in Outcome)
            assert row['waiting'] == sum(
                each['job'] == job and not each['is_in_flight'] for each in outbox
            )

    @invariant()
    def what_is_in_flight_is_in_a_batch(self) -> None:
        rows = self.rows('SELECT * FROM outbox WHERE is_in_flight')
        sent = [item.id for flight in self.world.flights for item in flight.batch.objects]
        assert {row['id'] for row in rows} <= set(sent)
        versions = Counter(row['object'] for row in rows if row['unconfirmed'] is None)
        assert all(count == 1 for count in versions.values()), 'two versions under way at once'

    @invariant()
    def the_ledger_points_at_the_newest_version(self) -> None:
        outbox = {row['id']: row for row in self.rows('SELECT * FROM outbox')}
        ledger = {row['id']: row for row in self.rows('SELECT * FROM ledger')}
        for row in ledger.values():
            if row['outbox'] is not None:
                assert outbox[row['outbox']]['object'] == row['id']
        for row in outbox.values():
            if row['unconfirmed'] is None and row['account'] != Account.NOBODY:
                assert ledger[row['object']]['outbox'] == row['id']
            if row['account'] == Account.NOBODY:
                assert row['is_in_flight']
            if row['waits_for'] is not None:
                assert outbox[row['waits_for']]['is_in_flight']

    @invariant()
    def the_counters_of_live_objects_are_those_of_the_ledger(self) -> None:
        counted = {
            (row['query'], row['owner'], row['kind'], row['hour']): row['count']
            for row in self.rows('SELECT * FROM live_count')
        }
        found = Counter(
            (row['query'], row['owner'], row['kind'], hour_of(row['valid_until']))
            for row in self.rows('SELECT * FROM ledger WHERE state = 1')
        )
        assert counted == found

    @invariant()
    def the_ledger_knows_what_sentinel_may_have(self) -> None:
        ledger = {row['digest']: row for row in self.rows('SELECT * FROM ledger')}
        for digest, generation in self.world.accepted.items():
            row = ledger[digest]
            assert row['state'] != ObjectState.NEW
            assert row['generation'] >= generation
        pending = {
            (row['digest'], row['generation'])
            for row in self.rows(
                'SELECT digest, outbox.generation FROM outbox'
                ' JOIN ledger ON ledger.id = outbox.object'
                ' WHERE is_in_flight OR is_unacknowledged OR waits_for IS NOT NULL'
            )
        }
        unconfirmed = {
            (row['digest'], row['generation'])
            for row in self.rows(
                'SELECT digest, unconfirmed.generation FROM unconfirmed'
                ' JOIN ledger ON ledger.id = unconfirmed.object'
            )
        }
        for held in self.world.sentinel.values():
            row = ledger[held.digest]
            is_known = row['state'] == ObjectState.LIVE and row['generation'] == held.generation
            name = (held.digest, held.generation)
            if not held.is_revoked:
                assert is_known or name in pending or name in unconfirmed

    @invariant()
    def what_is_live_has_its_content(self) -> None:
        with_content = {row['object'] for row in self.rows('SELECT object FROM content')}
        known = {row['id'] for row in self.rows('SELECT id FROM ledger WHERE state > 0')}
        assert with_content == known

    @invariant()
    def a_job_that_has_ended_stays_so(self) -> None:
        for item in self.world.progress():
            status = job_status(item)
            old = self.ended.setdefault(item.request_id, status)
            if old.is_final:
                assert status is old
            self.ended[item.request_id] = status

    def nothing_is_left(self) -> None:
        """What an update needs while it runs is gone after it."""
        if self.world.update is not None:
            return
        for table in (
            *('progress', 'outbox', 'outcome', 'taken_up', 'page_ids', 'alternate'),
            'extra_query',
        ):
            assert not self.rows(f'SELECT * FROM {table}'), table
        assert not self.rows(
            'SELECT * FROM ledger WHERE outbox IS NOT NULL OR state = 0'
            ' AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.object = ledger.id)'
        )
        assert not self.rows('SELECT * FROM refusal WHERE object NOT IN (SELECT id FROM ledger)')

    # -- what it all comes to

    def come_to_the_end(self) -> None:
        """Let every stage do what is left, and look whether Sentinel has what it should have."""
        world = self.world
        if world.update is not None:
            world.go_on()
            world.end()
            self.nothing_is_left()
        for flight in list(world.flights):
            world.settle(flight, len(flight.batch.objects), frozenset())
        world.run_undisturbed(Mode.FULL)
        self.check_everything()
        assert world.run_undisturbed(Mode.RECONCILE) == 0, 'nothing changed, something was sent'
        self.nothing_is_left()
        self.check_everything()

    def check_everything(self) -> None:
        expected = self.world.expected()
        ledger = {
            row['digest']: (row['indicator_id'], row['source_modified'])
            for row in self.rows('SELECT * FROM ledger WHERE state = 1')
        }
        assert ledger == expected
        live = {held.digest for held in self.world.sentinel.values() if not held.is_revoked}
        assert live == set(expected)
        generations = {
            row['digest']: row['generation'] for row in self.rows('SELECT * FROM ledger')
        }
        by_digest: dict[bytes, ObjectKey] = {key.digest: key for key in KEYS.values()}
        for digest in expected:
            held = self.world.sentinel[object_id(by_digest[digest], generations[digest])]
            assert not held.is_revoked
            assert held.copy == expected[digest]


TestAccounting = pytest.mark.timeout(300)(Accounting.TestCase)
TestAccounting.settings = settings(
    max_examples=int(__import__('os').environ.get('N', '100')),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
