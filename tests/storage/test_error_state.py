"""Whether an error still holds: what closes it, and what is tried again."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sentinel_app.core.error_entry import About, ErrorEntry, ErrorFilter, ErrorGroup, ErrorState
from sentinel_app.core.job import JobStatus, Mode, Outcome
from sentinel_app.core.outbox import Batch, Settlement
from sentinel_app.core.revocation import Unwanted, revocation
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.statements import statements
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.builders.update import Working, chosen, make_error, send
from tests.harness.clocks import NOON

OPEN = ErrorFilter(state=ErrorState.OPEN)
EVERYTHING = Unwanted(are_orphans_meant=True, are_all_meant=True)
LATER = NOON + dt.timedelta(hours=1)


def refuse(store: UpdateStore, batch: Batch, *positions: int, at: dt.datetime = NOON) -> None:
    """Store an answer that refuses some objects, with an error for each."""
    errors = [
        make_error(
            request_id=item.request_id,
            at=at,
            indicator_id=item.indicator_id,
            summary=item.summary,
            object=item.object,
            is_withdrawal=item.is_withdrawal,
        )
        for item in (batch.objects[position] for position in positions)
    ]
    refusals = dict.fromkeys(positions, ('no',))
    store.batches.settle(Settlement(batch=batch, refusals=refusals, errors=errors), at=at)


def update(working: Working, *items: Any, refused: int = 0, name: str = 'u1', **query: Any) -> None:
    """Run an update of the first query, with the first objects refused."""
    begin(working, name, **query)
    working.convert(*items, request_id=f'j-{name}', query_id='q1')
    working.store.readings.end(f'j-{name}', at=NOON)
    batch = working.claim(update_id=name)
    assert batch is not None
    refuse(working.store, batch, *range(refused))
    end(working, name)


def begin(working: Working, name: str, mode: Mode = Mode.RECONCILE, query_id: str = 'q1') -> None:
    job = make_job(f'j-{name}', update_id=name, mode=mode, query=make_query(query_id))
    working.store.begin([job])
    working.store.readings.start(f'j-{name}', at=NOON, expected=None)


def end(
    working: Working, name: str, status: JobStatus = JobStatus.UPLOAD_COMPLETE, query_id: str = 'q1'
) -> None:
    job = make_job(f'j-{name}', update_id=name, status=status, query=make_query(query_id))
    working.store.ended_updates.remove(name, at=LATER, jobs=[job])


def states(errors: ErrorLog, **filters: Any) -> list[tuple[str | None, ErrorState]]:
    """Value and state of each error, oldest first."""
    return [(each.summary, each.state) for each in errors.entries(ErrorFilter(**filters))][::-1]


def only_group(errors: ErrorLog, wanted: ErrorFilter = OPEN) -> ErrorGroup:
    (group,), _ = errors.groups(wanted)
    return group


def test_refused_object_is_open_until_sentinel_accepts_it(
    working: Working, error_log: ErrorLog
) -> None:
    update(working, chosen(1), chosen(2), refused=2)
    assert error_log.refused_now() == 2
    group = only_group(error_log)
    assert (group.about, group.states, group.query_id) == (About.OBJECT, (2, 0, 0), 'q1')

    update(working, chosen(1), chosen(2, content_hash=b'newer'), refused=1, name='u2')
    found = list(error_log.entries())
    assert {each.query_id for each in (*found, *group.examples)} == {'q1'}
    assert [each.state for each in found] == ['open', 'resolved', 'superseded']
    assert found[1].state_at == NOON
    assert error_log.refused_now() == 1

    update(working, chosen(1), name='u3')
    assert error_log.refused_now() == 0
    assert error_log.groups(OPEN) == ((), 0)


def test_attempts_left_are_those_of_the_refusals(working: Working, error_log: ErrorLog) -> None:
    left = []
    for number in range(4):
        update(working, chosen(1), refused=1, name=f'u{number}')
        group = only_group(error_log)
        left.append((group.tried_again, group.tries_left))
    assert left == [(1, 3), (1, 2), (1, 1), (0, 0)]


def test_object_of_a_file_does_not_close_the_error_about_another(
    working: Working, error_log: ErrorLog
) -> None:
    file = [chosen(1), chosen(2, indicator_id=1)]
    update(working, *file, refused=2)
    assert error_log.refused_now() == 1
    update(working, *file, refused=1, name='u2')
    assert [each.state for each in error_log.entries()] == ['open', 'resolved', 'superseded']


def test_error_about_a_copy_that_is_gone_is_superseded(
    working: Working, error_log: ErrorLog
) -> None:
    update(working, chosen(1), refused=1)
    begin(working, 'u2')
    working.store.readings.end('j-u2', at=NOON)
    end(working, 'u2')
    assert states(error_log) == [(chosen(1).summary, ErrorState.SUPERSEDED)]
    assert [each.state_at for each in error_log.entries()] == [LATER]


def test_error_about_a_copy_that_a_better_one_displaced_is_not_open(
    working: Working, error_log: ErrorLog
) -> None:
    begin(working, 'u1')
    working.convert(chosen(1), request_id='j-u1', query_id='q1')
    batch = working.claim(size=1, update_id='u1')
    assert batch is not None
    better = chosen(1, indicator_id=7, content_hash=b'better')
    better.replaces = True
    working.convert(better, request_id='j-u1', query_id='q1')
    refuse(working.store, batch, 0)
    assert [each.state for each in error_log.entries()] == ['superseded']


def test_refused_withdrawal_is_open_until_the_object_is_withdrawn(
    working: Working, store: UpdateStore, orphans: Orphans, error_log: ErrorLog
) -> None:
    send(store, chosen(1))
    for number, refused in ((1, [0]), (2, [])):
        begin(working, f'u{number}')
        store.readings.end(f'j-u{number}', at=NOON)
        held = orphans.next_unchosen(
            f'u{number}', EVERYTHING, now=NOON, most_attempts=3, after=0, limit=1
        )
        orphans.add_revocations([revocation(item, f'j-u{number}', NOON) for item in held])
        batch = working.claim(update_id=f'u{number}')
        assert batch is not None
        refuse(store, batch, *refused)
        end(working, f'u{number}')
        if refused:
            group = only_group(error_log)
            assert (group.about, group.tried_again, group.tries_left) == ('withdrawal', 1, 3)
            assert error_log.refused_now() == 0
    assert [each.state for each in error_log.entries()] == ['resolved']


def invalid(number: int, name: str) -> ErrorEntry:
    return make_error(
        request_id=f'j-{name}', indicator_id=number, summary=str(number), code='MAP-VALUE'
    )


def read(working: Working, name: str, found: list[int], fine: list[int], **job: Any) -> None:
    """Run an update that finds some Indicators invalid, and others fine."""
    begin(working, name, **job)
    outcomes = dict.fromkeys(found, Outcome.INVALID) | dict.fromkeys(fine, Outcome.UNCHANGED)
    working.convert(
        outcomes=outcomes,
        request_id=f'j-{name}',
        query_id='q1',
        errors=[invalid(number, name) for number in found],
    )
    working.store.readings.end(f'j-{name}', at=NOON)
    end(working, name)


def test_invalid_indicator_is_open_while_the_last_whole_reading_finds_it_so(
    working: Working, error_log: ErrorLog
) -> None:
    read(working, 'u1', [1, 2, 3], [])
    group = only_group(error_log)
    assert (group.about, group.tried_again, group.tries_left) == (About.INDICATOR, 0, None)
    read(working, 'u2', [2], [1])
    assert states(error_log) == [
        ('1', ErrorState.RESOLVED),
        ('2', ErrorState.SUPERSEDED),
        ('3', ErrorState.RESOLVED),
        ('2', ErrorState.OPEN),
    ]


def test_delta_closes_only_what_it_has_read(working: Working, error_log: ErrorLog) -> None:
    read(working, 'u1', [1, 2], [])
    read(working, 'u2', [], [1], mode=Mode.DELTA)
    assert states(error_log) == [('1', ErrorState.RESOLVED), ('2', ErrorState.OPEN)]


def test_other_query_does_not_affect_an_invalid_indicator(
    working: Working, error_log: ErrorLog
) -> None:
    read(working, 'u1', [1], [])
    begin(working, 'u2', query_id='q2')
    working.store.readings.end('j-u2', at=NOON)
    end(working, 'u2', query_id='q2')
    assert states(error_log, state=ErrorState.OPEN) == [('1', ErrorState.OPEN)]


def fail(working: Working, errors: ErrorLog, name: str) -> None:
    begin(working, name)
    errors.add([ErrorEntry(request_id=f'j-{name}', at=NOON, code='TC-READ', message='', reason='')])
    end(working, name, JobStatus.FAILED)


def test_error_of_a_failed_job_is_open_until_a_job_of_its_query_is_complete(
    working: Working, error_log: ErrorLog
) -> None:
    fail(working, error_log, 'u1')
    fail(working, error_log, 'u2')
    assert [each.state for each in error_log.entries()] == ['open', 'superseded']
    assert only_group(error_log).tried_again == 1
    begin(working, 'u3', query_id='q2')
    end(working, 'u3', query_id='q2')
    assert len(list(error_log.entries(OPEN))) == 1
    begin(working, 'u4')
    end(working, 'u4', JobStatus.CANCELLED)
    assert len(list(error_log.entries(OPEN))) == 1
    begin(working, 'u5')
    end(working, 'u5')
    assert [each.state for each in error_log.entries()] == ['resolved', 'superseded']


def test_open_errors_of_a_removed_query_are_superseded(
    working: Working, error_log: ErrorLog
) -> None:
    update(working, chosen(1), refused=1)
    fail(working, error_log, 'u2')
    error_log.supersede_removed(['q1', 'q2'], LATER)
    assert len(list(error_log.entries(OPEN))) == 2
    error_log.supersede_removed(['q2'], LATER)
    assert list(error_log.entries(OPEN)) == []


def test_open_errors_outlive_their_job_and_the_rest_do_not(
    working: Working, error_log: ErrorLog
) -> None:
    read(working, 'u1', [1, 2], [])
    read(working, 'u2', [], [1], mode=Mode.DELTA)
    error_log.remove(['j-u1'])
    assert states(error_log) == [('2', ErrorState.OPEN)]
    assert error_log.request_ids() == ('j-u1',)
    read(working, 'u3', [], [])
    error_log.remove(error_log.request_ids())
    assert error_log.request_ids() == ()


@pytest.mark.parametrize(
    ('filters', 'expected'),
    [
        ({'query_id': 'q1'}, ['1', '2']),
        ({'query_id': 'q2'}, []),
        ({'state': ErrorState.OPEN}, ['2']),
        ({'state': ErrorState.RESOLVED}, ['1']),
        ({'state': ErrorState.SUPERSEDED}, []),
        ({'text': 'VALIDATION'}, ['1', '2']),
        ({'text': '2'}, ['2']),
        ({'text': '%'}, []),
    ],
)
def test_filters_apply_to_query_state_and_text(
    working: Working, error_log: ErrorLog, filters: dict[str, Any], expected: list[str]
) -> None:
    read(working, 'u1', [1, 2], [])
    read(working, 'u2', [], [1], mode=Mode.DELTA)
    assert [summary for summary, _ in states(error_log, **filters)] == expected
    assert error_log.groups(ErrorFilter(**filters))[1] == min(1, len(expected))


def test_count_and_closing_use_the_index_of_open_errors(
    working: Working,
) -> None:
    with working.db.read() as connection:
        for file, name, values in (
            ('error_state', 'supersede_earlier', ('', 'object', 1, 1, 'j')),
            ('error_state', 'open_objects', ()),
            ('error_state', 'read_again', ('u',)),
            ('error_state', 'resolve_of_query', ('', 'q')),
            ('error_state', 'supersede_of_query', ('', 'j', 'q')),
            ('error_state', 'supersede_removed', ('', 1)),
            ('error_state', 'close_accepted', ('', 1)),
            ('error_state', 'supersede_unfounded', ('', 1)),
        ):
            statement = f'EXPLAIN QUERY PLAN {statements(file)[name]}'
            plan = [row['detail'] for row in connection.execute(statement, values)]
            assert any('error_open' in line for line in plan), (name, plan)
