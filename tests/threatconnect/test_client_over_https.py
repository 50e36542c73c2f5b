"""The source port against the stand-in for ThreatConnect, through the framework's own session."""

from __future__ import annotations

import dataclasses
import warnings

import pytest
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sentinel_app.clock import SystemClock
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query
from sentinel_app.core.question import effective_question
from sentinel_app.core.source import Source
from sentinel_app.core.tql import TqlError, effective_tql, quote
from sentinel_app.core.window import next_window
from sentinel_app.errors import (
    QueryError,
    ReadAuthError,
    ReadError,
    ReadOrderError,
    ReadTimeoutError,
)
from sentinel_app.network.exchange import Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.client import ThreatConnectSource
from sentinel_app.threatconnect.parse import FIELDS
from tests.harness.soak import amount
from tests.harness.waiting import PATIENCE_S
from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.threatconnect import (
    ACCESS_ID,
    SECRET_KEY,
    Owner,
    Store,
    ThreatConnectSimulator,
    User,
)
from tests.simulators.threatconnect import tql as oracle
from tests.simulators.threatconnect.tree import And, Compare

pytestmark = pytest.mark.integration

AWKWARD = "Ho\"st & 'Sons' `\\ ) OR (é🎯"
OWNERS = (
    Owner(id=1, name='Org', type='Organization'),
    Owner(id=2, name=AWKWARD),
    Owner(id=3, name='Foreign'),
)
TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=PATIENCE_S, total_s=PATIENCE_S)
SHORT_TIMEOUTS = Timeouts(connect_s=PATIENCE_S, read_s=1, total_s=2)
SLOW = {'wait', 'slow_body', 'slow_above'}
"""Faults that a call ends only by its own time-out."""


def rows():
    names = [owner.name for owner in OWNERS]
    for number in range(90):
        yield {
            'type': 'Host',
            'ownerName': names[number % 3],
            'summary': f'h{number}.example.com',
            'rating': number % 5 + 0.5,
        }


@pytest.fixture(scope='module')
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def threatconnect(certificates, monkeypatch):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificates.ca))
    store = Store(rows(), owners=OWNERS)
    with ThreatConnectSimulator(certificates, store) as simulator:
        yield simulator


def framework_session(access_id: str, secret_key: str, base_url: str) -> requests.Session:
    with warnings.catch_warnings():
        # The framework's models use what the newest pydantic deprecates.
        warnings.simplefilter('ignore', DeprecationWarning)
        from tcex.input.field_type.sensitive import Sensitive
        from tcex.requests_tc.auth.hmac_auth import HmacAuth
        from tcex.requests_tc.tc_session import TcSession
    return TcSession(auth=HmacAuth(access_id, Sensitive(secret_key)), base_url=base_url)


@pytest.fixture
def make(threatconnect):
    sessions = []

    def make_source(*, secret_key=SECRET_KEY, access_id=ACCESS_ID, timeouts=TIMEOUTS, url=None):
        session = framework_session(access_id, secret_key, url or threatconnect.api_url)
        sessions.append(session)
        return ThreatConnectSource(
            session,
            fields=FIELDS,
            clock=SystemClock(),
            redactor=Redactor(),
            timeouts=timeouts,
        )

    yield make_source
    for session in sessions:
        session.close()


@pytest.fixture
def source(make) -> Source:
    return make()


def query(tql='', owners=('Org',)) -> Query:
    return Query(id='q', owners=owners, indicator_types=(IndicatorType.HOST,), tql=tql)


def read_all(source: Source, asked: Query, limit: int) -> list[int]:
    ids: list[int] = []
    while page := source.read_page(
        effective_question(asked, after_id=ids[-1] if ids else None), limit=limit
    ).rows:
        ids += [row['id'] for row in page]
    return ids


@pytest.mark.parametrize('limit', [1, 7, 1000])
def test_keyset_paging_returns_every_row_once(threatconnect, source, limit):
    ids = read_all(source, query(owners=('Org', AWKWARD)), limit)
    expected = [row['id'] for row in threatconnect.store.rows() if row['ownerName'] != 'Foreign']
    assert ids == expected
    assert len(ids) == 60
    assert ids[0] > 2**53


def test_users_or_does_not_reach_other_owners(source):
    asked = query('rating >= 0 OR ownerName = "Foreign"')
    owners = {
        row['ownerName'] for row in source.read_page(effective_question(asked), limit=1000).rows
    }
    assert owners == {'Org'}


def test_long_query_is_signed_and_answered(threatconnect, source):
    names = ', '.join(quote(f'h{number}.example.com') for number in range(200))
    question = effective_question(query(f'summary in ({names})', owners=('Org', AWKWARD)))
    assert len(source.read_page(question, limit=1000).rows) == 60
    assert source.count(question)[0] == 60
    assert threatconnect.requests[-1].target == '/api/v3/indicators'


def test_count_and_time_are_the_servers(threatconnect, source):
    threatconnect.store.clock_offset_s = -200
    count, server_at = source.count(effective_question(query('rating > 4')))
    assert count == 6
    assert abs((server_at - threatconnect.store.now()).total_seconds()) < 5
    assert server_at.microsecond == 0


def test_window_returns_what_was_modified_since_the_one_before(threatconnect, source):
    store = threatconnect.store
    _, now = source.count(effective_question(query()))
    cursor_at = next_window(cursor_at=None, server_now=now).end_at
    store.clock_offset_s = 30
    (changed, later, *_) = (row['id'] for row in store.rows() if row['ownerName'] == 'Org')
    store.modify(changed, rating=1.0)
    store.clock_offset_s = 60
    _, now = source.count(effective_question(query()))
    window = next_window(cursor_at=cursor_at, server_now=now, overlap_s=0)
    store.clock_offset_s = 90
    store.modify(later, rating=1.0)
    found = source.read_page(effective_question(query(), window=window), limit=1000).rows
    assert changed in [row['id'] for row in found]
    assert later not in [row['id'] for row in found]


