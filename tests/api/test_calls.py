"""Every call of the table keeps the rules for all calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from falcon import inspect

from sentinel_app.api.call import JSON, Call, Document
from sentinel_app.api.calls import CALLS
from sentinel_app.api.ports import UserInfo
from sentinel_app.errors import ReadTimeoutError
from tests.harness.api_calls import (
    CALLS_BY_NAME,
    add_job,
    assert_error,
    assert_headers,
    methods,
    path_of,
)
from tests.harness.api_stand import TOKEN, Stand

FORM = 'application/x-www-form-urlencoded'
NO_JSON = ['', '{', '{"a": 1}}', b'\xff', '[' * 100_000, '"\\ud800"']
KNOWN_METHODS = {'GET', 'POST', 'PUT', 'PATCH', 'DELETE'}


@pytest.fixture(params=CALLS_BY_NAME)
def call(request: pytest.FixtureRequest) -> Call[Any, Any]:
    """Each call of the table."""
    return CALLS_BY_NAME[request.param]


@pytest.fixture
def closed(tmp_path: Path) -> Stand:
    """The API where *UI Access* is administrators only."""
    return Stand(tmp_path, is_admin_only=True)


def test_routes_are_those_of_the_table(stand: Stand) -> None:
    routes = [
        (method.method, route.path)
        for route in inspect.inspect_routes(stand.app)
        for method in route.methods
        if not method.internal
    ]
    assert sorted(routes) == sorted((call.method, call.path) for call in CALLS)


def test_every_call_of_the_table_keeps_the_rules(stand: Stand, call: Call[Any, Any]) -> None:
    add_job(stand)
    path = path_of(call.path)
    assert_other_methods_are_refused(stand, call, path)
    if call.has_body:
        assert_input_is_checked(stand, call, path)
        assert_only_the_page_may_write(stand, call, path)
    else:
        assert_error(stand.get(path, 'color=blue'), 400, 'APP-REQUEST')
        assert_reply_is_as_declared(stand, call, path)
        assert_head_answers_as_get(stand, path)


def assert_other_methods_are_refused(stand: Stand, call: Call[Any, Any], path: str) -> None:
    known = methods(call.path)
    for method in KNOWN_METHODS - known:
        reply = stand.call(method, path)
        assert_error(reply, 405, 'APP-METHOD')
        assert set(reply.headers['allow'].split(', ')) == known | {'OPTIONS'}


def assert_input_is_checked(stand: Stand, call: Call[Any, Any], path: str) -> None:
    assert_error(stand.call(call.method, path, json={}, query_string='a=1'), 422)
    assert_error(stand.call(call.method, path, json={'nonsense': 1}), 422, 'APP-INVALID')
    as_json = {'Content-Type': 'application/json; charset=utf-8'}
    for body in NO_JSON:
        reply = stand.call(call.method, path, body=body, headers=as_json)
        assert_error(reply, 400, 'APP-REQUEST')
    large = json.dumps({'x': 'y' * 1_000_000})
    reply = stand.call(call.method, path, body=large, headers=as_json)
    assert_error(reply, 413, 'APP-TOO-LARGE')


def assert_only_the_page_may_write(stand: Stand, call: Call[Any, Any], path: str) -> None:
    for media_type in (None, 'text/plain', FORM, 'json'):
        headers = {'Content-Type': media_type} if media_type else {}
        reply = stand.call(call.method, path, body='{}', headers=headers)
        assert_error(reply, 415, 'APP-MEDIA')
    for site in ('cross-site', 'Cross-Site '):
        reply = stand.call(call.method, path, json={}, headers={'Sec-Fetch-Site': site})
        assert_error(reply, 403, 'APP-FORBIDDEN')


def assert_reply_is_as_declared(stand: Stand, call: Call[Any, Any], path: str) -> None:
    reply = stand.get(path)
    assert reply.status_code == call.status
    assert reply.headers['content-type'].partition(';')[0] == call.media_types[0]
    assert_headers(reply)
    if call.reply is not Document:
        assert set(reply.json) == set(call.reply.model_fields)
        call.reply.model_validate_json(reply.text)
    for media_type in set(call.media_types) - {JSON}:
        other = stand.get(path, 'format=csv' if len(call.media_types) > 1 else '')
        assert other.headers['content-type'].partition(';')[0] == media_type
    assert stand.get(f'{path}/').status_code == call.status


def assert_head_answers_as_get(stand: Stand, path: str) -> None:
    got, head = stand.get(path), stand.call('HEAD', path)
    assert (head.status_code, head.content) == (200, b'')
    assert head.headers['content-length'] == str(len(got.content))
    assert head.headers['content-type'] == got.headers['content-type']


@pytest.mark.parametrize('who', ['user', 'nobody', 'no token', 'no answer'])
def test_every_call_is_for_administrators_where_ui_access_says_so(closed: Stand, who: str) -> None:
    extras: dict[str, Any] = {'ms_sentinel.api_token': TOKEN}
    if who == 'user':
        closed.identity.users = {TOKEN: UserInfo(name='eve', role='Read Only User')}
    elif who == 'nobody':
        closed.identity.users = {}
    elif who == 'no token':
        extras = {}
    else:
        closed.identity.error = ReadTimeoutError('No answer')
    reason = 'your role "Read Only User" is none' if who == 'user' else 'did not say who you are'
    for call in CALLS:
        reply = closed.call(call.method, path_of(call.path), json={}, extras=extras)
        assert_error(reply, 403, 'APP-FORBIDDEN')
        assert reason in reply.json['description'], call.path
    assert closed.call('GET', '/api/nothing', extras=extras).status_code == 403
