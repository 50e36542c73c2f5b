"""People are told in ThreatConnect of what lasts, once, and when it is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.engine import Engine, World, hosts, query
from tests.harness.waiting import until

pytestmark = pytest.mark.integration

Make = Callable[..., Engine]


def messages(world: World) -> list[tuple[tuple[str, ...], str]]:
    return [(each.recipients, each.message) for each in world.threatconnect.notifications]


def pause(engine: Engine) -> None:
    engine.ask('POST', 'api/task/cleaner/pause', {})


def test_lasting_condition_is_notified_once_and_again_when_it_is_over_across_a_restart(
    world: World, make_engine: Make
) -> None:
    engine = make_engine(notify='demo.analyst')
    pause(engine)
    until(lambda: messages(world), 'nobody is told')
    ((recipients, message),) = messages(world)
    assert recipients == ('demo.analyst',)
    assert message.startswith('Microsoft Sentinel (StandIn): Cleaner was paused by ')
    (notification,) = world.threatconnect.notifications
    assert (notification.kind, notification.priority) == ('Microsoft Sentinel', 'Medium')
    engine.restart()
    # Several looks, at a hundred times the pace.
    world.clock.advance(300)
    seen = world.threatconnect.request_count
    engine.ask('POST', 'api/health/check', {})
    assert world.threatconnect.request_count > seen
    assert len(messages(world)) == 1
    engine.ask('POST', 'api/task/cleaner/resume', {})
    until(lambda: len(messages(world)) == 2, 'that it is over is not told')
    assert 'Resolved: Cleaner was paused by ' in messages(world)[1][1]


def test_recipient_that_is_refused_does_not_block_the_others(
    world: World, make_engine: Make
) -> None:
    engine = make_engine(notify='nobody|demo.analyst|organization|demo.admin')
    pause(engine)
    until(lambda: len(messages(world)) == 3, 'not all are told')
    assert [recipients for recipients, _ in messages(world)] == [
        ('demo.analyst',),
        ('demo.admin',),
        (),
    ]
    figures = engine.api('GET', 'api/metrics').text
    assert 'ms_sentinel_notifications_sent_total 3' in figures
    assert 'ms_sentinel_notifications_failed_total 1' in figures


@pytest.mark.parametrize(
    'fault', [('server_error', {'status': 503}), ('drop', {}), ('html', {'status': 200})]
)
def test_notification_that_fails_stops_nothing_and_is_retried(
    world: World, make_engine: Make, fault: tuple[str, dict[str, int]]
) -> None:
    name, params = fault
    engine = make_engine(notify='demo.analyst')
    world.threatconnect.faults.on(name, path='/api/v2/notifications', **params)
    pause(engine)

    def has_failed() -> bool:
        figures = engine.api('GET', 'api/metrics').text
        return 'ms_sentinel_notifications_failed_total 0' not in figures

    until(has_failed, 'it does not fail')
    world.store.load(hosts(3))
    engine.save_queries([query()], run='full')
    engine.assert_right()
    assert messages(world) == []
    world.threatconnect.faults.off()
    until(lambda: messages(world), 'it is not tried again')


def test_notifications_are_not_sent_without_recipients(world: World, make_engine: Make) -> None:
    engine = make_engine(notify='')
    pause(engine)
    world.clock.advance(600)
    engine.ask('POST', 'api/health/check', {})
    assert not [seen for seen in world.threatconnect.requests if 'notifications' in seen.path]
