from __future__ import annotations

import ipaddress

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.canonical import _URL_HEAD, _plain_url_head
from sentinel_app.core.host import (
    _any_host,
    ascii_name,
    email_host,
    host_address,
    is_plain_name,
    is_plain_url,
    normal_host,
    url_host,
)
from sentinel_app.core.value_fault import _any_host_fault
from tests.harness.strategies import any_text, law


@pytest.mark.parametrize(
    ('url', 'host'),
    [
        ('http://Bad.Example.org/a?b=1#c', 'bad.example.org'),
        ('https://user:pass@bad.example.org:8443/', 'bad.example.org'),
        ('http://a@b@bad.example.org/', 'bad.example.org'),
        ('http://bad.example.org./', 'bad.example.org'),
        ('bad.example.org:80/path', 'bad.example.org'),
        ('bad.example.org', 'bad.example.org'),
        ('//bad.example.org/x', 'bad.example.org'),
        ('hxxp://bad.example.org/x', 'bad.example.org'),
        ('http:/10.0.0.1/x', '10.0.0.1'),
        ('http:\\\\10.0.0.1\\x', '10.0.0.1'),
        ('http:10.0.0.1', '10.0.0.1'),
        ('http://bad.example.org\\@10.0.0.1/', 'bad.example.org'),
        ('http://10.0.0.1?x=http://b.org/', '10.0.0.1'),
        ('http://10.0.0.1#@b.org', '10.0.0.1'),
        ('http://[2001:DB8::1]:443/x', '2001:db8::1'),
        ('http://[fe80::1%25eth0]/', 'fe80::1'),
        ('http://2001:db8::1/x', '2001:db8::1'),
        ('http://%31%30.0.0.1/', '10.0.0.1'),
        ('http://\uff11\uff10\u30020\uff0e0\uff611/', '10.0.0.1'),
        ('ht\ntp://10.0.\t0.1/', '10.0.0.1'),
        ('http://bücher.example/', 'xn--bcher-kva.example'),
        ('http://' + 'ü' * 80 + '.example/', 'ü' * 80 + '.example'),
        ('mailto', 'mailto'),
        ('http://', ''),
        ('', ''),
        ('file:///etc/passwd', ''),
    ],
)
def test_host_of_a_url(url: str, host: str) -> None:
    assert url_host(url) == host


@pytest.mark.parametrize(
    ('address', 'host'),
    [
        ('a@Example.com', 'example.com'),
        ('"a@b"@example.com', 'example.com'),
        ('A <a@example.com>', 'example.com'),
        ('a@[10.0.0.1]', '10.0.0.1'),
        ('a@[IPv6:2001:db8::1]', '2001:db8::1'),
        ('nobody', ''),
    ],
)
def test_host_of_an_email_address(address: str, host: str) -> None:
    assert email_host(address) == host


@pytest.mark.parametrize(
    ('host', 'address'),
    [
        ('10.0.0.1', '10.0.0.1'),
        ('167772161', '10.0.0.1'),
        ('0xa000001', '10.0.0.1'),
        ('0xA.0x0.0x0.0x1'.lower(), '10.0.0.1'),
        ('012.0.0.01', '10.0.0.1'),
        ('10.1', '10.0.0.1'),
        ('10.0.1', '10.0.0.1'),
        ('0x7f.1', '127.0.0.1'),
        ('0x', '0.0.0.0'),
        ('4294967295', '255.255.255.255'),
        ('2001:db8::1', '2001:db8::1'),
        ('fe80::1%eth0', 'fe80::1'),
    ],
)
def test_address_in_any_spelling(host: str, address: str) -> None:
    assert host_address(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize(
    'host',
    [
        'example.com',
        '10.0.0.1.example.com',
        '1.2.3.4.5',
        '256.0.0.1',
        '10.0.0.256',
        '4294967296',
        '10..0.1',
        '08.0.0.1',
        '0x1_0',
        '0xzz',
        '٣.0.0.1',
        '-1',
        '1' * 100,
        'a:b',
        '',
    ],
)
def test_invalid_addresses_are_not_read(host: str) -> None:
    assert host_address(host) is None


@law
@given(st.ip_addresses(v=4))
def test_address_is_read_in_every_spelling(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = [
        str(address),
        str(number),
        hex(number),
        f'0{number:o}',
        '.'.join(f'0{byte:o}' for byte in address.packed),
        '.'.join(hex(byte) for byte in address.packed),
        f'{number >> 24}.{number & 0xFFFFFF}',
        f'{number >> 24}.{number >> 16 & 0xFF}.{number & 0xFFFF}',
    ]
    assert {host_address(url_host(f'http://{text}:80/x')) for text in spellings} == {address}


@law
@given(any_text)
def test_host_is_read_from_any_text_without_an_error(text: str) -> None:
    for host in (url_host(text), url_host(f'http://{text}'), email_host(text), normal_host(text)):
        host_address(host)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('faß.example', 'xn--fa-hia.example'),
        ('XN--FA-HIA.example', 'xn--fa-hia.example'),
        ('FA\u1e9e.example', 'xn--fa-hia.example'),
        ('fass.example', 'fass.example'),
        ('οδος.example', 'xn--pxavbm.example'),
        ('οδοσ.example', 'xn--pxavbq.example'),
        # A capital sigma is no final one, wherever it stands.
        ('ΟΔΟΣ.example', 'xn--pxavbq.example'),
        ('\u0915\u094d\u200d\u0937.example', 'xn--11b2ezcw70k.example'),
        ('\u0915\u094d\u0937.example', 'xn--11b2ezc.example'),
        ('\u0646\u0627\u0645\u0647\u200c\u0627\u06cc', 'xn--mgba3gch31f060k'),
        ('münchen', 'xn--mnchen-3ya'),
        ('mu\u0308nchen', 'xn--mnchen-3ya'),
        ('例え.テスト', 'xn--r8jz45g.xn--zckzah'),
        ('💩.la', 'xn--ls8h.la'),
        ('.xn--fiqz9s', '.xn--fiqz9s'),
        ('_dmarc.example', '_dmarc.example'),
        ('exam\u200bple\u00ad.com', 'example.com'),
        ('exam' + '\u00ad' * 5000 + 'ple.com', 'example.com'),
        ('xn--', 'xn--'),
        ('xn--a.xn--\x80', 'xn--a.xn--\x80'),
        ('XN--99999999999999', 'xn--99999999999999'),
        ('a\ud800.Example', 'a\ud800.example'),
        ('10\u20240\u20240\u20241', '10.0.0.1'),
        ('\uff11\uff10.0', '10.0'),
    ],
)
def test_name_is_read_as_browsers_read_it(name: str, expected: str) -> None:
    assert ascii_name(name) == expected


