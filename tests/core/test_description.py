from __future__ import annotations

import json
import time

import pytest
from hypothesis import given

from sentinel_app.core.description import (
    DESCRIPTION_LIMIT,
    _fitted,
    _whole,
    description_of,
)
from sentinel_app.core.indicator import Attribute, Group, Indicator, IndicatorType
from tests.harness.builders.indicator import make_indicator
from tests.harness.strategies import indicators, law

ORDER = [
    'type',
    'summary',
    'confidence',
    'rating',
    'threatAssessScore',
    'ownerName',
    'associatedGroups',
    'attributes',
    'webLink',
]


def utf16_length(text: str) -> int:
    return len(text.encode('utf-16-le')) // 2


def attribute(kind: str, length: int = 1, character: str = 'x') -> Attribute:
    return Attribute(type=kind, value=character * length)


def group(name: str, owner: str = 'Example Source') -> Group:
    return Group(type='Report', name=name, owner_name=owner)


def described(**fields: object) -> dict[str, object]:
    text = description_of(make_indicator(**fields))
    assert utf16_length(text) <= DESCRIPTION_LIMIT
    description = json.loads(text)
    assert text == json.dumps(description, ensure_ascii=False, separators=(',', ':'))
    return description


def kinds(description: dict[str, object]) -> list[str]:
    return [entry['type'] for entry in description['attributes']]


def names(description: dict[str, object]) -> list[str]:
    return [entry['name'] for entry in description['associatedGroups']]


def test_members_and_their_order() -> None:
    description = described(
        groups=(group('Weekly report'),), attributes=(Attribute(type='Source', value='a "b"\n'),)
    )
    assert list(description) == ORDER
    assert description == {
        'type': 'Address',
        'summary': '198.51.100.23',
        'confidence': 85,
        'rating': 4,
        'threatAssessScore': 612,
        'ownerName': 'Example Org',
        'associatedGroups': [
            {'type': 'Report', 'name': 'Weekly report', 'ownerName': 'Example Source'}
        ],
        'attributes': [{'type': 'Source', 'value': 'a "b"\n'}],
        'webLink': 'https://tc.example.test/#/details/indicators/9007199254740993/overview',
    }


def test_zero_is_a_value_and_none_is_left_out() -> None:
    zeros = described(confidence=0, rating=0.0, threat_assess_score=0)
    assert (zeros['confidence'], zeros['rating'], zeros['threatAssessScore']) == (0, 0.0, 0)
    nothing = described(confidence=None, rating=None, threat_assess_score=None, web_link=None)
    assert list(nothing) == ['type', 'summary', 'ownerName', 'associatedGroups', 'attributes']


def test_type_is_spelled_as_in_v3() -> None:
    assert described(kind=IndicatorType.EMAIL_ADDRESS)['type'] == 'EmailAddress'
    assert described(kind=IndicatorType.EMAIL_SUBJECT)['type'] == 'Email Subject'


def test_attributes_go_from_the_last_to_the_first() -> None:
    many = tuple(attribute(f'A{number:02d}', 60) for number in range(30))
    kept = kinds(described(attributes=many))
    assert 3 < len(kept) < 30
    assert kept == [entry.type for entry in many[: len(kept)]]


def test_attributes_after_one_that_does_not_fit_are_dropped_too() -> None:
    found = described(attributes=(attribute('A'), attribute('B', 50_000), attribute('C')))
    assert kinds(found) == ['A']


def test_first_and_last_seen_are_kept_longest_and_in_their_places() -> None:
    found = described(
        attributes=(
            attribute('A'),
            attribute('First Seen', 20),
            attribute('B', 900),
            attribute('Last Seen', 20),
            attribute('C'),
        )
    )
    assert kinds(found) == ['A', 'First Seen', 'Last Seen']


def test_first_seen_outlives_last_seen() -> None:
    found = described(
        attributes=(attribute('A'), attribute('First Seen', 300), attribute('Last Seen', 600))
    )
    assert kinds(found) == ['First Seen']


def test_groups_outlive_attributes() -> None:
    groups = tuple(group(f'{number:02d}' * 100) for number in range(3))
    found = described(groups=groups, attributes=(attribute('First Seen', 20),))
    assert len(names(found)) == 2
    assert names(found) == [entry.name for entry in groups[:2]]
    assert kinds(found) == []


def test_attributes_fill_the_room_that_groups_leave() -> None:
    found = described(
        groups=(group('one'), group('two')), attributes=(attribute('A', 300), attribute('B', 500))
    )
    assert names(found) == ['one', 'two']
    assert kinds(found) == ['A']


def test_long_first_group_is_cut_before_the_summary() -> None:
    found = described(
        kind=IndicatorType.URL,
        value='http://a.org/' + 'u' * 300,
        groups=(group('g' * 2000), group('second')),
    )
    assert found['summary'] == 'http://a.org/' + 'u' * 300
    (name,) = names(found)
    assert name.endswith('g…')
    assert len(name) > 100


