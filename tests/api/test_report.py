import csv
import io
import json
import time
from typing import Any

import pytest
from hypothesis import given

from sentinel_app.api.csv_text import safe_cell
from sentinel_app.core.error_entry import About, ErrorEntry, ErrorGroup, ErrorState
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.scope import Scope
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update, minutes
from tests.harness.project import DATA
from tests.harness.strategies import any_text, law

CELLS = json.loads((DATA / 'csv_cells.json').read_text())['cells']
"""Texts and their cells; the page's own tests take them from there, too."""
BIG_ID = 9007199254740993


def make_entry(**fields: Any) -> ErrorEntry:
    defaults: dict[str, Any] = {
        'request_id': 'j1',
        'at': minutes(1),
        'code': 'AZ-ITEM',
        'message': 'One object was refused',
        'reason': 'Bad pattern',
        'indicator_id': BIG_ID,
        'indicator_type': 'Host',
        'summary': 'c2.example.net',
        'owner_name': 'Example Org',
        'web_link': 'https://tc.example.test/1',
    }
    return ErrorEntry(**(defaults | fields))


def make_group(**fields: Any) -> ErrorGroup:
    defaults: dict[str, Any] = {
        'id': 7,
        'request_id': 'j1',
        'code': 'AZ-ITEM',
        'message': 'One object was refused',
        'reason': 'Bad pattern',
        'count': 12,
        'first_at': minutes(1),
        'last_at': minutes(2),
        'about': About.OBJECT,
        'query_id': 'q1',
        'states': (2, 9, 1),
        'state_at': minutes(3),
        'tried_again': 1,
        'tries_left': 3,
        'examples': (make_entry(),),
    }
    return ErrorGroup(**(defaults | fields))


def rows(reply: Any) -> list[list[str]]:
    assert reply.status_code == 200
    return list(csv.reader(io.StringIO(reply.content.decode('utf-8-sig'), newline='')))


def test_errors_are_listed_by_reason_with_the_indicators_behind_them(stand: Stand) -> None:
    stand.errors.kept_groups = (make_group(),)
    reply = stand.get('/api/report/error')
    assert reply.json == {
        'count': 1,
        'next': None,
        'previous': None,
        'total_count': 1,
        'count_refused': 0,
        'retry_request_id': None,
        'data': [
            {
                'id': '7',
                'request_id': 'j1',
                'code': 'AZ-ITEM',
                'message': 'One object was refused',
                'reason': 'Bad pattern',
                'count': 12,
                'about': 'object',
                'query': None,
                'state': 'open',
                'count_open': 2,
                'count_resolved': 9,
                'count_superseded': 1,
                'date_state': '2026-03-04T08:03:00Z',
                'count_tried_again': 1,
                'tries_left': 3,
                'date_added': '2026-03-04T08:02:00Z',
                'date_first': '2026-03-04T08:01:00Z',
                'indicators': [
                    {
                        'id': str(BIG_ID),
                        'type': 'Host',
                        'summary': 'c2.example.net',
                        'owner': 'Example Org',
                        'web_link': 'https://tc.example.test/1',
                    }
                ],
            }
        ],
    }


def test_error_names_the_query_of_its_job_as_it_is_called_now(stand: Stand) -> None:
    gone = make_job('j1', query=make_query('q1', name='Hosts'))
    renamed = make_job('j2', query=make_query('q2', name='Before'), position=1)
    stand.app_state.add_update(make_update(request_ids=('j1', 'j2')), [gone, renamed])
    stand.app_state.save_queries(
        [make_query('q3', name='Top'), make_query('q2', name='URLs')],
        expected_version=0,
        next_mode=None,
        audit=make_audit(),
    )
    known = [('j1', 'q1'), ('j2', None), ('removed', 'q2'), ('removed', 'q1'), ('removed', None)]
    stand.errors.kept_groups = tuple(
        make_group(request_id=request_id, query_id=query_id) for request_id, query_id in known
    )
    stand.errors.kept_entries = tuple(
        make_entry(request_id=request_id, query_id=query_id) for request_id, query_id in known
    )
    expected = [
        {'query_id': 'q1', 'position': None, 'label': 'Hosts', 'label_scope': None},
        {'query_id': 'q2', 'position': 1, 'label': 'URLs', 'label_scope': None},
        {'query_id': 'q2', 'position': 1, 'label': 'URLs', 'label_scope': None},
        None,
        None,
    ]
    for path in ('/api/report/error', '/api/report/error/entry'):
        assert [each['query'] for each in stand.get(path).json['data']] == expected
    heading, *lines = rows(stand.get('/api/report/error', 'format=csv'))
    assert [line[heading.index('query')] for line in lines] == ['Hosts', 'URLs', 'URLs', '', '']


