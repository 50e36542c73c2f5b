"""The rules of health: which facts are problems, how severe each is, and what to do about it.

The page, `GET api/health`, the heartbeat, the metrics and the notifications all show the result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sentinel_app.core.condition import (
    Condition,
    ConditionCode,
    Finding,
    Link,
    Outage,
    Screen,
    Severity,
    parted,
    sorted_by_severity,
)
from sentinel_app.core.job import Job, Mode, Update
from sentinel_app.core.job_outlook import ended_at
from sentinel_app.core.query import Query
from sentinel_app.core.scope import Scope, scope_words
from sentinel_app.core.task import (
    PIPELINE,
    TaskGroup,
    TaskHealth,
    TaskSlug,
    TaskState,
    named,
)
from sentinel_app.core.trouble import System

LOW_DISK_BYTES: Final = 500_000_000
OUTAGE_TRIES: Final = 2
"""Failed attempts in a row that count as an outage; a single one does not."""

OVERDUE_AFTER: Final = dt.timedelta(minutes=15)
"""Delay after which a scheduled update is overdue while nothing else runs."""

_STAGES: Final = frozenset({TaskSlug.DOWNLOAD, TaskSlug.CONVERT, TaskSlug.UPLOAD})

EXPIRES_WITHIN: Final = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Known expiry of the client secret or certificate."""

    expires_at: dt.datetime | None = None
    """Expiry of the certificate; unknown for a client secret."""
    refused_at: dt.datetime | None = None
    """When Microsoft Entra ID first refused the client secret as expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """All inputs of the rules at one moment."""

    now: dt.datetime
    interval: dt.timedelta
    """Interval between scheduled updates."""
    started_at: dt.datetime
    """Start of the Service."""
    queries: Sequence[Query] = ()
    """Saved queries, highest precedence first."""
    failed_jobs: Sequence[Job] = ()
    """Last Jobs of the enabled queries, as far as they failed."""
    well_since: dt.datetime | None = None
    """Start of the last Job that completed; all three stages worked for it."""
    withdrawal: Job | None = None
    """Job whose withdrawal needs a person's decision."""
    context_held_back: int = 0
    """Withdrawals of context objects that need one."""
    due_at: dt.datetime | None = None
    """Due time of the next scheduled update, perhaps in the past; None without a query."""
    due_mode: Mode = Mode.DELTA
    running: Update | None = None
    tasks: Sequence[TaskHealth] = ()
    outages: Sequence[Outage] = ()
    failed_checks: Sequence[Finding] = ()
    failing_parts: Sequence[Finding] = ()
    stores: Mapping[ConditionCode, str] = field(default_factory=dict)
    """Warnings of the stores and of reading, by code."""
    free_bytes: int | None = None
    data_folder: str = ''
    credential: Credential = Credential()


def conditions(facts: HealthFacts) -> tuple[Condition, ...]:
    """Return the open conditions, worst first; empty if all is well."""
    found = (
        *_withdrawal(facts),
        *_context(facts),
        *_credential(facts),
        *(_outage(each) for each in facts.outages if each.tries >= OUTAGE_TRIES),
        *_failed_jobs(facts),
        *_overdue(facts),
        *_tasks(facts),
        *_parts(facts.failing_parts),
        *(_check(each) for each in facts.failed_checks),
        *_disk(facts),
        *_stores(facts),
    )
    return sorted_by_severity(found)


def _withdrawal(facts: HealthFacts) -> Iterator[Condition]:
    job = facts.withdrawal
    if job is not None:
        count = _counted(job.counts.held_back, 'object')
        yield Condition(
            code=ConditionCode.WITHDRAWAL_WAITING,
            severity=Severity.DECISION,
            title=f'Withdrawal of {count} needs your decision',
            detail=f'{count} in Microsoft Sentinel would be withdrawn at once. That exceeds the '
            'Withdraw Limit Percent, so none was.',
            remedy='If ThreatConnect is right, confirm with Withdraw in JOBS; if not, correct it '
            'there, and the next update finds nothing to withdraw.',
            since=job.completed_at or job.failed_at,
            link=Link(screen=Screen.JOBS, params={'open': job.request_id}),
            subject=job.request_id,
        )


