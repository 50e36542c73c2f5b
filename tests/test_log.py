"""One fact is one line, and no secret is in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import NoReturn
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel_app.core.masking import MASK, mask_named
from sentinel_app.log import (
    LONGEST_LINE,
    EventLog,
    RedactionFilter,
    escape_control,
    format_event,
    lend_handlers,
    set_level,
)
from sentinel_app.redactor import Redactor

MARKER = 'mArKeR-s3cret/with+odd=chars&"quotes"'
PEM = (
    '-----BEGIN PRIVATE KEY-----\n'
    + '\n'.join('MIIEvQIBADANBgkqhkiG9w0BAQEFAASC' + str(at) * 32 for at in range(4))
    + '\n-----END PRIVATE KEY-----\n'
)


def _fail(text: str) -> NoReturn:
    raise ValueError(text)


class Stage:
    """A framework's logger with one handler, lent to ours, and what it wrote."""

    def __init__(self) -> None:
        self.written = io.StringIO()
        self.handler = logging.StreamHandler(self.written)
        self.handler.setFormatter(logging.Formatter('%(name)s %(levelname)s %(message)s'))
        self.framework = logging.Logger('framework-of-a-test', logging.DEBUG)  # noqa: LOG001
        self.framework.addHandler(self.handler)
        self.redactor = Redactor()
        self.redaction = RedactionFilter(self.redactor)

    @property
    def lines(self) -> list[str]:
        return self.written.getvalue().splitlines()


@pytest.fixture
def stage() -> Iterator[Stage]:
    ours = logging.getLogger('sentinel_app')
    before = (ours.handlers[:], ours.level, ours.propagate)
    stage = Stage()
    lend_handlers(stage.framework, stage.redaction)
    set_level(logging.DEBUG)
    yield stage
    ours.handlers[:], ours.level, ours.propagate = before
    logging.Logger.manager._clear_cache()


def test_event_is_one_line_of_key_and_value(stage: Stage) -> None:
    EventLog('sentinel_app.pipeline.upload').info(
        'upload-batch-accepted', request_id='b1-2', batch=3, elapsed_s=0.8004, is_last=False
    )
    (line,) = stage.lines
    assert line == (
        'sentinel_app.pipeline.upload INFO event=upload-batch-accepted request_id=b1-2 batch=3 '
        'elapsed_s=0.8 is_last=false'
    )


@pytest.mark.parametrize(
    ('value', 'shown'),
    [
        ('plain', 'plain'),
        ('', '""'),
        ('two words', '"two words"'),
        ('say "hi"', r'"say \"hi\""'),
        ('a=b', '"a=b"'),
        ('back\\slash', r'"back\\slash"'),
        ('first\nsecond', r'"first\nsecond"'),
        ('first\r\nsecond', r'"first\r\nsecond"'),
        ('\x1b[31mred', r'\u001b[31mred'),
        ('\u2028x', r'"\u2028x"'),
        ('\u202etxt.exe', r'\u202etxt.exe'),
        (None, 'null'),
        (True, 'true'),
        (3.0, '3'),
        (0.125, '0.125'),
    ],
)
def test_values_are_quoted_and_escaped_where_necessary(value: object, shown: str) -> None:
    assert format_event('e', {'k': value}) == f'event=e k={shown}'


@given(st.text(), st.text())
@example('a\nevent=forged', 'x')
def test_values_cannot_end_a_line_or_forge_a_fact(value: str, other: str) -> None:
    line = format_event('e', {'first': value, 'second': other})
    assert len(line.splitlines()) == 1
    rest = line.removeprefix('event=e first=')
    if rest.startswith('"'):
        shown, end = json.JSONDecoder(strict=False).raw_decode(
            rest.replace('\\u', '\\\\u').replace('\\n', '\\\\n')
            if '\\u' in rest or '\\n' in rest
            else rest
        )
        assert isinstance(shown, str)
        assert end > 0
    else:
        assert ' ' not in rest.partition(' second=')[0]


def test_exception_is_one_line_with_its_traceback(stage: Stage) -> None:
    events = EventLog('sentinel_app.tasks')
    try:
        _fail('from ThreatConnect:\nevent=forged')
    except ValueError as error:
        events.exception('task-failed', error, task='download')
        events.exception('task-failed')
    assert len(stage.lines) == 2
    assert 'event=task-failed task=download traceback="Traceback (most recent' in stage.lines[0]
    assert r'ValueError: from ThreatConnect:\nevent=forged' in stage.lines[0]
    assert r'ValueError: from ThreatConnect:\nevent=forged' in stage.lines[1]


def test_line_names_the_place_that_wrote_it(stage: Stage) -> None:
    stage.handler.setFormatter(logging.Formatter('%(filename)s:%(funcName)s'))
    EventLog().warning('here')
    EventLog().exception('and-here', ValueError())
    assert set(stage.lines) == {'test_log.py:test_line_names_the_place_that_wrote_it'}


