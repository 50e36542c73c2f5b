import base64
import datetime as dt

import pytest
from cryptography.hazmat.primitives import serialization

from sentinel_app.config.pem import is_pem, read_pem
from sentinel_app.errors import ConfigError
from tests.harness.pem import certificate, certificate_pem, ec_key, key_pem, rsa_key


def test_secret_is_not_a_pem():
    assert not is_pem(' Tst8Q~ab.c"d\\e ')


def test_pem_yields_the_key_and_its_certificate_wherever_they_stand():
    key, other = rsa_key(), rsa_key(1)
    text = f'Bag\n{certificate_pem(other)}{key_pem(key)}\n{certificate_pem(key)}'
    assert is_pem(text)
    pem = read_pem(text)
    (found,) = pem.certificates
    assert (pem.private_key, found.text) == (key_pem(key), certificate_pem(key))
    assert found.valid_from == certificate(key).not_valid_before_utc
    assert found.expires_at == certificate(key).not_valid_after_utc
    assert read_pem(pem.text) == pem
    assert repr(pem) == 'Pem(***)'


@pytest.mark.parametrize('replacement', [' ', '', '\\n', '\r\n', '\\r\\n'])
def test_pem_regains_line_breaks_lost_in_a_one_line_input(replacement):
    key = rsa_key()
    text = (key_pem(key) + certificate_pem(key)).replace('\n', replacement)
    pem = read_pem(text)
    (found,) = pem.certificates
    assert (pem.private_key, found.text) == (key_pem(key), certificate_pem(key))
    assert found.valid_from == certificate(key).not_valid_before_utc
    assert found.expires_at == certificate(key).not_valid_after_utc
    assert read_pem(pem.text) == pem
    assert repr(pem) == 'Pem(***)'


def test_certificate_that_is_valid_longest_is_chosen_for_a_key():
    key = rsa_key()
    expired, older, newer, later = (
        certificate_pem(key, days, since)
        for days, since in ((-2, -90), (30, -90), (300, -5), (900, 40))
    )
    foreign = certificate_pem(rsa_key(1), 9000)
    now = dt.datetime.now(dt.UTC)
    given = [foreign, expired, older, newer, later]
    for order in (given, given[::-1], [newer, later, expired, foreign, older]):
        pem = read_pem(key_pem(key) + ''.join(order))
        assert foreign not in pem.text
        assert read_pem(pem.text) == pem
        for days, chosen in ((-10, older), (-3, newer), (0, newer), (50, later), (9000, later)):
            assert pem.certificate_at(now + dt.timedelta(days=days)).text == chosen


def test_certificate_is_valid_from_its_first_moment_until_before_its_last():
    pem = read_pem(key_pem(rsa_key()) + certificate_pem(rsa_key()))
    (found,) = pem.certificates
    second = dt.timedelta(seconds=1)
    moments = (found.valid_from - second, found.valid_from, found.expires_at - second)
    assert [found.is_valid_at(each) for each in moments] == [False, True, True]
    assert not found.is_valid_at(found.expires_at)


def test_unreadable_certificate_beside_a_readable_one_is_skipped():
    key = rsa_key()
    broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    for text in (broken + certificate_pem(key), certificate_pem(key) + broken):
        assert read_pem(key_pem(key) + text).text == key_pem(key) + certificate_pem(key)
    with pytest.raises(ConfigError, match='certificate that cannot be read'):
        read_pem(key_pem(key) + certificate_pem(rsa_key(1)) + broken)


def test_foreign_certificate_with_an_unknown_kind_of_key_is_skipped():
    key = rsa_key()
    rsa_oid = bytes.fromhex('06092a864886f70d010101')
    der = certificate(rsa_key(1)).public_bytes(serialization.Encoding.DER)
    unknown = base64.b64encode(der.replace(rsa_oid, rsa_oid[:-1] + b'\x63')).decode()
    text = f'-----BEGIN CERTIFICATE-----\n{unknown}\n-----END CERTIFICATE-----\n'
    assert read_pem(key_pem(key) + text + certificate_pem(key)).certificates[0].text == (
        certificate_pem(key)
    )
    with pytest.raises(ConfigError, match='no certificate of its private key'):
        read_pem(key_pem(key) + text)


def test_pem_that_is_unusable_is_refused_with_the_fault_and_without_the_key():
    key, other = rsa_key(), rsa_key(1)
    broken = key_pem(key).splitlines()
    broken[3] = 'A' * 64
    cases = {
        'no whole private key': certificate_pem(key),
        'holds no whole private key': key_pem(key)[:-20] + certificate_pem(key),
        'several private keys': key_pem(key) + key_pem(other) + certificate_pem(key),
        'no certificate of its private key': key_pem(key) + certificate_pem(other),
        'no whole certificate': key_pem(key),
        'pass phrase': key_pem(key, b'secret words') + certificate_pem(key),
        'with a pass phrase': '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n'
        '-----END RSA PRIVATE KEY-----\n',
        'not an RSA key': key_pem(ec_key()) + certificate_pem(ec_key()),
        'key that cannot be read': '\n'.join(broken) + certificate_pem(key),
        'certificate that cannot be read': key_pem(key)
        + '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    }
    for fault, text in cases.items():
        with pytest.raises(ConfigError, match=fault) as caught:
            read_pem(text)
        assert caught.value.message.startswith('Client Secret (client_secret): is a PEM that ')
        assert broken[5] not in f'{caught.value} {caught.value.reason} {caught.value.context}'
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
