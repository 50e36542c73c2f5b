from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stix2patterns.v21.pattern import Pattern
from stix2patterns.validator import run_validator

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.pattern import PatternStyle, stix_pattern
from tests.harness.builders.indicator import (
    MD5,
    SHA1,
    SHA256,
    make_indicator,
    make_objects,
    make_options,
)
from tests.harness.strategies import indicators, law, texts


def patterns(
    kind: IndicatorType,
    style: PatternStyle = PatternStyle.AS_IN_THE_GUIDE,
    **fields: object,
) -> list[str]:
    indicator = make_indicator(kind, **fields)
    return [stix_pattern(indicator, key, style) for key in object_keys(indicator)]


@pytest.mark.parametrize(
    ('kind', 'value', 'pattern'),
    [
        (IndicatorType.ADDRESS, '198.51.100.23', "[ipv4-addr:value = '198.51.100.23']"),
        (IndicatorType.ADDRESS, '2001:db8::5', "[ipv6-addr:value = '2001:db8:0:0:0:0:0:5']"),
        (IndicatorType.ASN, 'ASN64500', "[autonomous-system:name = 'ASN64500']"),
        (IndicatorType.CIDR, '203.0.113.0/24', "[ipv4-addr:value = '203.0.113.0/24']"),
        (IndicatorType.CIDR, 'fd00::/8', "[ipv6-addr:value = 'fd00:0:0:0:0:0:0:0/8']"),
        (IndicatorType.EMAIL_ADDRESS, 'a@Example.com', "[email-addr:value = 'a@example.com']"),
        (IndicatorType.EMAIL_SUBJECT, "It's 1\\2", r"[email-message:subject = 'It\'s 1\\2']"),
        (IndicatorType.HOST, 'C2.example.net', "[domain-name:value = 'c2.example.net']"),
        (IndicatorType.URL, 'http://a.org/A', "[url:value = 'http://a.org/A']"),
    ],
)
def test_pattern_of_each_type(kind: IndicatorType, value: str, pattern: str) -> None:
    assert patterns(kind, value=value) == [pattern]


def test_file_has_one_pattern_for_each_hash() -> None:
    hashes = ((HashKind.MD5, MD5), (HashKind.SHA1, SHA1), (HashKind.SHA256, SHA256))
    assert patterns(IndicatorType.FILE, hashes=hashes) == [
        f"[file:hashes.'MD5' = '{MD5}']",
        f"[file:hashes.'SHA-1' = '{SHA1}']",
        f"[file:hashes.'SHA-256' = '{SHA256}']",
    ]


@pytest.mark.parametrize(
    ('name', 'kind', 'rest'),
    [
        (
            "lo'ad\\er",
            'REG_SZ',
            (
                " AND windows-registry-key:values.name = 'lo\\'ad\\\\er'"
                " AND windows-registry-key:values.data_type = 'REG_SZ'"
            ),
        ),
        (None, 'REG_NONE', " AND windows-registry-key:values.data_type = 'REG_NONE'"),
        ('loader', None, " AND windows-registry-key:values.name = 'loader'"),
        (None, None, ''),
    ],
)
def test_registry_key_as_in_the_guide_leaves_out_what_is_empty(
    name: str | None, kind: str | None, rest: str
) -> None:
    fields = {'value': "HKLM\\It's", 'registry_value_name': name, 'registry_value_type': kind}
    (pattern,) = patterns(IndicatorType.REGISTRY_KEY, **fields)
    assert pattern == rf"[windows-registry-key:key = 'HKLM/It\'s'{rest}]"
    assert run_validator(pattern, stix_version='2.1') == []


