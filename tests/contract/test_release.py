"""What `ReleaseStore` promises, of the real store."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from sentinel_app.core.indicator import DeletedIndicator
from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.work import Batch, ChosenObject, Holder, ObjectState, Settlement
from sentinel_app.errors import UploadDeniedError
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.release import SqliteReleases
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.work import SqliteWork
from tests.clocks import NOON
from tests.stored import make_job
from tests.working import make_chosen, make_conversion

MD5, SHA1, SHA256 = 'A' * 32, 'B' * 40, 'C' * 64
LATER = NOON + dt.timedelta(days=60)


@pytest.fixture
def releases(db: Database) -> SqliteReleases:
    return SqliteReleases(db)


def key(digest: str) -> str:
    return f'File|{ {32: "MD5", 40: "SHA-1", 64: "SHA-256"}[len(digest)] }|{digest}'


def enter(work: SqliteWork, *objects: ChosenObject) -> None:
    """Let Sentinel accept these objects."""
    work.settle(Settlement(batch=Batch(objects=objects)), at=NOON)


def file(digest: str, summary: str, number: int = 1, owner: str = 'Example Org') -> ChosenObject:
    return make_chosen(
        key(digest),
        indicator_id=number,
        indicator_type='File',
        summary=summary,
        owner_name=owner,
    )


def convert(
    progress: SqliteProgress, work: SqliteWork, *objects: ChosenObject, **fields: object
) -> None:
    """Read and convert one page with these objects' Indicators."""
    rows = [{'id': item.indicator_id} for item in objects] or [{'id': 99}]
    progress.add_page('j1', rows, page_size=10)
    page = progress.next_page('u1')
    assert page is not None
    outcomes: dict[int, Outcome | None] = {
        item.indicator_id: None if item.state is ObjectState.WAITING else Outcome.UNCHANGED
        for item in objects
    } or {99: Outcome.WITHHELD}
    work.store_conversion(make_conversion(page, outcomes, objects, **fields), at=NOON)


@pytest.mark.parametrize(
    ('known', 'named'),
    [
        (MD5, MD5),
        (MD5, f'{MD5} : {SHA256}'),
        (MD5, f'{SHA256} : {MD5.lower()}'),
        (f'{MD5} :  : {SHA256}', f'{MD5} : {SHA256}'),
        (f'{MD5} : {SHA1} : {SHA256}', MD5),
        # The object under the named hash may be another owner's.
        (f'{MD5} : {SHA1} : {SHA256}', SHA1),
        (f'{MD5} : {SHA1} : {SHA256}', f'{SHA256} : {SHA1}'),
    ],
)
def test_a_deleted_file_is_known_by_any_of_its_hashes(
    work: SqliteWork, releases: SqliteReleases, known: str, named: str
) -> None:
    enter(work, file(MD5, known), file('D' * 32, 'D' * 32, 2))
    enter(work, file(SHA1, SHA1, 3, 'Another Org'))
    entry = DeletedIndicator(type='File', summary=named, owner_name='Example Org')
    assert releases.named([entry]) == {1}
    assert releases.named([replace(entry, owner_name='A Third Org')]) == set()
    assert releases.named([replace(entry, type='Host')]) == set()


def test_what_is_no_file_is_known_by_its_summary(
    work: SqliteWork, releases: SqliteReleases
) -> None:
    enter(work, make_chosen('Host||a', indicator_type='Host', summary='a', indicator_id=4))
    enter(work, make_chosen(f'Host||{MD5}', indicator_type='Host', summary=MD5, indicator_id=5))
    entries = [
        DeletedIndicator(type='Host', summary='a', owner_name='Example Org'),
        DeletedIndicator(type='File', summary=MD5, owner_name='Example Org'),
    ]
    assert releases.named(entries) == {4}


def test_what_is_live_is_told_by_indicator_and_by_key(
    work: SqliteWork, releases: SqliteReleases
) -> None:
    enter(work, file(MD5, MD5), file(SHA1, MD5), file(SHA256, SHA256, 2))
    enter(work, make_chosen('k9', indicator_id=1, is_revocation=True))
    assert releases.live_keys([1, 3]) == {1: (key(MD5), key(SHA1))}
    assert releases.holders([key(SHA256), 'k9', 'k10']) == {
        key(SHA256): Holder(indicator_id=2, owner_name='Example Org')
    }


def test_what_another_indicator_holds_is_not_lost(
    work: SqliteWork, releases: SqliteReleases
) -> None:
    enter(work, file(MD5, MD5), file(SHA1, SHA1, 2))
    releases.release_keys({key(MD5): 1, key(SHA1): 1})
    assert releases.released([key(MD5), key(SHA1)], 'u1') == {key(MD5)}
    assert releases.released_keys('u1', now=NOON, most_attempts=3) == ((key(MD5), MD5),)
    # What is no longer valid needs no withdrawal.
    assert releases.released_keys('u1', now=LATER, most_attempts=3) == ()


