"""What `Ledger` and `RequestTimes` promise, of the real stores."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState, millis, moment
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.request_time import RequestTimes
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.statements import statements
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import minutes
from tests.harness.builders.update import (
    Working,
    add_request,
    address,
    chosen,
    make_chosen,
    make_error,
    send,
)
from tests.harness.clocks import NOON

SECOND = dt.timedelta(seconds=1)
LAST = chosen(1).valid_until
HOST = ObjectKey(IndicatorType.HOST, 'c2.example.net')


def test_empty_ledger_has_no_rows(ledger: Ledger):
    assert ledger.rows_of_keys([address(1).digest]) == {}
    assert ledger.rows_of_keys([]) == {}
    assert ledger.rows_of_indicators([1]) == {}
    assert ledger.held_of([1]) == {}
    assert ledger.live(NOON) == 0
    assert ledger.live_counts(NOON) == ()
    assert ledger.live_sources(NOON) == frozenset()


def test_accepted_object_is_in_the_ledger_as_it_was_sent(store: UpdateStore, ledger: Ledger):
    item = chosen(1, generation=2, indicator_id=2**53 + 1, siblings=3, source_modified=minutes(3))
    send(store, item)
    (row,) = ledger.rows_of_keys([address(1).digest, address(2).digest]).values()

    assert (row.digest, row.state, row.generation) == (address(1).digest, ObjectState.LIVE, 2)
    assert (row.indicator_id, row.siblings, row.source_modified) == (
        2**53 + 1,
        3,
        millis(minutes(3)),
    )
    assert (row.created, row.modified, row.valid_until) == (
        item.created,
        item.modified,
        item.valid_until,
    )
    assert (row.content_hash, row.fingerprint) == (item.content_hash, item.fingerprint)
    assert (row.outbox, row.refused_query, row.is_orphaned) == (None, None, 0)
    assert ledger.rows_of_indicators([2**53 + 1, 7]) == {2**53 + 1: [row]}


def test_brief_row_agrees_with_the_full_row(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
):
    send(store, *(chosen(number, siblings=2) for number in (1, 2, 3)), chosen(4))
    orphans.orphan_indicators([2])
    working.begin('j1')
    working.convert(chosen(3), chosen(4))
    working.settle(working.sent(size=1))
    working.settle(working.sent(size=1), 0)
    whole = ledger.rows_of_indicators([1, 2, 3, 4, 5])
    found = ledger.held_of([1, 2, 3, 4, 5])

    assert found.keys() == whole.keys() == {1, 2, 3, 4}
    for number, (item,) in found.items():
        names = [name for name in item._fields if hasattr(whole[number][0], name)]
        assert {'id', 'mark', 'fingerprint'} <= set(names)
        assert all(getattr(item, name) == getattr(whole[number][0], name) for name in names)


def test_later_answer_replaces_an_earlier_one(store: UpdateStore, working: Working, ledger: Ledger):
    send(store, chosen(1), chosen(2))
    working.begin('j1', 'j2')
    working.convert(chosen(1, content_hash=b'new'), request_id='j2')
    working.end('j1', 'j2')
    working.settle(working.sent())
    rows = ledger.rows_of_keys([address(1).digest, address(2).digest])

    assert rows[address(1).digest].content_hash == b'new'
    assert rows[address(1).digest].query == store.queries.number('q2')
    assert rows[address(2).digest].content_hash == chosen(2).content_hash
    assert ledger.live(NOON) == 2


def test_thousands_of_keys_may_be_requested_at_once(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(*(chosen(number) for number in range(1_203)))
    digests = [address(number).digest for number in range(2_000)]

    assert set(ledger.rows_of_keys(digests)) == set(digests[:1_203])


def test_live_objects_are_counted_by_query_type_and_source(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
):
    send(store, chosen(1), chosen(2), make_chosen(HOST, indicator_id=3, owner_name='Another Org'))
    send(store, chosen(4), request_id='other', query_id='q2')
    assert {
        (item.query_id, item.indicator_type, item.count) for item in ledger.live_counts(NOON)
    } == {('q1', 'Address', 2), ('q1', 'Host', 1), ('q2', 'Address', 1)}
    assert ledger.live_sources(NOON) == {
        ('Example Org', IndicatorType.ADDRESS),
        ('Another Org', IndicatorType.HOST),
    }
    # An update that holds a copy for longer, and one of another query, moves the numbers.
    working.begin('j1', 'j2')
    working.convert(chosen(1, valid_until=moment(LAST) + dt.timedelta(days=9)), request_id='j2')
    working.end('j1', 'j2')
    working.settle(working.sent())

    assert ledger.live(NOON) == 4
    assert ledger.live(moment(LAST) + dt.timedelta(hours=1)) == 1
    assert {
        (item.query_id, item.count) for item in ledger.live_counts(moment(LAST + 3_600_000))
    } == {('q2', 1)}


def test_objects_that_expire_within_the_hour_count_until_its_end(
    store: UpdateStore, ledger: Ledger
):
    send(store, chosen(1, valid_until=NOON + dt.timedelta(minutes=20)))

    assert ledger.live(NOON + dt.timedelta(minutes=59)) == 1
    assert ledger.live(NOON + dt.timedelta(minutes=60)) == 0


@pytest.mark.parametrize('name', ['live', 'live_by_query', 'live_sources'])
def test_count_of_live_objects_does_not_scan_the_ledger(db: Database, name: str):
    with db.read() as connection:
        plan = connection.execute(f'EXPLAIN QUERY PLAN {statements("ledger")[name]}', (0,))
        details = [row['detail'] for row in plan]

    assert any('live_count' in detail for detail in details)
    assert not any('ledger' in detail or 'content' in detail for detail in details)


def test_ledger_outlives_the_updates(store: UpdateStore, working: Working, ledger: Ledger):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent())
    store.ended_updates.remove('u1', at=NOON)

    assert set(ledger.rows_of_keys([address(1).digest])) == {address(1).digest}
    assert ledger.live(NOON) == 1


def test_record_says_what_was_sent(store: UpdateStore, ledger: Ledger):
    item = make_chosen(
        HOST,
        indicator_id=3,
        generation=1,
        summary='C2.example.net',
        summary_digest=77,
        text='{"name":"ü"}'.encode(),
    )
    send(store, item, request_id='sender', query_id='q2')
    (record,) = ledger.by_key([HOST, address(1)])

    assert (record.object_key, record.object_id) == (HOST.text, object_id(HOST, 1))
    assert (record.query_id, record.request_id) == ('q2', 'sender')
    assert (record.indicator_id, record.indicator_type) == (3, IndicatorType.HOST)
    assert (record.summary, record.owner_name) == ('C2.example.net', 'Example Org')
    assert (record.created_at, record.modified_at) == (NOON, NOON)
    assert record.valid_until_at == moment(item.valid_until)
    assert (record.body, record.is_live, record.generation) == ('{"name":"ü"}', True, 1)
    assert ledger.by_indicator([3, 4]) == (record,)
    assert ledger.by_summary('no such thing') == ()


def test_refused_objects_and_the_last_error_are_reported(
    store: UpdateStore, ledger: Ledger, error_log: ErrorLog
):
    send(store, chosen(1), chosen(2), refusals={0: ('no',)})
    error_log.add([make_error(reason='first'), make_error(reason='last', request_id='j2')])
    (refused,) = ledger.refused([address(1), address(2)])

    assert (refused.object_key, refused.query_id) == (address(1).text, 'q1')
    assert (refused.indicator_id, refused.attempts) == (1, 1)
    error = ledger.last_error(1)
    assert error is not None
    assert (error.request_id, error.at, error.reason) == ('j2', NOON, 'last')
    assert ledger.last_error(2) is None


def test_times_come_oldest_first_and_only_after_the_one_given(
    db: Database, request_times: RequestTimes
):
    for number in (3, 1, 2):
        add_request(db, NOON + number * SECOND)

    assert request_times.recent(NOON + SECOND) == (NOON + 2 * SECOND, NOON + 3 * SECOND)


def test_requests_of_the_same_moment_are_all_kept(db: Database, request_times: RequestTimes):
    for _ in range(3):
        add_request(db, NOON)

    assert request_times.recent(NOON - SECOND) == (NOON, NOON, NOON)


def test_old_times_are_forgotten(db: Database, request_times: RequestTimes):
    add_request(db, NOON)
    add_request(db, NOON + 61 * SECOND)
    assert len(request_times.recent(NOON - SECOND)) == 2
    request_times.recent(NOON + SECOND)

    assert request_times.recent(NOON - SECOND) == (NOON + 61 * SECOND,)


def test_claimed_batch_leaves_the_time_of_its_request(
    working: Working, request_times: RequestTimes
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    assert working.claim() is None
    working.sent(size=1)

    assert request_times.recent(NOON - SECOND) == (NOON,)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.integers(min_value=0, max_value=4_000_000_000_000_000))
def test_time_is_restored_to_the_microsecond(
    db: Database, request_times: RequestTimes, micros: int
):
    at = dt.datetime(1970, 1, 2, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    add_request(db, at)

    assert request_times.recent(at - dt.timedelta(microseconds=1))[0] == at
