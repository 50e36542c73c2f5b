"""Which queries and passes decide about the copies on a page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sentinel_app.core.job import JobType, Mode, Update
from sentinel_app.pipeline.page_context import PageContexts
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.builders.update import make_page, make_progress, make_store
from tests.harness.clocks import NOON, StandingClock
from tests.harness.database import open_database

UPDATE = Update(
    id='u1', mode=Mode.FULL, job_type=JobType.AD_HOC, queued_at=NOON, request_ids=('j1',)
)


def test_list_that_is_saved_meanwhile_is_read_as_it_was() -> None:
    q1, q2, q3 = (make_query(query_id) for query_id in ('q1', 'q2', 'q3'))
    lists = [(q2, q1), (q3, q1, q2)]
    app_state: Any = SimpleNamespace(
        query_list=lambda: SimpleNamespace(enabled=lists.pop(0) if len(lists) > 1 else lists[0])
    )
    numbers = SimpleNamespace(
        numbers=lambda ids: {name: int(name[1:]) for name in ids}, number=lambda name: int(name[1:])
    )
    store: Any = SimpleNamespace(
        queries=numbers,
        marks=SimpleNamespace(first=lambda update_id: 1, whole=dict),
        readings=SimpleNamespace(extra_query=lambda request_id, number: None),
    )
    contexts = PageContexts(app_state=app_state, store=store, clock=StandingClock())
    job = make_job('j1', query=make_query('q1'))
    context = contexts.of(UPDATE, job, make_page(1), make_progress(), [])
    assert context.higher == {2}


@pytest.mark.parametrize(('mode', 'higher'), [(Mode.FULL, set()), (Mode.DELTA, {2})])
def test_query_that_is_moved_up_is_higher_once_it_has_been_read(
    mode: Mode, higher: set[int]
) -> None:
    saved = (make_query('q2'), make_query('q1'))
    app_state: Any = SimpleNamespace(query_list=lambda: SimpleNamespace(enabled=saved))
    store: Any = SimpleNamespace(
        queries=SimpleNamespace(
            numbers=lambda ids: {name: int(name[1:]) for name in ids},
            number=lambda name: int(name[1:]),
        ),
        marks=SimpleNamespace(first=lambda update_id: 1, whole=dict),
        readings=SimpleNamespace(extra_query=lambda request_id, number: None),
    )
    contexts = PageContexts(app_state=app_state, store=store, clock=StandingClock())
    job = make_job('j1', mode=mode, query=make_query('q1'), position=0)
    mine = make_progress(query_id='q1', position=0)
    to_come = make_progress(request_id='j2', query_id='q2', position=1)
    context = contexts.of(UPDATE, job, make_page(1), mine, [mine, to_come])
    assert context.higher == higher


def test_page_is_judged_by_the_pass_that_it_was_read_in(tmp_path: Path) -> None:
    db = open_database(tmp_path / 'state.db')
    store, job = make_store(db), make_job('j1', mode=Mode.DELTA, query=make_query('q1'))
    store.begin([job])
    store.readings.start('j1', at=NOON, expected=None, clauses=['id in (1)'])
    app_state: Any = SimpleNamespace(query_list=lambda: SimpleNamespace(enabled=(job.query,)))
    contexts = PageContexts(app_state=app_state, store=store, clock=StandingClock())
    page = replace(make_page(1), number=1)
    # It was read by id. While it waited, that turned out to be no order, so all is read again.
    store.readings.restart_by_time('j1')
    (mine,) = store.progress('u1')
    context = contexts.of(UPDATE, job, page, mine, [mine])
    db.close()

    assert mine.place.number == 0
    assert context.is_extra
