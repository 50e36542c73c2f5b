"""What `Batches` promises: what is claimed, released and abandoned, of the real store."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.ledger_row import moment
from sentinel_app.core.outbox import Batch, ChosenObject, Fate
from sentinel_app.core.query import SortDirection
from sentinel_app.errors import ReadAuthError, TaskKilledError, UploadDeniedError
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query, minutes
from tests.harness.builders.update import (
    Working,
    address,
    begin_sending,
    chosen,
    held,
    make_chosen,
    numbers,
    refuse,
    replace,
    row,
    send,
)
from tests.harness.clocks import NOON

DENIED = UploadDeniedError('Give the role.', reason='403')
KILLED = TaskKilledError('The Task Upload was killed by jdoe.')

# -- claiming


def test_claimed_object_is_as_it_was_chosen_and_cannot_be_claimed_again(working: Working):
    working.begin('j1')
    item = chosen(1, text='{"name":"ü😀"}'.encode(), content_hash=b'another', owner_name='Ü')
    working.convert(item)
    working.end()
    (found,) = working.sent().objects

    assert (found.text, found.owner_name, found.request_id) == (item.text, 'Ü', 'j1')
    assert (found.indicator_id, found.summary) == (1, item.summary)
    assert working.claim() is None
    assert working.progress().waiting == 0
    assert working.progress().upload_started_at == NOON


def test_unchanged_objects_are_not_sent(store: UpdateStore, working: Working):
    send(store, chosen(1))
    working.begin('j1')
    working.convert(chosen(1, fate=Fate.UNCHANGED))
    working.end()

    assert working.claim() is None
    assert working.outcomes() == {Outcome.UNCHANGED: 1}
    assert working.is_dealt_with()


def test_batch_of_another_update_is_not_claimed(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()

    assert store.batches.claim('u2', size=100, now=lambda: NOON) is None
    assert not store.batches.is_ready('u2', size=100)
    assert store.batches.is_ready('u1', size=100)


def test_objects_go_in_the_order_of_precedence_of_their_queries(working: Working):
    working.begin('j1', 'j2', 'j3')
    for place, request_id in enumerate(('j1', 'j2', 'j3')):
        working.convert(chosen(30 - place * 10), chosen(31 - place * 10), request_id=request_id)
        working.end(request_id)

    assert numbers(working.claim(size=3)) == [30, 31, 20]
    assert numbers(working.claim(size=3)) == [21, 10, 11]


def test_batch_that_is_not_full_waits_while_its_job_may_bring_more(working: Working):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    assert not working.store.batches.is_ready('u1', size=3)
    assert working.claim(size=3) is None
    working.end()

    assert working.store.batches.is_ready('u1', size=3)
    assert numbers(working.claim(size=3)) == [1, 2]


def test_full_batch_goes_while_its_job_is_still_being_read(working: Working):
    working.begin('j1')
    working.convert(chosen(1), chosen(2), chosen(3))

    assert numbers(working.claim(size=2)) == [1, 2]
    assert working.claim(size=2) is None


@pytest.mark.parametrize('first', ['j1', 'j2'])
def test_batch_is_short_only_where_its_first_job_brings_nothing_more(working: Working, first: str):
    working.begin('j1', 'j2')
    working.convert(chosen(1))
    working.convert(chosen(2), request_id='j2')
    working.end(first)
    expected = [1, 2] if first == 'j1' else None

    assert working.store.batches.is_ready('u1', size=3) is (expected is not None)
    assert numbers(working.claim(size=3)) == expected


def test_job_whose_reading_failed_sends_what_it_had(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1))
    store.readings.end('j1', at=NOON, error=ReadAuthError('Mend it.'))

    assert numbers(working.claim()) == [1]


def test_batch_keeps_below_a_megabyte(working: Working):
    working.begin('j1')
    text = ('ü' * 200_000).encode()
    working.convert(*(chosen(number, text=text, content_hash=b'') for number in range(1, 5)))
    working.end()

    assert [numbers(working.claim()) for _ in range(3)] == [[1, 2], [3, 4], None]


SORTED = {
    'numbers': [(1, 5.0), (2, 80.5), (3, 0.0), (4, -1.0), (5, 1e12)],
    'texts': [(1, 'b'), (2, 'ä'), (3, ''), (4, 'B'), (5, '10')],
}


@pytest.mark.parametrize('direction', SortDirection)
@pytest.mark.parametrize('kind', SORTED)
def test_sorted_query_sends_in_its_own_order_and_rows_without_a_value_last(
    working: Working, direction: SortDirection, kind: str
):
    values = SORTED[kind]
    working.begin('j1', sort_field='rating', sort_direction=direction)
    items = [chosen(number, sort_value=value) for number, value in values]
    random.shuffle(items)
    working.convert(*items, chosen(8), chosen(7))
    working.end()
    expected = [
        number
        for number, _ in sorted(
            values,
            key=lambda pair: pair[1],  # type: ignore[arg-type, return-value]
            reverse=direction is SortDirection.DESCENDING,
        )
    ]

    assert numbers(working.claim()) == [*expected, 8, 7]


@pytest.mark.parametrize(
    ('direction', 'expected'),
    [(SortDirection.ASCENDING, [1, 2, 3]), (SortDirection.DESCENDING, [3, 2, 1])],
)
def test_equal_values_go_in_the_order_of_their_ids(
    working: Working, direction: SortDirection, expected: list[int]
):
    working.begin('j1', sort_field='rating', sort_direction=direction)
    working.convert(*(chosen(number, sort_value=3.0) for number in (2, 3, 1)))
    working.end()

    assert numbers(working.claim()) == expected


def test_sorted_query_waits_until_it_has_been_read_and_lower_ones_go_first(
    store: UpdateStore, working: Working
):
    store.begin(
        [
            make_job('j1', query=make_query(sort_field='rating')),
            make_job('j2', position=1, query=make_query('q2')),
        ]
    )
    working.convert(chosen(1, sort_value=1.0), chosen(2, sort_value=2.0))
    working.convert(chosen(3), request_id='j2')

    assert numbers(working.claim(size=1)) == [3]
    assert not store.batches.is_ready('u1', size=1)
    assert working.claim(size=1) is None
    working.end()
    assert numbers(working.claim(size=2)) == [1, 2]


# -- what had no answer


def test_batch_that_was_not_sent_waits_again(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.end()
    batch = working.sent()
    store.batches.release(batch)

    assert working.progress().waiting == 2
    assert working.claim() == batch


def test_part_of_a_batch_that_was_settled_is_not_released(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.end()
    batch = working.sent()
    working.settle(Batch(objects=batch.objects[:1]))
    store.batches.release(batch)

    assert numbers(working.claim()) == [2]
    assert working.outcomes() == {Outcome.SENT: 1}


def test_requests_and_429s_are_counted_for_each_job_of_the_batch(
    store: UpdateStore, working: Working
):
    working.begin('j1', 'j2', 'j3')
    working.convert(chosen(1), chosen(2))
    working.convert(chosen(3), request_id='j2')
    working.end('j1', 'j2')
    batch = working.sent()
    store.batches.record_failure(batch)
    store.batches.record_failure(batch, throttled_s=7.5)
    store.batches.record_failure(batch, throttled_s=0.0)
    found = [working.counts(request_id) for request_id in ('j1', 'j2', 'j3')]

    assert [(each.requests, each.throttled, each.throttled_s) for each in found] == [
        (3, 2, 7.5),
        (3, 2, 7.5),
        (0, 0, 0.0),
    ]


def test_wait_for_the_limit_is_counted_for_each_job_of_the_batch(
    store: UpdateStore, working: Working
):
    working.begin('j1', 'j2', 'j3')
    working.convert(chosen(1))
    working.convert(chosen(2), chosen(3), request_id='j2')
    working.end('j1', 'j2')
    store.batches.claim('u1', size=2, now=lambda: NOON, waited_s=2.5)
    store.batches.claim('u1', size=2, now=lambda: NOON, waited_s=4)
    found = [working.counts(request_id) for request_id in ('j1', 'j2', 'j3')]

    assert [each.limit_wait_s for each in found] == [2.5, 6.5, 0]


def test_unanswered_object_enters_the_ledger_when_its_job_is_stopped(
    store: UpdateStore, working: Working, ledger: Ledger
):
    batch = begin_sending(working, created=minutes(3))
    store.batches.record_failure(batch, is_unacknowledged=True)
    store.stop_jobs(['j1'], DENIED)
    store.batches.release(batch)

    assert moment(held(ledger, 1).created) == minutes(3)
    assert held(ledger, 1).content_hash == b''
    assert working.outcomes() == {Outcome.FAILED: 1}


def test_refused_or_unsent_object_does_not_enter_the_ledger(
    store: UpdateStore, working: Working, ledger: Ledger
):
    batch = begin_sending(working)
    store.batches.record_failure(batch)
    working.convert(chosen(2))
    store.stop_jobs(['j1'], DENIED)
    store.batches.release(batch)

    assert ledger.live(NOON) == 0
    store.ended_updates.remove('u1', at=NOON)
    assert row(ledger, 1) is None
    assert row(ledger, 2) is None


def test_unanswered_copy_replaces_the_current_one(
    store: UpdateStore, working: Working, ledger: Ledger, orphans: Orphans
):
    send(store, chosen(1, valid_until=minutes(600_000)))
    batch = begin_sending(working, indicator_id=2, valid_until=minutes(60_000))
    store.batches.record_failure(batch, is_unacknowledged=True)
    store.stop_jobs(['j1'], DENIED)
    store.batches.release(batch)

    found = held(ledger, 1)
    assert (found.indicator_id, found.content_hash) == (2, b'')
    assert moment(found.valid_until) == minutes(600_000)
    # Should it be deleted before it is read again, it is found by its id.
    assert orphans.orphan_indicators([2]) == 1


@pytest.mark.parametrize('is_unacknowledged', [False, True])
def test_object_possibly_in_sentinel_is_remembered_when_its_batch_is_released(
    store: UpdateStore, working: Working, ledger: Ledger, is_unacknowledged: bool
):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    for is_it in (is_unacknowledged, False):
        store.batches.release(working.sent(), is_unacknowledged=is_it)
    store.stop_jobs(['j1'], KILLED)

    assert ledger.live(NOON) == is_unacknowledged


# -- giving up


def test_jobs_under_way_come_in_the_order_of_precedence(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    working.convert(chosen(1))
    working.convert(chosen(2), request_id='j2')
    working.end('j1', 'j2')
    assert store.batches.in_flight('u1') == ()
    batch = working.sent(size=1)
    assert store.batches.in_flight('u1') == ('j1',)
    working.sent(size=1)

    assert store.batches.in_flight('u1') == ('j1', 'j2')
    assert store.batches.in_flight('u2') == ()
    working.settle(batch)
    assert store.batches.in_flight('u1') == ('j2',)


def given_up(store: UpdateStore, working: Working, *items: ChosenObject) -> Batch:
    """A batch of a Job that was stopped, which was given up while it was under way."""
    working.begin('j1')
    working.convert(*items)
    working.end()
    batch = working.sent(size=len(items))
    store.stop_jobs(['j1'], KILLED)
    store.batches.abandon(['j1'])
    return batch


def test_objects_that_a_stopped_job_has_under_way_are_abandoned(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2), chosen(3))
    working.end()
    working.sent(size=2)
    store.stop_jobs(['j1'], KILLED)
    assert not working.is_dealt_with()
    assert working.outcomes() == {Outcome.FAILED: 1}

    store.batches.abandon(['j1'])
    assert [held(ledger, number).content_hash for number in (1, 2)] == [b'', b'']
    assert ledger.live(NOON) == 2
    assert working.outcomes() == {Outcome.FAILED: 3}
    assert working.is_dealt_with()
    assert store.batches.in_flight('u1') == ()


HELD_BEFORE = {'nothing': None, 'expired': minutes(-1), 'live': minutes(600), 'refused': None}


@pytest.mark.parametrize('is_given_up', [False, True])
@pytest.mark.parametrize('before', HELD_BEFORE)
def test_object_of_a_stopped_job_that_sentinel_does_not_have_is_free_for_others(
    store: UpdateStore, working: Working, ledger: Ledger, before: str, is_given_up: bool
):
    valid_until = HELD_BEFORE[before]
    if before == 'refused':
        refuse(working, chosen(1), query_id='q2')
    elif valid_until is not None:
        send(store, chosen(1, valid_until=valid_until, content_hash=b'before'), query_id='q2')
    working.begin('j1', 'j2')
    working.convert(chosen(1), chosen(2))
    if is_given_up:
        working.sent(size=1)
    store.stop_jobs(['j1'], KILLED)
    store.batches.abandon(['j1'])
    store.batches.forget_late()
    first, second = row(ledger, 1), row(ledger, 2)

    assert first is not None
    assert second is not None
    # What was under way may have arrived.
    is_free = before != 'live' and not is_given_up
    assert (first.mark < store.marks.first('u1')) is is_free
    assert second.mark < store.marks.first('u1')
    assert (first.outbox, second.outbox) == (None, None)
    working.convert(chosen(2, indicator_id=7), request_id='j2')
    working.end('j1', 'j2')
    assert numbers(working.claim()) == [2]


def test_object_of_a_stopped_job_stays_chosen_while_a_worse_copy_is_under_way(
    store: UpdateStore, working: Working, ledger: Ledger
):
    begin_sending(working)
    replace(working, new=2)
    store.stop_jobs(['j1'], KILLED)
    marks = [known.mark for known in (row(ledger, 1),) if known is not None]
    store.batches.abandon(['j1'])

    assert marks == [held(ledger, 1).mark] == [store.marks.first('u1')]
    assert held(ledger, 1).indicator_id == 1


def test_late_answer_enters_the_ledger_and_no_account(
    store: UpdateStore, working: Working, ledger: Ledger
):
    batch = given_up(store, working, chosen(1), chosen(2))
    working.settle(batch, 1)

    assert working.outcomes() == {Outcome.FAILED: 2}
    # What was refused counts as unacknowledged still: it is sent again as soon as it is read.
    assert held(ledger, 1).content_hash == chosen(1).content_hash
    assert held(ledger, 2).content_hash == b''


def test_late_answer_after_its_job_is_forgotten_does_no_harm(
    store: UpdateStore, working: Working, ledger: Ledger
):
    batch = given_up(store, working, chosen(1))
    store.ended_updates.remove('u1', at=NOON)
    working.begin('j2', update_id='u2')
    working.convert(
        chosen(1, content_hash=b'newer', modified=minutes(500)), request_id='j2', query_id='q1'
    )
    store.forget_jobs()
    store.batches.record_failure(batch)
    working.settle(batch)
    store.batches.release(batch)
    assert store.counts('j1') is None
    assert held(ledger, 1).content_hash == chosen(1).content_hash
    newer = working.claim(size=1, update_id='u2')
    assert newer is not None
    working.settle(newer)

    assert held(ledger, 1).content_hash == b'newer'


@pytest.mark.parametrize('is_refused', [True, False])
def test_object_unsent_with_the_better_copy_that_waited_for_it_is_free_for_others(
    store: UpdateStore, working: Working, ledger: Ledger, is_refused: bool
):
    batch = begin_sending(working)
    replace(working, new=2)
    store.stop_jobs(['j1'], KILLED)
    if is_refused:
        working.settle(batch, 0)
    else:
        store.batches.release(batch)
    found = row(ledger, 1)

    assert found is not None
    assert found.mark < store.marks.first('u1')
    assert found.outbox is None


def test_object_abandoned_just_after_another_request_released_it_counts_as_under_way(
    store: UpdateStore, working: Working, monkeypatch: pytest.MonkeyPatch
):
    batch = begin_sending(working)
    working.end()
    write, again = Database.write, []

    @contextmanager
    def interrupted(db: Database) -> Iterator[sqlite3.Connection]:
        """Let other threads claim and give up what has just been released."""
        with write(db) as transaction:
            yield transaction
        if not again:
            again.append(True)
            working.sent(size=1)
            store.stop_jobs(['j1'], KILLED)
            store.batches.abandon(['j1'])

    monkeypatch.setattr(Database, 'write', interrupted)
    store.batches.release(batch)

    assert store.batches.is_late_under_way


@pytest.mark.parametrize('end', ['settle', 'release', 'forget'])
def test_newer_copy_waits_while_an_abandoned_one_may_still_arrive(
    store: UpdateStore, working: Working, end: str
):
    batch = given_up(store, working, chosen(1))
    store.ended_updates.remove('u1', at=NOON)
    working.begin('j2', update_id='u2')
    newer = chosen(1, content_hash=b'newer', modified=minutes(500))
    working.convert(newer, request_id='j2', query_id='q1')
    working.end('j2')

    assert store.batches.is_late_under_way
    assert not store.batches.is_ready('u2', size=1)
    assert working.claim(size=1, update_id='u2') is None
    if end == 'settle':
        working.settle(batch)
    elif end == 'release':
        store.batches.release(batch, is_unacknowledged=True)
    else:
        store.batches.forget_late()
    assert not store.batches.is_late_under_way
    assert numbers(working.claim(size=1, update_id='u2')) == [1]


def test_abandoned_batch_is_not_sent_again(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    working.convert(chosen(1))
    working.convert(chosen(2), request_id='j2')
    working.end('j1', 'j2')
    batch = working.sent()
    store.stop_jobs(['j1'], DENIED)
    store.batches.abandon(['j1'])
    # The other Job's part of it still wants its answer.
    assert store.batches.begin_request(batch, now=lambda: NOON)
    store.stop_jobs(['j2'], DENIED)
    store.batches.abandon(['j2'])
    assert not store.batches.begin_request(batch, now=lambda: NOON)


def test_batch_released_late_is_not_sent_again(store: UpdateStore, working: Working):
    batch = given_up(store, working, chosen(1))
    store.batches.release(batch)

    assert working.claim() is None
    assert working.outcomes() == {Outcome.FAILED: 1}


def test_indicator_is_refused_when_one_of_its_objects_is(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1, indicator_id=7), chosen(2, indicator_id=7))
    working.end()
    first = working.sent(size=1)
    working.sent(size=1)
    working.settle(first, 0)
    store.stop_jobs(['j1'], KILLED)
    store.batches.abandon(['j1'])

    assert working.outcomes() == {Outcome.REFUSED: 1}


def test_running_job_is_not_abandoned(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    batch = working.sent()
    store.batches.abandon(['j1', 'nobody'])
    store.batches.abandon([])

    assert store.batches.in_flight('u1') == ('j1',)
    working.settle(batch)
    assert working.outcomes() == {Outcome.SENT: 1}


def test_counts_of_a_batch_of_several_jobs_go_to_each(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    working.convert(chosen(1))
    working.convert(chosen(2), make_chosen(address(3), indicator_id=3), request_id='j2')
    working.end('j1', 'j2')
    working.settle(working.sent(), 2)

    assert working.counts('j1') == Counts(
        read=1, converted=1, outcomes={Outcome.SENT: 1}, objects=1, requests=1
    )
    assert working.counts('j2').outcomes == {Outcome.SENT: 1, Outcome.REFUSED: 1}
