import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.match import RETRY_AFTER, MatchOutcome, MatchRun, due_at
from tests.harness.clocks import NOON

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)


def ended(outcome: MatchOutcome = MatchOutcome.COMPLETE, **fields) -> MatchRun:
    return MatchRun(**({'began_at': NOON, 'ended_at': NOON + MINUTE, 'outcome': outcome} | fields))


def test_first_run_is_due_at_once():
    assert due_at(MatchRun(), HOUR, NOON) == NOON


@pytest.mark.parametrize('outcome', [MatchOutcome.COMPLETE, MatchOutcome.NO_TABLE])
def test_next_run_is_an_interval_after_the_start_of_the_last_one(outcome):
    assert due_at(ended(outcome), HOUR, NOON + 2 * MINUTE) == NOON + HOUR


def test_run_is_due_now_when_its_time_has_passed():
    assert due_at(ended(), HOUR, NOON + 3 * HOUR) == NOON + 3 * HOUR


@pytest.mark.parametrize(
    'run',
    [
        ended(MatchOutcome.FAILED),
        ended(ended_at=None, outcome=None),
        ended(ended_at=NOON - HOUR),
    ],
    ids=['failed', 'first one cut off', 'later one cut off'],
)
def test_run_that_did_not_end_well_is_repeated_earlier(run):
    assert due_at(run, 24 * HOUR, NOON) == NOON + RETRY_AFTER
    assert due_at(run, 5 * MINUTE, NOON) == NOON + 5 * MINUTE


def test_start_in_the_future_does_not_hold_up_the_next_run():
    assert due_at(ended(began_at=NOON + 900 * HOUR), HOUR, NOON) == NOON


@given(
    began=st.none() | st.integers(-3_000, 3_000),
    length=st.none() | st.integers(-100, 100),
    outcome=st.none() | st.sampled_from(MatchOutcome),
    hours=st.integers(1, 48),
)
def test_next_run_is_never_in_the_past_and_never_later_than_an_interval(
    began, length, outcome, hours
):
    run = MatchRun(
        began_at=None if began is None else NOON + began * MINUTE,
        ended_at=None if began is None or length is None else NOON + (began + length) * MINUTE,
        outcome=outcome,
    )
    assert NOON <= due_at(run, hours * HOUR, NOON) <= NOON + hours * HOUR
