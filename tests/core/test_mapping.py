from __future__ import annotations

import datetime as dt
import json
import sqlite3
from dataclasses import replace
from typing import Any

import pytest
import stix2
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.context_key import identity_id
from sentinel_app.core.indicator import Attribute, HashKind, Indicator, IndicatorType, Tag
from sentinel_app.core.mapping import (
    SORT_FIELDS,
    is_expired,
    sort_value,
    stix_object,
    valid_until,
)
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.core.pattern import PatternStyle
from tests.harness.builders.indicator import (
    MD5,
    NOW,
    SHA1,
    make_indicator,
    make_objects,
    make_options,
)
from tests.harness.strategies import indicators, law

MILLISECOND = dt.timedelta(milliseconds=1)


def make_object(indicator: Indicator, **changes: Any) -> dict[str, Any]:
    key = object_keys(indicator)[0]
    arguments: dict[str, Any] = {
        'object_id': object_id(key),
        'created_at': indicator.added_at,
        'modified_at': NOW,
        'valid_until_at': NOW + dt.timedelta(hours=1),
        'options': make_options(),
    }
    return stix_object(indicator, key, **(arguments | changes))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_ttl_is_that_of_the_type() -> None:
    options = make_options(host=2)
    host, address = make_indicator(IndicatorType.HOST), make_indicator(IndicatorType.ADDRESS)
    assert valid_until(host, NOW, options) == NOW + dt.timedelta(hours=2)
    assert valid_until(address, NOW, options) == NOW + dt.timedelta(hours=720)


def test_external_expiry_counts_where_it_is_earlier() -> None:
    options = make_options(address=2)
    for hours, expected in ((1, 1), (2, 2), (3, 2)):
        indicator = make_indicator(expires_at=NOW + dt.timedelta(hours=hours))
        assert valid_until(indicator, NOW, options) == NOW + dt.timedelta(hours=expected)


def test_ttl_beyond_the_calendar_ends_with_it() -> None:
    until_at = valid_until(make_indicator(), NOW, make_options(address=10**9))
    assert until_at.year == 9999
    assert make_object(make_indicator(), valid_until_at=until_at)['valid_until'].startswith('9999')


def test_ttl_beyond_any_number_of_days_ends_with_the_calendar() -> None:
    assert valid_until(make_indicator(), NOW, make_options(address=10**400)).year == 9999


@pytest.mark.parametrize(
    ('expires_at', 'expected'),
    [(None, False), (NOW, True), (NOW - MILLISECOND, True), (NOW + MILLISECOND, False)],
)
def test_indicator_is_expired_from_the_moment_named(
    expires_at: dt.datetime | None, expected: bool
) -> None:
    assert is_expired(make_indicator(expires_at=expires_at), NOW) is expected


def test_valid_from_is_last_modified() -> None:
    found = make_object(make_indicator(modified_at=at('2025-06-07T08:09:10.123987+00:00')))
    assert found['valid_from'] == '2025-06-07T08:09:10.123Z'


def test_valid_from_is_never_in_the_future() -> None:
    """Sentinel counts an object as active from then on only."""
    found = make_object(make_indicator(modified_at=at('2999-01-01T00:00:00+00:00')))
    assert found['valid_from'] == found['modified'] == '2026-03-04T10:00:00.000Z'


@pytest.mark.parametrize('later', [dt.timedelta(0), dt.timedelta(microseconds=500), MILLISECOND])
def test_valid_from_is_before_valid_until(later: dt.timedelta) -> None:
    found = make_object(make_indicator(modified_at=NOW + later), valid_until_at=NOW)
    assert found['valid_until'] == '2026-03-04T10:00:00.000Z'
    assert found['valid_from'] == '2026-03-04T09:59:59.999Z'
    stix2.parse(json.dumps(found), allow_custom=False)


def test_modified_is_never_before_created() -> None:
    found = make_object(make_indicator(), created_at=NOW + MILLISECOND, modified_at=NOW)
    assert found['created'] == found['modified'] == '2026-03-04T10:00:00.001Z'


