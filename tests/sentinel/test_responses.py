import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.sink import UploadReply
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    BatchUnclearError,
    SentinelAppError,
    ThrottledError,
    UnauthorizedError,
    UploadDeniedError,
    UploadServerError,
)
from sentinel_app.sentinel.responses import read_reply
from tests.harness.answers import answer
from tests.harness.clocks import NOON

ID_MISSING = 'Error for Property=id: Required property is missing. Actual value: NULL.'


def read(status=200, body=b'', headers=None, count=4) -> UploadReply:
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return read_reply(answer(status, body, headers), count=count, now=NOON)


def errors(*entries, name='errorMessages'):
    return {'errors': [{'recordIndex': index, name: texts} for index, texts in entries]}


@pytest.mark.parametrize('status', [200, 201, 202, 204])
@pytest.mark.parametrize('body', [b'', b' \r\n', b'{}', {'errors': []}, {'errors': None}])
def test_success_without_errors_accepts_all(status, body):
    assert read(status, body).refusals == {}


def test_byte_order_mark_is_no_part_of_the_answer():
    assert read(200, '\ufeff{}'.encode()).refusals == {}


@pytest.mark.parametrize('name', ['errorMessages', 'validationErrorMessages'])
def test_list_is_read_under_both_names(name):
    reply = read(200, errors((3, [ID_MISSING, 'b']), (0, ['c']), name=name))
    assert reply.refusals == {3: (ID_MISSING, 'b'), 0: ('c',)}


def test_errors_of_one_object_are_combined():
    assert read(200, errors((1, ['a']), (1, ['b']))).refusals == {1: ('a', 'b')}


def test_objects_may_all_be_refused_with_status_200():
    assert set(read(200, errors((0, ['a']), (1, ['b'])), count=2).refusals) == {0, 1}


@pytest.mark.parametrize('index', ['2', 2])
def test_index_may_come_as_text(index):
    assert read(200, errors((index, ['a']))).refusals == {2: ('a',)}


@pytest.mark.parametrize('messages', [None, [], {}, 5])
def test_refusal_without_a_reason_still_counts(messages):
    assert read(200, errors((2, messages))).refusals == {2: ('Sentinel gave no reason.',)}


@pytest.mark.parametrize(
    ('messages', 'kept'),
    [('one', ('one',)), ([{'code': 7}], ('{"code": 7}',)), (['a\r\nb'], ('a b',))],
)
def test_reasons_of_other_shapes_are_kept_as_they_are(messages, kept):
    assert read(200, errors((2, messages))).refusals == {2: kept}


@pytest.mark.parametrize(
    'listed',
    [
        [{'recordIndex': 4, 'errorMessages': ['a']}],
        [{'recordIndex': -1, 'errorMessages': ['a']}],
        [{'recordIndex': None, 'errorMessages': ['a']}],
        [{'recordIndex': True, 'errorMessages': ['a']}],
        [{'recordIndex': 1.5, 'errorMessages': ['a']}],
        [{'recordIndex': 'first', 'errorMessages': ['a']}],
        [{'errorMessages': ['a']}],
        ['a'],
        [None],
        'a',
        {'recordIndex': 'x'},
        [{'recordIndex': 0, 'errorMessages': ['a']}, {'recordIndex': 99}],
    ],
)
@pytest.mark.parametrize('status', [200, 400])
def test_refusal_that_names_no_object_halves_the_batch(status, listed):
    with pytest.raises(BatchRefusedError, match='which one') as caught:
        read(status, {'errors': listed})
    # A 400 accepts nothing; of a success it is not known what it accepts.
    assert isinstance(caught.value, BatchUnclearError) == (status == 200)
    assert caught.value.reason
    assert caught.value.code == 'AZ-400'


@pytest.mark.parametrize('status', [200, 400])
@pytest.mark.parametrize('index', [0, 7, None, 'x'])
def test_error_in_a_batch_of_one_is_about_that_object(status, index):
    assert read(status, errors((index, ['a'])), count=1).refusals == {0: ('a',)}


def test_error_that_is_not_an_object_counts_as_a_refusal_without_a_reason():
    assert read(200, {'errors': ['a']}, count=1).refusals == {0: ('Sentinel gave no reason.',)}


def test_400_that_names_every_object_refuses_them():
    reply = read(400, errors((1, ['b']), (0, ['a'])), count=2)
    assert reply.refusals == {0: ('a',), 1: ('b',)}


def test_400_that_names_some_objects_accepts_none_of_the_others():
    with pytest.raises(BatchRefusedError, match='whole request'):
        read(400, errors((1, ['b'])), count=2)


def test_400_keeps_the_services_words():
    body = {
        'error': {
            'code': 'InvalidRequestBodyProperty(RequestBody)',
            'message': 'Body of the request is not in valid JSON format.',
            'details': [],
            'target': None,
        }
    }
    with pytest.raises(BatchRefusedError) as caught:
        read(400, body)
    assert caught.value.reason == (
        'InvalidRequestBodyProperty(RequestBody): Body of the request is not in valid JSON format.'
    )
    assert caught.value.context == {'status': 400, 'objects': 4}


@pytest.mark.parametrize('body', [b'', b'[]', b'null', b'x', {'errors': []}, b'[' * 100_000])
def test_other_400_refuses_the_batch(body):
    with pytest.raises(BatchRefusedError):
        read(400, body)


@pytest.mark.parametrize(
    'body',
    [b'<html>Sign in</html>', b'OK', b'null', b'[]', b'"x"', {'error': {'code': 'x'}}, b'{"err'],
)
def test_success_that_is_not_sentinels_is_rejected(body):
    with pytest.raises(UploadServerError, match='does not look like'):
        read(200, body)


