"""What the client asks, in which form, and what it makes of answers to other questions."""

import pytest
import responses

from sentinel_app.core.question import Question
from sentinel_app.errors import AnswerError, FatalError, GatewayError, QueryError, ReadAuthError
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.client import MOST_OWNER_PAGES, ThreatConnectSource
from tests.harness.clocks import StandingClock
from tests.threatconnect.test_client import BASE, DATE, INDICATORS, PrefixingSession

SHORT = Question(tql='rating > 3', owners=('Org',))
LONG = Question(tql='x' * 3_000, owners=('Org',))
BLOCKED = '<html><h1>Request blocked</h1></html>'


class CountingPace:
    def __init__(self):
        self.requests = 0

    def wait(self):
        self.requests += 1


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def pace():
    return CountingPace()


@pytest.fixture
def source(pace):
    with PrefixingSession() as session:
        yield ThreatConnectSource(
            session,
            fields=('tags',),
            clock=StandingClock(),
            redactor=Redactor(),
            pace=pace,
        )


def row(number=1, owner='Org'):
    return {'id': number, 'ownerName': owner, 'tags': {}}


def answer(server, *rows, **options):
    body = {'data': list(rows), 'count': len(rows), 'status': 'Success'}
    options.setdefault('json', body)
    server.add(responses.GET, INDICATORS, headers=DATE, **options)


CALLS = {
    'read_page': lambda source: source.read_page(SHORT, limit=5),
    'read_window': lambda source: source.read_window(SHORT, limit=5, offset=0),
    'read_window further': lambda source: source.read_window(SHORT, limit=5, offset=5),
    'count': lambda source: source.count(SHORT),
}


@pytest.mark.parametrize('call', CALLS.values(), ids=CALLS)
def test_calls_never_return_a_row_that_was_not_requested(server, source, call):
    answer(server, row(owner='Other'))
    with pytest.raises(AnswerError, match='Other'):
        call(source)


@pytest.mark.parametrize('call', CALLS.values(), ids=CALLS)
def test_requests_all_keep_to_the_pace(server, source, pace, call):
    answer(server, row())
    call(source)
    assert pace.requests == len(server.calls) == 1


def test_requests_of_other_kinds_keep_to_the_pace_as_well(server, source, pace):
    page = {'data': [], 'status': 'Success'}
    for method, path in (
        (responses.GET, '/v3/security/owners'),
        (responses.GET, '/v3/indicators/deleted'),
        (responses.OPTIONS, '/v3/indicators/tql'),
    ):
        server.add(method, BASE + path, json=page, headers=DATE)
    source.owners()
    source.server_time()
    source.keywords()
    source.deleted('Org', since=None, start=0, limit=5)
    assert pace.requests == len(server.calls) == 4


@pytest.mark.parametrize(('question', 'is_in_body'), [(SHORT, False), (LONG, True)])
def test_verification_is_asked_in_the_form_of_the_question(server, source, question, is_in_body):
    answer(server)
    source.verify(question)
    (call,) = server.calls
    assert (call.request.body is not None) == is_in_body
    assert 'id' in (call.request.body or call.request.url.encode()).decode()


def test_row_where_there_can_be_none_is_reported(server, source):
    answer(server, row())
    with pytest.raises(AnswerError, match='as if the TQL had not arrived'):
        source.verify(SHORT)


def test_entries_of_another_owners_deleted_list_are_ignored(server, source):
    entries = [{'type': 'Host', 'summary': 'a', 'ownerName': name} for name in ('Org', 'Other')]
    server.add(
        responses.GET,
        f'{INDICATORS}/deleted',
        json={'data': entries, 'status': 'Success'},
        headers=DATE,
    )
    with pytest.raises(AnswerError, match='Other'):
        source.deleted('Org', since=None, start=0, limit=5)


def test_owners_without_end_are_reported(server, source, pace):
    def more(_request):
        name = f'Owner {pace.requests}'
        return 200, {}, f'{{"data":[{{"name":"{name}"}}],"next":"https://x","status":"Success"}}'

    server.add_callback(responses.GET, f'{BASE}/v3/security/owners', callback=more)
    with pytest.raises(FatalError, match='keeps returning owners'):
        source.owners()
    assert pace.requests == MOST_OWNER_PAGES


@pytest.mark.parametrize('status', [400, 403, 405, 411, 413, 414, 431, 501])
@pytest.mark.parametrize('body', [BLOCKED, '', '{"message":"Forbidden"}', '[1]', '{"status":403}'])
def test_refusal_that_is_not_threatconnects_own_is_a_gateways(server, source, status, body):
    answer(server, status=status, body=body, json=None)
    with pytest.raises(GatewayError, match='Something between the App and ThreatConnect') as caught:
        source.read_page(SHORT, limit=5)
    assert str(status) in caught.value.message
    assert caught.value.reason
    assert 'TQL' not in caught.value.message
    assert 'refused the credentials' not in caught.value.message


@pytest.mark.parametrize(
    ('status', 'error_class'), [(400, QueryError), (403, ReadAuthError), (413, GatewayError)]
)
def test_threatconnects_own_refusal_keeps_its_meaning(server, source, status, error_class):
    answer(server, status=status, json={'errCode': '0x1', 'message': 'No', 'status': 'Error'})
    for question in (SHORT, LONG):
        with pytest.raises(error_class) as caught:
            source.read_page(question, limit=5)
        assert caught.value.reason == 'No'
