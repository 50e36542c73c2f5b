"""Whatever one value of the documents is changed to, the App starts, and every reading answers.

Some of the many changes are tried, another part of them with each value; `ODD_DOCUMENTS=full` tries
all of them.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.audit import AuditChange
from sentinel_app.core.job import Counts, JobStatus, Mode
from sentinel_app.core.job_state import first_cursor
from sentinel_app.core.schedule import Schedule, next_update
from sentinel_app.core.task import TASK_FACTS, TaskCondition, TaskSlug, TaskState, TaskView
from sentinel_app.core.window import Cursor, next_window
from sentinel_app.diagnostics.health import Health
from sentinel_app.storage.app_state.encoding import EARLIEST, LATEST, MOST
from sentinel_app.storage.app_state.job_list import SORTS
from sentinel_app.storage.app_state.store import AppState
from tests.diagnostics.test_health import SETTINGS
from tests.harness import api_stand
from tests.harness.builders.app_state import (
    make_audit,
    make_ended_job,
    make_job,
    make_query,
    make_update,
    minutes,
)
from tests.harness.clocks import StandingClock
from tests.harness.soak import IS_SOAK

SHARE = 1 if IS_SOAK else 36
ODD = (
    'NaN',
    '1e999',
    '-1',
    '-1.5',
    '1e300',
    str(2**53),
    str(2**63 - 1),
    str(2**63),
    '9' * 400,
    'true',
    'null',
    '[]',
    '{}',
    '""',
    '"\\ud800"',
    '"9999-12-31T23:59:59-14:00"',
    '"9999-12-31T23:59:59Z"',
    '"0001-01-01T00:00:00+14:00"',
    '"0001-01-01T00:00:00Z"',
    '"2026-01-01T00:00:00"',
    f'"{EARLIEST.isoformat()}"',
    f'"{LATEST.isoformat()}"',
)
PLACE = '"place of the odd value"'
GETS = (
    ('/api/configure', ''),
    ('/api/configure/export', ''),
    ('/api/report/audit', ''),
    ('/api/task', ''),
    ('/api/health', ''),
    ('/api/metrics', ''),
    ('/api/metric/summary', ''),
    ('/api/metric/history', ''),
    *(('/api/job/request', f'sort={sort}') for sort in SORTS),
)


def rich(folder: Path) -> AppState:
    """Documents with every member that there is set somewhere."""
    app_state = AppState(folder / 'documents.json', now=StandingClock().now)
    audit = make_audit(
        changes=(AuditChange(subject='TQL query 1', field='tql', before='a', after='b'),),
        changes_left_out=3,
    )
    queries = [
        make_query('q1', sort_field='rating'),
        make_query('q2', owners=('A', 'B'), tql='confidence > 5'),
    ]
    app_state.save_queries(queries, expected_version=0, next_mode=None, audit=audit)
    failed = make_job(
        'j2',
        update_id='u1',
        status=JobStatus.FAILED,
        failed_at=minutes(3),
        failure_code='NET',
        failure_reason='broke off',
    )
    update = make_update('u1', request_ids=('j1', 'j2'), started_at=minutes(0), ended_at=minutes(4))
    app_state.add_update(update, [make_ended_job(), failed])
    open_update = make_update(
        'u2',
        request_ids=('j3',),
        modified_after=minutes(-50),
        confirmed_withdrawals=4,
    )
    running = make_job(
        'j3', update_id='u2', status=JobStatus.CONVERT_COMPLETE, started_at=minutes(5)
    )
    app_state.add_update(open_update, [running])
    app_state.start_update('u2', minutes(5))
    cursor = Cursor(query_id='q1', selection='s', at=minutes(0))
    app_state.change_job('j3', lambda job: job, cursors=[cursor], audit=make_audit(user=None))
    app_state.add_update(make_update('u3', request_ids=()), [])
    ends = Schedule(last_run_at=minutes(4), last_reconcile_at=minutes(0))
    app_state.end_update('u3', minutes(6), ends)
    paused = TaskState(is_paused=True, paused_at=minutes(1), paused_by='jdoe')
    app_state.store_task_states({TaskSlug.UPLOAD: paused}, audit=make_audit())
    app_state.require_full()
    return app_state


@dataclass
class Swapped:
    """Hands everything to the documents that are open now."""

    app_state: AppState

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app_state, name)


class Reader:
    """Every reading path over documents: the API's, the health's, the schedule's, a window's."""

    def __init__(self, folder: Path, app_state: Swapped) -> None:
        self.stand = api_stand.Stand(folder)
        self.app_state = app_state
        self.health = Health(
            settings=SETTINGS,
            app_state=app_state,  # type: ignore[arg-type]
            contacts=(),
            reading_warnings={},
            documents_path=folder / 'documents.json',
            database_path=folder / 'state.db',
            clock=self.stand.clock,
        )

    def read_all(self) -> None:
        app_state, stand = self.app_state.app_state, self.stand
        stand.health.shown = self.health.snapshot()
        for facts in TASK_FACTS:
            stand.tasks.shown[facts.slug] = TaskView(
                facts=facts,
                condition=TaskCondition.IDLE,
                state=app_state.task_state(facts.slug),
            )
        stand.updates.due = self._following()
        jobs, _ = app_state.jobs(limit=9)
        addresses = [*GETS, *((f'/api/job/request/{job.request_id}', '') for job in jobs)]
        for path, query in addresses:
            reply = stand.get(path, query)
            assert reply.status_code == 200, (path, reply.text)
            if reply.headers['content-type'].startswith('application/json'):
                json.loads(reply.text, parse_constant=pytest.fail)

    def _following(self) -> tuple[dt.datetime, Mode]:
        """Work out what follows, as the schedule and a Job's reading do."""
        app_state, now = self.app_state.app_state, self.stand.clock.now()
        schedule = app_state.schedule()
        for job in app_state.jobs(limit=9)[0]:
            cursor = app_state.cursor(job.query.id) or first_cursor(
                job, schedule, self.stand.clock.now()
            )
            next_window(cursor_at=cursor.at, server_now=now)
        year = dt.timedelta(days=366)
        return next_update(schedule, interval=year, reconcile_interval=year, now=now)