@pytest.mark.parametrize(
    ('headers', 'body', 'seconds'),
    [
        ({'Retry-After': '45'}, b'', 45),
        ({'retry-after': 'Wed, 04 Mar 2026 12:00:30 GMT'}, b'', 30),
        ({'RETRY-AFTER': 'Wed, 04 Mar 2026 11:00:00 GMT'}, b'', 0),
        ({'Retry-After': '86400'}, b'', 3600),
        ({'Retry-After': '7'}, {'message': 'Try again in 45 seconds.'}, 7),
        ({'Retry-After': 'soon'}, {'message': 'Try again in 45 seconds.'}, 45),
        ({}, {'statusCode': 429, 'message': 'Rate limit is exceeded. Try again in 1 second.'}, 1),
        ({}, {'message': 'Try again in 99999 seconds.'}, 3600),
        ({'Retry-After': '0'}, {'message': 'Try again in 45 seconds.'}, 45),
        ({'Retry-After': '86400'}, {'message': 'Try again in 45 seconds.'}, 45),
        ({}, b'Too Many Requests', 60),
        ({}, b'', 60),
    ],
)
def test_429_says_how_long_to_wait(headers, body, seconds):
    with pytest.raises(ThrottledError) as caught:
        read(429, body, headers)
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    'body', [b'', {'statusCode': 401, 'message': 'Unauthorized. Access token is missing.'}, b'[]']
)
def test_401_asks_for_a_new_token(body):
    with pytest.raises(UnauthorizedError):
        read(401, body)


NO_ROLE = {
    'error': {
        'code': 'UnauthorizedAccess',
        'message': 'The Object ID [1] does not have required permission on the workspace [2].',
    }
}


@pytest.mark.parametrize(
    ('status', 'body'), [(401, NO_ROLE), (403, NO_ROLE), (403, b''), (403, b'<p>You do not have')]
)
def test_missing_role_is_denied_and_names_the_role(status, body):
    with pytest.raises(
        UploadDeniedError, match="'Microsoft Sentinel Contributor' to the"
    ) as caught:
        read(status, body)
    assert caught.value.code == 'AZ-403'
    assert 'minutes' in caught.value.message


@pytest.mark.parametrize(
    ('status', 'remedy'),
    [
        (404, 'Sentinel Workspace ID'),
        (302, 'Sentinel Upload URL'),
        (407, 'proxy inputs'),
        (405, 'Sentinel Workspace ID'),
        (415, 'Sentinel Workspace ID'),
    ],
)
def test_wrong_address_is_denied_and_names_the_input(status, remedy):
    with pytest.raises(UploadDeniedError, match=remedy) as caught:
        read(status)
    assert caught.value.code == 'AZ-404'


def test_413_asks_for_smaller_batches():
    with pytest.raises(BatchTooLargeError):
        read(413)


@pytest.mark.parametrize('status', [408, 500, 502, 503, 504, 599])
@pytest.mark.parametrize('body', [b'', b'<html>x</html>', {'statusCode': 500, 'message': 'm'}])
def test_server_errors_are_worth_another_attempt(status, body):
    with pytest.raises(UploadServerError) as caught:
        read(status, body, {'Retry-After': '9'})
    assert caught.value.retry_after_s == 9


def test_server_error_without_a_time_leaves_it_to_the_policy():
    with pytest.raises(UploadServerError) as caught:
        read(500)
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize(
    ('headers', 'body', 'reason'),
    [
        ({'X-Ms-Error-Code': 'Busy'}, b'', 'Busy'),
        ({'x-ms-error-code': 'Busy'}, {'message': 'm'}, 'Busy: m'),
        ({'x-ms-error-code': 'Busy'}, {'error': {'code': 'busy', 'message': 'm'}}, 'busy: m'),
        ({}, {'unknown': 1}, '{"unknown": 1}'),
        ({}, b'<html><body>Our\nservices <b>are</b> down', 'Our services are down'),
        ({}, b'echo Bearer eyJ0eXAiOiJKV1Qi', 'echo Bearer ***'),
        ({}, b'x' * 5000, 'x' * 999 + '…'),
        ({}, b'', ''),
    ],
)
def test_reason_holds_the_other_sides_words(headers, body, reason):
    with pytest.raises(UploadServerError) as caught:
        read(500, body, headers)
    assert ' '.join(caught.value.reason.split()) == reason


MAY_BE_STORED = UploadServerError, BatchUnclearError

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(['errors', 'error', 'message', 'code', 'recordIndex', 'errorMessages']),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.integers(100, 599),
    st.one_of(st.binary(max_size=50), json_values.map(lambda value: json.dumps(value).encode())),
    st.dictionaries(st.sampled_from(['Retry-After', 'x-ms-error-code']), st.text(max_size=9)),
    st.integers(1, 100),
)
def test_answer_of_any_content_yields_a_reply_or_an_error_of_the_app(status, body, headers, count):
    error, refusals = None, {}
    try:
        refusals = read_reply(answer(status, body, headers), count=count, now=NOON).refusals
    except SentinelAppError as raised:
        error = raised
    if error is None:
        assert status < 300 or len(refusals) == count
        assert all(0 <= index < count for index in refusals)
        assert all(refusals.values())
    else:
        # What may be stored all the same must be told from what is not.
        assert status not in range(200, 300) or isinstance(error, MAY_BE_STORED)
        assert len(error.reason) <= 1000
        assert len(error.reason.splitlines()) <= 1
