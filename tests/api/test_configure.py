import dataclasses
import errno
import uuid
from typing import Any

import pytest
from falcon import testing

from sentinel_app.api.app import create_app
from sentinel_app.api.deps import ApiDeps
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Counts, JobStatus, Mode, Outcome
from sentinel_app.core.mapping import SORT_FIELDS
from sentinel_app.core.schedule import Schedule
from sentinel_app.errors import ReadAuthError, ReadTimeoutError
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_job, make_update, minutes
from tests.harness.clocks import NOON


def row(**fields: Any) -> dict[str, Any]:
    return {
        'id': None,
        'name': None,
        'note': None,
        'is_enabled': True,
        'owners': ['Example Org'],
        'indicator_types': ['Address', 'Email Subject'],
        'tql': 'rating > 3 and summary contains "ü"',
        'sort_field': 'rating',
        'sort_direction': 'desc',
    } | fields


def body(*rows: dict[str, Any], version: int = 0, **fields: Any) -> dict[str, Any]:
    return {'version': version, 'queries': list(rows), 'run': None} | fields


def _saved_direction(reply: Any) -> str:
    assert reply.status_code == 200, reply.text
    direction: str = reply.json['queries'][0]['sort_direction']
    return direction


@pytest.mark.parametrize('fields', [{'sort_direction': None}, {}])
def test_sort_direction_defaults_to_ascending(stand: Stand, fields: dict[str, Any]) -> None:
    query = row() | fields
    if not fields:
        del query['sort_direction']
    assert _saved_direction(stand.put('/api/configure', body(query))) == 'asc'
    file = {'format': 'ms-sentinel-tql-queries', 'format_version': 1, 'queries': [query]}
    imported = stand.put('/api/configure/import', {'version': 1, 'file': file})
    assert _saved_direction(imported) == 'asc'
    assert stand.post('/api/configure/preview', query).status_code == 200


def fields_at_fault(reply: Any) -> dict[str, str]:
    assert reply.status_code == 422
    return {error['field']: error['message'] for error in reply.json['errors']}


def test_empty_list_is_version_0(stand: Stand) -> None:
    assert stand.get('/api/configure').json == {
        'version': 0,
        'saved_at': None,
        'saved_by': None,
        'queries': [],
        'next_update': None,
        'open_update': None,
        'last_run': None,
        'last_counts': [],
        'results': [],
        'warning': None,
    }


def test_saved_list_comes_back_in_its_order_with_ids(stand: Stand) -> None:
    stand.updates.due = (NOON, Mode.FULL)
    reply = stand.put('/api/configure', body(row(), row(tql='', sort_field=None), run='full'))
    assert reply.status_code == 200
    assert reply.json == stand.get('/api/configure').json
    assert reply.json['version'] == 1
    assert reply.json['queries'] == [
        row(id='new-1'),
        row(id='new-2', tql='', sort_field=None),
    ]
    assert reply.json['next_update'] == {'at': '2026-03-04T12:00:00Z', 'mode': 'full'}
    assert stand.app_state.schedule().next_mode is Mode.FULL


def test_name_and_note_are_trimmed_and_blank_ones_become_null(stand: Stand) -> None:
    name, note = '  Phish\u202eing\thosts ', '\r\nFrom the CERT.\r\n\u200bUntil May. \n'
    reply = stand.put(
        '/api/configure', body(row(name=name, note=note, is_enabled=False), row(name=' ', note=''))
    )
    assert reply.json['queries'] == [
        row(id='new-1', name='Phishing hosts', note='From the CERT.\nUntil May.', is_enabled=False),
        row(id='new-2'),
    ]
    assert stand.get('/api/configure').json['queries'] == reply.json['queries']


def test_overlong_or_duplicate_name_is_refused(stand: Stand) -> None:
    rows = (row(name='Phishing'), row(name='a' * 81, note='b' * 501), row(name=' PHISHING'))
    assert fields_at_fault(stand.put('/api/configure', body(*rows))) == {
        'queries.1.name': 'has 81 characters; at most 80 are allowed',
        'queries.1.note': 'has 501 characters; at most 500 are allowed',
        'queries.2.name': 'TQL query 1 is already called "PHISHING". Choose another name.',
    }
    longest = row(name='a' * 80, note='b' * 500)
    assert stand.put('/api/configure', body(longest)).status_code == 200


