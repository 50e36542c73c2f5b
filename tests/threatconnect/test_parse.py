from __future__ import annotations

import datetime as dt
import json
import re
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.indicator import Attribute, Group, HashKind, Indicator, IndicatorType, Tag
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.errors import SkippableError
from sentinel_app.threatconnect.parse import FIELDS, parse_indicator
from tests.harness.builders.indicator import MD5, SHA1, SHA256, make_objects, make_options, make_row
from tests.harness.golden import rows
from tests.harness.strategies import any_text, json_values, law, odd_rows

VALUE_NAMES = {
    IndicatorType.ADDRESS: 'ip',
    IndicatorType.ASN: 'AS Number',
    IndicatorType.CIDR: 'Block',
    IndicatorType.EMAIL_ADDRESS: 'address',
    IndicatorType.EMAIL_SUBJECT: 'Subject',
    IndicatorType.HOST: 'hostName',
    IndicatorType.REGISTRY_KEY: 'Key Name',
    IndicatorType.URL: 'text',
}


def refusal(row: dict[str, Any]) -> SkippableError:
    with pytest.raises(SkippableError) as caught:
        parse_indicator(row)
    return caught.value


def test_fields_are_those_that_are_mapped() -> None:
    assert set(FIELDS) == {
        'associatedGroups',
        'attributes',
        'externalDates',
        'securityLabels',
        'tags',
        'threatAssess',
    }


@pytest.mark.parametrize(
    ('kind', 'value'),
    [
        (IndicatorType.ADDRESS, '198.51.100.23'),
        (IndicatorType.ASN, 'ASN64500'),
        (IndicatorType.CIDR, '203.0.113.0/24'),
        (IndicatorType.EMAIL_ADDRESS, 'phish@example.com'),
        (IndicatorType.EMAIL_SUBJECT, 'Invoice overdue'),
        (IndicatorType.FILE, f'{MD5} : {SHA1} : {SHA256}'),
        (IndicatorType.HOST, 'c2.example.net'),
        (IndicatorType.REGISTRY_KEY, 'HKEY_LOCAL_MACHINE\\Software\\Ex\\Run'),
        (IndicatorType.URL, 'http://bad.example.org/a?b=1&c=%20'),
    ],
)
def test_row_of_each_type(kind: IndicatorType, value: str) -> None:
    row = make_row(kind)
    found = parse_indicator(row)
    assert found.type is kind
    assert found.value == value
    assert found.summary == row['summary']


