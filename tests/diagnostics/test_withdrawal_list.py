"""`GET api/job/request/{request_id}/withdrawal`."""

from __future__ import annotations

import csv
import io

from sentinel_app.core.job import Counts, JobStatus
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update, minutes
from tests.harness.builders.update import chosen, send

HELD = {'status': JobStatus.UPLOAD_COMPLETE, 'completed_at': minutes(3)}


def add(stand: Stand, **fields: object) -> None:
    jobs = [make_job('j1', **(HELD | {'counts': Counts(held_back=2)} | fields))]
    stand.app_state.add_update(make_update(ended_at=minutes(9)), jobs)
    stand.app_state.save_queries(
        [make_query(name='Hosts')], expected_version=0, next_mode=None, audit=make_audit()
    )
    store = stand.diagnostics.store
    send(store, chosen(1), chosen(2), chosen(3), query_id='q1')
    orphan(stand, 1, 2)


def orphan(stand: Stand, *indicator_ids: int) -> None:
    stand.diagnostics.orphans.orphan_indicators(list(indicator_ids))


PATH = '/api/job/request/j1/withdrawal'


def test_pending_withdrawals_are_listed_in_pages(stand: Stand) -> None:
    add(stand)
    reply = stand.get(PATH, 'limit=1')
    assert (reply.json['total_count'], reply.json['next']) == (2, '?limit=1&offset=1')
    (first,) = reply.json['data']
    assert first['type'] == 'Address'
    assert (first['owner'], first['indicator_id']) == ('Example Org', '1')
    assert (first['query']['label'], first['query']['current_position']) == ('Hosts', 0)


def test_whole_list_is_a_csv_named_by_service_and_day(stand: Stand) -> None:
    add(stand)
    reply = stand.get(PATH, 'format=csv')
    name = reply.headers['content-disposition']
    assert name.startswith('attachment; filename="sentinel-withdrawal_')
    heading, *lines = list(csv.reader(io.StringIO(reply.content.decode('utf-8-sig'))))
    assert heading == [
        *('Value', 'Type', 'Hash', 'Indicator', 'Owner', 'Indicator ID', 'Query', 'Valid Until')
    ]
    assert [line[5:7] for line in lines] == [['1', 'Hosts'], ['2', 'Hosts']]


def test_job_that_is_gone_or_held_nothing_back_has_no_list(stand: Stand) -> None:
    assert stand.get(PATH).status_code == 404
    add(stand, counts=Counts())
    reply = stand.get(PATH)
    assert reply.status_code == 409
    assert 'held no withdrawal back' in reply.json['description']