def test_disabling_or_enabling_a_query_is_audited(stand: Stand) -> None:
    stand.put('/api/configure', body(row(name='Phishing'), row(is_enabled=False)))
    rows = (row(id='new-1', name='Phishing', is_enabled=False), row(id='new-2'))
    stand.put('/api/configure', body(*rows, version=1))
    saved, first = stand.get('/api/report/audit').json['data']
    assert saved['detail'] == '2 TQL queries, 1 disabled, 1 enabled'
    assert saved['changes'] == [
        {
            'subject': 'TQL query 1 "Phishing"',
            'field': 'State',
            'before': 'Enabled',
            'after': 'Disabled',
        },
        {'subject': 'TQL query 2', 'field': 'State', 'before': 'Disabled', 'after': 'Enabled'},
    ]
    states = [each for each in first['changes'] if each['field'] == 'State']
    assert states == [
        {'subject': 'TQL query 2', 'field': 'State', 'before': None, 'after': 'Disabled'}
    ]


def test_new_query_has_an_id_of_its_own_everywhere(stand: Stand) -> None:
    deps = dataclasses.replace(stand.deps, new_id=ApiDeps.__dataclass_fields__['new_id'].default)
    client = testing.TestClient(create_app(deps))
    reply = client.simulate_put('/api/configure', json=body(row(), row()))
    ids = [uuid.UUID(query['id']) for query in reply.json['queries']]
    assert [each.version for each in ids] == [4, 4]
    assert ids[0] != ids[1]


def test_last_run_is_the_end_of_the_last_window(stand: Stand) -> None:
    schedule = Schedule(last_run_at=minutes(5))
    stand.app_state.add_update(make_update(), [make_job()])
    stand.app_state.end_update('u1', minutes(6), schedule)
    assert stand.get('/api/configure').json['last_run'] == '2026-03-04T08:05:00Z'


def test_open_update_is_the_running_one_or_else_the_first_queued(stand: Stand) -> None:
    later, first = make_update('u1', queued_at=minutes(2)), make_update('u2', queued_at=minutes(1))
    for update in (later, first):
        job = make_job(f'j-{update.id}', update_id=update.id)
        added = dataclasses.replace(update, request_ids=(job.request_id,), mode=Mode.FULL)
        stand.app_state.add_update(added, [job])
    queued = {'update_id': 'u2', 'mode': 'full', 'date_started': None}
    assert stand.get('/api/configure').json['open_update'] == queued
    assert stand.app_state.start_update('u1', minutes(3))
    running = {'update_id': 'u1', 'mode': 'full', 'date_started': '2026-03-04T08:03:00Z'}
    assert stand.get('/api/configure').json['open_update'] == running


def test_storage_error_is_reported(stand: Stand) -> None:
    stand.app_state.warning = 'The copy before it is used.'
    assert stand.get('/api/configure').json['warning'] == 'The copy before it is used.'


def test_query_comes_with_the_count_of_its_last_whole_reading(stand: Stand) -> None:
    stand.put('/api/configure', body(row(), row(tql='confidence > 50')))
    first, second = stand.app_state.query_list().queries
    jobs = [
        make_job(
            f'j{at}',
            query=query,
            mode=mode,
            status=JobStatus.UPLOAD_COMPLETE,
            completed_at=minutes(at),
            counts=Counts(read=read),
        )
        for at, query, mode, read in (
            *(
                (1, first, Mode.FULL, 5),
                (2, first, Mode.RECONCILE, 1_234),
                (3, first, Mode.DELTA, 2),
            ),
            (4, second, Mode.DELTA, 3),
        )
    ]
    stand.app_state.add_update(make_update(), jobs)
    listed = stand.get('/api/configure').json
    assert listed['last_counts'] == [
        {'query_id': first.id, 'last_count': 1_234, 'last_counted': '2026-03-04T08:02:00Z'}
    ]
    # What was read can be sent back as it is.
    reply = stand.put('/api/configure', body(*listed['queries'], version=1))
    assert reply.json['last_counts'] == listed['last_counts']
    # One that is edited to select something else has not been counted yet.
    edited = [row(id=first.id, tql='rating > 4'), row(id=second.id)]
    reply = stand.put('/api/configure', body(*edited, version=2))
    assert reply.json['last_counts'] == []


