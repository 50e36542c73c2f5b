"""What a save of the TQL queries changes."""

from __future__ import annotations

from dataclasses import replace

from sentinel_app.core.audit import (
    MAX_CHARS,
    MAX_TEXT_CHARS,
    AuditChange,
    changed_queries,
    changes_of,
)
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query, SortDirection


def make(query_id: str, **changes: object) -> Query:
    query = Query(
        id=query_id,
        owners=('Acme',),
        indicator_types=(IndicatorType.HOST,),
        tql=f'rating > {query_id[-1]}',
        sort_field=None,
        sort_direction=SortDirection.ASCENDING,
    )
    return replace(query, **changes)  # type: ignore[arg-type]


Q1, Q2, Q3 = make('q1'), make('q2'), make('q3')


def lines(old: list[Query], new: list[Query]) -> list[tuple[str, str, str | None, str | None]]:
    changes, left_out = changes_of(old, new)
    assert left_out == 0
    return [(each.subject, each.field, each.before, each.after) for each in changes]


def test_unchanged_list_has_no_changes() -> None:
    assert lines([Q1, Q2], [Q1, Q2]) == []


def test_edit_yields_the_fields_that_differ() -> None:
    edited = make(
        'q2',
        owners=('Acme', '中文'),
        tql='rating > 4',
        sort_field='rating',
        sort_direction=SortDirection.DESCENDING,
    )
    assert lines([Q1, Q2], [Q1, edited]) == [
        ('TQL query 2', 'Owners', 'Acme', 'Acme, 中文'),
        ('TQL query 2', 'TQL', 'rating > 2', 'rating > 4'),
        ('TQL query 2', 'Sort Field', None, 'rating'),
        ('TQL query 2', 'Sort Direction', None, 'Descending'),
    ]


def test_changed_queries_are_only_those_that_differ() -> None:
    assert changed_queries([Q1, Q2, Q3], [Q1, Q2, Q3]) == ()
    assert changed_queries([Q1, Q2], [Q1, make('q2', tql='a'), Q3]) == ('q2', 'q3')
    # One that only fills a gap is as it was; of two that changed places, one has moved.
    assert changed_queries([Q1, Q2, Q3], [Q2, Q3]) == ('q1',)
    assert changed_queries([Q1, Q2, Q3], [Q1, Q3, Q2]) == ('q3', 'q2')


def test_direction_without_a_field_means_nothing() -> None:
    turned = make('q1', sort_direction=SortDirection.DESCENDING)
    assert lines([Q1], [turned]) == []


def test_new_query_has_nothing_before_it_and_a_removed_one_nothing_after() -> None:
    assert lines([Q1], [Q2]) == [
        ('TQL query 1', 'Owners', None, 'Acme'),
        ('TQL query 1', 'Indicator Types', None, 'Host'),
        ('TQL query 1', 'TQL', None, 'rating > 2'),
        ('TQL query 1, removed', 'Owners', 'Acme', None),
        ('TQL query 1, removed', 'Indicator Types', 'Host', None),
        ('TQL query 1, removed', 'TQL', 'rating > 1', None),
    ]


def test_swap_shows_both_places() -> None:
    assert lines([Q1, Q2, Q3], [Q1, Q3, Q2]) == [
        ('TQL query 2', 'Precedence', '3', '2'),
        ('TQL query 3', 'Precedence', '2', '3'),
    ]


def test_shift_to_make_room_is_no_move() -> None:
    fields = {line[1] for line in lines([Q1, Q2], [Q3, Q1, Q2])}
    assert 'Precedence' not in fields
    assert {line[0] for line in lines([Q1, Q2, Q3], [Q2, Q3])} == {'TQL query 1, removed'}


def test_long_text_is_shown_around_its_difference() -> None:
    same = 'x' * 5_000
    old, new = make('q1', tql=f'{same}A{same}'), make('q1', tql=f'{same}BB{same}')
    ((change,), _) = changes_of([old], [new])
    assert change.before is not None
    assert change.after is not None
    assert 'A' in change.before
    assert 'BB' in change.after
    for text in (change.before, change.after):
        assert text[0] == text[-1] == '…'
        assert len(text) == MAX_TEXT_CHARS + 2


def test_difference_at_the_very_end_is_shown() -> None:
    same = 'x' * 5_000
    ((change,), _) = changes_of([make('q1', tql=same)], [make('q1', tql=f'{same}!')])
    assert change.after is not None
    assert change.after.endswith('!')
    assert change.before == '…' + same[:MAX_TEXT_CHARS]


def test_changes_beyond_the_limit_are_counted() -> None:
    many = [make(f'q{number}', tql='y' * 3_000) for number in range(10)]
    changes, left_out = changes_of([], many)
    room = sum(len(each.after or '') for each in changes)
    assert room <= MAX_CHARS
    assert len(changes) + left_out == 30
    assert left_out > 0
    assert changes[0] == AuditChange(subject='TQL query 1', field='Owners', after='Acme')
