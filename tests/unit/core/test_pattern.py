from __future__ import annotations

import re

import pytest
from hypothesis import given
from stix2patterns.v21.pattern import Pattern
from stix2patterns.validator import run_validator

from sentinel_app.core.models import HashKind, IndicatorType
from sentinel_app.core.pattern import RegistryKeyPattern, stix_pattern
from sentinel_app.core.stix_id import ObjectKey, object_keys
from tests.factories import MD5, SHA1, SHA256, make_indicator
from tests.strategies import law, texts


def patterns(
    kind: IndicatorType,
    registry: RegistryKeyPattern = RegistryKeyPattern.AS_IN_THE_GUIDE,
    **fields: object,
) -> list[str]:
    indicator = make_indicator(kind, **fields)
    return [stix_pattern(indicator, key, registry) for key in object_keys(indicator)]


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


def test_registry_key_only_keeps_its_backslashes() -> None:
    (pattern,) = patterns(
        IndicatorType.REGISTRY_KEY, RegistryKeyPattern.KEY_ONLY, value='HKLM\\Run'
    )
    assert pattern == r"[windows-registry-key:key = 'HKLM\\Run']"


@law
@given(texts)
def test_any_text_comes_back_from_the_stix_parser(value: str) -> None:
    key = ObjectKey(IndicatorType.EMAIL_SUBJECT, value)
    pattern = stix_pattern(
        make_indicator(IndicatorType.EMAIL_SUBJECT, value=value),
        key,
        RegistryKeyPattern.AS_IN_THE_GUIDE,
    )
    comparisons = Pattern(pattern).inspect().comparisons
    ((path, operator, literal),) = comparisons['email-message']
    assert (path, operator) == (['subject'], '=')
    assert re.sub(r'\\(.)', r'\1', literal[1:-1]) == value
