"""Requests that are under way, or had no answer: what Sentinel may have counts all the same."""

from __future__ import annotations

import pytest

from sentinel_app.core.job import Outcome
from sentinel_app.core.ports import Ledger, ProgressStore, ReleaseStore, WorkStore
from sentinel_app.core.work import Batch, ChosenObject
from sentinel_app.storage.release import SqliteReleases
from sentinel_app.storage.sqlite import Database
from tests.contract.test_work import DENIED, Stores, chosen, replace
from tests.working import make_chosen


@pytest.fixture
def stores(progress: ProgressStore, work: WorkStore) -> Stores:
    return Stores(progress, work)


@pytest.fixture
def releases(db: Database) -> ReleaseStore:
    return SqliteReleases(db)


def sent(stores: Stores, *objects: ChosenObject) -> Batch:
    """Convert a page and claim what it gives; the reading goes on."""
    stores.begin('j1')
    stores.convert(*objects)
    return stores.claim(size=len(objects))


@pytest.mark.parametrize('is_answered', [True, False])
def test_a_better_copy_goes_out_after_the_one_under_way(stores: Stores, is_answered: bool):
    under_way = sent(stores, chosen(1))
    replace(stores, old=1, new=2)
    replace(stores, old=2, new=3, version=2)
    stores.end('j1')

    assert stores.keys() is None
    if is_answered:
        stores.settle(under_way)
    else:
        stores.work.release(under_way)
    assert [item.version for item in stores.claim().objects] == [2]


def test_a_better_copy_need_not_wait_for_what_a_dead_process_had_under_way(stores: Stores):
    sent(stores, chosen(1))
    replace(stores, old=1, new=2)
    stores.end('j1')
    stores.work.recover()

    assert [item.version for item in stores.claim().objects] == [1]


def test_what_had_no_answer_is_known_to_the_ledger_when_its_job_is_stopped(
    stores: Stores, ledger: Ledger
):
    batch = sent(stores, chosen(1, created='2026-01-01T00:00:00.000Z'))
    stores.work.note_request(batch, is_answered=False)
    stores.work.stop_jobs(['j1'], DENIED)
    stores.work.release(batch)

    held = ledger.held(['k1'])['k1']
    assert (held.is_live, held.created) == (True, '2026-01-01T00:00:00.000Z')
    assert held.content_hash == ''
    assert stores.outcomes() == {Outcome.FAILED: 1}


def test_what_was_refused_or_never_sent_is_not_entered(stores: Stores, ledger: Ledger):
    batch = sent(stores, chosen(1))
    stores.work.note_request(batch)
    stores.convert(chosen(2))
    stores.work.stop_jobs(['j1'], DENIED)
    stores.work.release(batch)

    assert ledger.count() == 0


def test_what_a_dead_process_had_under_way_is_entered_when_its_job_is_stopped(
    stores: Stores, ledger: Ledger
):
    sent(stores, chosen(1))
    stores.work.recover()
    stores.work.stop_jobs(['j1'], DENIED)

    assert ledger.held(['k1'])['k1'].content_hash == ''


def test_a_copy_without_an_answer_takes_the_place_of_the_one_that_was_held(
    stores: Stores, ledger: Ledger, releases: ReleaseStore
):
    stores.settle(sent(stores, chosen(1, valid_until='2027-01-01T00:00:00.000Z')))
    stores.convert(make_chosen('k1', indicator_id=2, version=1, content_hash='better'))
    batch = stores.claim(size=1)
    stores.work.note_request(batch, is_answered=False)
    stores.work.stop_jobs(['j1'], DENIED)
    stores.work.release(batch)

    held = ledger.held(['k1'])['k1']
    assert (held.indicator_id, held.content_hash, held.valid_until_at.year) == (2, '', 2027)
    # Should it be deleted before it is read again, it is found by its id.
    assert releases.release_ids([2]) == 1