def test_owners_are_those_that_the_user_can_read(threatconnect, make):
    threatconnect.gate.users['other'] = User(
        access_id='other', secret_key='x', owners=frozenset({'Org', AWKWARD})
    )
    owners = make(access_id='other', secret_key='x').owners()
    assert {owner.name for owner in owners} == {'Org', AWKWARD}
    assert {owner.type for owner in owners} == {'Organization', 'Source'}


def test_keywords_are_those_of_the_instance(source):
    words = {keyword.name: keyword for keyword in source.keywords()}
    assert {'ownerName', 'typeName', 'lastModified', 'id', 'rating'} <= words.keys()
    assert all(keyword.type for keyword in words.values())


@pytest.mark.parametrize(
    ('name', 'params', 'error_class'),
    [
        ('drop', {}, ReadTimeoutError),
        ('wait', {'wait_s': 3.0}, ReadTimeoutError),
        ('reset', {}, ReadTimeoutError),
        ('slow_body', {'drip_s': 0.5}, ReadTimeoutError),
        ('server_error', {'status': 500}, ReadTimeoutError),
        ('server_error', {'status': 503}, ReadTimeoutError),
        ('html', {'status': 502}, ReadTimeoutError),
        ('html', {'status': 200}, ReadTimeoutError),
        ('tql_timeout', {'status': 400}, ReadTimeoutError),
        ('tql_timeout', {'status': 503}, ReadTimeoutError),
        ('slow_above', {'rows': 10}, ReadTimeoutError),
        ('status_error', {}, ReadError),
        ('malformed_json', {}, ReadError),
        ('half_body', {}, ReadError),
        ('random_order', {}, ReadOrderError),
        ('ignores_sorting', {}, ReadOrderError),
        ('rate_limit', {'retry_after': 3600}, ReadError),
    ],
)
def test_fault_of_each_kind_is_one_attempt_and_raises_its_own_error(
    threatconnect, make, name, params, error_class
):
    source = make(timeouts=SHORT_TIMEOUTS if name in SLOW else TIMEOUTS)
    threatconnect.forget_requests()
    threatconnect.faults.on(name, **params)
    with pytest.raises(error_class) as caught:
        source.read_page(effective_question(query()), limit=1000)
    assert type(caught.value) is error_class
    assert threatconnect.request_count == 1
    threatconnect.faults.off()
    assert len(make().read_page(effective_question(query()), limit=1000).rows) == 30


def test_single_refusal_as_in_a_renewal_race_goes_unnoticed(threatconnect, source):
    threatconnect.faults.on('unauthorized', count=1)
    assert source.read_page(effective_question(query()), limit=5).rows


def test_wrong_secret_is_distinguished_from_a_wrong_clock(threatconnect, make):
    with pytest.raises(ReadAuthError, match='ThreatConnect Secret Key'):
        make(secret_key='wrong').count(effective_question(query()))
    threatconnect.faults.on('clock_skew', seconds=900)
    with pytest.raises(ReadAuthError, match='clock'):
        make().count(effective_question(query()))


@pytest.mark.parametrize('tql', ['nonsense = 1', 'rating >', 'rating > "x" AND'])
def test_bad_tql_is_reported_in_the_platforms_words(source, tql):
    with pytest.raises(QueryError) as caught:
        source.count(effective_question(query(tql)))
    assert caught.value.reason


def test_untrusted_certificate_names_the_remedy(make, monkeypatch, tmp_path_factory):
    other = make_certificates(tmp_path_factory.mktemp('other'))
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(other.ca))
    with pytest.raises(ReadError, match='REQUESTS_CA_BUNDLE'):
        make().owners()


def test_missing_ca_file_names_the_remedy(make, monkeypatch):
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', '/does/not/exist.pem')
    with pytest.raises(ReadError, match='REQUESTS_CA_BUNDLE'):
        make().owners()


def test_unreachable_server_is_worth_another_attempt(certificates, make):
    with ThreatConnectSimulator(certificates) as gone:
        url = gone.api_url
    with pytest.raises(ReadTimeoutError, match='refused'):
        make(url=url).owners()


pieces = st.lists(
    st.sampled_from(
        [
            'rating > 3',
            'typeName in ("Host", "URL")',
            "summary = 'a\\'b'",
            'summary = "x) OR (ownerName = `Foreign`"',
            'hasTag(name = "(")',
            ' OR ',
            ' AND ',
            ' NOT ',
            '(',
            ')',
            '"',
            "'",
            '\\',
        ]
    ),
    max_size=7,
).map(''.join)


@settings(
    max_examples=amount('EXAMPLES', daily=60, soak=2_000),
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(pieces, st.lists(st.text().filter(lambda name: '\0' not in name), min_size=1, max_size=3))
def test_platforms_own_parser_keeps_the_owners_at_the_top(text, owners):
    try:
        tree = oracle.parse(effective_tql(query(text, owners=tuple(owners)), after_id=7))
    except (TqlError, oracle.TqlError):
        assume(False)
    assert isinstance(tree, And)
    *_, by_owner, by_type, by_id = tree.items
    assert isinstance(by_owner, Compare)
    assert (by_owner.keyword, by_owner.values) == ('ownerName', tuple(owners))
    assert by_type.keyword == 'typeName'
    assert (by_id.keyword, by_id.values) == ('id', (7,))
    if text.strip():
        alone = oracle.parse(text.strip())
        user_items = tree.items[:-3]
        held = (
            user_items[0] if len(user_items) == 1 else dataclasses.replace(tree, items=user_items)
        )
        assert held == alone
