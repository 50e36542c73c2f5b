"""The one rule of health: facts in, problems out."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest

from sentinel_app.core.condition import (
    Condition,
    ConditionCode,
    Finding,
    HealthState,
    Outage,
    Screen,
    Severity,
    parted,
    state_of,
)
from sentinel_app.core.health import Credential, HealthFacts, conditions
from sentinel_app.core.job import Counts, Job, JobStatus, JobType, Mode
from sentinel_app.core.job_outlook import last_failed, last_well, waiting_withdrawal
from sentinel_app.core.scope import Scope
from sentinel_app.core.task import PIPELINE, TASK_FACTS, TaskHealth, TaskKill, TaskSlug, TaskState
from sentinel_app.core.trouble import System
from tests.harness.builders.app_state import make_job, make_query, make_update, minutes
from tests.harness.clocks import NOON
from tests.harness.project import PROJECT

HOUR = dt.timedelta(hours=1)
EARLIER = NOON - dt.timedelta(days=1)


CHOSEN = [scope for scope in Scope if scope is not Scope.WHOLE]


def facts(**members: Any) -> HealthFacts:
    defaults: dict[str, Any] = {
        'now': NOON,
        'interval': HOUR,
        'started_at': EARLIER,
        'queries': (make_query(),),
        'due_at': NOON + HOUR,
        'free_bytes': 10**10,
        'data_folder': '/data',
    }
    return HealthFacts(**(defaults | members))


def failed(request_id: str = 'j1', **members: Any) -> Job:
    defaults: dict[str, Any] = {
        'status': JobStatus.FAILED,
        'failed_at': NOON,
        'failure_code': 'AZ-403',
        'failure_reason': 'Sentinel refused the application. Assign it the role. (Forbidden)',
    }
    return make_job(request_id, **(defaults | members))


def task_health(slug: TaskSlug, **members: Any) -> TaskHealth:
    (found,) = (each for each in TASK_FACTS if each.slug is slug)
    return TaskHealth(facts=found, **({'state': TaskState()} | members))


def paused(slug: TaskSlug, by: str | None = 'demo.analyst') -> TaskHealth:
    state = TaskState(is_paused=True, paused_at=NOON - 2 * HOUR, paused_by=by)
    return task_health(slug, state=state)


def outage(system: System, tries: int = 2) -> Outage:
    return Outage(
        system=system, since=NOON, tries=tries, code='NET', message='No answer. Wait.', reason='x'
    )


WRONG: dict[ConditionCode, HealthFacts] = {
    ConditionCode.CONTEXT_WITHDRAWAL_WAITING: facts(context_held_back=1_240),
    ConditionCode.WITHDRAWAL_WAITING: facts(
        withdrawal=make_job('j9', counts=Counts(held_back=1_591), completed_at=NOON)
    ),
    ConditionCode.CREDENTIAL_EXPIRED: facts(credential=Credential(refused_at=NOON)),
    ConditionCode.THREATCONNECT_UNAVAILABLE: facts(outages=[outage(System.THREATCONNECT)]),
    ConditionCode.ENTRA_UNAVAILABLE: facts(outages=[outage(System.ENTRA)]),
    ConditionCode.SENTINEL_UNAVAILABLE: facts(outages=[outage(System.SENTINEL)]),
    ConditionCode.JOB_FAILED: facts(failed_jobs=[failed()]),
    ConditionCode.UPDATE_OVERDUE: facts(due_at=NOON - dt.timedelta(minutes=16)),
    ConditionCode.TASK_PAUSED: facts(tasks=[paused(TaskSlug.UPLOAD)]),
    ConditionCode.TASK_KILLED: facts(
        tasks=[task_health(TaskSlug.CLEANER, kill=TaskKill(at=NOON, by='demo.analyst'))]
    ),
    ConditionCode.PART_FAILING: facts(
        failing_parts=[Finding(subject='Upload', message='The disk is full.', code='RUN-DISK')]
    ),
    ConditionCode.CHECK_FAILED: facts(
        failed_checks=[Finding(subject='Owners', message='No role.', remedy='Give one.')]
    ),
    ConditionCode.DISK_LOW: facts(free_bytes=499_999_999),
    **{
        code: facts(stores={code: 'It was so. Look at it.'})
        for code in (
            ConditionCode.DOCUMENTS_SET_ASIDE,
            ConditionCode.DATABASE_SET_ASIDE,
            ConditionCode.READING_BY_TIME,
            ConditionCode.CLOCK_DIFFERS,
        )
    },
    ConditionCode.CREDENTIAL_EXPIRING: facts(
        credential=Credential(expires_at=NOON + dt.timedelta(days=10))
    ),
}


DECISIONS = {
    ConditionCode.WITHDRAWAL_WAITING,
    ConditionCode.CONTEXT_WITHDRAWAL_WAITING,
}


def only(wrong: HealthFacts) -> Condition:
    (found,) = conditions(wrong)
    return found


def test_service_without_a_problem_is_healthy() -> None:
    assert conditions(facts()) == ()
    assert state_of(()) is HealthState.HEALTHY


@pytest.mark.parametrize('code', ConditionCode)
def test_condition_follows_from_its_facts_and_says_what_to_do(code: ConditionCode) -> None:
    found = only(WRONG[code])
    assert found.code is code
    assert all((found.title, found.detail, found.remedy))
    assert 'None' not in f'{found.title} {found.detail} {found.remedy}'
    is_decision = code in DECISIONS
    expected = HealthState.DECISION if is_decision else HealthState.DEGRADED
    assert state_of([found]) is expected


def test_troubleshooting_lists_every_condition() -> None:
    text = (PROJECT / 'docs/troubleshooting.md').read_text()
    table = text.partition('## Health conditions')[2].partition('\n## ')[0]
    listed = re.findall(r'^\| `([a-z-]+)` \|', table, re.MULTILINE)
    assert sorted(listed) == sorted(ConditionCode)


def test_decision_outranks_errors_and_errors_outrank_warnings() -> None:
    merged = replace(WRONG[ConditionCode.WITHDRAWAL_WAITING], free_bytes=1, failed_jobs=[failed()])
    found = conditions(merged)
    assert [each.severity for each in found] == list(Severity)
    assert state_of(found) is HealthState.DECISION


def test_pending_withdrawal_is_counted_in_objects_and_links_to_its_job() -> None:
    found = only(WRONG[ConditionCode.WITHDRAWAL_WAITING])
    assert found.title == 'Withdrawal of 1,591 objects needs your decision'
    assert (found.link.screen, found.link.params) == (Screen.JOBS, {'open': 'j9'})


def test_withdrawal_of_context_that_is_held_back_is_decided_in_context() -> None:
    found = only(WRONG[ConditionCode.CONTEXT_WITHDRAWAL_WAITING])
    assert found.title == 'Withdrawal of 1,240 context objects needs your decision'
    assert (found.link.screen, found.link.params) == (Screen.CONTEXT, {})


def test_first_failed_attempt_is_a_blip() -> None:
    assert conditions(facts(outages=[outage(System.SENTINEL, tries=1)])) == ()


class TestFailedJobs:
    def test_problem_names_its_query_and_says_what_happened_what_to_do_and_why(self) -> None:
        queries = (make_query('q0'), make_query('q1'))
        found = only(facts(queries=queries, failed_jobs=[failed(query=queries[1])]))
        assert found.title == 'The last Job of query 2 failed (AZ-403)'
        assert found.detail == 'Sentinel refused the application.'
        assert found.remedy == 'Assign it the role.'
        assert found.reason == 'Forbidden'
        assert found.link.params == {'open': 'j1'}

    def test_query_with_a_name_is_named(self) -> None:
        named = make_query(name='Hosts of ESET')
        found = only(facts(queries=(named,), failed_jobs=[failed(query=make_query(name='Old'))]))
        assert found.title == 'The last Job of query 1, Hosts of ESET, failed (AZ-403)'

    def test_failures_of_one_update_with_one_reason_are_one_problem(self) -> None:
        jobs = [failed(f'j{number}') for number in range(60)]
        assert only(facts(failed_jobs=jobs)).title == 'The last Job of 60 queries failed (AZ-403)'
        other = failed('j99', failure_code='TC-AUTH')
        assert len(conditions(facts(failed_jobs=[*jobs, other]))) == 2

    def test_job_without_a_reason_points_to_the_log(self) -> None:
        found = only(facts(failed_jobs=[failed(failure_code=None, failure_reason=None)]))
        assert 'log' in f'{found.detail} {found.remedy}'

    def test_last_job_of_each_query_counts(self) -> None:
        early, late = failed('early'), failed('late', failed_at=NOON + HOUR)
        whole = make_job('whole', status=JobStatus.UPLOAD_COMPLETE, completed_at=NOON + HOUR / 2)
        queries = (make_query(),)
        assert last_failed([late, whole, early], queries) == (late,)
        assert last_failed([whole, early], queries) == ()

    @pytest.mark.parametrize('status', [JobStatus.CANCELLED, JobStatus.PENDING])
    def test_canceled_jobs_and_jobs_in_progress_are_ignored(self, status: JobStatus) -> None:
        jobs = [failed(), make_job('j2', status=status, queued_at=NOON + HOUR)]
        assert last_failed(jobs, (make_query(),)) == (jobs[0],)

    @pytest.mark.parametrize('scope', CHOSEN)
    def test_jobs_about_chosen_values_are_ignored(self, scope: Scope) -> None:
        well = make_job(
            'j2', status=JobStatus.UPLOAD_COMPLETE, completed_at=NOON + HOUR, scope=scope
        )
        assert last_failed([failed(), well], (make_query(),)) == (failed(),)
        assert last_failed([failed(scope=scope)], (make_query(),)) == ()

    def test_query_that_is_no_longer_saved_is_ignored(self) -> None:
        assert last_failed([failed()], (make_query('other'),)) == ()


class TestWithdrawal:
    QUERIES = (make_query(),)

    def waiting(self, *ended: tuple[Mode, int], **last: Any) -> str | None:
        """Return what waits after updates of a mode that each held so many objects back."""
        updates, jobs = [], []
        for number, (mode, held_back) in enumerate(ended):
            is_last = number == len(ended) - 1
            update = make_update(
                f'u{number}', mode=mode, queued_at=minutes(number), ended_at=minutes(number + 1)
            )
            updates.append(replace(update, **(last.get('update', {}) if is_last else {})))
            job = make_job(
                f'j{number}',
                update_id=f'u{number}',
                mode=mode,
                status=JobStatus.UPLOAD_COMPLETE,
                counts=Counts(held_back=held_back),
            )
            jobs.append(replace(job, **(last.get('job', {}) if is_last else {})))
        found = waiting_withdrawal(updates, jobs, self.QUERIES)
        return None if found is None else found.request_id

    def test_held_back_objects_wait_until_an_update_holds_nothing_back(self) -> None:
        assert self.waiting((Mode.DELTA, 0)) is None
        assert self.waiting((Mode.DELTA, 5)) == 'j0'
        assert self.waiting((Mode.DELTA, 5), (Mode.DELTA, 6)) == 'j1'
        assert self.waiting((Mode.DELTA, 5), (Mode.DELTA, 0)) is None
        assert self.waiting((Mode.DELTA, 5), (Mode.FULL, 0)) is None

    def test_delta_does_not_clear_what_a_reconcile_update_held_back(self) -> None:
        assert self.waiting((Mode.RECONCILE, 5), (Mode.DELTA, 0)) == 'j0'
        assert self.waiting((Mode.RECONCILE, 5), (Mode.DELTA, 0), (Mode.RECONCILE, 0)) is None

    def test_update_that_failed_or_left_a_query_out_is_ignored(self) -> None:
        failed_one = {'status': JobStatus.FAILED}
        assert self.waiting((Mode.DELTA, 5), (Mode.DELTA, 0), job=failed_one) == 'j0'
        other = {'query': make_query('other')}
        assert self.waiting((Mode.DELTA, 5), (Mode.DELTA, 0), job=other) == 'j0'

    @pytest.mark.parametrize('scope', CHOSEN)
    def test_update_about_chosen_values_is_ignored(self, scope: Scope) -> None:
        chosen = {'scope': scope}
        found = self.waiting((Mode.DELTA, 5), (Mode.DELTA, 0), update=chosen, job=chosen)
        assert found == 'j0'

    def test_confirmed_withdrawal_under_way_no_longer_waits(self) -> None:
        confirmed = {'confirmed_withdrawals': 5, 'ended_at': None, 'job_type': JobType.AD_HOC}
        pending = {'status': JobStatus.PENDING}
        found = self.waiting((Mode.DELTA, 5), (Mode.DELTA, 0), update=confirmed, job=pending)
        assert found is None


class TestOverdue:
    LATE = dt.timedelta(minutes=16)

    def test_update_may_be_a_quarter_of_an_hour_late(self) -> None:
        assert conditions(facts(due_at=NOON - dt.timedelta(minutes=15))) == ()

    def test_no_update_is_due_without_a_query(self) -> None:
        assert conditions(facts(due_at=None)) == ()

    def test_time_before_the_start_of_the_service_does_not_count(self) -> None:
        assert conditions(facts(due_at=EARLIER, started_at=NOON)) == ()

    def test_paused_task_is_named_as_the_cause(self) -> None:
        wrong = facts(due_at=NOON - self.LATE, tasks=[paused(TaskSlug.SCHEDULE_UPDATES)])
        (found,) = (each for each in conditions(wrong) if each.code is ConditionCode.UPDATE_OVERDUE)
        assert found.remedy == 'Resume Schedule Updates in TASKS.'
        assert found.severity is Severity.ERROR

    def test_update_may_be_a_whole_interval_late_while_another_runs(self) -> None:
        running = make_update(mode=Mode.FULL, started_at=NOON - 3 * HOUR)
        assert conditions(facts(due_at=NOON - self.LATE, running=running)) == ()
        found = only(facts(due_at=NOON - HOUR - self.LATE, running=running))
        assert found.severity is Severity.WARNING
        assert 'A full update has been running since 2026-03-04 09:00 UTC' in found.detail
        assert found.link.screen is Screen.JOBS

    def test_update_about_chosen_values_is_named_as_such(self) -> None:
        running = make_update(started_at=NOON - 3 * HOUR, scope=Scope.SEND, asked=3)
        found = only(facts(due_at=NOON - HOUR - self.LATE, running=running))
        assert 'An update (Send now: 3 values) has been running since' in found.detail


class TestTasks:
    def test_pause_names_the_person_and_the_task_to_resume(self) -> None:
        found = only(facts(tasks=[paused(TaskSlug.UPLOAD)]))
        assert found.title == 'Upload was paused by demo.analyst'
        assert found.since == NOON - 2 * HOUR
        assert found.link.params == {'task': 'upload'}

    @pytest.mark.parametrize('slug', TaskSlug)
    def test_paused_stage_stops_the_sending(self, slug: TaskSlug) -> None:
        is_stage = slug in {TaskSlug.DOWNLOAD, TaskSlug.CONVERT, TaskSlug.UPLOAD}
        expected = Severity.ERROR if is_stage else Severity.WARNING
        assert only(facts(tasks=[paused(slug, by=None)])).severity is expected

    def test_pipeline_paused_as_a_whole_is_one_problem(self) -> None:
        pipeline = [paused(slug) for slug in PIPELINE]
        found = only(facts(tasks=pipeline))
        assert found.title == 'The pipeline was paused by demo.analyst'
        assert found.link.params == {'task': 'pipeline'}
        one, *others = pipeline
        another = replace(one, state=replace(one.state, paused_by='jdoe'))
        assert len(conditions(facts(tasks=[another, *others]))) == len(PIPELINE)

    def test_pause_says_why_and_until_when(self) -> None:
        task = paused(TaskSlug.UPLOAD)
        state = replace(task.state, pause_reason='Maintenance', paused_until=NOON + HOUR)
        found = only(facts(tasks=[replace(task, state=state)]))
        assert found.detail.endswith('Reason: Maintenance.')
        assert found.remedy.endswith('It resumes by itself at 2026-03-04 13:00 UTC.')

    def test_killed_task_with_a_failed_job_is_reported_by_the_job(self) -> None:
        kill = TaskKill(at=NOON, by='the watchdog', request_ids=('j1',))
        tasks = [task_health(TaskSlug.UPLOAD, kill=kill)]
        assert only(facts(tasks=tasks, failed_jobs=[failed()])).code is ConditionCode.JOB_FAILED
        assert only(facts(tasks=tasks)).title == 'Upload was killed by the watchdog'

    def test_killed_stage_is_healthy_again_once_a_later_job_completes(self) -> None:
        kill = TaskKill(at=NOON, by='the watchdog')
        upload, cleaner = (
            [task_health(slug, kill=kill)] for slug in (TaskSlug.UPLOAD, TaskSlug.CLEANER)
        )
        assert conditions(facts(tasks=upload, well_since=NOON + HOUR)) == ()
        assert only(facts(tasks=upload, well_since=NOON - HOUR)).since == NOON
        # No update needs the Cleaner.
        assert only(facts(tasks=cleaner, well_since=NOON + HOUR)).since == NOON


def test_last_success_is_the_completed_job_that_started_last() -> None:
    done, later = (
        make_job(name, status=JobStatus.UPLOAD_COMPLETE, started_at=minutes(at))
        for name, at in (('j1', 1), ('j2', 2))
    )
    assert last_well([later, done, failed('j3', started_at=minutes(3))]) == minutes(2)
    assert last_well([failed('j3', started_at=minutes(3))]) is None


def test_parts_that_fail_for_the_same_cause_are_one_problem() -> None:
    parts = [
        Finding(subject=name, message='The disk is full. Free space.', code='RUN-DISK', since=at)
        for name, at in (('Upload', NOON), ('Upload', EARLIER), ('Convert', NOON))
    ]
    found = only(facts(failing_parts=parts))
    assert found.title == 'Not working: Upload, Convert (RUN-DISK)'
    assert (found.detail, found.remedy) == ('The disk is full.', 'Free space.')
    assert found.since == EARLIER


@pytest.mark.parametrize(
    ('days', 'words'),
    [
        (14.5, None),
        (13.5, 'expires in 13 days'),
        (1.5, 'expires in 1 day'),
        (0.5, 'expires within a day'),
        (0, 'has expired'),
        (-3, 'has expired'),
    ],
)
def test_expiry_of_a_certificate_is_reported_two_weeks_ahead(
    days: float, words: str | None
) -> None:
    end = NOON + dt.timedelta(days=days)
    found = conditions(facts(credential=Credential(expires_at=end)))
    assert [each.title for each in found] == (
        [] if words is None else [f'The certificate in Client Secret {words}']
    )


@pytest.mark.parametrize(
    ('text', 'parts'),
    [
        ('It broke.', ('It broke.', '', '')),
        ('It broke. Mend it. Wait.', ('It broke.', 'Mend it. Wait.', '')),
        ('It broke. Mend it. (AADSTS1: x. y)', ('It broke.', 'Mend it.', 'AADSTS1: x. y')),
        ('It (the App) broke. Mend it.', ('It (the App) broke.', 'Mend it.', '')),
    ],
)
def test_errors_text_has_three_parts(text: str, parts: tuple[str, str, str]) -> None:
    assert parted(text) == parts
