"""What a save would change is told before it is made."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel_app.errors import QueryError, ReadTimeoutError
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query

PATH = '/api/configure/effect'


@pytest.fixture
def saved(stand: Stand) -> Stand:
    stand.app_state.save_queries(
        [make_query('q1'), make_query('q2', tql='confidence > 50', name='Low')],
        expected_version=0,
        next_mode=None,
        audit=make_audit(),
    )
    return stand


def row(**fields: Any) -> dict[str, Any]:
    return {
        'owners': ['Example Org'],
        'indicator_types': ['Address', 'Email Subject'],
        'tql': 'rating > 3',
    } | fields


def ask(stand: Stand, *rows: dict[str, Any], **fields: Any) -> Any:
    return stand.post(PATH, {'version': 1, 'queries': list(rows)} | fields)


def test_new_queries_are_counted_and_deleted_ones_named(saved: Stand) -> None:
    reply = ask(saved, row(id='q1'), row(tql='tag = "hot"', name='New'))
    assert reply.status_code == 200, reply.text
    kept, new, gone = reply.json['queries']
    assert (kept['change'], kept['query_id'], kept['count']) == ('kept', 'q1', None)
    assert (new['change'], new['query_id'], new['label']) == ('added', None, 'New')
    assert new['count'] == new['objects_more'] == reply.json['objects_more']
    assert (gone['change'], gone['label'], gone['position']) == ('deleted', 'Low', None)
    assert reply.json['is_complete'] is True
    assert saved.app_state.query_list().version == 1


@pytest.mark.parametrize(
    'error', [ReadTimeoutError('No answer.'), QueryError('Refused.', reason='At character 4.')]
)
def test_failed_count_says_why(saved: Stand, error: Any) -> None:
    saved.diagnostics.source.error_for = lambda tql: error if 'broken' in tql else None
    reply = ask(saved, row(id='q1'), row(id='q2', tql='broken > 1'), row(tql='tag = "hot"'))
    _, broken, other = reply.json['queries']
    assert (broken['objects_more'], broken['count']) == (None, None)
    assert broken['not_counted'] == (error.reason or error.message)
    assert other['count'] is not None
    assert (reply.json['is_complete'], reply.json['objects_full']) == (False, None)


def test_request_is_refused_as_the_save_would_be(saved: Stand) -> None:
    assert ask(saved, version=0).status_code == 409
    reply = ask(saved, row(owners=['Nobody']))
    assert [each['field'] for each in reply.json['errors']] == ['queries.0.owners.0']
    # An empty list needs no word here: this is what tells what it would do.
    assert [each['change'] for each in ask(saved).json['queries']] == ['deleted', 'deleted']