def test_members_that_are_mapped_are_all_read() -> None:
    found = parse_indicator(
        make_row(
            attributes={'data': [{'type': 'Source', 'value': 'x', 'id': 1}]},
            tags={'data': [{'name': 'Botnet'}, {'name': 'Phishing', 'techniqueId': 'T1566'}]},
            securityLabels={'data': [{'name': 'TLP:AMBER'}]},
            associatedGroups={
                'data': [{'type': 'Report', 'name': 'Weekly', 'ownerName': 'Source', 'id': 5}]
            },
            externalDateExpires='2026-01-01T00:00:00Z',
        )
    )
    assert found.id == 9007199254740993
    assert found.owner_name == 'Example Org'
    assert found.added_at == dt.datetime(2025, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
    assert found.modified_at == dt.datetime(2025, 6, 7, 8, 9, 10, tzinfo=dt.UTC)
    assert found.expires_at == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert found.is_active
    assert (found.rating, found.confidence, found.threat_assess_score) == (4.0, 85, 612)
    assert found.web_link == row_link()
    assert found.tags == (Tag(name='Botnet'), Tag(name='Phishing', technique_id='T1566'))
    assert found.attributes == (Attribute(type='Source', value='x'),)
    assert found.groups == (Group(type='Report', name='Weekly', owner_name='Source', id=5),)
    assert found.security_labels == ('TLP:AMBER',)


@pytest.mark.parametrize(
    ('number', 'expected'),
    [
        (0, 0),
        (2**53 + 1, 2**53 + 1),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (-1, None),
        (5.0, None),
        ('5', None),
        (True, None),
        (None, None),
    ],
)
def test_group_without_usable_id_keeps_its_name(number: object, expected: int | None) -> None:
    group = {'type': 'Adversary', 'name': 'Example Bear', 'ownerName': 'Source', 'id': number}
    (found,) = parse_indicator(make_row(associatedGroups={'data': [group]})).groups
    assert (found.name, found.id) == ('Example Bear', expected)


def row_link() -> str:
    return 'https://tc.example.test/#/details/indicators/9007199254740993/overview'


def test_file_keeps_only_valid_hashes() -> None:
    row = make_row(IndicatorType.FILE, md5='short', sha1=SHA1.lower(), sha256=7)
    assert parse_indicator(row).hashes == ((HashKind.SHA1, SHA1),)
    everything = parse_indicator(make_row(IndicatorType.FILE))
    assert everything.hashes == (
        (HashKind.MD5, MD5),
        (HashKind.SHA1, SHA1),
        (HashKind.SHA256, SHA256),
    )


def test_summary_is_built_where_it_is_missing() -> None:
    file = make_row(IndicatorType.FILE, summary=None, sha1=None)
    assert parse_indicator(file).summary == f'{MD5} : {SHA256}'
    key = make_row(IndicatorType.REGISTRY_KEY, summary=None)
    assert parse_indicator(key).summary == 'HKEY_LOCAL_MACHINE\\Software\\Ex\\Run : loader : REG_SZ'
    assert parse_indicator(make_row(summary=None)).summary == '198.51.100.23'


def test_blank_value_name_of_a_registry_key_is_none() -> None:
    row = make_row(IndicatorType.REGISTRY_KEY, **{'Value Name': ' ', 'Value Type': None})
    found = parse_indicator(row)
    assert (found.registry_value_name, found.registry_value_type) == (None, None)


@pytest.mark.parametrize(
    'collection', [None, {}, {'data': []}, {'data': None}, [], 'x', {'count': 0}]
)
def test_empty_collection_in_any_form(collection: object) -> None:
    row = make_row(IndicatorType.HOST)
    for name in ('attributes', 'tags', 'securityLabels', 'associatedGroups'):
        row[name] = collection
    found = parse_indicator(row)
    assert (found.attributes, found.tags, found.security_labels, found.groups) == ((), (), (), ())


@pytest.mark.parametrize(
    ('collection', 'labels', 'is_known'),
    [
        ({}, (), True),
        ({'count': 0}, (), True),
        ({'data': []}, (), True),
        ({'data': [], 'count': 0}, (), True),
        ({'data': [{'name': 'TLP:RED'}, {'name': 'Internal'}]}, ('TLP:RED', 'Internal'), True),
        ({'data': [{'name': 'TLP:RED'}], 'count': 1}, ('TLP:RED',), True),
        ({'data': [{'name': 'TLP:RED'}], 'count': 2}, ('TLP:RED',), False),
        ({'data': [{'name': 'TLP:RED'}, 'TLP:AMBER']}, ('TLP:RED',), False),
        ({'data': [{'name': 'TLP:RED'}, None]}, ('TLP:RED',), False),
        ({'data': [{'id': 3}]}, (), False),
        ({'data': [{'name': ' '}]}, (), False),
        ({'data': [{'name': ['TLP:RED']}]}, (), False),
        ({'data': ['TLP:RED']}, (), False),
        ({'data': None}, (), False),
        ({'data': {'name': 'TLP:RED'}}, (), False),
        ({'data': 'TLP:RED'}, (), False),
        ({'count': 1}, (), False),
        ({'name': 'TLP:RED'}, (), False),
        ([{'name': 'TLP:RED'}], (), False),
        ([], (), False),
        ('TLP:RED', (), False),
        (0, (), False),
        (None, (), False),
    ],
)
def test_missing_labels_are_distinguished_from_none(
    collection: object, labels: tuple[str, ...], is_known: bool
) -> None:
    found = parse_indicator(make_row(securityLabels=collection))
    assert (found.security_labels, found.are_labels_known) == (labels, is_known)


def test_row_without_the_key_says_nothing_about_labels() -> None:
    row = make_row()
    del row['securityLabels']
    found = parse_indicator(row)
    assert (found.security_labels, found.are_labels_known) == ((), False)


def test_odd_elements_are_left_out_and_the_others_stay() -> None:
    oddities = [
        None,
        7,
        'x',
        {},
        {'name': ''},
        {'name': 3},
        {'type': 'T'},
        {'type': 'T', 'value': 3},
    ]
    good = {'type': 'Source', 'name': 'n', 'value': 'v', 'ownerName': 'o', 'techniqueId': 5}
    collection = {'data': [*oddities, good]}
    found = parse_indicator(
        make_row(
            attributes=collection,
            tags=collection,
            securityLabels=collection,
            associatedGroups=collection,
        )
    )
    assert found.attributes == (Attribute(type='Source', value='v'),)
    assert found.tags == (Tag(name='n'),)
    assert found.security_labels == ('n',)
    assert found.groups == (Group(type='Source', name='n', owner_name='o'),)


@pytest.mark.parametrize(
    ('member', 'value', 'field', 'expected'),
    [
        ('rating', 4.5, 'rating', 4.5),
        ('rating', 0, 'rating', 0.0),
        ('rating', '4.5', 'rating', None),
        ('rating', True, 'rating', None),
        ('rating', 5.5, 'rating', None),
        ('rating', float('nan'), 'rating', None),
        ('rating', float('inf'), 'rating', None),
        ('confidence', 0, 'confidence', 0),
        ('confidence', 85.0, 'confidence', 85),
        ('confidence', 85.5, 'confidence', None),
        ('confidence', 101, 'confidence', None),
        ('confidence', -1, 'confidence', None),
        ('confidence', 10**400, 'confidence', None),
        ('confidence', False, 'confidence', None),
        ('threatAssessScore', 1000, 'threat_assess_score', 1000),
        ('threatAssessScore', [], 'threat_assess_score', None),
        ('webLink', {}, 'web_link', None),
        ('webLink', ' ', 'web_link', None),
        ('externalDateExpires', 'soon', 'expires_at', None),
        ('externalDateExpires', 5, 'expires_at', None),
        ('active', False, 'is_active', False),
        ('active', None, 'is_active', True),
    ],
)
def test_optional_member(member: str, value: object, field: str, expected: object) -> None:
    assert getattr(parse_indicator(make_row() | {member: value}), field) == expected


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('2025-02-03T04:05:06Z ', dt.datetime(2025, 2, 3, 4, 5, 6, tzinfo=dt.UTC)),
        ('2025-02-03T04:05:06', dt.datetime(2025, 2, 3, 4, 5, 6, tzinfo=dt.UTC)),
        ('2025-02-03T04:05:06+02:00', dt.datetime(2025, 2, 3, 2, 5, 6, tzinfo=dt.UTC)),
        ('2025-02-03T04:05:06.789Z', dt.datetime(2025, 2, 3, 4, 5, 6, 789000, tzinfo=dt.UTC)),
    ],
)
def test_times_are_read_as_utc(text: str, expected: dt.datetime) -> None:
    found = parse_indicator(make_row(dateAdded=text))
    assert found.added_at == expected
    assert found.added_at.tzinfo is dt.UTC


