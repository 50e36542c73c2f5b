"""The saved TQL queries as a file, out and in."""

from __future__ import annotations

from typing import Any

from sentinel_app.core.job import Mode
from sentinel_app.core.query import SortDirection
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.clocks import NOON

PATH = '/api/configure/import'


def save(stand: Stand, *queries: Any, version: int = 0) -> None:
    stand.app_state.save_queries(
        queries, expected_version=version, next_mode=None, audit=make_audit()
    )


def exported(stand: Stand) -> dict[str, Any]:
    reply = stand.get('/api/configure/export')
    assert reply.status_code == 200
    found: dict[str, Any] = reply.json
    return found


def test_file_has_all_the_queries_and_a_name(stand: Stand) -> None:
    query = make_query(
        'q1',
        name='Phishing',
        is_enabled=False,
        sort_field='rating',
        sort_direction=SortDirection.DESCENDING,
    )
    save(stand, query)
    reply = stand.get('/api/configure/export')
    assert reply.headers['content-disposition'] == (
        'attachment; filename="sentinel-tql-queries.json"'
    )
    assert reply.headers['content-type'] == 'application/json'
    assert reply.json == {
        'format': 'ms-sentinel-tql-queries',
        'format_version': 1,
        'exported_at': NOON.isoformat().replace('+00:00', 'Z'),
        'queries': [
            {
                'id': 'q1',
                'name': 'Phishing',
                'note': None,
                'is_enabled': False,
                'owners': ['Example Org'],
                'indicator_types': ['Address', 'Email Subject'],
                'tql': 'rating > 3',
                'sort_field': 'rating',
                'sort_direction': 'desc',
            }
        ],
    }


def test_file_can_be_imported_unchanged(stand: Stand) -> None:
    queries = (
        make_query('q1', name='Phishing', note='From the CERT.\nUntil May.', is_enabled=False),
        make_query('q2', tql='confidence > 50'),
    )
    save(stand, *queries)
    file = exported(stand)
    save(stand, make_query('q2', tql='edited'), version=1)
    reply = stand.put(PATH, {'version': 2, 'run': 'full', 'file': file})
    assert reply.status_code == 200, reply.text
    assert reply.json['version'] == 3
    # What was known stays the same query; what was removed meanwhile is a new one.
    assert [each.id for each in stand.app_state.query_list().queries] == ['new-1', 'q2']
    assert [each.tql for each in stand.app_state.query_list().queries] == [
        *('rating > 3', 'confidence > 50')
    ]
    assert stand.app_state.schedule().next_mode is Mode.FULL
    (entry, *_), _ = stand.app_state.audit(limit=1, offset=0)
    assert (entry.user, entry.action) == ('jdoe', 'configure-import')
    assert '1 added' in entry.detail
    assert '1 edited' in entry.detail


def test_query_from_another_service_matches_the_saved_one_by_content(stand: Stand) -> None:
    save(stand, make_query('q1'), make_query('q2', tql='confidence > 50'))
    file = exported(stand)
    file['queries'].reverse()
    file['queries'][0] |= {'id': 'of-another-service'}
    del file['queries'][1]['id']
    assert stand.put(PATH, {'version': 1, 'file': file}).status_code == 200
    assert [each.id for each in stand.app_state.query_list().queries] == ['q2', 'q1']


def test_duplicate_id_counts_once(stand: Stand) -> None:
    save(stand, make_query('q1'))
    file = exported(stand)
    file['queries'] *= 2
    assert stand.put(PATH, {'version': 1, 'file': file}).status_code == 200
    assert [each.id for each in stand.app_state.query_list().queries] == ['q1', 'new-1']


def test_list_that_was_changed_meanwhile_is_not_replaced(stand: Stand) -> None:
    save(stand, make_query('q1'))
    reply = stand.put(PATH, {'version': 0, 'file': exported(stand)})
    assert reply.status_code == 409
    assert stand.app_state.query_list().version == 1


def test_faults_of_the_file_are_named_by_their_place_in_the_body(stand: Stand) -> None:
    save(stand, make_query('q1'))
    file = exported(stand)
    file['queries'][0] |= {'owners': ['Nobody'], 'tql': '(('}
    reply = stand.put(PATH, {'version': 1, 'file': file, 'withdraw': ['unknown']})
    assert reply.status_code == 422
    assert [each['field'] for each in reply.json['errors']] == [
        *('file.queries.0.owners.0', 'file.queries.0.tql', 'withdraw.0')
    ]
    assert stand.app_state.query_list().version == 1


def test_file_of_another_kind_is_refused(stand: Stand) -> None:
    file = exported(stand)
    for change in ({'format': 'something-else'}, {'format_version': 2}):
        reply = stand.put(PATH, {'version': 0, 'file': file | change})
        assert reply.status_code == 422
        assert reply.json['errors'][0]['field'].startswith('file.format')
