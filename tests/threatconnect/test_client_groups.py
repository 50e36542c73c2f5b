"""How the client asks for the labels of Groups, and what it makes of the answers."""

import json

import pytest
import responses
from responses import matchers

from sentinel_app.core.question import Question
from sentinel_app.errors import AnswerError, ReadAuthError, ReadError, ReadTimeoutError
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect.client import ThreatConnectSource
from sentinel_app.threatconnect.group_pages import GROUPS_IN_CLAUSE
from tests.harness.clocks import StandingClock
from tests.threatconnect.test_client import BASE, DATE, INDICATORS, PrefixingSession

GROUPS = f'{BASE}/v3/groups'
BIG = 2**53 + 1
MANY = range(BIG, BIG + 100)


@pytest.fixture
def server():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def source():
    with PrefixingSession() as session:
        yield ThreatConnectSource(
            session, fields=('tags',), clock=StandingClock(), redactor=Redactor()
        )


def group(number, *labels, **members):
    data = {'data': [{'id': 1, 'name': label} for label in labels]} if labels else {}
    return {'id': number, 'type': 'Report', 'name': 'x', 'securityLabels': data, **members}


def answer(server, *rows, **members):
    body = {'data': list(rows), 'status': 'Success', **members}
    server.add(responses.GET, GROUPS, headers=DATE, json=body)


def body_of(request):
    return json.loads(request.body)['data'] if request.body else None


def serve_all(server, *, ignores_body=False, labels=()):
    """Answer every question for Groups by its ids, as ThreatConnect does."""

    def reply(request):
        asked = body_of(request)
        if asked is None or ignores_body:
            asked = request.params
        tql = asked.get('tql', 'id in (1)')
        found = [] if 'id < 0' in tql else tql.partition('(')[2].rstrip(')').split(', ')
        rows = [group(int(number), *labels) for number in found]
        return 200, DATE, json.dumps({'data': rows, 'status': 'Success'})

    server.add_callback(responses.GET, GROUPS, callback=reply)


def test_labels_are_asked_for_with_exactly_these_parameters(server, source):
    server.add(
        responses.GET,
        GROUPS,
        headers=DATE,
        json={'data': [group(BIG, 'TLP:RED', 'Internal'), group(7)], 'status': 'Success'},
        match=[
            matchers.query_param_matcher(
                {
                    'tql': f'id in (7, {BIG})',
                    'fields': 'securityLabels',
                    'resultStart': '0',
                    'resultLimit': '10000',
                    'sorting': 'id asc',
                }
            )
        ],
    )
    assert source.group_labels([7, BIG]) == {BIG: ('TLP:RED', 'Internal'), 7: ()}
    assert server.calls[0].request.body is None


def test_nothing_is_asked_for_no_groups(server, source):
    assert source.group_labels([]) == {}


@pytest.mark.parametrize(
    'labels',
    [None, [], 'x', {'data': None}, {'data': [{}]}, {'data': [{'name': 'A'}], 'count': 2}],
)
def test_group_whose_labels_are_not_all_there_is_left_out(server, source, labels):
    answer(server, group(1, securityLabels=labels), group(2, 'A'))
    assert source.group_labels([1, 2, 3]) == {2: ('A',)}


def test_group_without_the_member_is_left_out(server, source):
    answer(server, {'id': 1, 'name': 'x'})
    assert source.group_labels([1]) == {}


def test_groups_are_read_to_the_last_page(server, source):
    answer(server, group(1), group(2), next=f'{GROUPS}?resultStart=2')
    answer(server, group(3))
    assert sorted(source.group_labels([1, 2, 3])) == [1, 2, 3]
    assert [call.request.params['resultStart'] for call in server.calls] == ['0', '2']


def test_pages_that_repeat_themselves_have_an_end(server, source):
    for _ in range(2):
        answer(server, group(1), next=f'{GROUPS}?resultStart=1')
    assert source.group_labels([1, 2]) == {1: ()}
    assert len(server.calls) == 2


def test_long_question_is_proved_and_goes_in_the_body(server, source):
    serve_all(server, labels=('TLP:GREEN',))
    assert source.group_labels(MANY) == dict.fromkeys(MANY, ('TLP:GREEN',))
    proof, asked = (body_of(call.request)['tql'] for call in server.calls)
    assert asked.startswith(f'id in ({BIG}, ')
    assert proof == f'({asked}) AND id < 0'


def test_long_question_whose_body_is_dropped_goes_in_the_address(server, source):
    serve_all(server, ignores_body=True)
    assert sorted(source.group_labels(MANY)) == list(MANY)
    assert [bool(call.request.body) for call in server.calls] == [True, False, False]


def test_many_groups_are_asked_for_in_parts_that_fit_an_address(server, source):
    serve_all(server, ignores_body=True)
    ids = range(2**63 - 2 * GROUPS_IN_CLAUSE - 1, 2**63 - 1)
    assert sorted(source.group_labels(ids)) == list(ids)
    assert all(len(call.request.url) < 8_000 for call in server.calls)
    sizes = [
        call.request.params['tql'].count(',') + 1
        for call in server.calls
        if not call.request.body and 'id < 0' not in call.request.params['tql']
    ]
    assert sizes == [GROUPS_IN_CLAUSE, GROUPS_IN_CLAUSE]


def test_form_that_arrives_is_shared_with_questions_for_indicators(server, source):
    serve_all(server, ignores_body=True)
    source.group_labels(MANY)
    server.add(responses.GET, INDICATORS, headers=DATE, json={'data': [], 'status': 'Success'})
    source.read_page(Question(tql='x' * 3_000), limit=5)
    assert server.calls[-1].request.url.startswith(f'{INDICATORS}?')
    assert server.calls[-1].request.body is None


@pytest.mark.parametrize('number', [2, '1', None, 1.5, [1]])
def test_group_that_was_not_asked_for_is_refused(server, source, number):
    answer(server, group(1), group(number, 'TLP:CLEAR'))
    with pytest.raises(AnswerError, match=r'the Group .+ which was not asked for'):
        source.group_labels([1])


@pytest.mark.parametrize(
    ('status', 'error'),
    [(429, ReadError), (503, ReadTimeoutError), (401, ReadAuthError)],
)
def test_errors_are_those_of_any_request(server, source, status, error):
    body = {'status': 'Error', 'message': 'no'}
    server.add(responses.GET, GROUPS, headers=DATE, status=status, json=body)
    with pytest.raises(error):
        source.group_labels([1])


def test_refused_question_is_not_blamed_on_the_query_of_a_person(server, source):
    body = {'status': 'Error', 'message': 'Unknown field'}
    server.add(responses.GET, GROUPS, headers=DATE, status=400, json=body)
    with pytest.raises(ReadError) as caught:
        source.group_labels([1])
    assert caught.value.reason == 'Unknown field'
    assert 'CONFIGURE' not in caught.value.message
