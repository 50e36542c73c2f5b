"""The stand-in's TQL: what it accepts, what it refuses, and what it selects."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.threatconnect import Store
from tests.simulators.threatconnect.predicate import build
from tests.simulators.threatconnect.tql import MAX_DEPTH, TqlError, parse
from tests.simulators.threatconnect.tree import And, Compare, Or, id_bounds, mentions

NOW = dt.datetime(2025, 6, 7, 8, 9, 10, 123456, tzinfo=dt.UTC)
BIG = 2**53
ROWS = [
    {
        'id': BIG + 1,
        'type': 'Address',
        'summary': '198.51.100.23',
        'ownerName': 'Demo Organization',
        'confidence': 0,
        'rating': 4.5,
        'lastModified': '2025-06-07T08:09:10Z',
        'tags': {'data': [{'name': 'Botnet'}, {'name': 'Phishing', 'techniqueId': 'T1566'}]},
        'attributes': {
            'data': [
                {'type': 'Phase of Intrusion', 'value': 'C2'},
                {'type': 'Description', 'value': 'Seen scanning', 'default': True},
            ]
        },
        'associatedGroups': {
            'data': [{'id': 10, 'name': 'Weekly', 'type': 'Report', 'upVoteCount': '3'}]
        },
        'securityLabels': {'data': [{'name': 'TLP:RED'}]},
    },
    {
        'id': BIG + 2,
        'type': 'Host',
        'summary': 'c2.example.net',
        'ownerName': 'Demo Research',
        'confidence': 80,
        'lastModified': '2025-06-07T08:09:11Z',
        'tags': {'data': [{'name': 'Botnet'}]},
        'securityLabels': {},
    },
    {
        'id': BIG + 3,
        'type': 'Email Subject',
        'summary': 'It\'s "due" \\ `now` 100%',
        'ownerName': 'OSINT Community',
        'lastModified': '2025-06-07T00:00:00Z',
        'externalDateExpires': '2025-01-01T00:00:00Z',
    },
    {
        'id': BIG + 4,
        'type': 'Address',
        'summary': '2001:db8:0:0:0:0:0:5',
        'ownerName': 'Demo Organization',
        'active': False,
        'confidence': 50,
        'rating': 3.0,
        'lastModified': '2025-06-06T23:59:59Z',
    },
    {
        'id': BIG + 5,
        'type': 'File',
        'md5': '0123456789ABCDEF0123456789ABCDEF',
        'sha1': '0123456789ABCDEF0123456789ABCDEF01234567',
        'size': 5120,
        'ownerName': 'Demo Research',
        'lastModified': '2024-01-31T12:00:00Z',
    },
    {
        'id': BIG + 6,
        'type': 'Host',
        'summary': 'c2.example.net',
        'ownerName': 'OSINT Community',
        'lastModified': '2024-01-31T12:00:00Z',
    },
]
STORE = Store(ROWS)


def select(text: str) -> set[int]:
    """Return the last digits of the ids that a query selects."""
    test = build(parse(text, now=NOW), STORE.surroundings())
    return {row['id'] - BIG for row in STORE.rows() if test(row)}


@pytest.mark.parametrize(
    ('text', 'ids'),
    [
        ('typeName = "Host"', {2, 6}),
        ("typeName == 'Host'", {2, 6}),
        ('typename EQ `Host`', {2, 6}),
        ('TYPENAME equals "Host"', {2, 6}),
        ('typeName != "Host"', {1, 3, 4, 5}),
        ('typeName ne "Host"', {1, 3, 4, 5}),
        ('typeName in ("Host","Email Subject")', {2, 3, 6}),
        ('typeName NOT IN ("Host", "Address")', {3, 5}),
        ("typeName in 'File'", {5}),
        ('typeName LIKE ("Email%")', {3}),
        ('typeName like "%s%"', {1, 2, 4, 6}),
        ('typeName not like "Addr%ss"', {2, 3, 5, 6}),
        ('summary contains "example"', {2, 6}),
        ('summary not contains "example"', {1, 3, 4, 5}),
        ('summary startswith "c2"', {2, 6}),
        ('summary ENDSWITH ".23"', {1}),
        ('summary like "%100%"', {1, 3}),
        ('summary endswith "100%"', {3}),
        ('summary like "_2.example.net"', set()),
    ],
)
def test_text_operators_and_their_aliases_work(text: str, ids: set[int]) -> None:
    assert select(text) == ids


@pytest.mark.parametrize(
    ('text', 'ids'),
    [
        ('confidence > 50', {2}),
        ('confidence gt 50', {2}),
        ('confidence >= 50', {2, 4}),
        ('confidence GEQ 50', {2, 4}),
        ('confidence < 50', {1}),
        ('confidence lt 50', {1}),
        ('confidence <= 50', {1, 4}),
        ('confidence leq 50', {1, 4}),
        ('confidence = 0', {1}),
        ('confidence != 0', {2, 4}),
        ('confidence in (0, 80)', {1, 2}),
        ('confidence is null', {3, 5, 6}),
        ('confidence IS NOT NULL', {1, 2, 4}),
        ('confidence > -1', {1, 2, 4}),
        ('rating >= 3.5', {1}),
        ('rating = 3', {4}),
        (f'id > {BIG + 1} and id < {BIG + 4}', {2, 3}),
        (f'id in ({BIG + 6},{BIG + 1})', {1, 6}),
        ('fileSize = 5120', {5}),
        ('owner = 102', {2, 5}),
        ('type = 1', {1, 4}),
        (f'sameNameAs = {BIG + 2}', {2, 6}),
    ],
)
def test_numbers_are_compared(text: str, ids: set[int]) -> None:
    assert select(text) == ids


@pytest.mark.parametrize(
    ('text', 'ids'),
    [
        ('indicatorActive=true', {1, 2, 3, 5, 6}),
        ('indicatorActive = False', {4}),
        ('(indicatorActive=true OR indicatorActive=false)', {1, 2, 3, 4, 5, 6}),
        ('addressIsIpv6 = true', {4}),
        ('hostDnsActive = false', {2, 6}),
        ("addressCIDR in '198.51.100.0/24'", {1}),
        ("addressCIDR not in '198.51.100.0/24'", {4}),
        ('addressCidr = "2001:db8::/32"', {4}),
        ('addressIpVal = 3325256727', {1}),
        ('value1 = "0123456789ABCDEF0123456789ABCDEF"', {5}),
        ('description contains "scanning"', {1}),
        ('tag = "Botnet"', {1, 2}),
        ('tag != "Botnet"', {3, 4, 5, 6}),
        ('attackTag = "Phishing"', {1}),
        ('attackTag is null', {2, 3, 4, 5, 6}),
        ('securityLabel = "TLP:RED"', {1}),
        ('associatedGroup = 10', {1}),
    ],
)
def test_other_keywords_are_supported(text: str, ids: set[int]) -> None:
    assert select(text) == ids


@pytest.mark.parametrize(
    ('text', 'ids'),
    [
        ('lastModified = "2025-06-07"', {3}),
        ('lastModified >= "2025-06-07"', {1, 2, 3}),
        ('lastModified GEQ "2025-06-07 08:09:11"', {2}),
        ('lastModified GEQ "2025-06-07T08:09:10Z" and lastModified LT "2025-06-07T08:09:11Z"', {1}),
        ('lastModified <= "NOW()"', {1, 3, 4, 5, 6}),
        ('lastModified >= "TODAY()"', {1, 2, 3}),
        ('lastModified < "today()"', {4, 5, 6}),
        ('externalDateExpires < "NOW()"', {3}),
        ('externalDateExpires is null', {1, 2, 4, 5, 6}),
        ('firstSeen > "2001-01-01"', set()),
    ],
)
def test_dates_are_read_in_all_forms(text: str, ids: set[int]) -> None:
    assert select(text) == ids


@pytest.mark.parametrize(
    ('text', 'ids'),
    [
        ('hasTag(name = "Phishing")', {1}),
        ('hasTag(techniqueId startswith "T1")', {1}),
        ('hasTag(techniqueId is null)', {1, 2}),
        ('hasTag()', {1, 2}),
        ('not hasTag()', {3, 4, 5, 6}),
        ('hasTag(name in ("Botnet","Phishing"))', {1, 2}),
        ('hasAllTags(name in ("Botnet","Phishing"))', {1}),
        ('hasAttribute(typeName = "Phase of Intrusion" and text = "C2")', {1}),
        ('hasAttribute(typeName = "Description" and text = "C2")', set()),
        ('hasGroup(id in (10,15))', {1}),
        ('hasGroup(typeName = "Report" and summary like "Week%" and upvoteCount > 2)', {1}),
        ('hasSecurityLabel(name = "TLP:RED")', {1}),
        ('hasIndicator()', set()),
        ('hasIntelRequirement(requirement contains "x")', set()),
        ('NOT (hasTag(name = "Phishing") or typeName = "Host")', {3, 4, 5}),
    ],
)
def test_sub_queries_are_supported(text: str, ids: set[int]) -> None:
    assert select(text) == ids


def test_many_clauses_are_supported() -> None:
    assert select('typeName = "Host" or typeName = "File" or confidence = 0') == {1, 2, 5, 6}
    assert select('typeName != "Host" and owner != 103 and confidence is null') == {5}
    assert select('not (typeName = "Host" or typeName = "File" or owner = 101)') == {3}


def test_and_binds_tighter_than_or() -> None:
    text = 'typeName = "File" or typeName = "Address" and confidence = 0'

    assert select(text) == {1, 5}
    assert select('(typeName = "File" or typeName = "Address") and confidence = 0') == {1}
    tree = parse(text)
    assert isinstance(tree, Or)
    assert isinstance(tree.items[1], And)


@pytest.mark.parametrize('quote', ['"', "'", '`'])
def test_strings_may_hold_escaped_quotes_and_backslashes(quote: str) -> None:
    text = 'It\\\'s \\"due\\" \\\\ \\`now\\` 100%'

    assert select(f'summary = {quote}{text}{quote}') == {3}


def test_missing_values_match_neither_a_comparison_nor_its_negation() -> None:
    assert select('confidence = 80') | select('not confidence = 80') == {1, 2, 4}
    assert select('not (confidence = 80 or rating > 1)') == set()
    assert select('not not confidence = 80') == {2}


@pytest.mark.parametrize(
    'text',
    [
        '',
        '   ',
        'foo = 1',
        'typeName',
        'typeName =',
        'typeName = Host',
        'typeName = "Host" confidence = 1',
        'typeName = "Host" and',
        'and typeName = "Host"',
        '(typeName = "Host"',
        'typeName = "Host")',
        '()',
        'typeName = "Host',
        'typeName = "Host\'',
        'typeName = "a\\b"',
        'typeName in ()',
        'typeName in ("a",)',
        'typeName in ("a" "b")',
        'typeName = ("a","b")',
        'typeName not = "a"',
        'typeName is "a"',
        'typeName = null',
        'typeName = 5',
        'typeName && "x"',
        'confidence = "50"',
        'confidence = 50.5',
        'confidence = 5x',
        'confidence contains 5',
        'confidence like "5%"',
        'indicatorActive = 1',
        'indicatorActive = "true"',
        'indicatorActive > true',
        'indicatorActive in (true,false)',
        'active = true',
        'hasTag = "x"',
        'hasTag(foo = "x")',
        'hasTag(name = "x"',
        'hasTag(typeName = "x")',
        'addressCidr = "198.51.100"',
        'addressCidr like "198%"',
        'last_modified > "2025-01-01"',
        'lastModified > 1700000000',
        'lastModified > "2025-01-01T00:00:00.000Z"',
        'lastModified > "2025-01-01 00:00:00.5"',
        'lastModified > "2025-01-01T00:00:00"',
        'lastModified > "2025-01-01T00:00:00+01:00"',
        'lastModified > "2025-01-01T00:00:00z"',
        'lastModified > "2025-1-1"',
        'lastModified > "2025-02-30"',
        'lastModified > "2025-01-01 25:00:00"',
        'lastModified > "NOW() - 1 DAYS"',
        'lastModified > "yesterday"',
        'lastModified like "2025%"',
        'typeName = "Host"; confidence = 1',
    ],
)
def test_undocumented_tql_is_refused(text: str) -> None:
    with pytest.raises(TqlError):
        parse(text)


def test_messages_say_what_and_where() -> None:
    with pytest.raises(TqlError, match='unknown keyword "foo" at character 20'):
        parse('typeName = "a" and foo = 1')
    with pytest.raises(TqlError, match='the string that starts at character 12 does not end'):
        parse('typeName = "abc')
    with pytest.raises(TqlError, match=r'"2025-01-01T00:00:00\.5Z" is no date at character 16'):
        parse('lastModified > "2025-01-01T00:00:00.5Z"')


def test_endless_nesting_is_an_error_not_a_crash() -> None:
    deep = MAX_DEPTH - 1

    assert parse('(' * deep + 'confidence = 1' + ')' * deep)
    with pytest.raises(TqlError, match='levels of parentheses'):
        parse('(' * 5000 + 'confidence = 1' + ')' * 5000)
    parse(' or '.join(['(confidence = 1)'] * 500))


@given(st.text(max_size=60))
def test_text_of_any_content_survives_quoting(text: str) -> None:
    for quote in '"\'`':
        escaped = ''.join(f'\\{c}' if c in '"\'`\\' else c for c in text)
        tree = parse(f'summary = {quote}{escaped}{quote}')
        assert isinstance(tree, Compare)
        assert tree.values == (text,)


@given(st.text(alphabet=string.printable, max_size=60))
def test_text_of_any_content_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except TqlError:
        return


@given(st.data())
def test_negation_is_the_complement_where_nothing_is_missing(data: st.DataObject) -> None:
    leaves = st.sampled_from(
        ['typeName = "Host"', 'summary contains "2"', 'hasTag(name = "Botnet")', 'owner > 101']
    )
    trees = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds('({} and {})'.format, inner, inner),
            st.builds('({} or {})'.format, inner, inner),
            st.builds('not ({})'.format, inner),
        ),
        max_leaves=6,
    )
    text = data.draw(trees)

    assert select(f'not ({text})') == {1, 2, 3, 4, 5, 6} - select(text)


@pytest.mark.parametrize(
    ('text', 'bounds'),
    [
        ('id > 5', (6, None)),
        ('id >= 5 and id < 9', (5, 8)),
        ('confidence > 1 and (id > 5 and id <= 7)', (6, 7)),
        ('(id > 5) and id > 8', (9, None)),
        ('id = 4', (4, 4)),
        ('id in (9, 3)', (3, 9)),
        ('id > 5 or confidence > 1', (None, None)),
        ('not id > 5', (None, None)),
        ('id not in (3)', (None, None)),
        ('id != 3', (None, None)),
        ('hasGroup(id > 5)', (None, None)),
        ('id > 5 and not id > 8', (6, None)),
    ],
)
def test_bounds_on_id_come_from_clauses_joined_by_and(
    text: str, bounds: tuple[int | None, int | None]
) -> None:
    assert id_bounds(parse(text)) == bounds


def test_mention_of_a_keyword_does_not_count_inside_a_sub_query() -> None:
    assert mentions(parse('confidence = 1 or not (indicatorActive = true)'), 'indicatorActive')
    assert not mentions(parse('hasIndicator(indicatorActive = false)'), 'indicatorActive')


@given(
    st.lists(st.sampled_from(['id > {0}', 'id <= {0}', 'id = {0}', 'id != {0}']), max_size=3),
    st.lists(st.integers(BIG - 1, BIG + 8), min_size=3, max_size=3),
)
def test_seek_by_id_returns_what_a_scan_returns(forms: list[str], numbers: list[int]) -> None:
    clauses = [form.format(number) for form, number in zip(forms, numbers, strict=False)]
    text = ' and '.join([*clauses, '(typeName = "Host" or owner = 101)'])

    assert {row['id'] - BIG for row in STORE.rows(text)} == select(text)


def test_case_of_values_matters_unless_switched_off() -> None:
    tree = parse('typeName = "host" or summary like "C2%"')
    for ignores_case, ids in ((False, set()), (True, {2, 6})):
        test = build(tree, STORE.surroundings(ignores_case=ignores_case))
        assert {row['id'] - BIG for row in STORE.rows() if test(row)} == ids
