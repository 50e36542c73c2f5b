"""How the driver of `make run` talks to the App's API, and what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulators.demonstration import (
    OUTCOMES,
    Demonstration,
    DemonstrationError,
    has_succeeded,
    progress,
    totals,
)


class Reply:
    def __init__(self, status_code: int, payload: Any) -> None:
        self.status_code = status_code
        self.text = json.dumps(payload)

    def json(self) -> Any:
        return json.loads(self.text)


class FakeApi:
    """Answers from lists, one entry for each call; the last entry stays."""

    def __init__(self, **answers: list[tuple[int, Any]]) -> None:
        self.answers = answers
        self.calls: list[tuple[str, str, Any]] = []

    def __call__(self, method: str, path: str, json: Any = None, /) -> Reply:
        self.calls.append((method, path, json))
        noun = 'job' if path.startswith('api/job') else 'configure'
        entries = self.answers[f'{method.lower()}_{noun}']
        return Reply(*(entries.pop(0) if len(entries) > 1 else entries[0]))


class FakeTime:
    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def job(**changes: Any) -> dict[str, Any]:
    counts = {f'count_{name}': 0 for name in (*OUTCOMES, 'read', 'object', 'request', 'throttled')}
    position = changes.pop('position', 0)
    return {
        'update_id': 'u1',
        'status': 'Upload Complete',
        'query': {'position': position},
        'waiting_seconds': None,
        'warnings': [],
        'failure_reason': None,
        **counts,
        **changes,
    }


def page(*jobs: dict[str, Any]) -> tuple[int, Any]:
    return 200, {'data': list(jobs)}


def demonstrate(api: FakeApi, queries: list[dict[str, Any]]) -> tuple[list[Any], list[str], float]:
    said: list[str] = []
    time = FakeTime()
    jobs = Demonstration(api, said.append, time.sleep, time.clock).run(queries)
    return jobs, said, time.now


EMPTY = (200, {'version': 3, 'queries': []})
SAVED = (200, {'version': 4, 'queries': [{'id': 'q'}]})


def test_queries_are_saved_with_the_version_that_was_read_and_the_update_is_followed() -> None:
    api = FakeApi(
        get_configure=[EMPTY],
        put_configure=[SAVED],
        get_job=[page(), page(job(status='Pending')), page(job(count_read=2, count_sent=2))],
    )
    jobs, said, _ = demonstrate(api, [{'tql': 'x'}])
    assert api.calls[1] == (
        'PUT',
        'api/configure',
        {'version': 3, 'queries': [{'tql': 'x'}], 'run': 'full'},
    )
    assert [entry['status'] for entry in jobs] == ['Upload Complete']
    assert said[0] == 'Saved 1 TQL query; a full update begins.'
    assert said[-1].endswith('1: Upload Complete (2 read, 2 sent)')
    assert not any(method == 'POST' for method, _, _ in api.calls)


def test_update_is_requested_when_none_comes_by_itself() -> None:
    api = FakeApi(
        get_configure=[EMPTY],
        put_configure=[SAVED],
        get_job=[page()] * 30 + [page(job())],
        post_job=[(202, {'update_id': 'u1'})],
    )
    jobs, _, elapsed_s = demonstrate(api, [{}])
    assert ('POST', 'api/job/request', {'mode': 'full'}) in api.calls
    assert elapsed_s >= 5
    assert len(jobs) == 1


def test_saved_queries_stay_and_nothing_is_started() -> None:
    api = FakeApi(get_configure=[SAVED], get_job=[page(job(count_read=5, count_sent=5))])
    jobs, said, _ = demonstrate(api, [{}, {}])
    assert {method for method, _, _ in api.calls} == {'GET'}
    assert said == ['1 TQL query from the earlier run.']
    assert jobs[0]['count_read'] == 5


def test_update_under_way_is_followed_on_the_second_run() -> None:
    api = FakeApi(
        get_configure=[SAVED], get_job=[page(job(status='Upload In Progress')), page(job())]
    )
    jobs, said, _ = demonstrate(api, [{}])
    assert 'An update that was under way goes on.' in said
    assert jobs[0]['status'] == 'Upload Complete'


def test_jobs_of_the_newest_update_are_the_only_ones_in_order_of_precedence() -> None:
    api = FakeApi(
        get_configure=[SAVED],
        get_job=[page(job(position=1), job(position=0), job(update_id='u0', status='Failed'))],
    )
    jobs, _, _ = demonstrate(api, [])
    assert [(entry['update_id'], entry['query']['position']) for entry in jobs] == [
        ('u1', 0),
        ('u1', 1),
    ]


def test_time_without_answers_is_sat_out_but_not_forever() -> None:
    patient = FakeApi(get_configure=[(502, {}), (503, {}), SAVED], get_job=[(504, {}), page(job())])
    assert len(demonstrate(patient, [])[0]) == 1
    with pytest.raises(DemonstrationError, match='503'):
        demonstrate(FakeApi(get_configure=[(503, {})]), [])


@pytest.mark.parametrize('status', [409, 422, 500])
def test_refusal_is_reported_with_its_text(status: int) -> None:
    api = FakeApi(get_configure=[EMPTY], put_configure=[(status, {'title': 'too long'})])
    with pytest.raises(DemonstrationError, match=f'{status}.*too long'):
        demonstrate(api, [{}])


def test_progress_is_printed_when_it_changes_and_not_too_often() -> None:
    steps = [page(job(status='Upload In Progress', count_read=n, count_sent=n)) for n in range(40)]
    api = FakeApi(get_configure=[SAVED], get_job=[*steps, page(job())])
    _, said, elapsed_s = demonstrate(api, [])
    assert elapsed_s == pytest.approx(19.5)
    assert 9 <= len(said) <= 14
    assert len(set(said)) == len(said)


def test_wait_for_the_limit_is_shown_once() -> None:
    line = progress([job(waiting_seconds=4.2), job(position=1, waiting_seconds=11.0)])
    assert line == '1: Upload Complete  2: Upload Complete  waiting 11 s for the API limit'
    assert progress([]) == 'waiting for the first Job'


def test_totals_add_up_every_outcome() -> None:
    jobs = [
        job(count_read=1200, count_sent=1000, count_duplicate=200, count_object=1, count_request=1),
        job(position=1, count_read=5, count_failed=5, count_throttled=2, warnings=['careful']),
    ]
    assert totals(jobs) == [
        '1,205 Indicators read = 1,000 sent + 200 duplicate + 5 failed',
        '1 object in 1 request, 2 of them answered with 429',
        'Query 2: careful',
    ]
    assert has_succeeded(jobs)


def test_sums_that_differ_are_reported_and_are_no_success() -> None:
    jobs = [job(count_read=3, count_sent=2)]
    assert 'But that is 2: the sums differ!' in totals(jobs)
    assert not has_succeeded(jobs)


def test_failed_job_is_reported_with_its_reason() -> None:
    jobs = [job(status='Failed', failure_reason='the role is missing')]
    assert 'Query 1 has failed: the role is missing' in totals(jobs)
    assert not has_succeeded(jobs)
    assert totals([job()])[0] == '0 Indicators read = nothing to do'