def test_times_of_another_zone_are_written_in_utc() -> None:
    found = make_object(make_indicator(), modified_at=at('2026-03-04T12:30:00+02:00'))
    assert found['modified'] == '2026-03-04T10:30:00.000Z'


def test_withdrawn_object_says_so() -> None:
    assert 'revoked' not in make_object(make_indicator())
    assert make_object(make_indicator(), is_revoked=True)['revoked'] is True


@law
@given(indicators())
def test_author_is_the_owner_exactly_where_that_is_chosen(indicator: Indicator) -> None:
    without, chosen = (
        make_objects(indicator, options=replace(make_options(), has_author=has_author))
        for has_author in (False, True)
    )
    for plain, stix in zip(without, chosen, strict=True):
        author = identity_id(indicator.owner_name)
        assert 'created_by_ref' not in plain
        assert list(stix)[2:4] == ['id', 'created_by_ref']
        assert stix == plain | {'created_by_ref': author}


def test_author_is_content() -> None:
    def content(owner: str, *, has_author: bool) -> bytes:
        host = make_indicator(IndicatorType.HOST, owner_name=owner)
        stix = make_object(host, options=replace(make_options(), has_author=has_author))
        # The owner is part of these two as well.
        return content_hash(object_text(stix | {'name': 'x', 'description': 'y'}))

    assert content('A', has_author=True) != content('A', has_author=False)
    assert content('A', has_author=True) != content('B', has_author=True)
    assert content('A', has_author=False) == content('B', has_author=False)


def test_name_is_value_and_owner() -> None:
    host = make_indicator(IndicatorType.HOST, value='C2.example.net', owner_name='Owner | "x"')
    assert make_object(host)['name'] == 'C2.example.net | Owner | "x"'


def test_name_of_a_file_has_that_hash_alone() -> None:
    hashes = ((HashKind.MD5, MD5), (HashKind.SHA1, SHA1))
    found = make_objects(make_indicator(IndicatorType.FILE, hashes=hashes))
    assert [stix['name'] for stix in found] == [f'{MD5} | Example Org', f'{SHA1} | Example Org']


def test_name_of_a_registry_key_has_its_summary() -> None:
    found = make_object(make_indicator(IndicatorType.REGISTRY_KEY, summary='a : b : c'))
    assert found['name'] == 'a : b : c | Example Org'


@pytest.mark.parametrize(
    ('kind', 'value', 'name'),
    [
        (IndicatorType.ADDRESS, '2001:DB8:0:0:0:0:0:5', '2001:db8::5'),
        (IndicatorType.ADDRESS, '::ffff:198.51.100.7', '198.51.100.7'),
        (IndicatorType.CIDR, '2001:db8:0:0:0:0:0:0/32', '2001:db8::/32'),
        (IndicatorType.EMAIL_SUBJECT, '=?utf-8?q?It=27s?=', "It's"),
        (IndicatorType.HOST, 'C2.example.net', 'c2.example.net'),
    ],
)
def test_name_has_the_value_of_the_pattern_as_logs_write_it(
    kind: IndicatorType, value: str, name: str
) -> None:
    found = make_object(
        make_indicator(kind, value=value), options=make_options(PatternStyle.AS_LOGS_WRITE_IT)
    )
    assert found['name'] == f'{name} | Example Org'


def test_name_of_a_file_and_a_registry_key_as_logs_write_them() -> None:
    options = make_options(PatternStyle.AS_LOGS_WRITE_IT)
    file = make_indicator(IndicatorType.FILE, hashes=((HashKind.MD5, MD5),))
    assert make_object(file, options=options)['name'] == f'{MD5.lower()} | Example Org'
    key = make_indicator(IndicatorType.REGISTRY_KEY, summary='a : b : c')
    assert make_object(key, options=options)['name'] == 'a : b : c | Example Org'


