import datetime as dt
import json
import ssl

import pytest
import requests
import responses
from responses import matchers
from urllib3.exceptions import IncompleteRead, MaxRetryError, ProtocolError
from urllib3.exceptions import SSLError as PoolSSLError

from sentinel_app.core.indicator import Owner, TqlKeyword
from sentinel_app.core.question import Question
from sentinel_app.errors import (
    QueryError,
    ReadAuthError,
    ReadError,
    ReadOrderError,
    ReadTimeoutError,
)
from sentinel_app.network.exchange import SizeLimit, Timeouts
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.client import ThreatConnectSource
from tests.harness.clocks import NOON, StandingClock

BASE = 'https://tc.example.test/api'
INDICATORS = f'{BASE}/v3/indicators'
DATE = {'Date': 'Wed, 04 Mar 2026 12:01:07 GMT'}
SERVER_AT = dt.datetime(2026, 3, 4, 12, 1, 7, tzinfo=dt.UTC)
SIGNATURE = 'TC 42:c2VjcmV0LXNpZ25hdHVyZS10aGF0LWlzLWxvbmc='
TQL = '(rating > 3) AND ownerName in ("Ex & Co")'
QUESTION = Question(tql=TQL)


class PrefixingSession(requests.Session):
    """Takes relative addresses and signs, as the session of the platform's framework does."""

    def __init__(self):
        super().__init__()
        self.timeouts_seen = []

    def request(self, method, url, **kwargs):
        self.timeouts_seen.append(kwargs.get('timeout'))
        kwargs.setdefault('headers', {})['Authorization'] = SIGNATURE
        return super().request(method, BASE + url, **kwargs)


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def session():
    with PrefixingSession() as session:
        yield session


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def source(session, clock):
    return ThreatConnectSource(
        session, fields=('tags', 'attributes'), clock=clock, redactor=Redactor()
    )


def page(*ids, **more):
    return {'data': [{'id': each, 'tags': {}} for each in ids], 'status': 'Success', **more}


def answer(server, **kwargs):
    kwargs.setdefault('headers', DATE)
    server.add(responses.GET, INDICATORS, **kwargs)


def test_page_is_requested_with_exactly_these_parameters(server, source):
    answer(
        server,
        json=page(5, 9),
        match=[
            matchers.query_param_matcher(
                {
                    'tql': TQL,
                    'fields': ['tags', 'attributes'],
                    'resultStart': '0',
                    'resultLimit': '500',
                    'sorting': 'id asc',
                }
            )
        ],
    )
    result = source.read_page(QUESTION, limit=500)
    assert [row['id'] for row in result.rows] == [5, 9]
    assert result.server_at == SERVER_AT
    assert 'fields=tags&fields=attributes' in server.calls[0].request.url
    assert server.calls[0].request.body is None


def test_calls_all_have_both_timeouts(server, session, clock):
    timeouts = Timeouts(connect_s=1.5, read_s=2.5, total_s=9)
    source = ThreatConnectSource(
        session, fields=(), clock=clock, redactor=Redactor(), timeouts=timeouts
    )
    answer(server, json=page(count=0))
    source.count(QUESTION)
    assert session.timeouts_seen == [(1.5, 2.5)]


LONG = Question(tql='summary in (' + ', '.join(f'"host-{n}.example"' for n in range(200)) + ')')


def body_of(request):
    return json.loads(request.body)['data'] if request.body else None


def test_long_query_goes_in_the_body_and_leaves_the_address_bare(server, source):
    answer(server, json=page(count=0))
    answer(server, json=page(1))
    assert source.read_page(LONG, limit=10).rows
    proof, call = (call.request for call in server.calls)
    assert [proof.url, call.url] == [INDICATORS, INDICATORS]
    assert call.headers['Content-Type'] == 'application/json'
    assert body_of(call) == {
        'tql': LONG.tql,
        'fields': ['tags', 'attributes'],
        'resultStart': 0,
        'resultLimit': 10,
        'sorting': 'id asc',
    }
    assert body_of(proof) == {
        'tql': f'({LONG.tql}) AND id < 0 AND lastModified LT "1970-01-01T00:00:00Z"',
        'resultStart': 0,
        'resultLimit': 1,
        'count': True,
    }


