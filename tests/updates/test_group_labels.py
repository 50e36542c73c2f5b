"""Groups above *Highest TLP to Send* leave ThreatConnect in no way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.harness.engine import Engine, World, hosts, outcomes, query
from tests.simulators.https import Reply, Request, json_reply
from tests.simulators.threatconnect import endpoint

pytestmark = pytest.mark.integration

RED, GREEN, PLAIN, HIDDEN = range(2**53 + 1, 2**53 + 5)
NAMES = {RED: 'Red Falcon', GREEN: 'Green Heron', PLAIN: 'Plain Finch', HIDDEN: 'Hidden Owl'}


class GroupLists:
    """`/v3/groups` of the stand-in: the labels of Groups, by id."""

    def __init__(self) -> None:
        self.labels: dict[int, tuple[str, ...]] = {RED: ('TLP:RED',), GREEN: ('TLP:GREEN',)}
        self.labels[PLAIN] = ()
        self.status = 200
        self.asked = 0

    def answer(self, _simulator: object, exchange: Any, _user: object) -> Reply:
        request: Request = exchange.request
        asked = dict(request.query)
        assert asked['fields'] == 'securityLabels'
        ids = [int(number) for number in re.findall(r'\d+', asked['tql'])]
        self.asked += 1
        if self.status != 200:
            return json_reply({'status': 'Error', 'message': 'no'}, status=self.status)
        rows = [
            {'id': number, 'name': NAMES[number], 'securityLabels': _labels(self.labels[number])}
            for number in ids
            if number in self.labels
        ]
        return json_reply({'data': rows, 'status': 'Success'})


def _labels(names: tuple[str, ...]) -> dict[str, Any]:
    return {'data': [{'id': 1, 'name': name} for name in names]} if names else {}


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> GroupLists:
    lists = GroupLists()
    monkeypatch.setitem(endpoint._ROUTES, ('GET', '/api/v3/groups'), lists.answer)
    return lists


@pytest.fixture
def loaded(world: World) -> World:
    data = [
        {'id': number, 'type': 'Adversary', 'name': name, 'ownerName': 'Demo Organization'}
        for number, name in NAMES.items()
    ]
    world.store.load(hosts(2, associatedGroups={'data': data}))
    return world


def named(text: object) -> set[int]:
    return {number for number, name in NAMES.items() if name in json.dumps(text)}


@pytest.mark.parametrize(
    ('level', 'seen'),
    [
        ('All', {RED, GREEN, PLAIN, HIDDEN}),
        ('TLP:AMBER', {GREEN, PLAIN}),
        ('TLP:CLEAR', {PLAIN}),
    ],
)
def test_only_groups_that_may_be_named_are_in_what_is_sent_and_shown(
    loaded: World,
    groups: GroupLists,
    make_engine: Callable[..., Engine],
    level: str,
    seen: set[int],
) -> None:
    engine = make_engine(max_tlp=level)
    engine.save_queries([query()])
    (job,) = engine.last_jobs()
    assert outcomes(job) == {'sent': 2}
    for stix in loaded.live().values():
        described = json.loads(stix['description'])['associatedGroups']
        assert named(described) == named(stix) == seen
    shown = engine.ask('POST', 'api/configure/preview', query())
    assert len(shown['indicators']) == 2
    assert named(shown) == seen
    # What is known is shared by updates and by people; with *All* nothing is asked for.
    assert groups.asked == (level != 'All')


def test_label_that_is_added_takes_the_name_out_when_the_indicator_is_read_next(
    loaded: World, groups: GroupLists, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(max_tlp='TLP:AMBER')
    engine.save_queries([query()])
    groups.labels[PLAIN] = ('TLP:RED',)
    loaded.clock.advance(3600)
    (job,) = engine.run_update('reconcile')
    assert outcomes(job) == {'sent': 2}
    assert named(loaded.live()) == {GREEN}
    (job,) = engine.run_update('reconcile')
    assert outcomes(job) == {'unchanged': 2}


def test_job_goes_on_once_the_labels_can_be_read(
    loaded: World, groups: GroupLists, make_engine: Callable[..., Engine]
) -> None:
    engine = make_engine(max_tlp='TLP:AMBER')
    groups.status = 503
    engine.save_queries([query()], wait=False)
    engine.until(lambda: groups.asked >= 2, 'the page is read again')
    assert loaded.live() == {}
    groups.status = 200
    engine.until(lambda: len(loaded.live()) == 2, 'the update goes on')
    assert named(loaded.live()) == {GREEN, PLAIN}
