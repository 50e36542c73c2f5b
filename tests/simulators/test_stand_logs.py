from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.simulators.entra import CLIENT_SECRET
from tests.simulators.log_analytics import ALERTS, INDICATORS
from tests.simulators.ports import Ports
from tests.simulators.stand import Stand

pytestmark = pytest.mark.integration

SOURCE = 'StandIn'
INDICATOR = {
    'type': 'indicator',
    'id': 'indicator--00000000-0000-4000-8000-00000000000a',
    'created': '2026-11-01T00:00:00.000Z',
    'modified': '2026-11-02T00:00:00.000Z',
    'pattern': "[domain-name:value = 'host.example']",
    'pattern_type': 'stix',
    'valid_from': '2026-11-02T00:00:00.000Z',
}


def count(stand: Stand, table: str) -> int:
    with requests.Session() as http:
        http.trust_env = False
        http.verify = str(stand.state_folder / 'certificates' / 'ca.pem')
        form = {
            'grant_type': 'client_credentials',
            'client_id': stand.entra.app.client_id,
            'client_secret': CLIENT_SECRET,
            'scope': 'https://api.loganalytics.io/.default',
        }
        token = http.post(f'{stand.entra.authority}/oauth2/v2.0/token', data=form, timeout=60)
        answer = http.post(
            stand.logs.query_url,
            json={'query': f'{table} | count'},
            headers={'Authorization': f'Bearer {token.json()["access_token"]}'},
            timeout=60,
        )
    return int(answer.json()['tables'][0]['rows'][0][0])


def test_queries_see_what_sentinel_holds_over_a_restart_too(tmp_path: Path):
    with Stand(tmp_path, start_app=False) as stand:
        stand.sentinel.table.append(SOURCE, [INDICATOR], 1)
        stand.sentinel.edit(INDICATOR['id'], confidence=1)
        stand.logs.add_alerts({'SystemAlertId': 'a'})
        assert (count(stand, INDICATORS), count(stand, ALERTS)) == (2, 1)
        ports = stand.ports
        assert ports.logs == int(stand.logs.url.rpartition(':')[2])
    ports.save(tmp_path / 'ports.json')
    with Stand(tmp_path, start_app=False, ports=Ports.load(tmp_path / 'ports.json')) as stand:
        assert stand.ports.logs == ports.logs
        assert (count(stand, INDICATORS), count(stand, ALERTS)) == (2, 1)
