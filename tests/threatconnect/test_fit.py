"""Rows are held against the question, and one that was not asked for lets none of them pass."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.question import Question
from sentinel_app.errors import ActivityError, AnswerError, ReadError, ReadOrderError
from sentinel_app.threatconnect import fit
from sentinel_app.threatconnect.fit import check_deleted, check_empty, check_fit

FIELDS = ('associatedGroups', 'attributes', 'externalDates', 'securityLabels', 'tags')
ASKED = Question(
    tql='', owners=('Org', 'Føed é'), types=('Host', 'Email Subject'), is_active=True, after_id=10
)


def row(**changes):
    whole = {
        'id': 11,
        'ownerName': 'Org',
        'type': 'Host',
        'active': True,
        'attributes': {},
        'tags': {},
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not ...}


def check(*rows, question=ASKED, limit=100, fields=FIELDS):
    check_fit(rows, question, limit=limit, fields=fields)


@pytest.mark.parametrize(
    'changes',
    [
        {},
        # As TQL compares, or as the same text may be written.
        {'ownerName': 'ORG'},
        {'ownerName': ' org '},
        {'ownerName': 'fØed e\u0301'},
        {'type': 'HOST'},
        {'type': 'EmailSubject'},
        # No proof; such a row is invalid, which is found out later.
        {'ownerName': ...},
        {'ownerName': None},
        {'ownerName': 7},
        {'ownerName': ' '},
        {'type': ''},
        {'type': ['Host']},
        {'active': ...},
        {'active': 'no'},
        # Some of the fields are there, the others unknown.
        {'attributes': ...},
        {'tags': ..., 'attributes': None},
    ],
)
def test_row_that_may_have_been_requested_is_accepted(changes):
    check(row(), row(**changes))


@pytest.mark.parametrize(
    ('changes', 'error_class', 'words'),
    [
        ({'ownerName': 'Other'}, AnswerError, 'owner "Other" where only "Org", "Føed é"'),
        ({'ownerName': 'Org2'}, AnswerError, 'Org2'),
        ({'type': 'Address'}, AnswerError, 'type "Address" where only "Host", "Email Subject"'),
        ({'tags': ..., 'attributes': ...}, AnswerError, 'without associatedGroups, attributes'),
        ({'active': False}, ActivityError, 'inactive Indicator 11'),
        ({'id': 10}, ReadOrderError, 'Indicator 10'),
        ({'id': -1}, ReadError, 'whole number'),
        ({'id': 2**63}, ReadError, 'whole number'),
        ({'id': None}, ReadError, 'whole number'),
    ],
)
@pytest.mark.parametrize('place', [0, 1, 2])
def test_row_that_was_not_requested_invalidates_the_answer(changes, error_class, words, place):
    rows = [row(), row()]
    rows.insert(place, row(**changes))
    with pytest.raises(error_class, match=words) as caught:
        check(*rows)
    assert type(caught.value) is error_class


@pytest.mark.parametrize(
    ('activity', 'error_class'),
    [(True, ActivityError), (None, AnswerError), ('no', AnswerError), (..., AnswerError)],
)
def test_inactive_rows_count_as_gone_only_when_marked_as_such(activity, error_class):
    question = Question(tql='', is_active=False)
    check(row(active=False), question=question)
    with pytest.raises(error_class):
        check(row(active=False), row(active=activity), question=question)


def test_rows_of_any_activity_pass_where_the_tql_decides_about_it():
    check(row(active=False), row(), question=Question(tql='', is_active=None))


def test_ids_that_were_not_requested_are_refused():
    question = Question(tql='', ids=frozenset({11, 12}))
    check(row(), row(id=12), question=question)
    with pytest.raises(ReadOrderError, match='Indicator 13'):
        check(row(), row(id=13), question=question)


def test_rows_beyond_the_number_requested_are_refused():
    check(row(), row(), limit=2)
    with pytest.raises(AnswerError, match='3 Indicators where at most 2'):
        check(row(), row(), row(), limit=2)


def test_names_are_shown_bounded_and_on_one_line():
    question = Question(tql='', owners=tuple(f'owner {number}' for number in range(500)))
    with pytest.raises(AnswerError) as caught:
        check(row(ownerName='x\n' * 10_000), question=question)
    assert 'and 497 more' in caught.value.message
    assert '\n' not in caught.value.message
    assert len(caught.value.message) < 700


def test_fields_are_not_missed_where_none_were_requested():
    check({'id': 11}, question=Question(tql=''), fields=())
    check({'id': 11}, question=Question(tql=''), fields=('threatAssess',))


@pytest.mark.parametrize(('rows', 'count'), [([{}], None), ([], 1), ([{}], 0)])
def test_row_where_there_can_be_none_is_refused(rows, count):
    check_empty([], 0)
    check_empty([], None)
    with pytest.raises(AnswerError, match='lets none pass'):
        check_empty(rows, count)


def test_deleted_list_is_of_its_owner():
    check_deleted([{'ownerName': 'ORG'}, {}, {'ownerName': None}], 'Org')
    with pytest.raises(AnswerError, match='owner "Other"'):
        check_deleted([{'ownerName': 'Org'}, {'ownerName': 'Other'}], 'Org')


names = st.text(min_size=1).filter(lambda text: bool(text.strip()))
values = st.one_of(st.none(), st.booleans(), st.integers(), names, st.lists(names, max_size=2))


@given(
    owners=st.lists(names, min_size=1, max_size=3),
    rows=st.lists(
        st.fixed_dictionaries(
            {'id': st.integers(-5, 2**64)},
            optional={'ownerName': values, 'type': values, 'active': values, 'tags': values},
        ),
        max_size=3,
    ),
)
def test_accepted_rows_name_no_other_owner(owners, rows):
    question = Question(tql='', owners=tuple(owners), is_active=True)
    try:
        check(*rows, question=question)
    except (AnswerError, ReadError):
        return
    asked = {name.strip().casefold() for name in owners}
    for each in rows:
        name = each.get('ownerName')
        if isinstance(name, str) and name.isascii() and all(text.isascii() for text in owners):
            assert name.strip().casefold() in asked
        assert each.get('active') is not False


@pytest.mark.parametrize('member', ['ownerName', 'type'])
def test_name_of_megabytes_is_refused_at_once_and_not_remembered(member):
    # Putting marks in order takes the square of their number.
    name = 'a' + '\u0301\u0323' * 500_000
    began, known = time.process_time(), fit._folded.cache_info().currsize
    with pytest.raises(AnswerError):
        check(row(**{member: name}))
    assert time.process_time() - began < 1
    assert fit._folded.cache_info().currsize <= known + len(ASKED.owners)
