"""Rows of v3 become Groups; what is odd in them is dropped, and what is required is not guessed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.indicator import Tag
from sentinel_app.errors import SkippableError
from sentinel_app.threatconnect.parse_group import parse_group, parse_profile
from tests.harness.builders.actor import ADDED, GROUP_ID, MODIFIED, PROFILE
from tests.harness.strategies import any_text, json_values, law

REQUIRED = ['id', 'type', 'name', 'ownerName', 'dateAdded', 'lastModified']


def make_row(**members: Any) -> dict[str, Any]:
    """A row with what comes for our fields where nothing is set; `None` leaves a member out."""
    row: dict[str, Any] = {
        'id': GROUP_ID,
        'dateAdded': '2025-02-03T04:05:06Z',
        'ownerId': 12,
        'ownerName': 'Example Org',
        'webLink': f'https://tc.example.test/#/details/groups/{GROUP_ID}/overview',
        'type': 'Adversary',
        'name': 'Example Bear',
        'upVoteCount': '0',
        'lastModified': '2025-06-07T08:09:10Z',
        'attributes': {},
        'tags': {},
        'securityLabels': {},
    }
    return {name: value for name, value in (row | members).items() if value is not None}


def attribute(kind: str, value: object, **members: Any) -> dict[str, Any]:
    return {'id': 7, 'type': kind, 'value': value, 'default': False, **members}


def parse_with(*attributes: dict[str, Any]) -> ActorGroup:
    return parse_group(make_row(attributes={'data': list(attributes)}))


def test_members_that_are_mapped_are_all_read() -> None:
    row = make_row(
        type='Intrusion Set',
        attributes={
            'data': [attribute('Description', 'Text'), attribute('Aliases', 'EB-7\nThe Bear')]
        },
        tags={'data': [{'name': 'Botnet'}, {'name': 'Phishing', 'techniqueId': 'T1566'}]},
        securityLabels={'data': [{'name': 'TLP:AMBER'}]},
        firstSeen='2024-01-01T00:00:00Z',
        lastSeen='2024-06-01T00:00:00Z',
    )
    assert parse_group(row, PROFILE) == ActorGroup(
        id=GROUP_ID,
        type=ActorGroupType.INTRUSION_SET,
        name='Example Bear',
        owner_name='Example Org',
        added_at=ADDED,
        modified_at=MODIFIED,
        web_link=f'https://tc.example.test/#/details/groups/{GROUP_ID}/overview',
        description='Text',
        aliases=('EB-7', 'The Bear'),
        tags=(Tag(name='Botnet'), Tag(name='Phishing', technique_id='T1566')),
        security_labels=('TLP:AMBER',),
        first_seen=dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        last_seen=dt.datetime(2024, 6, 1, tzinfo=dt.UTC),
        profile=PROFILE,
    )


@pytest.mark.parametrize('name', REQUIRED)
@pytest.mark.parametrize('value', [None, '', ' ', [], {}, True, 1.5])
def test_group_without_a_required_value_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(SkippableError, match=f'no usable {name}') as caught:
        parse_group(make_row(**{name: value}))
    assert caught.value.context == {'field': name}


@pytest.mark.parametrize('kind', ['Report', 'adversary', 'Threat Actor'])
def test_group_of_another_type_is_refused(kind: str) -> None:
    with pytest.raises(SkippableError, match='type'):
        parse_group(make_row(type=kind))


def test_texts_are_cleaned() -> None:
    row = make_row(name='a\x00b\ud800', ownerName='\x00', webLink='x\udfff')
    found = parse_group(row)
    assert (found.name, found.owner_name, found.web_link) == ('a\ufffdb\ufffd', '\ufffd', 'x\ufffd')


@pytest.mark.parametrize('labels', [None, [], {'data': None}, {'data': [{}]}, {'data': 'x'}])
def test_labels_that_are_not_all_there_are_not_known(labels: object) -> None:
    assert not parse_group(make_row(securityLabels=labels)).are_labels_known
    assert parse_group(make_row(securityLabels={})).are_labels_known


@pytest.mark.parametrize(
    ('text', 'aliases'),
    [
        ('EB-7', ('EB-7',)),
        ('EB-7, The Bear; Third\r\nFourth\n\n , ;', ('EB-7', 'The Bear', 'Third', 'Fourth')),
        ('A/B (C)', ('A/B (C)',)),
        (' \n,;', ()),
    ],
)
def test_aliases_are_split_by_line_comma_and_semicolon(text: str, aliases: tuple[str, ...]) -> None:
    assert parse_with(attribute('Aliases', text)).aliases == aliases


def test_aliases_of_several_attributes_are_joined_and_others_are_none() -> None:
    found = parse_with(
        attribute('Aliases', 'A'), attribute('Source', 'B'), attribute('Aliases', 'C,D')
    )
    assert found.aliases == ('A', 'C', 'D')


def test_description_that_is_shown_comes_before_the_first() -> None:
    first, shown = (
        attribute('Description', 'First'),
        attribute('Description', 'Shown', default=True),
    )
    assert parse_with(first, shown).description == 'Shown'
    assert parse_with(first, attribute('Description', 'Second')).description == 'First'
    assert parse_with(first, attribute('Description', ' ', default=True)).description == 'First'
    assert parse_with(first, attribute('Description', 'x', default='yes')).description == 'First'
    assert parse_with(attribute('Source', 'x', default=True)).description is None


def test_profile_is_read_with_all_aliases() -> None:
    row = {
        'commonGroup': {
            'id': 1125899937005103,
            'name': 'Example Bear',
            'description': 'Known for examples.',
            'mitreId': 'G0021',
            'mitreLink': 'https://attack.mitre.org/groups/G0021',
            'customAliases': {'data': [{'alias': 'Our Bear'}]},
            'mitreAliases': {'data': [{'id': 1, 'alias': 'EB-7'}, {'alias': None}, 5], 'count': 3},
            'linkedGroups': {'data': [{'id': 5, 'name': 'Not an alias'}]},
        }
    }
    assert parse_profile(row) == ActorProfile(
        name='Example Bear',
        description='Known for examples.',
        mitre_id='G0021',
        mitre_link='https://attack.mitre.org/groups/G0021',
        aliases=('EB-7', 'Our Bear'),
    )


@pytest.mark.parametrize('row', [{}, {'commonGroup': None}, {'commonGroup': 'x'}])
def test_row_without_a_profile_has_none(row: dict[str, Any]) -> None:
    assert parse_profile(row) is None


@law
@given(
    st.dictionaries(
        st.sampled_from([*make_row(), 'firstSeen', 'lastSeen', 'commonGroup']) | any_text,
        json_values | st.builds(lambda values: {'data': values}, st.lists(json_values)),
    )
)
def test_row_of_any_content_is_parsed_or_refused(members: dict[str, Any]) -> None:
    row = make_row() | members
    profile = parse_profile(row)
    try:
        found = parse_group(row, profile)
    except SkippableError:
        return
    texts = [found.name, found.owner_name, found.description or '', *found.aliases]
    if profile is not None:
        texts += [profile.name or '', profile.mitre_id or '', *profile.aliases]
    for text in texts:
        assert '\x00' not in text
        text.encode()
