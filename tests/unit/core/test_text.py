from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.text import fit_text, shortened, utf16_length
from tests.strategies import any_text, law


@pytest.mark.parametrize(
    ('text', 'fit'),
    [('a\ud800b\x00c', 'a\ufffdb\ufffdc'), ('\x01\u2028é😀', '\x01\u2028é😀'), ('', '')],
)
def test_unfit_characters_are_replaced_and_others_stay(text: str, fit: str) -> None:
    assert fit_text(text) == fit


@law
@given(any_text)
def test_fit_text_is_utf8_without_nul(text: str) -> None:
    assert b'\0' not in fit_text(text).encode()


@pytest.mark.parametrize(
    ('text', 'limit', 'short'),
    [
        ('abcd', 4, 'abcd'),
        ('abcde', 4, 'abc…'),
        ('😀😀', 4, '😀😀'),
        ('😀😀x', 4, '😀…'),
        ('a😀😀', 4, 'a😀…'),
        ('abc', 1, '…'),
    ],
)
def test_a_long_text_is_cut_between_characters(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


@law
@given(any_text, st.integers(min_value=1, max_value=20))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert utf16_length(short) <= limit
    assert short == text or short.endswith('…')
