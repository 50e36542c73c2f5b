"""What `EndedUpdates` promises: an update is removed whole and alone, of the real store."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import Outcome
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.outbox import Alternate
from sentinel_app.errors import TaskKilledError, UploadDeniedError
from sentinel_app.storage import ended_updates
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query
from tests.harness.builders.update import (
    Working,
    address,
    chosen,
    count_rows,
    put_page,
)
from tests.harness.clocks import NOON

DENIED = UploadDeniedError('Give the role.', reason='403')
KILLED = TaskKilledError('The Task Upload was killed by jdoe.')


def test_removed_update_leaves_nothing_while_a_page_is_converted(
    store: UpdateStore, db: Database, working: Working, monkeypatch: pytest.MonkeyPatch
):
    working.begin('j1')
    remove = store.ended_updates._remove_portions

    def interrupted(statement: str, values: tuple[int, ...]) -> None:
        remove(statement, values)
        monkeypatch.undo()
        working.convert(chosen(1), outcomes={2: Outcome.EXPIRED})
        assert not store.batches.is_ready('u1', size=1)

    monkeypatch.setattr(store.ended_updates, '_remove_portions', interrupted)
    store.ended_updates.remove('u1', at=NOON)

    assert count_rows(db, 'outbox', 'progress', 'outcome', 'page_ids', 'taken_up') == [0] * 5


def fill(store: UpdateStore, working: Working, name: str, update_id: str) -> None:
    """Let an update choose seven objects and set down what it needs while it runs."""
    store.begin([make_job(name, update_id=update_id, query=make_query(f'q{name[1:]}'))])
    store.readings.start(name, at=NOON, expected=None, clauses=['a'])
    offset = int(name[1:]) * 10
    items = [chosen(offset + number) for number in range(1, 8)]
    working.convert(
        *items,
        outcomes={offset: Outcome.DUPLICATE},
        request_id=name,
        kept=[offset],
        alternates=[Alternate(1, offset, 7)],
    )


TABLES = ('progress', 'outbox', 'outcome', 'taken_up', 'alternate', 'extra_query', 'page_ids')


@pytest.mark.parametrize('portion', [1, 3, 7, 10_000])
def test_update_is_removed_in_portions_whole_and_alone(
    db: Database,
    store: UpdateStore,
    working: Working,
    monkeypatch: pytest.MonkeyPatch,
    portion: int,
):
    monkeypatch.setattr(ended_updates, '_PORTION', portion)
    fill(store, working, 'j1', 'u1')
    fill(store, working, 'j2', 'u2')
    with db.write() as connection:
        for job in (1, 2):
            connection.execute('INSERT INTO page_ids (job, ids) VALUES (?, ?)', (job, b''))
    before = count_rows(db, *TABLES)
    store.stop_jobs(['j1'], DENIED)
    store.ended_updates.remove('u1', at=NOON)

    assert before == [2, 14, 2, 16, 2, 2, 2]
    assert count_rows(db, *TABLES) == [1, 7, 1, 8, 1, 1, 1]
    assert count_rows(db, 'ledger') == [7]
    assert store.counts('j1') is None
    assert working.counts('j2').objects == 7


def test_unknown_updates_are_removed(db: Database, store: UpdateStore, working: Working):
    for number in (1, 2, 3):
        fill(store, working, f'j{number}', f'u{number}')
    store.ended_updates.remove_others(['u2', 'u9'])

    assert count_rows(db, *TABLES[:4]) == [1, 7, 1, 8]
    assert store.counts('j2') is not None
    store.ended_updates.remove_others([])
    assert count_rows(db, *TABLES) == [0] * 7


def test_pages_of_an_update_that_is_removed_go_with_it(store: UpdateStore, working: Working):
    working.begin('j1')
    put_page(store, 'j1', 1)
    store.ended_updates.remove('u1', at=NOON)

    assert store.pages.head() is None


def test_key_that_was_chosen_and_never_accepted_is_forgotten_where_its_job_was_stopped(
    db: Database, store: UpdateStore, working: Working
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.settle(working.sent(size=1), 0)
    store.stop_jobs(['j1'], DENIED)
    store.ended_updates.remove('u1', at=NOON)

    # The refused one is tried again, so it stays.
    with db.read() as connection:
        rows = connection.execute('SELECT indicator_id FROM ledger').fetchall()
    assert [row[0] for row in rows] == [1]


def test_objects_under_way_when_their_update_is_removed_may_be_in_sentinel(
    store: UpdateStore, working: Working, ledger: Ledger
):
    working.begin('j1')
    working.convert(chosen(1), chosen(2))
    working.sent(size=1)
    store.ended_updates.remove('u1', at=NOON)

    assert ledger.live(NOON) == 1
    rows = ledger.rows_of_keys([address(1).digest, address(2).digest])
    assert [row.state for row in rows.values()] == [ObjectState.LIVE]
