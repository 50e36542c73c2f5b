from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinel_app.core.work import Claim, Held

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.job import Mode
from sentinel_app.core.precedence import Choice, PrecedenceContext, choose, must_send
from sentinel_app.core.window import Window
from tests.clocks import NOON
from tests.factories import make_indicator
from tests.strategies import law
from tests.working import make_claim, make_held

CONTEXT = PrecedenceContext(positions={'q1': 0, 'q2': 1, 'q3': 2})
DAY = dt.timedelta(days=1)


def decide(
    *,
    indicator: Indicator | None = None,
    request_id: str = 'j2',
    position: int = 1,
    claim: Claim | None = None,
    held: Held | None = None,
    context: PrecedenceContext = CONTEXT,
    is_released: bool = False,
) -> Choice:
    return choose(
        indicator or make_indicator(),
        request_id=request_id,
        position=position,
        claim=claim,
        held=held,
        context=context,
        is_released=is_released,
        now=NOON,
    )


def test_a_value_that_nobody_has_is_taken():
    assert decide() is Choice.TAKE


def test_a_copy_of_a_higher_query_of_the_same_update_has_precedence():
    newest = make_indicator(modified_at=NOON + DAY)

    assert decide(indicator=newest, claim=make_claim(request_id='j1')) is Choice.DUPLICATE


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
def test_within_a_query_the_newest_copy_wins_then_the_lowest_id(
    indicator_id: int, modified_at: dt.datetime, choice: Choice
):
    claim = make_claim(request_id='j2', indicator_id=5, source_modified_at=NOON)
    indicator = make_indicator(id=indicator_id, modified_at=modified_at)

    assert decide(indicator=indicator, claim=claim) is choice


def test_a_claim_of_this_update_counts_before_the_ledger():
    claim = make_claim(request_id='j2', indicator_id=5, source_modified_at=NOON - DAY)
    held = make_held(query_id='q1')

    assert decide(indicator=make_indicator(modified_at=NOON), claim=claim, held=held) is (
        Choice.REPLACE
    )


def winner(copies: Iterable[Indicator]) -> Indicator:
    """The copy that is chosen when the copies of one query come in this order."""
    claim, chosen = None, None
    for copy in copies:
        if decide(indicator=copy, claim=claim) is not Choice.DUPLICATE:
            chosen = copy
            claim = make_claim(
                request_id='j2', indicator_id=copy.id, source_modified_at=copy.modified_at
            )
    assert chosen is not None
    return chosen


@law
@given(
    st.dictionaries(
        st.integers(min_value=1, max_value=9), st.integers(0, 2), min_size=1, max_size=5
    )
)
def test_the_winner_within_a_query_does_not_depend_on_the_order_of_reading(ages: dict[int, int]):
    copies = [make_indicator(id=key, modified_at=NOON - DAY * age) for key, age in ages.items()]
    best = min(copies, key=lambda copy: (-copy.modified_at.timestamp(), copy.id))

    for order in itertools.islice(itertools.permutations(copies), 24):
        assert winner(order) is best


@pytest.mark.parametrize(
    ('holder', 'choice'),
    [
        ('q1', Choice.DUPLICATE),
        ('q2', Choice.TAKE),
        ('q3', Choice.TAKE),
        ('removed', Choice.TAKE),
    ],
)
def test_across_updates_a_higher_query_keeps_what_it_holds(holder: str, choice: Choice):
    assert decide(held=make_held(query_id=holder)) is choice


def test_a_higher_query_that_was_read_through_without_the_value_makes_way():
    context = PrecedenceContext(positions=CONTEXT.positions, read_through=frozenset({'q1'}))

    assert decide(held=make_held(query_id='q1'), context=context) is Choice.TAKE


@pytest.mark.parametrize(
    ('start_at', 'end_at', 'choice'),
    [
        (NOON - DAY, NOON + DAY, Choice.TAKE),
        (NOON, NOON + DAY, Choice.TAKE),
        (None, NOON + DAY, Choice.TAKE),
        (NOON - DAY, NOON, Choice.DUPLICATE),
        (NOON + DAY, NOON + 2 * DAY, Choice.DUPLICATE),
    ],
)
def test_a_higher_query_that_did_not_return_its_changed_copy_makes_way(
    start_at: dt.datetime | None, end_at: dt.datetime, choice: Choice
):
    context = PrecedenceContext(
        positions=CONTEXT.positions, windows={'q1': Window(start_at=start_at, end_at=end_at)}
    )
    held = make_held(query_id='q1', indicator_id=7)

    assert decide(indicator=make_indicator(id=7, modified_at=NOON), held=held, context=context) is (
        choice
    )
    # Of another copy, such a window says nothing.
    other = make_indicator(id=8, modified_at=NOON)
    assert decide(indicator=other, held=held, context=context) is Choice.DUPLICATE


