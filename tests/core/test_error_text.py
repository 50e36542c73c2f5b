import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.error_text import LONGEST_REASON, gathered, one_line, page_text


@given(st.text())
def test_reason_is_one_line_of_bounded_length(text):
    line = one_line(text)
    assert len(line) <= LONGEST_REASON
    assert len(line.splitlines()) <= 1
    assert '\x1b' not in line


def test_long_text_is_cut_visibly():
    assert one_line('x' * 5000) == 'x' * 999 + '…'


def test_text_of_just_the_limit_is_kept():
    assert one_line('x' * 1000) == 'x' * 1000


def test_line_breaks_become_blanks():
    assert one_line(' AADSTS1: no.\r\nTrace ID: 2\u2028end ') == 'AADSTS1: no. Trace ID: 2 end'


@pytest.mark.parametrize(
    ('text', 'line'),
    [
        ('got Authorization: Bearer eyJ0eXAi.OiJKV1Qi.LCJh', 'got Authorization: ***'),
        ('TC-Token APIV2:7:ab:cd:efgh', 'TC-Token ***'),
        ('TC 123:51QqVvwYJyru0rRLa0X8gyU9phjGOqyqtJVk4vo3Gkw=', 'TC 123:***'),
    ],
)
def test_credentials_that_are_echoed_are_masked(text, line):
    assert one_line(text) == line


def test_page_is_reduced_to_its_text():
    page = '<!DOCTYPE html><html><head><title>x</title></head><!-- a\nb --><body><h1>Not\nnow</h1>'
    assert page_text(page) == 'Not now'


def test_plain_text_with_an_angle_bracket_is_kept():
    assert page_text('5 < 6 and 7 > 6') == '5 < 6 and 7 > 6'


@pytest.mark.parametrize(
    ('text', 'common'),
    [
        (
            'Error for Property=pattern: Invalid pattern. Actual value: [a = "x.y"]. z.',
            'Error for Property=pattern: Invalid pattern. Actual value: …',
        ),
        (
            'Property=id: Bad. Actual value: 1. Error for Property=x: Actual value: 2.',
            'Property=id: Bad. Actual value: … Error for Property=x: Actual value: …',
        ),
        (
            'Error for Property=id: Required property is missing. Actual value: NULL.',
            'Error for Property=id: Required property is missing. Actual value: NULL.',
        ),
        (
            "The Indicator was not sent: 'a'b' is not a valid Host. Correct it.",
            'The Indicator was not sent: … is not a valid Host. Correct it.',
        ),
        (
            'The Indicator was not sent: "it\'s" is not a valid Host. Correct it.',
            'The Indicator was not sent: … is not a valid Host. Correct it.',
        ),
        (
            "Indicators of the type 'Mutex' have no STIX counterpart and are not sent.",
            "Indicators of the type 'Mutex' have no STIX counterpart and are not sent.",
        ),
        ('', ''),
    ],
)
def test_errors_of_many_indicators_share_a_text(text, common):
    assert gathered(text) == common
