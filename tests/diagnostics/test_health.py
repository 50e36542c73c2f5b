from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pytest

from sentinel_app import __version__
from sentinel_app.config.settings import TTL_INPUTS, read_settings
from sentinel_app.core.condition import ConditionCode, HealthState, Severity
from sentinel_app.core.health import LOW_DISK_BYTES
from sentinel_app.core.indicator import Owner
from sentinel_app.core.job import Job, JobStatus, Mode, Update
from sentinel_app.core.task import TASK_FACTS, TaskHealth, TaskState
from sentinel_app.diagnostics.check_result import CheckName, CheckResult, CheckStatus
from sentinel_app.diagnostics.health import Health
from sentinel_app.diagnostics.health_snapshot import LastError
from sentinel_app.errors import ReadAuthError, StorageError, TokenRefusedError
from sentinel_app.network.contact import Contacts
from sentinel_app.storage.app_state.store import AppState
from tests.harness.builders.app_state import make_audit, make_job, make_query, make_update
from tests.harness.clocks import NOON, StandingClock

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
        self.contacts = Contacts(self.clock)
        self.health = Health(
            settings=SETTINGS,
            app_state=self.app_state,
            contacts=(self.contacts.threatconnect, self.contacts.entra, self.contacts.sentinel),
            reading_warnings={ConditionCode.READING_BY_TIME: lambda: self.probe.warning},
            documents_path=self.folder / 'documents.json',
            database_path=self.database,
            clock=self.clock,
        )

    @property
    def codes(self) -> list[ConditionCode]:
        """What is wrong now."""
        return [each.code for each in self.health.conditions()]

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
        self.app_state.add_update(update, [job])
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


def test_app_without_any_problem_is_healthy(ward: Ward) -> None:
    ward.clock.advance(90)
    found = ward.health.snapshot()

    assert found.status is HealthState.HEALTHY
    assert found.last_error is None
    assert found.conditions == ()
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
def test_readable_organization_is_that_of_the_api_user(
    ward: Ward, types: tuple[str, ...], expected: str | None
) -> None:
    assert ward.health.snapshot().organization is None
    ward.health.record_owners(
        [Owner(name=f'Owner {number}', type=kind) for number, kind in enumerate(types)]
    )
    assert ward.health.snapshot().organization == expected


def test_service_is_named_without_its_secrets(ward: Ward) -> None:
    found = ward.health.snapshot()

    assert (found.source_name, found.workspace_id_end) == ('Demo Organization', WORKSPACE[-4:])
    assert found.source_system == 'ThreatConnect-Demo Organization'
    assert found.cloud == 'Public'
    assert SECRET not in repr(found)
    assert WORKSPACE not in repr(found)


def test_failing_part_makes_the_app_degraded_until_it_works_again(ward: Ward) -> None:
    ward.health.record_error('download', StorageError('The disk is full.'))
    failing = ward.health.snapshot()
    ward.clock.advance(60)
    ward.health.record_error('download', None)
    mended = ward.health.snapshot()

    assert failing.status is HealthState.DEGRADED
    assert failing.last_error == LastError(at=NOON, code='RUN-DISK', message='The disk is full.')
    assert mended.status is HealthState.HEALTHY
    assert mended.last_error == failing.last_error


def test_threads_of_a_task_are_named_after_it(ward: Ward) -> None:
    for part in ('upload-0', 'upload-7', 'schedule-updates', 'scheduler'):
        ward.health.record_error(part, StorageError('The disk is full.'))
    (found,) = ward.health.conditions()
    assert found.title == 'Not working: Upload, Schedule Updates, Scheduler (RUN-DISK)'
    assert found.severity is Severity.ERROR


def test_recovered_part_does_not_hide_another_that_fails(ward: Ward) -> None:
    ward.health.record_error('download', ValueError('x'))
    ward.health.record_error('upload-0', ValueError('y'))
    ward.health.record_error('upload-0', None)
    ward.health.record_error('convert', None)

    assert ward.health.snapshot().status is HealthState.DEGRADED


def test_unexpected_error_is_named_without_its_text(ward: Ward) -> None:
    ward.health.record_error('convert', KeyError(SECRET))
    found = ward.health.snapshot().last_error

    assert found is not None
    assert found.code == 'APP-INTERNAL'
    assert found.message == 'convert raised an unexpected KeyError; the log has the details.'