@pytest.mark.parametrize(
    ('counts', 'state'),
    [((1, 5, 5), 'open'), ((0, 1, 5), 'resolved'), ((0, 0, 2), 'superseded')],
)
def test_errors_with_the_same_text_are_open_while_one_of_them_is(
    stand: Stand, counts: tuple[int, int, int], state: str
) -> None:
    stand.errors.kept_groups = (make_group(states=counts),)
    assert stand.get('/api/report/error').json['data'][0]['state'] == state


@pytest.mark.parametrize(('scope', 'count'), [(Scope.WHOLE, 1), (Scope.SEND, 0)])
def test_job_about_chosen_values_is_not_retried_automatically(
    stand: Stand, scope: Scope, count: int
) -> None:
    stand.app_state.add_update(make_update(), [make_job(scope=scope)])
    stand.errors.kept_groups = (make_group(about=About.JOB, tried_again=1), make_group())
    found = stand.get('/api/report/error').json['data']
    assert [each['count_tried_again'] for each in found] == [count, 1]


def test_error_of_a_whole_job_names_no_indicator(stand: Stand) -> None:
    whole = make_entry(indicator_id=None, summary=None, indicator_type=None, owner_name=None)
    by_value = make_entry(indicator_id=None, summary='unread')
    stand.errors.kept_groups = (make_group(examples=(whole, by_value)),)
    error = stand.get('/api/report/error').json['data'][0]
    assert [each['summary'] for each in error['indicators']] == ['unread']
    assert error['indicators'][0]['id'] is None


def test_every_filter_reaches_the_store(stand: Stand) -> None:
    stand.errors.kept_groups = tuple(make_group(request_id=f'j{each}') for each in range(5))
    query = (
        'request_id=Ab-1&code=AZ-ITEM&indicator_type=email-subject&after=2026-03-04T07:00:00Z'
        '&state=open&query_id=q1&text=bad+pattern'
        '&before=2026-03-04T09:00:00.5Z&limit=2&offset=2'
    )
    reply = stand.get('/api/report/error', query)
    assert [each['request_id'] for each in reply.json['data']] == ['j2', 'j3']
    assert stand.errors.asked == {
        'request_id_part': 'Ab-1',
        'code': 'AZ-ITEM',
        'state': 'open',
        'query_id': 'q1',
        'text': 'bad pattern',
        'indicator_type': IndicatorType.EMAIL_SUBJECT,
        'after': minutes(-60),
        'before': minutes(60.0 + 0.5 / 60),
        'limit': 2,
        'offset': 2,
    }
    assert reply.json['next'] == '?' + query[:-1] + '4'
    stand.get('/api/report/error', query.replace('&limit=2&offset=2', '&format=csv'))
    assert stand.errors.asked['after'] == minutes(-60)
    assert set(stand.errors.asked).isdisjoint({'limit', 'offset'})


def test_single_errors_come_in_pages(stand: Stand) -> None:
    whole = make_entry(indicator_id=None, summary=None, indicator_type=None, owner_name=None, id=8)
    stand.errors.kept_entries = (make_entry(id=2**53 + 1), whole, make_entry(id=7))
    reply = stand.get('/api/report/error/entry', 'limit=2')
    assert (reply.json['count'], reply.json['total_count']) == (2, 3)
    assert reply.json['next'] == '?limit=2&offset=2'
    assert reply.json['data'][0] == {
        'id': str(2**53 + 1),
        'request_id': 'j1',
        'query': None,
        'date_added': '2026-03-04T08:01:00Z',
        'code': 'AZ-ITEM',
        'message': 'One object was refused',
        'reason': 'Bad pattern',
        'about': 'indicator',
        'state': 'open',
        'date_state': None,
        'indicator': {
            'id': str(BIG_ID),
            'type': 'Host',
            'summary': 'c2.example.net',
            'owner': 'Example Org',
            'web_link': 'https://tc.example.test/1',
        },
    }
    assert reply.json['data'][1]['indicator'] is None


