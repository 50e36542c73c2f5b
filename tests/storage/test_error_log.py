"""What `ErrorLog` promises."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from sentinel_app.core.error_entry import ErrorEntry, ErrorFilter
from sentinel_app.storage import error_log as error_log_module
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.sqlite import Database
from tests.harness.builders.update import make_error
from tests.harness.clocks import NOON

SECOND = dt.timedelta(seconds=1)


def summaries(error_log: ErrorLog, **filters: object) -> list[str | None]:
    return [entry.summary for entry in error_log.entries(ErrorFilter(**filters))]  # type: ignore[arg-type]


def test_entry_is_restored_unchanged(error_log: ErrorLog):
    full = make_error(at=NOON + dt.timedelta(milliseconds=7), indicator_id=2**53 + 1)
    bare = ErrorEntry(request_id='j2', at=NOON, code='TC-AUTH', message='Mend it.', reason='')
    error_log.add([full, bare])

    assert list(error_log.entries()) == [bare, full]


def test_errors_are_grouped_by_job_code_and_text(error_log: ErrorLog):
    error_log.add(
        [
            make_error(at=NOON),
            make_error(at=NOON + SECOND, summary='two'),
            make_error(at=NOON + 2 * SECOND, code='MAP-VALUE'),
            make_error(at=NOON + 3 * SECOND, reason='Another.'),
            make_error(at=NOON + 4 * SECOND, request_id='j2'),
        ]
    )
    groups, total = error_log.groups()

    assert total == 4
    assert [(group.request_id, group.code, group.reason, group.count) for group in groups] == [
        ('j2', 'AZ-ITEM', 'Validation failed.', 1),
        ('j1', 'AZ-ITEM', 'Another.', 1),
        ('j1', 'MAP-VALUE', 'Validation failed.', 1),
        ('j1', 'AZ-ITEM', 'Validation failed.', 2),
    ]
    assert (groups[3].first_at, groups[3].last_at) == (NOON, NOON + SECOND)
    assert groups[3].message == 'Microsoft Sentinel refused this object.'
    assert [example.summary for example in groups[3].examples] == ['198.51.100.23', 'two']


def test_group_shows_the_first_twenty_indicators_and_counts_all(error_log: ErrorLog):
    error_log.add([make_error(summary=f'value {number}') for number in range(25)])
    groups, _ = error_log.groups()

    assert groups[0].count == 25
    assert [example.summary for example in groups[0].examples] == [
        f'value {number}' for number in range(20)
    ]
    assert len(summaries(error_log)) == 25


def test_groups_come_in_pages_newest_first(error_log: ErrorLog):
    error_log.add(
        [make_error(reason=f'reason {number}', at=NOON + number * SECOND) for number in range(5)]
    )
    pages = [error_log.groups(limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    assert [[group.reason[-1] for group in groups] for groups, _ in pages] == [
        ['4', '3'],
        ['2', '1'],
        ['0'],
        [],
    ]
    assert {total for _, total in pages} == {5}


@pytest.mark.parametrize(
    ('filters', 'expected'),
    [
        ({}, ['d', 'c', 'b', 'a']),
        ({'request_id_part': 'CDE'}, ['b', 'a']),
        ({'request_id_part': '%'}, []),
        ({'code': 'MAP-VALUE'}, ['c', 'b']),
        ({'indicator_type': 'Host'}, ['d']),
        ({'after': NOON + SECOND}, ['d', 'c', 'b']),
        ({'before': NOON + SECOND}, ['a']),
        ({'after': NOON + SECOND, 'before': NOON + 3 * SECOND, 'code': 'MAP-VALUE'}, ['c', 'b']),
        ({'code': 'AZ-ITEM', 'indicator_type': 'URL'}, []),
    ],
)
def test_filters_select_the_same_errors_single_and_in_groups(
    error_log: ErrorLog, filters: dict[str, object], expected: list[str]
):
    error_log.add(
        [
            make_error(summary='a', request_id='abCDef', at=NOON),
            make_error(summary='b', request_id='abcdef', at=NOON + SECOND, code='MAP-VALUE'),
            make_error(summary='c', request_id='x', at=NOON + 2 * SECOND, code='MAP-VALUE'),
            make_error(summary='d', request_id='y', at=NOON + 3 * SECOND, indicator_type='Host'),
        ]
    )
    groups, total = error_log.groups(ErrorFilter(**filters))  # type: ignore[arg-type]

    page, count = error_log.entry_page(ErrorFilter(**filters))  # type: ignore[arg-type]

    assert summaries(error_log, **filters) == expected
    assert [entry.summary for entry in page] == expected
    assert count == len(expected)
    assert [group.examples[0].summary for group in groups] == expected
    assert total == len(expected)


def test_filter_counts_only_what_it_selects_of_a_group(error_log: ErrorLog):
    error_log.add(
        [
            make_error(indicator_type='Host', summary='a'),
            make_error(indicator_type='URL', summary='b'),
        ]
    )
    (group,), _ = error_log.groups(ErrorFilter(indicator_type='URL'))

    assert group.count == 1
    assert [example.summary for example in group.examples] == ['b']


def test_group_returns_all_its_errors_page_by_page(error_log: ErrorLog):
    error_log.add([make_error(summary=f'value {number}') for number in range(5)])
    error_log.add([make_error(reason='Another.'), make_error(summary='value 5')])
    group = next(each for each in error_log.groups()[0] if each.reason != 'Another.')
    pages = [
        error_log.entry_page(group_id=group.id, limit=4, offset=offset) for offset in (0, 4, 8)
    ]

    assert [[str(entry.summary)[-1] for entry in entries] for entries, _ in pages] == [
        ['5', '4', '3', '2'],
        ['1', '0'],
        [],
    ]
    assert {total for _, total in pages} == {6}
    assert error_log.entry_page(group_id=2**62) == ((), 0)


def test_pages_do_not_shift_while_errors_are_added(error_log: ErrorLog):
    error_log.add([make_error(summary=str(number)) for number in range(4)])
    first, _ = error_log.entry_page(limit=2)
    error_log.add([make_error(summary='new')])
    second, total = error_log.entry_page(until_id=first[0].id, limit=2, offset=2)

    assert [entry.summary for entry in (*first, *second)] == ['3', '2', '1', '0']
    assert total == 4


def test_group_keeps_its_number(error_log: ErrorLog):
    error_log.add([make_error()])
    before = error_log.groups()[0][0]
    error_log.add([make_error(), make_error(message='Killed by Bo.')])
    groups = {group.message: group for group in error_log.groups()[0]}

    assert groups[before.message].id == before.id
    assert (groups[before.message].count, groups['Killed by Bo.'].count) == (2, 1)


def test_errors_that_differ_by_their_value_alone_are_one_group(error_log: ErrorLog):
    text = 'Error for Property=pattern: Invalid. Actual value: {}.'
    error_log.add([make_error(reason=text.format(value)) for value in ('a', 'b', '[c].')])
    (group,), total = error_log.groups()
    entries, _ = error_log.entry_page(group_id=group.id)

    assert (total, group.count) == (1, 3)
    assert group.reason == 'Error for Property=pattern: Invalid. Actual value: …'
    assert [entry.reason for entry in entries][-1] == text.format('a')


def test_errors_of_jobs_that_are_not_kept_are_removed(error_log: ErrorLog, db: Database):
    error_log.add([make_error(request_id=job, summary=job) for job in ('j1', 'j2', 'j3', 'j1')])
    with db.write() as transaction:
        transaction.execute("UPDATE error SET state = 'resolved'")
    error_log.remove(['j1', 'j3', 'unknown'])

    assert summaries(error_log) == ['j2']
    assert error_log.request_ids() == ('j2',)


def test_empty_lists_may_be_added_and_removed(error_log: ErrorLog):
    error_log.add([])
    error_log.remove([])

    assert error_log.groups() == ((), 0)


@pytest.mark.parametrize('portion', [1, 3, 7, 1_000])
def test_entries_are_all_returned_whatever_the_portion(
    error_log: ErrorLog, monkeypatch: pytest.MonkeyPatch, portion: int
):
    monkeypatch.setattr(error_log_module, '_PORTION', portion)
    error_log.add([make_error(summary=str(number)) for number in range(7)])

    assert summaries(error_log) == [str(number) for number in reversed(range(7))]


def test_errors_may_be_stored_and_removed_while_entries_are_iterated(error_log: ErrorLog):
    error_log.add([make_error(summary=str(number)) for number in range(3)])
    walk = iter(error_log.entries())
    first = next(walk)
    error_log.add([make_error(summary='new')])
    error_log.remove(['j2'])

    assert [first.summary, *(entry.summary for entry in walk)] == ['2', '1', '0']


def test_unfinished_iteration_does_not_block_storing(error_log: ErrorLog):
    error_log.add([make_error(summary=str(number)) for number in range(3)])
    walk = iter(error_log.entries())
    next(walk)
    other = threading.Thread(target=error_log.add, args=([make_error(summary='other')],))
    other.start()
    other.join()
    error_log.add([make_error(summary='own')])

    assert summaries(error_log)[:2] == ['own', 'other']
    assert len(list(walk)) == 2


def test_log_lists_the_jobs_that_have_errors(error_log: ErrorLog):
    assert error_log.request_ids() == ()
    error_log.add([make_error(), make_error(), make_error(request_id='j2')])

    assert sorted(error_log.request_ids()) == ['j1', 'j2']


@pytest.mark.parametrize('portion', [1, 2, 3, 4])
def test_errors_of_a_job_are_all_removed_whatever_the_portion(
    error_log: ErrorLog, monkeypatch: pytest.MonkeyPatch, portion: int
):
    monkeypatch.setattr(error_log_module, '_REMOVED_AT_ONCE', portion)
    error_log.add([make_error(summary=str(number)) for number in range(3)])
    error_log.add([make_error(request_id='j2', summary='stays')])
    error_log.remove(['j1', 'nobody'])

    assert summaries(error_log) == ['stays']
