"""What the store keeps of copies that Sentinel refused, and who is asked for others."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import Mode, Outcome
from sentinel_app.core.outbox import Fate
from sentinel_app.core.revocation import Unwanted, revocation
from sentinel_app.errors import UploadDeniedError
from sentinel_app.storage import refusals
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.builders.update import (
    Working,
    address,
    attempts,
    begin_sending,
    chosen,
    held,
    refuse,
    replace,
    row,
    send,
)
from tests.harness.clocks import NOON

DENIED = UploadDeniedError('Give the role.', reason='403')


def test_refusals_are_counted_as_long_as_the_content_is_the_same(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1), chosen(2))
    working.begin('j1')
    working.convert(chosen(1), chosen(2, content_hash=b'another'))
    working.settle(working.sent(size=2), 0, 1)

    assert attempts(ledger, 1, 2, 3) == {1: 2, 2: 1}


def test_refusal_is_forgotten_when_the_object_is_accepted(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1), chosen(2))
    working.settle(begin_sending(working))

    assert attempts(ledger, 1, 2) == {2: 1}
    assert store.refusals.indicators('q1', most_attempts=3) == (2,)


def test_refused_copy_of_a_query_is_still_tried_though_anothers_is_accepted(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1), query_id='q2')
    working.settle(begin_sending(working, indicator_id=7))
    working.end()
    store.ended_updates.remove('u1', at=NOON)

    held(ledger, 1)
    assert store.refusals.indicators('q2', most_attempts=3) == (1,)


def test_refusal_does_not_outlive_a_withdrawal(
    store: UpdateStore, orphans: Orphans, working: Working, ledger: Ledger
):
    send(store, chosen(1))
    refuse(working, chosen(1, content_hash=b'newer'), query_id='q2')
    working.begin('j1')
    working.end()
    unwanted = Unwanted(are_orphans_meant=True, are_all_meant=True)
    found = orphans.next_unchosen('u1', unwanted, now=NOON, most_attempts=3, after=0, limit=1)
    orphans.add_revocations([revocation(item, 'j1', NOON) for item in found])
    working.settle(working.sent())

    assert attempts(ledger, 1) == {}


def test_refused_indicators_of_a_query_are_listed_while_they_may_be_retried(
    store: UpdateStore, working: Working, ledger: Ledger
):
    files = [chosen(3), chosen(13, indicator_id=3), chosen(2), chosen(1)]
    refuse(working, *files)
    for _ in range(2):
        refuse(working, *files)
    refuse(working, chosen(1))
    refuse(working, chosen(4), query_id='q2')

    assert attempts(ledger, 1, 2, 3, 13) == {1: 4, 2: 3, 3: 3, 13: 3}
    assert store.refusals.indicators('q1', most_attempts=3) == (2, 3)
    assert store.refusals.indicators('q2', most_attempts=3) == (4,)
    assert store.refusals.indicators('q3', most_attempts=3) == ()


def test_refusals_outlive_the_update(store: UpdateStore, working: Working, ledger: Ledger):
    working.begin('j1')
    working.convert(chosen(1))
    working.end()
    working.settle(working.sent(), 0)
    store.ended_updates.remove('u1', at=NOON)

    assert attempts(ledger, 1) == {1: 1}


def test_refusal_is_forgotten_where_the_query_no_longer_has_what_was_refused(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1), chosen(2), chosen(9))
    for _ in range(3):
        refuse(working, chosen(9))
    refuse(working, chosen(3), query_id='q2')
    refuse(working, chosen(4), query_id='q3')
    working.begin('j1', 'j2')
    working.convert(chosen(1), chosen(5))
    working.end()
    working.settle(working.sent(), 0)
    store.readings.end('j2', at=NOON, error=DENIED)
    store.ended_updates.remove('u1', at=NOON)

    # The first was refused again. The second and the ninth were looked for and did not come. Nobody
    # asked for the third, whose reading failed, and the fourth, whose query was not read.
    assert attempts(ledger, *range(1, 10)) == {1: 2, 3: 1, 4: 1}
    assert row(ledger, 2) is None
    assert row(ledger, 9) is None


def test_refusals_of_a_query_are_forgotten_once_it_is_not_saved_and_no_update_runs(
    store: UpdateStore, working: Working, ledger: Ledger
):
    send(store, chosen(3))
    refuse(working, chosen(1))
    refuse(working, chosen(2), chosen(3, content_hash=b'newer'), query_id='q2')
    working.begin('j1')
    store.refusals.forget_others(['q1'])
    assert attempts(ledger, 1, 2, 3) == {1: 1, 2: 1, 3: 1}
    store.readings.end('j1', at=NOON, error=DENIED)
    store.ended_updates.remove('u1', at=NOON)
    store.refusals.forget_others(['q1'])

    assert attempts(ledger, 1, 2, 3) == {1: 1}
    assert row(ledger, 2) is None
    assert attempts(ledger, 3) == {}


def test_copy_refused_too_often_is_known_while_it_is_not_requested(
    store: UpdateStore, working: Working, ledger: Ledger
):
    for _ in range(4):
        refuse(working, chosen(1))
    job = make_job('j1', update_id='u1', mode=Mode.DELTA, query=make_query('q1'))
    store.begin([job])
    store.readings.start('j1', at=NOON, expected=None)
    working.end()
    store.ended_updates.remove('u1', at=NOON)

    assert attempts(ledger, 1) == {1: 4}


def test_refusal_is_forgotten_where_sentinel_holds_the_copy_that_was_chosen(
    store: UpdateStore, working: Working, ledger: Ledger
):
    send(store, *(chosen(number) for number in (1, 2, 3, 4)))
    for number, query_id in ((1, 'q1'), (2, 'q2'), (3, 'q3'), (4, 'q2')):
        refuse(working, chosen(number, content_hash=b'newer'), query_id=query_id)
    working.begin('j1', 'j2')
    others = [chosen(number, indicator_id=10 + number, fate=Fate.UNCHANGED) for number in (1, 3, 4)]
    working.convert(*others)
    working.end()
    working.convert(chosen(2, indicator_id=12, fate=Fate.UNCHANGED), request_id='j2')
    store.readings.end('j2', at=NOON, error=DENIED)
    store.ended_updates.remove('u1', at=NOON)

    # Of the others it is not known whether their queries still have what was refused.
    assert attempts(ledger, 1, 2, 3, 4) == {2: 1, 3: 1, 4: 1}


def test_copy_refused_too_often_counts_without_being_sent(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1))
    working.begin('j1')
    working.convert(chosen(1, fate=Fate.REFUSED))
    working.end()

    assert working.claim() is None
    assert working.outcomes() == {Outcome.REFUSED: 1}
    store.ended_updates.remove('u1', at=NOON)
    assert attempts(ledger, 1) == {1: 1}


def test_copy_refused_too_often_makes_way_as_any_other(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1, indicator_id=7))
    working.begin('j1')
    working.convert(chosen(1, indicator_id=7, fate=Fate.REFUSED), chosen(2, indicator_id=7))
    working.settle(working.sent(size=1))
    assert working.outcomes() == {Outcome.REFUSED: 1}
    found = row(ledger, 1)
    assert found is not None
    assert found.chosen_copy()[0] == 7
    replace(working, new=8)

    assert working.outcomes() == {Outcome.SENT: 1}
    assert working.progress().open == 1


def chosen_indicator(ledger: Ledger, number: int) -> int:
    """The Indicator whose copy was chosen for an Address."""
    found = row(ledger, number)
    assert found is not None
    return found.chosen_copy()[0]


@pytest.mark.parametrize('fate', Fate)
def test_refused_copy_is_no_longer_the_chosen_one_once_a_better_one_is(
    store: UpdateStore, working: Working, ledger: Ledger, fate: Fate
):
    send(store, chosen(1))
    refuse(working, chosen(1, content_hash=b'newer'))
    working.begin('j1')
    working.convert(chosen(1, indicator_id=7, content_hash=b'worse'))
    working.settle(working.sent(size=1), 0)
    assert chosen_indicator(ledger, 1) == 7
    working.convert(chosen(1, fate=fate, replaces=True))

    assert chosen_indicator(ledger, 1) == 1
    known = {} if fate is Fate.SEND else {Outcome(fate): 1}
    assert working.outcomes() == {Outcome.DUPLICATE: 1} | known
    replace(working, new=9)
    assert working.outcomes() == {Outcome.DUPLICATE: 2}
    working.end()
    working.settle(working.sent())
    assert working.outcomes() == {Outcome.DUPLICATE: 2, Outcome.SENT: 1}
    assert working.is_dealt_with()


@pytest.mark.parametrize('answer', ['none', 'accepted', 'refused'])
def test_copy_refused_too_often_stays_chosen_whatever_becomes_of_the_worse_one_under_way(
    store: UpdateStore, working: Working, ledger: Ledger, answer: str
):
    refuse(working, chosen(1, indicator_id=7))
    old = begin_sending(working, content_hash=b'worse')
    working.convert(chosen(1, indicator_id=7, fate=Fate.REFUSED, replaces=True))
    if answer != 'none':
        working.settle(old, *([0] if answer == 'refused' else []))

    assert chosen_indicator(ledger, 1) == 7
    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.REFUSED: 1}
    assert attempts(ledger, 1) == {1: 1}
    replace(working, new=9)
    assert working.outcomes() == {Outcome.DUPLICATE: 2}
    working.end()
    assert (working.claim() is None) is (answer == 'none')
    if answer == 'none':
        working.settle(old)
        working.settle(working.sent())
        assert working.outcomes() == {Outcome.DUPLICATE: 2, Outcome.SENT: 1}


@pytest.mark.parametrize('is_accepted', [True, False])
def test_copy_refused_too_often_is_chosen_though_a_worse_one_is_answered_meanwhile(
    store: UpdateStore, working: Working, ledger: Ledger, is_accepted: bool
):
    for _ in range(4):
        refuse(working, chosen(1, indicator_id=7))
    old = begin_sending(working, content_hash=b'worse')
    # Before the answer, conversion has decided that the next one is refused.
    working.settle(old, *([] if is_accepted else [0]))
    working.convert(chosen(1, indicator_id=7, fate=Fate.REFUSED, replaces=True))

    assert chosen_indicator(ledger, 1) == 7
    assert [item.attempts for item in ledger.refusals([7])] == [4]
    assert working.outcomes() == {Outcome.DUPLICATE: 1, Outcome.REFUSED: 1}
    replace(working, new=9)
    working.end()
    working.settle(working.sent())
    assert working.outcomes() == {Outcome.DUPLICATE: 2, Outcome.SENT: 1}


# -- who is asked for other copies


def forgotten(working: Working, *request_ids: str, update_id: str, has_asked_all: bool) -> None:
    """Run an update in which nothing is read."""
    working.begin(*request_ids, update_id=update_id)
    for request_id in request_ids:
        working.store.readings.end(request_id, at=NOON)
    working.store.ended_updates.remove(update_id, has_asked_all=has_asked_all, at=NOON)


def sought_by(working: Working, update_id: str) -> list[str]:
    """The Addresses that an update asks each query for."""
    first = working.store.marks.first(update_id)
    return [summary for _, summary in working.store.refusals.sought(first)]


def sought(working: Working) -> list[str]:
    """The Addresses that the next update asks each query for."""
    working.begin('next', update_id='next')
    found = sought_by(working, 'next')
    working.store.ended_updates.remove('next', at=NOON)
    return found


HELD = {'nothing': None, 'another copy': 7, 'an earlier version of it': 1}
"""The Indicator of what Sentinel holds of the object; that of the refused copy is 1."""


@pytest.fixture(params=HELD, ids=[name.replace(' ', '-') for name in HELD])
def holder(request: pytest.FixtureRequest, store: UpdateStore) -> int | None:
    """Let Sentinel hold nothing, or something, of the object."""
    found = HELD[request.param]
    if found is not None:
        send(store, chosen(1, indicator_id=found, content_hash=b'held'), query_id='q2')
    return found


def test_other_copies_are_requested_once_one_was_refused_too_often(
    working: Working, holder: int | None
):
    for count in range(6):
        assert sought(working) == ([] if holder == 1 or count < 4 else [address(1).value])
        refuse(working, chosen(1))


def test_other_copies_are_requested_where_the_refused_one_is_gone(
    working: Working, holder: int | None
):
    refuse(working, chosen(1))
    forgotten(working, 'j1', update_id='u1', has_asked_all=True)

    assert sought(working) == ([] if holder == 1 else [address(1).value])


def test_other_copies_are_requested_whenever_the_one_refused_too_often_was_retried(
    working: Working,
):
    for _ in range(4):
        refuse(working, chosen(1))
    # Another query's, so that it is not known whether this one still has it.
    job = make_job('j1', update_id='u1', mode=Mode.DELTA, query=make_query('q2'))
    working.store.begin([job])
    working.store.readings.end('j1', at=NOON)
    working.store.ended_updates.remove('u1', has_asked_all=True, at=NOON)
    assert sought(working) == []
    refuse(working, chosen(1))

    assert sought(working) == [address(1).value]


def test_other_copies_are_requested_where_the_query_of_the_refused_one_is_gone(
    store: UpdateStore, working: Working
):
    refuse(working, chosen(1), query_id='q1')
    refuse(working, chosen(2), query_id='q2')
    store.refusals.forget_others(['q1'])

    assert sought(working) == [address(2).value]


def test_values_are_requested_until_an_update_has_asked_every_query(working: Working):
    for _ in range(4):
        refuse(working, chosen(1))
    forgotten(working, 'j1', update_id='u1', has_asked_all=False)
    assert sought(working) == [address(1).value]
    # One that had begun before it was known has not asked.
    working.begin('j2', update_id='u2')
    for _ in range(4):
        refuse(working, chosen(2), query_id='q2')
    assert sought_by(working, 'u2') == [address(1).value]
    working.store.ended_updates.remove('u2', has_asked_all=True, at=NOON)
    assert sought(working) == [address(2).value]


def test_values_are_requested_in_portions(working: Working, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(refusals, 'MOST_SOUGHT', 2)
    for _ in range(4):
        refuse(working, *(chosen(number) for number in (1, 2, 3)))
    values = [address(number).value for number in (1, 2, 3)]
    assert sought(working) == values[:2]
    forgotten(working, 'j2', update_id='u2', has_asked_all=True)

    assert sought(working) == values[2:]


def test_jobs_of_an_update_request_the_same_values_though_one_is_added_meanwhile(
    working: Working, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(refusals, 'MOST_SOUGHT', 2)
    for _ in range(4):
        refuse(working, *(chosen(number) for number in (1, 2, 3)))
    values = [address(number).value for number in (1, 2, 3)]
    working.begin('j1', update_id='u1')
    assert sought_by(working, 'u1') == values[:2]
    refuse(working, chosen(1))
    assert sought_by(working, 'u1') == values[1:2]
    working.store.readings.end('j1', at=NOON, error=DENIED)
    working.store.ended_updates.remove('u1', has_asked_all=True, at=NOON)

    assert sought(working) == [values[0], values[2]]


def test_refusals_of_a_query_that_is_gone_are_forgotten_though_a_job_was_cancelled(
    store: UpdateStore, working: Working
):
    refuse(working, chosen(2), query_id='q2')
    store.cancel(make_job('j1', update_id='u1', query=make_query('q1')))
    store.refusals.forget_others(['q1'])

    assert sought(working) == [address(2).value]


# -- several copies of one object


def test_attempts_of_two_copies_are_separate_whichever_is_chosen(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1, indicator_id=7))
    working.begin('j1')
    better = chosen(1, indicator_id=8, content_hash=b'other')
    found = row(ledger, 1)
    assert found is not None
    working.convert(better, outcomes={7: Outcome.DUPLICATE}, passed_over=[(found.id, 7)])
    working.end()
    working.settle(working.sent(), 0)
    store.ended_updates.remove('u1', at=NOON)

    assert {item.indicator_id: item.attempts for item in ledger.refusals([7, 8])} == {7: 1, 8: 1}


def test_refusal_of_a_copy_is_remembered_where_a_better_one_replaces_it_unsent(
    store: UpdateStore, working: Working, ledger: Ledger
):
    refuse(working, chosen(1, indicator_id=7))
    working.begin('j1')
    working.convert(chosen(1, indicator_id=7))
    replace(working, new=8)
    working.end()
    working.settle(working.sent(), 0)
    store.ended_updates.remove('u1', at=NOON)

    assert {item.indicator_id: item.attempts for item in ledger.refusals([7, 8])} == {7: 1, 8: 1}


def test_refusal_of_one_copy_does_not_affect_another(working: Working, ledger: Ledger):
    for _ in range(2):
        refuse(working, chosen(1, indicator_id=7))
    refuse(working, chosen(1, indicator_id=8, content_hash=b'other'))
    refuse(working, chosen(1, indicator_id=7), query_id='q2')
    working.settle(begin_sending(working, indicator_id=8))

    found = {(item.query, item.indicator_id): item.attempts for item in ledger.refusals([7, 8])}
    first, second = working.store.queries.number('q1'), working.store.queries.number('q2')
    assert found == {(first, 7): 2, (second, 7): 1}


@pytest.mark.parametrize('is_read', [True, False])
def test_refused_copy_that_makes_way_is_remembered_as_long_as_it_exists(
    store: UpdateStore, working: Working, ledger: Ledger, is_read: bool
):
    for _ in range(4):
        refuse(working, chosen(1, indicator_id=7))
    found = row(ledger, 1)
    assert found is not None
    working.begin('j1')
    working.convert(
        chosen(1, indicator_id=8, content_hash=b'other'),
        outcomes={7: Outcome.REFUSED},
        passed_over=[(found.id, 7)] if is_read else [],
    )
    working.end()
    working.settle(working.sent())
    store.ended_updates.remove('u1', at=NOON)

    assert [item.attempts for item in ledger.refusals([7])] == ([4] if is_read else [])
    assert held(ledger, 1).indicator_id == 8


@pytest.mark.parametrize('is_read', [True, False])
def test_indicator_with_a_copy_that_sentinel_refuses_is_not_withdrawn(
    store: UpdateStore, working: Working, ledger: Ledger, orphans: Orphans, is_read: bool
):
    send(store, chosen(1, indicator_id=8))
    refuse(working, chosen(1, indicator_id=7, content_hash=b'newer'))
    working.begin('j1')
    passed_over = [(held(ledger, 1).id, 7)] if is_read else []
    working.convert(outcomes={7: Outcome.REFUSED}, passed_over=passed_over)
    working.end()

    for only_orphans in (False, True):
        orphans.orphan_indicators([8])
        unwanted = Unwanted(are_orphans_meant=True, are_all_meant=not only_orphans)
        common = {'now': NOON, 'most_attempts': 3}
        count = orphans.unchosen('u1', unwanted, **common)
        assert count == len(orphans.next_unchosen('u1', unwanted, **common, after=0, limit=9))
        assert count == (0 if is_read else 1)
