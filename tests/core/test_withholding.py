from __future__ import annotations

import ipaddress
import time

import pytest
from hypothesis import given

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.never_send import EMPTY_FILE, NeverSend, parse_never_send
from sentinel_app.core.tlp import Tlp
from sentinel_app.core.withholding import withheld_reason
from tests.core.test_carried_address import FORMS
from tests.harness.builders.indicator import MD5, SHA1, make_indicator
from tests.harness.strategies import indicators, law

NOTHING = NeverSend()


def reason(kind: IndicatorType, value: str, never_send: str) -> str | None:
    return withheld_reason(
        make_indicator(kind, value=value), max_tlp=None, never_send=parse_never_send(never_send)
    )


@pytest.mark.parametrize('highest', list(Tlp))
@pytest.mark.parametrize('label', [None, *Tlp])
def test_label_above_the_highest_is_held_back(highest: Tlp, label: Tlp | None) -> None:
    indicator = make_indicator(security_labels=() if label is None else (str(label),))
    found = withheld_reason(indicator, max_tlp=highest, never_send=NOTHING)
    assert (found is not None) == (label is not None and label.strictness > highest.strictness)
    assert withheld_reason(indicator, max_tlp=None, never_send=NOTHING) is None


@pytest.mark.parametrize(
    ('labels', 'words'),
    [
        (('TLP:RED',), 'TLP:RED'),
        (('tlp-red',), "'tlp-red', which means TLP:RED"),
        (('TLP:X',), "'TLP:X', which is no known TLP level and counts as TLP:RED"),
        (('TLP:CLEAR', 'TLP:AMBER+STRICT', 'TLP RED'), "'TLP RED', which means TLP:RED"),
    ],
)
def test_reason_of_a_label_names_it_and_both_levels(labels: tuple[str, ...], words: str) -> None:
    indicator = make_indicator(security_labels=labels)
    found = withheld_reason(indicator, max_tlp=Tlp.AMBER, never_send=NOTHING)
    assert found == f'It is labeled {words}, and TLP:AMBER is the highest level to send.'


def test_long_label_is_shown_in_part() -> None:
    indicator = make_indicator(security_labels=('TLP:' + 'X' * 5000,))
    found = withheld_reason(indicator, max_tlp=Tlp.AMBER, never_send=NOTHING)
    assert found is not None
    assert len(found) < 300


@pytest.mark.parametrize('highest', list(Tlp))
def test_missing_labels_hold_an_indicator_back_where_there_is_a_limit(highest: Tlp) -> None:
    indicator = make_indicator(are_labels_known=False, security_labels=('TLP:CLEAR',))
    found = withheld_reason(indicator, max_tlp=highest, never_send=NOTHING)
    assert found is not None
    assert 'TLP level is unknown' in found
    assert str(highest) in found
    assert withheld_reason(indicator, max_tlp=None, never_send=NOTHING) is None


def test_known_label_gives_a_better_reason_than_missing_ones() -> None:
    indicator = make_indicator(are_labels_known=False, security_labels=('TLP:RED',))
    found = withheld_reason(indicator, max_tlp=Tlp.GREEN, never_send=NOTHING)
    assert found == 'It is labeled TLP:RED, and TLP:GREEN is the highest level to send.'


@pytest.mark.parametrize(
    ('kind', 'value', 'is_held'),
    [
        (IndicatorType.ADDRESS, '10.1.2.3', True),
        (IndicatorType.ADDRESS, '11.1.2.3', False),
        (IndicatorType.ADDRESS, '::ffff:10.1.2.3', True),
        (IndicatorType.ADDRESS, '::ffff:11.1.2.3', False),
        (IndicatorType.ADDRESS, 'fd00:0:0:0:0:0:0:1', True),
        (IndicatorType.ADDRESS, '2a00:0:0:0:0:0:0:1', False),
        (IndicatorType.CIDR, '10.1.0.0/16', True),
        (IndicatorType.CIDR, '10.0.0.0/8', True),
        (IndicatorType.CIDR, '10.0.0.0/7', False),
        (IndicatorType.CIDR, 'fd00::/9', True),
        (IndicatorType.CIDR, '::/0', False),
        (IndicatorType.URL, 'http://10.1.2.3:8080/x', True),
        (IndicatorType.URL, 'http://user@0xa.1/x', True),
        (IndicatorType.URL, 'http://[fd00::1]/x', True),
        (IndicatorType.URL, 'http://[::ffff:a00:1]/x', True),
        (IndicatorType.URL, 'http://11.1.2.3/10.1.2.3', False),
        (IndicatorType.HOST, '10.1.2.3', True),
        (IndicatorType.HOST, '10.1.2.3:8080', True),
        (IndicatorType.HOST, '[fd00::1]', True),
        (IndicatorType.EMAIL_ADDRESS, 'a@[10.1.2.3]', True),
        (IndicatorType.EMAIL_SUBJECT, '10.1.2.3', False),
        (IndicatorType.ASN, 'ASN10', False),
    ],
)
def test_block_holds_back_what_is_inside_it(kind: IndicatorType, value: str, is_held: bool) -> None:
    found = reason(kind, value, '10.0.0.0/8|fd00::/8')
    assert (found is not None) is is_held
    assert found is None or found.endswith('which Never Send lists.')


