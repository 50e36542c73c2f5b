"""Lists whose filters are free text, which comes in a body."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from sentinel_app.pipeline.verification import Verification
from sentinel_app.storage.verified_ledger import ContextLedger, VerifiedLedger
from tests.harness.api_stand import Stand
from tests.harness.clocks import StandingClock
from tests.harness.verified_world import SOURCE_SYSTEM, VerifiedWorld

PATHS = ('/api/verification/finding', '/api/match')


@pytest.mark.parametrize('path', PATHS)
def test_list_takes_free_text_in_a_body(stand: Stand, path: str) -> None:
    reply = stand.post(path, {'owner': 'A & B + C', 'text': '50 % "off"', 'limit': 5, 'offset': 10})
    assert reply.status_code == 200, reply.text
    assert (reply.json['data'], reply.json['total_count']) == ([], 0)


@pytest.mark.parametrize('path', PATHS)
def test_page_by_a_body_has_no_links(stand: Stand, path: str) -> None:
    assert stand.get(f'{path}?offset=10').json['previous'] is not None
    reply = stand.post(path, {'offset': 10})
    assert (reply.json['next'], reply.json['previous']) == (None, None)


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize('body', [{'format': 'csv'}, {'limit': '5'}, {'kind': 'lost'}], ids=str)
def test_list_refuses_what_it_does_not_know(
    stand: Stand, path: str, body: dict[str, object]
) -> None:
    assert stand.post(path, body).status_code == 422


def test_findings_come_with_how_many_can_be_sent_again(stand: Stand) -> None:
    world = VerifiedWorld(stand.diagnostics.db)
    world.hold(range(1, 41))
    world.show(range(4, 41))
    world.show([3], Revoked=True, IsActive=False)
    world.hold_context(range(1, 11))
    world.show_context(range(2, 11))
    verification = Verification(
        reader=world,  # type: ignore[arg-type] - has its one method
        store=stand.diagnostics.verifications,
        ledger=VerifiedLedger(stand.diagnostics.db),
        context=ContextLedger(stand.diagnostics.db),
        has_context=lambda: True,
        source_system=SOURCE_SYSTEM,
        interval=dt.timedelta(hours=24),
        clock=StandingClock(),
    )
    assert verification.step(threading.Event())
    world.close()
    page = stand.post('/api/verification/finding', {'limit': 2}).json
    assert (page['count'], page['total_count'], page['count_sendable']) == (2, 4, 2)
    assert page['count_context_sendable'] == 1
    wanted = {'object_type': 'threat-actor'}
    page = stand.post('/api/verification/finding', wanted).json
    assert (page['total_count'], page['count_sendable'], page['count_context_sendable']) == (
        1,
        0,
        1,
    )
    assert stand.get('/api/verification/finding?kind=changed').json['count_sendable'] == 0
    owners = stand.post('/api/verification/finding', {'owner': 'Example Org', 'text': 'host2.'})
    assert [each['indicator']['summary'] for each in owners.json['data']] == ['host2.example']