def test_every_filter_of_single_errors_reaches_the_store(stand: Stand) -> None:
    query = (
        'request_id=Ab-1&code=AZ-ITEM&indicator_type=url&after=2026-03-04T07:00:00Z'
        '&before=2026-03-04T09:00:00Z&group=7&until=9007199254740993&limit=1000&offset=1000'
    )
    assert stand.get('/api/report/error/entry', query).status_code == 200
    assert stand.errors.asked == {
        'group_id': 7,
        'until_id': 2**53 + 1,
        'request_id_part': 'Ab-1',
        'code': 'AZ-ITEM',
        'indicator_type': IndicatorType.URL,
        'after': minutes(-60),
        'before': minutes(60),
        'limit': 1000,
        'offset': 1000,
    }


@pytest.mark.parametrize(
    'query', ['group=0', 'group=a', 'until=9223372036854775808', 'limit=1001', 'format=csv']
)
def test_bad_filter_of_single_errors_is_refused(stand: Stand, query: str) -> None:
    reply = stand.get('/api/report/error/entry', query)
    assert reply.status_code == 400
    assert [error['field'] for error in reply.json['errors']] == [query.split('=', maxsplit=1)[0]]


@pytest.mark.parametrize(
    'query',
    [
        'state=closed',
        'code=A B',
        'indicator_type=Host',
        'after=yesterday',
        'before=5',
        'format=xml',
        'sort=code',
    ],
)
def test_bad_filter_is_refused(stand: Stand, query: str) -> None:
    reply = stand.get('/api/report/error', query)
    assert reply.status_code == 400
    assert [error['field'] for error in reply.json['errors']] == [query.split('=', maxsplit=1)[0]]


def test_csv_contains_every_single_error(stand: Stand) -> None:
    stand.errors.kept_entries = (
        make_entry(state=ErrorState.RESOLVED, state_at=minutes(5)),
        make_entry(reason='two\r\nlines, "quoted" Ü', indicator_id=None, web_link=None),
    )
    reply = stand.get('/api/report/error', 'format=csv')
    assert reply.headers['content-type'] == 'text/csv; charset=utf-8'
    name = reply.headers['content-disposition']
    assert name.startswith('attachment; filename="sentinel-errors_')
    assert name.endswith('.csv"')
    assert reply.content.startswith(b'\xef\xbb\xbfrequest_id,query,date_added,code,message,reason,')
    heading, first, second = rows(reply)
    assert dict(zip(heading, first, strict=True)) == {
        'request_id': 'j1',
        'query': '',
        'date_added': '2026-03-04T08:01:00Z',
        'code': 'AZ-ITEM',
        'message': 'One object was refused',
        'reason': 'Bad pattern',
        'state': 'resolved',
        'date_state': '2026-03-04T08:05:00Z',
        'indicator_id': str(BIG_ID),
        'indicator_type': 'Host',
        'summary': 'c2.example.net',
        'owner': 'Example Org',
        'web_link': 'https://tc.example.test/1',
    }
    assert second[5] == 'two\r\nlines, "quoted" Ü'
    assert (second[6:9], second[12]) == (['open', '', ''], '')


