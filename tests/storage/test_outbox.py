"""What the outbox promises: what is settled, and what replaces it, on the real store."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import Outcome
from sentinel_app.core.ledger_row import ObjectState, moment
from sentinel_app.core.outbox import Fate
from sentinel_app.errors import StorageError, TaskKilledError, UploadDeniedError
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import minutes
from tests.harness.builders.update import (
    Working,
    attempts,
    begin_sending,
    chosen,
    held,
    make_error,
    numbers,
    replace,
    row,
    send,
)
from tests.harness.clocks import NOON

DENIED = UploadDeniedError('Give the role.', reason='403')
KILLED = TaskKilledError('The Task Upload was killed by jdoe.')

# -- settling


def test_settled_objects_enter_the_ledger_and_indicators_get_their_outcome(
    working: Working, ledger: Ledger, error_log: ErrorLog
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2), chosen(3))
    working.end()
    error = make_error(indicator_id=2)
    working.settle(working.sent(), 1, errors=[error])

    assert working.outcomes() == {Outcome.SENT: 2, Outcome.REFUSED: 1}
    assert working.is_dealt_with()
    states = [found.state for number in (1, 2, 3) if (found := row(ledger, number)) is not None]
    assert states == [ObjectState.LIVE, ObjectState.NEW, ObjectState.LIVE]
    assert list(error_log.entries()) == [error]
    assert working.progress().upload_answered_at == minutes(300)
    assert working.counts().requests == 1


def test_answer_that_the_disk_refuses_leaves_everything_in_flight(
    db: Database, store: UpdateStore, working: Working, ledger: Ledger, error_log: ErrorLog
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.end()
    batch = working.sent()
    with db.write() as connection:
        connection.execute(
            'CREATE TRIGGER refuse BEFORE UPDATE OF upload_answered_at ON progress'
            " BEGIN SELECT raise(ABORT, 'disk'); END"
        )
    with pytest.raises(StorageError):
        working.settle(batch, 0, errors=[make_error()])

    assert ledger.live(NOON) == 0
    assert working.outcomes() == {}
    assert store.batches.in_flight('u1') == ('j1',)
    assert list(error_log.entries()) == []


def test_ledger_keeps_what_sentinel_holds_when_a_newer_copy_is_refused(
    store: UpdateStore, working: Working, ledger: Ledger
):
    send(store, chosen(1, content_hash=b'before'))
    working.begin('j1')
    working.convert(chosen(1, content_hash=b'after'))
    working.end()
    working.settle(working.sent(), 0)

    assert held(ledger, 1).content_hash == b'before'
    assert [item.content_hash for item in ledger.refusals([1])] == [b'after']


@pytest.mark.parametrize('is_first', [True, False])
def test_object_possibly_in_sentinel_stays_in_the_ledger_though_it_is_refused_now(
    store: UpdateStore, working: Working, ledger: Ledger, is_first: bool
):
    if not is_first:
        send(store, chosen(1, valid_until=minutes(90_000)))
    working.begin('j1')
    working.convert(chosen(1, valid_until=minutes(60_000)))
    working.end()
    store.batches.release(working.sent(), is_unacknowledged=True)
    working.settle(working.sent(), 0)
    found = held(ledger, 1)

    # It is sent again as soon as it is read, and withdrawn should it be gone by then.
    assert found.content_hash == b''
    assert attempts(ledger, 1) == {1: 1}
    assert moment(found.valid_until) == minutes(60_000 if is_first else 90_000)
    assert ledger.live(NOON) == 1
    assert working.outcomes() == {Outcome.REFUSED: 1}


FILE_CASES = [
    (('sent', 'sent', 'sent'), Outcome.SENT),
    (('sent', 'sent', 'unchanged'), Outcome.SENT),
    (('unchanged', 'unchanged', 'unchanged'), Outcome.UNCHANGED),
    (('refused', 'sent', 'unchanged'), Outcome.REFUSED),
    (('sent', 'failed', 'unchanged'), Outcome.FAILED),
    (('sent', 'failed', 'refused'), Outcome.REFUSED),
    (('failed', 'refused', 'refused'), Outcome.REFUSED),
    (('failed', 'failed', 'unchanged'), Outcome.FAILED),
]


@pytest.mark.parametrize('is_released', [False, True])
@pytest.mark.parametrize(('fates', 'outcome'), FILE_CASES)
def test_file_with_several_objects_counts_once(
    store: UpdateStore,
    working: Working,
    fates: tuple[str, ...],
    outcome: Outcome,
    is_released: bool,
):
    places = range(len(fates))
    send(store, *(chosen(place) for place in places if fates[place] == 'unchanged'), chosen(9))
    working.begin('j1')
    working.convert(
        *(
            chosen(
                place,
                indicator_id=7,
                fate=Fate.UNCHANGED if fates[place] == 'unchanged' else Fate.SEND,
            )
            for place in places
        )
    )
    working.end()
    unsent = []
    for fate in fates:
        if fate == 'unchanged':
            continue
        batch = working.sent(size=1)
        if fate == 'failed':
            unsent.append(batch)
        else:
            working.settle(batch, *([0] if fate == 'refused' else []))
    if not is_released:
        for batch in unsent:
            store.batches.release(batch)
    if unsent:
        assert not working.is_dealt_with()
        store.stop_jobs(['j1'], DENIED)
    if is_released:
        for batch in unsent:
            store.batches.release(batch)

    assert working.outcomes() == {outcome: 1}
    assert working.is_dealt_with()


def test_file_stays_open_until_its_last_object_is_answered(working: Working):
    working.begin('j1')
    working.convert(chosen(1, indicator_id=7), chosen(2, indicator_id=7))
    working.end()
    first, second = working.sent(size=1), working.sent(size=1)
    working.settle(first)
    assert working.outcomes() == {}
    assert working.progress().open == 1
    working.settle(second)
    assert working.outcomes() == {Outcome.SENT: 1}


# -- copies


def test_copy_that_lost_its_object_before_sending_is_a_duplicate(working: Working, ledger: Ledger):
    working.begin('j1')
    working.convert(chosen(1))
    replace(working, new=2)
    working.end()
    batch = working.sent()
    working.settle(batch)

    assert [item.indicator_id for item in batch.objects] == [2]
    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    assert held(ledger, 1).content_hash == b'better'


def test_file_that_lost_one_of_its_objects_counts_by_the_others(working: Working):
    working.begin('j1')
    working.convert(chosen(1, indicator_id=7), chosen(2, indicator_id=7))
    replace(working, new=8)
    working.end()
    assert working.outcomes() == {}
    batch = working.sent()
    assert numbers(batch) == [2, 1]
    working.settle(batch, 0)

    assert working.outcomes() == {Outcome.REFUSED: 1, Outcome.SENT: 1}


@pytest.mark.parametrize('is_file', [False, True])
@pytest.mark.parametrize('before', [Outcome.SENT, Outcome.REFUSED, Outcome.UNCHANGED])
def test_copy_that_loses_its_object_after_its_answer_is_a_duplicate(
    store: UpdateStore, working: Working, before: Outcome, is_file: bool
):
    send(store, chosen(1))
    working.begin('j1')
    fate = Fate.UNCHANGED if before is Outcome.UNCHANGED else Fate.SEND
    working.convert(chosen(1, fate=fate), kept=[1] if is_file else [])
    if fate is Fate.SEND:
        working.settle(working.sent(size=1), *([0] if before is Outcome.REFUSED else []))
    assert working.outcomes() == {before: 1}
    replace(working, new=2)
    assert working.outcomes() == {Outcome.DUPLICATE: 1}
    working.end()
    working.settle(working.sent())

    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    assert working.is_dealt_with()


@pytest.mark.parametrize('is_file', [False, True])
def test_better_copy_of_the_same_content_takes_over_what_its_job_has_sent(
    working: Working, is_file: bool
):
    working.begin('j1')
    working.convert(chosen(1), kept=[1] if is_file else [])
    working.settle(working.sent(size=1))
    same = chosen(1, indicator_id=2, fate=Fate.UNCHANGED, is_moved=True, replaces=True)
    working.convert(same, kept=[2] if is_file else [])
    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    replace(working, new=3)

    assert working.outcomes() == {Outcome.DUPLICATE: 2}
    assert working.progress().open == 1


@pytest.mark.parametrize('is_refused', [False, True])
def test_answer_to_a_replaced_copy_does_not_settle_the_better_one(
    working: Working, ledger: Ledger, is_refused: bool
):
    old = begin_sending(working)
    replace(working, new=2)
    working.end()
    assert working.outcomes() == {Outcome.DUPLICATE: 1}
    working.settle(old, *([0] if is_refused else []))

    assert working.outcomes() == {Outcome.DUPLICATE: 1}
    assert ledger.live(NOON) == (0 if is_refused else 1)
    new = working.sent()
    assert [item.indicator_id for item in new.objects] == [2]
    working.settle(new)
    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    assert held(ledger, 1).content_hash == b'better'
    assert held(ledger, 1).refused_query is None


def test_replaced_copy_that_was_not_sent_is_not_sent_any_more(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1), chosen(3))
    batch = working.sent(size=1)
    replace(working, new=2)
    store.batches.release(batch)
    working.end()

    assert [item.indicator_id for item in working.sent().objects] == [3, 2]


@pytest.mark.parametrize('is_answered', [True, False])
def test_better_copy_goes_out_after_the_one_under_way(
    store: UpdateStore, working: Working, is_answered: bool
):
    under_way = begin_sending(working)
    replace(working, new=2)
    replace(working, new=3)
    working.end()

    assert working.claim() is None
    if is_answered:
        working.settle(under_way)
    else:
        store.batches.release(under_way)
    assert [item.indicator_id for item in working.sent().objects] == [3]


def test_better_copy_does_not_wait_for_what_a_dead_process_had_under_way(
    store: UpdateStore, working: Working
):
    begin_sending(working)
    replace(working, new=2)
    working.end()

    assert store.recover() == 1
    assert [item.indicator_id for item in working.sent().objects] == [2]


def test_unacknowledged_state_of_the_copy_under_way_passes_to_the_better_one(
    store: UpdateStore, working: Working, ledger: Ledger
):
    under_way = begin_sending(working)
    replace(working, new=2)
    store.batches.release(under_way, is_unacknowledged=True)
    replace(working, new=3)
    store.stop_jobs(['j1'], DENIED)

    assert (held(ledger, 1).indicator_id, held(ledger, 1).content_hash) == (3, b'')
    assert working.outcomes() == {Outcome.DUPLICATE: 2, Outcome.FAILED: 1}


@pytest.mark.parametrize('is_unacknowledged', [False, True])
@pytest.mark.parametrize('is_in_flight', [False, True])
def test_object_possibly_in_sentinel_is_remembered_where_the_better_copy_is_not_sent(
    store: UpdateStore,
    working: Working,
    ledger: Ledger,
    is_in_flight: bool,
    is_unacknowledged: bool,
):
    batch = begin_sending(working)
    if not is_in_flight:
        store.batches.release(batch, is_unacknowledged=is_unacknowledged)
    replace(working, new=2, fate=Fate.REFUSED)
    if is_in_flight:
        store.batches.release(batch, is_unacknowledged=is_unacknowledged)
    found = row(ledger, 1)

    assert found is not None
    assert (found.is_live, found.outbox) == (is_unacknowledged, None)
    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.REFUSED: 1}
    assert working.progress().waiting == 0
    # A still better one is sent as any other.
    replace(working, new=3)
    working.settle(working.sent(size=1))
    assert held(ledger, 1).indicator_id == 3


def test_copy_waits_for_the_one_under_way_though_the_one_between_is_not_sent(
    working: Working, ledger: Ledger
):
    under_way = begin_sending(working)
    replace(working, new=2)
    replace(working, new=3, fate=Fate.REFUSED)
    replace(working, new=4)

    assert working.claim(size=1) is None
    working.settle(under_way)
    working.settle(working.sent(size=1))
    assert held(ledger, 1).indicator_id == 4


# -- after a crash


def test_in_flight_objects_wait_again_after_a_crash(store: UpdateStore, working: Working):
    working.begin('j1')
    working.convert(chosen(1), chosen(2), chosen(3))
    working.end()
    working.settle(working.sent(size=1))
    working.sent(size=1)

    assert store.recover() == 1
    assert numbers(working.claim()) == [2, 3]
    assert working.outcomes() == {Outcome.SENT: 1}


def test_stopped_job_sends_nothing_more_after_a_crash(store: UpdateStore, working: Working):
    working.begin('j1', 'j2')
    working.convert(chosen(1))
    working.end('j1', 'j2')
    working.sent()
    store.stop_jobs(['j1'], DENIED)
    assert not working.is_dealt_with()

    assert store.recover() == 1
    assert working.claim() is None
    assert working.outcomes() == {Outcome.FAILED: 1}
    assert working.is_dealt_with()


def test_object_left_under_way_by_a_dead_process_enters_the_ledger_when_its_job_is_stopped(
    store: UpdateStore, working: Working, ledger: Ledger
):
    begin_sending(working)
    store.recover()
    store.stop_jobs(['j1'], DENIED)

    assert held(ledger, 1).content_hash == b''