@pytest.mark.parametrize(('encoded', 'is_in_body'), [(2000, False), (2001, True)])
def test_body_is_used_beyond_two_thousand_characters(server, session, clock, encoded, is_in_body):
    source = ThreatConnectSource(session, fields=(), clock=clock, redactor=Redactor())
    rest = len('tql=&resultStart=0&resultLimit=10000&sorting=id+asc')
    question = Question(tql='x' * (encoded - rest))
    answer(server, json=page(count=0))
    # A question has one form, whatever is asked of it.
    source.count(question)
    source.read_page(question, limit=1)
    source.verify(question)
    assert {('?' not in call.request.url) for call in server.calls} == {is_in_body}


def test_ids_beyond_a_double_stay_exact(server, source):
    body = '{"data":[{"id":9007199254740993,"rating":4.50,"tags":{}}],"status":"Success"}'
    answer(server, body=body)
    (row,) = source.read_page(QUESTION, limit=1).rows
    assert row == {'id': 9007199254740993, 'rating': 4.5, 'tags': {}}


@pytest.mark.parametrize('ids', [(5, 4), (5, 5), (1, 3, 2)])
def test_rows_out_of_order_are_refused(server, source, ids):
    answer(server, json=page(*ids))
    with pytest.raises(ReadOrderError, match='does not sort'):
        source.read_page(QUESTION, limit=10)


@pytest.mark.parametrize(
    'row',
    [
        {},
        {'id': '5'},
        {'id': 5.0},
        {'id': None},
        {'id': True},
        {'id': -1},
        {'id': 2**63},
        {'id': 10**400},
    ],
)
def test_row_without_a_whole_number_as_id_is_refused(server, source, row):
    answer(server, json={'data': [row], 'status': 'Success'})
    with pytest.raises(ReadError, match='whole number'):
        source.read_page(QUESTION, limit=10)


@pytest.mark.parametrize('headers', [{}, {'Date': 'today'}])
def test_time_without_a_date_is_never_ahead_of_the_servers(server, source, headers):
    answer(server, json=page(), headers=headers)
    assert source.read_page(QUESTION, limit=1).server_at == NOON - dt.timedelta(minutes=5)


@pytest.mark.parametrize(('headers', 'at'), [(DATE, SERVER_AT), ({}, None), ({'Date': 'x'}, None)])
def test_servers_own_time_is_known_only_where_it_is_sent(server, source, headers, at):
    server.add(
        responses.GET,
        f'{BASE}/v3/security/owners',
        json=page(1),
        headers=headers,
        match=[matchers.query_param_matcher({'resultStart': '0', 'resultLimit': '1'})],
    )
    assert source.server_time() == at


@pytest.mark.parametrize(
    'body',
    [
        '{"status":"Success"}',
        '{"status":"Success","data":{}}',
        '{"status":"Success","data":[1]}',
        '{"status":"Error","message":"m","data":[]}',
        '{"data":[]}',
        '[]',
        'null',
        '',
        '{"status":"Success","data":[',
        '{"status":"Success","data":[{"id":1,"rating":NaN}]}',
        b'{"status":"Success","data":["\xff"]}',
        '[' * 100_000,
    ],
)
def test_answer_that_is_no_page_is_a_read_error(server, source, body):
    answer(server, body=body)
    with pytest.raises(ReadError) as caught:
        source.read_page(QUESTION, limit=10)
    assert type(caught.value) is ReadError
    assert caught.value.retry_after_s is None


def test_failure_with_status_200_keeps_the_platforms_words(server, source):
    answer(server, json={'errCode': '0x1', 'message': 'No\nluck', 'status': 'Error'})
    with pytest.raises(ReadError) as caught:
        source.read_page(QUESTION, limit=10)
    assert caught.value.reason == 'No luck'


def test_web_page_with_status_200_is_worth_a_smaller_page(server, source):
    answer(server, body=' <html><body><h1>Gateway</h1></body></html>')
    with pytest.raises(ReadTimeoutError) as caught:
        source.read_page(QUESTION, limit=10)
    assert caught.value.reason == 'Gateway'


