from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Mode
from sentinel_app.core.ledger_row import LedgerRow, ObjectState, millis
from sentinel_app.core.precedence import Choice, PrecedenceContext, choose, must_send
from sentinel_app.core.window import Window
from tests.harness.builders.indicator import make_indicator
from tests.harness.builders.update import make_ledger_row
from tests.harness.clocks import NOON
from tests.harness.strategies import law

DAY = dt.timedelta(days=1)
QUERIES = {'q1': 1, 'q2': 2, 'q3': 3, 'removed': 9}
"""The numbers of the queries; that of the one whose copies are decided about is q2."""
FIRST_JOB = 11
"""Of the update, which has one Job for each query."""
CONTEXT = PrecedenceContext(
    job=12,
    jobs=(FIRST_JOB, 12),
    first_mark=FIRST_JOB,
    update_id='u1',
    query=2,
    mode=Mode.RECONCILE,
    now=millis(NOON),
    higher=frozenset({1}),
)


def context(**fields: Any) -> PrecedenceContext:
    return dataclasses.replace(CONTEXT, **fields)


def held_by(query_id: str, **fields: Any) -> LedgerRow:
    """What a query holds, of a copy that no Indicator here has the id of."""
    return make_ledger_row(**({'query': QUERIES[query_id], 'indicator_id': 5} | fields))


def chosen_by(job: int, **fields: Any) -> LedgerRow:
    """What a Job of the running update has chosen and that waits to be sent."""
    defaults: dict[str, Any] = {
        'mark': job,
        'outbox': 1,
        'outbox_query': job - 10,
        'outbox_indicator_id': 5,
        'outbox_source_modified': NOON,
    }
    return make_ledger_row(**(defaults | fields))


def decide(
    *,
    indicator: Indicator | None = None,
    row: LedgerRow | None = None,
    context: PrecedenceContext = CONTEXT,
    **known: bool,
) -> Choice:
    indicator = indicator or make_indicator()
    return choose(indicator, millis(indicator.modified_at), row, context, **known)


def test_value_without_a_holder_is_taken():
    assert decide() is Choice.TAKE


def test_copy_of_a_higher_query_of_the_same_update_has_precedence():
    newest = make_indicator(modified_at=NOON + DAY)

    assert decide(indicator=newest, row=chosen_by(11)) is Choice.DUPLICATE
    assert decide(indicator=newest, row=chosen_by(11, state=ObjectState.NEW)) is Choice.DUPLICATE


@pytest.mark.parametrize(
    'row',
    [
        chosen_by(12),
        # Sent already, or unchanged: nothing of it is under way any more.
        make_ledger_row(mark=12, query=2, indicator_id=5, source_modified=NOON),
        # Sentinel has just refused it.
        make_ledger_row(
            mark=12,
            indicator_id=99,
            source_modified=NOON + 9 * DAY,
            refused_query=2,
            refused_indicator_id=5,
            refused_source_modified=NOON,
        ),
    ],
    ids=['waits', 'settled', 'refused'],
)
@pytest.mark.parametrize(
    ('indicator_id', 'modified_at', 'choice'),
    [
        (5, NOON + DAY, Choice.REPLACE),
        (5, NOON - DAY, Choice.DUPLICATE),
        (4, NOON, Choice.REPLACE),
        (6, NOON, Choice.DUPLICATE),
        (5, NOON, Choice.DUPLICATE),
    ],
)
def test_newest_copy_within_a_query_wins_then_the_lowest_id(
    indicator_id: int, modified_at: dt.datetime, choice: Choice, row: LedgerRow
):
    indicator = make_indicator(id=indicator_id, modified_at=modified_at)

    assert decide(indicator=indicator, row=row) is choice


def test_choice_of_this_update_counts_before_the_ledger():
    row = chosen_by(12, query=1, outbox_source_modified=NOON - DAY)

    assert decide(indicator=make_indicator(modified_at=NOON), row=row) is Choice.REPLACE


BETTER = [(4, NOON), (6, NOON + DAY)]
WORSE = [(6, NOON), (4, NOON - DAY)]


@pytest.mark.parametrize('mode', Mode)
@pytest.mark.parametrize(('indicator_id', 'modified_at'), BETTER)
def test_better_copy_takes_over_what_its_query_holds(
    indicator_id: int, modified_at: dt.datetime, mode: Mode
):
    indicator = make_indicator(id=indicator_id, modified_at=modified_at)
    row = held_by('q2', source_modified=NOON)

    assert decide(indicator=indicator, row=row, context=context(mode=mode)) is Choice.TAKE


