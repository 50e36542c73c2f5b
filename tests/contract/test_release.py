"""What `ReleaseStore` promises about Jobs that end meanwhile, of the real store."""

from __future__ import annotations

import pytest

from sentinel_app.core.models import Counts
from sentinel_app.core.status import Outcome
from sentinel_app.errors import UploadDeniedError
from sentinel_app.storage.progress import SqliteProgress
from sentinel_app.storage.release import SqliteReleases
from sentinel_app.storage.state_db import StateDb
from sentinel_app.storage.work import SqliteWork
from tests.clocks import NOON
from tests.stored import make_job
from tests.working import make_chosen


@pytest.mark.parametrize('is_stopped', [False, True])
def test_a_withdrawal_that_comes_after_the_stop_of_its_job_has_an_outcome(
    db: StateDb,
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
