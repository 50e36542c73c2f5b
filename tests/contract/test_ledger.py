"""What `Ledger` and `RequestTimes` promise, of the real stores."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_app.core.ports import Ledger, ProgressStore, WorkStore
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.work import Batch, ChosenObject, Held, Settlement
from sentinel_app.storage.ledger import RequestTimes
from sentinel_app.storage.sqlite import Database
from tests.clocks import NOON
from tests.stored import make_job
from tests.working import make_chosen

SECOND = dt.timedelta(seconds=1)


def settle(work: WorkStore, *objects: ChosenObject) -> None:
    work.settle(Settlement(batch=Batch(objects=objects)), at=NOON)


def test_an_empty_ledger_holds_nothing(ledger: Ledger):
    assert ledger.held(['k1']) == {}
    assert ledger.held([]) == {}
    assert ledger.count() == 0


def test_an_accepted_object_is_held_as_it_was_sent(work: WorkStore, ledger: Ledger):
    chosen = make_chosen('k1', generation=2, indicator_id=2**53 + 1)
    settle(work, chosen)

    assert ledger.held(['k1', 'k2']) == {
        'k1': Held(
            object_id='indicator--k1',
            generation=2,
            is_live=True,
            query_id='q1',
            indicator_id=2**53 + 1,
            created=to_millis(NOON),
            modified_at=NOON,
            valid_until_at=NOON + dt.timedelta(days=30),
            content_hash='a hash',
        )
    }
    assert ledger.count() == 1


def test_a_later_answer_takes_the_place_of_an_earlier_one(work: WorkStore, ledger: Ledger):
    settle(work, make_chosen('k1', content_hash='old'), make_chosen('k2'))
    settle(work, make_chosen('k1', content_hash='new', query_id='q2'))
    held = ledger.held(['k1', 'k2'])

    assert (held['k1'].content_hash, held['k1'].query_id) == ('new', 'q2')
    assert held['k2'].content_hash == 'a hash'
    assert ledger.count() == 2


def test_thousands_of_keys_may_be_asked_for_at_once(work: WorkStore, ledger: Ledger):
    keys = [f'k{number}' for number in range(1_203)]
    settle(work, *(make_chosen(key) for key in keys))

    assert set(ledger.held([*keys, 'another'])) == set(keys)


def test_what_was_withdrawn_is_known_but_not_counted(db: Database, work: WorkStore, ledger: Ledger):
    settle(work, make_chosen('k1'), make_chosen('k2'))
    with db.write() as connection:
        connection.execute("UPDATE ledger SET state = 'withdrawn' WHERE object_key = 'k1'")

    assert ledger.held(['k1'])['k1'].is_live is False
    assert ledger.count() == 1


def test_the_ledger_outlives_the_updates(progress: ProgressStore, work: WorkStore, ledger: Ledger):
    progress.begin([make_job()])
    settle(work, make_chosen('k1'))
    progress.remove_update('u1')

    assert set(ledger.held(['k1'])) == {'k1'}


def test_times_come_oldest_first_and_only_those_after(request_times: RequestTimes):
    for number in (3, 1, 2):
        request_times.add(NOON + number * SECOND, forget_before=NOON)

    assert request_times.recent(NOON + SECOND) == (NOON + 2 * SECOND, NOON + 3 * SECOND)


def test_several_requests_of_the_same_moment_are_all_kept(request_times: RequestTimes):
    for _ in range(3):
        request_times.add(NOON, forget_before=NOON - SECOND)

    assert request_times.recent(NOON - SECOND) == (NOON, NOON, NOON)


def test_old_times_are_forgotten(request_times: RequestTimes):
    request_times.add(NOON, forget_before=NOON)
    request_times.add(NOON + 61 * SECOND, forget_before=NOON)
    assert len(request_times.recent(NOON - SECOND)) == 2

    request_times.add(NOON + 62 * SECOND, forget_before=NOON + SECOND)
    assert request_times.recent(NOON - SECOND) == (NOON + 61 * SECOND, NOON + 62 * SECOND)


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_a_time_comes_back_to_the_microsecond(request_times: RequestTimes, micros: int):
    at = dt.datetime(1970, 1, 2, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    request_times.add(at, forget_before=at)

    assert request_times.recent(at - dt.timedelta(microseconds=1))[0] == at