def test_queries_keep_their_ids_when_they_are_moved_and_edited(stand: Stand) -> None:
    stand.put('/api/configure', body(row(), row()))
    reply = stand.put(
        '/api/configure', body(row(id='new-2'), row(id='new-1', tql='x = 1'), row(), version=1)
    )
    assert [query['id'] for query in reply.json['queries']] == ['new-2', 'new-1', 'new-3']
    assert reply.json['queries'][1]['tql'] == 'x = 1'


@pytest.mark.parametrize('version', [0, 2])
def test_list_made_from_another_version_is_refused(stand: Stand, version: int) -> None:
    stand.put('/api/configure', body(row()))
    reply = stand.put('/api/configure', body(version=version))
    assert reply.status_code == 409
    assert reply.json['code'] == 'APP-CONFLICT'
    assert 'This list was changed by jdoe meanwhile.' in reply.json['description']
    who = {'saved_at': '2026-03-04T12:00:00Z', 'saved_by': 'jdoe'}
    assert {name: reply.json[name] for name in who} == who
    listed = stand.get('/api/configure').json
    assert {name: listed[name] for name in who} == who
    assert len(stand.app_state.query_list().queries) == 1


def test_deleting_all_queries_requires_confirmation(stand: Stand) -> None:
    assert stand.put('/api/configure', body()).status_code == 200
    stand.put('/api/configure', body(row(), row(), version=1))
    said = fields_at_fault(stand.put('/api/configure', body(version=2)))
    assert said['queries'].startswith('would delete all 2 TQL queries')
    file = {'format': 'ms-sentinel-tql-queries', 'format_version': 1, 'queries': []}
    imported = stand.put('/api/configure/import', {'version': 2, 'file': file})
    assert list(fields_at_fault(imported)) == ['file.queries']
    assert stand.app_state.query_list().version == 2
    assert stand.put('/api/configure', body(version=2, confirm_empty=True)).status_code == 200
    assert stand.app_state.query_list().queries == ()


def test_results_of_each_query_come_with_the_list(stand: Stand) -> None:
    stand.put('/api/configure', body(row(), row(name='Low'), row(tql='', is_enabled=False)))
    first, second, _ = stand.app_state.query_list().queries
    jobs = [
        make_job(
            f'j{place}',
            query=query,
            position=place,
            mode=Mode.FULL,
            status=JobStatus.UPLOAD_COMPLETE,
            completed_at=minutes(2),
            counts=Counts(read=3, outcomes=outcomes),
        )
        for place, query, outcomes in (
            (0, first, {Outcome.SENT: 2, Outcome.REFUSED: 1}),
            (1, second, {Outcome.DUPLICATE: 3}),
        )
    ]
    stand.app_state.add_update(make_update(), jobs)
    one, two, three = stand.get('/api/configure').json['results']
    assert one == {
        'query_id': 'new-1',
        'objects_live': 0,
        'recent': [
            {
                'request_id': 'j0',
                'date_ended': '2026-03-04T08:02:00Z',
                'status': 'Upload Complete',
                'mode': 'full',
                'count_read': 3,
                'count_sent': 2,
                'count_refused': 1,
            }
        ],
        'overlap': None,
        'sends_nothing': None,
        'covered_by': [],
    }
    label = 'rating > 3 and summary contains "ü"'
    higher = {
        'query_id': 'new-1',
        'position': 0,
        'label': label,
        'label_scope': None,
        'is_enabled': True,
    }
    assert (two['sends_nothing'], two['covered_by']) == ('covered', [higher])
    assert two['overlap'] == {'count_duplicate': 3, 'count_sendable': 3, 'taken_by': higher}
    assert (three['sends_nothing'], three['recent'], three['overlap']) == (None, [], None)


