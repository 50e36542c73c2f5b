"""The ThreatConnect stand-in over HTTPS: as strict as the platform's documentation."""

from __future__ import annotations

import email.utils
import json
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from requests import PreparedRequest
from requests.auth import AuthBase

from tests.simulators import demo
from tests.simulators.certificates import make_certificates
from tests.simulators.threatconnect import (
    ACCESS_ID,
    DEFAULT_USER,
    SECRET_KEY,
    DuplicateError,
    Owner,
    Store,
    ThreatConnectSimulator,
    User,
)
from tests.simulators.threatconnect.auth import sign
from tests.simulators.threatconnect.fault import FAULTS

with warnings.catch_warnings():
    # TcEx 5.0.0 uses a form of validator that pydantic has deprecated.
    warnings.simplefilter('ignore')
    from tcex.input.field_type.sensitive import Sensitive
    from tcex.requests_tc.auth.hmac_auth import HmacAuth

pytestmark = pytest.mark.integration

LIMITED = User(
    access_id='00000000000000000102',
    secret_key='limited',
    user_name='limited.user',
    role='Standard User',
    owners=frozenset({'Demo Organization'}),
)
VECTOR_USER = User(access_id='00000000000000000001', secret_key='example-secret')
VECTOR_TARGET = (
    '/api/v3/indicators?tql=typeName+in+%28%22Host%22%29+and+lastModified+GEQ+'
    '%222024-01-01T00%3A00%3A00Z%22&fields=tags&fields=attributes&resultLimit=10000'
)
VECTOR_SIGNATURE = '51QqVvwYJyru0rRLa0X8gyU9phjGOqyqtJVk4vo3Gkw='
BOTH = '(indicatorActive=true OR indicatorActive=false)'


