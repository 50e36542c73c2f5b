"""What a value lies in, nearest first."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.canonical import network_text
from sentinel_app.core.containment import (
    Relation,
    container_digest,
    contents_digest,
    enclosing_keys,
)
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.value import keys_of_value
from tests.harness.strategies import law


def key(value: str, kind: IndicatorType) -> ObjectKey:
    (found,) = (each for each in keys_of_value(value) if each.type is kind)
    return found


def around(value: str, kind: IndicatorType) -> list[tuple[str, str]]:
    return [(relation, each.value) for relation, each in enclosing_keys(key(value, kind))]


@law
@given(st.ip_addresses())
def test_address_lies_in_one_block_of_each_length(address: ipaddress.IPv4Address) -> None:
    found = around(str(address), IndicatorType.ADDRESS)
    plain = getattr(address, 'ipv4_mapped', None) or address
    assert [value for _, value in found] == [
        network_text(ipaddress.ip_network((plain, length), strict=False))
        for length in range(plain.max_prefixlen, -1, -1)
    ]
    assert {relation for relation, _ in found} == {Relation.BLOCK}


def test_block_lies_in_those_that_are_larger() -> None:
    found = around('95.46.98.0/24', IndicatorType.CIDR)
    assert len(found) == 24
    assert found[0] == ('block', '95.46.98.0/23')
    assert found[-1] == ('block', '0.0.0.0/0')


def test_host_lies_in_its_parent_domains() -> None:
    assert around('a.b.example', IndicatorType.HOST) == [
        ('parent', 'b.example'),
        ('parent', 'example'),
    ]


@pytest.mark.parametrize(
    ('value', 'kind'),
    [
        ('http://A.b.example:80/x', IndicatorType.URL),
        ('someone@a.b.example', IndicatorType.EMAIL_ADDRESS),
    ],
)
def test_url_and_a_mailbox_lie_on_a_host(value: str, kind: IndicatorType) -> None:
    assert around(value, kind) == [
        ('host', 'a.b.example'),
        ('parent', 'b.example'),
        ('parent', 'example'),
    ]


def test_url_on_an_address_lies_in_its_blocks() -> None:
    found = around('http://[2001:db8::1]:8080/x', IndicatorType.URL)
    assert found[:2] == [
        ('host', '2001:db8:0:0:0:0:0:1'),
        ('block', '2001:db8:0:0:0:0:0:1/128'),
    ]
    assert len(found) == 130


@pytest.mark.parametrize('kind', [IndicatorType.ASN, IndicatorType.EMAIL_SUBJECT])
def test_values_of_other_types_lie_in_nothing(kind: IndicatorType) -> None:
    assert not list(enclosing_keys(ObjectKey(kind, 'ASN1')))


@pytest.mark.parametrize(
    ('container', 'kind', 'content', 'content_kind'),
    [
        ('a.example', IndicatorType.HOST, 'http://A.example:8080/x?y', IndicatorType.URL),
        ('1.2.3.4', IndicatorType.ADDRESS, 'http://1.2.3.4/x', IndicatorType.URL),
        ('2001:db8::1', IndicatorType.ADDRESS, 'http://[2001:DB8:0::1]/x', IndicatorType.URL),
        (
            'HKLM\\Software\\RUN',
            IndicatorType.REGISTRY_KEY,
            'HKEY_LOCAL_MACHINE\\Software\\Run : Name : REG_SZ',
            IndicatorType.REGISTRY_KEY,
        ),
    ],
)
def test_contents_of_a_value_are_found_by_its_digest(
    container: str, kind: IndicatorType, content: str, content_kind: IndicatorType
) -> None:
    wanted = contents_digest(key(container, kind))
    assert wanted is not None
    assert container_digest(key(content, content_kind)) == wanted


def test_value_that_is_not_a_container_has_no_digest() -> None:
    for each in (
        ObjectKey(IndicatorType.ASN, 'ASN1'),
        ObjectKey(IndicatorType.REGISTRY_KEY, 'Software\\Run'),
        ObjectKey(IndicatorType.URL, 'file:///x'),
    ):
        assert container_digest(each) is None
        assert contents_digest(each) is None