def test_last_failed_job_is_the_last_error(ward: Ward) -> None:
    ward.fail_job(60, failure_reason='the first')
    ward.fail_job(30, failure_reason='the second')

    assert ward.health.snapshot().last_error == LastError(
        at=NOON.replace(minute=1), code='TC-AUTH', message='the second'
    )


def test_later_of_a_failed_job_and_a_failed_part_is_shown(ward: Ward) -> None:
    ward.fail_job(60)
    ward.health.record_error('download', StorageError('The disk is full.'))
    later_part = ward.health.snapshot().last_error
    ward.clock.advance(60)
    ward.fail_job(60, failure_reason=None)
    later_job = ward.health.snapshot().last_error

    assert later_part is not None
    assert later_part.code == 'RUN-DISK'
    assert later_job is not None
    assert (later_job.code, later_job.message) == ('TC-AUTH', '')


@pytest.mark.parametrize('lacking', ['failed_at', 'failure_code'])
def test_failed_job_without_its_facts_is_skipped(ward: Ward, lacking: str) -> None:
    ward.fail_job(60, **{lacking: None})

    assert ward.health.snapshot().last_error is None


def test_low_disk_space_is_a_problem_that_names_the_folder(
    ward: Ward, free_bytes: list[int]
) -> None:
    free_bytes[0] = 123_456_789
    found = ward.health.snapshot()

    assert found.status is HealthState.DEGRADED
    assert found.storage.free_bytes == 123_456_789
    (condition,) = found.conditions
    assert condition.detail.startswith(f'123 MB are free in {ward.folder}')
    (warning,) = ward.health.storage_warnings()
    assert warning.startswith('Only 123 MB are free')


def test_undated_condition_began_when_it_was_first_seen(ward: Ward, free_bytes: list[int]) -> None:
    free_bytes[0] = 1
    ward.health.conditions()
    ward.clock.advance(60)
    assert ward.health.conditions()[0].since == NOON
    free_bytes[0] = LOW_DISK_BYTES
    assert ward.health.conditions() == ()
    free_bytes[0] = 1
    assert ward.health.conditions()[0].since == NOON.replace(minute=1)


def test_warnings_of_app_state_and_probe_are_passed_on(tmp_path: Path) -> None:
    (tmp_path / 'documents.json').write_text('spoilt')
    ward = Ward(tmp_path, probe=StubProbe(warning='ThreatConnect does not sort by id. Wait.'))
    aside, by_time = ward.health.conditions()

    assert aside.code is ConditionCode.DOCUMENTS_SET_ASIDE
    assert 'documents.json' in aside.detail
    assert by_time.code is ConditionCode.READING_BY_TIME
    assert by_time.remedy == 'Wait.'
    assert len(ward.health.storage_warnings()) == 1


def failed_step(name: CheckName, code: str | None = 'TC-AUTH') -> CheckResult:
    return CheckResult(
        name=name, status=CheckStatus.FAILED, message='It broke.', remedy='Mend it.', code=code
    )


def step(name: CheckName, status: CheckStatus) -> CheckResult:
    return CheckResult(name=name, status=status, message='')


class TestCheck:
    def test_failed_step_is_a_problem_until_it_passes(self, ward: Ward) -> None:
        ward.health.record_checks([failed_step(CheckName.OWNERS)])
        assert ward.codes == [ConditionCode.CHECK_FAILED]
        ward.health.record_checks([step(CheckName.OWNERS, CheckStatus.SKIPPED)])
        assert ward.codes == [ConditionCode.CHECK_FAILED]
        ward.health.record_checks([step(CheckName.OWNERS, CheckStatus.OK)])
        assert ward.codes == []

    def test_warning_is_no_problem(self, ward: Ward) -> None:
        ward.health.record_checks([step(CheckName.READ_BACK, CheckStatus.WARNING)])
        assert ward.codes == []

    @pytest.mark.parametrize(
        ('name', 'system'),
        [
            (CheckName.THREATCONNECT, 'threatconnect'),
            (CheckName.SIGN_IN, 'threatconnect'),
            (CheckName.TOKEN, 'entra'),
            (CheckName.WORKSPACE, 'sentinel'),
        ],
    )
    def test_failed_step_is_cleared_by_a_later_successful_call(
        self, ward: Ward, name: CheckName, system: str
    ) -> None:
        contact = getattr(ward.contacts, system)
        with contact.call():
            pass
        ward.clock.advance(1)
        ward.health.record_checks([failed_step(name)])
        assert ward.codes == [ConditionCode.CHECK_FAILED]
        ward.clock.advance(1)
        with pytest.raises(ReadAuthError), contact.call():
            raise ReadAuthError('no')
        assert ward.codes == [ConditionCode.CHECK_FAILED]
        with contact.call():
            pass
        assert ward.codes == []

    def test_low_disk_found_by_the_disk_step_is_reported_once(
        self, ward: Ward, free_bytes: list[int]
    ) -> None:
        free_bytes[0] = 1
        ward.health.record_checks([failed_step(CheckName.DISK, code=None)])
        assert ward.codes == [ConditionCode.DISK_LOW]
        ward.health.record_checks([failed_step(CheckName.DISK, code='RUN-DISK')])
        assert ward.codes == [ConditionCode.CHECK_FAILED, ConditionCode.DISK_LOW]


