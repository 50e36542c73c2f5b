"""A secret whose value is known is masked whatever its case and encoding."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.masking import MASK
from sentinel_app.redactor import MOST_RECENT, Redactor

SECRET = 'mArKeR-s3cret/with+odd=chars&"quotes"'


@pytest.fixture
def redactor() -> Redactor:
    redactor = Redactor()
    redactor.protect([SECRET])
    return redactor


def every_character_escaped(text: str) -> str:
    return ''.join(f'\\u{ord(character):04X}' for character in text)


ENCODINGS = {
    'plain': SECRET,
    'upper': SECRET.upper(),
    'lower': SECRET.lower(),
    'url': quote(SECRET, safe=''),
    'url in lower case': quote(SECRET, safe='').lower(),
    'form': quote_plus(SECRET),
    'url twice': quote(quote(SECRET, safe=''), safe=''),
    'each character in percent': ''.join(f'%{ord(each):02x}' for each in SECRET),
    'json': json.dumps(SECRET),
    'json in json': json.dumps(json.dumps(SECRET)),
    'json escapes': every_character_escaped(SECRET),
    'html': html.escape(SECRET),
    'html numbers': ''.join(f'&#{ord(each)};' for each in SECRET),
    'repr': repr(SECRET),
    'hex': SECRET.encode().hex(),
    'base64': base64.b64encode(SECRET.encode()).decode(),
    'basic credentials': base64.b64encode(f'user:{SECRET}'.encode()).decode(),
    'in a longer base64': base64.urlsafe_b64encode(f'xy{SECRET}tail'.encode()).decode(),
    'zero-width between': '\u200b'.join(SECRET),
    'inside of a word': f'prefix{SECRET}suffix',
}


@pytest.mark.parametrize('name', ENCODINGS)
def test_known_secret_is_masked_in_every_encoding(redactor: Redactor, name: str) -> None:
    spelled = ENCODINGS[name]
    masked = redactor.mask(f'it said: {spelled} and went on')
    assert spelled not in masked
    assert spelled[4:-4] not in masked
    assert MASK in masked
    assert masked.startswith('it said: ')
    assert masked.endswith(' and went on')


@given(st.text(alphabet='abc xyz.,:', max_size=40))
def test_text_without_a_secret_is_unchanged(text: str) -> None:
    redactor = Redactor()
    redactor.protect([SECRET])
    assert redactor.mask(text) == text


def test_secret_of_a_request_is_masked_until_many_others_came(redactor: Redactor) -> None:
    redactor.protect_recent(['cookie-of-somebody-0'], kind='request')
    assert redactor.mask('cookie-of-somebody-0') == MASK
    redactor.protect_recent(['the-bearer-token'], kind='access-token')
    redactor.protect_recent(
        [f'another-value-{number:04}' for number in range(MOST_RECENT)], kind='request'
    )
    assert redactor.mask('cookie-of-somebody-0') == 'cookie-of-somebody-0'
    assert redactor.mask('the-bearer-token another-value-0001') == f'{MASK} {MASK}'


def test_body_with_a_secret_is_distinguished_from_one_without(redactor: Redactor) -> None:
    assert redactor.is_suspect(f'... {SECRET.upper()} ...'.encode())
    assert not redactor.is_suspect(b'... nothing ...' * 1000)


def test_short_secrets_do_not_mask_innocent_text() -> None:
    redactor = Redactor()
    redactor.protect(['tok', '', 'a'])
    assert redactor.redact('a token bar') == 'a token bar'


def test_longer_secret_is_masked_whole_when_it_holds_a_shorter_one() -> None:
    redactor = Redactor()
    redactor.protect(['abcdefgh', 'abcdefghijkl'])
    assert redactor.redact('x abcdefghijkl x abcdefgh x') == f'x {MASK} x {MASK} x'


@given(st.text(alphabet='aZ09-_~+/=.&%"\'\\ ', min_size=6, max_size=40), st.text(max_size=20))
def test_secrets_do_not_survive_in_any_spelling(secret: str, around: str) -> None:
    redactor = Redactor()
    redactor.protect([secret])
    for spelled in (secret, quote(secret, safe=''), quote_plus(secret)):
        if len(spelled.strip()) >= 6 and MASK not in spelled:
            assert spelled not in redactor.redact(f'{around} {spelled} {around}').replace(
                around, ''
            )


NOT_ASCII = 'pä$$/wörd-mit-\u00dfü'


@pytest.mark.parametrize(
    'spelled',
    [
        NOT_ASCII.upper(),
        NOT_ASCII.upper().lower(),
        NOT_ASCII.encode().decode('latin-1'),
        NOT_ASCII.encode('latin-1').decode('utf-8', 'replace'),
        NOT_ASCII.encode('latin-1').hex(),
        NOT_ASCII.encode('utf-16-le').decode('utf-8', 'replace'),
        NOT_ASCII.replace('s', '\u017f'),
        quote(NOT_ASCII.encode('latin-1'), safe=''),
        base64.b64encode(f'user:{NOT_ASCII}'.encode('latin-1')).decode(),
        json.dumps(NOT_ASCII).replace('/', '\\/'),
    ],
)
def test_secret_of_any_alphabet_is_masked_in_every_encoding(spelled: str) -> None:
    redactor = Redactor()
    redactor.protect([NOT_ASCII])
    masked = redactor.mask(f'it said: {spelled} and went on')
    assert MASK in masked
    assert spelled[2:8] not in masked


@given(st.text(alphabet='aZ09-_/\\"\'%é\u0130\u212a+=', min_size=6, max_size=30), st.booleans())
def test_json_with_a_secret_never_passes_as_innocent(secret: str, is_ascii: bool) -> None:
    redactor = Redactor()
    redactor.protect([secret])
    for spelled in (secret, secret.upper(), secret.lower(), quote(secret, safe='')):
        body = json.dumps([spelled], ensure_ascii=is_ascii).replace('/', '\\/').encode()
        # Escapes that could write any letter are for the reader of the JSON.
        assert redactor.is_suspect(body) or '\\u00' in body.decode()


def test_regular_expressions_in_a_secret_mean_nothing() -> None:
    redactor = Redactor()
    redactor.protect(['.*(a+)+$[x]'])
    assert redactor.mask('any text .*(A+)+$[x] goes on') == f'any text {MASK} goes on'


@pytest.mark.parametrize(
    'piece',
    [
        'a',
        '\\',
        '\\u{',
        '\\u0041',
        '%',
        '%41 ',
        '%2525',
        '&',
        '&#65;',
        '\u0130',
        '\u200b',
        SECRET,
        f'{SECRET}%',
        ''.join(f'%{ord(each):02x}' for each in SECRET) + ' ',
    ],
)
def test_cost_of_hostile_text_grows_only_with_its_length(redactor: Redactor, piece: str) -> None:
    redactor.protect_recent(
        [f'another-value-{number:04}' for number in range(MOST_RECENT)], kind='request'
    )
    text = (piece * (200_000 // len(piece)))[:200_000]
    started = time.process_time()
    redactor.mask(text)
    assert time.process_time() - started < 1


def test_secret_that_looks_like_an_escape_is_found_behind_another() -> None:
    redactor = Redactor()
    redactor.protect(['pr@xy/word+%41&amp;x'])
    for spelled in ('pr@xy/word+%41&amp;x', 'PR@XY/WORD+%41&AMP;X'):
        assert MASK in redactor.mask(every_character_escaped(spelled))
        assert MASK in redactor.mask(quote(quote(spelled, safe=''), safe=''))


def test_secret_of_a_request_is_found_in_encoded_rows(redactor: Redactor) -> None:
    redactor.protect_recent(['sig/in+an=address-5566'], kind='request')
    assert redactor.is_suspect(quote('sig/in+an=address-5566', safe='').encode())
