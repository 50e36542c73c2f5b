"""Several Services on one host: each for itself, on one platform, with one ThreatConnect."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness.running import MakeStand, query_for, run_to_its_end
from tests.harness.waiting import until
from tests.simulators.entra import Registration
from tests.simulators.platform.front import Front
from tests.simulators.platform.instance import PROJECT
from tests.simulators.platform.service import AppEndedError, AppProcess
from tests.simulators.stand import Stand, app_inputs
from tests.simulators.threatconnect import User

pytestmark = pytest.mark.integration

OWNERS = ('Demo Organization', 'Demo Research', 'OSINT Community')


@dataclass(slots=True)
class Neighbor:
    """One more Service at the broker and the store of a stand."""

    name: str
    app: AppProcess
    front: Front
    identity: str
    limit: int

    @property
    def source_system(self) -> str:
        return f'ThreatConnect-{self.name}'

    def api(self, method: str, path: str, json: Any = None) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f'{self.front.url}{path}', json=json, timeout=60)


def open_neighbor(
    stand: Stand, stack: ExitStack, folder: Path, name: str, *, owner: str, ca: Path, limit: int
) -> Neighbor:
    """Add a Service with credentials, a path and a folder of its own, and start it."""
    user = User(
        access_id=str(uuid.uuid4().int)[:20],
        secret_key=f'secret key of {name}',
        user_name=name,
        owners=frozenset({owner}),
    )
    stand.threatconnect.gate.users[user.access_id] = user
    registration = Registration(client_id=str(uuid.uuid4()), secrets={f'Secret8Q~of-{name}'})
    stand.entra.apps[registration.client_id] = registration
    inputs = app_inputs(entra=stand.entra, sentinel=stand.sentinel, logs=stand.logs) | {
        'client_id': registration.client_id,
        'client_secret': f'Secret8Q~of-{name}',
        'sentinel_source_name': name,
        'threatconnect_access_id': user.access_id,
        'threatconnect_secret_key': user.secret_key,
        'requests_per_minute': str(limit),
    }
    platform = stand.platform
    app = AppProcess(
        platform.children,
        broker_port=platform.broker.port,
        kvstore_port=platform.kvstore.port,
        state_folder=folder / name,
        app_folder=PROJECT,
        tc_api_path=stand.threatconnect.api_url,
        inputs=inputs,
        ca_file=ca,
    )
    stack.callback(app.close)
    front = Front(
        app, api_path=f'sentinel/{name}', make_token=lambda: stand.threatconnect.issue_token(user)
    )
    stack.callback(front.stop)
    front.start()
    app.start()
    return Neighbor(name, app, front, registration.object_id, limit)


@pytest.fixture
def services(
    make_stand: MakeStand, tmp_path: Path, certificates: Any
) -> Iterator[tuple[Stand, list[Neighbor]]]:
    """Three Services, each for one of three owners, with a part of the limit of its own."""
    with make_stand() as stand, ExitStack() as stack:
        neighbors = [
            open_neighbor(
                stand, stack, tmp_path, f'Service{n}', owner=owner, ca=certificates.ca, limit=limit
            )
            for n, (owner, limit) in enumerate(zip(OWNERS, (3, 5, 100), strict=True))
        ]
        yield stand, neighbors


def ended(neighbor: Neighbor) -> list[dict[str, Any]]:
    jobs = neighbor.api('GET', 'api/job/request').json()['data']
    final = {'Upload Complete', 'Failed', 'Cancelled'}
    return jobs if jobs and all(job['status'] in final for job in jobs) else []


def test_three_services_work_at_once_without_disturbing_each_other(
    services: tuple[Stand, list[Neighbor]],
) -> None:
    stand, neighbors = services
    rows = stand.threatconnect.store.rows()
    by_owner = [[row for row in rows if row['ownerName'] == owner] for owner in OWNERS]
    for neighbor, owned in zip(neighbors, by_owner, strict=True):
        body = {'version': 0, 'queries': [query_for(owned)], 'run': 'full'}
        assert neighbor.api('PUT', 'api/configure', body).status_code == 200
    for neighbor, owned in zip(neighbors, by_owner, strict=True):
        until(lambda neighbor=neighbor: ended(neighbor), timeout_s=60)
        (job,) = ended(neighbor)
        assert (job['status'], job['failure_reason']) == ('Upload Complete', None)
        assert job['count_read'] == len(owned) > 0
        held = stand.sentinel.held_objects(neighbor.source_system)
        assert neighbor.app.heartbeat()['Objects in Sentinel'] == len(held) > 0
        # Each knows its own queries and its own changes.
        (query,) = neighbor.api('GET', 'api/configure').json()['queries']
        assert query['owners'] == [owned[0]['ownerName']]
        audit = neighbor.api('GET', 'api/report/audit').json()['data']
        assert {entry['user'] for entry in audit} == {neighbor.name}
    shares = [
        len([each for each in stand.sentinel.requests if each.identity == neighbor.identity])
        for neighbor in neighbors
    ]
    for neighbor, share in zip(neighbors, shares, strict=True):
        limit = neighbor.api('GET', 'api/metric/summary').json()['limit']
        assert limit['requests_per_minute'] == neighbor.limit
        # What the others sent does not count.
        assert limit['used'] > 0
        assert limit['used'] + limit['used_by_checks'] == share <= neighbor.limit
    assert stand.sentinel.status_counts[429] == 0


def test_end_of_one_leaves_the_others_running(
    services: tuple[Stand, list[Neighbor]],
) -> None:
    _stand, (first, second, third) = services
    first.app.kill()
    assert second.app.shutdown() == 0
    assert third.api('GET', 'api/health').json()['status'] == 'healthy'
    first.app.start()
    assert first.api('GET', 'api/health').json()['status'] == 'healthy'
    assert first.api('GET', 'api/health').json()['service']['source_name'] == first.name
    assert third.app.exit_code is None


def test_second_process_on_one_folder_names_the_holder_and_touches_nothing(
    make_stand: MakeStand,
) -> None:
    with make_stand() as stand:
        stand.app.start()
        run_to_its_end(stand, stand.threatconnect.store.rows())
        data = stand.app.folders.out / 'ms_sentinel'
        before = {path.name: path.read_bytes() for path in data.iterdir() if path.suffix == '.json'}
        with make_stand() as other:
            with pytest.raises(AppEndedError):
                other.app.start()
            assert other.app.exit_code == 1
            assert other.app.message_tc.startswith(
                f'Another process (pid {stand.app.pid}) already uses the data folder '
            )
        after = {path.name: path.read_bytes() for path in data.iterdir() if path.suffix == '.json'}
        assert before == after
        assert stand.api('GET', 'api/health').json()['status'] == 'healthy'
