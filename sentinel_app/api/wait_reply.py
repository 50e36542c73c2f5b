"""What an update, a Job or a Task waits for, as the API shows it."""

from __future__ import annotations

import datetime as dt

from sentinel_app.api import schemas
from sentinel_app.core.estimate import Estimate
from sentinel_app.core.job import Mode
from sentinel_app.core.task import AskedWait, TaskPause
from sentinel_app.core.trouble import Trouble


def next_update_reply(due: tuple[dt.datetime, Mode] | None) -> schemas.NextUpdate | None:
    """Return when the next scheduled update is due, if one is."""
    return schemas.NextUpdate(at=due[0], mode=due[1]) if due else None


def asked_wait_reply(wait: AskedWait | None) -> schemas.AskedWait | None:
    """Return the wait that Sentinel asked for, where there is one."""
    return None if wait is None else schemas.AskedWait(until=wait.until, reason=wait.reason)


def trouble_reply(trouble: Trouble) -> schemas.Trouble:
    """Return the system that does not answer."""
    return schemas.Trouble(
        system=trouble.system,
        attempt=trouble.attempt,
        since=trouble.since,
        until=trouble.until,
        code=trouble.code,
        message=trouble.message,
        reason=trouble.reason,
    )


def time_left_reply(estimate: Estimate | None) -> schemas.TimeLeft | None:
    """Return how long something still takes, where that is known."""
    if estimate is None:
        return None
    return schemas.TimeLeft(seconds=estimate.seconds, is_least=estimate.is_least)


def pause_reply(pause: TaskPause) -> schemas.Pause:
    """Return the paused Task that something waits for."""
    facts, state = pause.task, pause.state
    return schemas.Pause(
        task=facts.slug,
        name=facts.name,
        since=state.paused_at,
        by=state.paused_by,
        until=state.paused_until,
        reason=state.pause_reason,
    )
