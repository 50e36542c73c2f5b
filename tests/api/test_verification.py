"""REPORTS: what Verify found, over the API."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.finding import FoundObject, UnknownRow
from sentinel_app.core.ledger_row import millis
from sentinel_app.core.object_id import object_id
from sentinel_app.core.task import TaskSlug, TaskState
from sentinel_app.core.verification import FindingKind, Mark, SeenObject, Tally, VerifiedTable
from sentinel_app.errors import ConflictError, LogsDeniedError
from sentinel_app.storage.verified_ledger import id_bytes
from tests.harness.api_stand import Stand
from tests.harness.clocks import NOON
from tests.harness.verified_world import LONG_AGO, UNTIL, VerifiedWorld, context_key, key

STIX_ID = object_id(key(1))


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """The API over a ledger of three Hosts and what Verify found about them."""
    stand = Stand(tmp_path)
    world = VerifiedWorld(stand.diagnostics.db)
    world.hold([1, 2, 3])
    world.hold_context([1], ContextKind.ACTOR)
    world.hold_context([1], ContextKind.RELATIONSHIP)
    world.close()
    return stand


def find(stand: Stand, *kinds: FindingKind) -> None:
    """Store a completed run with a finding of each kind, about one Host after the other."""
    store, tally = stand.diagnostics.verifications, Tally(held=3, confirmed=3 - len(kinds))
    run = store.begin(NOON, is_whole=True)
    found = []
    for number, kind in enumerate(kinds, start=1):
        tally.add(kind)
        is_unknown = kind is FindingKind.UNKNOWN
        seen = SeenObject(millis(LONG_AGO), millis(UNTIL), 10, Mark.REVOKED)
        found.append(
            FoundObject(
                kind,
                id_bytes(object_id(key(100 if is_unknown else number))),
                None if is_unknown else number,
                None if kind is FindingKind.MISSING else seen,
            )
        )
    store.replace(run, VerifiedTable.INDICATORS, [''], found)
    for item in found:
        if item.kind is FindingKind.UNKNOWN:
            pattern = "[url:value = '=cmd()']"
            store.describe(
                run, VerifiedTable.INDICATORS, [UnknownRow(item.digest, 1, 1, 1, pattern)]
            )
    store.finish(run, tally, NOON, requests=1)


def findings(stand: Stand, query: str = '') -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = stand.get('/api/verification/finding', query).json['data']
    return data


def test_nothing_is_known_before_the_first_run(stand: Stand) -> None:
    state = stand.get('/api/verification').json
    assert (state['last'], state['complete'], state['count_unknown']) == (None, None, 0)
    assert state['interval_hours'] == 24
    assert findings(stand) == []


def test_finding_shows_both_sides(stand: Stand) -> None:
    find(stand, FindingKind.CHANGED)
    (finding,) = findings(stand)
    assert finding['stix_id'] == STIX_ID
    assert finding['indicator'] == {
        'id': '1',
        'type': 'Host',
        'summary': 'host1.example',
        'owner': 'Example Org',
        'web_link': None,
    }
    assert finding['held']['confidence'] == 80
    assert (finding['seen']['confidence'], finding['seen']['is_revoked']) == (10, True)
    assert (finding['request_id'], finding['is_requested']) == (None, False)


def test_missing_and_unknown_objects_have_one_side(stand: Stand) -> None:
    find(stand, FindingKind.MISSING, FindingKind.UNKNOWN)
    missing, unknown = findings(stand)
    assert missing['seen'] is None
    assert missing['held'] is not None
    assert (unknown['held'], unknown['indicator']['type']) == (None, 'URL')
    assert unknown['pattern'] == "[url:value = '=cmd()']"
    assert stand.get('/api/verification').json['count_unknown'] == 1


def test_state_counts_each_kind(stand: Stand) -> None:
    find(stand, FindingKind.MISSING, FindingKind.OLDER)
    run = stand.get('/api/verification').json['complete']
    assert [each['kind'] for each in run['findings']] == list(FindingKind)
    assert sum(each['count'] for each in run['findings']) == 2
    assert (run['count_held'], run['count_confirmed']) == (3, 1)


def test_finding_about_a_context_object_has_its_name_and_type(stand: Stand) -> None:
    store = stand.diagnostics.verifications
    run = store.begin(NOON, is_whole=True)
    keys = [context_key(1), context_key(1, ContextKind.RELATIONSHIP)]
    found = [
        FoundObject(FindingKind.MISSING, each.digest, row, None)
        for row, each in enumerate(keys, start=1)
    ]
    store.replace(run, VerifiedTable.OBJECTS, [''], found)
    store.end_context(run, Tally(held=2))
    store.finish(run, Tally(held=3, confirmed=3), NOON, requests=4)
    named = {each['stix_type']: each for each in findings(stand)}
    assert named['threat-actor']['name'] == 'Actor 1'
    assert named['threat-actor']['indicator'] is None
    assert named['relationship']['name'] == 'host1.example indicates Actor 1'
    assert named['relationship']['indicator']['summary'] == 'host1.example'
    assert named['relationship']['held']['valid_until'] is None
    assert all(each['stix_id'].startswith(f'{type_}--') for type_, each in named.items())
    complete = stand.get('/api/verification').json['complete']
    assert (complete['context']['count_held'], complete['count_requests']) == (2, 4)
    assert complete['context']['error'] is None


def test_run_that_came_to_nothing_says_what_to_do(stand: Stand) -> None:
    find(stand, FindingKind.MISSING)
    store = stand.diagnostics.verifications
    error = LogsDeniedError('The query was refused. Give it the role.', reason='No access.')
    store.fail(store.begin(NOON, is_whole=False), error, 1, NOON)
    state = stand.get('/api/verification').json
    assert state['last']['error'] == {
        'code': 'AZ-QUERY-403',
        'message': 'The query was refused.',
        'remedy': 'Give it the role.',
        'reason': 'No access.',
    }
    assert len(findings(stand)) == 1


@pytest.mark.parametrize(
    ('query', 'count'),
    [
        ('kind=missing', 1),
        ('kind=changed', 0),
        ('indicator_type=host', 2),
        ('indicator_type=url', 0),
        ('owner=Example%20Org', 2),
        ('owner=Other', 0),
        ('text=HOST2', 1),
        ('query_id=q1', 2),
        ('query_id=q2', 0),
        ('limit=1&offset=1', 1),
    ],
)
def test_findings_are_filtered(stand: Stand, query: str, count: int) -> None:
    find(stand, FindingKind.MISSING, FindingKind.OLDER)
    assert len(findings(stand, query)) == count


def test_csv_has_a_line_for_each_and_no_formula(stand: Stand) -> None:
    find(stand, FindingKind.MISSING, FindingKind.CHANGED, FindingKind.UNKNOWN)
    reply = stand.get('/api/verification/finding', 'format=csv')
    rows = list(csv.DictReader(io.StringIO(reply.text.removeprefix('\ufeff'))))
    assert [row['kind'] for row in rows] == ['missing', 'changed', 'unknown']
    assert rows[0]['summary'] == 'host1.example'
    assert rows[1]['sentinel_revoked'] == 'True'
    assert not any(cell.startswith('=') for row in rows for cell in row.values())


def test_actions_are_handed_on_in_the_users_name(stand: Stand) -> None:
    stand.post('/api/verification/send', {'kind': 'missing', 'text': 'a'})
    stand.post('/api/verification/send', {'finding': 7})
    stand.post('/api/verification/withdraw', {'count': 12})
    reply = stand.post('/api/verification/send-context', {'object_type': 'threat-actor'})
    assert (reply.status_code, reply.json) == (202, {'count_objects': 12})
    reply = stand.post('/api/verification/send-context', {'finding': 7})
    assert reply.json == {'count_objects': 1}
    assert stand.findings.asked == [
        ('send', {'kind': 'missing', 'text': 'a'}, 'jdoe'),
        ('send one', 7, 'jdoe'),
        ('withdraw', 12, 'jdoe'),
        ('send context', {'object_type': 'threat-actor'}, 'jdoe'),
        ('send one context', 7, 'jdoe'),
    ]


def test_run_is_of_the_task_and_may_be_whole(stand: Stand) -> None:
    assert stand.post('/api/verification/run', {'whole': True}).status_code == 200
    assert stand.post('/api/verification/run', {}).status_code == 200
    assert stand.findings.asked == [('whole',)]
    assert stand.tasks.asked == [('run', 'verify', 'jdoe')] * 2


def test_run_that_is_refused_leaves_nothing_behind(stand: Stand) -> None:
    view = stand.tasks.shown[TaskSlug.VERIFY]
    paused = dataclasses.replace(view, state=TaskState(is_paused=True))
    stand.tasks.shown[TaskSlug.VERIFY] = paused
    stand.tasks.error = ConflictError('The Task Verify is paused. Resume it first.')
    assert stand.post('/api/verification/run', {'whole': True}).status_code == 409
    assert stand.findings.asked == []


def test_refused_action_is_a_conflict(stand: Stand) -> None:
    stand.findings.error = ConflictError('There are 3 unknown objects now, not 2.')
    reply = stand.post('/api/verification/withdraw', {'count': 2})
    assert (reply.status_code, reply.json['code']) == (409, 'APP-CONFLICT')


@pytest.mark.parametrize(
    ('path', 'body'),
    [
        ('verification/send', {'finding': 1, 'kind': 'missing'}),
        ('verification/send', {'finding': 0}),
        ('verification/send', {'kind': 'lost'}),
        ('verification/send-context', {'object_type': 'malware'}),
        ('verification/withdraw', {'count': 0}),
        ('verification/withdraw', {'count': '3'}),
        ('verification/withdraw', {}),
        ('verification/run', {'whole': 'yes'}),
        ('indicator/history', {'stix_id': 'indicator--1'}),
        ('indicator/history', {'stix_id': f'{STIX_ID}" or true'}),
    ],
)
def test_bad_input_is_refused(stand: Stand, path: str, body: dict[str, Any]) -> None:
    assert stand.post(f'/api/{path}', body).status_code == 422
    assert stand.findings.asked == []
