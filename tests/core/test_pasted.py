"""A pasted text is split where one value ends and the next begins."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.pasted import is_plain, split_pasted
from tests.harness.project import DATA
from tests.harness.strategies import law

CASES = json.loads((DATA / 'pasted.json').read_text())


@pytest.mark.parametrize('case', CASES, ids=lambda case: repr(case['text'])[:60])
def test_text_is_split_into_its_values(case: dict[str, str | list[str]]) -> None:
    assert list(split_pasted(str(case['text']))) == case['values']


@law
@given(st.text(max_size=200))
def test_text_loses_only_blanks_and_separators(text: str) -> None:
    def letters(parts: str) -> str:
        return ''.join(char for char in parts if char not in ' ,;|' and not char.isspace())

    assert letters(''.join(split_pasted(text))) == letters(text)


@law
@given(st.text(max_size=200))
def test_values_are_never_blank_and_have_no_line_end(text: str) -> None:
    for value in split_pasted(text):
        assert value.strip()
        assert not any(end in value for end in '\r\n\t\v\f\x85\u2028\u2029')


@pytest.mark.parametrize('text', ['hello', 'Invoice 7', 'Re: a.example', 'a : b', 'x.1', ''])
def test_text_that_may_be_a_subject_does_not_look_like_a_value(text: str) -> None:
    assert not is_plain(text)
