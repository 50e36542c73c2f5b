from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.text import fits, shortened, utf16_length
from tests.harness.strategies import any_text, law


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
def test_long_text_is_cut_between_characters(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


@law
@given(any_text, st.integers(min_value=1, max_value=20))
def test_shortened_text_fits(text: str, limit: int) -> None:
    short = shortened(text, limit)
    assert utf16_length(short) <= limit
    assert short == text or short.endswith('…')


@law
@given(any_text, st.integers(min_value=0, max_value=40))
def test_text_fits_by_its_length_in_utf_16(text: str, limit: int) -> None:
    assert fits(text, limit) is (utf16_length(text) <= limit)