@pytest.mark.parametrize('kind', ['Hashtag', 'Mutex', 'User Agent', 'EmailSubject', 'address'])
def test_type_that_is_not_sent_is_unsupported(kind: str) -> None:
    error = refusal(make_row(type=kind))
    assert error.code == 'MAP-TYPE'
    assert kind in error.message


def test_file_without_a_usable_hash_is_unsupported() -> None:
    error = refusal(make_row(IndicatorType.FILE, md5=None, sha1='xyz', sha256=''))
    assert error.code == 'MAP-TYPE'


@pytest.mark.parametrize(
    ('kind', 'member', 'value'),
    [
        (IndicatorType.ADDRESS, 'type', None),
        (IndicatorType.ADDRESS, 'type', 7),
        (IndicatorType.ADDRESS, 'id', None),
        (IndicatorType.ADDRESS, 'id', '9007199254740993'),
        (IndicatorType.ADDRESS, 'id', 9.007e15),
        (IndicatorType.ADDRESS, 'id', True),
        (IndicatorType.ADDRESS, 'id', 2**63),
        (IndicatorType.ADDRESS, 'ownerName', None),
        (IndicatorType.ADDRESS, 'ownerName', ''),
        (IndicatorType.ADDRESS, 'dateAdded', None),
        (IndicatorType.ADDRESS, 'lastModified', 'yesterday'),
        (IndicatorType.ADDRESS, 'lastModified', '0001-01-01T00:00:00+14:00'),
        (IndicatorType.ADDRESS, 'ip', None),
        (IndicatorType.ADDRESS, 'ip', 3232235777),
        (IndicatorType.ADDRESS, 'ip', '198.51.100'),
        (IndicatorType.ADDRESS, 'ip', 'fe80::1%eth0'),
        (IndicatorType.ADDRESS, 'ip', '203.0.113.0/24'),
        (IndicatorType.CIDR, 'Block', '203.0.113.0/33'),
        (IndicatorType.CIDR, 'Block', 'x'),
        (IndicatorType.CIDR, 'Block', 'fe80::%eth0/64'),
        (IndicatorType.ASN, 'AS Number', None),
        (IndicatorType.ASN, 'AS Number', 'Example Net'),
        (IndicatorType.EMAIL_ADDRESS, 'address', ' '),
        (IndicatorType.EMAIL_ADDRESS, 'address', 'Bad <bad@example.com>'),
        (IndicatorType.EMAIL_SUBJECT, 'Subject', '\t'),
        (IndicatorType.EMAIL_SUBJECT, 'Subject', '=?utf-8?q?_?='),
        (IndicatorType.EMAIL_SUBJECT, 'Subject', 'x' * 40_000),
        (IndicatorType.HOST, 'hostName', []),
        (IndicatorType.HOST, 'hostName', '.'),
        (IndicatorType.HOST, 'hostName', 'http://evil.example/path'),
        (IndicatorType.HOST, 'hostName', 'x' * 100_000),
        (IndicatorType.REGISTRY_KEY, 'Key Name', None),
        (IndicatorType.REGISTRY_KEY, 'Key Name', 'x' * 40_000),
        (IndicatorType.URL, 'text', {}),
        (IndicatorType.URL, 'text', 'http://'),
    ],
)
def test_row_without_what_is_needed_is_invalid(
    kind: IndicatorType, member: str, value: object
) -> None:
    row = make_row(kind)
    row[member] = value
    error = refusal(row)
    assert error.code == 'MAP-VALUE'
    assert error.context['field'] == member
    assert error.message.endswith('it is sent as soon as it has changed.')


