"""Rules for whatever comes in: faults and their codes, other sites, roles, any input at all."""

import json
import logging
from pathlib import Path
from urllib.parse import urlencode
from wsgiref.validate import WSGIWarning

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sentinel_app.api.ports import UserInfo
from sentinel_app.api.user import WhoAmI
from sentinel_app.errors import BatchTooLargeError, ReadTimeoutError
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY
from tests.harness.api_calls import assert_error, path_of, paths
from tests.harness.api_stand import TOKEN, Stand


def test_unknown_method_is_refused(stand: Stand) -> None:
    with pytest.warns(WSGIWarning):
        assert_error(stand.call('FOO', '/api/health'), 400, 'APP-REQUEST')


@pytest.mark.parametrize('path', ['/api', '/api/', '/api/nothing', '/api/job', '/api/job/request/'])
@pytest.mark.parametrize('method', ['GET', 'POST', 'HEAD'])
def test_unknown_path_is_an_error(stand: Stand, method: str, path: str) -> None:
    if path == '/api/job/request/':
        path = '/api/job/request/j1/nothing'
    reply = stand.call(method, path, headers={'Content-Type': 'application/json'})
    if method == 'HEAD':
        assert (reply.status_code, reply.content) == (404, b'')
    else:
        assert_error(reply, 404, 'APP-NOT-FOUND')


@pytest.mark.parametrize('site', ['same-origin', 'same-site', 'none'])
def test_page_itself_may_write(stand: Stand, site: str) -> None:
    body = {'version': 0, 'queries': []}
    reply = stand.put('/api/configure', body, headers={'Sec-Fetch-Site': site})
    assert reply.status_code == 200


OURS, OTHERS = 'https://tc.example.com', 'https://evil.example.com'


@pytest.mark.parametrize(
    ('headers', 'request_url', 'status'),
    [
        # What the browser says of itself decides.
        ({'Sec-Fetch-Site': 'same-origin', 'Origin': OTHERS}, '', 200),
        ({'Sec-Fetch-Site': 'none', 'Origin': OTHERS}, '', 200),
        ({'Sec-Fetch-Site': 'cross-site', 'Origin': OURS}, '', 403),
        # Where it does not, or says that both belong to one domain, the hosts are compared.
        ({'Origin': OURS}, '', 200),
        ({'Origin': 'https://TC.example.com:8443'}, '', 200),
        ({'Origin': OTHERS}, '', 403),
        ({'Origin': 'null'}, '', 403),
        ({'Origin': 'https://['}, '', 403),
        ({'Origin': 'https://tc.example.com.evil.example.com'}, '', 403),
        ({'Sec-Fetch-Site': 'same-site', 'Origin': OTHERS}, '', 403),
        ({'Sec-Fetch-Site': 'same-site', 'Origin': OURS}, '', 200),
        ({'Sec-Fetch-Site': 'nonsense', 'Origin': OTHERS}, '', 403),
        # Behind a proxy the host may be known by another name.
        ({'Origin': OTHERS, 'X-Forwarded-Host': 'a, evil.example.com:443'}, '', 200),
        ({'Origin': 'https://public.example.com'}, 'https://public.example.com/api/x', 200),
        ({'Origin': OTHERS}, 'https://public.example.com/api/x', 403),
        # What nobody told cannot be compared; the preflight that JSON needs is refused.
        ({'Origin': OTHERS, 'Host': ''}, '', 200),
    ],
)
def test_write_from_another_host_is_refused(
    stand: Stand, headers: dict[str, str], request_url: str, status: int
) -> None:
    reply = stand.put(
        '/api/configure',
        {'version': 0, 'queries': []},
        headers={'Host': 'tc.example.com', **headers},
        extras={API_TOKEN_KEY: TOKEN, 'request_url': request_url},
    )
    assert reply.status_code == status
    if status == 403:
        assert_error(reply, 403, 'APP-FORBIDDEN')
    granted = stand.call('OPTIONS', '/api/configure', headers=headers).headers
    assert not [name for name in granted if name.startswith('access-control')]


def test_request_from_another_site_reads_no_more_than_anybody(stand: Stand) -> None:
    reply = stand.get('/api/health', headers={'Sec-Fetch-Site': 'cross-site'})
    assert reply.status_code == 200
    assert not [name for name in reply.headers if name.startswith('access-control')]


def test_options_names_the_methods(stand: Stand) -> None:
    reply = stand.call('OPTIONS', '/api/configure')
    assert reply.status_code == 200
    assert set(reply.headers['allow'].split(', ')) == {'GET', 'PUT'}


