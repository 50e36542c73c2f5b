"""The saved query that each query of a file is, as the page matches them."""

from __future__ import annotations

from dataclasses import replace

from sentinel_app.core.query import Query
from sentinel_app.core.query_match import matched_ids
from tests.harness.builders.app_state import make_query

FIRST = make_query('q1', tql='rating > 1')
SECOND = make_query('q2', tql='rating > 2')
THIRD = make_query('q3', tql='rating > 2', sort_field='rating')
SAVED = (FIRST, SECOND, THIRD)


def without_id(query: Query) -> Query:
    return replace(query, id='')


def test_query_is_the_saved_one_with_its_id_whatever_else_was_changed() -> None:
    edited = replace(FIRST, tql='rating > 2', owners=('Other',))
    assert matched_ids([edited, SECOND], SAVED) == ('q1', 'q2')


def test_equal_queries_match_in_any_order_without_a_known_id() -> None:
    queries = [without_id(THIRD), replace(FIRST, id='of another Service'), without_id(SECOND)]
    assert matched_ids(queries, SAVED) == ('q3', 'q1', 'q2')


def test_query_with_the_same_selection_in_another_order_is_the_saved_one_edited() -> None:
    sorted_otherwise = replace(FIRST, id='', tql=' rating > 1', sort_field='summary')
    assert matched_ids([sorted_otherwise], SAVED) == ('q1',)


def test_id_goes_before_content_and_an_equal_query_before_a_similar_one() -> None:
    assert matched_ids([without_id(FIRST), FIRST], SAVED) == (None, 'q1')
    assert matched_ids([without_id(THIRD)], SAVED) == ('q3',)


def test_saved_query_is_matched_only_once_and_a_query_of_its_own_is_new() -> None:
    twice = [without_id(FIRST), without_id(FIRST), make_query('', tql='confidence > 90')]
    assert matched_ids(twice, SAVED) == ('q1', None, None)
    assert matched_ids([FIRST, FIRST], SAVED) == ('q1', None)
