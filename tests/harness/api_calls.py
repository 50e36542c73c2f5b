"""The calls of the API by the table, and what every reply of it has."""

from __future__ import annotations

from typing import Any

from sentinel_app.api.call import Call
from sentinel_app.api.calls import CALLS
from sentinel_app.api.schemas import Error
from sentinel_app.core.job import Counts, JobStatus
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_job, make_update, minutes

CALLS_BY_NAME: dict[str, Call[Any, Any]] = {f'{call.method} {call.path}': call for call in CALLS}


def paths(method: str) -> list[str]:
    """The paths that answer a method."""
    return [call.path for call in CALLS if call.method == method]


def methods(path: str) -> set[str]:
    """The methods that a path answers by the table."""
    return {call.method for call in CALLS if call.path == path}


def path_of(path: str) -> str:
    """A path with values in place of its variables."""
    path = path.replace('{request_id}', 'j1').replace('{slug}', 'upload')
    return path.replace('{indicator_id}', '7').replace('{actor_id}', '7')


def add_job(stand: Stand) -> None:
    """Add the Job that `path_of` names; it is answered by every call that shows one."""
    job = make_job(
        'j1',
        status=JobStatus.UPLOAD_COMPLETE,
        completed_at=minutes(3),
        counts=Counts(held_back=2),
    )
    stand.app_state.add_update(make_update(ended_at=minutes(9)), [job])


def assert_error(reply: Any, status: int, code: str | None = None) -> None:
    """Assert that a reply is a refusal in the shape of all refusals."""
    assert reply.status_code == status, reply.text
    assert reply.headers['content-type'] == 'application/json'
    error = Error.model_validate(reply.json)
    assert set(reply.json) - {'errors'} == {'title', 'description', 'code'}
    assert error.title
    assert len(error.description) > 10
    if code:
        assert error.code == code
    assert_headers(reply)


def assert_headers(reply: Any) -> None:
    """Assert that a reply has the headers that every reply of the API has."""
    headers = reply.headers
    assert headers['cache-control'] == 'no-store'
    assert headers['x-content-type-options'] == 'nosniff'
    assert headers['referrer-policy'] == 'same-origin'
    assert headers['x-frame-options'] == 'SAMEORIGIN'
    policy = headers['content-security-policy'].split('; ')
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'none'" in policy
