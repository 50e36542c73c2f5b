from __future__ import annotations

import hashlib
import ipaddress

import pytest
from hypothesis import given

from sentinel_app.core.never_send import EMPTY_FILE, NeverSend, parse_never_send
from tests.harness.builders.indicator import MD5, SHA1, SHA256
from tests.harness.strategies import any_text, law


def test_never_send_is_read() -> None:
    assert parse_never_send('') == parse_never_send(' | |') == NeverSend()
    found = parse_never_send(
        '10.0.0.0/8|2001:DB8::/32|192.168.1.1|*.Example.com|.corp.local.|bücher.example|PRIVATE|x_y'
        f'|2001:db8::5|{MD5.lower()}|{SHA1}| {SHA256.lower()} |Empty'
    )
    assert found == NeverSend(
        networks=(
            ipaddress.ip_network('10.0.0.0/8'),
            ipaddress.ip_network('2001:db8::/32'),
            ipaddress.ip_network('192.168.1.1/32'),
            ipaddress.ip_network('2001:db8::5/128'),
        ),
        domains=frozenset({'example.com', 'corp.local', 'xn--bcher-kva.example', 'x_y'}),
        hashes=frozenset({MD5, SHA1, SHA256}),
        is_private=True,
        is_empty_file=True,
    )


def test_hashes_of_digits_alone_are_hashes() -> None:
    assert parse_never_send('1' * 32 + '|' + '2' * 64).hashes == {'1' * 32, '2' * 64}


@pytest.mark.parametrize(
    ('entry', 'carried'),
    [
        ('::ffff:10.0.0.1', ['10.0.0.1/32']),
        ('64:ff9b::a00:0/104', ['10.0.0.0/8']),
        ('2002:a00::/24', ['10.0.0.0/8']),
        ('2001:db8::/32', []),
        # Whole forms are meant as they stand: nobody means every IPv4 address by them.
        ('::ffff:0:0/96', []),
        ('64:ff9b::/96', []),
        ('2002::/16', []),
        ('::/0', []),
        ('::1', []),
    ],
)
def test_ipv6_entry_also_stands_for_the_ipv4_block_that_it_carries(
    entry: str, carried: list[str]
) -> None:
    found = parse_never_send(entry)
    assert [str(block) for block, _ in found.carried] == carried
    assert all(network == ipaddress.ip_network(entry) for _, network in found.carried)


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ('10.0.0.0/33', "'10.0.0.0/33' is not an address or a CIDR block"),
        ('10.0.0.300', "'10.0.0.300' is not an address or a CIDR block"),
        ('10.0.0.5/8', "'10.0.0.5/8' is an address inside a block; write '10.0.0.0/8'"),
        ('http://example.com', "'http://example.com' is not an address or a CIDR block"),
        ('example.com/path', "'example.com/path' is not an address or a CIDR block"),
        ('fe80::1%eth0', 'is not an address or a CIDR block'),
        ('exa mple.com', "'exa mple.com' is not a domain"),
        ('a,b', "'a,b' is not a domain"),
        ('a..b', "'a..b' is not a domain"),
        ('*', r"'\*' is not a domain"),
        ('a' * 64 + '.com', 'is not a domain'),
        ('a' * 128, 'is not a domain, a CIDR block, an MD5, SHA-1 or SHA-256 hash or'),
        ('\ud800.example', 'is not a domain'),
    ],
)
def test_bad_entry_is_named_with_a_valid_alternative(entry: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_never_send(f'example.com|{entry}')


@law
@given(any_text)
def test_never_send_is_read_or_refused(text: str) -> None:
    try:
        found = parse_never_send(text)
    except ValueError:
        assert text.strip(' |')
    else:
        assert all(domain == domain.lower() and domain.isascii() for domain in found.domains)


def test_hashes_of_the_empty_file_are_right() -> None:
    assert {
        kind: getattr(hashlib, kind.lower().replace('-', ''))(b'').hexdigest().upper()
        for kind in EMPTY_FILE
    } == dict(EMPTY_FILE)
