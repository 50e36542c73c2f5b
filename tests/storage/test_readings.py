"""What `Readings` promises of passes, extra queries and alternates, of the real store."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import Counts, Mode, Outcome
from sentinel_app.core.outbox import Alternate, Fate, Sighting
from sentinel_app.core.progress import ExtraQuery, Reading
from sentinel_app.core.tql import IDS_IN_CLAUSE, ids_clause
from sentinel_app.errors import ReadAuthError
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, minutes
from tests.harness.builders.update import (
    Working,
    address,
    begin_unread,
    chosen,
    make_conversion,
    make_page,
    send,
)
from tests.harness.clocks import NOON

# -- reading


def test_reading_begins_once(store: UpdateStore, working: Working):
    begin_unread(store, 'j1')
    store.readings.start('j1', at=NOON, expected=7)
    store.readings.start('j1', at=minutes(90), expected=8)
    item = working.progress()

    assert (item.reading, item.download_started_at, item.expected) == (Reading.READING, NOON, 7)
    assert store.counts('j1') == Counts(expected=7)


def test_extra_queries_of_a_job_come_in_the_order_they_were_given(store: UpdateStore):
    begin_unread(store, 'j1', 'j2')
    store.readings.start('j1', at=NOON, expected=None, clauses=['a', 'b'])

    assert [store.readings.extra_query('j1', number) for number in range(4)] == [
        *(None, ExtraQuery(clause='a'), ExtraQuery(clause='b'), None)
    ]
    assert store.readings.extra_query('j2', 1) is None
    assert store.readings.extra_query('nobody', 1) is None


def test_complete_reading_is_stored_with_its_time(store: UpdateStore, working: Working):
    working.begin('j1')
    assert store.readings.end('j1', at=minutes(300))
    item = working.progress()

    assert (item.reading, item.download_completed_at) == (Reading.COMPLETE, minutes(300))
    assert (item.failure_code, item.failure_reason) == (None, None)


@pytest.mark.parametrize(
    ('reason', 'shown'), [('', 'Mend it.'), ('no such key', 'Mend it. (no such key)')]
)
def test_failed_reading_is_stored_with_what_to_do_and_why(
    store: UpdateStore, working: Working, reason: str, shown: str
):
    working.begin('j1')
    assert store.readings.end('j1', at=NOON, error=ReadAuthError('Mend it.', reason=reason))
    item = working.progress()

    assert (item.reading, item.failure_code) == (Reading.FAILED, 'TC-AUTH')
    assert item.failure_reason == shown


def test_reading_ends_once(store: UpdateStore, working: Working):
    working.begin('j1')
    store.readings.end('j1', at=NOON)
    store.readings.end('j1', at=minutes(300), error=ReadAuthError('Mend it.'))
    item = working.progress()

    assert (item.reading, item.download_completed_at) == (Reading.COMPLETE, NOON)
    assert item.failure_code is None


def test_reading_that_has_ended_stays_as_it_was(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(outcomes={7: Outcome.EXPIRED})
    working.end()
    store.readings.restart_by_time('j1')

    assert (working.progress().place.is_by_time, working.progress().place.last_id) == (False, 7)


def test_reading_by_id_continues_by_time_from_the_beginning_of_its_pass(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1', 'j2')
    for name in ('j1', 'j2'):
        working.convert(outcomes={1: Outcome.EXPIRED, 2: Outcome.WITHHELD}, request_id=name)
    store.readings.restart_by_time('j1')
    place = working.progress().place

    assert (place.is_by_time, place.last_id, place.read_until) == (True, None, None)
    assert working.progress('j2').place.last_id == 2
    # What was taken up before is known, as it comes once more.
    jobs = [store.jobs.number(name) for name in ('j1', 'j2')]
    assert ledger.taken_up(jobs[0], [1, 2, 3]) == {1, 2}
    assert ledger.taken_up(jobs[1], [1, 2, 3]) == frozenset()
    # Said once more, it takes nothing back.
    page = make_page(3, last_id=None, is_by_time=True, read_until=minutes(60))
    store.commit_page(make_conversion(page, {3: Outcome.EXPIRED}), at=NOON)
    store.readings.restart_by_time('j1')
    assert working.progress().place.read_until == minutes(60)


def test_page_that_was_read_by_id_moves_no_reading_by_time(store: UpdateStore, working: Working):
    working.begin('j1')
    store.readings.restart_by_time('j1')
    working.convert(outcomes={9: Outcome.EXPIRED})

    assert working.progress().place.last_id is None
    assert working.outcomes() == {Outcome.EXPIRED: 1}


@pytest.mark.parametrize('is_by_time', [False, True])
def test_indicators_that_a_job_has_taken_up_are_known(
    store: UpdateStore, working: Working, ledger: Ledger, is_by_time: bool
):
    begin_unread(store, 'j1', 'j2')
    for name in ('j1', 'j2'):
        store.readings.start(name, at=NOON, expected=None, is_by_time=is_by_time)
    working.convert(chosen(1), outcomes={2: Outcome.INVALID})
    store.readings.restart_by_time('j1')
    job, other = store.jobs.number('j1'), store.jobs.number('j2')

    assert ledger.taken_up(job, [1, 2, 3]) == {1, 2}
    assert ledger.taken_up(job, range(1, 2_000)) == {1, 2}
    assert ledger.taken_up(other, [1, 2, 3]) == frozenset()
    assert ledger.taken_up(job, []) == frozenset()


# -- alternates


def seen_and_alternates(store: UpdateStore, working: Working, ledger: Ledger) -> None:
    """Read worse copies of two objects, of which the held copy of the second comes as well."""
    send(store, chosen(1), chosen(2))
    objects = [
        ledger.rows_of_keys([address(number).digest])[address(number).digest].id
        for number in (1, 2)
    ]
    working.begin('j1')
    working.convert(
        outcomes={2: Outcome.UNCHANGED} | dict.fromkeys((11, 12, 21), Outcome.DUPLICATE),
        kept=(11, 12, 21),
        seen=[Sighting(objects[1], 500)],
        alternates=[
            Alternate(objects[0], 11, 100),
            Alternate(objects[0], 12, 200),
            Alternate(objects[1], 21, 100),
        ],
    )


def test_best_alternate_is_requested_where_the_current_copy_did_not_come(
    store: UpdateStore, working: Working, ledger: Ledger
):
    seen_and_alternates(store, working, ledger)
    asked = []
    while not store.readings.end('j1', at=NOON):
        extra = store.readings.extra_query('j1', working.progress().place.number)
        assert extra is not None
        assert extra.is_alternate
        asked.append(extra.clause)
        assert working.progress().reading is Reading.READING

    # Should the best be gone as well, the next one is asked for after it.
    assert asked == [ids_clause([12]), ids_clause([11])]
    assert working.progress().reading is Reading.COMPLETE


def test_alternate_that_takes_over_is_counted_by_its_outcome(
    store: UpdateStore, working: Working, ledger: Ledger
):
    seen_and_alternates(store, working, ledger)
    assert not store.readings.end('j1', at=NOON)
    row = ledger.rows_of_keys([address(1).digest])[address(1).digest]
    item = chosen(1, indicator_id=12, object=row.id)
    page = make_page(12, number=1)
    store.commit_page(
        make_conversion(page, {}, [item], job=store.jobs.number('j1'), again={12: [Fate.SEND]}),
        at=NOON,
    )
    assert working.outcomes() == {Outcome.UNCHANGED: 1, Outcome.DUPLICATE: 2}
    assert store.readings.end('j1', at=NOON)
    working.settle(working.sent())

    assert working.outcomes() == {
        Outcome.UNCHANGED: 1,
        Outcome.DUPLICATE: 2,
        Outcome.SENT: 1,
    }
    assert ledger.rows_of_keys([address(1).digest])[address(1).digest].indicator_id == 12


def test_alternates_are_requested_in_portions(store: UpdateStore, working: Working, ledger: Ledger):
    size = IDS_IN_CLAUSE + 1
    for start in range(0, size, 50):
        items = [chosen(number) for number in range(start, min(start + 50, size))]
        send(store, *items, request_id=f'earlier-{start}')
    rows = ledger.rows_of_keys([address(number).digest for number in range(size)])
    working.begin('j1')
    working.convert(
        outcomes={1_000: Outcome.DUPLICATE},
        alternates=[
            Alternate(rows[address(number).digest].id, 2_000 + number, 1) for number in range(size)
        ],
    )
    assert not store.readings.end('j1', at=NOON)

    assert [store.readings.extra_query('j1', number) for number in (1, 2, 3)] == [
        ExtraQuery(clause=ids_clause(range(2_000, 2_000 + IDS_IN_CLAUSE)), is_alternate=True),
        ExtraQuery(clause=ids_clause([2_000 + IDS_IN_CLAUSE]), is_alternate=True),
        None,
    ]


@pytest.mark.parametrize('why', ['delta', 'failed'])
def test_alternate_is_not_requested_where_the_current_copy_may_still_exist(
    store: UpdateStore, working: Working, ledger: Ledger, why: str
):
    if why == 'delta':
        send(store, chosen(1))
        store.begin([make_job('j1', mode=Mode.DELTA)])
        store.readings.start('j1', at=NOON, expected=None)
        (row,) = ledger.rows_of_keys([address(1).digest]).values()
        working.convert(outcomes={11: Outcome.DUPLICATE}, alternates=[Alternate(row.id, 11, 100)])
        assert store.readings.end('j1', at=NOON)
    else:
        seen_and_alternates(store, working, ledger)
        assert store.readings.end('j1', at=NOON, error=ReadAuthError('Mend it.'))

    assert store.readings.extra_query('j1', 1) is None
