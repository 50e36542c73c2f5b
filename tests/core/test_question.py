"""What a row must be, as each kind of question says beside its TQL."""

import datetime as dt

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query
from sentinel_app.core.question import (
    Question,
    clause_ids,
    effective_question,
    empty_question,
    free_question,
    inactive_question,
    selection_question,
    value_questions,
)
from sentinel_app.core.time_range import TimeRange
from sentinel_app.core.tql import effective_tql, ids_clause, inactive_tql, selection_tql
from sentinel_app.core.window import Window
from tests.harness.clocks import NOON

WINDOW = Window(start_at=NOON, end_at=NOON + dt.timedelta(hours=1))


def query(tql: str = '') -> Query:
    return Query(
        id='q',
        owners=('Org', 'Feed'),
        indicator_types=(IndicatorType.HOST, IndicatorType.EMAIL_SUBJECT),
        tql=tql,
    )


def test_page_request_states_owners_types_activity_and_the_id_before_it():
    question = effective_question(query('rating > 3'), window=WINDOW, after_id=7)
    assert question == Question(
        tql=effective_tql(query('rating > 3'), window=WINDOW, after_id=7),
        owners=('Org', 'Feed'),
        types=('Host', 'Email Subject'),
        is_active=True,
        after_id=7,
    )


@pytest.mark.parametrize(
    ('tql', 'is_active'),
    [
        ('', True),
        ('rating > 3', True),
        ('indicatorActive = false', None),
        ('(INDICATORACTIVE=true OR indicatoractive=false)', None),
    ],
)
def test_users_tql_may_ask_for_inactive_indicators(tql, is_active):
    assert effective_question(query(tql)).is_active is is_active
    assert free_question(tql or 'rating > 0').is_active is is_active


def test_lookup_of_single_ids_lets_no_other_id_pass():
    question = effective_question(query(), clause=ids_clause((3, 2**62)))
    assert question.ids == {3, 2**62}
    # What is read in spans takes no account of ids; the reader picks them out.
    part = effective_question(query(), clause=ids_clause((3,)), time_range=TimeRange(start_at=NOON))
    assert part.ids is None
    assert part.tql.endswith('((id in (3)) AND (lastModified GEQ "2026-03-04T12:00:00Z"))')


@pytest.mark.parametrize(
    ('clause', 'ids'),
    [
        (None, None),
        ('id in (1)', {1}),
        ('id in (1, 22)', {1, 22}),
        ('id > 1', None),
        ('summary in ("id in (1)")', None),
        ('id in (1) OR rating > 0', None),
    ],
)
def test_ids_are_named_only_by_a_clause_of_ids_alone(clause, ids):
    assert clause_ids(clause) == ids


def test_selections_and_searches_state_what_they_ask_for():
    chosen = selection_question(['A'], ['Host'], clause='id < 9', after_id=7)
    assert chosen.tql == selection_tql(['A'], ['Host'], clause='id < 9', after_id=7)
    assert (chosen.is_active, chosen.after_id) == (True, 7)
    time_range = TimeRange(start_at=NOON)
    gone = inactive_question(['A'], ['Host'], time_range=time_range, after_id=7)
    assert gone.tql == inactive_tql(['A'], ['Host'], time_range=time_range, after_id=7)
    assert (gone.owners, gone.types, gone.is_active) == (('A',), ('Host',), False)


def test_copies_of_a_value_are_requested_active_and_inactive():
    active, inactive = value_questions('a OR b')
    assert (active.tql, active.is_active) == ('a OR b', True)
    assert inactive.tql == 'indicatorActive = false AND (a OR b)'
    assert inactive.is_active is False
    assert active.owners == inactive.types == ()


def test_empty_question_keeps_the_original_in_parentheses():
    asked = free_question('a OR b')
    assert empty_question(asked).tql == (
        '(a OR b) AND id < 0 AND lastModified LT "1970-01-01T00:00:00Z"'
    )