@pytest.mark.parametrize('form', sorted(FORMS))
@pytest.mark.parametrize(('address', 'is_held'), [('10.1.2.3', True), ('11.1.2.3', False)])
def test_address_is_held_back_in_every_form_that_carries_it(
    form: str, address: str, is_held: bool
) -> None:
    text = FORMS[form](ipaddress.IPv4Address(address))
    for kind, value in (
        (IndicatorType.ADDRESS, text),
        (IndicatorType.CIDR, f'{text}/128'),
        (IndicatorType.URL, f'http://[{text}]:8080/x'),
        (IndicatorType.HOST, text),
        (IndicatorType.EMAIL_ADDRESS, f'a@[IPv6:{text}]'),
    ):
        for never_send in ('10.0.0.0/8', 'private'):
            found = reason(kind, value, never_send)
            # That form of ISATAP is link-local itself.
            is_private = never_send == 'private' and form == 'ISATAP, local'
            assert (found is not None) is (is_held or is_private)
            if found and never_send != 'private':
                assert found.endswith(' is inside 10.0.0.0/8, which Never Send lists.')
                assert f'carries {address}, which' in found


@pytest.mark.parametrize('form', sorted(set(FORMS) - {'Teredo server'}))
def test_entry_in_a_form_that_carries_an_address_holds_it_back_in_all_forms(form: str) -> None:
    entry = FORMS[form](ipaddress.IPv4Address('10.1.2.3'))
    for other in (*FORMS.values(), str):
        assert reason(IndicatorType.ADDRESS, other(ipaddress.IPv4Address('10.1.2.3')), entry)
    # Not of the entry's own form: Teredo has a server in common, and local NAT64 several readings.
    for name in ('IPv4-mapped', 'NAT64', '6to4', 'ISATAP, global'):
        other = FORMS[name](ipaddress.IPv4Address('12.1.2.3'))
        assert not reason(IndicatorType.ADDRESS, other, entry)
    assert reason(IndicatorType.URL, 'http://10.1.2.3/', entry)


@pytest.mark.parametrize(
    ('kind', 'value', 'never_send', 'is_held'),
    [
        (IndicatorType.ADDRESS, '2001:db8::5', '2001:db8::5', True),
        (IndicatorType.ADDRESS, '2001:db8::6', '2001:db8::5', False),
        (IndicatorType.ADDRESS, '::ffff:8.8.8.8', '::ffff:0:0/96', True),
        (IndicatorType.ADDRESS, '8.8.8.8', '::ffff:0:0/96', False),
        (IndicatorType.CIDR, '2002:a00::/24', '10.0.0.0/8', True),
        (IndicatorType.CIDR, '2002:a00::/23', '10.0.0.0/8', False),
        (IndicatorType.CIDR, '64:ff9b::a00:0/104', '10.0.0.0/8', True),
        (IndicatorType.CIDR, '64:ff9b::a00:0/103', '10.0.0.0/8', False),
        (IndicatorType.CIDR, '10.0.0.0/8', '64:ff9b::a00:0/104', True),
        (IndicatorType.CIDR, '10.0.0.0/7', '64:ff9b::a00:0/104', False),
        (IndicatorType.CIDR, '0.0.0.0/0', '::/0', False),
        (IndicatorType.ADDRESS, '::1', '0.0.0.0/8', False),
    ],
)
def test_ipv6_entries_and_carried_blocks(
    kind: IndicatorType, value: str, never_send: str, is_held: bool
) -> None:
    assert (reason(kind, value, never_send) is not None) is is_held