@pytest.mark.parametrize('style', list(PatternStyle))
@pytest.mark.parametrize('character', ['x', '😀'])
def test_long_name_is_cut_and_keeps_its_owner(style: PatternStyle, character: str) -> None:
    subject = make_indicator(IndicatorType.EMAIL_SUBJECT, value=character * 100_000)
    name = make_object(subject, options=make_options(style))['name']
    assert 998 <= len(name.encode('utf-16-le')) // 2 <= 1000
    assert name.endswith(f'{character}… | Example Org')


def test_name_of_a_thousand_characters_is_whole() -> None:
    fitting = 1000 - len(' | Example Org')
    for length in (fitting, fitting + 1):
        subject = make_indicator(IndicatorType.EMAIL_SUBJECT, value='x' * length)
        assert ('…' in make_object(subject)['name']) is (length > fitting)
    absurd = make_object(make_indicator(owner_name='o' * 10**5))
    assert absurd['name'].startswith('198.51.100.23 | o')
    assert len(absurd['name']) <= 1000


def test_confidence_zero_is_a_value() -> None:
    assert make_object(make_indicator(confidence=0))['confidence'] == 0
    assert 'confidence' not in make_object(make_indicator(confidence=None))


def test_labels_are_sorted_without_repeats() -> None:
    tags = tuple(Tag(name=name) for name in ('b', 'a', 'b', 'B'))
    assert make_object(make_indicator(tags=tags))['labels'] == ['B', 'a', 'b']
    backwards = make_indicator(tags=tags[::-1])
    assert make_object(backwards)['labels'] == ['B', 'a', 'b']
    assert 'labels' not in make_object(make_indicator())


@pytest.mark.parametrize(
    ('tag', 'label'),
    [
        (Tag(name='Phishing', technique_id='T1566'), 'T1566 - Phishing'),
        (
            Tag(name='Process Injection: Thread Local Storage', technique_id='T1055.005'),
            'T1055.005 - Process Injection: Thread Local Storage',
        ),
        (Tag(name='T1566 - Phishing', technique_id='T1566'), 'T1566 - Phishing'),
        (Tag(name='T1059 - X - ENT - ATT&CK'), 'T1059 - X - ENT - ATT&CK'),
    ],
)
def test_attack_tag_carries_the_technique(tag: Tag, label: str) -> None:
    assert make_object(make_indicator(tags=(tag,)))['labels'] == [label]


@pytest.mark.parametrize(
    ('value', 'phase'),
    [
        ('Reconnaissance', 'reconnaissance'),
        ('Weaponization', 'weaponization'),
        ('Delivery', 'delivery'),
        ('Exploitation', 'exploitation'),
        ('Installation', 'installation'),
        ('C2', 'command-and-control'),
        ('c2', 'command-and-control'),
        ('Command and Control', 'command-and-control'),
        ('Command & Control', 'command-and-control'),
        ('Actions on Objectives', 'actions-on-objectives'),
        ('Action on Objectives', 'actions-on-objectives'),
        (' Our own_Phase / Two ', 'our-own-phase-two'),
        ('Überfall', 'überfall'),
    ],
)
def test_phase_of_intrusion_becomes_a_kill_chain_phase(value: str, phase: str) -> None:
    attributes = (Attribute(type='Phase of Intrusion', value=value),)
    assert make_object(make_indicator(attributes=attributes))['kill_chain_phases'] == [
        {'kill_chain_name': 'lockheed-martin-cyber-kill-chain', 'phase_name': phase}
    ]


def test_phases_keep_their_order_without_repeats() -> None:
    values = ('Installation', 'C2', 'Delivery', 'c2')
    attributes = tuple(Attribute(type='Phase of Intrusion', value=value) for value in values)
    phases = make_object(make_indicator(attributes=attributes))['kill_chain_phases']
    assert [entry['phase_name'] for entry in phases] == [
        'installation',
        'command-and-control',
        'delivery',
    ]


