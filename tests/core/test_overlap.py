"""How much of a query higher ones take; a query is never said to send nothing that can send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Counts, Job, JobStatus, Mode, Outcome
from sentinel_app.core.overlap import covering, overlap
from sentinel_app.core.query import Query
from sentinel_app.core.query_result import query_results
from sentinel_app.core.scope import Scope
from tests.harness.builders.app_state import make_job, make_query, minutes

HOST, URL = IndicatorType.HOST, IndicatorType.URL


def make(query_id: str, tql: str = 'rating > 3', **fields: Any) -> Query:
    return make_query(
        query_id, tql=tql, **({'indicator_types': (HOST,), 'owners': ('A',)} | fields)
    )


def whole(query: Query, position: int, at: float = 1, **outcomes: int) -> Job:
    counts = {Outcome(name): number for name, number in outcomes.items()}
    return make_job(
        f'{query.id}-{at}',
        update_id=f'u{at}',
        query=query,
        position=position,
        mode=Mode.FULL,
        status=JobStatus.UPLOAD_COMPLETE,
        completed_at=minutes(at),
        counts=Counts(read=sum(counts.values()), outcomes=counts),
    )


@pytest.mark.parametrize(
    ('higher', 'is_covered'),
    [
        ([make('h')], True),
        ([make('h', tql=' rating  >\n3 ')], True),
        ([make('h', tql=' \n')], True),
        ([make('h', owners=('B', 'A'), indicator_types=(URL, HOST))], True),
        ([make('h', tql='rating > 4')], False),
        ([make('h', owners=('B',))], False),
        ([make('h', indicator_types=(URL,))], False),
        ([], False),
    ],
)
def test_query_is_covered_by_one_that_asks_for_as_much(
    higher: list[Query], *, is_covered: bool
) -> None:
    assert [each.id for each in covering(make('q'), higher)] == (['h'] if is_covered else [])


def test_several_higher_queries_cover_one_together_or_not_at_all() -> None:
    both = make('q', owners=('A', 'B'))
    one, other = make('h1', owners=('A',)), make('h2', tql='', owners=('B',))
    assert covering(both, [one, other]) == (one, other)
    assert covering(both, [one]) == ()
    crossed = make('q', owners=('A', 'B'), indicator_types=(HOST, URL))
    assert covering(crossed, [make('h1', tql='', indicator_types=(HOST, URL)), other]) == ()


def test_blank_within_a_value_makes_another_tql() -> None:
    assert covering(make('q', tql='tag = "a b"'), [make('h', tql='tag = "a  b"')]) == ()


def test_overlap_is_taken_from_the_last_whole_reading() -> None:
    high, low = make('high', tql='a > 1'), make('low')
    jobs = [whole(high, 0, sent=9), whole(low, 1, sent=1, unchanged=2, duplicate=4, invalid=3)]
    found = query_results([high, low], jobs)
    assert found['high'].overlap is None
    measured = found['low'].overlap
    assert measured is not None
    assert (measured.duplicates, measured.sendable, measured.is_all) == (4, 7, False)
    assert measured.taken_by == 'high'


def test_query_of_which_nothing_was_left_sends_nothing() -> None:
    high, low = make('high', tql='a > 1'), make('low', owners=('A', 'B'))
    jobs = [whole(high, 0, sent=9), whole(low, 1, duplicate=4, withheld=1)]
    measured = query_results([high, low], jobs)['low'].overlap
    assert measured is not None
    assert measured.is_all
    assert not overlap(whole(low, 1, invalid=3), jobs).is_all
    assert not overlap(whole(low, 1, duplicate=3, refused=1), jobs).is_all


@pytest.mark.parametrize(
    'queries',
    [
        [make('low')],
        [make('high', tql='a > 2'), make('low')],
        [make('high', tql='a > 1'), make('new', tql='b > 1'), make('low')],
        [make('low'), make('high', tql='a > 1')],
        [make('high', tql='a > 1', is_enabled=False), make('low')],
        [make('high', tql='a > 1'), make('low', tql='rating > 1')],
    ],
    ids=['deleted', 'edited', 'added', 'moved', 'disabled', 'itself edited'],
)
def test_overlap_is_unknown_where_the_list_has_changed_since(queries: list[Query]) -> None:
    high, low = make('high', tql='a > 1'), make('low')
    jobs = [whole(high, 0, sent=9), whole(low, 1, duplicate=4)]
    assert query_results(queries, jobs)['low'].overlap is None


def test_taker_is_named_only_where_it_can_be_no_other() -> None:
    one, other = make('h1', tql='a > 1'), make('h2', tql='b > 1')
    low, wide = make('low'), make('low', owners=('A', 'B'))
    jobs = [whole(one, 0), whole(other, 1)]
    assert overlap(whole(low, 2, duplicate=2, sent=1), jobs).taken_by is None
    assert overlap(whole(wide, 2, duplicate=2, sent=1), jobs[:1]).taken_by is None
    assert overlap(whole(wide, 2, duplicate=2), jobs[:1]).taken_by == 'h1'


def test_last_jobs_come_oldest_first_without_those_that_were_cancelled() -> None:
    query = make('q')
    jobs = [whole(query, 0, at=at, sent=at) for at in range(1, 15)]
    failed = make_job('f', query=query, status=JobStatus.FAILED, failed_at=minutes(20))
    cancelled = make_job('c', query=query, status=JobStatus.CANCELLED)
    recent = query_results([query], [failed, cancelled, *jobs[::-1]])['q'].recent
    assert [job.request_id for job in recent] == [*(f'q-{at}' for at in range(6, 15)), 'f']


@pytest.mark.parametrize('scope', [scope for scope in Scope if scope is not Scope.WHOLE])
def test_job_about_chosen_values_is_ignored(scope: Scope) -> None:
    high, low = make('high', tql='a > 1'), make('low')
    jobs = [whole(high, 0, sent=9), whole(low, 1, sent=6, duplicate=4)]
    chosen = [replace(job, scope=scope) for job in (whole(high, 0, 2), whole(low, 1, 2, sent=1))]
    assert query_results([high, low], [*jobs, *chosen]) == query_results([high, low], jobs)