def test_every_bad_field_gets_its_message_and_nothing_is_saved(stand: Stand) -> None:
    stand.put('/api/configure', body(row()))
    reply = stand.put(
        '/api/configure',
        body(
            row(id='new-1', owners=['Example Org', 'Nobody', 'Example Org']),
            row(id='new-1', indicator_types=['URL', 'URL'], tql='a = "', sort_field='secret'),
            row(id='gone', tql=') or (1'),
            version=1,
        ),
    )
    found = fields_at_fault(reply)
    assert set(found) == {
        'queries.0.id',
        'queries.0.owners.1',
        'queries.0.owners.2',
        'queries.1.id',
        'queries.1.indicator_types.1',
        'queries.1.tql',
        'queries.1.sort_field',
        'queries.2.id',
        'queries.2.tql',
    }
    assert '"Nobody" is no owner' in found['queries.0.owners.1']
    assert 'string that never ends' in found['queries.1.tql']
    assert 'never opened' in found['queries.2.tql']
    assert 'rating' in found['queries.1.sort_field']
    assert stand.app_state.query_list().version == 1


@pytest.mark.parametrize(
    ('fields', 'field', 'message'),
    [
        ({'owners': []}, 'owners', 'needs at least 1'),
        ({'owners': ['']}, 'owners.0', 'must not be empty'),
        ({'owners': 'Example Org'}, 'owners', 'valid array'),
        ({'indicator_types': []}, 'indicator_types', 'needs at least 1'),
        ({'indicator_types': ['Email Address']}, 'indicator_types.0', "'EmailAddress'"),
        ({'tql': 'x' * 10_001}, 'tql', 'may have at most 10000 characters'),
        ({'tql': None}, 'tql', 'valid string'),
        ({'sort_direction': 'up'}, 'sort_direction', "'asc' or 'desc'"),
        ({'color': 'blue'}, 'color', 'is not known'),
        ({'id': 5}, 'id', 'valid string'),
    ],
)
def test_field_of_the_wrong_type_is_named(
    stand: Stand, fields: dict[str, Any], field: str, message: str
) -> None:
    found = fields_at_fault(stand.put('/api/configure', body(row(**fields))))
    assert list(found) == [f'queries.0.{field}']
    assert message in found[f'queries.0.{field}']


def test_query_list_has_its_limits_and_fields(stand: Stand) -> None:
    assert fields_at_fault(stand.put('/api/configure', body(*[row()] * 101))) == {
        'queries': 'may have at most 100 entries'
    }
    assert stand.put('/api/configure', body(*[row()] * 100)).status_code == 200
    assert fields_at_fault(stand.put('/api/configure', {'queries': [], 'run': 'now'})) == {
        'version': 'is required',
        'run': "Input should be 'delta' or 'full'",
    }
    assert list(fields_at_fault(stand.put('/api/configure', body(version='1')))) == ['version']
    assert fields_at_fault(stand.put('/api/configure', [])) == {'body': 'Input should be an object'}


def test_tql_of_maximum_length_is_accepted_whatever_its_characters(stand: Stand) -> None:
    longest = row(tql='"' + '😀' * 9_998 + '"')
    assert stand.put('/api/configure', body(longest)).json['queries'][0]['tql'] == longest['tql']


def test_owner_that_a_query_has_already_may_stay(stand: Stand) -> None:
    stand.source.error = ReadTimeoutError('No answer')
    gone = row(owners=['Closed Source'])
    assert stand.put('/api/configure', body(gone)).status_code == 200, 'nobody can say it is wrong'
    stand.source.error = None
    stand.clock.advance(600)
    kept = row(id='new-1', owners=['Example Org', 'Closed Source'])
    assert stand.put('/api/configure', body(kept, version=1)).status_code == 200
    assert set(fields_at_fault(stand.put('/api/configure', body(gone, version=2)))) == {
        'queries.0.owners.0'
    }


def audit_details(stand: Stand) -> list[str]:
    entries, _ = stand.app_state.audit(limit=20, offset=0)
    assert {entry.action for entry in entries} == {'configure-save'}
    return [entry.detail for entry in entries][::-1]


def test_each_save_is_in_the_audit_with_the_user_and_what_changed(stand: Stand) -> None:
    stand.put('/api/configure', body(row(), row(), run='full'))
    moved = body(row(id='new-2'), row(id='new-1', tql='x = 1'), row(), version=1, run='delta')
    stand.put('/api/configure', moved)
    stand.put('/api/configure', body(row(id='new-1', tql='x = 1'), version=2))
    assert audit_details(stand) == [
        '2 TQL queries, 2 added, next scheduled update full',
        '3 TQL queries, 1 added, 1 edited, moved, next scheduled update delta',
        '1 TQL query, 2 removed',
    ]
    entry = stand.app_state.audit(limit=1, offset=0)[0][0]
    assert (entry.user, entry.at) == ('jdoe', NOON)