@pytest.mark.parametrize('status', [408, 500, 502, 503, 504])
def test_server_error_is_worth_a_smaller_page(server, source, status):
    answer(server, status=status, body='<html>Down</html>', headers={'Retry-After': '7'})
    with pytest.raises(ReadTimeoutError) as caught:
        source.read_page(QUESTION, limit=10)
    assert (caught.value.reason, caught.value.retry_after_s) == ('Down', 7)
    assert caught.value.context == {'status': status}
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ('headers', 'seconds'),
    [
        ({'Retry-After': '12'}, 12),
        ({'Retry-After': 'Wed, 04 Mar 2026 12:01:30 GMT'}, 90),
        ({}, 60),
        ({'Retry-After': 'later'}, 60),
    ],
)
def test_429_says_how_long_to_wait_and_is_not_slept_on(server, source, headers, seconds):
    answer(server, status=429, headers=headers)
    with pytest.raises(ReadError) as caught:
        source.read_page(QUESTION, limit=10)
    assert type(caught.value) is ReadError
    assert caught.value.retry_after_s == seconds
    assert caught.value.reason == 'HTTP status 429'
    assert len(server.calls) == 1


def test_refused_query_keeps_the_platforms_words(server, source):
    body = {'errCode': '0x1001', 'message': 'Unknown keyword foo', 'status': 'Error'}
    answer(server, status=400, json=body)
    with pytest.raises(QueryError) as caught:
        source.read_page(QUESTION, limit=10)
    assert caught.value.reason == 'Unknown keyword foo'
    assert caught.value.code == 'TC-QUERY'


@pytest.mark.parametrize(
    'message', ['TQL timeout exceeded', 'Query timed out', 'The time-out was hit']
)
def test_query_that_took_too_long_is_worth_a_smaller_page(server, source, message):
    answer(server, status=400, json={'message': message, 'status': 'Error'})
    with pytest.raises(ReadTimeoutError):
        source.read_page(QUESTION, limit=10)


@pytest.mark.parametrize(
    ('status', 'message', 'remedy'),
    [
        (401, 'Timestamp out of acceptable time range', 'clock'),
        (401, 'Invalid timestamp', 'clock'),
        (401, 'Signature data did not match expected result', 'ThreatConnect Secret Key'),
        (401, 'Access Denied', 'ThreatConnect Access ID'),
        (403, 'The requested owner was not found', 'owners of the TQL query'),
        (403, 'Forbidden', 'role'),
    ],
)
def test_refused_credentials_name_the_remedy(server, source, status, message, remedy):
    answer(server, status=status, json={'message': message, 'status': 'Error'})
    with pytest.raises(ReadAuthError, match=remedy) as caught:
        source.read_page(QUESTION, limit=10)
    assert caught.value.reason == message
    assert caught.value.code == 'TC-AUTH'


@pytest.mark.parametrize(
    ('status', 'remedy'),
    [(404, 'API path'), (407, 'proxy inputs'), (302, 'another address'), (418, 'tried again')],
)
def test_other_statuses_are_read_errors_with_a_hint(server, source, status, remedy):
    answer(server, status=status, headers={'Location': 'https://elsewhere.test/'})
    with pytest.raises(ReadError, match=remedy):
        source.read_page(QUESTION, limit=10)
    assert len(server.calls) == 1


def untrusted() -> requests.exceptions.SSLError:
    root = ssl.SSLCertVerificationError(1, 'certificate verify failed')
    root.verify_message = 'self-signed certificate in certificate chain'
    return requests.exceptions.SSLError(MaxRetryError(None, '/v3', PoolSSLError(root)))


@pytest.mark.parametrize(
    ('error', 'error_class', 'words'),
    [
        (requests.ConnectTimeout(), ReadTimeoutError, 'in time'),
        (requests.ReadTimeout(), ReadTimeoutError, 'in time'),
        (requests.ConnectionError(ProtocolError('x', TimeoutError())), ReadTimeoutError, 'in time'),
        (
            requests.ConnectionError(ProtocolError('x', ConnectionResetError(104, 'Reset'))),
            ReadTimeoutError,
            'Reset',
        ),
        (
            requests.exceptions.ChunkedEncodingError(ProtocolError('x', IncompleteRead(3, 4))),
            ReadTimeoutError,
            'IncompleteRead',
        ),
        (requests.exceptions.SSLError(ssl.SSLEOFError(8, 'EOF')), ReadTimeoutError, 'EOF'),
        (untrusted(), ReadError, 'self-signed.*REQUESTS_CA_BUNDLE'),
        (OSError('Could not find a bundle: x'), ReadError, 'REQUESTS_CA_BUNDLE'),
        (
            requests.exceptions.ProxyError(
                MaxRetryError(None, '/', OSError('Tunnel connection failed: 407 Who?'))
            ),
            ReadError,
            'Tunnel connection failed: 407.*proxy inputs',
        ),
        (requests.exceptions.InvalidURL('bad'), ReadError, 'could not be made'),
    ],
)
def test_network_trouble_is_reported_with_its_remedy(server, source, error, error_class, words):
    answer(server, body=error)
    with pytest.raises(error_class, match=words) as caught:
        source.read_page(QUESTION, limit=10)
    assert type(caught.value) is error_class
    assert caught.value.__suppress_context__


