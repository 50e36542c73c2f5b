"""Scheduled updates are queued when they are due, or at once when somebody says so."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel_app.core.job import JobStatus, JobType, Mode, Update
from sentinel_app.core.window import Window
from sentinel_app.errors import ConflictError
from sentinel_app.tasks.update_follower import QUERY_DISABLED_SINCE
from tests.harness.builders.app_state import make_audit, make_query
from tests.tasks.stand import UpdateStand

HOUR_S = 3600.0
COMPLETE = JobStatus.UPLOAD_COMPLETE


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[UpdateStand]:
    made = UpdateStand(tmp_path)
    yield made
    made.db.close()


def test_update_is_not_due_without_a_query(stand: UpdateStand) -> None:
    assert stand.queue_due() is None
    with pytest.raises(ConflictError, match='no TQL query yet'):
        stand.queue.queue_now()


def test_first_update_is_due_at_once_and_the_next_an_interval_later(stand: UpdateStand) -> None:
    stand.save()
    assert not stand.is_scheduler_woken
    assert stand.queue_due() is Mode.FULL
    assert stand.is_scheduler_woken
    (update,) = stand.app_state.open_updates()
    assert (update.job_type, len(update.request_ids)) == (JobType.SCHEDULED, 2)
    stand.app_state.start_update(update.id, stand.clock.now())
    assert stand.queue_due() is None
    stand.clock.advance(HOUR_S)
    assert stand.queue_due() is not None


def test_pending_scheduled_update_is_not_queued_twice(stand: UpdateStand) -> None:
    stand.save()
    stand.queue_due()
    for _ in range(3):
        stand.clock.advance(HOUR_S)
        assert stand.queue_due() is None
    with pytest.raises(ConflictError, match='waits already'):
        stand.queue.queue_now()
    assert len(stand.app_state.open_updates()) == 1


def test_update_that_was_queued_at_once_takes_up_the_saved_mode(stand: UpdateStand) -> None:
    stand.save(Mode.FULL)
    stand.clock.advance(HOUR_S / 2)
    assert stand.queue.queue_now().mode is Mode.FULL
    assert stand.app_state.schedule().next_mode is None


def test_update_is_queued_once_by_a_person_and_the_schedule_together(stand: UpdateStand) -> None:
    for _ in range(20):
        stand.save()
        gate = threading.Barrier(2)
        refusals = []

        def ask(gate: threading.Barrier = gate, refusals: list[str] = refusals) -> None:
            gate.wait()
            try:
                stand.queue.queue_now()
            except ConflictError as error:
                refusals.append(error.message)

        thread = threading.Thread(target=ask)
        thread.start()
        gate.wait()
        mode = stand.queue_due()
        thread.join()
        assert len(stand.app_state.open_updates()) == 1
        assert bool(refusals) is (mode is not None)
        (update,) = stand.app_state.open_updates()
        stand.app_state.start_update(update.id, stand.clock.now())
        stand.app_state.end_update(update.id, stand.clock.now(), None)
        stand.clock.advance(HOUR_S)


def test_full_read_longer_than_an_interval_is_not_followed_by_another(
    stand: UpdateStand,
) -> None:
    stand.save()
    assert stand.queue_due() is Mode.FULL
    (first,) = stand.app_state.open_updates()
    stand.app_state.start_update(first.id, stand.clock.now())
    stand.clock.advance(HOUR_S)

    assert stand.queue_due() is Mode.DELTA


def test_full_read_of_some_queries_does_not_count_for_the_others(
    stand: UpdateStand,
) -> None:
    stand.save()
    some = stand.queue.request_update(mode=Mode.FULL, query_ids=['q1'])
    stand.app_state.start_update(some.id, stand.clock.now())

    assert stand.queue_due() is Mode.FULL


def test_disabled_query_takes_part_in_no_update(stand: UpdateStand) -> None:
    stand.save()
    stand.queue_due()
    (waiting,) = stand.app_state.open_updates()
    disabled = make_query('q1', is_enabled=False)
    queries = [disabled, make_query('q2')]
    stand.app_state.save_queries(queries, expected_version=1, next_mode=None, audit=make_audit())
    stand.follower.start_next()
    first, second = stand.app_state.jobs_of(waiting.id)
    assert (first.status, second.status) == (JobStatus.CANCELLED, JobStatus.PENDING)
    assert first.failure_reason == QUERY_DISABLED_SINCE

    asked = stand.queue.request_update(mode=Mode.FULL)
    (job,) = stand.app_state.jobs_of(asked.id)
    assert (job.query.id, job.position) == ('q2', 1)
    with pytest.raises(ConflictError, match='is disabled'):
        stand.queue.request_update(mode=Mode.FULL, query_ids=['q1'])


def test_update_is_not_due_where_all_queries_are_disabled(stand: UpdateStand) -> None:
    stand.save()
    queries = [make_query('q1', is_enabled=False), make_query('q2', is_enabled=False)]
    stand.app_state.save_queries(queries, expected_version=1, next_mode=None, audit=make_audit())
    assert stand.queue.next_update() is None
    assert stand.queue_due() is None
    for ask in (stand.queue.queue_now, lambda: stand.queue.request_update(mode=Mode.DELTA)):
        with pytest.raises(ConflictError, match='All TQL queries are disabled'):
            ask()


def ended(stand: UpdateStand, update_id: str, *statuses: JobStatus) -> None:
    """Let an update run to its end, with these statuses of its Jobs."""
    stand.app_state.start_update(update_id, stand.clock.now())
    window = Window(start_at=None, end_at=stand.clock.now())
    jobs = stand.app_state.jobs_of(update_id)
    for job, status in zip(jobs, statuses, strict=True):
        stand.app_state.change_job(
            job.request_id,
            lambda stored, status=status: replace(stored, status=status, window=window),  # type: ignore[misc]
        )
    stand.follower.start_next()
    stand.follower.follow()
    assert stand.follower.running is None


def stand_with_a_full_one_required(stand: UpdateStand) -> Update:
    """Save for a full update an interval after the last one, and ask for one at once."""
    stand.save()
    stand.queue_due()
    (first,) = stand.app_state.open_updates()
    ended(stand, first.id, COMPLETE, COMPLETE)
    stand.save(Mode.FULL)
    assert stand.queue.next_update() == (stand.clock.now() + dt.timedelta(hours=1), Mode.FULL)
    return stand.queue.request_update(mode=Mode.FULL)


def test_full_update_queued_by_hand_satisfies_the_required_one(
    stand: UpdateStand,
) -> None:
    asked = stand_with_a_full_one_required(stand)
    due_at = stand.clock.now() + dt.timedelta(hours=1)
    assert stand.queue.next_update() == (due_at, Mode.DELTA)
    stand.clock.advance(2 * HOUR_S)
    assert stand.queue_due() is None
    ended(stand, asked.id, COMPLETE, COMPLETE)
    assert stand.app_state.schedule().next_mode is None
    assert stand.queue_due() is Mode.DELTA


@pytest.mark.parametrize('status', [JobStatus.FAILED, JobStatus.CANCELLED])
def test_full_update_that_is_not_complete_satisfies_nothing(
    stand: UpdateStand, status: JobStatus
) -> None:
    asked = stand_with_a_full_one_required(stand)
    ended(stand, asked.id, COMPLETE, status)
    assert stand.app_state.schedule().next_mode is Mode.FULL
    stand.clock.advance(HOUR_S)
    assert stand.queue_due() is Mode.FULL


def test_full_update_required_after_one_was_queued_is_done_as_well(
    stand: UpdateStand,
) -> None:
    asked = stand_with_a_full_one_required(stand)
    stand.save(Mode.FULL)
    stand.clock.advance(HOUR_S)
    assert stand.queue.next_update() == (stand.clock.now(), Mode.FULL)
    ended(stand, asked.id, COMPLETE, COMPLETE)
    assert stand.queue_due() is Mode.FULL


def test_full_update_of_some_queries_satisfies_nothing(stand: UpdateStand) -> None:
    stand.save(Mode.FULL)
    asked = stand.queue.request_update(mode=Mode.FULL, query_ids=['q1'])
    ended(stand, asked.id, COMPLETE)
    assert stand.app_state.schedule().next_mode is Mode.FULL


def test_required_full_update_survives_one_queued_by_hand_that_may_still_fail(
    stand: UpdateStand,
) -> None:
    asked = stand_with_a_full_one_required(stand)
    stand.app_state.start_update(asked.id, stand.clock.now())
    assert stand.queue.queue_now().mode is Mode.DELTA
    assert stand.app_state.schedule().next_mode is Mode.FULL