def test_client_secret_that_is_refused_as_expired_has_expired_until_a_token_comes(
    ward: Ward,
) -> None:
    def refuse(number: int) -> None:
        with pytest.raises(TokenRefusedError), ward.contacts.entra.call():
            raise TokenRefusedError('no', context={'aadsts': number})

    refuse(7000215)
    assert ward.codes == []
    with ward.contacts.entra.call():
        pass
    refuse(7000222)
    ward.clock.advance(60)
    refuse(7000222)
    (found,) = ward.health.conditions()
    assert (found.code, found.since) == (ConditionCode.CREDENTIAL_EXPIRED, NOON)
    with ward.contacts.entra.call():
        pass
    assert ward.codes == []


@dataclass
class StubUpdates:
    """What the schedule says, and what runs."""

    due: tuple[dt.datetime, Mode] | None = None
    running: Update | None = None

    def next_update(self) -> tuple[dt.datetime, Mode] | None:
        return self.due


@dataclass
class StubTasks:
    """How the Tasks stand."""

    found: tuple[TaskHealth, ...] = ()

    def task_health(self) -> tuple[TaskHealth, ...]:
        return self.found


def test_due_waiting_and_paused_work_is_checked(ward: Ward) -> None:
    updates, tasks = StubUpdates(due=(NOON, Mode.DELTA)), StubTasks()
    ward.health.attach(queue=updates, follower=updates, tasks=tasks)
    assert ward.codes == []
    ward.clock.advance(16 * 60)
    assert ward.codes == [ConditionCode.UPDATE_OVERDUE]
    paused = TaskState(is_paused=True, paused_at=NOON, paused_by='jdoe')
    tasks.found = (TaskHealth(facts=TASK_FACTS[0], state=paused),)
    assert ConditionCode.TASK_PAUSED in ward.codes


def test_disabled_query_is_no_longer_reported_as_failed(ward: Ward) -> None:
    ward.fail_job(0)
    audit = make_audit()
    for is_enabled, codes in ((True, [ConditionCode.JOB_FAILED]), (False, [])):
        saved = ward.app_state.query_list()
        ward.app_state.save_queries(
            [make_query(is_enabled=is_enabled)],
            expected_version=saved.version,
            next_mode=None,
            audit=audit,
        )
        assert ward.codes == codes


def test_repeated_check_costs_nothing_while_no_document_has_changed(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []

    def look(*found: object) -> tuple[()]:
        looks.append(found)
        return ()

    monkeypatch.setattr(
        'sentinel_app.diagnostics.health.last_failed', lambda *found: looks.append(found) or ()
    )
    ward.health.conditions()
    ward.health.conditions()
    assert len(looks) == 1
    ward.fail_job(0)
    ward.health.conditions()
    assert len(looks) == 2


def test_sizes_are_those_of_the_files_and_zero_where_there_is_none(ward: Ward) -> None:
    before = ward.health.snapshot().storage
    ward.fail_job(0)
    ward.database.write_bytes(b'x' * 1_000)
    without_wal = ward.health.snapshot().storage
    ward.database.with_name('state.db-wal').write_bytes(b'x' * 234)
    after = ward.health.snapshot().storage

    assert (before.app_state_bytes, before.database_bytes) == (0, 0)
    assert after.app_state_bytes == (ward.folder / 'documents.json').stat().st_size > 0
    assert (without_wal.database_bytes, after.database_bytes) == (1_000, 1_234)