def test_long_summary_is_cut_last_and_ends_in_an_ellipsis() -> None:
    summary = 'http://a.org/' + 'u' * 3000
    found = described(kind=IndicatorType.URL, value=summary, attributes=(attribute('A'),))
    assert list(found) == ORDER
    assert found['summary'].endswith('u…')
    assert summary.startswith(found['summary'][:-1])
    text = description_of(make_indicator(IndicatorType.URL, value=summary))
    assert len(text) == DESCRIPTION_LIMIT


def test_attributes_are_dropped_when_the_summary_is_cut() -> None:
    found = described(kind=IndicatorType.URL, value='u' * 990, attributes=(attribute('A'),))
    assert kinds(found) == []
    assert found['summary'].endswith('…')


@pytest.mark.parametrize(
    ('character', 'cost'), [('"', 2), ('\\', 2), ('\n', 2), ('\x01', 6), ('é', 1), ('😀', 2)]
)
def test_length_counts_the_json_text_with_its_escapes(character: str, cost: int) -> None:
    empty = utf16_length(description_of(make_indicator(attributes=(attribute('A', 0),))))
    fitting = (DESCRIPTION_LIMIT - empty) // cost
    text = description_of(make_indicator(attributes=(attribute('A', fitting, character),)))
    assert DESCRIPTION_LIMIT - cost < utf16_length(text) <= DESCRIPTION_LIMIT
    assert described(attributes=(attribute('A', fitting + 1, character),))['attributes'] == []


@pytest.mark.parametrize('count', [2, 3, 10])
@pytest.mark.parametrize('kind', ['Source', 'First Seen'])
def test_many_attributes_fill_the_limit_to_its_last_character(count: int, kind: str) -> None:
    def made(length: int) -> Indicator:
        few = tuple(attribute(kind) for _ in range(count - 1))
        return make_indicator(attributes=(*few, attribute(kind, length)))

    empty = utf16_length(description_of(made(0)))
    full = description_of(made(1000 - empty))
    assert len(json.loads(full)['attributes']) == count
    assert utf16_length(full) == 1000
    assert len(json.loads(description_of(made(1001 - empty)))['attributes']) == count - 1


@pytest.mark.parametrize('count', [2, 3, 5])
def test_many_groups_fill_the_limit_to_its_last_character(count: int) -> None:
    def made(length: int) -> Indicator:
        few = tuple(group('g') for _ in range(count - 1))
        return make_indicator(groups=(*few, group('g' * length)))

    empty = utf16_length(description_of(made(0)))
    full = description_of(made(1000 - empty))
    assert len(json.loads(full)['associatedGroups']) == count
    assert utf16_length(full) == 1000
    assert len(json.loads(description_of(made(1001 - empty)))['associatedGroups']) == count - 1


@pytest.mark.parametrize('count', [1, 2, 5])
@pytest.mark.parametrize('kind', ['Source', 'First Seen'])
def test_attributes_before_the_first_that_does_not_fit_fill_the_limit(
    count: int, kind: str
) -> None:
    def made(length: int, *others: Attribute) -> Indicator:
        few = tuple(attribute(kind) for _ in range(count - 1))
        return make_indicator(attributes=(*few, attribute(kind, length), *others))

    empty = utf16_length(description_of(made(0)))
    full = description_of(made(1000 - empty, attribute(kind)))
    assert len(json.loads(full)['attributes']) == count
    assert utf16_length(full) == 1000


@pytest.mark.parametrize('count', [1, 2, 5])
def test_groups_before_the_first_that_does_not_fit_fill_the_limit(count: int) -> None:
    def made(length: int, *others: Group) -> Indicator:
        few = tuple(group('g') for _ in range(count - 1))
        return make_indicator(groups=(*few, group('g' * length), *others))

    empty = utf16_length(description_of(made(0)))
    full = description_of(made(1000 - empty, group('g')))
    assert len(json.loads(full)['associatedGroups']) == count
    assert utf16_length(full) == 1000


def test_seen_and_other_attributes_together_fill_the_limit_to_its_last_character() -> None:
    def made(length: int) -> Indicator:
        entries = ('First Seen', 'Source', 'Last Seen', 'Other')
        few = tuple(attribute(kind) for kind in entries)
        return make_indicator(attributes=(*few, attribute('Last', length)))

    empty = utf16_length(description_of(made(0)))
    full = description_of(made(1000 - empty))
    assert kinds(json.loads(full)) == ['First Seen', 'Source', 'Last Seen', 'Other', 'Last']
    assert utf16_length(full) == 1000
    less = json.loads(description_of(made(1001 - empty)))
    assert kinds(less) == ['First Seen', 'Source', 'Last Seen', 'Other']


def test_first_and_last_seen_stay_where_there_is_nothing_else() -> None:
    found = described(attributes=(attribute('Last Seen'), attribute('First Seen')))
    assert kinds(found) == ['Last Seen', 'First Seen']


