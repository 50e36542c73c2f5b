"""What another system says is made fit for UTF-8, SQLite and arithmetic where it comes in."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel_app.core.untrusted import (
    LARGEST_INTEGER,
    TooManyValuesError,
    _slow_value,
    _value,
    clean_text,
    read_json,
)
from tests.harness.soak import amount

MOST = 1_000

texts = st.text(st.characters(codec=None), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def check_fit(value: Any) -> None:
    """What UTF-8, SQLite and arithmetic take."""
    if isinstance(value, str):
        value.encode()
        assert '\x00' not in value
    elif isinstance(value, bool) or value is None:
        pass
    elif isinstance(value, int):
        assert abs(value) <= LARGEST_INTEGER
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, list):
        for each in value:
            check_fit(each)
    else:
        for name, each in value.items():
            check_fit(name)
            check_fit(each)


@given(values, st.booleans())
def test_value_read_from_any_json_can_be_stored(value: Any, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii)
    check_fit(read_json(text.encode('utf-8', 'surrogatepass'), most_values=MOST))


@given(values)
def test_fit_values_are_unchanged(value: Any) -> None:
    try:
        check_fit(value)
    except (AssertionError, UnicodeError):
        return
    assert read_json(json.dumps(value).encode(), most_values=MOST) == value


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('9223372036854775807', 2**63 - 1),
        ('9223372036854775808', None),
        ('-9223372036854775808', None),
        ('1' + '0' * 400, None),
        ('1' * 5_000, None),
        ('1e999', None),
        ('-1e999', None),
        ('"x\\ud800y"', 'x\ufffdy'),
        ('"x\\u0000y"', 'x\ufffdy'),
        ('"\\ud83d\\ude00"', '\U0001f600'),
        ('{"\\udfff": 1}', {'\ufffd': 1}),
        ('\ufeff{}', {}),
    ],
)
def test_unfit_values_are_replaced_by_fit_ones(text: str, value: object) -> None:
    assert read_json(text.encode(), most_values=MOST) == value


blanks = st.text(' \t\r\n', max_size=2)
numbers = st.from_regex(r'-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][+-]?\d{1,3})?', fullmatch=True)
signs = st.sampled_from(
    ['[', ']', '{', '}', ',', ':', '"', '"a":', '\\ud83d', '\\ude00', '\\u0000', '\\n', '\\',
     'NaN', 'Infinity', 'null', 'true', '\ufeff', '\x00', '\x7f', 'é', '-0', '- 1', '01', '1.',
     '.1']
)  # fmt: skip
app_state = (
    st.builds(
        lambda value, is_ascii, indent: json.dumps(value, ensure_ascii=is_ascii, indent=indent),
        values,
        st.booleans(),
        st.sampled_from([None, 0, 1, '\t']),
    )
    | st.builds(''.join, st.lists(numbers | blanks | signs | texts, max_size=8))
    | st.builds('{}{}{}'.format, blanks, numbers, blanks)
    | st.builds('[{}{}{},{}]'.format, blanks, numbers, blanks, numbers)
    | st.builds('{{"a{}":{}{},"a":{}}}'.format, blanks, blanks, numbers, numbers)
)


def outcome(read: Callable[[bytes], object], body: bytes) -> str:
    """What a reader makes of a body: 1, 1.0, True and -0.0 all differ."""
    try:
        return repr(read(body))
    except ValueError:
        return 'no JSON'


@pytest.mark.slow
@settings(max_examples=amount('EXAMPLES', daily=200, soak=5_000))
@given(app_state, st.binary(max_size=3), st.integers(min_value=0, max_value=40))
def test_fast_reader_agrees_with_the_slow_one(text: str, odd: bytes, at: int) -> None:
    body = text.encode('utf-8', 'surrogatepass')
    for each in (body, body[:at] + odd + body[at:], body[:at] + odd + body[at + len(odd) :]):
        assert outcome(_value, each) == outcome(_slow_value, each)


@pytest.mark.parametrize('before', ['', ' ', '[', '[1,', '[ ', '{"a":', '{"a":\n', '[-', '-'])
@pytest.mark.parametrize(
    'digits', [2**63 - 2, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**18 - 1, 10**18, 10**19, 10**30]
)
def test_long_number_is_bounded_wherever_it_occurs(before: str, digits: int) -> None:
    after = {'[': ']', '{': '}'}.get(before[:1], '')
    body = f'{before}{digits}{after}'.encode()
    assert outcome(_value, body) == outcome(_slow_value, body)
    check_fit(read_json(body, most_values=MOST))


@pytest.mark.parametrize('text', ['', 'NaN', '[Infinity]', '-Infinity', '{"a"}', '[' * 300_000])
def test_invalid_json_is_one_kind_of_error(text: str) -> None:
    with pytest.raises(ValueError, match=r'\w'):
        read_json(text.encode(), most_values=10**6)


@pytest.mark.parametrize('text', ['[' + '[],' * 500 + '[]]', '[' + '1,' * MOST + '1]'])
def test_json_with_more_values_than_allowed_is_refused_unread(text: str) -> None:
    with pytest.raises(TooManyValuesError):
        read_json(text.encode(), most_values=MOST)


@pytest.mark.parametrize('inner', [',' * 5_000, '[' * 5_000, '\\"' * 5_000 + ',' * 5_000])
def test_punctuation_within_a_text_is_not_counted_as_values(inner: str) -> None:
    assert read_json(f'["{inner}"]'.encode(), most_values=MOST)


@pytest.mark.parametrize('end', ['', '"', '\\', '\\"'])
def test_cost_of_counting_grows_with_the_length_however_texts_are_quoted(end: str) -> None:
    body = f'{"," * (MOST + 1)}"{chr(92)}"{(chr(92) + chr(34)) * 500_000}{end}'.encode()
    began = time.process_time()
    with pytest.raises(ValueError, match=r'\w'):
        read_json(body, most_values=MOST)
    assert time.process_time() - began < 2


@given(texts)
def test_clean_text_is_encodable_as_utf_8(text: str) -> None:
    clean = clean_text(text)
    check_fit(clean)
    assert clean_text(clean) == clean
    assert len(clean) == len(text)