@law
@given(st.text(st.characters(exclude_categories=('Cs',)), min_size=1, max_size=8))
def test_name_accepted_by_the_standard_equals_its_ascii_form(text: str) -> None:
    try:
        expected = idna.encode(text, uts46=True, std3_rules=True).decode('ascii')
    except idna.IDNAError:
        return
    assert normal_host(text) == normal_host(idna.decode(expected)) == normal_host(expected)
    assert normal_host(text) == expected.rstrip('.')


odd_names = st.text('aAzZ09_-*.%[]:@/\\\u3002\u212a\u017fxX \n\tü', max_size=30)
usual_names = st.from_regex(r'[a-zA-Z0-9_*-]{1,5}(\.[a-zA-Z0-9_*-]{1,5}){0,4}\.?', fullmatch=True)


@law
@given(any_text | odd_names | usual_names)
def test_usual_host_is_read_as_by_the_general_path(text: str) -> None:
    assert normal_host(text) == _any_host(text)


@law
@given(any_text | odd_names | usual_names)
def test_plain_name_is_its_own_host(text: str) -> None:
    if is_plain_name(text):
        assert _any_host(text) == text.lower()
        assert host_address(text.lower()) is None
        assert _any_host_fault(text) is None


@pytest.mark.parametrize('text', ['c2.Example.net', 'a', '*.example.com', '_dmarc.a-b.example'])
def test_ordinary_names_are_plain(text: str) -> None:
    assert is_plain_name(text)


@pytest.mark.parametrize(
    'text',
    [
        '',
        '.',
        'a.',
        '.a',
        'a..b',
        '1.2.3.4',
        '0x7f',
        'a.1',
        'a\n',
        'ü.example',
        'a b',
        'a:80',
        '\u212aelvin.example',
        'a/b',
        'a@b',
        'a%62',
        '[::1]',
        'a' * 64,
        'a.' * 126 + 'ab',
    ],
)
def test_name_that_needs_parsing_is_not_plain(text: str) -> None:
    assert not is_plain_name(text)


@law
@given(
    st.builds(
        '{}{}{}{}'.format,
        st.sampled_from(['http', 'https', 'HTTP', 'ftp', 'ftps', 'ws', 'wss', 'gopher', '']),
        st.sampled_from(['://', ':/', ':\\\\', ':///', '']),
        odd_names | usual_names,
        st.sampled_from(['', '/', ':80', ':80/', ':x/', '?q@b/', '#f', '/a b', '\\', '\n']),
    )
)
def test_plain_url_has_a_host_and_is_its_own_canonical_form(url: str) -> None:
    if is_plain_url(url):
        assert url_host(url)
        assert _URL_HEAD.sub(_plain_url_head, url, count=1) == url


@pytest.mark.parametrize(
    'url', ['http://example.com', 'https://a-b.example.net:8443/A?b=C#D', 'ftp://198.51.100.7/']
)
def test_ordinary_urls_are_plain(url: str) -> None:
    assert is_plain_url(url)


@pytest.mark.parametrize(
    'url',
    [
        'http://',
        'http://a@',
        'http://A/',
        'HTTP://a/',
        'http://a@b/',
        'http:/a',
        'http://a\n',
        'a',
        'http://[::1]/',
        'http://ü/',
        'http://a:80@b/',
        'http://a\\@b/',
        'http://./',
    ],
)
def test_url_that_needs_parsing_is_not_plain(url: str) -> None:
    assert not is_plain_url(url)
