import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query
from sentinel_app.core.time_range import SECOND, TimeRange
from sentinel_app.core.tql import (
    TqlError,
    both_clauses,
    check_tql,
    effective_tql,
    inactive_tql,
    quote,
    range_clause,
    selection_tql,
    values_clause,
)
from sentinel_app.core.window import Window
from sentinel_app.errors import QueryError
from tests.harness.clocks import NOON

awkward = st.text(alphabet=st.sampled_from(list('ab ()\'"`\\\n=%\0é')), max_size=30)
texts = st.one_of(st.text(), awkward)
tql_pieces = st.lists(
    st.sampled_from(
        ['(', ')', '"', "'", '`', '\\', '\\"', ' OR ', ' AND ', 'rating > 3', '"x"', "'a\"b'", '\n']
    ),
    max_size=12,
).map(''.join)


def query(tql='', owners=('Org',), types=(IndicatorType.HOST,)) -> Query:
    return Query(id='q', owners=owners, indicator_types=types, tql=tql)


def scan(tql: str) -> list[tuple[str, int]]:
    """An independent reading: each part outside of strings, strings as one, with its depth."""
    parts, depth, position = [], 0, 0
    while position < len(tql):
        character = tql[position]
        end = position + 1
        if character in '"\'`':
            while tql[end] != character:
                end += 2 if tql[end] == '\\' else 1
            end += 1
        elif character == '(':
            depth += 1
        elif character == ')':
            depth -= 1
            assert depth >= 0
        parts.append((tql[position:end], depth))
        position = end
    assert depth == 0
    return parts


def unquote(text: str) -> str:
    assert text[0] == text[-1] == '"'
    plain, characters = '', iter(text[1:-1])
    for character in characters:
        assert character not in '"\'`'
        plain += next(characters) if character == '\\' else character
    return plain


def top_level(tql: str) -> str:
    return ''.join(part for part, depth in scan(tql) if depth == 0)


def test_effective_tql_holds_the_users_or_inside():
    window = Window(start_at=NOON, end_at=NOON + dt.timedelta(hours=1))
    tql = effective_tql(
        query(
            ' rating > 3 OR confidence > 50\n',
            owners=('Org', 'Ho"st'),
            types=(IndicatorType.HOST, IndicatorType.EMAIL_SUBJECT),
        ),
        window=window,
        after_id=9007199254740993,
    )
    assert tql == (
        '(rating > 3 OR confidence > 50) AND ownerName in ("Org", "Ho\\"st") '
        'AND typeName in ("Host", "Email Subject") '
        'AND lastModified GEQ "2026-03-04T12:00:00Z" AND lastModified LT "2026-03-04T13:00:00Z" '
        'AND id > 9007199254740993'
    )


@pytest.mark.parametrize('text', ['', '  \n'])
def test_empty_tql_adds_no_clause(text):
    assert effective_tql(query(text)) == 'ownerName in ("Org") AND typeName in ("Host")'


def test_reading_everything_sets_no_bounds_of_time():
    tql = effective_tql(query(), window=Window(start_at=None, end_at=NOON))
    assert 'lastModified' not in tql


