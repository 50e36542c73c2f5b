"""The schedule counts from the start of the last scheduled update, whatever happens around it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from sentinel_app.core.job import Job, JobStatus, JobType, Mode, Update
from sentinel_app.core.window import Window
from sentinel_app.errors import ConflictError
from tests.harness.clocks import NOON
from tests.tasks.stand import HOUR, UpdateStand

HOUR_S = 3600.0
EVENTS = 300
"""What happens in one random history."""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[UpdateStand]:
    made = UpdateStand(tmp_path)
    made.save()
    yield made
    made.db.close()


def scheduled(stand: UpdateStand) -> list[Update]:
    """Return the scheduled updates, oldest first."""
    found = stand.app_state.state.updates.values()
    return [update for update in found if update.job_type is JobType.SCHEDULED]


def end(stand: UpdateStand, update_id: str) -> None:
    """Let an update that has started end well."""
    window = Window(start_at=None, end_at=stand.clock.now())

    def done(job: Job) -> Job:
        return replace(job, status=JobStatus.UPLOAD_COMPLETE, window=window)

    for job in stand.app_state.jobs_of(update_id):
        if not job.status.is_final:
            stand.app_state.change_job(job.request_id, done)
    stand.follower.start_next()
    stand.follower.follow()


def end_the_running_one(stand: UpdateStand) -> None:
    assert stand.follower.running is not None
    end(stand, stand.follower.running.id)


def next_at(stand: UpdateStand) -> dt.datetime:
    found = stand.queue.next_update()
    assert found is not None
    return found[0]


@pytest.mark.parametrize('waited', [0.0, 0.4, 1.0, 3.7])
def test_next_update_is_due_an_interval_after_the_last_one_started_however_long_it_waited(
    stand: UpdateStand, waited: float
) -> None:
    stand.queue.request_update(mode=Mode.DELTA)
    stand.follower.start_next()
    assert stand.queue_due() is Mode.FULL
    stand.clock.advance(waited * HOUR_S)
    end_the_running_one(stand)
    stand.follower.start_next()
    started_at = stand.clock.now()
    assert stand.app_state.schedule().last_scheduled_at == started_at
    end_the_running_one(stand)

    assert next_at(stand) == started_at + HOUR
    assert stand.queue_due() is None
    stand.clock.advance(HOUR_S - 1)
    assert stand.queue_due() is None
    stand.clock.advance(1)
    assert stand.queue_due() is Mode.DELTA


def test_update_that_waits_is_the_next_one_with_its_own_mode_and_the_time_it_was_queued(
    stand: UpdateStand,
) -> None:
    stand.queue.request_update(mode=Mode.DELTA)
    stand.follower.start_next()
    stand.queue_due()
    stand.clock.advance(2 * HOUR_S)
    assert stand.queue.next_update() == (NOON, Mode.FULL)


def test_update_queued_before_it_is_due_does_not_delay_the_next_one_until_it_starts(
    stand: UpdateStand,
) -> None:
    stand.queue_due()
    stand.follower.start_next()
    stand.clock.advance(HOUR_S / 2)
    stand.queue.queue_now()
    assert stand.app_state.schedule().last_scheduled_at == NOON
    stand.clock.advance(HOUR_S / 4)
    end_the_running_one(stand)
    stand.follower.start_next()
    assert next_at(stand) == NOON + 1.75 * HOUR


def test_start_after_a_restart_counts_and_going_on_after_one_does_not(tmp_path: Path) -> None:
    stand = UpdateStand(tmp_path)
    stand.save()
    stand.queue_due()
    for _ in range(2):
        stand.clock.advance(HOUR_S)
        clock = stand.clock
        stand.db.close()
        stand = UpdateStand(tmp_path)
        stand.clock.advance(clock.monotonic() - stand.clock.monotonic())
        stand.follower.start_next()
        assert stand.app_state.schedule().last_scheduled_at == NOON + HOUR
        assert next_at(stand) == NOON + 2 * HOUR
    stand.db.close()


def test_update_whose_jobs_are_all_cancelled_counts_from_when_its_turn_came(
    stand: UpdateStand,
) -> None:
    stand.queue_due()
    (update,) = stand.app_state.open_updates()
    for request_id in update.request_ids:
        stand.app_state.change_job(request_id, lambda job: replace(job, status=JobStatus.CANCELLED))
    stand.clock.advance(60)
    stand.follower.start_next()
    stand.follower.follow()
    assert stand.app_state.open_updates() == ()
    assert stand.queue_due() is None
    assert next_at(stand) == NOON + dt.timedelta(seconds=60) + HOUR


def test_update_that_cannot_be_started_is_not_queued_again_before_an_interval_is_over(
    stand: UpdateStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.queue_due()
    with monkeypatch.context() as patched:
        patched.setattr(stand.app_state, 'start_update', lambda *_: 1 // 0)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                stand.follower.start_next()
    (update,) = scheduled(stand)
    assert (update.started_at, update.ended_at) == (None, NOON)
    assert stand.queue_due() is None
    assert next_at(stand) == NOON + HOUR
    stand.clock.advance(HOUR_S)
    assert stand.queue_due() is Mode.FULL


def test_ad_hoc_update_moves_nothing(stand: UpdateStand) -> None:
    stand.queue_due()
    stand.follower.start_next()
    end_the_running_one(stand)
    stand.clock.advance(HOUR_S / 2)
    stand.queue.request_update(mode=Mode.FULL)
    stand.follower.start_next()
    end_the_running_one(stand)
    assert next_at(stand) == NOON + HOUR


@pytest.mark.parametrize('seed', range(5))
def test_whatever_happens_updates_start_an_interval_apart_unless_a_person_wants_it_earlier(
    stand: UpdateStand, seed: int
) -> None:
    chance = Random(seed)
    wanted: set[str] = set()
    for _ in range(EVENTS):
        event = chance.choice(['pass', 'pass', 'queue', 'queue', 'run', 'ask', 'start', 'end'])
        if event == 'pass':
            stand.clock.advance(chance.choice([60, 600, 5_000]))
        elif event == 'queue':
            # As in life, what is due is queued within seconds.
            stand.queue_due()
        elif event == 'run' and chance.random() < 0.2:
            try:
                wanted.add(stand.queue.queue_now().id)
            except ConflictError:
                assert sum(update.started_at is None for update in scheduled(stand)) == 1
        elif event == 'ask':
            stand.queue.request_update(mode=chance.choice([*Mode]))
        elif event == 'start':
            stand.follower.start_next()
        elif event == 'end' and stand.follower.running is not None:
            end_the_running_one(stand)
        assert sum(update.started_at is None for update in scheduled(stand)) <= 1
    started = [update for update in scheduled(stand) if update.started_at is not None]
    assert len(started) > 3
    for last, update in pairwise(started):
        assert last.started_at is not None
        if update.id not in wanted:
            assert update.queued_at - last.started_at >= HOUR
