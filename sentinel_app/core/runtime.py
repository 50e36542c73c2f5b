"""How long a Job and its stages took."""

from __future__ import annotations

from sentinel_app.core.models import Job, Stage, StageTimes


def stage_runtime_s(job: Job, stage: Stage) -> float | None:
    """Seconds from the stage's start to its end; None while either is missing."""
    times = job.stages.get(stage, StageTimes())
    if times.started_at is None or times.completed_at is None:
        return None
    return (times.completed_at - times.started_at).total_seconds()


def total_runtime_s(job: Job) -> float | None:
    """Seconds from the Job's start to its end, however it ended; None while either is missing."""
    ended_at = job.completed_at or job.failed_at
    if job.started_at is None or ended_at is None:
        return None
    return (ended_at - job.started_at).total_seconds()
