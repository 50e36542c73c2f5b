"""CONFIGURE's check and preview: whether a query is valid, and what it would give."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.context_choice import ContextChoice
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.upload_limits import spare_limit
from sentinel_app.diagnostics import parallel, preview
from sentinel_app.errors import QueryError, ReadTimeoutError
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.builders.indicator import MD5, SHA1, make_row
from tests.harness.builders.update import make_chosen, send
from tests.harness.diagnostics import LIMIT
from tests.harness.waiting import PATIENCE_S

PATH = '/api/configure/preview'
CHECK = '/api/configure/check'
CREATED = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
EARLIER = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
HOSTS = {'indicator_types': (IndicatorType.HOST,)}


def body(**members: Any) -> dict[str, Any]:
    return {
        'owners': ['Example Org'],
        'indicator_types': ['Host', 'File'],
        'tql': '',
        **members,
    }


def host(number: int, **members: Any) -> dict[str, Any]:
    name = f'h{number}.example.com'
    values = {'summary': name, 'hostName': name} | members
    return make_row(IndicatorType.HOST, id=number, **values)


def save(stand: Stand, *queries: Any) -> None:
    stand.app_state.save_queries(queries, expected_version=0, next_mode=None, audit=make_audit())


def ask(stand: Stand, **members: Any) -> dict[str, Any]:
    reply = stand.post(PATH, body(**members))
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def test_counts_come_for_each_type_and_in_all(stand: Stand) -> None:
    stand.diagnostics.source.rows = [
        *(host(number) for number in range(1, 14)),
        make_row(IndicatorType.FILE, id=20),
        make_row(IndicatorType.ADDRESS, id=21),
        host(22, ownerName='Källa "1"'),
    ]
    found = ask(stand)
    assert found['counts'] == [
        {'indicator_type': 'Host', 'count': 13},
        {'indicator_type': 'File', 'count': 1},
    ]
    assert found['total_count'] == found['sample_count'] == 14
    assert found['is_exact'] is True
    assert [each['summary'] for each in found['indicators']] == [
        f'h{number}.example.com' for number in range(1, 11)
    ]


def test_each_object_is_shown_as_it_would_be_sent_with_the_verdict_on_it(stand: Stand) -> None:
    stand.diagnostics.source.rows = [make_row(IndicatorType.FILE, id=7, sha256=None)]
    (shown,) = ask(stand)['indicators']
    assert (shown['id'], shown['type'], shown['owner']) == ('7', 'File', 'Example Org')
    assert shown['web_link'].startswith('https://')
    assert [each['object']['pattern'] for each in shown['objects']] == [
        f"[file:hashes.'MD5' = '{MD5}']",
        f"[file:hashes.'SHA-1' = '{SHA1}']",
    ]
    assert all(each['is_valid'] for each in shown['objects'])
    assert {each['verdict'] for each in shown['objects']} == {'valid STIX 2.1'}
    assert (shown['outcome'], shown['reason'], shown['taken_by']) == (None, None, None)


def test_held_back_indicators_are_shown_with_the_reason(stand: Stand) -> None:
    stand.diagnostics.withheld = lambda each: (
        'It is secret.' if each.value.startswith('h2.') else None
    )
    stand.diagnostics.source.rows = [
        host(1),
        host(2),
        host(3, externalDateExpires='2020-01-01T00:00:00Z'),
        host(4, hostName=''),
        make_row(IndicatorType.FILE, id=5, md5='x', sha1=None, sha256=None),
    ]
    found = ask(stand)
    assert [each['outcome'] for each in found['indicators']] == [
        *(None, 'withheld', 'expired', 'invalid', 'unsupported')
    ]
    assert found['indicators'][1]['reason'] == 'It is secret.'
    assert '2020-01-01' in found['indicators'][2]['reason']
    assert [(each['outcome'], each['count']) for each in found['held_back']] == [
        *(('withheld', 1), ('expired', 1), ('invalid', 1), ('unsupported', 1))
    ]
    assert found['held_back'][0]['examples'] == [
        {'summary': 'h2.example.com', 'reason': 'It is secret.'}
    ]
    assert found['estimated_objects'] == 1


def test_higher_query_takes_what_it_returns_itself(stand: Stand) -> None:
    save(
        stand,
        make_query('q1', tql='tag = "a"', **HOSTS),
        make_query('q2', owners=('Källa "1"',), **HOSTS),
        make_query('q3', tql='tag = "never"', **HOSTS),
    )
    stand.diagnostics.source.rows = [
        host(1, tag='a'),
        # Another owner's copy of the same value.
        host(2),
        host(102, ownerName='Källa "1"', summary='h2.example.com', hostName='h2.example.com'),
        host(3),
    ]
    found = ask(stand)
    assert found['position'] == 3
    assert [each['taken_by'] for each in found['indicators']] == [0, 1, None]
    assert found['indicators'][0]['outcome'] == 'duplicate'
    assert found['indicators'][0]['reason'] == 'TQL query 1 (tag = "a") has precedence.'
    assert found['higher'] == {
        'count': 2,
        'basis': 'threatconnect',
        'queries': [
            {'position': 0, 'query_id': 'q1', 'count': 1},
            {'position': 1, 'query_id': 'q2', 'count': 1},
        ],
    }
    assert found['estimated_objects'] == 1


@pytest.mark.parametrize(
    ('members', 'position'),
    [
        ({}, 2),
        ({'position': 0}, 0),
        ({'position': 1}, 1),
        ({'position': 99}, 2),
        ({'id': 'q2'}, 1),
        ({'id': 'q1'}, 0),
        ({'id': 'q1', 'position': 1}, 1),
    ],
)
def test_place_decides_which_queries_are_higher(
    stand: Stand, members: dict[str, Any], position: int
) -> None:
    save(stand, make_query('q1', **HOSTS), make_query('q2', **HOSTS))
    stand.diagnostics.source.rows = [host(1)]
    found = ask(stand, **members)
    assert found['position'] == position
    assert found['higher']['count'] == (1 if position else 0)


def test_query_that_holds_back_the_value_does_not_take_it(stand: Stand) -> None:
    save(stand, make_query('q1', owners=('Källa "1"',), **HOSTS))
    stand.diagnostics.source.rows = [
        host(1),
        host(
            2,
            ownerName='Källa "1"',
            summary='h1.example.com',
            hostName='h1.example.com',
            externalDateExpires='2020-01-01T00:00:00Z',
        ),
    ]
    assert ask(stand)['higher']['count'] == 0


def enter_in_ledger(
    stand: Stand, number: int, query_id: str, valid_until: dt.datetime = LATER
) -> None:
    key = ObjectKey(IndicatorType.HOST, f'h{number}.example.com')
    chosen = make_chosen(
        key, indicator_id=number, generation=2, created=CREATED, valid_until=valid_until
    )
    send(stand.diagnostics.store, chosen, query_id=query_id)


def test_ledger_answers_when_threatconnect_does_not(stand: Stand) -> None:
    save(stand, make_query('q1', **HOSTS), make_query('q2', **HOSTS))
    stand.diagnostics.source.rows = [host(1), host(2), host(3), host(4)]
    enter_in_ledger(stand, 1, 'q1')
    enter_in_ledger(stand, 2, 'q1', EARLIER)
    enter_in_ledger(stand, 3, 'gone')
    stand.diagnostics.source.error_for = lambda tql: (
        ReadTimeoutError('No answer.') if 'summary in' in tql else None
    )
    found = ask(stand)
    assert found['higher']['basis'] == 'ledger'
    assert [each['taken_by'] for each in found['indicators']] == [0, None, None, None]


def test_ledger_answers_when_it_would_take_too_many_requests(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, 'MOST_QUESTIONS', 3)
    save(stand, make_query('q1', **HOSTS))
    stand.diagnostics.source.rows = [host(number) for number in range(1, 101)]
    assert ask(stand)['higher']['basis'] == 'ledger'
    assert not any('summary in' in tql for tql in stand.diagnostics.source.asked)


def test_id_and_created_are_those_that_sentinel_knows(stand: Stand) -> None:
    stand.diagnostics.source.rows = [host(1)]
    enter_in_ledger(stand, 1, 'q1')
    fresh = ask(stand, owners=['Källa "1"'])
    assert fresh['indicators'] == []
    (shown,) = ask(stand)['indicators']
    assert shown['objects'][0]['object']['created'] == '2024-05-01T00:00:00.000Z'


def test_large_query_is_sampled_and_the_rest_estimated(stand: Stand) -> None:
    rows = [host(number) for number in range(1, 1001)]
    for row in rows[:25]:
        row['externalDateExpires'] = '2020-01-01T00:00:00Z'
    stand.diagnostics.source.rows = rows
    found = ask(stand)
    assert (found['total_count'], found['sample_count'], found['is_exact']) == (1000, 100, False)
    assert found['estimated_objects'] == 750
    assert found['estimated_requests'] == 8
    # 60 requests may go in a minute.
    assert found['estimated_seconds'] == 8.0


def test_empty_result_is_an_answer(stand: Stand) -> None:
    found = ask(stand)
    assert (found['total_count'], found['indicators'], found['estimated_objects']) == (0, [], 0)
    assert found['is_exact'] is True


def test_tql_that_the_app_refuses_is_an_error_of_its_field(stand: Stand) -> None:
    reply = stand.post(PATH, body(tql='rating > 3)'))
    assert reply.status_code == 422
    (error,) = reply.json['errors']
    assert error['field'] == 'tql'
    assert 'closes a parenthesis' in error['message']
    assert stand.diagnostics.source.asked == []


def test_tql_that_threatconnect_refuses_comes_with_its_own_words(stand: Stand) -> None:
    stand.diagnostics.source.error = QueryError('Correct it.', reason='Unknown keyword: ratng')
    reply = stand.post(PATH, body(tql='ratng > 3'))
    assert reply.status_code == 422
    assert reply.json['code'] == 'TC-QUERY'
    assert reply.json['errors'] == [{'field': 'tql', 'message': 'Unknown keyword: ratng'}]


@pytest.mark.parametrize('path', [PATH, CHECK])
def test_positions_in_its_words_refer_to_the_text_as_written(stand: Stand, path: str) -> None:
    def refuse(tql: str) -> QueryError:
        return QueryError('Correct it.', reason=f'Unknown word at {tql.index("ratng") + 1}')

    stand.diagnostics.source.error_for = refuse
    reply = stand.post(path, body(tql='ratng > 3'))
    assert reply.json['errors'] == [{'field': 'tql', 'message': 'Unknown word at 1'}]


def test_first_words_stay_when_the_bare_tql_is_accepted(stand: Stand) -> None:
    stand.diagnostics.source.error_for = lambda tql: (
        QueryError('Correct it.', reason='Too many owners') if 'ownerName' in tql else None
    )
    reply = stand.post(CHECK, body(tql='rating > 3'))
    assert reply.json['errors'] == [{'field': 'tql', 'message': 'Too many owners'}]


def test_first_words_stay_when_the_bare_tql_gets_no_answer(stand: Stand) -> None:
    stand.diagnostics.source.error_for = lambda tql: (
        QueryError('Correct it.', reason='No') if 'ownerName' in tql else ReadTimeoutError('Late')
    )
    reply = stand.post(CHECK, body(tql='rating > 3'))
    assert reply.json['errors'] == [{'field': 'tql', 'message': 'No'}]


def test_check_returns_the_count_with_one_request(stand: Stand) -> None:
    stand.diagnostics.source.rows = [host(1), host(2), host(3, ownerName='Källa "1"')]
    reply = stand.post(CHECK, body())
    assert (reply.status_code, reply.json) == (200, {'total_count': 2})
    assert len(stand.diagnostics.source.asked) == 1


def test_check_without_threatconnect_is_a_503_with_its_code(stand: Stand) -> None:
    stand.diagnostics.source.error = ReadTimeoutError('No answer.')
    reply = stand.post(CHECK, body(tql='rating > 3'))
    assert (reply.status_code, reply.json['code']) == (503, 'TC-READ')


def test_check_refuses_an_invalid_query_without_a_request(stand: Stand) -> None:
    reply = stand.post(CHECK, body(tql='(rating > 3', owners=['Nobody']))
    assert [error['field'] for error in reply.json['errors']] == ['owners.0', 'tql']
    assert stand.diagnostics.source.asked == []


@pytest.mark.parametrize(
    ('members', 'field'),
    [
        ({'owners': ['Nobody']}, 'owners.0'),
        ({'owners': ['Example Org', 'Example Org']}, 'owners.1'),
        ({'indicator_types': ['Host', 'Host']}, 'indicator_types.1'),
        ({'sort_field': 'color'}, 'sort_field'),
        ({'id': 'unknown'}, 'id'),
        ({'position': -1}, 'position'),
        ({'owners': []}, 'owners'),
        ({'queries': []}, 'queries'),
    ],
)
def test_bad_field_is_named(stand: Stand, members: dict[str, Any], field: str) -> None:
    reply = stand.post(PATH, body(**members))
    assert reply.status_code == 422
    assert [error['field'] for error in reply.json['errors']] == [field]


def test_late_answer_is_a_503_with_a_remedy(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(preview, 'COUNT_WITHIN_S', 0.05)
    monkeypatch.setattr(
        stand.diagnostics.source, 'read_window', lambda *_a, **_o: release.wait(PATIENCE_S) or None
    )
    try:
        reply = stand.post(PATH, body())
    finally:
        release.set()
    assert reply.status_code == 503
    assert reply.json['code'] == 'TC-READ'
    assert 'narrower TQL' in reply.json['description']


def test_preview_stores_nothing(stand: Stand) -> None:
    save(stand, make_query('q1', **HOSTS))
    stand.diagnostics.source.rows = [host(1)]
    before = stand.app_state.query_list(), stand.app_state.audit(limit=5, offset=0)
    ask(stand, id='q1', tql='tag = "a"')
    assert (stand.app_state.query_list(), stand.app_state.audit(limit=5, offset=0)) == before
    assert stand.diagnostics.sink.sent == []


def test_parallel_requests_are_answered_in_order_few_at_a_time() -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def call(number: int) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        threading.Event().wait(0.005)
        with lock:
            under_way -= 1
        return number

    calls = [lambda number=number: call(number) for number in range(20)]
    assert parallel.gathered(calls, within_s=PATIENCE_S) == list(range(20))
    assert 1 < most <= parallel.AT_ONCE
    assert parallel.gathered([], within_s=0) == []


def test_failing_request_ends_the_other_parallel_ones() -> None:
    made: list[int] = []

    def call(number: int) -> int:
        made.append(number)
        if number == 0:
            raise QueryError('No.')
        threading.Event().wait(0.05)
        return number

    calls = [lambda number=number: call(number) for number in range(50)]
    with pytest.raises(QueryError):
        parallel.gathered(calls, within_s=PATIENCE_S)
    assert len(made) < 50


def groups(*names: str, kind: str = 'Adversary') -> dict[str, Any]:
    """The Groups of a row, as ThreatConnect names them."""
    return {
        'data': [
            {'id': 500 + place, 'type': kind, 'name': name, 'ownerName': 'Example Org'}
            for place, name in enumerate(names)
        ]
    }


@pytest.mark.parametrize('choice', ContextChoice)
def test_context_is_estimated_where_it_is_sent(tmp_path: Path, choice: ContextChoice) -> None:
    stand = Stand(tmp_path, context=choice)
    stand.diagnostics.source.rows = [
        host(1, associatedGroups=groups('Bear', 'Cat')),
        host(2, associatedGroups=groups('BEAR')),
        host(3, associatedGroups=groups('A report', kind='Report')),
        make_row(IndicatorType.FILE, id=7, associatedGroups=groups('Cat')),
    ]
    found = ask(stand)['context']
    if choice is ContextChoice.NONE:
        assert found is None
        return
    has_actors = choice is ContextChoice.ACTORS
    assert found == {
        'estimated_identities': 1,
        'estimated_actors': 2 if has_actors else 0,
        'estimated_relationships': 2 + 1 + 3 if has_actors else 0,
        'estimated_left_out': 0,
        'estimated_requests': 1,
        'estimated_seconds': 60 / spare_limit(LIMIT),
    }


def test_context_of_the_sample_stands_for_that_of_all(tmp_path: Path) -> None:
    stand = Stand(tmp_path, context=ContextChoice.ACTORS)
    stand.diagnostics.source.rows = [
        host(number, associatedGroups=groups(f'Bear {number % 50}', 'Cat'))
        for number in range(1, 4 * preview.SAMPLE + 1)
    ]
    found = ask(stand)
    assert (found['sample_count'], found['total_count']) == (preview.SAMPLE, 400)
    context = found['context']
    assert (context['estimated_identities'], context['estimated_actors']) == (1, 4 * 51)
    assert context['estimated_relationships'] == 800
    assert context['estimated_requests'] == 11
    assert context['estimated_seconds'] == round(11 / spare_limit(LIMIT) * 60, 3)
