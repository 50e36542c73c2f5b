from __future__ import annotations

import pytest
from hypothesis import given

from sentinel_app.core.context_name import folded_name, shown_name
from sentinel_app.core.mapping import NAME_LIMIT
from sentinel_app.core.text import utf16_length
from tests.harness.strategies import any_text, law, names


@pytest.mark.parametrize(
    'spelling',
    [
        'Example Bear',
        'EXAMPLE BEAR',
        ' example \t\r\n bear ',
        'Example\u00a0Bear',
        'Example\u2003\u2800Bear',
        'Ex\u200bample Bear\u200f',
        '\uff25\uff38\uff21\uff2d\uff30\uff2c\uff25\u3000\uff22\uff25\uff21\uff32',
        'Example\x1fBear',
    ],
)
def test_spellings_of_a_name_have_one_form(spelling: str) -> None:
    assert folded_name(spelling) == 'example bear'


@pytest.mark.parametrize(
    ('one', 'other'),
    [('Straße', 'STRASSE'), ('é', 'e\u0301'), ('ﬁn', 'FIN'), ('Σίσυφος', 'ΣΊΣΥΦΟΣ')],
)
def test_names_that_people_read_alike_have_one_form(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize(
    ('one', 'other'),
    [('Bear', 'Bears'), ('Example Bear', 'ExampleBear'), ('é', 'e'), ('APT 1', 'APT-1')],
)
def test_names_that_people_read_otherwise_differ(one: str, other: str) -> None:
    assert folded_name(one) != folded_name(other)


@pytest.mark.parametrize(
    'name', ['', ' ', '\r\n\t', '\u200b\u2060', '\x00', '\ufffd \ufffd', '\ud800', '\u2800']
)
def test_name_with_nothing_to_read_has_no_form(name: str) -> None:
    assert folded_name(name) == ''


@law
@given(any_text | names)
def test_form_of_a_form_is_the_same(name: str) -> None:
    folded = folded_name(name)
    assert folded_name(folded) == folded
    assert folded_name(f'\u200b {name}\n') == folded
    folded.encode()


@law
@given(any_text | names)
def test_shown_name_is_one_line_within_the_limit(name: str) -> None:
    shown = shown_name(name)
    assert shown == ' '.join(shown.split())
    assert utf16_length(shown) <= NAME_LIMIT
    shown.encode()


@law
@given(names)
def test_shown_name_is_the_same_name(name: str) -> None:
    if utf16_length(name) <= NAME_LIMIT:
        assert folded_name(shown_name(name)) == folded_name(name)


def test_shown_name_keeps_what_scripts_and_emoji_need() -> None:
    assert shown_name(' דב\u200fדגם\n🐻\u200d❄️ ') == 'דב\u200fדגם 🐻\u200d❄️'