def _context(facts: HealthFacts) -> Iterator[Condition]:
    if facts.context_held_back:
        count = _counted(facts.context_held_back, 'context object')
        yield Condition(
            code=ConditionCode.CONTEXT_WITHDRAWAL_WAITING,
            severity=Severity.DECISION,
            title=f'Withdrawal of {count} needs your decision',
            detail=f'{count} in Microsoft Sentinel would be withdrawn at once. That exceeds the '
            'Withdraw Limit Percent, so none was.',
            remedy='If ThreatConnect and the inputs are right, confirm with Withdraw in CONTEXT; '
            'if not, correct them, and the next complete reading finds nothing to withdraw.',
            link=Link(screen=Screen.CONTEXT),
        )


def _credential(facts: HealthFacts) -> Iterator[Condition]:
    known = facts.credential
    link = Link(screen=Screen.DASHBOARD)
    if known.refused_at is not None:
        yield Condition(
            code=ConditionCode.CREDENTIAL_EXPIRED,
            severity=Severity.ERROR,
            title='The client secret has expired',
            detail='Microsoft Entra ID issues no access token, so nothing can be sent.',
            remedy='Create a new client secret for the application in Entra ID, put its value into '
            'the Client Secret input, and restart the Service.',
            since=known.refused_at,
            link=link,
        )
    if known.expires_at is None or known.expires_at - facts.now > EXPIRES_WITHIN:
        return
    is_over = known.expires_at <= facts.now
    yield Condition(
        code=ConditionCode.CREDENTIAL_EXPIRED if is_over else ConditionCode.CREDENTIAL_EXPIRING,
        severity=Severity.ERROR if is_over else Severity.WARNING,
        title=f'The certificate in Client Secret {"has expired" if is_over else _soon(facts)}',
        detail=f'It {"was" if is_over else "is"} valid until {_at(known.expires_at)}. '
        + ('Nothing can be sent.' if is_over else 'After that, nothing can be sent.'),
        remedy='Create a new certificate, upload it to the application in Entra ID, put it with '
        'its private key into the Client Secret input, and restart the Service.',
        since=known.expires_at if is_over else known.expires_at - EXPIRES_WITHIN,
        link=link,
        subject='certificate',
    )


def _soon(facts: HealthFacts) -> str:
    assert facts.credential.expires_at is not None  # noqa: S101 - asked for by the caller
    days = (facts.credential.expires_at - facts.now).days
    return f'expires in {_counted(days, "day")}' if days else 'expires within a day'


UNAVAILABLE: Final[Mapping[System, ConditionCode]] = {
    System.THREATCONNECT: ConditionCode.THREATCONNECT_UNAVAILABLE,
    System.ENTRA: ConditionCode.ENTRA_UNAVAILABLE,
    System.SENTINEL: ConditionCode.SENTINEL_UNAVAILABLE,
}


def _outage(outage: Outage) -> Condition:
    return Condition(
        code=UNAVAILABLE[outage.system],
        severity=Severity.ERROR,
        title=f'{outage.system} is unavailable',
        detail=f'{outage.tries:,} tries in a row have failed. {parted(outage.message)[0]}',
        reason=outage.reason,
        remedy='The Service tries again by itself. If it lasts, run a check on DASHBOARD, and see '
        'whether a firewall or proxy lets the requests through.',
        since=outage.since,
        link=Link(screen=Screen.DASHBOARD),
    )


def _failed_jobs(facts: HealthFacts) -> Iterator[Condition]:
    """Group Jobs that failed for the same reason in the same update into one condition."""
    groups: dict[tuple[str, str | None, str | None], list[Job]] = {}
    for job in facts.failed_jobs:
        groups.setdefault((job.update_id, job.failure_code, job.failure_reason), []).append(job)
    for (_, code, reason), jobs in groups.items():
        first = jobs[0]
        said, remedy, words = parted(reason or 'Its reason is not known; see the log.')
        yield Condition(
            code=ConditionCode.JOB_FAILED,
            severity=Severity.ERROR,
            title=f'The last Job of {_queries(jobs, facts.queries)} failed'
            + (f' ({code})' if code else ''),
            detail=said,
            reason=words,
            remedy=remedy or 'The next update tries again; Retry in JOBS does so at once.',
            since=min(ended_at(job) for job in jobs),
            link=Link(screen=Screen.JOBS, params={'open': first.request_id}),
            subject=code or '',
        )