def test_refusal_says_why_the_value_cannot_be_right() -> None:
    error = refusal(make_row(IndicatorType.HOST, hostName='evil.example:8080'))
    assert error.message == (
        "'evil.example:8080' is not a valid Host: it has a port. Correct the Indicator in "
        'ThreatConnect; it is sent as soon as it has changed.'
    )


@law
@given(
    st.sampled_from([kind for kind in IndicatorType if kind is not IndicatorType.FILE]),
    any_text | st.text('aA1.-_*:/@%[]=?q\u3002\u200b\xa0 ', max_size=12),
    st.sampled_from(PatternStyle),
)
def test_patterns_never_have_an_empty_value_and_invalid_rows_have_a_reason(
    kind: IndicatorType, text: str, style: PatternStyle
) -> None:
    row = make_row(kind, summary=text, **{VALUE_NAMES[kind]: text})
    found: Indicator | SkippableError
    try:
        found = parse_indicator(row)
    except SkippableError as error:
        found = error
    if isinstance(found, SkippableError):
        assert found.code == 'MAP-VALUE'
        assert found.context['field'] == VALUE_NAMES[kind]
        assert found.message.endswith('it is sent as soon as it has changed.')
        return
    for stix in make_objects(found, options=make_options(style)):
        literals = re.findall(r"= '((?:[^'\\]|\\.)*)'", str(stix['pattern']), re.DOTALL)
        assert literals
        assert all(literal.strip() for literal in literals)
        assert not str(stix['name']).startswith(' | ')


def test_refusal_names_its_indicator() -> None:
    error = refusal(make_row(ip='x' * 5000))
    assert error.context == {
        'field': 'ip',
        'indicator_id': 9007199254740993,
        'indicator_type': 'Address',
        'summary': '198.51.100.23',
        'owner_name': 'Example Org',
        'web_link': row_link(),
    }
    assert len(error.message) < 250
    assert refusal({'type': [], 'id': True}).context == {'field': 'type'}


def test_blanks_around_a_value_are_dropped_but_a_subject_keeps_them() -> None:
    assert parse_indicator(make_row(ip=' 198.51.100.23\n')).value == '198.51.100.23'
    subject = make_row(IndicatorType.EMAIL_SUBJECT, Subject=' Re: ')
    assert parse_indicator(subject).value == ' Re: '


def test_characters_that_cannot_be_sent_are_replaced_and_others_stay() -> None:
    row = make_row(
        IndicatorType.EMAIL_SUBJECT,
        Subject='a\ud800b\x00c\x01d\u2028',
        tags={'data': [{'name': '\udfff'}]},
    )
    found = parse_indicator(row)
    assert found.value == 'a\ufffdb\ufffdc\x01d\u2028'
    assert found.tags == (Tag(name='\ufffd'),)


@law
@given(st.dictionaries(any_text, json_values) | odd_rows())
def test_row_of_any_content_is_parsed_into_something_sendable_or_refused(
    row: dict[str, Any],
) -> None:
    try:
        indicator = parse_indicator(row)
    except SkippableError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.code in {'MAP-TYPE', 'MAP-VALUE'}
        assert json.dumps([refused.message, refused.context], ensure_ascii=False).encode('utf-8')
        return
    for stix in make_objects(indicator):
        body = json.dumps(stix, ensure_ascii=False, allow_nan=False).encode('utf-8')
        assert json.loads(body) == stix
        json.loads(stix['description'])


@law
@given(any_text)
def test_subject_of_any_content_reaches_the_wire_and_the_database(text: str) -> None:
    row = make_row(IndicatorType.EMAIL_SUBJECT, Subject=f'x{text}', summary=f'x{text}')
    indicator = parse_indicator(row)
    (stix,) = make_objects(indicator)
    assert json.loads(json.dumps(stix, ensure_ascii=False).encode('utf-8')) == stix
    connection = sqlite3.connect(':memory:')
    assert connection.execute('SELECT ?', (indicator.value,)).fetchone() == (indicator.value,)
    connection.close()


@pytest.mark.slow
def test_recorded_rows_are_all_parsed() -> None:
    found = [parse_indicator(row) for row in rows()]
    assert found
    assert len({indicator.id for indicator in found}) == len(found)
