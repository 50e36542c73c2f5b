import json
import subprocess
import sys
from typing import Any

import pytest

from sentinel_app import __version__
from sentinel_app.api.calls import CALLS
from sentinel_app.api.openapi import document, document_text
from sentinel_app.api.schemas import ConfigureBody, JobParameters
from sentinel_app.core.job import Mode
from tests.harness.api_stand import Stand
from tests.harness.clocks import NOON
from tests.harness.project import PROJECT


def test_health_reports_the_state_of_the_app(stand: Stand) -> None:
    stand.updates.due = (NOON, Mode.DELTA)
    assert stand.get('/api/health').json == {
        'version': '2.0.0',
        'status': 'healthy',
        'conditions': [],
        'started_at': '2026-03-04T12:00:00Z',
        'next_update': {'at': '2026-03-04T12:00:00Z', 'mode': 'delta'},
        'last_error': None,
        'storage': {
            'app_state_bytes': 1,
            'database_bytes': 2,
            'free_bytes': 3,
        },
        'service': {
            'organization': 'Example Org',
            'source_name': 'Prod',
            'source_system': 'ThreatConnect-Prod',
            'workspace_id_end': '9f3a',
            'cloud': 'Public',
        },
    }


def test_health_names_each_problem_and_the_last_error(stand: Stand) -> None:
    stand.health.fail('AZ-403')
    health = stand.get('/api/health').json
    assert health['status'] == 'degraded'
    assert health['conditions'] == [
        {
            'code': 'job-failed',
            'severity': 'error',
            'title': 'The last Job of query 1 failed (AZ-403)',
            'detail': 'The application lacks the role.',
            'remedy': 'Assign it.',
            'reason': '',
            'since': '2026-03-04T12:00:00Z',
            'link': {'screen': 'jobs', 'params': {'open': 'j1'}},
        }
    ]
    assert health['last_error'] == {
        'at': '2026-03-04T12:00:00Z',
        'code': 'AZ-403',
        'message': 'It broke off',
    }
    assert health['next_update'] is None


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        found = {part['$ref']} if '$ref' in part else set()
        return found.union(*(references(each) for each in part.values()))
    if isinstance(part, list):
        return set().union(*(references(each) for each in part))
    return set()


@pytest.mark.slow
def test_document_is_the_same_served_or_printed(stand: Stand) -> None:
    served = stand.get('/api/openapi.json').json
    assert served == document(CALLS) == json.loads(document_text(CALLS))
    printed = subprocess.run(
        [sys.executable, '-m', 'sentinel_app.api.openapi'],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout == document_text(CALLS)
    assert served['openapi'] == '3.1.0'
    assert served['info']['version'] == __version__


def test_document_contains_everything_it_refers_to() -> None:
    made = document(CALLS)
    names = {f'#/components/schemas/{name}' for name in made['components']['schemas']}
    assert references(made) <= names
    ids = [each['operationId'] for path in made['paths'].values() for each in path.values()]
    assert len(ids) == len(set(ids)) == len(CALLS)


def test_document_has_the_limits_that_the_requests_are_checked_by() -> None:
    made = document(CALLS)
    body = made['components']['schemas']['ConfigureBody']
    assert body['properties']['queries']['maxItems'] == 100
    assert body['additionalProperties'] is False
    assert set(body['required']) == {'version', 'queries'}
    assert set(body['properties']) == set(ConfigureBody.model_fields)
    names = {each['name'] for each in made['paths']['/api/job/request']['get']['parameters']}
    assert names == set(JobParameters.model_fields)
    one = made['paths']['/api/job/request/{request_id}']['get']['parameters']
    assert [(each['name'], each['in']) for each in one] == [('request_id', 'path')]
    required = made['components']['schemas']['Job']['required']
    assert set(required) == set(made['components']['schemas']['Job']['properties'])