@pytest.mark.parametrize('mode', Mode)
@pytest.mark.parametrize(('indicator_id', 'modified_at'), WORSE)
def test_copy_worse_than_the_current_one_waits_for_that_one_to_come(
    indicator_id: int, modified_at: dt.datetime, mode: Mode
):
    indicator = make_indicator(id=indicator_id, modified_at=modified_at)
    row, known = held_by('q2', source_modified=NOON), context(mode=mode)

    assert decide(indicator=indicator, row=row, context=known) is Choice.ALTERNATE
    # That one has come, and cannot be sent any more.
    assert decide(indicator=indicator, row=row, context=known, is_dismissed=True) is Choice.TAKE


@pytest.mark.parametrize(('indicator_id', 'modified_at'), WORSE)
def test_unfit_copy_does_not_free_what_this_update_has_chosen(
    indicator_id: int, modified_at: dt.datetime
):
    indicator = make_indicator(id=indicator_id, modified_at=modified_at)

    assert decide(indicator=indicator, row=chosen_by(12), is_dismissed=True) is Choice.DUPLICATE
    assert decide(indicator=indicator, row=chosen_by(11), is_dismissed=True) is Choice.DUPLICATE


def test_higher_query_whose_copy_was_found_unfit_makes_way():
    assert decide(row=held_by('q1'), is_dismissed=True) is Choice.TAKE


def test_copy_chosen_for_a_higher_query_stays_with_it():
    better = make_indicator(id=1, modified_at=NOON + DAY)
    waiting = chosen_by(12, outbox_query=QUERIES['q1'])
    settled = make_ledger_row(mark=12, query=QUERIES['q1'], indicator_id=5)

    assert decide(indicator=better, row=waiting) is Choice.DUPLICATE
    assert decide(indicator=better, row=settled) is Choice.DUPLICATE


@pytest.mark.parametrize('mode', Mode)
@pytest.mark.parametrize('modified_at', [NOON - DAY, NOON, NOON + DAY])
def test_current_copy_of_the_query_is_taken_however_it_has_changed(
    modified_at: dt.datetime, mode: Mode
):
    indicator = make_indicator(id=5, modified_at=modified_at)

    assert decide(indicator=indicator, row=held_by('q2'), context=context(mode=mode)) is Choice.TAKE


@pytest.mark.parametrize(('indicator_id', 'modified_at'), WORSE)
@pytest.mark.parametrize(
    'row',
    [
        held_by('q2', valid_until=NOON),
        held_by('q2', state=ObjectState.WITHDRAWN),
        held_by('q2', state=ObjectState.NEW),
        held_by('q2', is_orphaned=1),
    ],
    ids=['expired', 'withdrawn', 'never-sent', 'gone'],
)
def test_worse_copy_is_taken_where_no_good_one_is_current(
    row: LedgerRow, indicator_id: int, modified_at: dt.datetime
):
    assert decide(indicator=make_indicator(id=indicator_id, modified_at=modified_at), row=row) is (
        Choice.TAKE
    )


@pytest.mark.parametrize(('indicator_id', 'modified_at'), WORSE)
def test_requested_alternate_takes_over(indicator_id: int, modified_at: dt.datetime):
    indicator = make_indicator(id=indicator_id, modified_at=modified_at)

    assert (
        decide(indicator=indicator, row=held_by('q2'), context=context(is_alternate=True))
        is Choice.TAKE
    )
    # Of two that were asked for, the better one.
    assert (
        decide(indicator=indicator, row=chosen_by(12), context=context(is_alternate=True))
        is Choice.DUPLICATE
    )


def winner(copies: Iterable[Indicator]) -> Indicator:
    """The copy that is chosen when the copies of one query come in this order."""
    row, chosen = None, None
    for copy in copies:
        if decide(indicator=copy, row=row) is not Choice.DUPLICATE:
            chosen = copy
            row = chosen_by(
                12, outbox_indicator_id=copy.id, outbox_source_modified=copy.modified_at
            )
    assert chosen is not None
    return chosen