def test_phases_beyond_the_length_or_number_allowed_are_left_out() -> None:
    values = ['x' * 101, 'y' * 100, *(f'phase {number}' for number in range(100))]
    attributes = tuple(Attribute(type='Phase of Intrusion', value=value) for value in values)
    phases = make_object(make_indicator(attributes=attributes))['kill_chain_phases']
    assert [entry['phase_name'] for entry in phases] == [
        'y' * 100,
        *(f'phase-{number}' for number in range(49)),
    ]


def test_kill_chain_is_absent_without_a_phase() -> None:
    attributes = (
        Attribute(type='Phase of Intrusion', value=' - '),
        Attribute(type='Source', value='C2'),
    )
    assert 'kill_chain_phases' not in make_object(make_indicator(attributes=attributes))


@pytest.mark.parametrize(
    ('labels', 'marking'),
    [
        (('TLP:WHITE',), stix2.TLP_WHITE),
        (('TLP:CLEAR',), stix2.TLP_WHITE),
        (('TLP:CLEAR', 'TLP:GREEN'), stix2.TLP_GREEN),
        (('TLP:AMBER', 'TLP:GREEN'), stix2.TLP_AMBER),
        (('TLP:AMBER+STRICT',), stix2.TLP_RED),
        (('TLP:RED', 'TLP:AMBER'), stix2.TLP_RED),
        (('tlp-green',), stix2.TLP_GREEN),
        # What says TLP and nothing known is marked as what it counts as.
        (('TLP:PURPLE', 'TLP:GREEN'), stix2.TLP_RED),
        (('TLP:GREEN+STRICT',), stix2.TLP_RED),
    ],
)
def test_strictest_tlp_label_is_the_marking(labels: tuple[str, ...], marking: Any) -> None:
    found = make_object(make_indicator(security_labels=labels))
    assert found['object_marking_refs'] == [marking.id]


def test_marking_is_absent_without_a_tlp_label() -> None:
    for labels in ((), ('Internal',)):
        for are_known in (True, False):
            indicator = make_indicator(security_labels=labels, are_labels_known=are_known)
            assert 'object_marking_refs' not in make_object(indicator)


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('confidence', 85.0),
        ('dateAdded', '2025-02-03T04:05:06.000Z'),
        ('id', '9007199254740993'.zfill(19)),
        ('lastModified', '2025-06-07T08:09:10.000Z'),
        ('ownerName', 'example org'),
        ('rating', 4.0),
        ('summary', '198.51.100.23'),
        ('threatAssessScore', 612.0),
        ('typeName', 'address'),
    ],
)
def test_sort_value_of_each_field(field: str, value: float | str) -> None:
    assert sort_value(make_indicator(), field) == value


def test_every_sort_field_has_a_label_and_a_value() -> None:
    assert len(set(SORT_FIELDS.values())) == len(SORT_FIELDS)
    nothing = make_indicator(confidence=None, rating=None, threat_assess_score=None)
    missing = {field for field in SORT_FIELDS if sort_value(nothing, field) is None}
    assert missing == {'confidence', 'rating', 'threatAssessScore'}


@pytest.mark.slow
@law
@given(st.lists(indicators(), max_size=5), st.sampled_from(sorted(SORT_FIELDS)))
def test_sqlite_orders_sort_values_as_python_does(found: list[Indicator], field: str) -> None:
    values = [sort_value(indicator, field) for indicator in found]
    connection = sqlite3.connect(':memory:')
    connection.execute('CREATE TABLE t (v)')
    connection.executemany('INSERT INTO t VALUES (?)', [(value,) for value in values])
    ordered = [row[0] for row in connection.execute('SELECT v FROM t ORDER BY v')]
    connection.close()
    empty = [value for value in values if value is None]
    assert ordered == empty + sorted(value for value in values if value is not None)


def test_large_ids_differ_in_their_sort_values() -> None:
    low, high = make_indicator(id=9007199254740992), make_indicator(id=9007199254740993)
    assert sort_value(low, 'id') < sort_value(high, 'id')
