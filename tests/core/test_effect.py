"""What a save would change; nothing is claimed that was not counted."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel_app.core.effect import (
    Change,
    Counted,
    CurrentObjects,
    Effect,
    QueryEffect,
    effect,
    queries_to_count,
    seconds_for,
)
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query, WithdrawPolicy
from tests.harness.builders.app_state import make_query, minutes

HELD = {
    'q1': CurrentObjects(objects=97, until=minutes(60)),
    'q2': CurrentObjects(objects=10, until=minutes(30)),
}


def make(query_id: str, tql: str, **fields: Any) -> Query:
    return make_query(query_id, tql=tql, **fields)


Q1, Q2 = make('q1', 'a > 1'), make('q2', 'b > 1')


def of(
    new: list[Query],
    *,
    old: list[Query] | None = None,
    policy: WithdrawPolicy = WithdrawPolicy.DELETED,
    withdrawn: tuple[str, ...] = (),
    **counts: int | None,
) -> Effect:
    counted = {
        name: Counted(count=count, fault=None if count is not None else 'No answer.')
        for name, count in counts.items()
    }
    return effect(
        [Q1, Q2] if old is None else old,
        new,
        held=HELD,
        counts=counted,
        policy=policy,
        withdrawn=withdrawn,
    )


def one(found: Effect, query_id: str) -> QueryEffect:
    (each,) = (each for each in found.queries if each.query.id == query_id)
    return each


def test_unaffected_queries_are_kept_and_change_nothing() -> None:
    found = of([Q2, make('q1', 'a > 1', name='Named', sort_field='rating')])
    assert {each.change for each in found.queries} == {Change.KEPT}
    assert (found.more, found.fewer, found.stays, found.full_objects) == (0, 0, 0, 107)


def test_new_query_brings_what_it_returns() -> None:
    found = of([Q1, Q2, make('q9', 'c > 1')], q9=1_240)
    assert (one(found, 'q9').change, found.more) == (Change.ADDED, 1_240)
    assert (found.is_complete, found.full_objects) == (True, 1_347)
    assert seconds_for(1_240, 100) == pytest.approx(13 * 0.6)


def test_uncountable_query_has_no_number() -> None:
    found = of([Q1, Q2, make('q9', 'c > 1')], q9=None)
    assert (one(found, 'q9').more, one(found, 'q9').counted.fault) == (None, 'No answer.')
    assert (found.more, found.is_complete, found.full_objects) == (0, False, None)


def test_edited_query_has_more_or_leaves_some() -> None:
    assert of([make('q1', 'a > 0'), Q2], q1=100).more == 3
    found = of([make('q1', 'a > 9'), Q2], q1=40)
    assert (found.more, found.fewer, found.stays) == (0, 0, 57)
    policy = WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
    found = of([make('q1', 'a > 9'), Q2], policy=policy, q1=40)
    assert (found.more, found.fewer, found.stays) == (0, 57, 0)


@pytest.mark.parametrize(
    ('policy', 'withdrawn', 'fewer'),
    [
        (WithdrawPolicy.DELETED, (), 0),
        (WithdrawPolicy.NEVER, (), 0),
        (WithdrawPolicy.NEVER, ('q1',), 97),
        (WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING, (), 97),
    ],
)
def test_objects_of_a_deleted_query_are_withdrawn_or_stay(
    policy: WithdrawPolicy, withdrawn: tuple[str, ...], fewer: int
) -> None:
    found = of([Q2], policy=policy, withdrawn=withdrawn)
    gone = one(found, 'q1')
    assert (gone.change, gone.position, gone.held.until) == (Change.DELETED, None, minutes(60))
    assert (found.fewer, found.stays) == (fewer, 97 - fewer)


def test_objects_of_a_disabled_query_stay_whatever_is_withdrawn() -> None:
    policy = WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
    found = of([make('q1', 'a > 1', is_enabled=False), Q2], policy=policy, q2=10)
    assert (one(found, 'q1').change, found.fewer, found.stays) == (Change.DISABLED, 0, 97)
    assert found.full_objects == 10


def test_query_that_returns_as_much_takes_over() -> None:
    found = of([make('q2', ' a > 1 ')], q2=97)
    assert one(found, 'q1').taken_over_by == ('q2',)
    assert (found.fewer, found.stays) == (0, 0)
    # A copy of a query, above or below it, brings nothing that is not there.
    for new in ([Q1, make('q9', 'a > 1')], [make('q9', 'a > 1'), Q1]):
        found = of(new, old=[Q1], q9=97)
        assert (one(found, 'q9').taken_over_by, found.more) == (('q1',), 0)


@pytest.mark.parametrize(
    ('new', 'count', 'sent'),
    [
        ([Q2], 60, 60),
        # It gains no more than the other one had, and has lost nothing of its own.
        ([Q2], 500, 107),
        ([Q2], 3, 10),
        ([make('q1', 'a > 1', is_enabled=False), Q2], 60, 60),
        ([make('q1', 'a > 9'), Q2], 60, 40 + 60),
        ([Q2], None, None),
    ],
)
def test_full_update_sends_what_a_lower_query_takes_over(
    new: list[Query], count: int | None, sent: int | None
) -> None:
    assert queries_to_count([Q1, Q2], new, HELD)[-1] == Q2
    found = of(new, q2=count, q1=40)
    assert (found.full_objects, found.more) == (sent, 0)


def test_lower_queries_are_counted_only_where_they_may_take_over_something() -> None:
    url = make('q3', 'c > 1', indicator_types=(IndicatorType.URL,))
    off = make('q4', 'd > 1', is_enabled=False)
    new = make('q9', 'e > 1')
    old = [Q1, Q2, url, off]
    assert queries_to_count(old, [Q1, url, off, new], HELD) == [new]
    assert queries_to_count(old, [Q2, url, off], HELD) == [Q2]
    assert queries_to_count(old, [Q2, url, off], {}) == []
    assert queries_to_count(old, [Q2, Q1, url, off], HELD) == []


def test_enabled_query_adds_what_it_no_longer_has() -> None:
    off = make('q1', 'a > 1', is_enabled=False)
    found = of([Q1, Q2], old=[off, Q2], q1=150)
    assert (one(found, 'q1').change, found.more) == (Change.ENABLED, 53)
    assert of([off, Q2], old=[off, Q2]).full_objects == 10
