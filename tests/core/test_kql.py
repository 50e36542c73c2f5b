import datetime as dt
import re

import duckdb
import duckdb_kql
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_app.core.kql import text_literal, time_literal
from tests.harness.clocks import NOON

SHORT = {'n': '\n', 'r': '\r', 't': '\t', '\\': '\\', '"': '"'}
LITERAL = re.compile(r'"(?:[^"\\]|\\["\\nrt]|\\u[0-9a-f]{4})*"')
ESCAPE = re.compile(r'\\(?:u([0-9a-f]{4})|(.))')

awkward = st.text(st.sampled_from('ab"\\\n\t\r\0\x1f\x7f\x85\u2028\ud800é|;/\'u0n'), max_size=30)
texts = st.one_of(st.text(), awkward)


def read_literal(literal: str) -> str:
    """An independent reading of a string literal."""
    assert LITERAL.fullmatch(literal)
    return ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else SHORT[found[2]], literal[1:-1]
    )


@given(text=texts)
@example(text='"; ThreatIntelIndicators | take 1 //')
@example(text='\\')
def test_text_literal_reads_back_as_the_text(text):
    assert read_literal(text_literal(text)) == text


@given(text=texts)
def test_text_literal_is_one_line_that_any_log_can_show(text):
    literal = text_literal(text)
    assert literal.splitlines() == [literal]
    assert literal.encode().decode() == literal


def test_engine_reads_text_literal_as_the_text():
    text = 'ThreatConnect "Main" \\ \n\t| take 1 // é'
    rows = duckdb_kql.query(duckdb.connect(), f'print Text = {text_literal(text)}').fetchall()
    assert rows == [(text,)]


@given(at=st.datetimes(timezones=st.just(dt.UTC)))
def test_time_literal_is_the_time_to_the_millisecond(at):
    found = re.fullmatch(r'datetime\(([0-9T:.-]{23}Z)\)', time_literal(at))
    assert found
    read = dt.datetime.fromisoformat(found[1])
    assert read <= at < read + dt.timedelta(milliseconds=1)


def test_time_literal_is_in_utc():
    east = NOON.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    assert time_literal(east) == f'datetime({NOON:%Y-%m-%dT%H:%M:%S}.000Z)'
