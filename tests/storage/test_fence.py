"""A step that was killed stores nothing more; whoever else writes is not concerned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sentinel_app.errors import Cancelled
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.fence import Fence
from sentinel_app.storage.sqlite import Database
from sentinel_app.tasks.worker import StepStop
from tests.harness.builders.app_state import make_audit, make_job, make_update
from tests.harness.clocks import NOON, StandingClock
from tests.harness.waiting import PATIENCE_S


class Stores:
    """Both stores of a data folder, and whether they have changed."""

    def __init__(self, folder: Path) -> None:
        self.fence = Fence()
        self.app_state = AppState(folder / 'documents.json', now=lambda: NOON, fence=self.fence)
        self.db = Database(folder / 'state.db', fence=self.fence)

    def add_row(self) -> None:
        with self.db.write() as transaction:
            transaction.execute('INSERT INTO owner (name) VALUES (hex(randomblob(8)))')

    def vacuum(self) -> None:
        with self.db.alone() as connection:
            connection.execute('PRAGMA incremental_vacuum(1)').fetchall()

    @property
    def rows(self) -> int:
        with self.db.read() as connection:
            return int(connection.execute('SELECT count(*) FROM owner').fetchone()[0])


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    made = Stores(tmp_path)
    yield made
    made.db.close()


def writes(stores: Stores) -> list[Callable[[], object]]:
    return [
        stores.add_row,
        stores.vacuum,
        lambda: stores.app_state.add_update(make_update(), [make_job()]),
        lambda: stores.app_state.add_audit(make_audit()),
        lambda: stores.app_state.remove_old(before=NOON, keep=0),
    ]


def test_killed_step_stores_nothing(stores: Stores) -> None:
    step, before = StepStop(StandingClock()), stores.app_state.state
    step.kill()
    with stores.fence.around(step):
        for write in writes(stores):
            with pytest.raises(Cancelled):
                write()
        assert stores.rows == 0
    assert stores.app_state.state is before


def test_step_that_was_not_killed_and_threads_without_a_step_write(stores: Stores) -> None:
    step = StepStop(StandingClock())
    step.interrupt()
    with stores.fence.around(step):
        stores.add_row()
    step.kill()
    stores.add_row()
    stores.app_state.require_full()
    assert stores.rows == 2


def test_kill_of_one_step_is_none_of_another_thread(stores: Stores) -> None:
    killed, other = StepStop(StandingClock()), StepStop(StandingClock())
    killed.kill()

    def work() -> None:
        with stores.fence.around(other):
            stores.add_row()

    with stores.fence.around(killed):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(PATIENCE_S)
    assert stores.rows == 1


def test_transaction_under_way_at_the_kill_is_stored_and_shows_until_its_end(
    stores: Stores,
) -> None:
    step = StepStop(StandingClock())
    with stores.fence.around(step):
        with stores.db.write() as transaction:
            step.kill()
            transaction.execute('INSERT INTO owner (name) VALUES (hex(randomblob(8)))')
            assert step.is_writing
        assert not step.is_writing
        with pytest.raises(Cancelled):
            stores.add_row()
    assert stores.rows == 1


def test_step_within_a_step_is_followed_by_the_outer_one(stores: Stores) -> None:
    outer, inner = StepStop(StandingClock()), StepStop(StandingClock())
    outer.kill()
    with stores.fence.around(outer):
        with stores.fence.around(inner):
            stores.add_row()
        with pytest.raises(Cancelled):
            stores.add_row()
