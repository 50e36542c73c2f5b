"""Exceptions that nobody foresaw, in each stage: a Job ends in words, and the rest goes on."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sentinel_app.core.outbox import Batch, Conversion, Settlement
from sentinel_app.core.question import Question
from sentinel_app.errors import StorageError
from sentinel_app.pipeline.fault_limit import ATTEMPTS
from sentinel_app.sentinel.client import SentinelSink
from sentinel_app.storage import page_commit
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.batches import Batches
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.readings import Readings
from sentinel_app.storage.update_store import UpdateStore
from sentinel_app.threatconnect.client import ThreatConnectSource
from tests.harness.engine import OWNERS, Engine, Job, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

GOOD, BAD, _ = OWNERS
UNFIT = '\ud800'

Spoil = Callable[[pytest.MonkeyPatch, Callable[[], None]], None]


def reading(monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None]) -> None:
    read_page = ThreatConnectSource.read_page

    def spoilt(self: ThreatConnectSource, question: Question, *, limit: int) -> Any:
        if BAD in question.owners:
            fail()
        return read_page(self, question, limit=limit)

    monkeypatch.setattr(ThreatConnectSource, 'read_page', spoilt)


def ending_the_reading(monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None]) -> None:
    end_reading = Readings.end
    first: list[str] = []

    def spoilt(self: Readings, request_id: str, **options: Any) -> bool:
        first.append(request_id)
        if request_id != first[0]:
            fail()
        return end_reading(self, request_id, **options)

    monkeypatch.setattr(Readings, 'end', spoilt)


def converting(monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None]) -> None:
    commit = UpdateStore.commit_page

    def spoilt(self: UpdateStore, conversion: Conversion, **options: Any) -> None:
        if any(item.owner_name == BAD for item in conversion.objects):
            fail()
        commit(self, conversion, **options)

    monkeypatch.setattr(UpdateStore, 'commit_page', spoilt)


def sending(monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None]) -> None:
    send = SentinelSink.send

    def spoilt(self: SentinelSink, objects: Any) -> Any:
        if BAD.encode() in objects[-1]:
            fail()
        return send(self, objects)

    monkeypatch.setattr(SentinelSink, 'send', spoilt)


def settling(monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None]) -> None:
    settle = Batches.settle

    def spoilt(self: Batches, settlement: Settlement, **options: Any) -> None:
        if is_bad(settlement.batch):
            fail()
        settle(self, settlement, **options)

    monkeypatch.setattr(Batches, 'settle', spoilt)


def releasing(monkeypatch: pytest.MonkeyPatch, fail: Callable[[], None]) -> None:
    """Neither can the answer be stored nor the batch be given back."""
    settling(monkeypatch, fail)
    release = Batches.release

    def spoilt(self: Batches, batch: Batch, **options: Any) -> None:
        if is_bad(batch):
            fail()
        release(self, batch, **options)

    monkeypatch.setattr(Batches, 'release', spoilt)


def is_bad(batch: Batch) -> bool:
    return any(item.owner_name == BAD for item in batch.objects)


PLACES: dict[str, Spoil] = {
    'reading': reading,
    'ending-the-reading': ending_the_reading,
    'converting': converting,
    'sending': sending,
    'settling': settling,
}


def unforeseen() -> None:
    # As a text that is none does where it is stored, and as a number of 400 digits does.
    UNFIT.encode()


@pytest.fixture
def engine(engine: Engine, world: World) -> Engine:
    engine.expects_unforeseen = True
    world.store.load(hosts(250, GOOD, 'g') + hosts(250, BAD, 'b'))
    return engine


def run(engine: Engine) -> tuple[Job, Job]:
    engine.save_queries([query(owners=[GOOD]), query(owners=[BAD])], run='full')
    good, bad = engine.last_jobs()
    return good, bad


def assert_ended_in_words(engine: Engine, job: Job, part: str) -> None:
    assert (job['status'], job['failure_code']) == ('Failed', 'RUN-FAULT')
    assert f'{part} raised an unexpected UnicodeEncodeError' in job['failure_reason']
    assert 'support' in job['failure_reason']
    (error,) = [item for item in engine.errors(job['request_id']) if item['code'] == 'RUN-FAULT']
    assert error['count'] == 1


@pytest.mark.parametrize('place', PLACES)
def test_job_ends_in_words_the_other_continues_and_the_next_update_repairs_it(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    calls = Counter[str]()

    def fail() -> None:
        calls[place] += 1
        unforeseen()

    PLACES[place](monkeypatch, fail)
    good, bad = run(engine)

    assert (good['status'], outcomes(good)) == ('Upload Complete', {'sent': 250})
    part = {'reading': 'Download', 'ending-the-reading': 'Convert', 'converting': 'Convert'}
    assert_ended_in_words(engine, bad, f'The Task {part.get(place, "Upload")}')
    assert set(outcomes(bad)) <= {'failed', 'sent'}
    # Several threads may be at different batches; no batch goes out more often than the attempts.
    batches = Counter(tuple(seen.ids) for seen in world.sentinel.requests)
    assert max(batches.values()) <= ATTEMPTS
    assert calls[place] <= ATTEMPTS * (3 if part.get(place) is None else 1)

    monkeypatch.undo()
    engine.run_update('delta')
    engine.assert_right()


@pytest.mark.parametrize('place', PLACES)
def test_single_error_costs_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    left = [unforeseen]
    PLACES[place](monkeypatch, lambda: left.pop()() if left else None)
    jobs = run(engine)

    assert [(job['status'], outcomes(job)) for job in jobs] == [
        ('Upload Complete', {'sent': 250})
    ] * 2
    assert left == []
    engine.assert_right()


def test_object_possibly_in_sentinel_is_withdrawn_when_it_is_gone(
    world: World, make_engine: Callable[..., Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(withdraw_limit_percent='100')
    engine.expects_unforeseen = True
    world.store.load(hosts(250, GOOD, 'g') + hosts(250, BAD, 'b'))
    settling(monkeypatch, unforeseen)
    run(engine)
    monkeypatch.undo()
    assert any(BAD in stix['name'] for stix in world.live().values())
    for row in world.store.rows():
        if row['ownerName'] == BAD:
            world.store.delete(row['id'])
    jobs = engine.run_update('delta')
    assert sum(job['count_withdrawn'] for job in jobs) == 250
    engine.assert_right()


def test_batch_that_cannot_be_released_ends_with_its_job(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    releasing(monkeypatch, unforeseen)
    good, bad = run(engine)

    assert good['count_failed'] == 0 or good['failure_code'] == 'RUN-FAULT'
    assert_ended_in_words(engine, bad, 'The Task Upload')
    monkeypatch.undo()
    engine.run_update('delta')
    engine.assert_right()


def test_batch_that_a_full_disk_neither_stores_nor_releases_is_sent_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.expects_unforeseen = False
    left = ['settling', 'releasing']

    def fail() -> None:
        if left:
            left.pop()
            raise StorageError('The disk is full.')

    releasing(monkeypatch, fail)
    for job in run(engine):
        assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 250})
    assert left == []
    engine.assert_right()


def test_stored_object_that_cannot_be_read_ends_its_job(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = page_commit.pack
    monkeypatch.setattr(
        page_commit, 'pack', lambda text: b'\0' if BAD.encode() in text else pack(text)
    )
    _, bad = run(engine)

    assert (bad['status'], bad['failure_code']) == ('Failed', 'RUN-FAULT')
    assert outcomes(bad) == {'failed': 250}
    monkeypatch.undo()
    engine.run_update('delta')
    engine.assert_right()


@pytest.mark.parametrize('name', ['named', 'orphaned', 'next_unchosen'])
def test_withdrawal_that_keeps_failing_warns_and_waits_for_the_next_update(
    world: World, engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run(engine)
    gone = world.store.rows()[0]
    world.store.delete(gone['id'])
    world.store.modify(world.store.rows()[5]['id'], confidence=99)

    def fail(*_args: Any, **_options: Any) -> None:
        unforeseen()

    monkeypatch.setattr(Orphans, name, fail)
    jobs = engine.run_update('delta')
    assert {job['status'] for job in jobs} == {'Upload Complete'}
    (warning,) = [text for job in jobs for text in job['warnings']]
    assert 'unexpected UnicodeEncodeError' in warning
    assert 'RUN-FAULT' in warning
    assert sum(job['count_withdrawn'] for job in jobs) == 0

    monkeypatch.undo()
    jobs = engine.run_update('delta')
    assert sum(job['count_withdrawn'] for job in jobs) == 1
    engine.assert_right()


def test_job_whose_figures_cannot_be_stored_fails_with_what_it_did(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        unforeseen()

    monkeypatch.setattr(MetricStore, 'add_job', fail)
    good, bad = run(engine)

    for job in (good, bad):
        assert_ended_in_words(engine, job, 'The scheduler')
        assert outcomes(job) == {'sent': 250}
    monkeypatch.undo()
    engine.run_update('delta')
    engine.assert_right()


def test_job_whose_figures_cannot_be_read_fails_without_them(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = UpdateStore.counts

    def spoilt(self: UpdateStore, request_id: str) -> Any:
        if threading.current_thread().name == 'scheduler':
            unforeseen()
        return counts(self, request_id)

    monkeypatch.setattr(UpdateStore, 'counts', spoilt)
    for job in run(engine):
        assert_ended_in_words(engine, job, 'The scheduler')
        assert job['count_read'] == 0


def test_update_that_cannot_be_read_at_all_is_terminated(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_options: Any) -> None:
        unforeseen()

    engine.save_queries([query()], wait=False)
    monkeypatch.setattr(UpdateStore, 'progress', fail)

    def has_ended() -> bool:
        engine.look()
        jobs = engine.jobs()
        return bool(jobs) and all(job['status'] == 'Failed' for job in jobs)

    engine.until(has_ended, 'the update does not end')
    (job,) = engine.jobs()
    assert job['failure_code'] == 'RUN-FAULT'
    monkeypatch.undo()
    engine.run_update('full')
    engine.assert_right()


def test_update_that_cannot_be_started_does_not_block_the_next(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(engine)
    start = AppState.start_update
    spoilt: list[str] = []

    def fail_first(self: AppState, update_id: str, at: Any) -> bool:
        if not spoilt or spoilt[0] == update_id:
            spoilt.append(update_id)
            unforeseen()
        return start(self, update_id, at)

    monkeypatch.setattr(AppState, 'start_update', fail_first)
    engine.request_update('full')
    engine.request_update('delta')
    engine.until(lambda: engine.look() or not engine.jobs(is_open=True), 'they do not end')
    first = [job for job in engine.jobs() if job['failure_code']]
    assert {job['update_id'] for job in first} == {spoilt[0]}
    assert {job['failure_code'] for job in first} == {'RUN-FAULT'}
    assert len(spoilt) == ATTEMPTS
    assert {job['status'] for job in engine.last_jobs()} == {'Upload Complete'}