@law
@given(
    st.dictionaries(
        st.integers(min_value=1, max_value=9), st.integers(0, 2), min_size=1, max_size=5
    )
)
def test_winner_within_a_query_does_not_depend_on_the_order_of_reading(ages: dict[int, int]):
    copies = [make_indicator(id=key, modified_at=NOON - DAY * age) for key, age in ages.items()]
    best = min(copies, key=lambda copy: (-copy.modified_at.timestamp(), copy.id))

    for order in itertools.islice(itertools.permutations(copies), 24):
        assert winner(order) is best


@pytest.mark.parametrize(
    ('holder', 'choice'),
    [
        ('q1', Choice.DUPLICATE),
        ('q3', Choice.TAKE),
        ('removed', Choice.TAKE),
    ],
)
def test_higher_query_keeps_its_values_across_updates(holder: str, choice: Choice):
    assert decide(row=held_by(holder)) is choice


def test_higher_query_that_was_read_through_without_the_value_makes_way():
    read_through = frozenset({QUERIES['q1']})

    assert decide(row=held_by('q1'), context=context(read_through=read_through)) is Choice.TAKE


@pytest.mark.parametrize(
    ('start_at', 'end_at', 'choice'),
    [
        (NOON - DAY, NOON + DAY, Choice.TAKE),
        (NOON, NOON + DAY, Choice.TAKE),
        (None, NOON + DAY, Choice.TAKE),
        # Whether it still matches is not known; what has changed of it is sent all the same.
        (NOON - DAY, NOON, Choice.REFRESH),
        (NOON + DAY, NOON + 2 * DAY, Choice.REFRESH),
    ],
)
def test_higher_query_that_did_not_return_its_changed_copy_makes_way(
    start_at: dt.datetime | None, end_at: dt.datetime, choice: Choice
):
    known = context(windows={QUERIES['q1']: Window(start_at=start_at, end_at=end_at)})
    row = held_by('q1', indicator_id=7)

    copy = make_indicator(id=7, modified_at=NOON)
    assert decide(indicator=copy, row=row, context=known) is choice
    # Of another copy, such a window says nothing.
    other = make_indicator(id=8, modified_at=NOON)
    assert decide(indicator=other, row=row, context=known) is Choice.DUPLICATE


def test_higher_query_whose_copy_is_gone_from_threatconnect_makes_way():
    assert decide(row=held_by('q1', is_orphaned=1)) is Choice.TAKE


def test_lost_copy_without_an_answer_waits_for_its_query():
    row = held_by('q1', is_orphaned=1, content_hash=b'')
    in_delta = context(mode=Mode.DELTA)
    read = dataclasses.replace(in_delta, windows={1: Window(start_at=NOON, end_at=NOON)})

    assert decide(row=row, context=in_delta) is Choice.ALTERNATE
    assert decide(row=row, context=read) is Choice.TAKE
    assert decide(row=row, context=context(read_through=frozenset({1}))) is Choice.TAKE
    assert decide(row=row, context=context(higher=frozenset())) is Choice.TAKE


def test_value_missing_from_the_last_whole_reading_of_its_query_is_free():
    for query in ('q1', 'q2'):
        row = held_by(query, mark=7)
        number = QUERIES[query]
        assert decide(row=row, context=context(whole_marks={number: 8})) is Choice.TAKE
        before, known = decide(row=row), decide(row=row, context=context(whole_marks={number: 7}))
        assert known is before


def test_loss_that_this_update_came_upon_too_late_makes_way_only_for_the_next():
    late = held_by('q1', is_orphaned=1, late_for='u1')

    assert decide(row=late) is Choice.DUPLICATE
    assert decide(row=late, context=context(update_id='u2')) is Choice.TAKE


def test_copy_that_is_gone_changes_nothing_about_what_this_update_has_chosen():
    row = chosen_by(11, query=QUERIES['q1'], is_orphaned=1)

    assert decide(row=row) is Choice.DUPLICATE


def test_value_that_a_higher_query_withdrew_is_free():
    assert decide(row=held_by('q1', state=ObjectState.WITHDRAWN)) is Choice.TAKE


@pytest.mark.parametrize(
    ('until_at', 'choice'),
    [(NOON, Choice.TAKE), (NOON + dt.timedelta(milliseconds=1), Choice.DUPLICATE)],
)
def test_value_that_a_higher_query_holds_is_free_once_it_has_expired(
    until_at: dt.datetime, choice: Choice
):
    assert decide(row=held_by('q1', valid_until=until_at)) is choice