@pytest.mark.parametrize(
    ('character', 'cost'),
    [(' ', 1), ('é', 1), ('"', 2), ('\\', 2), ('\n', 2), ('😀', 2), ('\x01', 6), ('\x1f', 6)],
)
def test_text_is_cut_no_shorter_than_necessary(character: str, cost: int) -> None:
    text = description_of(make_indicator(IndicatorType.EMAIL_SUBJECT, value=character * 3000))
    assert 1000 - cost < utf16_length(text) <= 1000


@pytest.mark.parametrize(
    ('rating', 'written'), [(4.0, '4'), (0.0, '0'), (5.0, '5'), (3.5, '3.5'), (0.01, '0.01')]
)
def test_whole_rating_has_no_fraction(rating: float, written: str) -> None:
    assert f'"rating":{written},' in description_of(make_indicator(rating=rating))


@pytest.mark.parametrize('character', ['"', '\x01', 'é', '😀'])
def test_cut_never_splits_a_character(character: str) -> None:
    summary = character * 2000
    found = described(kind=IndicatorType.EMAIL_SUBJECT, value=summary)
    assert set(found['summary']) == {character, '…'}


def test_absurd_owner_and_link_are_cut_last() -> None:
    found = described(
        value='s' * 5000,
        owner_name='o' * 5000,
        web_link='w' * 5000,
        groups=(Group(type='t' * 5000, name='n' * 5000, owner_name='g' * 5000),),
    )
    assert list(found) == ORDER
    (entry,) = found['associatedGroups']
    for text in (found['summary'], found['ownerName'], *entry.values()):
        assert len(text) == 100
        assert text.endswith('…')
    assert len(found['webLink']) > 100


def test_non_ascii_is_not_escaped() -> None:
    assert 'Müller 😀' in description_of(make_indicator(owner_name='Müller 😀'))


@law
@given(indicators())
def test_description_always_fits_and_keeps_the_core(indicator: Indicator) -> None:
    text = description_of(indicator)
    assert utf16_length(text) <= DESCRIPTION_LIMIT
    description = json.loads(text)
    absent = {
        'confidence': indicator.confidence,
        'rating': indicator.rating,
        'threatAssessScore': indicator.threat_assess_score,
        'webLink': indicator.web_link,
    }
    assert list(description) == [
        name for name in ORDER if name not in absent or absent[name] is not None
    ]
    assert description['confidence'] == indicator.confidence if 'confidence' in description else 1
    if description['summary'] != indicator.summary:
        assert description['summary'].endswith('…')
        assert description['attributes'] == []
    all_groups = [(entry.type, entry.name, entry.owner_name) for entry in indicator.groups]
    kept_groups = [tuple(entry.values()) for entry in description['associatedGroups']]
    assert len(kept_groups) >= bool(all_groups)
    assert kept_groups[1:] == all_groups[1 : len(kept_groups)]
    if len(kept_groups) < len(all_groups):
        assert description['attributes'] == []
    assert_in_order(indicator, description)


def assert_in_order(indicator: Indicator, description: dict[str, object]) -> None:
    seen = ('First Seen', 'Last Seen')
    everything = [(entry.type, entry.value) for entry in indicator.attributes]
    kept = [tuple(entry.values()) for entry in description['attributes']]
    for is_seen in (True, False):
        one_sort = [entry for entry in everything if (entry[0] in seen) is is_seen]
        kept_sort = [entry for entry in kept if (entry[0] in seen) is is_seen]
        assert kept_sort == one_sort[: len(kept_sort)]
    rest = iter(everything)
    assert all(entry in rest for entry in kept)


@pytest.mark.parametrize('length', [10, 40_000])
def test_hundreds_of_attributes_cost_little(length: int) -> None:
    indicator = make_indicator(
        attributes=tuple(attribute(f'A{number}', length) for number in range(500)),
        groups=(group('G'),),
    )
    started = time.process_time()
    for _ in range(100):
        description_of(indicator)
    assert time.process_time() - started < 0.5


@law
@given(indicators())
def test_description_that_fits_whole_is_kept_unchanged(indicator: Indicator) -> None:
    assert _whole(indicator) in {None, _fitted(indicator)}


@law
@given(indicators())
def test_description_that_does_not_fit_gets_shorter(indicator: Indicator) -> None:
    if _whole(indicator) is None:
        kept = json.loads(_fitted(indicator))
        everything = [
            indicator.summary,
            indicator.owner_name,
            indicator.web_link,
            [[each.type, each.name, each.owner_name] for each in indicator.groups],
            [[each.type, each.value] for each in indicator.attributes],
        ]
        assert everything != [
            kept['summary'],
            kept['ownerName'],
            kept.get('webLink'),
            [list(each.values()) for each in kept['associatedGroups']],
            [list(each.values()) for each in kept['attributes']],
        ]