def test_audit_says_of_each_field_what_it_was_and_what_it_became(stand: Stand) -> None:
    stand.put('/api/configure', body(row()))
    stand.put('/api/configure', body(row(id='new-1', tql='x = 1'), version=1))
    (entry, *_) = stand.get('/api/report/audit').json['data']
    assert entry['changes'] == [
        {'subject': 'TQL query 1', 'field': 'TQL', 'before': row()['tql'], 'after': 'x = 1'}
    ]
    assert entry['changes_left_out'] == 0


def test_unknown_user_does_not_block_a_save(stand: Stand) -> None:
    stand.identity.error = ReadTimeoutError('No answer')
    assert stand.put('/api/configure', body(row())).status_code == 200
    assert stand.app_state.audit(limit=1, offset=0)[0][0].user is None


def test_full_disk_is_reported_once_with_its_path_and_remedy(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device', 'x')

    monkeypatch.setattr('sentinel_app.storage.app_state.atomic_json.os.fsync', refuse)
    reply = stand.put('/api/configure', body(row()))
    path = stand.ui_dir.with_name('documents.json')
    assert reply.status_code == 503
    assert reply.json == {
        'title': 'The disk is full',
        'description': f'{path} could not be written. Free space on that disk. '
        'Nothing was changed.',
        'code': 'RUN-DISK',
    }


def test_unwritable_disk_is_reported(stand: Stand) -> None:
    stand.ui_dir.with_name('documents.json.next').mkdir()
    reply = stand.put('/api/configure', body(row()))
    assert reply.status_code == 503
    assert reply.json['code'] == 'RUN-DISK'
    assert 'could not be written' in reply.json['description']


# -- options


def test_options_are_complete(stand: Stand) -> None:
    options = stand.get('/api/configure/options').json
    assert options['owners'] == [
        {'name': 'Example Org', 'type': 'Organization'},
        {'name': 'Källa "1"', 'type': 'Source'},
    ]
    assert [each['name'] for each in options['indicator_types']] == list(IndicatorType)
    assert {'name': 'EmailAddress', 'label': 'Email Address'} in options['indicator_types']
    assert {each['name']: each['label'] for each in options['sort_fields']} == dict(SORT_FIELDS)
    assert options['tql_keywords'] == [
        {'name': 'rating', 'type': 'Integer', 'description': 'Threat rating'}
    ]


def test_owners_are_cached_for_some_minutes(stand: Stand) -> None:
    for _ in range(3):
        stand.get('/api/configure/options')
    assert stand.source.calls == 1
    stand.clock.advance(301)
    stand.get('/api/configure/options')
    assert stand.source.calls == 2


def test_reason_is_shown_when_threatconnect_does_not_answer(stand: Stand) -> None:
    stand.source.error = ReadAuthError(
        'ThreatConnect refused the credentials. Check the Access ID.', reason='Access Denied'
    )
    reply = stand.get('/api/configure/options')
    assert reply.status_code == 503
    assert reply.json == {
        'title': 'Not Available',
        'description': 'ThreatConnect refused the credentials. Check the Access ID. '
        '(Access Denied)',
        'code': 'TC-AUTH',
    }


def test_failed_lookup_of_owners_is_retried_only_after_a_short_delay(stand: Stand) -> None:
    stand.source.error = ReadTimeoutError('No answer')
    for _ in range(3):
        assert stand.get('/api/configure/options').status_code == 503
    assert stand.source.calls == 1
    stand.source.error = None
    stand.clock.advance(11)
    assert stand.get('/api/configure/options').status_code == 200


def test_cached_owners_are_served_while_threatconnect_is_silent(stand: Stand) -> None:
    before = stand.get('/api/configure/options').json
    stand.source.error = ReadTimeoutError('No answer')
    stand.clock.advance(3_600)
    assert stand.get('/api/configure/options').json == before


def test_options_without_keywords_are_still_served(stand: Stand) -> None:
    stand.source.keyword_error = ReadTimeoutError('No answer')
    options = stand.get('/api/configure/options').json
    assert options['tql_keywords'] == []
    assert len(options['owners']) == 2
