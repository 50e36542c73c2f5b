import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core import alert_entity
from sentinel_app.core.alert_entity import (
    LONGEST_VALUE,
    EntityValues,
    RegistryValue,
    entity_values,
)
from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.object_id import ObjectKey

MD5 = 'd41d8cd98f00b204e9800998ecf8427e'
RUN_KEY = r'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Run'

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ['Type', '$id', '$ref', 'Address', 'Url', 'Key', 'Hive', 'Name', 'Value']
            )
            | st.text(max_size=5),
            inner | st.sampled_from(['ip', 'url', 'registry-value', 'filehash', 'mailMessage']),
            max_size=5,
        )
    ),
    max_leaves=20,
)


def values(*entities: object) -> EntityValues:
    return entity_values(json.dumps(entities))


def key(kind: IndicatorType, value: str) -> ObjectKey:
    return ObjectKey(kind, value)


@pytest.mark.parametrize(
    ('entity', 'expected'),
    [
        ({'Type': 'ip', 'Address': '203.0.113.9'}, key(IndicatorType.ADDRESS, '203.0.113.9')),
        (
            {'Type': 'url', 'Url': 'https://Bad.Example/Path'},
            key(IndicatorType.URL, 'https://bad.example/Path'),
        ),
        ({'Type': 'dns', 'DomainName': 'BAD.example.'}, key(IndicatorType.HOST, 'bad.example')),
        (
            {'Type': 'dns-resolution', 'DomainName': 'bad.example'},
            key(IndicatorType.HOST, 'bad.example'),
        ),
        (
            {'Type': 'host', 'HostName': 'mail', 'DnsDomain': 'bad.example'},
            key(IndicatorType.HOST, 'mail.bad.example'),
        ),
        (
            {'Type': 'filehash', 'Algorithm': 'MD5', 'Value': MD5},
            ObjectKey(IndicatorType.FILE, MD5.upper(), HashKind.MD5),
        ),
        (
            {'Type': 'mailbox', 'MailboxPrimaryAddress': 'Eve@Bad.example'},
            key(IndicatorType.EMAIL_ADDRESS, 'eve@bad.example'),
        ),
        (
            {'Type': 'mailMessage', 'P2Sender': 'eve@bad.example'},
            key(IndicatorType.EMAIL_ADDRESS, 'eve@bad.example'),
        ),
        (
            {'Type': 'mail-message', 'SenderIP': '203.0.113.9'},
            key(IndicatorType.ADDRESS, '203.0.113.9'),
        ),
        (
            {'Type': 'mailMessage', 'Subject': 'You have won'},
            key(IndicatorType.EMAIL_SUBJECT, 'You have won'),
        ),
        (
            {'Type': 'submissionMail', 'Urls': [None, 'https://bad.example/1']},
            key(IndicatorType.URL, 'https://bad.example/1'),
        ),
    ],
    ids=lambda each: each.get('Type') if isinstance(each, dict) else '',
)
def test_entity_of_each_kind_gives_the_key_of_its_value(entity, expected):
    assert expected in values(entity).keys


@pytest.mark.parametrize(
    'spelling', ['hxxps://bad[.]example/x', 'HTTPS://BAD.EXAMPLE/x', ' https://bad.example/x ']
)
def test_defanged_value_or_one_in_another_case_gives_the_same_key(spelling):
    assert (
        key(IndicatorType.URL, 'https://bad.example/x')
        in values({'type': 'URL', 'url': spelling}).keys
    )


def test_value_counts_as_the_type_of_its_entity_alone():
    found = values({'Type': 'ip', 'Address': '203.0.113.9'})
    assert {each.type for each in found.keys} == {IndicatorType.ADDRESS}
    assert not values({'Type': 'ip', 'Address': 'bad.example'}).keys


def test_entities_within_entities_are_read():
    found = values(
        {
            'Type': 'file',
            'Name': 'a.exe',
            'FileHashes': [{'Type': 'filehash', 'Algorithm': 'MD5', 'Value': MD5}],
        }
    )
    assert found.keys == {ObjectKey(IndicatorType.FILE, MD5.upper(), HashKind.MD5)}


@pytest.mark.parametrize(
    'entity',
    [
        {'Type': 'account', 'Name': 'bad.example', 'UPNSuffix': 'bad.example'},
        {'Type': 'host', 'HostName': 'bad'},
        {'Type': 'ip'},
        {'Type': 'ip', 'Address': ''},
        {'Type': 'ip', 'Address': 7},
        {'Type': 'url', 'Url': 'https://bad.example/' + 'x' * LONGEST_VALUE},
        {'Type': 7, 'Address': '203.0.113.9'},
        {'Type': 'registry-key', 'Key': 'no hive'},
        {'Address': '203.0.113.9'},
    ],
)
def test_what_names_no_indicator_gives_nothing(entity):
    assert values(entity) == EntityValues()


@pytest.mark.parametrize(
    'entities',
    [
        [{'Type': 'registry-key', 'Hive': 'HKEY_LOCAL_MACHINE', 'Key': RUN_KEY[19:]}],
        [{'Type': 'RegistryKey', 'Key': RUN_KEY}],
        [{'Type': 'registry-key', 'Hive': 'HKLM', 'Key': RUN_KEY[19:]}],
    ],
)
def test_registry_key_is_read_with_its_hive(entities):
    assert values(*entities).registry == {RegistryValue(RUN_KEY, '')}


@pytest.mark.parametrize('is_reference', [True, False])
def test_registry_value_has_its_key_from_another_entity(is_reference):
    place = {'$id': '4', 'Type': 'registry-key', 'Hive': 'HKLM', 'Key': RUN_KEY[19:]}
    own = {'Type': 'registry-value', 'Name': 'Updater', 'Key': {'$ref': '4'}}
    entities = [place, own] if is_reference else [own | {'Key': place}]
    assert RegistryValue(RUN_KEY, 'Updater') in values(*entities).registry


def test_registry_value_of_a_missing_entity_gives_nothing():
    assert not values({'Type': 'registry-value', 'Name': 'Updater', 'Key': {'$ref': '9'}}).registry


@pytest.mark.parametrize('cell', ['', '  ', None, [], '[]', 'null', '7'])
def test_no_entities_are_a_whole_answer(cell):
    assert entity_values(cell) == EntityValues()


@pytest.mark.parametrize('cell', ['[{"Type":"ip","Address":"203.0', 'words', '[' * 100_000])
def test_text_that_is_cut_or_no_json_is_not_whole(cell):
    assert entity_values(cell) == EntityValues(is_whole=False)


def test_cell_may_be_json_itself():
    assert entity_values([{'Type': 'ip', 'Address': '203.0.113.9'}]).keys


def test_very_many_parts_are_read_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(alert_entity, 'MOST_PARTS', 10)
    entity = {'Type': 'ip', 'Address': '203.0.113.9'}
    assert values(*[entity] * 3).is_whole
    assert not values(*[entity] * 11).is_whole


@given(value=json_values)
def test_any_json_is_read_without_a_fault(value):
    found = entity_values(json.dumps(value))
    assert found.is_whole
    assert found == entity_values(value) or isinstance(value, str)


@given(text=st.text(max_size=60))
def test_any_text_is_read_without_a_fault(text):
    assert not entity_values(text).keys
