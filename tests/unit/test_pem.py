import pytest

from sentinel_app.errors import ConfigError
from sentinel_app.pem import is_pem, read_pem
from tests.pem import certificate, certificate_pem, ec_key, key_pem, rsa_key


def test_a_secret_is_no_pem():
    assert not is_pem(' Tst8Q~ab.c"d\\e ')


def test_pem_gives_the_key_and_its_own_certificate_wherever_it_stands():
    key, other = rsa_key(), rsa_key(1)
    text = f'Bag\n{certificate_pem(other)}{key_pem(key)}\n{certificate_pem(key)}'
    assert is_pem(text)
    pem = read_pem(text)
    assert (pem.private_key, pem.certificate) == (key_pem(key), certificate_pem(key))
    assert pem.expires_at == certificate(key).not_valid_after_utc
    assert read_pem(pem.text) == pem
    assert repr(pem) == 'Pem(***)'


@pytest.mark.parametrize('replacement', [' ', '', '\\n', '\r\n', '\\r\\n'])
def test_line_breaks_that_a_one_line_input_lost_are_put_back(replacement):
    key = rsa_key()
    text = (key_pem(key) + certificate_pem(key)).replace('\n', replacement)
    pem = read_pem(text)
    assert (pem.private_key, pem.certificate) == (key_pem(key), certificate_pem(key))
    assert pem.expires_at == certificate(key).not_valid_after_utc
    assert read_pem(pem.text) == pem
    assert repr(pem) == 'Pem(***)'


def test_unusable_pems_are_refused_with_the_fault_and_without_the_key():
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