def test_texts_never_hold_the_signature(server, source):
    leaks = [
        {'body': requests.exceptions.InvalidHeader(f'header value: {SIGNATURE!r}')},
        {'status': 401, 'body': f'<html>you sent Authorization: {SIGNATURE}</html>'},
        {'status': 500, 'json': {'message': f'sent {SIGNATURE}'}},
    ]
    for leak in leaks:
        answer(server, **leak)
        with pytest.raises((ReadError, ReadAuthError, ReadTimeoutError)) as caught:
            source.read_page(QUESTION, limit=10)
        shown = f'{caught.value} {caught.value.reason} {caught.value.context}'
        assert SIGNATURE.split(':')[1] not in shown


def test_answer_that_drips_is_aborted(server, session):
    class DrippingClock(StandingClock):
        def monotonic(self):
            self.advance(4)
            return super().monotonic()

    timeouts = Timeouts(connect_s=1, read_s=1, total_s=10)
    source = ThreatConnectSource(
        session, fields=(), clock=DrippingClock(), redactor=Redactor(), timeouts=timeouts
    )
    answer(server, body=b' ' * (1 << 18))
    with pytest.raises(ReadTimeoutError, match='too long'):
        source.read_page(QUESTION, limit=10)


@pytest.mark.parametrize(
    ('date', 'is_used'),
    [
        ('Wed, 04 Mar 2026 12:04:59 GMT', True),
        ('Wed, 04 Mar 2026 11:55:01 GMT', True),
        ('Wed, 04 Mar 2026 12:05:01 GMT', False),
        ('Thu, 05 Mar 2026 12:00:00 GMT', False),
        ('Wed, 04 Mar 2020 12:00:00 GMT', False),
        ('Fri, 31 Dec 9999 23:59:59 -1400', False),
        ('soon', False),
    ],
)
def test_date_is_used_up_to_five_minutes_off_and_otherwise_reported(server, source, date, is_used):
    server.add(responses.GET, INDICATORS, json=page(5, count=1), headers={'Date': date})
    _, server_at = source.count(QUESTION)
    assert abs(server_at - NOON) <= dt.timedelta(minutes=5)
    if not is_used:
        assert server_at == NOON - dt.timedelta(minutes=5)
    assert (source.warning is None) == (is_used or date[0] not in 'TWF' or '9999' in date)


def test_wrong_date_is_reported_for_a_day(server, source, clock):
    wrong = {'Date': 'Thu, 05 Mar 2026 12:00:00 GMT'}
    server.add(responses.GET, INDICATORS, json=page(5, count=1), headers=wrong)
    source.count(QUESTION)
    assert '2026-03-05T12:00:00Z' in source.warning
    clock.advance(24 * 3600 + 1)
    assert source.warning is None


def test_answer_without_end_is_aborted(server, source, monkeypatch):
    limit = SizeLimit(body_bytes=1 << 20, values=100)
    monkeypatch.setattr('sentinel_app.threatconnect.client.PAGE_LIMIT', limit)
    answer(server, body=b' ' * (2 << 20))
    with pytest.raises(ReadTimeoutError, match='larger than 1 MB'):
        source.read_page(QUESTION, limit=10)


@pytest.mark.parametrize(('offset', 'more'), [(0, {'count': 'true'}), (70, {})])
def test_window_page_is_taken_in_any_order(server, source, offset, more):
    answer(
        server,
        json=page(9, 5, 9, **({'count': 12} if more else {})),
        match=[
            matchers.query_param_matcher(
                {
                    'tql': TQL,
                    'fields': ['tags', 'attributes'],
                    'resultStart': str(offset),
                    'resultLimit': '500',
                    'sorting': 'id asc',
                    **more,
                }
            )
        ],
    )
    result = source.read_window(QUESTION, limit=500, offset=offset)
    assert [row['id'] for row in result.rows] == [9, 5, 9]
    assert result.count == (12 if more else None)
    assert result.server_at == SERVER_AT