@pytest.mark.parametrize(
    ('kind', 'value', 'pattern'),
    [
        (IndicatorType.ADDRESS, '198.51.100.23', "[ipv4-addr:value = '198.51.100.23']"),
        (IndicatorType.ADDRESS, '2001:DB8:0:0:0:0:0:5', "[ipv6-addr:value = '2001:db8::5']"),
        (
            IndicatorType.ADDRESS,
            '2001:db8:0:1:1:1:1:1',
            "[ipv6-addr:value = '2001:db8:0:1:1:1:1:1']",
        ),
        (IndicatorType.ADDRESS, '2001:0:0:1:0:0:0:1', "[ipv6-addr:value = '2001:0:0:1::1']"),
        (IndicatorType.ADDRESS, '2001:db8:0:0:1:0:0:1', "[ipv6-addr:value = '2001:db8::1:0:0:1']"),
        (IndicatorType.CIDR, 'fd00:0:0:0:0:0:0:0/8', "[ipv6-addr:value = 'fd00::/8']"),
        (IndicatorType.CIDR, '203.0.113.0/24', "[ipv4-addr:value = '203.0.113.0/24']"),
        (IndicatorType.EMAIL_SUBJECT, '=?utf-8?q?It=27s?=', r"[email-message:subject = 'It\'s']"),
        (IndicatorType.REGISTRY_KEY, 'HKLM\\Run', r"[windows-registry-key:key = 'HKLM\\Run']"),
        (IndicatorType.HOST, 'C2.example.net', "[domain-name:value = 'c2.example.net']"),
    ],
)
def test_pattern_as_logs_write_it(kind: IndicatorType, value: str, pattern: str) -> None:
    """The IPv6 examples are of RFC 5952, section 4."""
    assert patterns(kind, PatternStyle.AS_LOGS_WRITE_IT, value=value) == [pattern]


def test_hashes_as_logs_write_them_are_in_lower_case() -> None:
    hashes = ((HashKind.MD5, MD5), (HashKind.SHA1, SHA1), (HashKind.SHA256, SHA256))
    assert patterns(IndicatorType.FILE, PatternStyle.AS_LOGS_WRITE_IT, hashes=hashes) == [
        f"[file:hashes.'MD5' = '{MD5.lower()}']",
        f"[file:hashes.'SHA-1' = '{SHA1.lower()}']",
        f"[file:hashes.'SHA-256' = '{SHA256.lower()}']",
    ]


@pytest.mark.parametrize('style', list(PatternStyle))
@pytest.mark.parametrize(
    ('kind', 'value', 'pattern'),
    [
        (IndicatorType.ADDRESS, '::ffff:198.51.100.7', "[ipv4-addr:value = '198.51.100.7']"),
        (IndicatorType.CIDR, '::ffff:198.51.100.9/120', "[ipv4-addr:value = '198.51.100.0/24']"),
        (IndicatorType.CIDR, '::ffff:0:0/96', "[ipv4-addr:value = '0.0.0.0/0']"),
        (IndicatorType.HOST, 'BÜCHER.example', "[domain-name:value = 'xn--bcher-kva.example']"),
    ],
)
def test_value_with_two_spellings_has_one_pattern_in_either_style(
    kind: IndicatorType, value: str, pattern: str, style: PatternStyle
) -> None:
    assert patterns(kind, style, value=value) == [pattern]


def test_encoded_subject_stays_as_it_is_in_the_guide() -> None:
    (pattern,) = patterns(IndicatorType.EMAIL_SUBJECT, value='=?utf-8?q?It=27s?=')
    assert pattern == "[email-message:subject = '=?utf-8?q?It=27s?=']"


@law
@given(indicators())
def test_patterns_depend_on_the_style_and_ids_do_not(indicator: Indicator) -> None:
    guide, logs = (make_objects(indicator, options=make_options(style)) for style in PatternStyle)
    for one, other in zip(guide, logs, strict=True):
        changed = {name for name in one if one[name] != other[name]}
        assert changed <= {'name', 'pattern'}


@law
@given(st.ip_addresses(v=6))
def test_ipv6_pattern_is_the_same_address_in_either_style(address: IPv6Address) -> None:
    for style in PatternStyle:
        (pattern,) = patterns(IndicatorType.ADDRESS, style, value=str(address))
        written = ip_address(pattern.split("'")[1])
        assert written in {address, address.ipv4_mapped}


@law
@given(texts, st.sampled_from(PatternStyle))
def test_text_of_any_kind_survives_the_stix_parser(value: str, style: PatternStyle) -> None:
    key = ObjectKey(IndicatorType.EMAIL_SUBJECT, value)
    pattern = stix_pattern(make_indicator(IndicatorType.EMAIL_SUBJECT, value=value), key, style)
    comparisons = Pattern(pattern).inspect().comparisons
    ((path, operator, literal),) = comparisons['email-message']
    assert (path, operator) == (['subject'], '=')
    assert re.sub(r'\\(.)', r'\1', literal[1:-1]) == value