@pytest.fixture(scope='module')
def sample(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp('rich')
    rich(folder)
    return json.loads((folder / 'documents.json').read_text())


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    swapped = Swapped(rich(tmp_path))
    monkeypatch.setattr(api_stand, 'AppState', lambda *_a, **_o: swapped)
    made = Reader(tmp_path, swapped)
    yield made
    made.stand.diagnostics.close()


def places(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The paths of all values, those that hold others included."""
    if path:
        yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, *path, key)


def changed(sample: Any, path: tuple[Any, ...], odd: str) -> str:
    """The file with one value changed."""
    tables = copy.deepcopy(sample)
    holder = tables
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = json.loads(PLACE)
    return json.dumps(tables).replace(PLACE, odd)


def test_sample_is_read_unchanged(reader: Reader) -> None:
    assert len(reader.app_state.app_state.jobs(limit=9)[0]) == 3
    reader.read_all()


@pytest.mark.parametrize('number', range(len(ODD)))
def test_value_changed_in_both_generations_is_refused_or_harmless(
    sample: Any, reader: Reader, tmp_path: Path, number: int
) -> None:
    odd = ODD[number]
    found = [path for path in places(sample) if path != ('meta', 'format')]
    assert len(found) > 150
    for path in itertools.islice(found, number % SHARE, None, SHARE):
        try:
            assert_harmless(reader, tmp_path, changed(sample, path, odd))
        except Exception as error:
            raise AssertionError(f'{path} changed to {odd}') from error


def assert_harmless(reader: Reader, folder: Path, text: str) -> None:
    """Open documents of which both generations say this, read everything, and write."""
    file = folder / 'documents.json'
    for name in ('documents.json', 'documents.json.previous'):
        (folder / name).write_text(text)
    opened = AppState(file, now=StandingClock().now)
    reader.app_state.app_state = opened
    reader.read_all()
    # What goes on from there can be read again.
    kept = opened.query_list()
    opened.save_queries(
        kept.queries, expected_version=kept.version, next_mode=None, audit=make_audit()
    )
    again = AppState(file, now=StandingClock().now)
    assert again.warning is None
    assert again.query_list() == opened.query_list()
    for path in folder.glob('*.unreadable-*'):
        path.unlink()


def test_value_changed_in_one_generation_costs_no_more_than_the_last_change(
    sample: Any, tmp_path: Path
) -> None:
    file = tmp_path / 'documents.json'
    whole = json.dumps(sample)
    for number, path in enumerate(places(sample)):
        if path == ('meta', 'format'):
            continue
        file.write_text(changed(sample, path, ODD[number % len(ODD)]))
        file.with_name(f'{file.name}.previous').write_text(whole)
        opened = AppState(file, now=StandingClock().now)
        if opened.warning is not None:
            assert 'The copy before it is used' in opened.warning
            assert [query.id for query in opened.query_list().queries] == ['q1', 'q2']


@pytest.mark.parametrize(
    'text', ['cut \ud83d', '\udfff\ud800', 'whole \U0001f600', 'NUL \0 and \u2028']
)
def test_text_of_any_content_that_is_stored_can_be_read_again(tmp_path: Path, text: str) -> None:
    app_state = rich(tmp_path)
    app_state.add_audit(make_audit(user=text, detail=text))
    app_state.change_job('j3', lambda job: dataclasses.replace(job, failure_reason=text))
    again = AppState(tmp_path / 'documents.json', now=StandingClock().now)
    assert again.warning is None
    (entry, *_), _ = again.audit(limit=1, offset=0)
    assert entry.user is not None
    assert entry.user.encode().decode() == entry.user
    assert entry.user == text or '\ufffd' in entry.user


@pytest.mark.parametrize('count', [-5, 0, MOST, MOST + 1, 10**400])
@pytest.mark.parametrize('at', [dt.datetime.min, dt.datetime.max, dt.datetime(2026, 1, 1)])  # noqa: DTZ001, DTZ901
def test_numbers_and_times_that_are_stored_can_be_read_again(
    tmp_path: Path, count: int, at: dt.datetime
) -> None:
    app_state = rich(tmp_path)
    counts = Counts(read=count, expected=count, throttled_s=float(min(count, 10**300)))
    moment = at.replace(tzinfo=dt.UTC)
    app_state.change_job(
        'j3', lambda job: dataclasses.replace(job, counts=counts, started_at=moment)
    )
    again = AppState(tmp_path / 'documents.json', now=StandingClock().now)
    assert again.warning is None
    job = again.job('j3')
    assert job is not None
    assert job.counts.read == min(max(count, 0), MOST)
