"""The platform's broker and key-value store go away and come back, while the real App runs."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness.running import MakeStand, api_message, begin_update, updates_have_ended
from tests.harness.waiting import PATIENCE_S, until
from tests.simulators.platform.service import AppEndedError
from tests.simulators.stand import Stand

pytestmark = pytest.mark.integration

BACK_WITHIN_S = 15
"""The App looks for its broker every 10 s at the latest; the framework by itself waits longer than
this, and the platform gives it 20 s."""


def hears(stand: Stand) -> bool:
    try:
        stand.app.heartbeat(timeout_s=1)
    except AppEndedError:
        return False
    return True


def test_app_answers_again_soon_after_the_broker_was_away(make_stand: MakeStand) -> None:
    with make_stand() as stand:
        stand.app.start()
        pid = stand.app.pid
        for away_s in (0.0, 4.0):
            stand.platform.broker.stop()
            threading.Event().wait(away_s)
            stand.platform.broker.start()
            began = time.monotonic()
            until(lambda: hears(stand), timeout_s=BACK_WITHIN_S)
            assert time.monotonic() - began < BACK_WITHIN_S
            assert stand.api('GET', 'api/health').json()['status'] == 'healthy'
        assert (stand.app.pid, stand.app.exit_code) == (pid, None)


def test_answer_that_is_ready_while_the_broker_is_away_arrives_when_it_is_back(
    make_stand: MakeStand,
) -> None:
    with make_stand() as stand:
        stand.app.start()
        until(lambda: 'event=check name=disk' in stand.app.log)
        stand.sentinel.settings.latency_s = 2.0
        with ThreadPoolExecutor() as threads:
            checked = threads.submit(stand.api, 'POST', 'api/health/check', {})
            until(lambda: stand.app.log.count('event=check name=token') == 2)
            stand.platform.broker.stop()
            until(lambda: stand.app.log.count('event=response-sent') == 1)
            stand.platform.broker.start()
            reply = checked.result(PATIENCE_S)
        assert reply.status_code == 200
        assert {check['status'] for check in reply.json()['checks']} == {'ok'}
        # Logged once the answers are out, so the caller may have its own before.
        until(lambda: 'event=replies-sent-late' in stand.app.log)


def test_update_continues_while_the_broker_is_away(make_stand: MakeStand) -> None:
    with make_stand() as stand:
        stand.app.start()
        stand.sentinel.settings.latency_s = 1.0
        begin_update(stand, stand.threatconnect.store.rows())
        stand.platform.broker.stop()
        until(lambda: 'event=update-ended' in stand.app.log)
        stand.platform.broker.start()
        until(lambda: hears(stand), timeout_s=BACK_WITHIN_S)
        assert updates_have_ended(stand)
        assert len(stand.sentinel.held_objects()) > 0


def test_request_without_a_store_is_answered_and_all_is_well_once_it_is_back(
    make_stand: MakeStand,
) -> None:
    with make_stand() as stand:
        stand.app.start()
        stand.platform.kvstore.stop()
        answer = stand.app.request(api_message(stand, 'GET', '/api/health'), timeout_s=60)
        assert (answer.status, answer.body) == (503, None)
        assert 'event=reply-body-lost' in stand.app.log
        # Whoever needs no body gets an answer all the same, and the platform its heartbeats.
        assert stand.app.request(api_message(stand, 'OPTIONS', '/api/health')).status == 200
        assert stand.app.heartbeat()
        stand.platform.kvstore.start()
        assert stand.api('GET', 'api/health').json()['status'] == 'healthy'
        begin_update(stand, stand.threatconnect.store.rows())
        until(lambda: updates_have_ended(stand))
