"""Groups of one actor become one object, whatever their order, owners and spellings."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import defaultdict
from typing import Any

import pytest
import stix2
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.context_key import ContextKey, ContextKind
from sentinel_app.core.context_name import folded_name
from sentinel_app.core.description import DESCRIPTION_LIMIT
from sentinel_app.core.indicator import Tag
from sentinel_app.core.label import LABELS_LIMIT
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.text import utf16_length
from sentinel_app.core.threat_actor import (
    ALIAS_LIMIT,
    LINK_LIMIT,
    MOST_ALIASES,
    MOST_WEB_LINKS,
    actor_key,
    is_actor,
    merged,
)
from sentinel_app.core.tlp import Tlp, strictest
from tests.core.test_mapping_golden import judge
from tests.harness.builders.actor import ADDED, MODIFIED, PROFILE, make_actor_object, make_group
from tests.harness.strategies import actor_groups, law

DAY = dt.timedelta(days=1)
many_groups = st.lists(actor_groups.filter(is_actor), max_size=8, unique_by=lambda each: each.id)


def by_key(groups: list[ActorGroup]) -> dict[ContextKey, list[ActorGroup]]:
    found = defaultdict(list)
    for group in groups:
        found[actor_key(group)].append(group)
    return found


def object_of(*groups: ActorGroup) -> dict[str, Any]:
    return make_actor_object(merged(groups))


@pytest.mark.parametrize('mitre_id', ['G0021', ' g0021\n'])
def test_key_is_the_mitre_id_where_there_is_one(mitre_id: str) -> None:
    profile = dataclasses.replace(PROFILE, mitre_id=mitre_id)
    key = actor_key(make_group(profile=profile))
    assert (key.kind, key.text) == (ContextKind.ACTOR, 'mitre|G0021')


@pytest.mark.parametrize(
    'mitre_id', [None, '', 'G21', 'G00211', 'T1566', 'xG0021', 'G\uff10\uff10\uff12\uff11']
)
def test_key_is_the_name_where_the_mitre_id_is_none(mitre_id: str | None) -> None:
    profile = dataclasses.replace(PROFILE, mitre_id=mitre_id)
    assert actor_key(make_group(name='EXAMPLE  Bear', profile=profile)).text == 'name|example bear'


def test_key_is_the_name_of_the_profile_before_that_of_the_group() -> None:
    profile = ActorProfile(name='Example Bear')
    assert actor_key(make_group(name='Bear (old)', profile=profile)).text == 'name|example bear'
    blank = ActorProfile(name='\u200b')
    assert actor_key(make_group(name='Other Bear', profile=blank)).text == 'name|other bear'


@pytest.mark.parametrize('name', ['G0021', 'mitre|G0021', 'name|x'])
def test_key_of_a_name_is_never_that_of_an_id(name: str) -> None:
    by_id, by_name = make_group(profile=PROFILE), make_group(name=name)
    assert actor_key(by_name).object_id() != actor_key(by_id).object_id()


@pytest.mark.parametrize('name', [' \t', '\u200b', '\ufffd', '\x00\x00'])
def test_group_without_a_name_to_read_is_no_actor(name: str) -> None:
    group = make_group(name=name)
    assert not is_actor(group)
    with pytest.raises(ValueError, match='no name to read'):
        actor_key(group)
    assert is_actor(make_group(name=name, profile=PROFILE))


def test_groups_of_several_keys_or_none_are_no_actor() -> None:
    with pytest.raises(ValueError, match='exactly one key'):
        merged([])
    with pytest.raises(ValueError, match='exactly one key'):
        merged([make_group(1), make_group(2, name='Other Bear')])


@law
@given(many_groups, st.randoms(use_true_random=False))
def test_order_of_the_groups_makes_no_difference(groups: list[ActorGroup], random: Any) -> None:
    for same in by_key(groups).values():
        shuffled = random.sample(same, len(same))
        assert merged(shuffled) == merged(same)


@law
@given(many_groups)
def test_groups_of_any_content_become_valid_stix(groups: list[ActorGroup]) -> None:
    for key, same in by_key(groups).items():
        stix = object_of(*same)
        judge(stix)
        assert stix['id'] == key.object_id()
        assert list(stix)[:3] == ['type', 'spec_version', 'id']
        assert list(stix)[-1] == 'modified'
        assert stix['created'] <= stix['modified']
        assert stix.get('first_seen', '') <= stix.get('last_seen', '9')
        assert not {'confidence', 'threat_actor_types'} & stix.keys()
        assert all(value not in (None, '', [], {}) for value in stix.values())
        assert content_hash(object_text(stix))


@law
@given(many_groups)
def test_actor_says_what_its_groups_say(groups: list[ActorGroup]) -> None:
    for same in by_key(groups).values():
        actor = merged(same)
        assert actor.added_at == min(group.added_at for group in same)
        assert actor.modified_at == max(group.modified_at for group in same)
        assert actor.author in {group.owner_name for group in same}
        labels = [label for group in same for label in group.security_labels]
        assert actor.tlp is strictest(labels)
        folded = [folded_name(alias) for alias in actor.aliases]
        assert len(set(folded)) == len(folded) <= MOST_ALIASES
        assert folded_name(actor.name) not in folded
        assert all(folded)
        assert utf16_length(actor.description or '') <= DESCRIPTION_LIMIT
        assert {f'tc-type:{group.type}' for group in same} <= set(actor.labels)
        assert all(link.lower().startswith('http') for link in actor.web_links)


def test_object_has_exactly_these_members() -> None:
    group = make_group(
        security_labels=('TLP:AMBER',),
        tags=(Tag(name='Phishing', technique_id='T1566'), Tag(name='Botnet')),
        first_seen=ADDED - DAY,
        last_seen=ADDED,
        profile=PROFILE,
    )
    actor = merged([group])
    stix = make_actor_object(actor)
    assert list(stix.items()) == [
        ('type', 'threat-actor'),
        ('spec_version', '2.1'),
        ('id', actor.key.object_id()),
        ('created_by_ref', stix['created_by_ref']),
        ('created', '2025-02-03T04:05:06.000Z'),
        ('name', 'Example Bear'),
        ('description', 'Known for examples.'),
        ('aliases', ['EB-7', 'Beispielbär']),
        ('first_seen', '2025-02-02T04:05:06.000Z'),
        ('last_seen', '2025-02-03T04:05:06.000Z'),
        ('labels', ['tc-type:Adversary', 'tc-owner:Example Org', 'Botnet', 'T1566 - Phishing']),
        ('lang', 'en'),
        (
            'external_references',
            [
                {
                    'source_name': 'mitre-attack',
                    'external_id': 'G0021',
                    'url': 'https://attack.mitre.org/groups/G0021',
                },
                {'source_name': 'ThreatConnect', 'url': group.web_link},
            ],
        ),
        ('object_marking_refs', [str(stix2.TLP_AMBER.id)]),
        ('modified', '2025-06-07T08:09:10.000Z'),
    ]


def test_object_of_a_bare_group_has_only_what_there_is() -> None:
    stix = object_of(make_group(web_link=None))
    assert list(stix) == [
        *('type', 'spec_version', 'id', 'created_by_ref', 'created', 'name', 'labels', 'lang'),
        'modified',
    ]


def test_withdrawn_object_says_so_before_its_time() -> None:
    actor = merged([make_group()])
    stix = make_actor_object(actor, is_revoked=True)
    assert list(stix)[-2:] == ['revoked', 'modified']
    assert stix['revoked'] is True
    assert content_hash(object_text(stix)) != content_hash(object_text(make_actor_object(actor)))


def test_groups_of_one_mitre_id_are_one_actor_with_the_other_names_as_aliases() -> None:
    stix = object_of(
        make_group(1, name='Example Bear', profile=PROFILE),
        make_group(
            2,
            name='Fancy Example',
            owner_name='Other Source',
            type=ActorGroupType.INTRUSION_SET,
            added_at=ADDED + DAY,
            modified_at=MODIFIED + DAY,
            aliases=('eb-7', 'Third Name'),
            security_labels=('TLP:RED',),
            profile=PROFILE,
        ),
    )
    assert stix['name'] == 'Example Bear'
    assert stix['aliases'] == ['EB-7', 'Beispielbär', 'Fancy Example', 'Third Name']
    assert stix['labels'] == [
        *('tc-type:Adversary', 'tc-type:Intrusion Set'),
        *('tc-owner:Example Org', 'tc-owner:Other Source'),
    ]
    assert stix['created'] == '2025-02-03T04:05:06.000Z'
    assert stix['modified'] == '2025-06-08T08:09:10.000Z'
    assert stix['object_marking_refs'] == [str(stix2.TLP_RED.id)]
    urls = [each.get('url', '') for each in stix['external_references']]
    assert [url.rpartition('groups/')[2] for url in urls] == ['G0021', '1/overview', '2/overview']


def test_group_added_first_decides_where_they_differ() -> None:
    first = make_group(9, name='EXAMPLE BEAR', owner_name='B', description=' One ')
    second = make_group(3, owner_name='A', added_at=ADDED + DAY, description='Two')
    actor = merged([second, first])
    assert (actor.name, actor.author, actor.description) == ('EXAMPLE BEAR', 'B', 'One')


def test_group_with_the_smaller_id_decides_where_they_are_as_old() -> None:
    actor = merged([make_group(9, owner_name='A'), make_group(3, owner_name='B')])
    assert actor.author == 'B'


def test_profile_decides_before_what_a_group_says() -> None:
    first = make_group(1, description='Of the Group', name='example bear')
    profile = dataclasses.replace(PROFILE, mitre_id=None)
    second = make_group(2, added_at=ADDED + DAY, profile=profile)
    actor = merged([first, second])
    assert (actor.name, actor.description) == ('Example Bear', 'Known for examples.')


@pytest.mark.parametrize('blank', [None, '', ' \n'])
def test_description_is_the_first_that_is_not_blank(blank: str | None) -> None:
    profile = ActorProfile(description=blank)
    first = make_group(1, description=blank, profile=profile)
    assert merged([first]).description is None
    assert merged([first, make_group(2, description='Two')]).description == 'Two'


def test_long_description_ends_where_sentinel_cuts_it() -> None:
    assert object_of(make_group(description='d' * 5000))['description'] == 'd' * 999 + '…'


def test_aliases_are_limited_and_prose_is_left_out() -> None:
    aliases = (*(f'Alias {number}' for number in range(MOST_ALIASES + 5)), 'x' * ALIAS_LIMIT)
    actor = merged([make_group(aliases=('x' * (ALIAS_LIMIT + 1), *aliases))])
    assert actor.aliases == aliases[:MOST_ALIASES]
    assert merged([make_group(aliases=aliases[-1:])]).aliases == aliases[-1:]


@pytest.mark.parametrize(
    ('first', 'last', 'expected'),
    [
        (None, None, (None, None)),
        (1, None, (1, None)),
        (None, 1, (None, 1)),
        (1, 1, (1, 1)),
        (2, 1, (None, None)),
    ],
)
def test_times_of_sightings_are_in_order_or_left_out(
    first: int | None, last: int | None, expected: tuple[int | None, int | None]
) -> None:
    def day(number: int | None) -> dt.datetime | None:
        return None if number is None else ADDED + number * DAY

    actor = merged([make_group(first_seen=day(first), last_seen=day(last))])
    assert (actor.first_seen, actor.last_seen) == (day(expected[0]), day(expected[1]))


def test_sightings_of_groups_are_joined() -> None:
    actor = merged(
        [
            make_group(1, first_seen=ADDED, last_seen=ADDED + DAY),
            make_group(2, first_seen=ADDED - DAY, last_seen=ADDED),
        ]
    )
    assert (actor.first_seen, actor.last_seen) == (ADDED - DAY, ADDED + DAY)


def test_tags_leave_room_for_types_and_owners() -> None:
    tags = tuple(Tag(name=f'!{number}' * 500) for number in range(100))
    labels = object_of(make_group(tags=tags))['labels']
    assert labels[:2] == ['tc-type:Adversary', 'tc-owner:Example Org']
    assert len(labels) > 2
    assert len(json.dumps(labels, ensure_ascii=False).encode()) < LABELS_LIMIT


def test_tag_that_reads_as_a_type_is_no_second_label() -> None:
    tags = (Tag(name='tc-type:Adversary'),)
    labels = object_of(make_group(tags=tags))['labels']
    assert labels == ['tc-type:Adversary', 'tc-owner:Example Org']


@pytest.mark.parametrize(
    'link',
    [
        'ftp://tc.example.test/g',
        'javascript:alert(1)',
        'https://user:password@tc.example.test/g',
        'https://tc.example.test/a b',
        'https://tc.example.test/%zz',
        'https://tc.example.test/#a#b',
        'https://tc.example.test/"x"',
        'https://bücher.example/',
        'https:///path',
        'https://tc.example.test/' + 'x' * LINK_LIMIT,
        '/relative',
    ],
)
def test_link_that_cannot_be_right_is_left_out(link: str) -> None:
    assert merged([make_group(web_link=link)]).web_links == ()
    profile = dataclasses.replace(PROFILE, mitre_link=link)
    stix = object_of(make_group(web_link=None, profile=profile))
    assert stix['external_references'] == [
        {'source_name': 'mitre-attack', 'external_id': 'G0021'},
    ]


@pytest.mark.parametrize(
    'link',
    [
        'http://tc',
        'HTTPS://tc.example.test:8443/auth/threat/threat.xhtml?threat=1&x=%C3%BC',
        'https://tc.example.test/#/details/groups/1/overview',
        'https://[2001:db8::1]:443/g',
    ],
)
def test_link_of_the_web_is_kept_as_it_is(link: str) -> None:
    assert merged([make_group(web_link=link)]).web_links == (link,)


def test_links_are_distinct_and_limited() -> None:
    groups = [make_group(number) for number in range(MOST_WEB_LINKS + 5)]
    same = [make_group(100 + number, web_link=groups[0].web_link) for number in range(3)]
    actor = merged([*groups, *same])
    assert actor.web_links == tuple(group.web_link for group in groups[:MOST_WEB_LINKS])


def test_mitre_link_without_a_well_formed_id_is_left_out() -> None:
    profile = dataclasses.replace(PROFILE, mitre_id='TBD')
    actor = merged([make_group(profile=profile)])
    assert (actor.mitre_id, actor.mitre_link) == (None, None)


def test_level_that_is_not_understood_marks_as_the_strictest() -> None:
    groups = [make_group(1, security_labels=('TLP:GREEN',)), make_group(2)]
    assert merged(groups).tlp is Tlp.GREEN
    odd = make_group(3, security_labels=('TLP:PURPLE',))
    assert merged([*groups, odd]).tlp is Tlp.RED


def test_many_groups_become_one_object_of_moderate_size() -> None:
    groups = [
        make_group(
            number,
            owner_name=f'Owner {number}' * 20,
            aliases=tuple(f'Alias {number} {item}' for item in range(20)),
            tags=tuple(Tag(name=f'Tag {number} {item}') for item in range(20)),
            profile=PROFILE,
        )
        for number in range(500)
    ]
    stix = object_of(*groups)
    judge(stix)
    assert len(object_text(stix)) < 64 << 10