@pytest.mark.parametrize(
    ('never_send', 'words'),
    [
        (MD5, f'Its MD5 hash {MD5} is one that Never Send lists.'),
        (f'example.com|{SHA1.lower()}', f'Its SHA-1 hash {SHA1} is one that Never Send lists.'),
        ('0' * 32, None),
        ('empty', None),
        ('private|10.0.0.0/8', None),
    ],
)
def test_file_is_held_back_by_one_listed_hash(never_send: str, words: str | None) -> None:
    indicator = make_indicator(
        IndicatorType.FILE, hashes=((HashKind.MD5, MD5), (HashKind.SHA1, SHA1))
    )
    never = parse_never_send(never_send)
    assert withheld_reason(indicator, max_tlp=None, never_send=never) == words


@pytest.mark.parametrize('kind', list(HashKind))
def test_word_empty_holds_back_the_empty_file(kind: HashKind) -> None:
    indicator = make_indicator(IndicatorType.FILE, hashes=((kind, EMPTY_FILE[kind]),))
    assert withheld_reason(indicator, max_tlp=None, never_send=parse_never_send('empty')) == (
        f'Its {kind} hash {EMPTY_FILE[kind]} is that of the empty file, and Never Send says empty.'
    )
    assert not withheld_reason(indicator, max_tlp=None, never_send=parse_never_send('private'))


@pytest.mark.parametrize('own', ['faß.example', 'xn--fa-hia.example', 'FAẞ.Example'])
def test_sharp_s_is_a_letter_of_its_own(own: str) -> None:
    for kind, value in (
        (IndicatorType.HOST, 'xn--fa-hia.example'),
        (IndicatorType.HOST, 'www.faß.example'),
        (IndicatorType.URL, 'https://www.xn--fa-hia.example/x'),
        (IndicatorType.URL, 'https://fa%C3%9F.example/x'),
        (IndicatorType.EMAIL_ADDRESS, 'a@xn--fa-hia.example'),
    ):
        assert reason(kind, value, own)
    assert reason(IndicatorType.HOST, 'fass.example', own) is None
    assert reason(IndicatorType.HOST, 'faß.example', 'fass.example') is None