def test_a_higher_query_whose_copy_is_gone_from_threatconnect_makes_way():
    assert decide(held=make_held(query_id='q1'), is_released=True) is Choice.TAKE


def test_a_copy_that_is_gone_changes_nothing_about_what_this_update_has_chosen():
    claim, held = make_claim(request_id='j1'), make_held(query_id='q1')

    assert decide(claim=claim, held=held, is_released=True) is Choice.DUPLICATE


def test_what_a_higher_query_withdrew_is_free():
    assert decide(held=make_held(query_id='q1', is_live=False)) is Choice.TAKE


@pytest.mark.parametrize(
    ('until_at', 'choice'),
    [(NOON, Choice.TAKE), (NOON + dt.timedelta(milliseconds=1), Choice.DUPLICATE)],
)
def test_what_a_higher_query_holds_is_free_once_it_has_run_out(
    until_at: dt.datetime, choice: Choice
):
    assert decide(held=make_held(query_id='q1', valid_until_at=until_at)) is choice


@law
@given(order=st.permutations(['q1', 'q2', 'q3']), holder=st.sampled_from(['q1', 'q2', 'q3']))
def test_precedence_across_updates_goes_by_the_present_order_of_the_list(
    order: list[str], holder: str
):
    context = PrecedenceContext(positions={query_id: place for place, query_id in enumerate(order)})

    for query_id in order:
        position = order.index(query_id)
        choice = decide(position=position, held=make_held(query_id=holder), context=context)
        assert (choice is Choice.TAKE) == (position <= order.index(holder))


TTL = dt.timedelta(hours=720)


def is_sent(
    *,
    mode: Mode = Mode.DELTA,
    held: Held | None,
    content_hash: str = 'a hash',
    valid_until_at: dt.datetime = NOON + TTL,
    now: dt.datetime = NOON,
) -> bool:
    return must_send(
        mode=mode,
        held=held,
        content_hash=content_hash,
        valid_until_at=valid_until_at,
        ttl=TTL,
        now=now,
    )


@pytest.mark.parametrize('mode', Mode)
def test_what_sentinel_does_not_hold_is_sent(mode: Mode):
    assert is_sent(mode=mode, held=None)
    assert is_sent(mode=mode, held=make_held(is_live=False))


@pytest.mark.parametrize('mode', Mode)
def test_only_a_full_update_sends_what_has_not_changed(mode: Mode):
    assert is_sent(mode=mode, held=make_held()) == (mode is Mode.FULL)


@pytest.mark.parametrize('mode', Mode)
def test_what_changed_is_sent(mode: Mode):
    assert is_sent(mode=mode, held=make_held(), content_hash='another')


def test_what_must_end_sooner_than_sentinel_believes_is_sent():
    assert is_sent(held=make_held(), valid_until_at=NOON + TTL - dt.timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ('age', 'expected'),
    [
        (TTL / 2 - dt.timedelta(milliseconds=1), False),
        (TTL / 2, True),
        (TTL * 2, True),
    ],
)
def test_an_object_is_renewed_when_half_of_its_ttl_has_passed(age: dt.timedelta, expected: bool):
    assert is_sent(held=make_held(), now=NOON + age, valid_until_at=NOON + age + TTL) is expected


def test_an_object_that_ends_by_itself_is_not_renewed_in_vain():
    until_at = NOON + TTL * 0.75

    held = make_held(valid_until_at=until_at)
    assert not is_sent(held=held, now=NOON + TTL * 0.6, valid_until_at=until_at)


def test_an_object_left_short_by_an_expiry_that_was_taken_back_is_renewed_at_once():
    held = make_held(modified_at=NOON, valid_until_at=NOON + dt.timedelta(hours=5))
    assert is_sent(held=held, now=NOON + dt.timedelta(hours=1), valid_until_at=NOON + TTL)


@pytest.mark.parametrize(
    ('held', 'expected'),
    [
        (make_held(query_id='q2', indicator_id=7), Choice.DUPLICATE),
        (make_held(query_id='q2'), Choice.TAKE),
        (make_held(query_id='q3', indicator_id=7), Choice.TAKE),
        (make_held(query_id='gone', indicator_id=7), Choice.TAKE),
    ],
)
def test_a_copy_that_is_only_looked_up_does_not_displace_the_one_its_query_has_chosen(
    held: Held, expected: Choice
):
    choice = choose(
        make_indicator(id=1),
        request_id='j2',
        position=1,
        claim=None,
        held=held,
        context=CONTEXT,
        is_looked_up=True,
        now=NOON,
    )
    assert choice is expected