def test_a_loss_that_was_found_too_late_is_one_for_the_next_update_only(
    work: SqliteWork, progress: SqliteProgress, releases: SqliteReleases
) -> None:
    progress.begin([make_job('j1')])
    enter(work, file(MD5, MD5), file(SHA1, SHA1))
    convert(progress, work, lost={key(MD5): 1}, late_for='u1')
    # What was known before stays known.
    releases.release_keys({key(SHA1): 1})
    convert(progress, work, lost={key(SHA1): 1}, late_for='u1')
    common = {'now': NOON, 'most_attempts': 3}
    for update_id, found in (('u1', {key(SHA1)}), ('u2', {key(MD5), key(SHA1)})):
        assert releases.released([key(MD5), key(SHA1)], update_id) == found
        assert {each for each, _ in releases.released_keys(update_id, **common)} == found
        unclaimed = releases.next_unclaimed(update_id, only_released=True, limit=9, **common)
        assert {entry.object_key for entry in unclaimed} == found
        assert releases.unclaimed(update_id, only_released=True, **common) == (len(found), 2)


def test_what_is_sent_again_or_stays_is_no_longer_looked_for(
    work: SqliteWork, progress: SqliteProgress, releases: SqliteReleases
) -> None:
    progress.begin([make_job('j1')])
    enter(work, *(make_chosen(f'k{number}', indicator_id=number) for number in (1, 2, 3)))
    releases.release_ids([1, 2, 3])
    waiting = make_chosen('k1', indicator_id=1)
    unchanged = make_chosen('k2', indicator_id=2, state=ObjectState.UNCHANGED)
    convert(progress, work, waiting, unchanged)
    assert releases.released(['k1', 'k2', 'k3'], 'u1') == {'k1', 'k3'}
    progress.end_reading('j1', at=NOON)
    batch = work.claim_batch('u1', size=100, at=NOON)
    assert batch is not None
    work.settle(Settlement(batch=batch), at=NOON)
    assert releases.released(['k1', 'k2', 'k3'], 'u1') == {'k3'}


def test_a_copy_that_loses_a_value_to_an_unchanged_one_loses_nothing_else(
    work: SqliteWork, progress: SqliteProgress, releases: SqliteReleases
) -> None:
    progress.begin([make_job('j1')])
    enter(work, make_chosen('k1', indicator_id=1))
    other = make_chosen('k1', indicator_id=2, state=ObjectState.UNCHANGED)
    convert(progress, work, other, lost={'k1': 1}, taken_over=['k1'], late_for='u1')
    assert releases.released(['k1'], 'u2') == set()
    assert releases.live_keys([1, 2]) == {2: ('k1',)}


@pytest.mark.parametrize(
    ('own', 'is_refused', 'outcome'),
    [
        (ObjectState.WAITING, False, Outcome.SENT),
        (ObjectState.WAITING, True, Outcome.REFUSED),
        (ObjectState.UNCHANGED, False, Outcome.WITHDRAWN),
        (ObjectState.UNCHANGED, True, Outcome.REFUSED),
        (None, False, Outcome.WITHDRAWN),
        (None, True, Outcome.REFUSED),
    ],
)
def test_an_indicator_that_is_read_and_loses_a_value_counts_once(
    work: SqliteWork,
    progress: SqliteProgress,
    releases: SqliteReleases,
    own: ObjectState | None,
    is_refused: bool,
    outcome: Outcome,
) -> None:
    progress.begin([make_job('j1')])
    objects = [] if own is None else [make_chosen('k1', indicator_id=99, state=own)]
    convert(progress, work, *objects)
    progress.end_reading('j1', at=NOON)
    releases.add_revocations([make_chosen('k2', indicator_id=99, is_revocation=True)])
    releases.close('u1', held_back=0)
    batch = work.claim_batch('u1', size=100, at=NOON)
    assert batch is not None
    place = [item.object_key for item in batch.objects].index('k2')
    refusals = {place: ('no',)} if is_refused else {}
    work.settle(Settlement(batch=batch, refusals=refusals), at=NOON)
    counts = progress.counts('j1')
    assert counts is not None
    assert (counts.read, counts.outcomes) == (1, {outcome: 1})


@pytest.mark.parametrize('is_stopped', [False, True])
def test_a_withdrawal_that_comes_after_the_stop_of_its_job_has_an_outcome(
    db: Database,
    progress: SqliteProgress,
    work: SqliteWork,
    is_stopped: bool,
) -> None:
    progress.begin([make_job('j1')])
    progress.end_reading('j1', at=NOON)
    if is_stopped:
        work.stop_jobs(['j1'], UploadDeniedError('Give the role.'))
    releases = SqliteReleases(db)
    releases.add_revocations([make_chosen(is_revocation=True)])
    releases.close('u1', held_back=0)
    (item,) = progress.progress('u1')
    assert item.is_settled is is_stopped
    assert (progress.counts('j1') or Counts()).outcomes == (
        {Outcome.FAILED: 1} if is_stopped else {}
    )
    batch = work.claim_batch('u1', size=100, at=NOON)
    assert (batch is None) is is_stopped