def _queries(jobs: Sequence[Job], queries: Sequence[Query]) -> str:
    if len(jobs) > 1:
        return f'{len(jobs):,} queries'
    saved = {query.id: (place, query) for place, query in enumerate(queries, 1)}
    place, query = saved.get(jobs[0].query.id, (jobs[0].position + 1, jobs[0].query))
    return f'query {place}, {query.name},' if query.name else f'query {place}'


def _overdue(facts: HealthFacts) -> Iterator[Condition]:
    if facts.due_at is None:
        return
    running = facts.running
    # While the Service was down, no update was expected to begin.
    expected_at = max(facts.due_at, facts.started_at)
    grace = OVERDUE_AFTER if running is None else max(OVERDUE_AFTER, facts.interval)
    if facts.now - expected_at <= grace:
        return
    detail = f'The scheduled {facts.due_mode} update was due at {_at(facts.due_at)}.'
    paused = [each for each in facts.tasks if each.state.is_paused]
    if paused:
        names = ', '.join(each.facts.name for each in paused)
        detail += f' Paused: {names}.'
        remedy = f'Resume {names} in TASKS.'
    elif running is not None:
        began = running.started_at or running.queued_at
        detail += f' {_called(running)} has been running since {_at(began)}.'
        remedy = 'See in JOBS how far it has come; scheduled updates wait for it.'
    else:
        remedy = 'Run Schedule Updates in TASKS. If that does not help, restart the Service.'
    yield Condition(
        code=ConditionCode.UPDATE_OVERDUE,
        severity=Severity.ERROR if running is None else Severity.WARNING,
        title='A scheduled update is overdue',
        detail=detail,
        remedy=remedy,
        since=facts.due_at,
        link=Link(screen=Screen.JOBS if running is not None and not paused else Screen.TASKS),
    )


def _called(update: Update) -> str:
    if update.scope is Scope.WHOLE:
        return f'A {update.mode} update'
    return f'An update ({scope_words(update.scope, update.asked)})'


def _tasks(facts: HealthFacts) -> Iterator[Condition]:
    # A Job that failed with its Task has a condition of its own.
    failed = {job.request_id for job in facts.failed_jobs}
    pauses = {task.facts.slug: task.state for task in facts.tasks if task.state.is_paused}
    pipeline = [pauses[slug] for slug in PIPELINE if slug in pauses]
    if len(pipeline) == len(PIPELINE) and all(state == pipeline[0] for state in pipeline):
        yield _paused('The pipeline', pipeline[0], 'pipeline', _PAUSED_PIPELINE, Severity.ERROR)
        pauses = {slug: state for slug, state in pauses.items() if slug not in PIPELINE}
    for task in facts.tasks:
        name, slug, kill = task.facts.name, task.facts.slug, task.kill
        if slug in pauses:
            is_stage = task.facts.group is TaskGroup.PIPELINE
            severity = Severity.ERROR if is_stage else Severity.WARNING
            yield _paused(name, pauses[slug], slug, _PAUSED[slug], severity)
        elif kill is not None and failed.isdisjoint(kill.request_ids):
            well_since = facts.well_since
            if slug in _STAGES and well_since is not None and well_since > kill.at:
                continue
            yield Condition(
                code=ConditionCode.TASK_KILLED,
                severity=Severity.WARNING,
                title=f'{name} was killed by {kill.by}',
                detail='It has not completed anything since.',
                remedy='It goes on by itself; Run in TASKS does so at once.',
                since=kill.at,
                link=Link(screen=Screen.TASKS, params={'task': slug}),
                subject=slug,
            )


def _paused(
    name: str, state: TaskState, slug: str, consequence: str, severity: Severity
) -> Condition:
    reason = f' Reason: {state.pause_reason}.' if state.pause_reason else ''
    until = state.paused_until
    return Condition(
        code=ConditionCode.TASK_PAUSED,
        severity=severity,
        title=f'{name} was paused by {named(state.paused_by)}',
        detail=f'{consequence}{reason}',
        remedy='Resume it when the work may go on.'
        + (f' It resumes by itself at {_at(until)}.' if until else ''),
        since=state.paused_at,
        link=Link(screen=Screen.TASKS, params={'task': slug}),
        subject=slug,
    )


