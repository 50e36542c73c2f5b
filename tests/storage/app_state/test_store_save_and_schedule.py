"""A save and the schedule may meet at any moment; neither loses what the other stores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sentinel_app.core.job import JobType, Mode
from sentinel_app.core.schedule import Schedule
from sentinel_app.storage.app_state.store import AppState
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update, minutes
from tests.harness.clocks import NOON


@pytest.fixture
def app_state(tmp_path: Path) -> AppState:
    return AppState(tmp_path / 'documents.json', now=lambda: NOON)


def save_and_run(app_state: AppState, mode: Mode) -> None:
    app_state.save_queries(
        [make_query()],
        expected_version=app_state.query_list().version,
        next_mode=mode,
        audit=make_audit(),
    )


def test_full_update_saved_while_one_ends_is_still_due(app_state: AppState):
    app_state.add_update(make_update(), [make_job()])
    app_state.start_update('u1', NOON)
    seen = app_state.schedule()
    save_and_run(app_state, Mode.FULL)
    app_state.end_update('u1', minutes(1), replace(seen, last_run_at=minutes(2)))

    assert app_state.schedule() == Schedule(
        last_scheduled_at=NOON, last_run_at=minutes(2), next_mode=Mode.FULL, full_number=1
    )


def test_full_update_saved_while_a_delta_is_queued_is_still_due(app_state: AppState):
    save_and_run(app_state, Mode.FULL)
    app_state.add_update(make_update(), [make_job()])

    assert app_state.schedule() == Schedule(next_mode=Mode.FULL, full_number=1)


def test_full_update_that_is_queued_is_no_longer_due(app_state: AppState):
    save_and_run(app_state, Mode.FULL)
    app_state.add_update(make_update(mode=Mode.FULL), [make_job()])

    assert app_state.schedule() == Schedule(full_number=1)


def test_update_that_ends_while_the_next_is_queued_has_run(app_state: AppState):
    app_state.add_update(make_update(), [make_job()])
    app_state.start_update('u1', NOON)
    seen = app_state.schedule()
    app_state.add_update(make_update('u2'), [make_job('j2', update_id='u2')])
    app_state.end_update(
        'u1', minutes(1), replace(seen, last_run_at=minutes(2), last_reconcile_at=NOON)
    )
    app_state.start_update('u2', minutes(3))

    assert app_state.schedule() == Schedule(
        last_scheduled_at=minutes(3), last_run_at=minutes(2), last_reconcile_at=NOON
    )


def test_full_update_can_be_required_without_a_save(tmp_path: Path):
    app_state = AppState(tmp_path / 'documents.json', now=lambda: NOON)
    save_and_run(app_state, Mode.DELTA)
    app_state.require_full()
    app_state.require_full()

    again = AppState(tmp_path / 'documents.json', now=lambda: NOON)
    assert again.schedule().next_mode is Mode.FULL
    assert again.query_list() == app_state.query_list()


def test_full_update_that_was_done_is_no_longer_due_unless_required_again(
    app_state: AppState,
):
    save_and_run(app_state, Mode.FULL)
    ad_hoc = JobType.AD_HOC
    app_state.add_update(make_update(job_type=ad_hoc), [make_job()])
    done = replace(app_state.schedule(), last_run_at=minutes(2), next_mode=None)
    app_state.end_update('u1', minutes(3), done)
    assert app_state.schedule() == Schedule(last_run_at=minutes(2), full_number=1)

    save_and_run(app_state, Mode.FULL)
    app_state.add_update(make_update('u2', job_type=ad_hoc), [make_job('j2', update_id='u2')])
    done = replace(app_state.schedule(), next_mode=None)
    app_state.require_full()
    app_state.end_update('u2', minutes(4), done)
    assert app_state.schedule().next_mode is Mode.FULL
