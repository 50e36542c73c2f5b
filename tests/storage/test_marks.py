"""Marks of updates, of the real store."""

from __future__ import annotations

from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job
from tests.harness.builders.update import begin_unread


def test_first_mark_of_an_update_is_its_own_whoever_was_cancelled_before(
    store: UpdateStore,
):
    assert store.cancel(make_job('j2', update_id='u2'))
    begin_unread(store, 'j1')
    begin_unread(store, 'j2', 'j3', update_id='u2')
    store.cancel(make_job('j4', update_id='u3'))
    marks = [store.marks.first(update_id) for update_id in ('u1', 'u2', 'u3', 'u4')]

    # What the first update chose has a number above that of the Job that was cancelled.
    assert marks[0] == store.jobs.number('j1')
    assert marks[1] == store.jobs.number('j3')
    assert min(marks[2:]) > store.jobs.number('j4')
