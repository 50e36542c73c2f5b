"""Answers of the query API, one by one: rows only where there can be no doubt of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sentinel_app.core.logs import LogRows
from sentinel_app.errors import (
    LogsDeniedError,
    LogsRefusedError,
    LogsServerError,
    LogsTableError,
    LogsThrottledError,
    LogsTooLargeError,
    LogsUnauthorizedError,
    SentinelAppError,
)
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.log_answer import read_rows
from tests.harness.answers import LIMIT, answer
from tests.harness.clocks import NOON

TYPES = {'Id': 'string', 'Modified': 'datetime', 'Revoked': 'bool', 'Data': 'dynamic'}
COLUMNS = tuple(TYPES)
ROW = ['abc', '2026-11-20T07:15:02.1234567Z', False, '{"type":"indicator","x":[1,2.5,null]}']


def table(*rows: Any, name: str = 'PrimaryResult', types: Any = None) -> dict[str, Any]:
    columns = [{'name': each, 'type': kind} for each, kind in (types or TYPES).items()]
    return {'name': name, 'columns': columns, 'rows': list(rows)}


def read(
    body: object = b'',
    status: int = 200,
    headers: dict[str, str] | None = None,
    columns: tuple[str, ...] = COLUMNS,
    redactor: Redactor | None = None,
) -> LogRows:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_rows(answer(status, data, headers, redactor=redactor), columns, now=NOON)


def error(*codes: str, message: str = 'Its words.') -> dict[str, Any]:
    """An error, with those that caused it."""
    inner: dict[str, Any] = {}
    for code in reversed(codes):
        inner = {'code': code, 'message': message, **({'innererror': inner} if inner else {})}
    return {'error': inner}


def failure(*args: Any, **options: Any) -> SentinelAppError:
    with pytest.raises(SentinelAppError) as caught:
        read(*args, **options)
    return caught.value


class TestRows:
    def test_values_are_returned_as_they_come_and_dynamic_ones_parsed(self) -> None:
        found = read({'tables': [table(ROW)]})
        assert found.columns == COLUMNS
        assert found.rows == [[*ROW[:3], {'type': 'indicator', 'x': [1, 2.5, None]}]]

    def test_columns_are_in_the_requested_order_and_others_are_left_out(self) -> None:
        found = read({'tables': [table(ROW)]}, columns=('Revoked', 'Id'))
        assert (found.columns, found.rows) == (('Revoked', 'Id'), [[False, 'abc']])

    @pytest.mark.parametrize(
        ('value', 'expected'),
        [
            ({'a': 1}, {'a': 1}),
            (['a', 'b'], ['a', 'b']),
            ('["a","b"]', ['a', 'b']),
            ('"a"', 'a'),
            ('a plain text', 'a plain text'),
            ('', ''),
            (None, None),
            ('[1', '[1'),
            ('"a\\u0000b"', 'a\ufffdb'),
            ('[' * 5_000, '[' * 5_000),
        ],
        ids=range(10),
    )
    def test_dynamic_value_is_text_or_native(self, value: object, expected: object) -> None:
        body = {'tables': [table([value], types={'Data': 'dynamic'})]}
        assert read(body, columns=('Data',)).rows == [[expected]]

    def test_values_in_dynamic_texts_count_together(self) -> None:
        text = json.dumps([1] * (LIMIT.values * 2 // 3))
        body = {'tables': [table([text], types={'Data': 'dynamic'})]}
        assert len(read(body, columns=('Data',)).rows[0][0]) == LIMIT.values * 2 // 3
        body = {'tables': [table([text], [text], types={'Data': 'dynamic'})]}
        assert type(failure(body, columns=('Data',))) is LogsTooLargeError

    def test_json_in_a_string_stays_text(self) -> None:
        body = {'tables': [table(['{"a":1}'], types={'Id': 'string'})]}
        assert read(body, columns=('Id',)).rows == [['{"a":1}']]

    def test_no_rows_are_rows(self) -> None:
        assert list(read({'tables': [table()]}).rows) == []

    def test_204_has_no_rows(self) -> None:
        assert read(status=204) == LogRows(columns=COLUMNS, rows=())

    def test_other_tables_beside_the_rows_are_ignored(self) -> None:
        body = {'tables': [table(ROW, name='QueryStatistics'), table()], 'statistics': {}}
        assert list(read(body).rows) == []

    @pytest.mark.parametrize('text', ['"hidden-value"', '"\\u0068idden-value"'])
    def test_secret_is_masked_in_a_dynamic_value_as_well(self, text: str) -> None:
        redactor = Redactor()
        redactor.protect(['hidden-value'])
        body = {'tables': [table([text], types={'Data': 'dynamic'})]}
        assert 'hidden-value' not in str(read(body, columns=('Data',), redactor=redactor).rows)


class TestSuccessThatIsNone:
    @pytest.mark.parametrize(
        'body',
        [
            b'',
            b'  ',
            b'<html>Sign in</html>',
            b'[]',
            b'null',
            {},
            {'tables': None},
            {'tables': []},
            {'tables': [table(name='Other')]},
            {'tables': [table(), table()]},
            {'tables': ['PrimaryResult']},
            {'Tables': [table()]},
            {'tables': [{'name': 'PrimaryResult', 'rows': []}]},
            {'tables': [{'name': 'PrimaryResult', 'columns': ['Id'], 'rows': []}]},
            {'tables': [table() | {'rows': None}]},
            {'tables': [table() | {'rows': [None]}]},
            {'tables': [table(ROW[:3])]},
            {'tables': [table([*ROW, 1])]},
            {'tables': [table(types={'Id': 'string', 'Modified': 'datetime'})]},
            {'tables': [table()], 'error': {'code': 'Other', 'message': 'x'}},
            {'tables': [table()], 'error': 'x'},
        ],
        ids=range(21),
    )
    def test_answer_200_that_has_not_what_was_asked_is_no_answer(self, body: object) -> None:
        found = failure(body)
        assert type(found) is LogsServerError
        assert found.code == 'AZ-QUERY-5XX'

    def test_column_that_comes_twice_is_no_answer(self) -> None:
        body = {'tables': [{'name': 'PrimaryResult', 'columns': [{'name': 'Id'}] * 2, 'rows': []}]}
        assert type(failure(body, columns=('Id',))) is LogsServerError

    def test_rows_that_were_cut_short_are_not_used(self) -> None:
        limit = 'exceeded the internal data size limit 64000000 (E_QUERY_RESULT_SET_TOO_LARGE)'
        inner = {'code': '-2133196797', 'severity': 2, 'message': limit}
        details = [{'code': 'EngineError', 'message': 'Went wrong.', 'innererror': inner}]
        cut = {'code': 'PartialError', 'message': 'Partial.', 'details': details}
        found = failure({'tables': [table(ROW)], 'error': cut})
        assert type(found) is LogsTooLargeError
        assert found.code == 'AZ-QUERY-SIZE'
        assert found.reason == (
            f'PartialError: Partial.; EngineError: Went wrong.; -2133196797: {limit}'
        )

    def test_answer_of_more_values_than_fit_is_asked_for_in_parts(self) -> None:
        rows = [[1]] * LIMIT.values
        body = {'tables': [table(*rows, types={'Id': 'int'})]}
        assert type(failure(body, columns=('Id',))) is LogsTooLargeError


class TestRefusal:
    @pytest.mark.parametrize(
        ('status', 'body', 'kind', 'code', 'words'),
        [
            (400, error('BadArgumentError', 'SyntaxError'), LogsRefusedError, '400', 'report'),
            (
                400,
                error('BadArgumentError', 'SemanticError', 'SEM0100'),
                LogsTableError,
                'TABLE',
                'Microsoft Sentinel is enabled',
            ),
            (
                400,
                error('BadArgumentError', message="Failed to resolve table 'X'"),
                LogsTableError,
                'TABLE',
                'have been sent',
            ),
            (400, error('BadArgumentError', 'SemanticError'), LogsRefusedError, '400', 'report'),
            (
                400,
                error('BadArgumentError', message="Tables of the Basic plan: use '/search'."),
                LogsTableError,
                'PLAN',
                'Analytics',
            ),
            (401, error('AuthenticationFailed'), LogsUnauthorizedError, '401', 'Azure Cloud'),
            (401, b'', LogsUnauthorizedError, '401', 'Query URL'),
            (
                403,
                error('InvalidAuthenticationToken'),
                LogsUnauthorizedError,
                'AUDIENCE',
                'Azure Cloud',
            ),
            (
                403,
                error('InvalidAuthenticationTokenAudience'),
                LogsDeniedError,
                'AUDIENCE',
                'Log Analytics Query URL',
            ),
            (403, error('InsufficientAccessError'), LogsDeniedError, '403', 'Data.Read'),
            (
                403,
                error('InsufficientAccessError', 'UnauthorizedClient'),
                LogsDeniedError,
                '403',
                "'Microsoft Sentinel Contributor' to the application on this workspace",
            ),
            (403, b'<p>Blocked</p>', LogsDeniedError, '403', 'up to an hour'),
            (404, error('PathNotFoundError'), LogsDeniedError, '404', 'Sentinel Workspace ID'),
            (405, b'', LogsDeniedError, '404', 'Sentinel Workspace ID'),
            (302, b'', LogsDeniedError, '404', 'Log Analytics Query URL'),
            (407, b'', LogsDeniedError, '404', 'proxy'),
            (408, b'', LogsServerError, '5XX', '408'),
            (500, b'', LogsServerError, '5XX', '500'),
            (502, b'<html>Bad</html>', LogsServerError, '5XX', '502'),
            (503, error('ServiceUnavailable'), LogsServerError, '5XX', '503'),
            (504, error('GatewayTimeout'), LogsTooLargeError, 'SIZE', 'in time'),
            (504, b'<html>Late</html>', LogsTooLargeError, 'SIZE', 'less'),
        ],
    )
    def test_each_status_has_its_error_and_its_remedy(
        self, status: int, body: object, kind: type[SentinelAppError], code: str, words: str
    ) -> None:
        found = failure(body, status)
        assert type(found) is kind
        assert found.code == f'AZ-QUERY-{code}'
        assert words in found.message
        assert found.context == {'status': status}

    def test_reason_is_the_words_of_all_causes(self) -> None:
        found = failure(error('BadArgumentError', 'SyntaxError', 'SYN0002'), 400)
        assert found.reason == (
            'BadArgumentError: Its words.; SyntaxError: Its words.; SYN0002: Its words.'
        )

    @pytest.mark.parametrize(
        ('body', 'reason'),
        [
            (b'<html><p>Blocked by policy</p></html>', 'Blocked by policy'),
            ({'error': 'plain'}, 'plain'),
            ({'error': {'code': 7, 'details': 'x', 'innererror': 'deeper'}}, '7; deeper'),
            ({'error': []}, '[]'),
            (b'', ''),
        ],
    )
    def test_reason_of_another_shape_is_quoted(self, body: object, reason: str) -> None:
        assert failure(body, 403).reason == reason

    def test_causes_without_end_are_cut(self) -> None:
        found = failure(error(*(f'E{number}' for number in range(50)), message=''), 400)
        assert found.reason == '; '.join(f'E{number}' for number in range(8))

    def test_secret_in_a_refusal_is_masked(self) -> None:
        redactor = Redactor()
        redactor.protect(['hidden-value'])
        found = failure(error('X', message='hidden-value'), 403, redactor=redactor)
        assert 'hidden-value' not in found.reason

    @pytest.mark.parametrize(
        ('header', 'seconds'),
        [('17', 17.0), (None, 30.0), ('0', 30.0), ('-3', 30.0), ('soon', 30.0), ('999999', 30.0)],
    )
    def test_429_waits_as_it_says_else_half_a_minute(
        self, header: str | None, seconds: float
    ) -> None:
        found = failure(b'', 429, {'Retry-After': header} if header else None)
        assert isinstance(found, LogsThrottledError)
        assert found.code == 'AZ-QUERY-429'
        assert found.retry_after_s == seconds

    def test_server_error_may_say_how_long_it_lasts(self) -> None:
        found = failure(b'', 503, {'Retry-After': '9'})
        assert isinstance(found, LogsServerError)
        assert found.retry_after_s == 9
