"""A copy that Sentinel refuses again and again makes way for the others of its value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, query
from tests.simulators.https import Reply, Request

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, OSINT = OWNERS
PATTERN = "[domain-name:value = 'h0.example.com']"
HOUR_S = 3600.0
TRIES = 4
"""How often just the same is sent before it counts as refused without being sent."""
EARLIER, LATER = '2025-06-01T00:00:00Z', '2025-06-02T00:00:00Z'
LISTS = {
    'one query': [query()],
    'a query for each': [query(owners=[ORGANIZATION]), query(owners=[RESEARCH, OSINT])],
}


@pytest.fixture(params=LISTS, ids=[name.replace(' ', '-') for name in LISTS])
def queries(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """The better copy is the one of `ORGANIZATION`, by its time or by its query."""
    return [dict(each) for each in LISTS[request.param]]


@pytest.fixture
def engine(make_engine: Callable[..., Engine]) -> Engine:
    return make_engine(ttl_hours_host='48')


def load(world: World, *owners: str) -> None:
    """Hold one value in each of these owners, the better one first, and what is never refused."""
    world.store.load(
        [
            row
            for owner in owners
            for row in hosts(1, owner, lastModified=LATER if owner == ORGANIZATION else EARLIER)
        ]
        + hosts(3, OSINT, 'other', lastModified=EARLIER)
    )


def refuse(world: World, *owners: str) -> None:
    """Let Sentinel refuse these owners' copies of the one value."""
    for owner in owners:
        world.sentinel.faults.add('refuse-objects', contains=f'h0.example.com | {owner}')


def find(world: World, owner: str) -> int:
    row = world.store.find(owner, 'Host', 'h0.example.com')
    assert row is not None
    return int(row['id'])


def held(world: World) -> str | None:
    """The owner of the copy that Sentinel holds."""
    stix = world.live().get(PATTERN)
    return None if stix is None else str(stix['name'].partition(' | ')[2])


@pytest.fixture
def sent(world: World) -> Iterator[Counter[str]]:
    """How often each owner's copy of the value goes to Sentinel, whatever becomes of it."""
    found: Counter[str] = Counter()

    def note(request: Request, reply: Reply) -> Reply:
        for stix in json.loads(request.body)['stixobjects']:
            if stix['pattern'] == PATTERN:
                found[stix['name'].partition(' | ')[2]] += 1
        return reply

    world.sentinel.alter(note)
    yield found
    world.sentinel.alter(lambda _request, reply: reply)


def run(world: World, engine: Engine, mode: str, times: int) -> None:
    for _ in range(times):
        world.clock.advance(600)
        engine.run_update(mode)


def test_current_copy_stays_valid_while_a_better_one_is_refused(
    world: World, engine: Engine, sent: Counter[str], queries: list[dict[str, Any]]
) -> None:
    load(world, RESEARCH)
    engine.save_queries(queries)
    refuse(world, ORGANIZATION)
    world.store.add(hosts(1, ORGANIZATION)[0] | {'lastModified': world.store.now_text()})
    run(world, engine, 'reconcile', TRIES)
    for _ in range(3):
        world.clock.advance(25 * HOUR_S)
        engine.run_update('reconcile')
    assert held(world) == RESEARCH
    assert sent[ORGANIZATION] == TRIES


def test_next_copy_is_sent_by_a_delta_once_the_better_one_was_refused_too_often(
    world: World, engine: Engine, sent: Counter[str], queries: list[dict[str, Any]]
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    refuse(world, ORGANIZATION)
    engine.save_queries(queries)
    run(world, engine, 'delta', TRIES - 1)
    assert held(world) is None
    run(world, engine, 'delta', 1)
    assert held(world) == RESEARCH
    run(world, engine, 'delta', 2)
    run(world, engine, 'reconcile', 2)
    assert (sent[ORGANIZATION], sent[RESEARCH]) == (TRIES, 1)


def test_next_copy_takes_over_before_the_earlier_version_of_a_refused_one_expires(
    world: World, engine: Engine, queries: list[dict[str, Any]]
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    engine.save_queries(queries)
    refuse(world, ORGANIZATION)
    world.store.modify(find(world, ORGANIZATION), confidence=7)
    run(world, engine, 'delta', TRIES)
    assert held(world) == ORGANIZATION
    owners = []
    for _ in range(6):
        world.clock.advance(12 * HOUR_S)
        owners.append(held(world))
        engine.run_update('reconcile')
    assert owners[0] == ORGANIZATION
    assert set(owners[3:]) == {RESEARCH}
    assert None not in owners


def test_next_copy_is_sent_though_the_refused_one_may_be_there_for_lack_of_an_answer(
    world: World, engine: Engine, queries: list[dict[str, Any]]
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    refuse(world, ORGANIZATION)
    world.sentinel.faults.add('drop-before', count=1)
    engine.save_queries(queries)
    run(world, engine, 'reconcile', TRIES)
    assert held(world) == RESEARCH


def test_next_copy_is_sent_by_a_delta_where_the_refused_one_is_gone(
    world: World, engine: Engine, queries: list[dict[str, Any]]
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    refuse(world, ORGANIZATION)
    engine.save_queries(queries)
    world.store.delete(find(world, ORGANIZATION))
    run(world, engine, 'delta', 2)
    assert held(world) == RESEARCH


def test_next_copy_is_sent_by_a_delta_where_the_query_of_the_refused_one_is_gone(
    world: World, engine: Engine
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    refuse(world, ORGANIZATION)
    _, lower = engine.save_queries(LISTS['a query for each'])
    engine.save_queries([lower])
    run(world, engine, 'delta', 1)
    assert held(world) == RESEARCH


@pytest.mark.parametrize('mode', ['delta', 'reconcile'])
def test_copies_are_each_tried_a_few_times_and_then_the_next_one_is_sent(
    world: World,
    engine: Engine,
    sent: Counter[str],
    queries: list[dict[str, Any]],
    mode: str,
) -> None:
    load(world, ORGANIZATION, RESEARCH, OSINT)
    world.store.modify(find(world, OSINT), at='2025-05-01T00:00:00Z', touch=False)
    refuse(world, ORGANIZATION, RESEARCH)
    engine.save_queries(queries)
    run(world, engine, mode, 2 * TRIES)
    assert held(world) == OSINT
    run(world, engine, 'delta', 2)
    run(world, engine, 'reconcile', 2)
    tries = [sent[owner] for owner in (ORGANIZATION, RESEARCH, OSINT)]
    assert tries == [TRIES, TRIES, 1]


def test_refused_copy_takes_over_once_it_is_accepted(
    world: World, engine: Engine, sent: Counter[str], queries: list[dict[str, Any]]
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    refuse(world, ORGANIZATION)
    engine.save_queries(queries)
    run(world, engine, 'delta', TRIES)
    assert held(world) == RESEARCH
    world.clear_faults()
    run(world, engine, 'full', 1)
    assert held(world) == ORGANIZATION
    run(world, engine, 'reconcile', 1)
    assert sent[RESEARCH] == 1
    engine.assert_right()


def test_change_of_a_refused_copy_is_tried_and_takes_over(
    world: World, engine: Engine, queries: list[dict[str, Any]]
) -> None:
    load(world, ORGANIZATION, RESEARCH)
    refuse(world, ORGANIZATION)
    engine.save_queries(queries)
    run(world, engine, 'reconcile', TRIES)
    assert held(world) == RESEARCH
    world.clear_faults()
    world.store.modify(find(world, ORGANIZATION), confidence=7)
    run(world, engine, 'delta', 1)
    assert held(world) == ORGANIZATION
    engine.assert_right()