def test_loggers_are_of_the_standard_class_whatever_the_default_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(logging.Logger):
        pass

    default = logging.getLoggerClass()
    logging.setLoggerClass(Slow)
    try:
        log = EventLog('sentinel_app.made.late')
        assert logging.getLoggerClass() is Slow
    finally:
        logging.setLoggerClass(default)
    assert type(log._logger) is logging.Logger
    log.info('x')
    assert stage.lines == ['sentinel_app.made.late INFO event=x']


def test_foreign_logger_name_is_placed_under_the_apps(stage: Stage) -> None:
    EventLog('app').info('x')
    assert stage.lines == ['sentinel_app.app INFO event=x']


def test_level_of_the_lent_handlers_applies_to_the_apps_lines(stage: Stage) -> None:
    log = EventLog()
    stage.handler.setLevel(logging.ERROR)
    log.warning('dropped')
    log.error('kept')
    stage.handler.setLevel(logging.DEBUG)
    log.debug('kept-too')
    assert [line.split()[-1] for line in stage.lines] == ['event=kept', 'event=kept-too']


def test_line_below_the_level_is_not_even_formatted(stage: Stage) -> None:
    class Loud:
        def __str__(self) -> str:
            raise AssertionError('formatted')

    set_level(logging.INFO)
    EventLog('sentinel_app.x').debug('dropped', value=Loud())
    assert stage.lines == []


def test_second_lending_replaces_handlers_and_filters_once(stage: Stage) -> None:
    lend_handlers(stage.framework, stage.redaction)
    EventLog().info('once')
    assert len(stage.lines) == 1
    assert stage.handler.filters.count(stage.redaction) == 1
    other = Stage()
    lend_handlers(other.framework, other.redaction)
    EventLog().info('elsewhere')
    assert len(stage.lines) == 1
    assert len(other.lines) == 1


@pytest.mark.parametrize(
    'spelled',
    [
        MARKER,
        quote(MARKER, safe=''),
        quote(MARKER),
        quote_plus(MARKER),
        repr(MARKER),
        json.dumps(MARKER),
        f'prefix{MARKER}suffix',
    ],
)
def test_known_secret_is_masked_in_any_spelling(stage: Stage, spelled: str) -> None:
    stage.redactor.protect([MARKER])
    stage.framework.warning('it came back: %s', spelled)
    EventLog().warning('came-back', text=spelled)
    for line in stage.lines:
        assert 's3cret' not in line
        assert MASK in line


def test_private_key_is_masked_line_by_line(stage: Stage) -> None:
    stage.redactor.protect([PEM])
    for line in PEM.splitlines():
        stage.framework.info('a line: %s', line)
    stage.framework.info('%r', PEM)
    stage.framework.info('all: %s', PEM)
    assert 'MIIEvQ' not in stage.written.getvalue()
    assert mask_named(PEM) == f'-----BEGIN PRIVATE KEY-----{MASK}\n'


def test_tracebacks_and_stacks_are_masked_too(stage: Stage) -> None:
    stage.redactor.protect([MARKER])
    try:
        _fail(MARKER)
    except ValueError:
        stage.framework.exception('failed', stack_info=True)
    record = logging.LogRecord('n', logging.INFO, '', 1, 'm', (), None)
    record.stack_info = f'Stack: {MARKER}'
    stage.redaction.filter(record)
    assert MASK in str(record.stack_info)
    assert 's3cret' not in stage.written.getvalue() + str(record.stack_info)
    assert 'ValueError' in stage.written.getvalue()


@pytest.mark.parametrize('before', [0, LONGEST_LINE - 20, LONGEST_LINE - 3, LONGEST_LINE])
def test_long_line_is_cut_and_never_through_a_secret(stage: Stage, before: int) -> None:
    stage.redactor.protect([MARKER])
    stage.framework.info('x' * before + MARKER + 'y' * 2 * LONGEST_LINE)
    (line,) = stage.lines
    assert len(line) < LONGEST_LINE + 100
    assert line.endswith(' more characters)')
    assert MARKER[:6] not in line


def test_message_of_the_framework_cannot_forge_a_line(stage: Stage) -> None:
    stage.framework.info('level=x\nevent=forged')
    assert stage.lines == [r'framework-of-a-test INFO level=x\nevent=forged']


def test_line_with_a_wrong_format_is_still_a_line(stage: Stage) -> None:
    stage.framework.info('%d files', 'many')
    assert stage.lines == ["framework-of-a-test INFO %d files ('many',)"]


def test_record_that_passes_two_handlers_is_masked_for_both(stage: Stage) -> None:
    second = io.StringIO()
    stage.framework.addHandler(logging.StreamHandler(second))
    lend_handlers(stage.framework, stage.redaction)
    stage.redactor.protect([MARKER])
    stage.framework.info('x %s', MARKER)
    assert f'x {MASK}' in second.getvalue()
    assert f'x {MASK}' in stage.written.getvalue()


def test_control_characters_are_written_as_escapes() -> None:
    assert escape_control('a\tb\x00c\x85d') == r'a\tb\u0000c\u0085d'
    assert escape_control('grüße 例') == 'grüße 例'