class Caller:
    """A plain client: TcEx's own signing, none of its retries."""

    def __init__(self, simulator: ThreatConnectSimulator, auth: AuthBase, ca: str) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca
        self.session.auth = auth

    def send(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = path if path.startswith('https') else f'{self.simulator.api_url}{path}'
        return self.session.request(method, url, timeout=60, **kwargs)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.send('GET', path, params=params)

    def indicators(self, **params: Any) -> dict[str, Any]:
        reply = self.get('/v3/indicators', **params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def ids(self, **params: Any) -> list[int]:
        return [row['id'] for row in self.indicators(**{'resultLimit': 10000, **params})['data']]

    def by_next(self, **params: Any) -> list[dict[str, Any]]:
        """Follow `next` to the end."""
        page = self.indicators(**params)
        rows = page['data']
        while 'next' in page:
            page = self.get(page['next']).json()
            rows += page['data']
        return rows

    def by_id(self, tql: str, limit: int) -> list[int]:
        """Page by keyset."""
        ids: list[int] = []
        last = 0
        while True:
            page = self.indicators(
                tql=f'({tql}) and id > {last}', sorting='id asc', resultLimit=limit
            )
            ids += [row['id'] for row in page['data']]
            if 'next' not in page:
                return ids
            last = ids[-1]


@pytest.fixture(scope='module')
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture(scope='module')
def server(certificates):
    rows = demo.load_indicators(own=True)
    users = (DEFAULT_USER, LIMITED, VECTOR_USER)
    with ThreatConnectSimulator(certificates, rows, users=users) as simulator:
        yield simulator


@pytest.fixture
def simulator(server) -> ThreatConnectSimulator:
    server.reset()
    return server


@pytest.fixture
def make_caller(simulator, certificates):
    callers = []

    def make(user: User = DEFAULT_USER, auth: AuthBase | None = None) -> Caller:
        signed = HmacAuth(user.access_id, Sensitive(user.secret_key))
        callers.append(Caller(simulator, auth or signed, str(certificates.ca)))
        return callers[-1]

    yield make
    for caller in callers:
        caller.session.close()


@pytest.fixture
def caller(make_caller) -> Caller:
    return make_caller()


@pytest.fixture
def control(simulator, certificates):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(certificates.ca)

        def call(method: str, path: str, body: Any = None) -> requests.Response:
            return session.request(method, f'{simulator.url}/_control{path}', json=body, timeout=60)

        yield call


class Token(AuthBase):
    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers['Authorization'] = f'TC-Token {self.token}'
        return request


class Headers(AuthBase):
    def __init__(self, **headers: str) -> None:
        self.headers = headers

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update(self.headers)
        return request


# -- authentication


def test_signature_is_the_documented_one_and_matches_tcex() -> None:
    assert sign('example-secret', VECTOR_TARGET, 'GET', '1700000000') == VECTOR_SIGNATURE
    request = requests.Request('GET', f'https://tc.example.test{VECTOR_TARGET}').prepare()
    header = HmacAuth('00000000000000000001', Sensitive('example-secret'))._hmac_header(
        request, 1700000000
    )
    assert header == f'TC 00000000000000000001:{VECTOR_SIGNATURE}'


def test_documented_vector_is_accepted_at_its_own_time(simulator, make_caller) -> None:
    headers = {
        'Authorization': f'TC {VECTOR_USER.access_id}:{VECTOR_SIGNATURE}',
        'Timestamp': '1700000000',
    }
    caller = make_caller(auth=Headers(**headers))
    assert caller.send('GET', f'{simulator.url}{VECTOR_TARGET}').status_code == 401

    simulator.store.clock_offset_s = 1700000000 - time.time()

    assert caller.send('GET', f'{simulator.url}{VECTOR_TARGET}').status_code == 200


@pytest.mark.parametrize(
    ('headers', 'message'),
    [
        ({}, 'Access Denied'),
        ({'Authorization': 'Basic abc'}, 'Access Denied'),
        ({'Authorization': 'TC 99:abc', 'Timestamp': '{now}'}, 'Access Denied'),
        ({'Authorization': f'TC {ACCESS_ID}:abc'}, 'Invalid timestamp'),
        ({'Authorization': f'TC {ACCESS_ID}:abc', 'Timestamp': 'x'}, 'Invalid timestamp'),
        (
            {'Authorization': f'TC {ACCESS_ID}:abc', 'Timestamp': '{late}'},
            'Timestamp out of acceptable time range',
        ),
        (
            {'Authorization': f'TC {ACCESS_ID}:abc', 'Timestamp': '{now}'},
            'Signature data did not match expected result',
        ),
        ({'Authorization': 'TC-Token nonsense'}, 'Unauthorized'),
    ],
)
def test_bad_credentials_each_have_their_message(make_caller, headers, message) -> None:
    now = int(time.time())
    headers = {name: text.format(now=now, late=now - 302) for name, text in headers.items()}
    caller = make_caller(auth=Headers(**headers))

    reply = caller.get('/v3/indicators')

    assert reply.status_code == 401
    assert reply.json() == {'errCode': '0x1002', 'message': message, 'status': 'Error'}
    older = caller.get('/v2/whoami')
    assert older.json() == {'status': 'Failure', 'message': message}


def test_signature_covers_the_query_as_sent(simulator, make_caller, certificates) -> None:
    timestamp = str(int(time.time()))

    def send(signed: str, sent: str) -> int:
        headers = {
            'Authorization': f'TC {ACCESS_ID}:{sign(SECRET_KEY, signed, "GET", timestamp)}',
            'Timestamp': timestamp,
        }
        return (
            make_caller(auth=Headers(**headers)).send('GET', f'{simulator.url}{sent}').status_code
        )

    plus = '/api/v3/indicators?tql=typeName+%3D+%22Host%22'
    percent = '/api/v3/indicators?tql=typeName%20%3D%20%22Host%22'
    assert send(plus, plus) == 200
    assert send(percent, percent) == 200
    assert send(plus, percent) == 401


def test_signature_covers_the_method(make_caller) -> None:
    caller = make_caller()

    assert caller.send('OPTIONS', '/v3/indicators/tql').status_code == 200
    assert caller.send('POST', '/v3/indicators', json={}).status_code == 405


def test_clock_skew_refuses_signatures_and_shows_in_the_date_header(simulator, caller) -> None:
    simulator.faults.on('clock_skew', seconds=400)

    reply = caller.get('/v3/indicators')

    assert reply.json()['message'] == 'Timestamp out of acceptable time range'
    told = email.utils.parsedate_to_datetime(reply.headers['Date'])
    assert told.timestamp() - time.time() == pytest.approx(400, abs=3)
    simulator.faults.off('clock_skew')
    assert caller.get('/v3/indicators').status_code == 200


def test_tokens_work_expire_and_are_replaced(simulator, make_caller) -> None:
    token, expires = simulator.issue_token(lifetime_s=60)
    assert make_caller(auth=Token(token)).get('/v3/indicators').status_code == 200
    assert expires == pytest.approx(time.time() + 60, abs=3)

    reply = make_caller(auth=Headers()).get('/appAuth', expiredToken=token)

    renewed = reply.json()
    assert renewed['apiTokenExpires'] > expires
    assert make_caller(auth=Token(token)).get('/v3/indicators').status_code == 401
    assert make_caller(auth=Token(renewed['apiToken'])).get('/v3/indicators').status_code == 200
    assert make_caller(auth=Headers()).get('/appAuth', expiredToken=token).status_code == 401
    simulator.store.clock_offset_s = 4000
    assert make_caller(auth=Token(renewed['apiToken'])).get('/v3/indicators').status_code == 401


def test_launcher_obtains_a_token_by_signing(make_caller) -> None:
    reply = make_caller().send('POST', '/internal/token/api', json=None)

    assert make_caller(auth=Token(reply.json()['data'])).get('/v2/whoami').status_code == 200
    assert make_caller(auth=Headers()).send('POST', '/internal/token/api').status_code == 401


def test_variables_resolve_with_a_platform_token(simulator, make_caller) -> None:
    text = simulator.set_variable('s3cr"et', provider='Vault')
    variable_id = text.removeprefix('&{Vault:KEYCHAIN:').removesuffix('}')
    caller = make_caller(auth=Token(simulator.issue_token()[0]))

    assert caller.get(f'/internal/variable/runtime/Vault/{variable_id}').json()['data'] == 's3cr"et'
    assert caller.get(f'/internal/variable/runtime/TC/{variable_id}').status_code == 404
    assert (
        make_caller(auth=Headers())
        .get(f'/internal/variable/runtime/Vault/{variable_id}')
        .status_code
        == 401
    )


# -- owners and visibility


def test_owners_come_in_no_order_of_id_with_roles_and_permissions(caller) -> None:
    rows = caller.get('/v3/security/owners', resultLimit=10000).json()['data']

    assert [(row['name'], row['type']) for row in rows] == [
        ('Demo Research', 'Source'),
        ('OSINT Community', 'Community'),
        ('Demo Organization', 'Organization'),
    ]
    assert {row['permIndicator'] for row in rows} == {'READ', 'FULL'}
    assert caller.get('/v3/security/owners/102').json()['data']['name'] == 'Demo Research'
    assert caller.get('/v3/security/owners/999').status_code == 404
    assert caller.get('/v3/security/owners', tql='ownerName = "x"').json()['data'] == []
    assert caller.get('/v3/security/owners', tql='name = "x"').status_code == 400


def test_user_sees_only_its_owners(make_caller) -> None:
    caller = make_caller(LIMITED)

    assert {row['ownerName'] for row in caller.by_next(resultLimit=50)} == {'Demo Organization'}
    assert len(caller.get('/v3/security/owners').json()['data']) == 1
    assert caller.ids(tql='ownerName = "Demo Research"') == []
    assert caller.get('/v3/indicators', owner='Demo Research').status_code == 403
    rows = caller.by_next(fields='associatedGroups', resultLimit=10000)
    groups = [group for row in rows for group in row['associatedGroups'].get('data', [])]
    assert {group['ownerName'] for group in groups} == {'Demo Organization'}


def test_unknown_and_forbidden_owners_look_the_same(make_caller) -> None:
    replies = [
        make_caller().get('/v3/indicators', owner='Nobody'),
        make_caller(LIMITED).get('/v3/indicators', owner='OSINT Community'),
        make_caller(LIMITED).get('/v3/indicators/deleted', owner='OSINT Community'),
    ]

    assert [reply.status_code for reply in replies] == [403, 403, 403]
    assert {reply.json()['message'] for reply in replies} == {'The requested owner was not found'}


def test_who_am_i_returns_user_and_role(make_caller) -> None:
    user = make_caller(LIMITED).get('/v2/whoami').json()['data']['user']

    assert (user['userName'], user['role']) == ('limited.user', 'Standard User')
    mine = make_caller().get('/v2/owners/mine').json()['data']['owner']
    assert mine == {'id': 101, 'name': 'Demo Organization', 'type': 'Organization'}


def test_owner_names_with_quotes_and_blanks(certificates) -> None:
    owner = Owner(id=7, name='Ho"st & \\Co. "Ü"', type='Organization')
    store = Store(
        [{'type': 'Host', 'summary': 'a.example.com', 'ownerName': owner.name}], owners=[owner]
    )
    user = replace(DEFAULT_USER, organization=owner.name)
    with ThreatConnectSimulator(certificates, store, users=[user]) as simulator:
        caller = Caller(simulator, HmacAuth(ACCESS_ID, Sensitive(SECRET_KEY)), str(certificates.ca))
        escaped = owner.name.replace('\\', '\\\\').replace('"', '\\"')
        assert len(caller.ids(tql=f'ownerName in ("{escaped}")')) == 1
        assert len(caller.ids(owner=owner.name)) == 1
        assert caller.get('/v3/indicators', tql=f'ownerName in ("{owner.name}")').status_code == 400
        caller.session.close()


# -- the list


def test_rows_are_active_unless_the_query_asks_for_others(simulator, caller) -> None:
    inactive = {row['id'] for row in simulator.store.rows('indicatorActive = false')}
    everything = {row['id'] for row in simulator.store.rows()}

    assert inactive
    assert set(caller.ids()) == everything - inactive
    assert set(caller.ids(tql='confidence is null or confidence >= 0')) == everything - inactive
    assert set(caller.ids(tql=BOTH)) == everything
    assert set(caller.ids(tql='indicatorActive=false')) == inactive


def test_next_links_list_every_row_once_and_repeat_all_parameters(simulator, caller) -> None:
    params = {
        'tql': 'typeName in ("Host","Email Subject") and summary != "a+b & \\"c\\""',
        'fields': ['tags', 'attributes'],
        'sorting': 'ownerName asc confidence desc',
        'resultLimit': 7,
    }

    page = caller.indicators(**params)

    assert page['next'].startswith(f'{simulator.url}/api/v3/indicators?')
    query = parse_qs(urlsplit(page['next']).query)
    assert query == {
        'tql': [params['tql']],
        'fields': ['tags', 'attributes'],
        'sorting': [params['sorting']],
        'resultLimit': ['7'],
        'resultStart': ['7'],
    }
    assert 'prev' not in page
    second = caller.get(page['next']).json()
    assert parse_qs(urlsplit(second['prev']).query)['resultStart'] == ['0']
    rows = caller.by_next(**params)
    assert len({row['id'] for row in rows}) == len(rows) == len(caller.ids(tql=params['tql']))
    assert [row['ownerName'] for row in rows] == sorted(row['ownerName'] for row in rows)


def test_count_comes_only_on_request_and_at_the_start(caller) -> None:
    assert 'count' not in caller.indicators(resultLimit=1)
    assert caller.indicators(resultLimit=1, count=True)['count'] == len(caller.ids())
    assert 'count' not in caller.indicators(resultLimit=1, count='true', resultStart=1)
    assert caller.indicators(tql='summary = "x"', count='true') == {
        'data': [],
        'count': 0,
        'status': 'Success',
    }


def test_default_page_has_a_hundred_rows_in_no_meaningful_order(simulator, caller) -> None:
    first = [row['id'] for row in caller.indicators()['data']]

    assert len(first) == 100
    assert first not in (sorted(first), sorted(first, reverse=True))
    assert first == [row['id'] for row in caller.indicators()['data']]
    simulator.store.modify(first[0], confidence=1)
    assert first != [row['id'] for row in caller.indicators()['data']]


@pytest.mark.parametrize(
    'params',
    [
        {'resultLimit': 'x'},
        {'resultLimit': '1.5'},
        {'resultLimit': '-1'},
        {'resultLimit': '0'},
        {'resultStart': '-1'},
        {'resultStart': ''},
        {'tql': 'foo = 1'},
        {'tql': ''},
        {'tql': 'lastModified > "2025-01-01T00:00:00.000Z"'},
        {'sorting': ''},
        {'sorting': 'id'},
        {'sorting': 'id up'},
        {'sorting': 'foo asc'},
        {'sorting': 'id asc, confidence desc'},
        {'sorting': 'hasTag asc'},
        {'sorting': 'tag asc'},
        {'fields': 'foo'},
        {'fields': 'tags,attributes'},
        {'fields': '_all_'},
        {'fields': 'associatedGroups.foo'},
        {'fields': 'associatedGroups.associatedIndicators'},
    ],
)
def test_bad_parameters_are_refused_with_a_message(caller, params) -> None:
    reply = caller.get('/v3/indicators', **params)

    assert reply.status_code == 400
    assert reply.json()['status'] == 'Error'
    assert reply.json()['message']
    assert reply.json()['errCode'].startswith('0x')


def test_size_above_the_maximum_is_cut_and_unknown_parameters_are_ignored(caller) -> None:
    page = caller.indicators(resultLimit=20000, result_limit=5, sort='x', createActivityLog='false')

    assert len(page['data']) > 100
    assert 'resultLimit=10000' in caller.indicators(resultLimit=20000, resultStart=1)['prev']


@pytest.mark.parametrize(
    ('sorting', 'expected'),
    [
        ('id asc', [1, 2, 3, 4]),
        ('id desc', [4, 3, 2, 1]),
        ('ID ASC', [1, 2, 3, 4]),
        ('confidence asc id asc', [3, 1, 2, 4]),
        ('confidence desc id asc', [4, 2, 1, 3]),
        ('confidence nullsfirst id asc', [4, 3, 1, 2]),
        ('confidence nullslast id asc', [3, 1, 2, 4]),
        ('ownerName  desc   rating desc', [4, 3, 2, 1]),
        ('lastModified asc summary desc', [4, 2, 3, 1]),
    ],
)
def test_sorting_by_any_keyword_and_several_levels(simulator, caller, sorting, expected) -> None:
    rows = [
        ('a', 'Demo Organization', 50, 1.0, '2025-01-03T00:00:00Z'),
        ('b', 'Demo Organization', 60, 2.0, '2025-01-02T00:00:00Z'),
        ('a', 'Demo Research', 40, 3.0, '2025-01-02T00:00:00Z'),
        ('b', 'OSINT Community', None, None, '2025-01-01T00:00:00Z'),
    ]
    for number, (name, owner, confidence, rating, modified) in enumerate(rows, 1):
        simulator.store.add(
            {
                'id': number,
                'type': 'Host',
                'summary': f'{name}.sorted.example',
                'ownerName': owner,
                'confidence': confidence,
                'rating': rating,
                'lastModified': modified,
            }
        )

    assert caller.ids(tql='summary endswith ".sorted.example"', sorting=sorting) == expected


def test_get_with_a_body_is_the_same_request(simulator, caller) -> None:
    tql = f'typeName in ("Host") or summary in ({",".join(repr(str(n)) for n in range(900))})'
    data = {'tql': tql, 'fields': ['tags'], 'resultLimit': 10, 'sorting': 'id asc', 'count': True}

    page = caller.send('GET', '/v3/indicators', json={'data': data}).json()

    assert page['count'] == len(caller.ids(tql='typeName = "Host"'))
    assert 'tags' in page['data'][0]
    following = parse_qs(urlsplit(page['next']).query)
    assert following['tql'] == [tql]
    assert following['fields'] == ['tags']
    simulator.faults.on('next_without_query')
    page = caller.send('GET', '/v3/indicators', json={'data': data}).json()
    assert set(parse_qs(urlsplit(page['next']).query)) == {'resultStart', 'resultLimit'}
    assert caller.send('GET', '/v3/indicators', json={'x': 1}).status_code == 400
    assert caller.send('GET', '/v3/indicators', data='{').status_code == 400


# -- what a row looks like


def test_rows_have_defaults_only_until_fields_ask_for_more(simulator, caller) -> None:
    row = {
        'type': 'Address',
        'ownerName': 'Demo Organization',
        'summary': '192.0.2.250',
        'rating': 4.5,
        'confidence': 0,
        'threatAssessScore': 612,
        'calScore': None,
        'firstSeen': '2025-01-01T00:00:00Z',
        'externalDateExpires': '2025-02-01T00:00:00Z',
        'observations': 3,
        'tags': {'data': [{'id': 1, 'name': 'x'}]},
        'attributes': {
            'data': [
                {
                    'id': 2,
                    'type': 'Description',
                    'value': 'Seen.',
                    'default': True,
                    'securityLabels': {'data': [{'name': 'TLP:RED'}]},
                }
            ]
        },
    }
    row_id = simulator.store.add(row)['id']
    query = f'id = {row_id}'

    reply = caller.get('/v3/indicators', tql=query)

    assert '"rating":4.50' in reply.text
    plain = reply.json()['data'][0]
    assert set(plain) == {
        'id', 'dateAdded', 'lastModified', 'ownerId', 'ownerName', 'type', 'summary', 'rating',
        'confidence', 'description', 'privateFlag', 'active', 'activeLocked', 'webLink',
        'legacyLink', 'ip',
    }  # fmt: skip
    assert plain['description'] == 'Seen.'
    assert plain['confidence'] == 0
    asked = ['threatAssess', 'tags', 'attributes', 'securityLabels', 'associatedGroups',
             'sightings', 'externalDates', 'fileActions']  # fmt: skip
    full = caller.indicators(tql=query, fields=asked)['data'][0]
    assert full['threatAssessScore'] == 612
    assert 'calScore' not in full
    assert full['firstSeen'] == '2025-01-01T00:00:00Z'
    assert full['externalDateExpires'] == '2025-02-01T00:00:00Z'
    assert full['tags'] == {'data': [{'id': 1, 'name': 'x'}]}
    assert full['securityLabels'] == full['associatedGroups'] == {}
    assert full['fileActions'] == {'count': 0}
    assert 'observations' not in full
    assert 'securityLabels' not in full['attributes']['data'][0]
    deep = caller.indicators(tql=query, fields='attributes.securityLabels')['data'][0]
    assert deep['attributes']['data'][0]['securityLabels'] == {'data': [{'name': 'TLP:RED'}]}


def test_types_show_their_own_properties_and_no_nulls(caller) -> None:
    rows = caller.by_next(resultLimit=10000, tql=BOTH)
    names = {
        'Address': {'ip'},
        'EmailAddress': {'address'},
        'File': {'size'},
        'Host': {'hostName', 'dnsActive', 'whoisActive'},
        'URL': {'text'},
        'ASN': {'AS Number'},
        'CIDR': {'Block'},
        'Email Subject': {'Subject'},
        'Registry Key': {'Key Name'},
    }

    assert {row['type'] for row in rows} == set(names)
    for row in rows:
        assert names[row['type']] <= set(row)
        assert None not in row.values()
        assert row['id'] > 2**53
    assert len({float(row['id']) for row in rows}) < len({row['id'] for row in rows})
    custom = caller.indicators(tql='typeName = "ASN"', fields='genericCustomIndicatorValues')
    assert {'value1'} <= set(custom['data'][0])
    assert 'AS Number' not in custom['data'][0]


def test_vote_counts_are_texts_and_ratings_may_be_whole(simulator, caller) -> None:
    rows = caller.by_next(fields='associatedGroups', resultLimit=10000)
    groups = [group for row in rows for group in row['associatedGroups'].get('data', [])]
    assert {group['upVoteCount'] for group in groups} == {'0'}
    assert {row['rating'] % 1 for row in rows if 'rating' in row} == {0.0, 0.5}

    simulator.faults.on('whole_ratings')

    rows = caller.by_next(resultLimit=10000)
    assert {row['rating'] % 1 for row in rows if 'rating' in row} == {0.0}


def test_object_is_found_by_id_or_by_summary_in_the_own_organization(
    simulator, make_caller
) -> None:
    store, caller = simulator.store, make_caller()
    url = 'https://x.example.com/a b?c=1&d=/'
    own = store.add({'type': 'URL', 'summary': url, 'ownerName': 'Demo Organization'})['id']
    other = store.add({'type': 'URL', 'summary': url, 'ownerName': 'Demo Research'})['id']

    assert caller.get(f'/v3/indicators/{own}').json()['data']['text'] == url
    path = f'/v3/indicators/{quote(url, safe="")}'
    assert caller.get(path).json()['data']['id'] == own
    assert caller.get(path, owner='Demo Research').json()['data']['id'] == other
    reply = caller.get(path, owner='OSINT Community')
    assert reply.status_code == 404
    assert reply.json()['message'] == 'The requested resource was not found'
    assert make_caller(LIMITED).get(f'/v3/indicators/{other}').status_code == 404
    assert 'tags' in caller.get(f'/v3/indicators/{own}', fields='tags').json()['data']


def test_unknown_paths_are_404_after_authentication(make_caller) -> None:
    assert make_caller().get('/v3/nothing').status_code == 404
    assert make_caller().get('/v3/indicators/').status_code == 404
    assert make_caller(auth=Headers()).get('/v3/nothing').status_code == 401


def test_options_list_fields_and_keywords(caller) -> None:
    fields = caller.send('OPTIONS', '/v3/indicators/fields').json()
    assert fields['count'] == len(fields['data']) == 23
    assert not any(row['includedByDefault'] for row in fields['data'])
    keywords = caller.send('OPTIONS', '/v3/indicators/tql').json()
    types = {row['keyword']: row['type'] for row in keywords['data']}
    assert types['lastModified'] == 'DateTime'
    assert types['id'] == 'Integer'
    assert 'Host' in caller.send('OPTIONS', '/v3/indicators').json()['type']['allowableValues']
    shown = caller.send('OPTIONS', '/v3/indicators', params={'show': 'readOnly'}).json()
    assert shown['id']['readOnly'] is True
    types = caller.get('/v2/types/indicatorTypes').json()['data']['indicatorType']
    assert {row['name']: row['custom'] for row in types}['ASN'] == 'true'


# -- the store changes


def test_value_exists_once_in_each_owner(simulator) -> None:
    row = {'type': 'Host', 'summary': 'one.example.com', 'ownerName': 'Demo Organization'}
    simulator.store.add(row)

    with pytest.raises(DuplicateError):
        simulator.store.add(row)
    with pytest.raises(ValueError, match='there is no owner'):
        simulator.store.add({**row, 'ownerName': 'Nobody'})
    with pytest.raises(ValueError, match='no type'):
        simulator.store.add({**row, 'type': 'host'})
    simulator.store.add({**row, 'ownerName': 'Demo Research'})


def test_properties_and_summary_follow_from_each_other(simulator) -> None:
    store = simulator.store

    def add(type_name: str, **row: Any) -> Any:
        return store.add({'type': type_name, 'ownerName': 'Demo Organization', **row})

    file = add('File', summary=f'{"A" * 32} : {"B" * 64}')
    assert (file['md5'], file['sha256']) == ('A' * 32, 'B' * 64)
    assert 'sha1' not in file
    key = add('Registry Key', summary='HKEY_LOCAL_MACHINE\\Ex : run : REG_SZ')
    assert key['Value Name'] == 'run'
    asn = add('ASN', **{'AS Number': 'ASN64500', 'id': None})
    assert store.find('Demo Organization', 'ASN', 'ASN64500') == asn
    assert asn['id'] > max(row['id'] for row in store.rows() if row is not asn)
    with pytest.raises(ValueError, match='without a value'):
        add('File', size=3)


def test_change_updates_last_modified_unless_stated_otherwise(simulator, caller) -> None:
    store = simulator.store
    row_id = caller.ids()[0]
    since = f'lastModified >= "{store.now_text()}"'
    assert caller.ids(tql=since) == []

    store.modify(row_id, confidence=33, touch=False)
    assert caller.ids(tql=since) == []
    store.modify(row_id, confidence=34)
    assert caller.ids(tql=since) == [row_id]
    store.modify(row_id, confidence=35, at='2025-01-01T00:00:00Z')
    assert caller.ids(tql=since) == []
    store.deactivate(row_id)
    assert caller.ids(tql=since) == []
    assert caller.ids(tql=f'{since} and {BOTH}') == [row_id]
    store.activate(row_id)
    assert caller.ids(tql=since) == [row_id]
    with pytest.raises(ValueError, match='cannot change'):
        store.modify(row_id, summary='other')
    with pytest.raises(ValueError, match='cannot change'):
        store.modify(row_id, md5='0' * 32)


MD5, SHA1, SHA256 = 'A' * 32, 'B' * 40, 'C' * 64


def test_summary_of_a_file_follows_its_hashes(simulator, caller) -> None:
    store = simulator.store
    row_id = store.add({'type': 'File', 'ownerName': 'Demo Research', 'md5': MD5})['id']
    since = f'lastModified >= "{store.now_text()}"'
    store.modify(row_id, at='2025-01-01T00:00:00Z')

    assert store.add_hash(row_id, SHA256)['summary'] == f'{MD5} : {SHA256}'
    assert caller.ids(tql=since) == [row_id]
    assert store.find('Demo Research', 'File', f'{MD5} : {SHA256}')['sha256'] == SHA256
    assert store.find('Demo Research', 'File', MD5) is None
    assert store.remove_hash(row_id, MD5)['summary'] == SHA256
    assert 'md5' not in store.get(row_id)
    store.delete(row_id)
    assert store.deleted[-1].summary == SHA256


def test_gap_in_the_summary_of_a_file_may_be_shown(simulator) -> None:
    simulator.store.shows_gaps = True
    common = {'type': 'File', 'ownerName': 'Demo Research', 'md5': MD5}
    row = simulator.store.add({**common, 'sha256': SHA256})
    assert row['summary'] == f'{MD5} :  : {SHA256}'
    assert simulator.store.add_hash(row['id'], SHA1)['summary'] == f'{MD5} : {SHA1} : {SHA256}'


@pytest.mark.parametrize('listed', [True, False])
def test_file_that_is_merged_into_another_disappears(simulator, listed) -> None:
    store = simulator.store
    common = {'type': 'File', 'ownerName': 'Demo Research'}
    kept = store.add({**common, 'md5': MD5, 'tags': {'data': [{'name': 'one'}]}})['id']
    gone = store.add({**common, 'sha1': SHA1, 'tags': {'data': [{'name': 'two'}]}})['id']
    elsewhere = store.add({**common, 'ownerName': 'OSINT Community', 'sha1': SHA1})['id']
    with pytest.raises(DuplicateError):
        store.add_hash(kept, SHA1)

    row = store.add_hash(kept, SHA1, merge=True, listed=listed)
    assert row['summary'] == f'{MD5} : {SHA1}'
    assert [tag['name'] for tag in row['tags']['data']] == ['one', 'two']
    assert store.get(gone) is None
    assert store.get(elsewhere) is not None
    assert [entry.summary for entry in store.deleted] == [SHA1] * listed


def test_hashes_that_the_platform_refuses_are_refused(simulator) -> None:
    store = simulator.store
    common = {'type': 'File', 'ownerName': 'Demo Research'}
    file_id = store.add({**common, 'md5': MD5})['id']
    other_id = store.add({**common, 'md5': 'D' * 32, 'sha1': SHA1})['id']
    host_id = store.rows('typeName = "Host"')[0]['id']
    for act, row_id, digest in (
        (store.add_hash, file_id, 'E' * 32),
        (store.add_hash, file_id, 'E' * 31),
        (store.add_hash, host_id, SHA1),
        (store.remove_hash, file_id, MD5),
        (store.remove_hash, other_id, MD5),
    ):
        with pytest.raises(ValueError, match=r'(File|hash|no MD5)'):
            act(row_id, digest)
    with pytest.raises(ValueError, match='both Files have a md5'):
        store.add_hash(file_id, SHA1, merge=True)
    store.add({**common, 'sha1': 'F' * 40})
    with pytest.raises(DuplicateError):
        store.revalue(file_id, md5=None, sha1='F' * 40)
    assert store.get(other_id)['sha1'] == SHA1


def test_deleted_list_by_owner_type_and_time_as_long_as_remembered(simulator, caller) -> None:
    store = simulator.store
    rows = {row['type']: row for row in store.rows('ownerName = "Demo Organization"')}
    host, file = rows['Host'], rows['File']
    elsewhere = store.rows('ownerName = "Demo Research"')[0]
    store.delete(host['id'], at='2025-06-01T00:00:00Z')
    store.retention_days = 100_000
    store.delete(file['id'])
    store.delete(elsewhere['id'])
    unlisted = store.rows('ownerName = "Demo Organization"')[0]
    store.delete(unlisted['id'], listed=False)
    path = '/v3/indicators/deleted'

    reply = caller.get(path).json()

    assert reply['count'] == 2
    assert reply['data'][0] == {
        'ownerName': 'Demo Organization',
        'dateAdded': '2025-06-01T00:00:00Z',
        'type': 'Host',
        'summary': host['summary'],
    }
    assert caller.get(path, owner='Demo Research').json()['count'] == 1
    assert caller.get(path, type='File').json()['data'][0]['summary'] == file['summary']
    assert caller.get(path, deletedSince='2025-06-02T00:00:00Z').json()['count'] == 1
    assert caller.get(path, deletedSince='2025-06-01T00:00:00Z').json()['count'] == 2
    assert caller.get(path, deletedSince='2025-06-01T00:00:00.000Z').status_code == 400
    assert caller.get(path, deletedSince='x" or typeName = "y').status_code == 400
    assert caller.get(path, type='host').status_code == 400
    first = caller.get(path, resultLimit=1).json()
    assert [row['type'] for row in caller.get(first['next']).json()['data']] == ['File']
    store.retention_days = 30
    assert caller.get(path).json()['count'] == 1
    assert caller.get(f'/v3/indicators/{host["id"]}').status_code == 404
    assert store.add({**host, 'id': None})['id'] != host['id']


def test_keyset_paging_meets_every_row_that_stays_while_others_change(simulator, caller) -> None:
    before = {row['id'] for row in simulator.store.rows('indicatorActive = true')}
    simulator.faults.on('churn', add=5, modify=5, deactivate=2, delete=3, seed=4)

    ids = caller.by_id('confidence is null or confidence >= 0', 20)

    after = {row['id'] for row in simulator.store.rows('indicatorActive = true')}
    assert before - after
    assert after - before
    assert before & after <= set(ids)
    assert ids == sorted(set(ids))


def test_offset_paging_loses_rows_when_read_rows_vanish(simulator, caller) -> None:
    doomed = iter(caller.ids(sorting='id asc'))
    everything = set(caller.ids())
    simulator.after_page.append(lambda _event: simulator.store.delete(next(doomed)))

    rows = caller.by_next(sorting='id asc', resultLimit=50)

    kept = {row['id'] for row in simulator.store.rows('indicatorActive = true')}
    assert (kept & everything) - {row['id'] for row in rows}


def test_hook_between_pages_knows_what_was_read(simulator, caller) -> None:
    events = []
    simulator.after_page.append(events.append)

    caller.by_id('typeName = "Host"', 30)

    assert [event.has_more for event in events] == [True] * (len(events) - 1) + [False]
    assert len(events[0].ids) == 30
    assert events[0].tql == '(typeName = "Host") and id > 0'
    assert events[1].number == events[0].number + 1


# -- faults


def _spoilt(simulator: ThreatConnectSimulator, caller: Caller, name: str, **params: Any) -> Any:
    simulator.faults.on(name, count=1, **params)
    reply = caller.get('/v3/indicators', tql='confidence > 1', resultLimit=10)
    assert caller.get('/v3/indicators', tql='confidence > 1', resultLimit=10).ok
    assert simulator.requests[-2].faults == (name,)
    assert simulator.requests[-1].faults == ()
    return reply


@pytest.mark.parametrize('status', [500, 502, 503, 504])
def test_server_errors_are_injected(simulator, caller, status) -> None:
    reply = _spoilt(simulator, caller, 'server_error', status=status)

    assert reply.status_code == status
    assert reply.json()['status'] == 'Error'


@pytest.mark.parametrize('status', [400, 500, 503])
def test_tql_timeout_affects_only_requests_with_tql(simulator, caller, status) -> None:
    reply = _spoilt(simulator, caller, 'tql_timeout', status=status)
    assert reply.status_code == status

    simulator.faults.on('tql_timeout')

    assert caller.get('/v3/indicators').status_code == 200
    assert caller.get('/v3/security/owners').status_code == 200
    assert caller.get('/v3/indicators', tql='confidence > 1').status_code == 400


def test_unauthorized_and_rate_limit_errors_are_injected(simulator, caller) -> None:
    assert _spoilt(simulator, caller, 'unauthorized').json()['message'] == 'Unauthorized'
    assert 'Retry-After' not in _spoilt(simulator, caller, 'rate_limit').headers
    reply = _spoilt(simulator, caller, 'rate_limit', retry_after=7)
    assert (reply.status_code, reply.headers['Retry-After']) == (429, '7')


def test_bodies_may_be_invalid(simulator, caller) -> None:
    html = _spoilt(simulator, caller, 'html', status=200)
    assert (html.status_code, html.text[:6]) == (200, '<html>')
    error = _spoilt(simulator, caller, 'status_error')
    assert (error.status_code, error.json()['status']) == (200, 'Error')
    for name in ('malformed_json', 'half_body'):
        reply = _spoilt(simulator, caller, name)
        assert reply.status_code == 200
        assert int(reply.headers['Content-Length']) == len(reply.content)
        with pytest.raises(json.JSONDecodeError):
            json.loads(reply.content)


@pytest.mark.parametrize(
    ('name', 'params'), [('drop', {}), ('reset', {}), ('tql_timeout', {'status': 'drop'})]
)
def test_connections_may_break(simulator, caller, name, params) -> None:
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        _spoilt(simulator, caller, name, **params)


@pytest.mark.parametrize(
    ('name', 'params'), [('wait', {'wait_s': 0.3}), ('slow_body', {'drip_s': 0.1})]
)
def test_answers_may_be_slow(simulator, caller, name, params) -> None:
    began = time.monotonic()

    assert _spoilt(simulator, caller, name, **params).ok

    assert time.monotonic() - began > 0.3


def test_pages_above_a_size_time_out(simulator, caller) -> None:
    simulator.faults.on('slow_above', rows=50)

    assert caller.get('/v3/indicators', resultLimit=51).status_code == 503
    assert caller.get('/v3/indicators').status_code == 503
    assert caller.get('/v3/indicators', resultLimit=50).status_code == 200
    simulator.faults.on('offset_ceiling', rows=60)
    assert caller.get('/v3/indicators', resultLimit=50, resultStart=11).status_code == 400


def test_next_may_point_elsewhere(simulator, caller) -> None:
    page = _spoilt(simulator, caller, 'next_other_host', host='evil.example.com').json()
    assert page['next'].startswith('https://evil.example.com/api/v3/indicators?resultStart=10')
    page = _spoilt(simulator, caller, 'next_http').json()
    assert page['next'].startswith('http://localhost')


def test_rows_repeat_across_pages(simulator, caller) -> None:
    simulator.faults.on('duplicate_rows', rows=3)

    ids = [row['id'] for row in caller.by_next(resultLimit=50, sorting='id asc')]
    pages = len(simulator.requests)

    assert len(ids) - len(set(ids)) == 3 * (pages - 1)
    assert set(ids) == set(caller.ids())
    assert len(caller.by_id('confidence > 1', 50)) > len(caller.ids(tql='confidence > 1'))


def test_order_may_be_arbitrary(simulator, caller) -> None:
    in_order = caller.ids(sorting='id asc')
    simulator.faults.on('ignores_sorting')
    shuffled = caller.ids(sorting='id asc')
    assert shuffled != in_order
    assert sorted(shuffled) == in_order
    assert caller.ids(sorting='id asc') == shuffled

    simulator.faults.on('random_order')

    assert caller.ids(sorting='id asc') != caller.ids(sorting='id asc')


def test_id_filter_may_be_ignored(simulator, caller) -> None:
    ids = caller.ids(sorting='id asc')
    query = f'confidence >= 0 and id > {ids[200]}'
    assert min(caller.ids(tql=query)) > ids[200]

    simulator.faults.on('ignores_id_filter')

    assert min(caller.ids(tql=query)) < ids[200]


@pytest.mark.parametrize('labels', [None, 'TLP:RED', [{'name': 'TLP:RED'}]])
def test_security_labels_may_come_in_another_form(simulator, caller, labels: object) -> None:
    simulator.faults.on('odd_labels', labels=labels)
    rows = caller.indicators(fields='securityLabels')['data']
    assert rows
    assert all(row['securityLabels'] == labels for row in rows)


def test_short_pages_still_say_that_more_follows(simulator, caller) -> None:
    everything = set(caller.ids())
    simulator.faults.on('page_cap', rows=40)

    page = caller.indicators(resultLimit=1000)

    assert len(page['data']) == 40
    assert {row['id'] for row in caller.by_next(resultLimit=1000)} == everything


def test_many_rows_get_one_last_modified(simulator, caller) -> None:
    simulator.faults.on('equal_last_modified', tql='typeName = "Host"', at='2025-05-05T05:05:05Z')

    rows = caller.indicators(tql='lastModified = "2025-05-05T05:05:05Z"', resultLimit=10000)

    assert {row['type'] for row in rows['data']} == {'Host'}
    assert len(rows['data']) > 20


def test_faults_are_counted_start_later_and_keep_to_a_path(simulator, caller) -> None:
    simulator.faults.on('server_error', count=2, after=1, path='/api/v3/indicators', status=503)

    statuses = []
    for _ in range(5):
        assert caller.get('/v3/security/owners').status_code == 200
        statuses.append(caller.get('/v3/indicators', resultLimit=1).status_code)

    assert statuses == [200, 503, 503, 200, 200]
    assert simulator.faults.active()[0]['hits'] == 2
    with pytest.raises(ValueError, match='there is no fault'):
        simulator.faults.on('nonsense')
    with pytest.raises(ValueError, match='takes'):
        simulator.faults.on('slow_above', row=3)


# -- the control address


def test_control_switches_faults_and_lists_them(simulator, caller, control) -> None:
    assert set(control('GET', '').json()['faults']) == set(FAULTS)
    reply = control('POST', '/faults', {'name': 'server_error', 'count': 1, 'status': 502})
    assert reply.json()['params'] == {'status': 502}
    assert caller.get('/v3/indicators').status_code == 502
    assert control('GET', '/faults').json()[0]['hits'] == 1
    assert control('DELETE', '/faults/server_error').json() == {'off': 1}
    assert control('GET', '/faults').json() == []
    reply = control('POST', '/faults', {'name': 'nonsense'})
    assert reply.status_code == 400
    assert 'there is no fault' in reply.json()['message']
    assert control('GET', '/nonsense').status_code == 404
    assert control('POST', '/nonsense').status_code == 404


def test_control_shows_what_is_held(simulator, control) -> None:
    lines = control('GET', '/rows').text.splitlines()
    assert [json.loads(line) for line in lines] == simulator.store.rows()
    query = quote('typeName = "ASN" and indicatorActive = false')
    rows = [json.loads(x) for x in control('GET', f'/rows?tql={query}').text.splitlines()]
    assert rows == simulator.store.rows('typeName = "ASN" and indicatorActive = false')
    rows = control('GET', f'/rows?owner={quote("Demo Research")}').text.splitlines()
    assert len(rows) == len(simulator.store.rows('ownerName = "Demo Research"'))
    assert control('GET', '/rows?tql=foo').status_code == 400


def test_control_changes_rows_and_clock_and_resets_all(simulator, caller, control) -> None:
    held = len(simulator.store)
    row = {'type': 'Host', 'summary': 'new.example.com', 'ownerName': 'Demo Research'}
    (row_id,) = control('POST', '/rows', row).json()['ids']
    assert control('POST', '/rows', [row]).status_code == 400
    control('POST', '/modify', {'id': row_id, 'changes': {'confidence': 77}})
    assert simulator.store.get(row_id)['confidence'] == 77
    (file_id,) = control('POST', '/rows', {**row, 'type': 'File', 'summary': MD5}).json()['ids']
    reply = control('POST', '/hash', {'id': file_id, 'add': SHA256})
    assert reply.json() == {'summary': f'{MD5} : {SHA256}'}
    assert control('POST', '/hash', {'id': file_id, 'remove': MD5}).json() == {'summary': SHA256}
    assert control('POST', '/hash', {'id': file_id, 'remove': SHA256}).status_code == 400
    assert control('POST', '/hash', {'id': file_id}).status_code == 400
    control('POST', '/deactivate', {'tql': 'confidence = 77 and typeName = "Host"'})
    assert simulator.store.get(row_id)['active'] is False
    control('POST', '/activate', {'id': row_id})
    assert control('POST', '/delete', {'id': row_id}).json() == {'ids': [row_id]}
    assert control('GET', '/deleted').json()[0]['summary'] == 'new.example.com'
    assert control('POST', '/delete', {'id': row_id}).status_code == 404
    reply = control('POST', '/delete', {})
    assert reply.status_code == 400
    assert 'must say which rows' in reply.json()['message']
    changed = control('POST', '/churn', {'add': 2, 'delete': 1}).json()
    assert len(changed['add']) == 2
    assert control('POST', '/tie', {'tql': 'typeName = "ASN"'}).json()['rows'] > 0
    control('POST', '/clock', {'offset_s': 3600})
    assert caller.get('/v3/indicators').status_code == 401
    token = control('POST', '/token', {'access_id': LIMITED.access_id}).json()['token']
    assert simulator.gate.authenticate(
        _request_with(token), simulator.store.now()
    ) == LIMITED  # fmt: skip
    assert control('POST', '/variable', {'value': 'x'}).json()['variable'].startswith('&{TC:')

    assert control('POST', '/reset').json() == {'rows': held}

    assert caller.get('/v3/indicators').status_code == 200
    assert len(simulator.store) == held
    assert control('GET', '/deleted').json() == []


def _request_with(token: str) -> Any:
    from tests.simulators.https import Request

    return Request('GET', '/', {'authorization': f'TC-Token {token}'}, b'')


def test_control_shows_requests_and_they_need_no_signature(simulator, caller, control) -> None:
    caller.get('/v3/indicators', tql='confidence > 1', fields=['tags', 'whoIs'], resultLimit=3)
    caller.send('GET', '/v3/indicators', json={'data': {'resultLimit': 4}})

    first, second = control('GET', '/requests').json()

    assert first['query'] == {
        'tql': ['confidence > 1'],
        'fields': ['tags', 'whoIs'],
        'resultLimit': ['3'],
    }
    assert (first['rows'], first['status'], first['user']) == (3, 200, 'sentinel.app')
    assert second['query'] == {'resultLimit': ['4']}
    control('DELETE', '/requests')
    assert simulator.requests == ()


# -- demonstration data and speed


def test_own_set_has_every_oddity_and_is_the_same_each_time() -> None:
    rows = demo.compose()

    assert rows == demo.compose()
    assert 300 <= len(rows) <= 500
    assert {row['type'] for row in rows} == set(demo.TYPES)
    assert {row['ownerId'] for row in rows} == {101, 102, 103}
    values = [(row['type'], row['summary']) for row in rows]
    assert len(values) - len(set(values)) > 50
    hashes = [sum(key in row for key in ('md5', 'sha1', 'sha256')) for row in rows]
    assert {1, 2, 3} <= set(hashes)
    names = [row.get('Value Name') for row in rows if row['type'] == 'Registry Key']
    assert None in names
    assert ' ' in names
    assert any(row.get('confidence') == 0 for row in rows)
    assert any('confidence' not in row for row in rows)
    assert any(not row['active'] for row in rows)
    assert any(row.get('externalDateExpires', '9') < '2025-07' for row in rows)
    text = json.dumps(rows, ensure_ascii=False)
    for part in ("o'neil", '\\\\', '\\"', '請求書', 'ü', 'T1055.005', 'TLP:AMBER+STRICT'):
        assert part in text


def test_demonstration_queries_fit_and_overlap() -> None:
    for rows in (demo.compose(), demo.load_indicators()):
        store = Store(rows)
        found = [
            {
                (row['type'], row['summary'])
                for row in store.rows(
                    f'({query["tql"]}) and ownerName in {_listed(query["owners"])} '
                    f'and typeName in {_listed(query["indicator_types"])}'
                )
            }
            for query in demo.demo_queries(rows)
        ]
        assert all(found)
        assert found[0] & found[2]
        assert found[1] & found[2]
        assert found[0] - found[2]


def _listed(names: list[str]) -> str:
    return '(' + ','.join(json.dumps(name, ensure_ascii=False) for name in names) + ')'


def test_small_picks_show_all_types() -> None:
    assert {row['type'] for row in demo.load_indicators(9, own=True)} == set(demo.TYPES)
    assert len(demo.load_indicators(50)) == 50


def _pages(caller: Caller, limit: int) -> Iterator[bytes]:
    last = 0
    while True:
        reply = caller.get(
            '/v3/indicators',
            tql=f'(confidence >= 0) and typeName in ("Host","File","URL") and id > {last}',
            sorting='id asc',
            resultLimit=limit,
            fields=['tags', 'attributes', 'threatAssess', 'securityLabels', 'associatedGroups'],
        )
        page = reply.json()
        yield reply.content
        if 'next' not in page:
            return
        last = page['data'][-1]['id']


def test_generated_rows_are_unique_and_paged_without_scanning_again(certificates) -> None:
    store = Store(demo.generate_indicators(20_000, seed=3))
    assert len(store) == 20_000
    assert store.rows() == Store(demo.generate_indicators(20_000, seed=3)).rows()
    with ThreatConnectSimulator(certificates, store) as simulator:
        caller = Caller(simulator, HmacAuth(ACCESS_ID, Sensitive(SECRET_KEY)), str(certificates.ca))
        list(_pages(caller, 100))
        seen = simulator.requests
        caller.session.close()

    assert sum(record.rows for record in seen) == len(
        store.rows('typeName in ("Host","File","URL")')
    )
    # Had each page to scan from the first row, the last ones would take far longer than the first.
    tenth = len(seen) // 10
    first = sorted(record.elapsed_s for record in seen[:tenth])[tenth // 2]
    last = sorted(record.elapsed_s for record in seen[-tenth:])[tenth // 2]
    assert last < first * 5 + 0.01
