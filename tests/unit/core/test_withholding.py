from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given

from sentinel_app.core.models import Indicator, IndicatorType
from sentinel_app.core.withholding import (
    NeverSend,
    Tlp,
    parse_never_send,
    strictest,
    withheld_reason,
)
from tests.factories import make_indicator
from tests.strategies import any_text, indicators, law

NOTHING = NeverSend()


def reason(kind: IndicatorType, value: str, never_send: str) -> str | None:
    return withheld_reason(
        make_indicator(kind, value=value), max_tlp=None, never_send=parse_never_send(never_send)
    )


def test_levels_are_in_order_of_strictness() -> None:
    assert [level.strictness for level in Tlp] == [0, 1, 2, 3, 4]
    assert list(Tlp) == ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED']


@pytest.mark.parametrize(
    ('labels', 'level'),
    [
        ((), None),
        (('Internal', 'TLP', 'TLP:', 'TLP:PURPLE', 'not TLP:RED', 'TLP:REDDISH'), None),
        (('TLP:WHITE',), Tlp.CLEAR),
        (('TLP:CLEAR',), Tlp.CLEAR),
        (('tlp : green ',), Tlp.GREEN),
        (('TLP:GREEN', 'TLP:AMBER', 'TLP:CLEAR'), Tlp.AMBER),
        (('TLP:AMBER', 'TLP:AMBER+STRICT'), Tlp.AMBER_STRICT),
        (('TLP:AMBER STRICT',), Tlp.AMBER_STRICT),
        (('TLP:AMBER-STRICT',), Tlp.AMBER_STRICT),
        (('TLP:RED', 'TLP:AMBER+STRICT'), Tlp.RED),
    ],
)
def test_strictest_label(labels: tuple[str, ...], level: Tlp | None) -> None:
    assert strictest(labels) is level


@pytest.mark.parametrize('highest', list(Tlp))
@pytest.mark.parametrize('label', [None, *Tlp])
def test_label_above_the_highest_is_held_back(highest: Tlp, label: Tlp | None) -> None:
    indicator = make_indicator(security_labels=() if label is None else (str(label),))
    found = withheld_reason(indicator, max_tlp=highest, never_send=NOTHING)
    assert (found is not None) == (label is not None and label.strictness > highest.strictness)
    assert withheld_reason(indicator, max_tlp=None, never_send=NOTHING) is None


def test_reason_of_a_label_names_both_levels() -> None:
    indicator = make_indicator(security_labels=('TLP:RED',))
    found = withheld_reason(indicator, max_tlp=Tlp.AMBER, never_send=NOTHING)
    assert found == 'It is labelled TLP:RED, and TLP:AMBER is the highest level to send.'


def test_never_send_is_read() -> None:
    assert parse_never_send('') == parse_never_send(' | |') == NOTHING
    found = parse_never_send(
        '10.0.0.0/8|2001:DB8::/32|192.168.1.1|*.Example.com|.corp.local.|bücher.example|PRIVATE|x_y'
    )
    assert found == NeverSend(
        networks=(
            ipaddress.ip_network('10.0.0.0/8'),
            ipaddress.ip_network('2001:db8::/32'),
            ipaddress.ip_network('192.168.1.1/32'),
        ),
        domains=frozenset({'example.com', 'corp.local', 'xn--bcher-kva.example', 'x_y'}),
        is_private=True,
    )


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ('10.0.0.0/33', "'10.0.0.0/33' is not an address or a CIDR block"),
        ('10.0.0.300', "'10.0.0.300' is not an address or a CIDR block"),
        ('10.0.0.5/8', "'10.0.0.5/8' is an address inside a block; write '10.0.0.0/8'"),
        ('http://example.com', "'http://example.com' is not an address or a CIDR block"),
        ('example.com/path', "'example.com/path' is not an address or a CIDR block"),
        ('exa mple.com', "'exa mple.com' is not a domain"),
        ('a,b', "'a,b' is not a domain"),
        ('a..b', "'a..b' is not a domain"),
        ('*', r"'\*' is not a domain"),
        ('a' * 64 + '.com', 'is not a domain'),
    ],
)
def test_bad_entry_is_named_with_what_would_do(entry: str, message: str) -> None:
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
        assert all(domain == domain.lower() for domain in found.domains)


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
        (IndicatorType.EMAIL_ADDRESS, 'a@[10.1.2.3]', True),
        (IndicatorType.EMAIL_SUBJECT, '10.1.2.3', False),
        (IndicatorType.ASN, 'ASN10', False),
    ],
)
def test_block_holds_back_what_is_inside_it(kind: IndicatorType, value: str, is_held: bool) -> None:
    found = reason(kind, value, '10.0.0.0/8|fd00::/8')
    assert (found is not None) is is_held
    assert found is None or found.endswith('which Never Send lists.')


@pytest.mark.parametrize(
    ('kind', 'value', 'is_held'),
    [
        (IndicatorType.HOST, 'example.com', True),
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
def test_private_holds_back_what_is_nobodys(
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
def test_any_indicator_is_judged_without_an_error(indicator: Indicator) -> None:
    never_send = parse_never_send('10.0.0.0/8|fd00::/8|example.com|private')
    found = withheld_reason(indicator, max_tlp=Tlp.AMBER, never_send=never_send)
    assert found is None or found.endswith('.')
    if 'TLP:RED' in indicator.security_labels:
        assert found
