"""Values as people paste them are looked up as the values that they stand for."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.refang import LONGEST, readings, refang, stix_id
from sentinel_app.core.value import keys_of_value
from tests.harness.strategies import law

MD5 = 'D41D8CD98F00B204E9800998ECF8427E'
SHA256 = '4713' * 16
STIX_ID = 'indicator--3f0b8c1e-7d0a-5a57-9a55-0d9d6c1b2a10'

ADDRESS = '95.46.98.12'
URL = 'https://u5f67.example.net/a?b=c'
HOST = 'h2436.s1.example'
MAIL = 'user@mail.example'
KEY = 'HKEY_LOCAL_MACHINE\\Software\\Run'


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        # Dots
        ('95[.]46[.]98[.]12', ADDRESS),
        ('95(.)46{.}98[.]12', ADDRESS),
        ('95[.46[.98.]12', ADDRESS),
        ('95\\.46\\.98\\.12', ADDRESS),
        ('95 [.] 46 [.] 98 [.] 12', ADDRESS),
        ('95[[.]]46.98.12', ADDRESS),
        ('95\u300246\uff0e98\u202412', ADDRESS),
        ('h2436[dot]s1(DOT)example', HOST),
        ('h2436[ dot ]s1<.>example', HOST),
        ('h2436 dot s1 dot example', HOST),
        ('h2436 .s1 . example', HOST),
        ('h2436\\[.\\]s1.example', HOST),
        # Schemes
        ('hxxps://u5f67[.]example[.]net/a?b=c', URL),
        ('hXXps://u5f67.example.net/a?b=c', 'https://u5f67.example.net/a?b=c'),
        ('HxxPs[:]//u5f67.example.net/a?b=c', 'HttPs://u5f67.example.net/a?b=c'),
        ('https[://]u5f67.example.net/a?b=c', URL),
        ('https(:)//u5f67.example.net/a?b=c', URL),
        ('https[:/]/u5f67.example.net/a?b=c', URL),
        ('h**ps://u5f67.example.net/a?b=c', URL),
        ('https : // u5f67.example.net/a?b=c', URL),
        ('fxp://a.example/', 'ftp://a.example/'),
        ('hxxp://[2001:db8::1]:80/x', 'http://[2001:db8::1]:80/x'),
        # At signs
        ('user[@]mail[.]example', MAIL),
        ('user(at)mail.example', MAIL),
        ('user [AT] mail [dot] example', MAIL),
        ('user at mail dot example', MAIL),
        # What stands around
        (f'  {ADDRESS}\t', ADDRESS),
        (f'"{ADDRESS}",', ADDRESS),
        (f'\u201c{ADDRESS}\u201d;', ADDRESS),
        (f"'{HOST}'.", HOST),
        (f'`{HOST}`', HOST),
        (f'<{URL}>', URL),
        (f'({URL}).', URL),
        (f'{URL})', URL),
        (f'[{ADDRESS}]', ADDRESS),
        ('["1.2.3.4"', '1.2.3.4'),
        ('[2001:db8::1]', '2001:db8::1'),
        ('http://a.example/x_(y)', 'http://a.example/x_(y)'),
        (f'\u2022 {HOST}', HOST),
        (f'- [x] {HOST}', HOST),
        (f'3) {HOST}', HOST),
        (f'> * {HOST}', HOST),
        ('\ufeff95.\u200b46.98\xad.12\xa0', ADDRESS),
        (f'John <{MAIL}>', MAIL),
        (f'mailto:{MAIL}', MAIL),
        (f'[see here]({URL})', URL),
        (f"[domain-name:value = '{HOST}']", HOST),
        (f'{SHA256}  setup file.exe', SHA256),
        # Labels
        (f'SHA256: {SHA256}', SHA256),
        (f'sha-256 hash = {SHA256}', SHA256),
        (f'MD5={MD5}', MD5),
        (f'MD5 {MD5}', MD5),
        (f'IP: {ADDRESS}', ADDRESS),
        (f'dst_ip == "{ADDRESS}"', ADDRESS),
        (f'domain: {HOST},', HOST),
        ('* URL: "hxxps://u5f67[.]example[.]net/a?b=c"', URL),
        ('AS: 42', '42'),
        # What is fine stays
        (ADDRESS, ADDRESS),
        (HOST, HOST),
        (URL, URL),
        (MAIL, MAIL),
        (SHA256, SHA256),
        (KEY, KEY),
        ('HKEY_CLASSES_ROOT\\.exe', 'HKEY_CLASSES_ROOT\\.exe'),
        ('HKLM\\Software\\Run : "x", : REG_SZ', 'HKLM\\Software\\Run : "x", : REG_SZ'),
        (f'{MD5} : {SHA256}', f'{MD5} : {SHA256}'),
        ('Host names of ours', 'Host names of ours'),
        ('host:8080', 'host:8080'),
        ('[SPAM] Pay now (urgent)', '[SPAM] Pay now (urgent)'),
        ('dot.example', 'dot.example'),
        ('', ''),
    ],
)
def test_text_is_refanged_to_the_value_that_it_stands_for(text: str, value: str) -> None:
    assert refang(text) == value


@pytest.mark.parametrize(
    ('text', 'among'),
    [
        ('95.46.98.12:443', {ADDRESS}),
        ('95[.]46[.]98[.]12:443', {ADDRESS}),
        ('[2001:db8::1]:443', {'2001:db8::1'}),
        ('h2436.s1.example:8443', {HOST}),
        ('h2436.s1.example/', {HOST, 'http://h2436.s1.example/', 'https://h2436.s1.example/'}),
        ('95.46.98.12/32', {ADDRESS}),
        ('2001:db8::1/128', {'2001:db8::1'}),
        ('fe80::1%eth0', {'fe80::1'}),
        ('a.example/b', {'http://a.example/b', 'https://a.example/b'}),
        ('http://a.example', {'http://a.example/'}),
        ('http://a.example/', {'http://a.example'}),
        ('HKLM:\\Software\\\\Run\\', {KEY, 'HKLM\\Software\\Run'}),
        ('Computer\\HKEY_LOCAL_MACHINE\\Software\\Run', {KEY}),
        (f'VGhyZWF0---{STIX_ID.upper()}', {STIX_ID}),
    ],
)
def test_text_has_further_readings(text: str, among: set[str]) -> None:
    assert among <= set(readings(text))


@pytest.mark.parametrize(
    ('text', 'key'),
    [
        ('AS4200000018', 'ASN||ASN4200000018'),
        ('AS 42', 'ASN||ASN42'),
        ('ASN42', 'ASN||ASN42'),
        ('AS: 42', 'ASN||ASN42'),
        ('hxxp://B\xfccher[.]example/X', 'URL||http://xn--bcher-kva.example/X'),
        ('b\xfccher[.]example', 'Host||xn--bcher-kva.example'),
        ('2001:DB8::1', 'Address||2001:db8:0:0:0:0:0:1'),
    ],
)
def test_readings_of_a_text_lead_to_the_key(text: str, key: str) -> None:
    assert key in {each.text for one in readings(text) for each in keys_of_value(one)}


@pytest.mark.parametrize('text', ['95.46.98.0/24', '2001:db8::/64', '10.0.0.1/31'])
def test_block_of_many_addresses_is_read_as_no_address(text: str) -> None:
    assert readings(text) == (text,)


def test_id_is_extracted_from_what_sentinel_shows() -> None:
    assert stix_id(STIX_ID.upper()) == stix_id(f'VGhy+/=---{STIX_ID}') == STIX_ID
    assert stix_id(f'{STIX_ID}0') is None
    assert stix_id('malware--3f0b8c1e-7d0a-5a57-9a55-0d9d6c1b2a10') is None


label = st.from_regex(r'[a-z]([a-z0-9-]{0,8}[a-z0-9])?', fullmatch=True)
host = st.lists(label, min_size=2, max_size=4).map('.'.join)
address = st.ip_addresses().map(str)
block = st.tuples(st.ip_addresses(v=4), st.integers(8, 32)).map(lambda pair: f'{pair[0]}/{pair[1]}')
digest = st.sampled_from([32, 40, 64]).flatmap(
    lambda size: st.text('0123456789ABCDEF', min_size=size, max_size=size)
)
path = st.from_regex(
    r'(/[a-z0-9_~%-]{1,8}){0,3}(\?[a-z]{1,5}=[a-z0-9,;]{0,5}[a-z0-9])?', fullmatch=True
)
url = st.builds(
    lambda scheme, host, path: f'{scheme}://{host}{path}',
    st.sampled_from(['http', 'https', 'ftp']),
    host | st.ip_addresses(v=4).map(str),
    path,
)
mail = st.builds(lambda name, host: f'{name}@{host}', label, host)
number = st.integers(0, 2**32 - 1).map('AS{}'.format)
values = st.one_of(host, address, block, digest, url, mail, number)


@st.composite
def defanged(draw: st.DrawFn, value: str) -> str:
    """The value as a report may write it."""
    dot = draw(
        st.sampled_from(['.', '[.]', '(.)', '{.}', '[dot]', '(DOT)', ' [.] ', '\\.', '[[.]]'])
    )
    text = re.sub(r'\.(?=[^/?#]*(?:[/?#]|\Z))', lambda _: dot, value, count=value.count('.'))
    colon = draw(st.sampled_from(['://', '[://]', '[:]//', ' :// ']))
    text = text.replace('://', colon)
    if draw(st.booleans()):
        text = re.sub(r'^http', draw(st.sampled_from(['hxxp', 'hXXp', 'h**p'])), text)
    text = text.replace('@', draw(st.sampled_from(['@', '[@]', '(at)', '[AT]', ' [at] '])))
    before, after = draw(
        st.sampled_from(
            [
                ('', ''),
                ('"', '"'),
                ('<', '>'),
                ('(', ')'),
                ('`', '`'),
                ("['", "',"),
                ('\u201c', '\u201d;'),
            ]
        )
    )
    mark = draw(st.sampled_from(['', '- ', '\u2022 ', '12) ', '\ufeff', '\xa0']))
    end = draw(st.sampled_from(['', ',', ';', '.', ' ', '\u200b', '\n']))
    return f'{mark}{before}{text}{after}{end}'


@law
@given(st.data())
def test_defanging_of_any_kind_is_undone(data: st.DataObject) -> None:
    value = data.draw(values)
    assert refang(data.draw(defanged(value))) == value


@law
@given(values)
def test_plain_value_is_unchanged(value: str) -> None:
    assert refang(value) == value
    assert readings(value)[0] == value


@law
@given(
    st.text(alphabet='.[](){}<>dotDOTah:/\\@, "\'-=x1\u200b', max_size=40) | st.text(max_size=60)
)
def test_refanging_twice_changes_nothing_more(text: str) -> None:
    found = refang(text)
    assert refang(found) == found


@law
@given(st.text(max_size=60))
def test_first_reading_is_the_text_as_entered(text: str) -> None:
    assert readings(text)[:1] == ((text.strip(),) if text.strip() else ())


def test_overlong_text_is_unchanged_and_takes_no_time() -> None:
    long = 'hxxp://a[.]b/' + 'x' * LONGEST
    assert readings(long) == (long,)
    for odd in ('[', '(.', '"', '[.]', 'url:', 'a dot ', ' .', '- '):
        refang(odd * (LONGEST // len(odd)))