@pytest.mark.parametrize(('text', 'cell'), CELLS)
def test_csv_cell_is_never_taken_for_a_formula(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


def test_every_cell_of_the_csv_is_safe(stand: Stand) -> None:
    texts = dict(CELLS)
    stand.errors.kept_entries = tuple(
        make_entry(summary=text, reason=text, owner_name=text) for text in texts
    )
    _, *found = rows(stand.get('/api/report/error', 'format=csv'))
    for cells, cell in zip(found, texts.values(), strict=True):
        assert [cells[5], cells[10], cells[11]] == [cell] * 3


def test_csv_survives_half_a_character(stand: Stand) -> None:
    stand.errors.kept_entries = (make_entry(summary='\ud800=\x00', reason='\ud800;=1'),)
    cells = rows(stand.get('/api/report/error', 'format=csv'))[1]
    assert (cells[10], cells[5]) == ('?=\x00', "?;'=1")


@law
@given(any_text)
def test_cell_is_its_text_with_apostrophes_and_safe_once_it_is_safe(text: str) -> None:
    cell = safe_cell(text)
    assert cell.replace("'", '') == text.replace("'", '')
    assert safe_cell(cell) == cell


@pytest.mark.parametrize('piece', [';', '; ', ' ', '\t', '"', '\u200b', ';='])
def test_time_to_escape_a_cell_grows_with_its_length(piece: str) -> None:
    began = time.process_time()
    safe_cell(piece * 100_000)
    assert time.process_time() - began < 1


def test_csv_that_grows_too_large_says_that_it_is_cut(stand: Stand) -> None:
    stand.errors.kept_entries = (make_entry(reason='x' * 1_000),) * 2_000
    reply = stand.get('/api/report/error', 'format=csv')
    assert len(reply.content) < 1_000_000
    *some, last = rows(reply)
    assert len(some) > 500
    assert last == ['There is more than fits here. Narrow the filter.']


def test_audit_is_paged(stand: Stand) -> None:
    for number in range(3):
        stand.app_state.add_audit(make_audit(detail=str(number), user=None))
    reply = stand.get('/api/report/audit', 'limit=2')
    assert [each['detail'] for each in reply.json['data']] == ['2', '1']
    assert reply.json['next'] == '?limit=2&offset=2'
    assert reply.json['data'][0] == {
        'at': '2026-03-04T08:00:00Z',
        'user': None,
        'action': 'configure-save',
        'detail': '2',
        'changes': [],
        'changes_left_out': 0,
        'query_ids': [],
        'update_ids': [],
    }
    assert stand.get('/api/report/audit', 'status=failed').status_code == 400


def test_audit_is_narrowed_by_action_user_and_time(stand: Stand) -> None:
    for number, (action, user) in enumerate(
        [('task-pause', 'ann'), ('task-pause', 'Müller, Bob'), ('job-retry', 'ann'), ('x', None)]
    ):
        entry = make_audit(at=minutes(number), action=action, user=user, detail=str(number))
        stand.app_state.add_audit(entry)

    def found(query: str) -> list[str]:
        reply = stand.get('/api/report/audit', query)
        assert reply.status_code == 200, reply.text
        assert reply.json['total_count'] == len(reply.json['data'])
        return [each['detail'] for each in reply.json['data']]

    assert found('action=task-pause') == ['1', '0']
    assert found('user=ANN') == ['2', '0']
    assert found('user=m%C3%BCller') == ['1']
    assert found('after=2026-03-04T08:01:00Z&before=2026-03-04T08:03:00Z') == ['2', '1']
    assert found('action=task-pause&user=ann') == ['0']
    assert stand.get('/api/report/audit', 'user=%3Cb%3E').status_code == 400


def test_audit_is_narrowed_by_query_and_update(stand: Stand) -> None:
    for number, (query_ids, update_ids) in enumerate(
        [(('q1', 'q2'), ()), (('q1',), ('u2', 'u1')), ((), ())]
    ):
        entry = make_audit(detail=str(number), query_ids=query_ids, update_ids=update_ids)
        stand.app_state.add_audit(entry)

    def found(query: str) -> list[tuple[str, list[str]]]:
        reply = stand.get('/api/report/audit', query)
        assert reply.status_code == 200, reply.text
        return [(each['detail'], each['update_ids']) for each in reply.json['data']]

    assert found('query_id=q1') == [('1', ['u2', 'u1']), ('0', [])]
    assert found('query_id=q2') == [('0', [])]
    assert found('update_id=u1') == found('update_id=u2') == [('1', ['u2', 'u1'])]
    assert found('query_id=q2&update_id=u1') == found('query_id=q') == []
