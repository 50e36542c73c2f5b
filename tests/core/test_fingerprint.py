"""Fingerprints of raw rows: equal where parsing and mapping would come to the same."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.fingerprint import fingerprint, salt
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.mapping import MAPPING_NUMBER, MappingOptions
from sentinel_app.core.never_send import NeverSend, parse_never_send
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.core.tlp import Tlp
from sentinel_app.errors import SkippableError
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import make_options, make_row
from tests.harness.golden import examples
from tests.harness.strategies import any_text, json_values, law, odd_rows

SALT = b'0123456789abcdef'
NEVER_SEND = parse_never_send('')

GOLDEN = {1: 'db36effeb9cb283f9a62927a1f0223b56152a2670de6ccffbd5266fc56da8806'}
"""A digest of what the golden examples become, by the number of the mapping."""

EVERYTHING = {
    'tags': {'data': [{'id': 1, 'name': 'a', 'lastUsed': '2025-01-01T00:00:00Z'}]},
    'associatedGroups': {
        'data': [
            {'type': 'Report', 'name': 'b', 'ownerName': 'c', 'lastModified': 'd'},
            {'upVoteCount': '0', 'downVoteCount': '0'},
        ]
    },
    'attributes': {'data': [{'type': 'e', 'value': 'f', 'lastModified': 'g'}]},
}


def of(row: dict[str, Any]) -> bytes:
    return fingerprint(row, SALT)


def is_finite(value: object) -> bool:
    try:
        return bool(json.dumps(value, allow_nan=False))
    except ValueError:
        return False


def same_json(one: object, other: object) -> bool:
    return json.dumps(one) == json.dumps(other)


@law
@given(odd_rows(), json_values)
def test_fingerprint_ignores_last_modified(row: dict[str, Any], value: object) -> None:
    assert of(row | {'lastModified': value}) == of(row | {'lastModified': '2025-01-01T00:00:00Z'})
    assert len(of(row)) == 16


@law
@given(odd_rows(), st.data())
def test_fingerprint_depends_on_every_other_member(
    row: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*(set(row) - {'lastModified'}), data.draw(any_text)]))
    value = data.draw(st.integers() | st.booleans() | st.text() | st.none() | json_values)
    assume(name != 'lastModified' and is_finite([row, value]))
    other = row | {name: value}
    without = {each: row[each] for each in row if each != name}
    assert (of(other) == of(row)) is same_json(other, row)
    if name in row:
        assert of(without) != of(row)


@pytest.mark.parametrize('name', ['tags', 'associatedGroups', 'attributes'])
def test_fingerprint_depends_on_every_member_of_a_nested_element(name: str) -> None:
    row = make_row(**EVERYTHING)
    passing = {'tags': {'lastUsed'}, 'associatedGroups': {'lastModified'}}.get(name, set())
    first, *others = row[name]['data']
    for member in first:
        changed = {**row, name: {'data': [{**first, member: 'another'}, *others]}}
        assert (of(changed) == of(row)) is (member in passing)
    assert of({**row, name: {'data': others}}) != of(row)
    assert of({**row, name: {'data': [first, *others], 'count': 9}}) != of(row)


@law
@given(odd_rows(), json_values)
def test_fingerprint_ignores_only_members_that_no_object_shows(
    row: dict[str, Any], value: object
) -> None:
    row = make_row(**EVERYTHING) | {name: row[name] for name in row if name not in EVERYTHING}
    group, votes = row['associatedGroups']['data']
    other = row | {
        'tags': {'data': [{**each, 'lastUsed': value} for each in row['tags']['data']]},
        'associatedGroups': {
            'data': [
                {**group, 'lastModified': value},
                {**votes, 'upVoteCount': value, 'downVoteCount': value},
            ]
        },
    }
    assert of(other) == of(row)
    assert parsed(other) == parsed(row)


def parsed(row: dict[str, Any]) -> object:
    try:
        return parse_indicator(row)
    except SkippableError as error:
        return str(error)


@pytest.mark.parametrize(
    'text',
    [
        str(2**64),
        str(-(2**70)),
        '"\\ud800"',
        '{"data": [[1%s, "name", "name", 1.5]]}' % ('0' * 30),
        '[' * 900 + '"x"' + ']' * 900,
    ],
)
def test_values_that_the_fast_encoder_refuses_have_a_fingerprint_too(text: str) -> None:
    row = make_row()
    value, again, inside = (json.loads(each) for each in (text, text, f'[{text}]'))
    assert of(row | {'tags': value}) == of(row | {'tags': again}) != of(row)
    assert of(row | {'tags': inside}) != of(row | {'tags': value})


def test_row_is_not_modified() -> None:
    row = make_row(**EVERYTHING)
    before = json.dumps(row)
    of(row)
    assert json.dumps(row) == before


def test_fingerprint_depends_on_the_salt() -> None:
    assert fingerprint(make_row(), SALT) != fingerprint(make_row(), SALT[::-1])


OPTIONS = make_options()
OTHER_OPTIONS = {
    'ttl_hours': [make_options(**{kind.name.lower(): 7}) for kind in IndicatorType],
    'pattern_style': [make_options(PatternStyle.AS_LOGS_WRITE_IT)],
    'has_author': [dataclasses.replace(OPTIONS, has_author=True)],
}
OTHER_NEVER_SEND = {
    'networks': ['203.0.113.0/24', '198.51.100.7', '64:ff9b::/96'],
    'domains': ['example.com', 'example.net'],
    'hashes': ['0123456789abcdef0123456789abcdef'],
    'is_private': ['private'],
    'is_empty_file': ['empty'],
}


def test_salt_depends_on_every_other_setting() -> None:
    def names(kind: type) -> set[str]:
        return {field.name for field in dataclasses.fields(kind)}

    assert names(MappingOptions) == OTHER_OPTIONS.keys()
    # What IPv6 entries carry follows from them.
    assert names(NeverSend) - {'carried'} == OTHER_NEVER_SEND.keys()
    salts = [salt(OPTIONS, max_tlp=level, never_send=NEVER_SEND) for level in (None, *Tlp)]
    salts += [
        salt(options, max_tlp=None, never_send=NEVER_SEND)
        for others in OTHER_OPTIONS.values()
        for options in others
    ]
    salts += [
        salt(OPTIONS, max_tlp=None, never_send=parse_never_send(text))
        for texts in OTHER_NEVER_SEND.values()
        for text in texts
    ]
    salts.append(context_salt(ContextChoice.IDENTITIES))
    salts += [
        context_salt(ContextChoice.ACTORS, *types)
        for count in range(1, len(ActorGroupType) + 1)
        for types in itertools.combinations(ActorGroupType, count)
    ]
    assert len(set(salts)) == len(salts)


def context_salt(context: ContextChoice, *types: ActorGroupType) -> bytes:
    return salt(OPTIONS, max_tlp=None, never_send=NEVER_SEND, context=context, actor_types=types)


@pytest.mark.parametrize('context', [ContextChoice.NONE, ContextChoice.IDENTITIES])
def test_salt_ignores_the_types_of_actors_that_are_not_sent(context: ContextChoice) -> None:
    assert context_salt(context, ActorGroupType.THREAT) == context_salt(context)


def test_salt_ignores_the_order_of_the_settings() -> None:
    one, other = (
        'example.com|203.0.113.0/24|198.51.100.7',
        '198.51.100.7|example.com|203.0.113.0/24',
    )
    threat, adversary = ActorGroupType.THREAT, ActorGroupType.ADVERSARY
    assert context_salt(ContextChoice.ACTORS, threat, adversary) == context_salt(
        ContextChoice.ACTORS, adversary, threat
    )
    turned = MappingOptions(ttl_hours=dict(reversed(OPTIONS.ttl_hours.items())))
    assert salt(OPTIONS, max_tlp=None, never_send=parse_never_send(one)) == salt(
        turned, max_tlp=None, never_send=parse_never_send(other)
    )


def test_salt_depends_on_the_mapping_number(monkeypatch: pytest.MonkeyPatch) -> None:
    before = salt(OPTIONS, max_tlp=None, never_send=NEVER_SEND)
    monkeypatch.setattr('sentinel_app.core.fingerprint.MAPPING_NUMBER', MAPPING_NUMBER + 1)
    assert salt(OPTIONS, max_tlp=None, never_send=NEVER_SEND) != before


def test_objects_of_a_row_change_only_with_the_mapping_number() -> None:
    digest = hashlib.sha256()
    for example in examples():
        for style in PatternStyle:
            for stix in example.made(style):
                digest.update(content_hash(object_text(stix)))
    assert GOLDEN.get(MAPPING_NUMBER) == digest.hexdigest(), (
        'The golden examples become other objects: raise MAPPING_NUMBER and put the digest '
        f'{digest.hexdigest()} here under it. Where only examples were added, the digest alone.'
    )
