"""Figures by the hour: each Job once, and nothing lost by cleaning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.core.job import Counts, Outcome
from sentinel_app.storage.metrics import MetricStore
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.app_state import make_job
from tests.harness.builders.update import make_store
from tests.harness.clocks import NOON
from tests.harness.database import open_database

HOUR = dt.timedelta(hours=1)
COUNTS = Counts(
    read=10,
    outcomes={Outcome.SENT: 7, Outcome.REFUSED: 2, Outcome.WITHDRAWN: 1},
    objects=8,
    requests=3,
    throttled=1,
    throttled_s=4.5,
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    db = open_database(tmp_path / 'state.db')
    yield db
    db.close()


@pytest.fixture
def metrics(db: Database) -> MetricStore:
    return MetricStore(db)


def end(db: Database, request_id: str, at: dt.datetime, *, is_failed: bool = False) -> None:
    make_store(db).begin([make_job(request_id)])
    MetricStore(db).add_job(request_id, COUNTS, is_failed=is_failed, at=at)


def test_jobs_of_one_hour_add_up(db: Database, metrics: MetricStore) -> None:
    end(db, 'j1', NOON)
    end(db, 'j2', NOON + 59 * dt.timedelta(minutes=1), is_failed=True)
    end(db, 'j3', NOON + HOUR)
    first, second = metrics.hours(since=NOON - HOUR, before=NOON + 2 * HOUR)
    assert (first.start_at, second.start_at) == (NOON, NOON + HOUR)
    figures = first.figures
    assert (figures.jobs, figures.jobs_failed, figures.read) == (2, 1, 20)
    assert figures.outcomes[Outcome.SENT] == 14
    assert figures.outcomes[Outcome.EXPIRED] == 0
    assert (figures.objects, figures.requests, figures.throttled) == (16, 6, 2)
    assert figures.throttled_s == 9.0
    assert second.figures.jobs == 1


def test_job_counts_once_however_often_its_end_is_stored(
    db: Database, metrics: MetricStore
) -> None:
    for _ in range(3):
        end(db, 'j1', NOON)
    assert metrics.total().read == 10


def test_job_that_is_not_of_the_running_update_does_not_count(metrics: MetricStore) -> None:
    metrics.add_job('nobody', COUNTS, is_failed=False, at=NOON)
    assert metrics.total().jobs == 0


def test_time_range_begins_with_its_hour_and_ends_before_its_end(
    db: Database, metrics: MetricStore
) -> None:
    for number in range(4):
        end(db, f'j{number}', NOON + number * HOUR)
    span = metrics.hours(since=NOON + 1.5 * HOUR, before=NOON + 3 * HOUR)
    assert [hour.start_at for hour in span] == [NOON + HOUR, NOON + 2 * HOUR]


def test_total_keeps_what_cleaning_removes(db: Database, metrics: MetricStore) -> None:
    for number in range(4):
        end(db, f'j{number}', NOON + number * HOUR)
    before = metrics.total()
    assert metrics.remove_before(NOON + 2.5 * HOUR) == 2
    assert metrics.remove_before(NOON + 2.5 * HOUR) == 0
    assert metrics.total() == before
    assert metrics.remove_before(NOON + 9 * HOUR) == 2
    assert metrics.total() == before
    assert metrics.hours(since=NOON - 99 * HOUR, before=NOON + 99 * HOUR) == ()
