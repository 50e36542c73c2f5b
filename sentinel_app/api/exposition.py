"""The App's figures as Prometheus reads them.

Source: prometheus.io/docs/instrumenting/exposition_formats (text format, version 0.0.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sentinel_app.core.condition import ConditionCode, HealthState
from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_outbox import ContextCounts
from sentinel_app.core.finding import VerificationRun
from sentinel_app.core.job import JobStatus, Mode, Outcome
from sentinel_app.core.match import MatchCounts, MatchKind, MatchRun
from sentinel_app.core.verification import FindingKind
from sentinel_app.diagnostics.dashboard import Summary
from sentinel_app.diagnostics.health_snapshot import HealthSnapshot
from sentinel_app.diagnostics.match_report import RECENT_DAYS

CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
PREFIX = 'ms_sentinel'

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """Samples of one name."""

    name: str
    kind: str
    about: str
    samples: tuple[tuple[Labels, float], ...]


def exposition(
    summary: Summary,
    snapshot: HealthSnapshot,
    matches: MatchCounts,
    run: MatchRun,
    verified: VerificationRun | None,
    context: ContextCounts,
) -> str:
    """Return the figures as text, each family with its help and type."""
    families = (
        *_held(summary),
        *_work(summary),
        *_totals(summary),
        *_matches(matches, run),
        *_verified(verified),
        *_context(context),
        *_state(snapshot),
    )
    return '\n'.join(line for family in families for line in _lines(family)) + '\n'


def _gauge(name: str, about: str, value: float, **labels: str) -> _Family:
    return _Family(name=name, kind='gauge', about=about, samples=((labels, value),))


def _counter(name: str, about: str, value: float) -> _Family:
    return _Family(name=f'{name}_total', kind='counter', about=about, samples=(({}, value),))


def _held(summary: Summary) -> Iterable[_Family]:
    by_type: dict[str, int] = {}
    for each in summary.live:
        by_type[each.indicator_type] = by_type.get(each.indicator_type, 0) + each.count
    yield _gauge(
        'refused_indicators',
        'Indicators with an object that Sentinel refuses at present.',
        summary.refused_now,
    )
    yield _Family(
        name='objects_live',
        kind='gauge',
        about='Objects that Sentinel holds and believes, by Indicator type.',
        samples=tuple(({'type': kind}, count) for kind, count in sorted(by_type.items())),
    )
    last = summary.last
    if last is not None and last.update.ended_at is not None:
        yield _Family(
            name='last_update_end_timestamp_seconds',
            kind='gauge',
            about='When the last update ended, by its mode.',
            samples=(({'mode': last.update.mode}, last.update.ended_at.timestamp()),),
        )
        yield _gauge(
            'last_update_failed_jobs',
            'Jobs of the last update that failed.',
            last.figures.jobs_failed,
        )


def _work(summary: Summary) -> Iterable[_Family]:
    running = summary.running
    yield _Family(
        name='update_running',
        kind='gauge',
        about='Whether an update runs, by mode.',
        samples=tuple(
            ({'mode': mode}, int(running is not None and running.update.mode is mode))
            for mode in Mode
        ),
    )
    yield _Family(
        name='jobs',
        kind='gauge',
        about='Jobs that are kept, by status.',
        samples=tuple(({'status': status}, summary.jobs.get(status, 0)) for status in JobStatus),
    )
    backlog, limit = summary.backlog, summary.limit
    yield _gauge('updates_waiting', 'Updates that wait for their turn.', backlog.updates)
    yield _gauge('indicators_waiting', 'Indicators that wait for Convert.', backlog.indicators)
    yield _gauge('objects_waiting', 'Objects that wait for Upload.', backlog.objects)
    yield _gauge(
        'limit_requests_per_minute',
        'Upload requests that may go in a minute.',
        limit.requests_per_minute,
    )
    yield _gauge('limit_used_requests', 'Requests that count against the limit now.', limit.used)
    yield _gauge(
        'limit_wait_seconds',
        'How long the next request waits for the limit.',
        limit.waiting_s or 0.0,
    )


def _totals(summary: Summary) -> Iterable[_Family]:
    total = summary.total
    yield _Family(
        name='indicators_total',
        kind='counter',
        about='Indicators of Jobs that have ended, by outcome.',
        samples=tuple(
            ({'outcome': outcome}, total.outcomes.get(outcome, 0)) for outcome in Outcome
        ),
    )
    yield _counter('indicators_read', 'Indicators that ended Jobs took up.', total.read)
    yield _counter('jobs_ended', 'Jobs that have ended.', total.jobs)
    yield _counter('jobs_failed', 'Jobs that have failed.', total.jobs_failed)
    yield _counter('objects_chosen', 'Objects that ended Jobs had to send.', total.objects)
    yield _counter('upload_requests', 'Upload requests of ended Jobs.', total.requests)
    yield _counter('upload_throttled', 'Those of them that were answered 429.', total.throttled)
    yield _counter(
        'upload_throttled_seconds', 'Seconds that those asked to wait.', total.throttled_s
    )


def _matches(counts: MatchCounts, run: MatchRun) -> Iterable[_Family]:
    by_value = counts.indicators - counts.exact
    yield _Family(
        name='matched_indicators',
        kind='gauge',
        about=f"Indicators that Sentinel's alerts of the last {RECENT_DAYS} days have matched.",
        samples=(
            ({'kind': MatchKind.EXACT}, counts.exact),
            ({'kind': MatchKind.VALUE}, by_value),
        ),
    )
    if run.completed_at is not None:
        yield _gauge(
            'last_match_end_timestamp_seconds',
            'When the last run of Match ended that did not fail.',
            run.completed_at.timestamp(),
        )


def _verified(run: VerificationRun | None) -> Iterable[_Family]:
    if run is None:
        return
    yield _gauge(
        'verified_objects',
        'Objects that the last completed run of Verify confirmed in Sentinel.',
        run.counts.confirmed,
    )
    yield _Family(
        name='verification_findings',
        kind='gauge',
        about='Objects that Sentinel does not hold as they were sent, by kind.',
        samples=tuple(({'kind': kind}, run.counts.findings.get(kind, 0)) for kind in FindingKind),
    )
    yield _gauge(
        'last_verification_end_timestamp_seconds',
        'When the last completed run of Verify ended.',
        run.ended_at.timestamp(),
    )


def _context(counts: ContextCounts) -> Iterable[_Family]:
    yield _Family(
        name='context_objects_live',
        kind='gauge',
        about='Context objects that Sentinel holds, by STIX type.',
        samples=tuple(({'type': kind.stix_type}, counts.live.get(kind, 0)) for kind in ContextKind),
    )
    yield _gauge(
        'context_objects_waiting',
        'Context objects and withdrawals that wait to be sent.',
        counts.waiting,
    )
    yield _gauge(
        'context_objects_refused', 'Context objects that Sentinel refuses.', counts.refused
    )
    yield _gauge(
        'context_withdrawals_held_back',
        'Withdrawals of context objects that wait for a decision.',
        counts.held_back,
    )


def _state(snapshot: HealthSnapshot) -> Iterable[_Family]:
    storage = snapshot.storage
    yield _Family(
        name='storage_bytes',
        kind='gauge',
        about='Size of the stores.',
        samples=(
            ({'store': 'app_state'}, storage.app_state_bytes),
            ({'store': 'database'}, storage.database_bytes),
        ),
    )
    yield _gauge('storage_free_bytes', 'Room that is left on the disk.', storage.free_bytes)
    yield _gauge('healthy', 'Whether all is well.', int(snapshot.status is HealthState.HEALTHY))
    yield _Family(
        name='health',
        kind='gauge',
        about='The state of the Service: 1 for the one that it is in.',
        samples=tuple(
            ({'status': status}, int(snapshot.status is status)) for status in HealthState
        ),
    )
    codes = [each.code for each in snapshot.conditions]
    yield _Family(
        name='conditions',
        kind='gauge',
        about='Problems that there are now, by code.',
        samples=tuple(({'code': code}, codes.count(code)) for code in ConditionCode),
    )
    yield _counter(
        'notifications_sent', 'Notifications sent since the start.', snapshot.notifications_sent
    )
    yield _counter(
        'notifications_failed',
        'Notifications that ThreatConnect did not take, since the start.',
        snapshot.notifications_failed,
    )
    yield _gauge(
        'start_timestamp_seconds', 'When the Service started.', snapshot.started_at.timestamp()
    )
    yield _gauge('info', 'The version that runs.', 1, version=snapshot.version)


def _lines(family: _Family) -> Iterable[str]:
    name = f'{PREFIX}_{family.name}'
    yield f'# HELP {name} {family.about}'
    yield f'# TYPE {name} {family.kind}'
    for labels, value in family.samples:
        shown = ','.join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f'{name}{{{shown}}} {_number(value)}' if shown else f'{name} {_number(value)}'


def _escaped(text: str) -> str:
    return text.replace('\\', '\\\\').replace('"', '\\"').replace('\n', '\\n')


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f'{value:.3f}'
