"""Whatever the stages do in whatever order, no Indicator and no object is lost or counted twice."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sentinel_app.core.job import JobStatus, Outcome, is_allowed
from sentinel_app.core.job_state import job_status
from sentinel_app.core.work import (
    Batch,
    ChosenObject,
    Claim,
    ObjectState,
    Progress,
    Reading,
    Settlement,
    StoredPage,
)
from sentinel_app.errors import ReadAuthError, UploadDeniedError
from sentinel_app.storage.ledger import SqliteLedger
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import SqliteWork
from tests.clocks import NOON
from tests.stored import make_job, make_query
from tests.working import make_chosen, make_claim, make_conversion

JOBS = ('j1', 'j2', 'j3')
SORTED_JOB = 'j2'
KEYS = [f'k{number}' for number in range(6)]
BATCH_SIZE = 4
DENIED = UploadDeniedError('Give the role.')
SETTLED_AT_ONCE = [
    Outcome.WITHHELD,
    Outcome.EXPIRED,
    Outcome.UNSUPPORTED,
    Outcome.INVALID,
]

jobs = st.sampled_from(JOBS)
copies = st.lists(
    st.tuples(st.sampled_from(KEYS), st.booleans(), st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda part: part[0],
)
plans = st.lists(
    st.one_of(copies, copies, st.sampled_from(SETTLED_AT_ONCE)), min_size=5, max_size=5
)
"""What becomes of each Indicator of a page: an outcome, or objects by their keys, each with whether
it is better than the copy chosen before, and whether Sentinel holds it already as it is."""


class Accounting(RuleBasedStateMachine):
    """The stages of one update, any step of any of them at any moment, on the real stores."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.db = Database(Path(self.folder.name) / 'state.db')
        self.progress = SqliteProgress(self.db)
        self.work = SqliteWork(self.db)
        self.ledger = SqliteLedger(self.db)
        self.next_id = 0
        self.read = dict.fromkeys(JOBS, 0)
        self.status = dict.fromkeys(JOBS, JobStatus.PENDING)
        self.in_flight: list[Batch] = []
        self.accepted: set[str] = set()
        self.answered: set[tuple[str, int]] = set()
        self.ever_sent: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.progress.begin(
            [
                make_job(
                    name,
                    position=place,
                    query=make_query(
                        f'q{place}', sort_field='rating' if name == SORTED_JOB else None
                    ),
                )
                for place, name in enumerate(JOBS)
            ]
        )

    def teardown(self) -> None:
        try:
            self.come_to_the_end()
        finally:
            self.db.close()
            self.folder.cleanup()

    def look(self) -> dict[str, Progress]:
        return {item.request_id: item for item in self.progress.progress('u1')}

    @rule(name=jobs)
    def start_reading(self, name: str) -> None:
        self.progress.start_reading(name, at=NOON, expected=None)

    @rule(name=jobs, size=st.integers(min_value=0, max_value=5))
    def add_page(self, name: str, size: int) -> None:
        is_reading = self.look()[name].reading in {Reading.WAITING, Reading.READING}
        rows = [{'id': self.next_id + offset} for offset in range(1, size + 1)]
        self.next_id += size
        self.progress.add_page(name, rows, last_id=self.next_id, page_size=size)
        if is_reading:
            self.read[name] += size

    @rule(name=jobs, is_failure=st.booleans())
    def end_reading(self, name: str, is_failure: bool) -> None:
        error = ReadAuthError('Mend it.') if is_failure else None
        self.progress.end_reading(name, at=NOON, error=error)

    @rule(plan=plans, is_stopped_meanwhile=st.sampled_from([False] * 5 + [True]))
    def convert(self, plan: list[object], is_stopped_meanwhile: bool) -> None:
        page = self.progress.next_page('u1')
        if page is None:
            for name, item in self.look().items():
                if item.reading in {Reading.WAITING, Reading.READING}:
                    self.add_page(name, len(plan))
                    break
            page = self.progress.next_page('u1')
        if page is None:
            return
        self.work.store_conversion(
            self.converted(page, plan, is_stopped_meanwhile=is_stopped_meanwhile), at=NOON
        )

    def converted(self, page: StoredPage, plan: list[object], *, is_stopped_meanwhile: bool):
        """Decide as the Convert stage does, with the plan in place of Indicators and ledger."""
        ids = [int(str(row['id'])) for row in page.rows]
        if self.look()[page.request_id].is_stopped:
            return make_conversion(page, dict.fromkeys(ids, Outcome.FAILED))
        claims: dict[str, Claim] = dict(self.work.claims(KEYS))
        if is_stopped_meanwhile:
            self.stop(page.request_id)
        outcomes: dict[int, Outcome | None] = {}
        objects: dict[str, ChosenObject] = {}
        displaced: list[tuple[str, int]] = []
        for number, planned in zip(ids, plan, strict=False):
            if isinstance(planned, Outcome):
                outcomes[number] = planned
                continue
            assert isinstance(planned, list)
            own = []
            for key, is_better, is_known in planned:
                claim = claims.get(key)
                if claim and not (claim.request_id == page.request_id and is_better):
                    continue
                if claim:
                    displaced.append((claim.request_id, claim.indicator_id))
                is_waiting = not is_known or (
                    claim is not None and claim.state is ObjectState.IN_FLIGHT
                )
                chosen = make_chosen(
                    key,
                    request_id=page.request_id,
                    position=page.position,
                    query_id=f'q{page.position}',
                    indicator_id=number,
                    version=claim.version + 1 if claim else 0,
                    state=ObjectState.WAITING if is_waiting else ObjectState.UNCHANGED,
                    sort_value=float(number % 3) if page.request_id == SORTED_JOB else None,
                )
                objects[key] = chosen
                own.append(chosen)
                claims[key] = make_claim(
                    request_id=page.request_id,
                    indicator_id=number,
                    version=chosen.version,
                    state=chosen.state,
                )
            if not own:
                outcomes[number] = Outcome.DUPLICATE
            elif any(chosen.state is ObjectState.WAITING for chosen in own):
                outcomes[number] = None
            else:
                outcomes[number] = Outcome.UNCHANGED
        return make_conversion(page, outcomes, tuple(objects.values()), displaced=displaced)

    @rule()
    def claim(self) -> None:
        stopped = {name for name, item in self.look().items() if item.is_stopped}
        batch = self.work.claim_batch('u1', size=BATCH_SIZE, at=NOON)
        if batch is None:
            return
        taken = {(item.object_key, item.version) for item in self.sent()}
        new = [(item.object_key, item.version) for item in batch.objects]
        assert len(set(new)) == len(new) <= BATCH_SIZE
        assert not taken.intersection(new), 'an object is in two batches'
        assert not stopped.intersection(batch.request_ids), 'a stopped Job sends'
        assert all(item.body for item in batch.objects)
        self.in_flight.append(batch)
        self.ever_sent |= {item.object_key for item in batch.objects}

    def sent(self) -> list[ChosenObject]:
        return [item for batch in self.in_flight for item in batch.objects]

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.in_flight) - 1))
        batch = self.in_flight.pop(place)
        size = data.draw(st.integers(1, len(batch.objects)))
        refused = data.draw(st.sets(st.integers(0, size - 1)))
        self.answer(Batch(objects=batch.objects[:size]), refused)
        # The other half of a batch that had to be halved is answered by itself.
        if batch.objects[size:]:
            self.in_flight.append(Batch(objects=batch.objects[size:]))

    def answer(self, batch: Batch, refused: set[int]) -> None:
        self.work.note_request(batch)
        self.work.settle(Settlement(batch=batch, refusals=dict.fromkeys(refused, ('no',))), at=NOON)
        self.answered |= {(item.object_key, item.version) for item in batch.objects}
        self.accepted |= {
            item.object_key for place, item in enumerate(batch.objects) if place not in refused
        }

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.in_flight) - 1))
        self.work.release(self.in_flight.pop(place))

    @precondition(lambda self: self.in_flight)
    @rule(name=jobs)
    def stop(self, name: str) -> None:
        # As the Upload stage does it: what is settled has nothing that could be stopped.
        if not self.look()[name].is_settled:
            self.work.stop_jobs([name], DENIED)

    @precondition(lambda self: self.in_flight)
    @rule()
    def crash(self) -> None:
        self.work.recover()
        self.in_flight = []

    @invariant()
    def what_was_read_is_settled_or_open(self) -> None:
        for name, item in self.look().items():
            counts = self.progress.counts(name)
            assert counts is not None
            assert counts.read == self.read[name]
            assert counts.converted == counts.settled + item.open_treatments
            assert counts.read == counts.converted + item.rows_waiting

    @invariant()
    def what_is_open_has_an_object_that_will_settle_it(self) -> None:
        with self.db.read() as connection:
            orphans = connection.execute(
                'SELECT request_id, indicator_id FROM treatment WHERE outcome IS NULL'
                ' AND NOT EXISTS (SELECT 1 FROM object'
                ' WHERE object.request_id = treatment.request_id'
                ' AND object.indicator_id = treatment.indicator_id'
                " AND state IN ('waiting', 'in-flight'))"
            ).fetchall()
            waiting = connection.execute(
                'SELECT object_key FROM object JOIN treatment USING (request_id, indicator_id)'
                " WHERE state = 'waiting' AND outcome IS NOT NULL"
            ).fetchall()
        assert not orphans
        assert not waiting, 'an object waits of an Indicator that is settled already'

    @invariant()
    def what_is_in_flight_is_in_a_batch(self) -> None:
        with self.db.read() as connection:
            rows = connection.execute(
                "SELECT object_key, version FROM object WHERE state = 'in-flight'"
            ).fetchall()
        assert {tuple(row) for row in rows} <= {
            (item.object_key, item.version) for item in self.sent()
        }

    @invariant()
    def what_counts_as_answered_was_sent_in_just_this_version(self) -> None:
        with self.db.read() as connection:
            rows = connection.execute(
                "SELECT object_key, version FROM object WHERE state IN ('accepted', 'refused')"
            ).fetchall()
        assert {tuple(row) for row in rows} <= self.answered

    @invariant()
    def a_job_goes_only_forwards(self) -> None:
        for name, item in self.look().items():
            status = job_status(item)
            assert is_allowed(self.status[name], status), f'{self.status[name]} to {status}'
            self.status[name] = status

    @invariant()
    def the_ledger_knows_what_was_accepted(self) -> None:
        held = set(self.ledger.held(KEYS))
        # What was sent and had no answer may be in Sentinel as well.
        assert self.accepted <= held <= self.ever_sent
        assert self.ledger.count() == len(held)

    def come_to_the_end(self) -> None:
        """Let every stage do what is left; nothing may be left over then."""
        if not self.look():
            return
        for batch in self.in_flight:
            self.work.release(batch)
        self.in_flight = []
        for name in JOBS:
            self.end_reading(name, is_failure=False)
        while self.progress.next_page('u1') is not None:
            self.convert([[(KEYS[0], False, False)]] * 5, is_stopped_meanwhile=False)
        while (batch := self.work.claim_batch('u1', size=BATCH_SIZE, at=NOON)) is not None:
            self.answer(batch, set())
        for name, item in self.look().items():
            counts = self.progress.counts(name)
            assert counts is not None
            assert (item.pages_waiting, item.rows_waiting, item.open_treatments) == (0, 0, 0)
            assert counts.settled == counts.read == self.read[name]
        assert self.work.waiting_objects() == 0


TestAccounting = pytest.mark.timeout(300)(Accounting.TestCase)
TestAccounting.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
