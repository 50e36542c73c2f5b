from __future__ import annotations

import pytest
from hypothesis import given

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.pattern import PatternStyle, written_value
from sentinel_app.core.value import hashes_of_value, keys_of_value, spellings
from sentinel_app.core.value_fault import indicator_fault, value_fault
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import MD5, SHA1, SHA256, make_indicator, make_row
from tests.harness.strategies import any_text, indicators, law

PLACE = {
    IndicatorType.ADDRESS: 'ip',
    IndicatorType.ASN: 'AS Number',
    IndicatorType.CIDR: 'Block',
}


@pytest.mark.parametrize('kind', list(IndicatorType))
def test_value_of_every_type_is_found_by_its_summary(kind: IndicatorType) -> None:
    indicator = parse_indicator(make_row(kind))
    assert set(object_keys(indicator)) <= set(keys_of_value(indicator.summary))


@law
@given(indicators())
def test_pattern_finds_its_object_whatever_the_style(indicator: Indicator) -> None:
    is_registry_key = indicator.type is IndicatorType.REGISTRY_KEY
    is_file = indicator.type is IndicatorType.FILE
    if is_registry_key or (not is_file and value_fault(indicator.type, indicator.value.strip())):
        return
    if indicator_fault(indicator) or indicator.value != indicator.value.strip():
        return
    for key in object_keys(indicator):
        for style in PatternStyle:
            written = written_value(indicator, key, style)
            if '=?' not in written:
                assert key in keys_of_value(written)


@pytest.mark.parametrize(
    ('kind', 'stored', 'typed'),
    [
        (IndicatorType.ADDRESS, '2001:db8:0:0:0:0:0:5', '2001:DB8::5'),
        (IndicatorType.ADDRESS, '2001:db8:0:0:0:0:0:5', '[2001:db8::5]'),
        (IndicatorType.ADDRESS, '0:0:0:0:0:ffff:c633:6407', '198.51.100.7'),
        (IndicatorType.ADDRESS, '198.51.100.7', '::ffff:198.51.100.7'),
        (IndicatorType.CIDR, '0:0:0:0:0:ffff:c633:6400/120', '198.51.100.9/24'),
        (IndicatorType.ASN, 'ASN64500', 'AS64500'),
        (IndicatorType.ASN, 'ASN64500', ' 64500 '),
        (IndicatorType.EMAIL_ADDRESS, 'a@xn--bcher-kva.example', 'A@bücher.example'),
        (IndicatorType.EMAIL_SUBJECT, '=?utf-8?q?It=27s?=', "It's"),
        (IndicatorType.EMAIL_SUBJECT, '=?utf-8?q?It=27s?=', '=?utf-8?b?SXQncw==?='),
        (IndicatorType.HOST, 'xn--bcher-kva.example', 'Bücher.example.'),
        (IndicatorType.URL, 'http://bad.example.org/A', 'HTTP://Bad.example.org/A'),
    ],
)
def test_value_is_found_in_another_spelling(kind: IndicatorType, stored: str, typed: str) -> None:
    (key,) = object_keys(make_indicator(kind, value=stored))
    assert key in keys_of_value(typed)


@pytest.mark.parametrize(
    ('kind', 'value', 'expected'),
    [
        (IndicatorType.ADDRESS, '198.51.100.7', ('198.51.100.7', '0:0:0:0:0:ffff:c633:6407')),
        (IndicatorType.ADDRESS, '2001:db8::5', ('2001:db8:0:0:0:0:0:5',)),
        (
            IndicatorType.CIDR,
            '198.51.100.0/24',
            ('198.51.100.0/24', '0:0:0:0:0:ffff:c633:6400/120'),
        ),
        (IndicatorType.CIDR, '2001:db8::/32', ('2001:db8:0:0:0:0:0:0/32',)),
        (IndicatorType.ASN, 'AS64500', ('ASN64500', 'AS64500', '64500')),
        (IndicatorType.HOST, 'C2.example.net', ('c2.example.net',)),
    ],
)
def test_threatconnect_is_asked_for_every_possible_spelling(
    kind: IndicatorType, value: str, expected: tuple[str, ...]
) -> None:
    (key,) = object_keys(make_indicator(kind, value=value))
    assert spellings(key) == expected


@law
@given(indicators())
def test_spellings_of_a_value_share_its_key(indicator: Indicator) -> None:
    for key in object_keys(indicator):
        if key.type in PLACE and indicator_fault(indicator) is None:
            for text in spellings(key):
                assert object_keys(make_indicator(key.type, value=text)) == (key,)
        else:
            assert spellings(key) == (key.value,)


@law
@given(any_text)
def test_values_of_any_content_can_be_looked_up(text: str) -> None:
    for key in keys_of_value(text):
        assert key.value.strip()
        assert ObjectKey.from_text(key.text) == key


@pytest.mark.parametrize(
    ('value', 'kinds'),
    [
        (MD5.lower(), [HashKind.MD5]),
        (f'{MD5} : {SHA1} : {SHA256}', [HashKind.MD5, HashKind.SHA1, HashKind.SHA256]),
        (f'{MD5} and more', []),
        ('', []),
        ('0' * 33, []),
    ],
)
def test_hashes_are_used_only_where_there_is_nothing_else(
    value: str, kinds: list[HashKind]
) -> None:
    assert [kind for kind, _ in hashes_of_value(value)] == kinds
