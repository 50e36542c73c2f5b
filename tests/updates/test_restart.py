"""An update that is interrupted goes on where it was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sentinel_app.storage.page_queue import MOST_PAGES
from tests.harness.engine import Engine, World, hosts, outcomes, query
from tests.harness.waiting import until

pytestmark = pytest.mark.integration

IN_FLIGHT = 8


def sent_again(world: World) -> int:
    """Count the objects that Sentinel was sent more than once."""
    return sum(version > 1 for version in world.sentinel.table.versions().values())


@pytest.mark.parametrize('sort_field', [None, 'confidence'])
def test_stop_while_sending_repeats_nothing(
    world: World, engine: Engine, sort_field: str | None
) -> None:
    world.store.load(hosts(3_000))
    world.sentinel.settings.latency_s = 0.05
    engine.save_queries([query(sort_field=sort_field)], wait=False)
    engine.look()
    until(lambda: len(world.sentinel.requests) >= 5, 'nothing is sent')
    engine.stop()
    assert len(world.sentinel.held_objects()) < 3_000
    engine.start()
    engine.wait()
    (job,) = engine.jobs()
    assert (job['status'], outcomes(job)) == ('Upload Complete', {'sent': 3_000})
    assert sent_again(world) == 0
    engine.assert_right()


def test_stop_while_reading_continues_after_the_last_converted_page(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(400))
    world.threatconnect.faults.on('page_cap', rows=20)
    pages: list[int] = []
    world.threatconnect.after_page.append(lambda event: pages.append(len(event.ids)))
    engine.save_queries([query()], wait=False)
    engine.look()
    until(lambda: len(pages) > 6, 'nothing is read')
    engine.stop()
    assert len(pages) < 20
    engine.start()
    engine.wait()
    (job,) = engine.jobs()
    assert (job['count_read'], outcomes(job)) == (400, {'sent': 400})
    # No page is read twice but those that were not yet converted and the one that was under way;
    # counts and the probe have few rows.
    assert pages.count(20) <= 400 / 20 + MOST_PAGES + 1
    engine.assert_right()


def test_many_stops_in_a_row_lose_nothing(world: World, make_engine: Callable[..., Engine]) -> None:
    engine = make_engine()
    world.store.load(hosts(1_500))
    world.threatconnect.faults.on('page_cap', rows=100)
    world.sentinel.settings.latency_s = 0.02
    engine.save_queries([query('confidence < 50'), query()], wait=False)
    engine.look()
    restarts = 0
    while any(job['date_completed'] is None for job in engine.jobs()) or not engine.jobs():
        restarts += 1
        assert restarts < 200
        engine.restart()
        seen = len(world.sentinel.requests) + len(world.threatconnect.requests)
        until(
            lambda seen=seen: (  # type: ignore[misc]
                len(world.sentinel.requests) + len(world.threatconnect.requests) > seen + 4
                or all(job['date_completed'] for job in engine.jobs())
            ),
            'it does not go on',
        )
    assert restarts > 2
    first, second = engine.jobs()
    assert first['status'] == second['status'] == 'Upload Complete', engine.jobs()
    assert first['count_sent'] + second['count_sent'] == 1_500
    assert second['count_duplicate'] == first['count_sent']
    assert sent_again(world) == 0
    engine.assert_right()


def test_lost_folder_costs_a_full_update_and_nothing_else(
    world: World, make_engine: Callable[..., Engine]
) -> None:
    world.store.load(hosts(50))
    make_engine().save_queries([query()])
    before = set(world.sentinel.held_objects())
    other = make_engine()
    other.save_queries([query()])
    assert outcomes(other.last_jobs()[0]) == {'sent': 50}
    assert set(world.sentinel.held_objects()) == before
