from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.object_id import OBJECT_NAMESPACE, ObjectKey, object_id, object_keys
from tests.harness.builders.indicator import MD5, SHA1, SHA256, make_indicator
from tests.harness.strategies import any_text, indicators, law

keys = st.builds(
    ObjectKey,
    st.sampled_from(list(IndicatorType)),
    any_text,
    st.none() | st.sampled_from(list(HashKind)),
)


def test_file_has_one_key_for_each_hash_in_upper_case() -> None:
    hashes = (
        (HashKind.MD5, MD5.lower()),
        (HashKind.SHA1, SHA1),
        (HashKind.SHA256, SHA256.lower()),
    )
    found = object_keys(make_indicator(IndicatorType.FILE, hashes=hashes))
    assert [(key.hash_kind, key.value) for key in found] == [
        (HashKind.MD5, MD5),
        (HashKind.SHA1, SHA1),
        (HashKind.SHA256, SHA256),
    ]
    assert len({object_id(key) for key in found}) == 3


def test_key_text_is_readable() -> None:
    assert ObjectKey(IndicatorType.HOST, 'c2.example.net').text == 'Host||c2.example.net'
    assert ObjectKey(IndicatorType.FILE, MD5, HashKind.MD5).text == f'File|MD5|{MD5}'
    assert ObjectKey(IndicatorType.EMAIL_SUBJECT, 'a|b\n\\').text == 'Email Subject||a|b\\u000a\\\\'


@pytest.mark.parametrize('value', ['a|b', '|', '||', 'a|', '|MD5|a', 'HKLM\\A|B : c|d : REG_SZ'])
@pytest.mark.parametrize('kind', [IndicatorType.EMAIL_SUBJECT, IndicatorType.REGISTRY_KEY])
def test_value_with_separators_is_read_back(kind: IndicatorType, value: str) -> None:
    key = ObjectKey(kind, value)
    assert ObjectKey.from_text(key.text) == key


@law
@given(keys)
def test_key_text_is_one_line_of_utf8_and_round_trips(key: ObjectKey) -> None:
    assert ObjectKey.from_text(key.text) == key
    assert len(key.text.splitlines()) == 1
    assert key.text.encode()


@law
@given(keys, keys)
def test_different_keys_have_different_texts_and_ids(one: ObjectKey, other: ObjectKey) -> None:
    assert (one.text == other.text) == (one == other)
    assert (object_id(one) == object_id(other)) == (one == other)


@pytest.mark.parametrize('text', ['', 'Host', 'Host|x', 'Hashtag||x', 'File|MD6|x'])
def test_malformed_key_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r'object key|not a valid'):
        ObjectKey.from_text(text)


@law
@given(keys, st.integers(min_value=0, max_value=9), st.integers(min_value=0, max_value=9))
def test_id_depends_on_key_and_generation_alone(key: ObjectKey, one: int, other: int) -> None:
    again = dataclasses.replace(key)
    assert object_id(key, one) == object_id(again, one)
    assert (object_id(key, one) == object_id(key, other)) == (one == other)
    assert object_id(key) == object_id(key, 0)
    assert re.fullmatch(
        'indicator--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}',
        object_id(key, one),
    )


@law
@given(indicators(), st.text(min_size=1))
def test_keys_do_not_depend_on_owner_or_data(indicator: Indicator, owner: str) -> None:
    other = dataclasses.replace(
        indicator, owner_name=owner, id=1, summary='other', confidence=None, tags=()
    )
    assert object_keys(indicator) == object_keys(other)


def test_id_of_a_value_never_changes() -> None:
    """Other ids would leave everything that was sent before in Sentinel for a second time."""
    assert str(OBJECT_NAMESPACE) == '12c07b5f-b28f-50ad-8fda-df08fe45e435'
    key = ObjectKey(IndicatorType.ADDRESS, '198.51.100.23')
    assert object_id(key) == 'indicator--cddf7afd-fe2a-55b7-a63d-20fb4333785f'
    assert object_id(key, 1) == 'indicator--e927725e-9209-5ed9-9372-55931baece3e'


def test_id_is_the_same_in_another_process() -> None:
    code = (
        'from sentinel_app.core.object_id import *; from sentinel_app.core.indicator import *; '
        'print(object_id(ObjectKey(IndicatorType.HOST, "c2.example.net")))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    key = ObjectKey(IndicatorType.HOST, 'c2.example.net')
    assert done.stdout.strip() == object_id(key)


@law
@given(keys, st.integers(min_value=0, max_value=9))
def test_id_is_a_name_based_uuid(key: ObjectKey, generation: int) -> None:
    name = f'{generation}|{key.text}' if generation else key.text
    assert object_id(key, generation) == f'indicator--{uuid.uuid5(OBJECT_NAMESPACE, name)}'


@law
@given(keys, keys)
def test_digest_of_a_key_is_that_of_its_text(one: ObjectKey, other: ObjectKey) -> None:
    assert len(one.digest) == 16
    assert (one.digest == other.digest) is (one.text == other.text)


def test_digest_of_a_key_never_changes() -> None:
    """Stored rows are found by it, and the first object's id is made of it."""
    key = ObjectKey(IndicatorType.FILE, MD5, HashKind.MD5)
    assert key.digest.hex() == '089111010fc656ec8cc0749808776d33'
    assert object_id(key) == f'indicator--{uuid.UUID(bytes=key.digest)}'