@law
@given(order=st.permutations(['q1', 'q2', 'q3']), holder=st.sampled_from(['q1', 'q2', 'q3']))
def test_precedence_across_updates_goes_by_the_present_order_of_the_list(
    order: list[str], holder: str
):
    for place, query_id in enumerate(order):
        higher = frozenset(QUERIES[each] for each in order[:place])
        known = context(query=QUERIES[query_id], higher=higher)
        # Whatever the order of the list, a query's own copy is not displaced by a worse one.
        copy = make_indicator(id=5 if query_id == holder else 6)
        choice = decide(indicator=copy, row=held_by(holder), context=known)
        assert (choice is Choice.TAKE) == (place <= order.index(holder))


TTL = dt.timedelta(hours=720)
MILLISECOND = dt.timedelta(milliseconds=1)


def is_sent(
    *,
    mode: Mode = Mode.DELTA,
    row: LedgerRow | None,
    content_hash: bytes = b'a hash',
    valid_until_at: dt.datetime = NOON + TTL,
    now: dt.datetime = NOON,
) -> bool:
    return must_send(
        mode=mode,
        row=row,
        content_hash=content_hash,
        valid_until=millis(valid_until_at),
        ttl=TTL // MILLISECOND,
        now=millis(now),
    )


@pytest.mark.parametrize('mode', Mode)
def test_object_missing_from_sentinel_is_sent(mode: Mode):
    assert is_sent(mode=mode, row=None)
    assert is_sent(mode=mode, row=make_ledger_row(state=ObjectState.WITHDRAWN))


@pytest.mark.parametrize('mode', Mode)
def test_unchanged_object_is_sent_only_by_a_full_update(mode: Mode):
    assert is_sent(mode=mode, row=make_ledger_row()) == (mode is Mode.FULL)


@pytest.mark.parametrize('mode', Mode)
def test_changed_object_is_sent(mode: Mode):
    assert is_sent(mode=mode, row=make_ledger_row(), content_hash=b'another')


def test_object_that_must_end_sooner_than_sentinel_believes_is_sent():
    assert is_sent(row=make_ledger_row(), valid_until_at=NOON + TTL - dt.timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ('age', 'expected'),
    [
        (TTL / 2 - dt.timedelta(milliseconds=1), False),
        (TTL / 2, True),
        (TTL * 2, True),
    ],
)
def test_object_is_renewed_when_half_of_its_ttl_has_passed(age: dt.timedelta, expected: bool):
    assert (
        is_sent(row=make_ledger_row(), now=NOON + age, valid_until_at=NOON + age + TTL) is expected
    )


def test_object_that_ends_by_itself_is_not_renewed_in_vain():
    until_at = NOON + TTL * 0.75

    row = make_ledger_row(valid_until=until_at)
    assert not is_sent(row=row, now=NOON + TTL * 0.6, valid_until_at=until_at)


def test_object_left_short_by_an_expiry_that_was_taken_back_is_renewed_at_once():
    row = make_ledger_row(valid_until=NOON + dt.timedelta(hours=5))
    assert is_sent(row=row, now=NOON + dt.timedelta(hours=1), valid_until_at=NOON + TTL)


@pytest.mark.parametrize(
    ('row', 'choice'),
    [
        (held_by('q2'), Choice.DUPLICATE),
        (held_by('q2', indicator_id=1), Choice.TAKE),
        (held_by('q3'), Choice.TAKE),
        (held_by('removed'), Choice.TAKE),
    ],
)
@pytest.mark.parametrize('modified_at', [NOON - DAY, NOON + DAY])
def test_copy_that_is_only_looked_up_does_not_displace_the_one_its_query_has_chosen(
    row: LedgerRow, choice: Choice, modified_at: dt.datetime
):
    copy = make_indicator(id=1, modified_at=modified_at)
    assert decide(indicator=copy, row=row, context=context(is_extra=True)) is choice


@pytest.mark.parametrize('mode', Mode)
@pytest.mark.parametrize(
    ('modified_at', 'choice'), [(NOON + DAY, Choice.TAKE), (NOON - DAY, Choice.ALTERNATE)]
)
def test_refused_copy_that_is_looked_up_may_replace_the_current_one(
    modified_at: dt.datetime, choice: Choice, mode: Mode
):
    copy, row = make_indicator(id=1, modified_at=modified_at), held_by('q2', source_modified=NOON)
    known = context(is_extra=True, mode=mode)
    assert decide(indicator=copy, row=row, context=known, is_refused=True) is choice