def test_first_window_page_must_include_the_count(server, source):
    answer(server, json=page(1))
    with pytest.raises(ReadError, match='how many'):
        source.read_window(QUESTION, limit=5, offset=0)


@pytest.mark.parametrize('row', [{}, {'id': '5'}, {'id': True}])
def test_window_row_without_a_whole_number_as_id_is_refused(server, source, row):
    answer(server, json={'data': [row], 'count': 1, 'status': 'Success'})
    with pytest.raises(ReadError, match='whole number'):
        source.read_window(QUESTION, limit=5, offset=0)


def test_count_asks_for_one_row_and_returns_the_servers_time(server, source):
    answer(
        server,
        json=page(5, count=1234567),
        match=[
            matchers.query_param_matcher(
                {'tql': TQL, 'resultStart': '0', 'resultLimit': '1', 'count': 'true'}
            )
        ],
    )
    assert source.count(QUESTION) == (1234567, SERVER_AT)


@pytest.mark.parametrize(
    'count', [{}, {'count': None}, {'count': -1}, {'count': '3'}, {'count': True}]
)
def test_missing_count_is_a_read_error(server, source, count):
    answer(server, json=page(**count))
    with pytest.raises(ReadError, match='how many'):
        source.count(QUESTION)


def owner_page(server, start, rows, **more):
    server.add(
        responses.GET,
        f'{BASE}/v3/security/owners',
        json={'data': rows, 'status': 'Success', **more},
        headers=DATE,
        match=[matchers.query_param_matcher({'resultStart': str(start), 'resultLimit': '10000'})],
    )


def test_owners_are_read_page_by_page_without_following_addresses(server, source):
    org = {'id': 12, 'name': 'Org', 'type': 'Organization', 'permIndicator': 'FULL'}
    hidden = {'id': 13, 'name': 'Hidden', 'type': 'Source', 'permIndicator': 'NONE'}
    feed = {'id': 9, 'name': 'Ünï "feed"', 'type': 'Source'}
    owner_page(server, 0, [org, hidden], next='https://evil.example/api/v3/security/owners')
    owner_page(server, 2, [feed])
    assert source.owners() == (
        Owner(name='Org', type='Organization'),
        Owner(name='Ünï "feed"', type='Source'),
    )


@pytest.mark.parametrize('second', [[], [{'id': 1, 'name': 'Org', 'type': 'Organization'}]])
def test_owners_end_when_a_page_brings_nothing_new(server, source, second):
    owner_page(server, 0, [{'id': 1, 'name': 'Org', 'type': 'Organization'}], next='https://x')
    owner_page(server, 1, second, next='https://x')
    assert [owner.name for owner in source.owners()] == ['Org']


def test_page_of_hidden_owners_does_not_end_the_reading(server, source):
    owner_page(server, 0, [{'id': 1, 'name': 'H', 'permIndicator': 'NONE'}], next='https://x')
    owner_page(server, 1, [{'id': 2, 'name': 'Org', 'type': 'Organization'}])
    assert [owner.name for owner in source.owners()] == ['Org']


def test_owner_without_a_name_is_a_read_error(server, source):
    owner_page(server, 0, [{'id': 1}])
    with pytest.raises(ReadError, match='without a name'):
        source.owners()


def test_keywords_are_requested_by_options(server, source):
    rows = [
        {'keyword': 'typeName', 'name': 'Type Name', 'type': 'String', 'description': 'The type'},
        {'name': 'rating', 'type': 'Integer', 'groupable': True},
        {'type': 'String'},
    ]
    server.add(
        responses.OPTIONS,
        f'{BASE}/v3/indicators/tql',
        body=json.dumps({'data': rows, 'count': 3, 'status': 'Success'}),
        match=[matchers.query_param_matcher({})],
    )
    assert source.keywords() == (
        TqlKeyword(name='typeName', type='String', description='The type'),
        TqlKeyword(name='rating', type='Integer'),
    )
