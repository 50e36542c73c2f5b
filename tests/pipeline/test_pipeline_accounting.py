"""Whatever the stages do in whatever order, no Indicator and no object is lost or counted twice.

Each seed is a course of updates in which any stage takes any step at any moment, some of which end
in the middle as the process is killed. After each step the stored rows are looked through. The long
form has more of them (`make soak`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.job import JobStatus, Mode, Outcome
from sentinel_app.core.job_state import job_status
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.storage.accounts import Account, OutcomeRow, hour_of
from tests.harness.soak import amount
from tests.pipeline.small_world import BATCH_SIZE, KEYS, QUERIES, SmallWorld

COUNT = amount('ACCOUNTS', daily=8, soak=1000)
STEPS = 150
MODES = (Mode.RECONCILE, Mode.RECONCILE, Mode.DELTA, Mode.FULL)
KINDS = ('fine',) * 8 + ('withheld', 'invalid')
OUTCOME_COLUMNS = ('waiting', 'unchanged', 'sent', 'withdrawn', 'failed', 'refused')


class Accounts:
    """What holds of the stored rows at any time, and at the end of an update.

    Args:
        world: in which the updates run.
    """

    def __init__(self, world: SmallWorld) -> None:
        self.world = world
        self.status: dict[str, JobStatus] = {}

    def check(self) -> None:
        """Look whether everything is accounted for."""
        self.every_indicator_is_counted_once()
        self.what_is_open_has_an_object_that_will_settle_it()
        self.what_is_in_flight_is_in_a_batch()
        self.the_ledger_points_at_the_newest_version()
        self.the_counters_of_live_objects_are_those_of_the_ledger()
        self.the_ledger_knows_what_sentinel_may_have()
        self.what_is_live_has_its_content()
        self.a_job_that_has_ended_stays_so()

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        with self.world.db.read() as connection:
            return [dict(row) for row in connection.execute(statement, values)]

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

    def what_is_in_flight_is_in_a_batch(self) -> None:
        rows = self.rows('SELECT * FROM outbox WHERE is_in_flight')
        sent = [item.id for flight in self.world.flights for item in flight.batch.objects]
        assert {row['id'] for row in rows} <= set(sent)
        versions = Counter(row['object'] for row in rows if row['unconfirmed'] is None)
        assert all(count == 1 for count in versions.values()), 'two versions under way at once'

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

    def what_is_live_has_its_content(self) -> None:
        with_content = {row['object'] for row in self.rows('SELECT object FROM content')}
        known = {row['id'] for row in self.rows('SELECT id FROM ledger WHERE state > 0')}
        assert with_content == known

    def a_job_that_has_ended_stays_so(self) -> None:
        for item in self.world.progress():
            status = job_status(item)
            old = self.status.setdefault(item.request_id, status)
            if old.is_final:
                assert status is old
            self.status[item.request_id] = status

    def nothing_is_left(self) -> None:
        """What an update needs while it runs is gone after it."""
        if self.world.update is not None:
            return
        for table in (
            *('progress', 'outbox', 'outcome', 'taken_up', 'page_ids', 'alternate'),
            *('extra_query', 'dismissed'),
        ):
            assert not self.rows(f'SELECT * FROM {table}'), table
        assert not self.rows(
            'SELECT * FROM ledger WHERE outbox IS NOT NULL OR state = 0'
            ' AND NOT EXISTS (SELECT 1 FROM refusal WHERE refusal.object = ledger.id)'
        )
        assert not self.rows('SELECT * FROM refusal WHERE object NOT IN (SELECT id FROM ledger)')

    def sentinel_holds_what_it_should(self) -> None:
        """After an update of everything in which nothing went wrong."""
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


class Course:
    """Steps of all stages in a random order.

    Args:
        world: in which they are taken.
        seed: decides about everything.
    """

    def __init__(self, world: SmallWorld, seed: int) -> None:
        self.world = world
        self.accounts = Accounts(world)
        self.random = random.Random(seed)
        self.is_mortal = self.random.random() < 0.5
        self.refused_share = self.random.choice([0.0, 0.1, 0.5])
        hated = self.random.sample(sorted(KEYS), self.random.choice([0, 0, 1, 2]))
        self.hated = [KEYS[name].value.encode() for name in hated]
        """What Sentinel refuses each time."""
        self._steps: tuple[tuple[int, Callable[[], object]], ...] = (
            (36, self.read),
            (30, self.convert),
            (22, lambda: self.run(self.happen)),
            (4, self.change),
            (1, self.clean),
            (2, self.end),
            (1, self.restart),
        )

    def take(self, steps: int) -> None:
        """Take so many steps, and let everything come to its end."""
        chance, world = self.random, self.world
        for _ in range(chance.randint(3, 9)):
            self.add_file()
        if chance.random() < 0.6:
            world.run_undisturbed(Mode.FULL)
        for _ in range(steps):
            if world.update is None and chance.random() < 0.5:
                self.begin()
            weights = [weight for weight, _ in self._steps]
            _, step = chance.choices(self._steps, weights)[0]
            step()
            self.accounts.check()

    def come_to_the_end(self) -> None:
        """Let every stage do what is left, and look whether Sentinel has what it should have."""
        world, accounts = self.world, self.accounts
        if world.update is not None:
            world.go_on()
            world.end()
            accounts.nothing_is_left()
        for flight in list(world.flights):
            world.settle(flight, len(flight.batch.objects), frozenset())
        world.run_undisturbed(Mode.FULL)
        accounts.sentinel_holds_what_it_should()
        assert world.run_undisturbed(Mode.RECONCILE) == 0, 'nothing changed, something was sent'
        accounts.nothing_is_left()
        accounts.sentinel_holds_what_it_should()

    def run(self, action: Callable[[], object]) -> None:
        """Do something, and kill the process in the middle of it at times."""
        writes = (
            self.random.randint(0, 3) if self.is_mortal and self.random.random() < 0.07 else None
        )
        self.world.run(action, writes)

    # -- ThreatConnect

    def hashes(self) -> frozenset[str]:
        """Hashes of a File, one of each kind at most."""
        names = self.random.sample(sorted(KEYS), self.random.randint(1, 4))
        return frozenset({name.split()[0]: name for name in names}.values())

    def queries(self) -> frozenset[str]:
        """The queries that a File matches."""
        return frozenset(query.id for query in QUERIES if self.random.random() < 0.5)

    def add_file(self) -> None:
        queries = self.queries() or frozenset([self.random.choice(QUERIES).id])
        self.world.add_file(self.hashes(), queries, self.random.choice(KINDS))

    def change(self) -> None:
        """Let somebody change something in ThreatConnect."""
        files, chance = self.world.files, self.random
        action = chance.choice(
            ['add', 'delete', 'delete', 'content', 'hashes', 'queries', 'queries', 'kind']
        )
        if action == 'add' or not files:
            self.add_file()
            return
        number = chance.choice(sorted(files))
        if action == 'delete':
            del files[number]
        elif action == 'content':
            self.world.change_file(number, content=chance.randint(1, 5))
        elif action == 'hashes':
            self.world.change_file(number, hashes=self.hashes())
        elif action == 'queries':
            self.world.change_file(number, queries=self.queries())
        else:
            self.world.change_file(number, kind=chance.choice(KINDS))

    # -- the stages

    def begin(self) -> None:
        """Begin the next update."""
        for _ in range(self.random.randint(0, 4)):
            self.change()
        self.world.begin(
            self.random.choice(MODES),
            is_search_failed=self.random.random() < 0.1,
            cancelled=self.random.choice([-1] * 9 + [0, 1, 2]),
        )
        self.accounts.status = {}

    def read(self) -> None:
        """Read a page."""
        size, is_by_time = self.random.randint(1, 3), self.random.random() < 0.05
        fault = self.random.random() < 0.01
        self.run(lambda: self.world.read(size, is_by_time=is_by_time, fault=fault))

    def convert(self) -> None:
        """Convert a page while others do something."""
        events = self.random.choice([0, 0, 1, 2])

        def meanwhile() -> None:
            for _ in range(events):
                self.happen()

        self.run(lambda: self.world.convert(meanwhile))

    def happen(self) -> None:
        """Let a thread that sends do something, or somebody who stops Jobs."""
        world, chance = self.world, self.random
        what = chance.choices(
            ['claim', 'stop', 'kill', 'give up', 'drop', 'deliver', 'release', 'settle'],
            [40, 3, 3, 3, 2, 14, 10, 30],
        )[0]
        if what == 'claim':
            self.claim()
        elif what == 'stop' and world.taken:
            world.stop([chance.choice(sorted(world.taken))])
        elif what == 'kill':
            world.kill_convert()
            # Another thread converts before the old one wakes up.
            for _ in range(chance.randint(0, 4)):
                world.convert()
        elif what == 'give up':
            world.abandon()
        elif what == 'drop':
            world.drop_pages()
        elif world.flights:
            flight = chance.choice(world.flights)
            if what == 'deliver':
                if not flight.is_delivered:
                    world.deliver(flight)
            elif what == 'release':
                world.release(flight, is_told_before=chance.random() < 0.5)
            else:
                refused = frozenset(
                    place
                    for place, item in enumerate(flight.batch.objects)
                    if chance.random() < self.refused_share
                    or any(value in item.text for value in self.hated)
                )
                world.settle(flight, chance.randint(1, len(flight.batch.objects)), refused)

    def claim(self) -> None:
        """Claim a batch."""
        stopped = {item.request_id for item in self.world.progress() if item.is_stopped}
        before = len(self.world.flights)
        self.world.claim()
        for flight in self.world.flights[before:]:
            assert len(flight.batch.objects) <= BATCH_SIZE
            assert not stopped.intersection(flight.batch.request_ids), 'a stopped Job sends'

    def end(self) -> None:
        """End the update once it is over, or whatever it still has to do."""
        world = self.world
        if world.update is None:
            return
        is_abandoned = self.random.random() < 0.1
        if self.random.random() < 0.5 and not is_abandoned:
            world.go_on()
            self.accounts.check()
        if is_abandoned or world.is_over():
            self.run(world.end)
            self.accounts.nothing_is_left()

    def clean(self) -> None:
        """Forget what nobody goes by any more."""
        self.world.store.forget_jobs()

    def restart(self) -> None:
        """Kill the process between two steps."""
        if self.is_mortal:
            self.world.crash()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SmallWorld]:
    opened = SmallWorld(tmp_path)
    yield opened
    opened.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize('seed', range(COUNT))
def test_accounts_add_up_whatever_happens(world: SmallWorld, seed: int) -> None:
    course = Course(world, seed)
    course.take(STEPS)
    course.come_to_the_end()