@pytest.mark.parametrize(
    'piece', ['a.', 'ü.', 'ü', '\u0301\u0316', '\u00ad', '.', '%C3%BC', '1', ':']
)
def test_time_to_check_a_host_grows_with_its_length(piece: str) -> None:
    never_send = parse_never_send('example.com|10.0.0.0/8|private')
    long = piece * (100_000 // len(piece))
    began = time.process_time()
    indicator = make_indicator(IndicatorType.URL, value=f'a@{long}.example.com')
    found = withheld_reason(indicator, max_tlp=None, never_send=never_send)
    assert found is None or len(found) < 300
    assert time.process_time() - began < 8, 'the square of the length would take minutes'


def test_long_host_in_a_listed_domain_is_held_back() -> None:
    for many in (80, 83, 84, 85, 50_000):
        assert reason(IndicatorType.HOST, 'ab.' * many + 'example.com', 'example.com')
        assert not reason(IndicatorType.HOST, 'ab.' * many + 'badexample.com', 'example.com')


@pytest.mark.parametrize(
    ('kind', 'value', 'is_held'),
    [
        (IndicatorType.HOST, 'example.com', True),
        (IndicatorType.HOST, 'http://www.example.com/x', True),
        (IndicatorType.HOST, 'example.com:8080', True),
        (IndicatorType.HOST, 'WWW.Example.com.', True),
        (IndicatorType.HOST, 'badexample.com', False),
        (IndicatorType.HOST, 'example.com.evil.org', False),
        (IndicatorType.HOST, 'com', False),
        (IndicatorType.URL, 'https://www.example.com/x', True),
        (IndicatorType.URL, 'www.example.com:80', True),
        (IndicatorType.URL, 'https://evil.org/example.com', False),
        (IndicatorType.URL, 'https://example.com@evil.org/', False),
        (IndicatorType.URL, 'https://evil.org@example.com/', True),
        (IndicatorType.EMAIL_ADDRESS, 'a@example.com', True),
        (IndicatorType.EMAIL_ADDRESS, 'a@mail.Example.com', True),
        (IndicatorType.EMAIL_ADDRESS, 'example.com@evil.org', False),
        (IndicatorType.EMAIL_ADDRESS, 'nobody', False),
        (IndicatorType.HOST, 'www.BÜCHER.example', True),
        (IndicatorType.HOST, 'xn--bcher-kva.example', True),
        (IndicatorType.ADDRESS, '11.1.2.3', False),
        (IndicatorType.EMAIL_SUBJECT, 'example.com', False),
    ],
)
def test_domain_holds_back_what_is_in_it(kind: IndicatorType, value: str, is_held: bool) -> None:
    found = reason(kind, value, 'example.com|bücher.example')
    assert (found is not None) is is_held
    assert found is None or found.endswith('which Never Send lists.')


@pytest.mark.parametrize(
    ('kind', 'value', 'word'),
    [
        (IndicatorType.ADDRESS, '10.0.0.1', 'private'),
        (IndicatorType.ADDRESS, '172.31.255.255', 'private'),
        (IndicatorType.ADDRESS, '172.32.0.0', None),
        (IndicatorType.ADDRESS, '192.168.0.1', 'private'),
        (IndicatorType.ADDRESS, '127.0.0.1', 'loopback'),
        (IndicatorType.ADDRESS, '0:0:0:0:0:0:0:1', 'loopback'),
        (IndicatorType.ADDRESS, '169.254.1.1', 'link-local'),
        (IndicatorType.ADDRESS, 'fe80:0:0:0:0:0:0:1', 'link-local'),
        (IndicatorType.ADDRESS, 'fc00:0:0:0:0:0:0:1', 'private'),
        (IndicatorType.ADDRESS, '192.0.2.1', 'documentation'),
        (IndicatorType.ADDRESS, '198.51.100.23', 'documentation'),
        (IndicatorType.ADDRESS, '203.0.113.255', 'documentation'),
        (IndicatorType.ADDRESS, '2001:db8:0:0:0:0:0:5', 'documentation'),
        (IndicatorType.ADDRESS, '3fff:0:0:0:0:0:0:5', 'documentation'),
        (IndicatorType.ADDRESS, '8.8.8.8', None),
        (IndicatorType.CIDR, '192.168.0.0/24', 'private'),
        (IndicatorType.CIDR, '192.0.0.0/8', None),
        (IndicatorType.URL, 'http://127.1/', 'loopback'),
        (IndicatorType.URL, 'http://localhost:8080/', 'one label'),
        (IndicatorType.URL, 'http://8.8.8.8/', None),
        (IndicatorType.URL, 'http://', None),
        (IndicatorType.HOST, 'intranet', 'one label'),
        (IndicatorType.HOST, 'printer.Local', '.local'),
        (IndicatorType.HOST, 'local.example.net', None),
        (IndicatorType.EMAIL_ADDRESS, 'root@localhost', 'one label'),
    ],
)
def test_private_holds_back_reserved_addresses_and_names(
    kind: IndicatorType, value: str, word: str | None
) -> None:
    found = reason(kind, value, 'private')
    assert (found is not None) is (word is not None)
    assert found is None or (word in found and found.endswith('and Never Send says private.'))


def test_reason_names_value_and_entry() -> None:
    assert reason(IndicatorType.URL, 'http://0xa.1/', '10.0.0.0/8') == (
        '10.0.0.1 is inside 10.0.0.0/8, which Never Send lists.'
    )
    assert reason(IndicatorType.HOST, 'www.example.com', 'example.com') == (
        'www.example.com is in the domain example.com, which Never Send lists.'
    )
    assert reason(IndicatorType.CIDR, '10.1.0.0/16', 'private') == (
        '10.1.0.0/16 is inside the private range 10.0.0.0/8, and Never Send says private.'
    )


@law
@given(indicators())
def test_indicators_of_any_content_are_judged_without_an_error(indicator: Indicator) -> None:
    never_send = parse_never_send('10.0.0.0/8|fd00::/8|example.com|private')
    found = withheld_reason(indicator, max_tlp=Tlp.AMBER, never_send=never_send)
    assert found is None or found.endswith('.')
    if 'TLP:RED' in indicator.security_labels:
        assert found