def test_fault_of_the_app_reveals_no_internals(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError('inner secret')

    stand.health.snapshot = fail  # type: ignore[method-assign, assignment]
    with caplog.at_level(logging.INFO, 'sentinel_app'):
        reply = stand.get('/api/health')
    assert_error(reply, 500, 'APP-INTERNAL')
    assert 'secret' not in reply.text
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert lines[0].startswith('event=api-error code=APP-INTERNAL method=GET path=/api/health ')
    assert 'inner secret' in lines[0]


def test_app_error_without_a_mapping_is_a_fault_with_its_code(stand: Stand) -> None:
    stand.source.error = BatchTooLargeError('Too large, somehow')
    assert_error(stand.get('/api/configure/options'), 500, 'AZ-413')


def test_code_of_each_refusal_is_logged(stand: Stand, caplog: pytest.LogCaptureFixture) -> None:
    stand.source.error = ReadTimeoutError('No answer')
    with caplog.at_level(logging.INFO, 'sentinel_app'):
        stand.get('/api/job/request/x%0Aevent=forged')
        stand.get('/api/configure/options')
    first, second = caplog.records
    assert (first.levelname, second.levelname) == ('INFO', 'WARNING')
    assert first.getMessage().startswith(
        'event=api-refused code=APP-NOT-FOUND status=404 method=GET '
        'path="/api/job/request/x\\nevent=forged" reason='
    )
    assert 'code=TC-READ status=503' in second.getMessage()


# -- administrators only


@pytest.fixture
def closed(tmp_path: Path) -> Stand:
    return Stand(tmp_path, is_admin_only=True)


@pytest.mark.parametrize(
    'role', ['Administrator', 'Organization Administrator', 'ADMINISTRATOR', ' administrator ']
)
def test_administrators_may_call(closed: Stand, role: str) -> None:
    closed.identity.users = {TOKEN: UserInfo(name='jdoe', role=role)}
    assert closed.get('/api/health').status_code == 200


@pytest.mark.parametrize(
    'role',
    [
        'Non-administrator (read only)',
        'administrators',
        'Administrator of nothing',
        'Administrator\x00',
        '*',
        '',
        ' ',
        'x' * 100_000,
        '\ud800\n',
    ],
)
def test_role_counts_by_its_whole_name_and_the_refusal_says_what_decides(
    closed: Stand, role: str
) -> None:
    closed.identity.users = {TOKEN: UserInfo(name='jdoe', role=role)}
    reply = closed.get('/api/health')
    assert_error(reply, 403, 'APP-FORBIDDEN')
    words = reply.json['description']
    assert 'UI Access' in words
    assert 'Administrator Roles' in words
    assert len(words) < 600
    assert words.isprintable()


@pytest.mark.parametrize('role', [None, 7, True, ['Administrator'], {'name': 'Administrator'}])
def test_role_that_is_not_text_is_no_role(closed: Stand, role: object) -> None:
    answer = {'data': {'user': {'userName': 'jdoe', 'role': role}}}
    closed.identity.user_of = WhoAmI(lambda _token: answer, clock=closed.clock).user_of  # type: ignore[method-assign]
    assert_error(closed.get('/api/health'), 403, 'APP-FORBIDDEN')


def test_page_is_served_to_everybody_to_explain_the_refusal(closed: Stand) -> None:
    closed.identity.users = {}
    closed.ui_dir.mkdir()
    (closed.ui_dir / 'index.html').write_text('<h1>Sentinel</h1>')
    assert closed.get('/').text == '<h1>Sentinel</h1>'


def test_callers_of_any_role_are_accepted_where_the_service_is_open(stand: Stand) -> None:
    stand.identity.users = {}
    assert stand.get('/api/health').status_code == 200


# -- whatever comes in


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    path=st.sampled_from(paths('GET')),
    names=st.lists(
        st.tuples(
            st.sampled_from(['status', 'limit', 'after', 'sort', 'request_id', 'format', 'x']),
            st.text(st.characters(exclude_categories=['Cs']), max_size=20)
            | st.sampled_from(['date_queued', 'failed', '2026-01-31T08:00:00Z', '1', 'csv']),
        ),
        max_size=4,
    ),
)
@example(path='/api/job/request', names=[('sort', 'date_queued'), ('sort', 'date_queued')])
def test_query_string_never_causes_a_fault_of_the_app(
    stand: Stand, path: str, names: list[tuple[str, str]]
) -> None:
    # A name may come twice.
    reply = stand.get(path_of(path), urlencode(names))
    assert reply.status_code in {200, 400, 404}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ['version', 'queries', 'run', 'id', 'owners', 'tql', 'mode', 'modified_after', 'z']
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(path=st.sampled_from(['/api/configure', '/api/job/request']), body=JSON)
def test_body_never_causes_a_fault_of_the_app(stand: Stand, path: str, body: object) -> None:
    method = 'PUT' if path == '/api/configure' else 'POST'
    headers = {'Content-Type': 'application/json'}
    reply = stand.call(method, path, body=json.dumps(body), headers=headers)
    assert reply.status_code in {200, 400, 409, 422}
