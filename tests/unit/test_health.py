from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pytest

from sentinel_app import __version__
from sentinel_app.api.ports import HealthState, LastError
from sentinel_app.core.indicator import Owner
from sentinel_app.core.job import Job, JobStatus
from sentinel_app.errors import StorageError
from sentinel_app.health import LOW_DISK_BYTES, Health
from sentinel_app.settings import TTL_INPUTS, read_settings
from sentinel_app.storage.app_state.store import AppState
from tests.clocks import NOON, StandingClock
from tests.stored import make_job, make_update

WORKSPACE = '0f8fad5b-d9cb-469f-a165-70867728950e'
SECRET = 'Zx8Q~secret-value.that-is-never-shown'
SETTINGS = read_settings(
    {
        'client_id': '9c2d7d5e-4d8a-4a53-8e0f-1b6f6f5e2a11',
        'client_secret': SECRET,
        'tenant_id': 'b1946ac9-2492-4d23-9c44-95b4d5a6c111',
        'workspace_id': WORKSPACE,
        'sentinel_source_name': 'Demo Organization',
        'threatconnect_access_id': '88391746291837462918',
        'threatconnect_secret_key': SECRET,
        'schedule_interval_hours': '1',
        **dict.fromkeys(TTL_INPUTS.values(), '720'),
    }
)


class Usage(NamedTuple):
    """What the system says of a disk."""

    total: int
    used: int
    free: int


@dataclass
class StubProbe:
    """Knows nothing of ThreatConnect but what the test says."""

    warning: str | None = None


@dataclass
class Ward:
    """The health of an App with a data folder of its own."""

    folder: Path
    clock: StandingClock = field(default_factory=StandingClock)
    probe: StubProbe = field(default_factory=StubProbe)

    def __post_init__(self) -> None:
        self.app_state = AppState(self.folder / 'documents.json', now=self.clock.now)
        self.database = self.folder / 'state.db'
        self.health = Health(
            settings=SETTINGS,
            reading_warnings=(lambda: self.probe.warning,),
            app_state=self.app_state,
            documents_path=self.folder / 'documents.json',
            database_path=self.database,
            clock=self.clock,
        )

    def fail_job(self, after_s: float, **fields: object) -> None:
        """Have a Job fail now, and let some time pass."""
        number = f'{self.clock.passed_s}'
        defaults: dict[str, object] = {
            'status': JobStatus.FAILED,
            'failed_at': self.clock.now(),
            'failure_code': 'TC-AUTH',
            'failure_reason': 'Mend the access ID.',
        }
        job: Job = replace(make_job(f'j{number}'), **(defaults | fields))  # type: ignore[arg-type]
        update = make_update(f'u{number}', request_ids=(job.request_id,))
        self.app_state.add_update(update, [job], schedule=None)
        self.clock.advance(after_s)


