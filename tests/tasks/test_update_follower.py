"""The running update: what is cancelled as it starts, and what its end stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.job import Counts, JobStatus, Outcome
from sentinel_app.core.query import Query
from sentinel_app.core.window import Cursor, Window
from sentinel_app.errors import StorageError, UnforeseenError
from sentinel_app.tasks.update_follower import QUERY_REMOVED
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update
from tests.harness.clocks import NOON
from tests.tasks.stand import HOUR, UpdateStand

WINDOW = Window(start_at=NOON - 3 * HOUR, end_at=NOON - HOUR)
FAULT = UnforeseenError('It met what nobody foresaw.')
HIGH, LOW = make_query('high'), make_query('low')
SENT = Counts(read=1, outcomes={Outcome.SENT: 1})


class Stand(UpdateStand):
    """A higher Job that goes on, and a lower one that has ended well."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / 'documents.json'
        self.jobs = self.follower.jobs
        self.app_state.save_queries(
            [HIGH, LOW], expected_version=0, next_mode=None, audit=make_audit()
        )
        self.high = make_job('j1', query=HIGH, window=WINDOW, status=JobStatus.UPLOAD_IN_PROGRESS)
        low = make_job('j2', query=LOW, window=WINDOW, status=JobStatus.UPLOAD_COMPLETE, position=1)
        self.app_state.add_update(make_update(request_ids=('j1', 'j2')), [self.high, low])
        self.app_state.change_job(
            'j2',
            lambda job: job,
            cursors=[cursor(query, WINDOW.end_at) for query in (HIGH, LOW)],
        )

    @property
    def lower_at(self) -> dt.datetime | None:
        found = self.app_state.cursor('low')
        return found and found.at


def cursor(query: Query, at: dt.datetime) -> Cursor:
    return Cursor(query_id=query.id, selection=query.selection, at=at)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    made = Stand(tmp_path)
    yield made
    made.db.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[UpdateStand]:
    made = UpdateStand(tmp_path)
    yield made
    made.db.close()


def test_job_terminated_without_figures_sets_the_lower_cursor_back(stand: Stand) -> None:
    stand.jobs.fail(stand.high, FAULT, Counts())
    assert stand.lower_at == NOON - 3 * HOUR + dt.timedelta(minutes=5)
    assert stand.app_state.cursor('high') == cursor(HIGH, WINDOW.end_at)


def test_job_terminated_after_it_sent_everything_leaves_the_lower_cursor(stand: Stand) -> None:
    stand.jobs.fail(stand.high, FAULT, SENT)
    assert stand.lower_at == WINDOW.end_at


def test_disk_that_refuses_stores_neither_the_end_nor_the_cursor(stand: Stand) -> None:
    stand.path.with_name('documents.json.next').mkdir()
    with pytest.raises(StorageError):
        stand.jobs.fail(stand.high, FAULT, Counts())
    job: Any = stand.app_state.job('j1')
    assert (job.status, stand.lower_at) == (JobStatus.UPLOAD_IN_PROGRESS, WINDOW.end_at)


def test_pending_job_of_a_removed_query_is_cancelled(empty: UpdateStand) -> None:
    empty.save()
    empty.queue_due()
    (update,) = empty.app_state.open_updates()
    empty.app_state.save_queries(
        [make_query('q2')], expected_version=1, next_mode=None, audit=make_audit()
    )
    empty.follower.start_next()

    first, second = empty.app_state.jobs_of(update.id)
    assert (first.status, second.status) == (JobStatus.CANCELLED, JobStatus.PENDING)
    assert first.failure_reason == QUERY_REMOVED
    assert [item.request_id for item in empty.store.progress(update.id)] == [second.request_id]


def test_update_of_removed_queries_alone_ends_at_once(empty: UpdateStand) -> None:
    empty.save()
    empty.queue_due()
    empty.app_state.save_queries([], expected_version=1, next_mode=None, audit=make_audit())
    empty.follower.start_next()
    empty.follower.follow()

    assert empty.app_state.open_updates() == ()
    assert empty.follower.running is None
