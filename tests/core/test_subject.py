from __future__ import annotations

import time
from email.header import Header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.subject import decoded_subject
from tests.harness.strategies import any_text, law


@pytest.mark.parametrize(
    ('subject', 'decoded'),
    [
        ('=?UTF-8?B?UmVjaG51bmcgw7xiZXJmw6RsbGln?=', 'Rechnung überfällig'),
        ('=?utf-8?b?UmVjaG51bmcgw7xiZXJmw6RsbGln?=', 'Rechnung überfällig'),
        ('Re: =?iso-8859-1?q?M=FCller_=3D_1?= ok', 'Re: Müller = 1 ok'),
        ('=?utf-8?q?a?= =?utf-8?q?b?=', 'ab'),
        ('=?utf-8?q?a?= and =?utf-8?q?b?= too', 'a and b too'),
        ('=?utf-8?q?a?=\r\n =?iso-8859-1?q?=FC?=\n\t=?utf-8?q?b?=', 'aüb'),
        ('=?utf-8?q?a?=\r\n tail\r\n of it', 'a tail of it'),
        ('=?utf-8?q?=C3?= =?utf-8?q?=BC?=', 'ü'),
        ('=?iso-2022-jp?b?GyRCJUYlOSVIGyhC?=', 'テスト'),
        ('=?us-ascii*en-US?q?Keith_Moore?=', 'Keith Moore'),
        ('a=?utf-8?q?b?=c', 'abc'),
        ('=?utf-8?q?a b?=', 'a b'),
        ('=?utf-8?b?Zm9vYg?=', 'foob'),
        ('=?utf-8?q?a=00b?=', 'a\ufffdb'),
        ('=?utf-7?q?+2AA-?=', '\ufffd'),
        ('=?utf-8?q??=', ''),
    ],
)
def test_encoded_words_are_decoded(subject: str, decoded: str) -> None:
    assert decoded_subject(subject) == decoded


@pytest.mark.parametrize(
    'subject',
    [
        '',
        'Invoice overdue',
        ' kept as\r\n it is ',
        'what =? that ?=',
        '=?utf-8?x?abc?=',
        '=?no-such-charset?q?abc?=',
        '=?base64?q?abc?=',
        '=?idna?q?xn--a?=',
        '=?unicode-escape?q?=5Cu0041?=',
        '=?utf-8?q?=ff?=',
        '=?utf-8?q?ü?=',
        '=?utf-8?b?!!!?=',
        '=?utf-8?b?A?=',
        '=?\ud800?q?a?=',
    ],
)
def test_undecodable_word_is_unchanged(subject: str) -> None:
    assert decoded_subject(subject) == subject


def test_undecodable_word_does_not_affect_the_others() -> None:
    words = '=?utf-8?q?a?= =?no-such-charset?q?b?= =?utf-8?q?=ff?= =?utf-8?q?c?='
    assert decoded_subject(words) == 'a =?no-such-charset?q?b?= =?utf-8?q?=ff?= c'


@law
@given(
    st.text(st.characters(exclude_categories=('Cs', 'Cc')), min_size=1, max_size=60),
    st.sampled_from(['utf-8', 'utf-16']),
)
def test_words_encoded_by_pythons_mail_library_are_decoded(text: str, charset: str) -> None:
    encoded = Header(text, charset).encode()
    if encoded.startswith('=?'):
        assert decoded_subject(encoded) == text


@law
@given(any_text | st.text('=?utf-8bqQB_ \r\n\tAZ', max_size=60))
def test_subject_of_any_text_is_read_and_fit_to_be_sent(text: str) -> None:
    decoded = decoded_subject(text)
    if decoded != text:
        assert decoded.encode()


@pytest.mark.parametrize(
    'part', ['=?', '=?utf-8?q?', '=?utf-8?q?a?= ', '=?a', '=?x?b?A?= ', '\r\n ']
)
def test_long_subjects_take_little_time(part: str) -> None:
    started = time.process_time()
    decoded_subject('=?utf-8?q?a?=' + part * 20_000)
    assert time.process_time() - started < 1