def test_times_are_written_in_utc_and_whole_seconds():
    start_at = dt.datetime(2026, 3, 4, 7, 0, 0, 987_654, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    tql = effective_tql(query(), window=Window(start_at=start_at, end_at=NOON))
    assert 'lastModified GEQ "2026-03-04T12:00:00Z"' in tql


def test_time_without_zone_is_refused():
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(ValueError, match='zone'):
        effective_tql(query(), window=Window(start_at=naive, end_at=NOON))


@pytest.mark.parametrize('wrong', [{'owners': ()}, {'types': ()}])
def test_query_without_owners_or_types_is_refused(wrong):
    with pytest.raises(ValueError, match='at least one'):
        effective_tql(query('rating > 3', **wrong))


@pytest.mark.parametrize(
    'text',
    [
        'rating > 3',
        'typeName LIKE ("Email%") AND (a = 1 OR b = 2)',
        'summary = "a)b"',
        'summary = "" or summary in ("","\uff09")',
        "summary = '(('",
        'summary = `"`',
        r'summary = "a\"b" AND x = "c:\\"',
        'summary = "line\nbreak"',
        'hasTag(name = "Ünïcode 🎯")',
        '',
    ],
)
def test_valid_tql_is_accepted(text):
    check_tql(text)


@pytest.mark.parametrize(
    ('text', 'position', 'words'),
    [
        ('a = 1) OR (b = 2', 5, 'never opened'),
        ('a = 1)', 5, 'never opened'),
        ('((a = 1)', 0, 'never closed'),
        ('a = "x', 4, 'never ends'),
        ('a = "x\\', 4, 'never ends'),
        ('a = "x\\"', 4, 'never ends'),
        ('a = \'x"', 4, 'never ends'),
        ('a = `x\'"', 4, 'never ends'),
        ('a = 1 \\', 6, 'backslash'),
        ('a = \\"x\\"', 4, 'backslash'),
        ('a = 1\0', 5, 'NUL'),
        ('a = "\0"', 4, 'NUL'),
        ('a = "\\\0"', 4, 'NUL'),
        ('a = "a""b) or (c"', 7, 'two strings'),
        ('a = "a"\'b\'', 7, 'two strings'),
        ('a = """', 6, 'two strings'),
        ('a = 1\uff09 or \uff08b = 2', 5, 'looks like'),
        ('a = \uff02x\uff02', 4, 'looks like'),
    ],
)
def test_tql_that_would_escape_its_clause_is_refused_with_its_place(text, position, words):
    with pytest.raises(TqlError, match=words) as caught:
        check_tql(text)
    assert caught.value.position == position
    assert caught.value.context == {'position': position}
    assert f'character {position + 1}' in caught.value.message
    assert isinstance(caught.value, QueryError)
    assert caught.value.code == 'TC-QUERY'


def test_message_shows_ten_characters_around_the_place():
    with pytest.raises(TqlError) as caught:
        check_tql('0123456789abcdefghij) AND klmnopqrstuv')
    assert caught.value.message.endswith("at character 21, near 'abcdefghij) AND klmn'.")


def test_values_clause_lets_any_of_the_values_pass():
    assert values_clause(['a.example', 'b.example'], ['ab', 'cd']) == (
        'summary contains "ab" OR summary contains "cd" OR summary in ("a.example", "b.example")'
    )
    assert values_clause([], ['ab', 'cd']) == 'summary contains "ab" OR summary contains "cd"'


@given(texts)
def test_quoting_survives_any_text(text):
    quoted = quote(text)
    assert unquote(quoted) == text
    assert [part for part, _ in scan(quoted)] == [quoted]


@given(texts.filter(lambda text: '\0' not in text))
def test_quoted_text_is_good_tql(text):
    check_tql(f'summary = {quote(text)}')


@given(st.one_of(texts, tql_pieces), st.lists(texts, min_size=1, max_size=3))
def test_accepted_text_never_reaches_the_top_level(text, owners):
    try:
        tql = effective_tql(query(text, owners=tuple(owners)), after_id=7)
    except TqlError:
        assume(False)
    user_part = '()' if text.strip() else ''
    clauses = ['ownerName in ()', 'typeName in ()', 'id > 7']
    shown = ''.join(part if depth == 0 else '' for part, depth in scan(tql) if part != ')')
    expected = ' AND '.join(([user_part] if user_part else []) + clauses)
    assert shown == expected.replace('(', '').replace(')', '')
    assert top_level(tql).count('AND') == len(clauses) - 1 + bool(user_part)


@given(tql_pieces)
def test_accepted_text_is_balanced_by_an_independent_reading_too(text):
    try:
        check_tql(text)
    except TqlError:
        return
    scan(text)


def test_long_text_is_checked_in_one_pass():
    check_tql('summary in (' + ','.join('"x\\"y"' for _ in range(50_000)) + ')')
    with pytest.raises(TqlError):
        check_tql('"' + 'x' * 500_000)


GEQ = 'lastModified GEQ "2026-03-04T12:00:00Z"'
LT = 'lastModified LT "2026-03-04T12:00:01Z"'


@pytest.mark.parametrize(
    ('time_range', 'clause'),
    [
        (TimeRange(), None),
        (TimeRange(start_at=NOON), GEQ),
        (TimeRange(end_at=NOON + SECOND), LT),
        (TimeRange(start_at=NOON, end_at=NOON + SECOND), f'{GEQ} AND {LT}'),
    ],
)
def test_time_range_is_half_open_and_may_lack_either_bound(time_range, clause):
    assert range_clause(time_range) == clause


@pytest.mark.parametrize(
    ('first', 'second', 'both'),
    [
        (None, None, None),
        ('a OR b', None, 'a OR b'),
        (None, 'c', 'c'),
        ('a OR b', 'c', '(a OR b) AND (c)'),
    ],
)
def test_clauses_keep_their_own_or(first, second, both):
    assert both_clauses(first, second) == both


def test_selection_names_owners_and_types_and_no_more_than_the_clause():
    whole = 'ownerName in ("A", "B \\"C\\"") AND typeName in ("Host")'
    assert selection_tql(['A', 'B "C"'], ['Host']) == whole
    assert selection_tql(['A', 'B "C"'], ['Host'], clause='id > 7') == f'{whole} AND id > 7'


def test_inactive_indicators_are_requested_within_a_time_range_and_after_an_id():
    whole = 'ownerName in ("A") AND typeName in ("Host") AND indicatorActive = false'
    assert inactive_tql(['A'], ['Host'], time_range=TimeRange()) == whole
    bounded = inactive_tql(['A'], ['Host'], time_range=TimeRange(start_at=NOON), after_id=7)
    assert bounded == f'{whole} AND {GEQ} AND id > 7'