_PAUSED: Final[Mapping[TaskSlug, str]] = {
    TaskSlug.DOWNLOAD: 'Nothing is read from ThreatConnect.',
    TaskSlug.CONVERT: 'Nothing is converted, so nothing new is sent.',
    TaskSlug.UPLOAD: 'Nothing is sent to Microsoft Sentinel.',
    TaskSlug.SCHEDULE_UPDATES: 'No scheduled update begins.',
    TaskSlug.VERIFY: 'Nobody compares what Microsoft Sentinel holds with what was sent.',
    TaskSlug.MATCH: 'New alerts of Microsoft Sentinel are not searched for Indicators.',
    TaskSlug.CONTEXT: 'No owners and threat actors behind the Indicators are sent.',
    TaskSlug.CLEANER: 'Old requests and errors are kept, and take up disk space.',
}
_PAUSED_PIPELINE: Final = 'Nothing is read or sent, and no scheduled update begins.'


def _parts(failing: Sequence[Finding]) -> Iterator[Condition]:
    """Group parts that fail with the same code: they have one cause, such as a full disk."""
    groups: dict[str, list[Finding]] = {}
    for finding in failing:
        groups.setdefault(finding.code or '', []).append(finding)
    for code, findings in groups.items():
        first = findings[0]
        said, remedy, words = parted(first.message)
        names = ', '.join(dict.fromkeys(each.subject for each in findings))
        yield Condition(
            code=ConditionCode.PART_FAILING,
            severity=Severity.ERROR,
            title=f'Not working: {names}' + (f' ({code})' if code else ''),
            detail=said,
            reason=words or first.reason,
            remedy=first.remedy or remedy or 'The log has the details, under the same code.',
            since=min((each.since for each in findings if each.since), default=None),
            link=Link(screen=Screen.TASKS),
            subject=code,
        )


def _check(finding: Finding) -> Condition:
    return Condition(
        code=ConditionCode.CHECK_FAILED,
        severity=Severity.ERROR,
        title=f'Check failed: {finding.subject}' + (f' ({finding.code})' if finding.code else ''),
        detail=finding.message,
        reason=finding.reason,
        remedy=finding.remedy,
        since=finding.since,
        link=Link(screen=Screen.DASHBOARD),
        subject=finding.subject,
    )


def _disk(facts: HealthFacts) -> Iterator[Condition]:
    if facts.free_bytes is not None and facts.free_bytes < LOW_DISK_BYTES:
        yield Condition(
            code=ConditionCode.DISK_LOW,
            severity=Severity.WARNING,
            title='Low disk space',
            detail=f'{facts.free_bytes // 1_000_000:,} MB are free in {facts.data_folder}, where '
            'the Service keeps its data.',
            remedy='Free disk space there. When the disk is full, updates stop.',
            link=Link(screen=Screen.DASHBOARD),
        )


_STORES: Final[Mapping[ConditionCode, str]] = {
    ConditionCode.DOCUMENTS_SET_ASIDE: 'A damaged file of settings was set aside',
    ConditionCode.DATABASE_SET_ASIDE: 'A damaged database was set aside',
    ConditionCode.READING_BY_TIME: 'ThreatConnect does not sort by ID',
    ConditionCode.CLOCK_DIFFERS: "ThreatConnect's clock differs from the App server's",
}


def _stores(facts: HealthFacts) -> Iterator[Condition]:
    for code, title in _STORES.items():
        if text := facts.stores.get(code):
            said, remedy, _ = parted(text)
            yield Condition(
                code=code,
                severity=Severity.WARNING,
                title=title,
                detail=said,
                remedy=remedy,
                link=Link(screen=Screen.DASHBOARD),
            )


def _counted(count: int, word: str) -> str:
    return f'{count:,} {word}{"" if count == 1 else "s"}'


def _at(at: dt.datetime) -> str:
    return f'{at:%Y-%m-%d %H:%M} UTC'