@pytest.fixture(autouse=True)
def free_bytes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is free on the disk, to be changed by a test."""
    free = [LOW_DISK_BYTES]
    monkeypatch.setattr(shutil, 'disk_usage', lambda _: Usage(10**12, 0, free[0]))
    return free


@pytest.fixture
def ward(tmp_path: Path) -> Ward:
    return Ward(tmp_path)


def test_an_app_that_met_nothing_is_well(ward: Ward):
    ward.clock.advance(90)
    found = ward.health.snapshot()

    assert found.status is HealthState.OK
    assert found.last_error is None
    assert found.storage.warnings == ()
    assert found.version == __version__
    assert found.started_at == NOON


@pytest.mark.parametrize(
    ('types', 'expected'),
    [
        (('Source', 'Organization', 'Community'), 'Owner 1'),
        (('Source',), None),
        (('Organization', 'Organization'), None),
    ],
)
def test_the_one_organization_that_can_be_read_is_that_of_the_api_user(
    ward: Ward, types: tuple[str, ...], expected: str | None
):
    assert ward.health.snapshot().organization is None
    ward.health.note_owners(
        [Owner(name=f'Owner {number}', type=kind) for number, kind in enumerate(types)]
    )
    assert ward.health.snapshot().organization == expected


def test_the_service_is_named_without_its_secrets(ward: Ward):
    found = ward.health.snapshot()

    assert (found.source_name, found.workspace_id_end) == ('Demo Organization', WORKSPACE[-4:])
    assert found.cloud == 'Public'
    assert SECRET not in repr(found)
    assert WORKSPACE not in repr(found)


def test_a_part_that_fails_makes_the_app_degraded_until_it_works_again(ward: Ward):
    ward.health.note('download', StorageError('The disk is full.'))
    failing = ward.health.snapshot()
    ward.clock.advance(60)
    ward.health.note('download', None)
    mended = ward.health.snapshot()

    assert failing.status is HealthState.DEGRADED
    assert failing.last_error == LastError(at=NOON, code='RUN-DISK', message='The disk is full.')
    assert mended.status is HealthState.OK
    assert mended.last_error == failing.last_error


def test_one_part_that_works_again_does_not_hide_another_that_does_not(ward: Ward):
    ward.health.note('download', ValueError('x'))
    ward.health.note('upload-0', ValueError('y'))
    ward.health.note('upload-0', None)
    ward.health.note('convert', None)

    assert ward.health.snapshot().status is HealthState.DEGRADED


def test_an_unexpected_error_is_named_without_its_text(ward: Ward):
    ward.health.note('convert', KeyError(SECRET))
    found = ward.health.snapshot().last_error

    assert found is not None
    assert found.code == 'APP-INTERNAL'
    assert found.message == 'convert met an unexpected KeyError; the log has the details.'


def test_the_last_failed_job_is_the_last_error(ward: Ward):
    ward.fail_job(60, failure_reason='the first')
    ward.fail_job(30, failure_reason='the second')

    assert ward.health.snapshot().last_error == LastError(
        at=NOON.replace(minute=1), code='TC-AUTH', message='the second'
    )
    assert ward.health.snapshot().status is HealthState.OK


def test_the_later_of_a_failed_job_and_a_failed_part_is_shown(ward: Ward):
    ward.fail_job(60)
    ward.health.note('download', StorageError('The disk is full.'))
    later_part = ward.health.snapshot().last_error
    ward.clock.advance(60)
    ward.fail_job(60, failure_reason=None)
    later_job = ward.health.snapshot().last_error

    assert later_part is not None
    assert later_part.code == 'RUN-DISK'
    assert later_job is not None
    assert (later_job.code, later_job.message) == ('TC-AUTH', '')


@pytest.mark.parametrize('lacking', ['failed_at', 'failure_code'])
def test_a_failed_job_without_its_facts_is_passed_over(ward: Ward, lacking: str):
    ward.fail_job(60, **{lacking: None})

    assert ward.health.snapshot().last_error is None


def test_little_room_on_the_disk_is_a_warning_that_names_the_folder(
    ward: Ward, free_bytes: list[int]
):
    free_bytes[0] = 123_456_789
    found = ward.health.snapshot()

    assert found.status is HealthState.DEGRADED
    assert found.storage.free_bytes == 123_456_789
    (warning,) = found.storage.warnings
    assert warning.startswith('Only 123 MB are free')
    assert str(ward.folder) in warning


def test_what_the_documents_and_the_probe_warn_of_is_passed_on(tmp_path: Path):
    (tmp_path / 'documents.json').write_text('spoilt')
    ward = Ward(tmp_path, probe=StubProbe(warning='ThreatConnect does not sort by id.'))
    found = ward.health.snapshot()

    assert found.status is HealthState.DEGRADED
    assert len(found.storage.warnings) == 2
    assert 'documents.json' in found.storage.warnings[0]
    assert found.storage.warnings[1] == 'ThreatConnect does not sort by id.'


def test_sizes_are_those_of_the_files_and_nothing_where_there_is_none(ward: Ward):
    before = ward.health.snapshot().storage
    ward.fail_job(0)
    ward.database.write_bytes(b'x' * 1_000)
    without_wal = ward.health.snapshot().storage
    ward.database.with_name('state.db-wal').write_bytes(b'x' * 234)
    after = ward.health.snapshot().storage

    assert (before.documents_bytes, before.database_bytes) == (0, 0)
    assert after.documents_bytes == (ward.folder / 'documents.json').stat().st_size > 0
    assert (without_wal.database_bytes, after.database_bytes) == (1_000, 1_234)
