"""TASKS: the state of each Task, and what people do with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.call import Request
from sentinel_app.api.page import page_of
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import EmptyBody, FieldError, PageParameters, PauseBody, TaskPage
from sentinel_app.api.wait_reply import asked_wait_reply, trouble_reply
from sentinel_app.core.task import LONGEST_PAUSE, TaskView, is_one_line


def list_tasks(request: Request[PageParameters]) -> TaskPage:
    """Return a page of Tasks; all of them fit on the first."""
    views = request.deps.tasks.views()
    offset, limit = request.input.offset, request.input.limit
    shown = (_reply(view) for view in views[offset : offset + limit])
    return page_of(request, TaskPage, shown, total=len(views))


def run(request: Request[EmptyBody]) -> schemas.Task:
    """Run a Task now."""
    return _reply(request.deps.tasks.run(request.path['slug'], by=request.user_name))


def pause(request: Request[PauseBody]) -> schemas.Task:
    """Pause a Task."""
    until, reason = _checked_pause(request)
    view = request.deps.tasks.pause(
        request.path['slug'], by=request.user_name, until=until, reason=reason
    )
    return _reply(view)


def resume(request: Request[EmptyBody]) -> schemas.Task:
    """Resume a Task."""
    return _reply(request.deps.tasks.resume(request.path['slug'], by=request.user_name))


def kill(request: Request[EmptyBody]) -> schemas.Task:
    """End what a Task does."""
    return _reply(request.deps.tasks.kill(request.path['slug'], by=request.user_name))


def send_now(request: Request[EmptyBody]) -> schemas.Task:
    """End the wait of Upload."""
    return _reply(request.deps.tasks.send_now(request.path['slug'], by=request.user_name))


def pause_pipeline(request: Request[PauseBody]) -> TaskPage:
    """Pause the pipeline, and return the state of all Tasks after that."""
    until, reason = _checked_pause(request)
    views = request.deps.tasks.pause_pipeline(by=request.user_name, until=until, reason=reason)
    return _all_of(views)


def resume_pipeline(request: Request[EmptyBody]) -> TaskPage:
    """Resume the pipeline, and return the state of all Tasks after that."""
    return _all_of(request.deps.tasks.resume_pipeline(by=request.user_name))


def _checked_pause(request: Request[PauseBody]) -> tuple[dt.datetime | None, str | None]:
    """Return how long a pause lasts, and why.

    Raises:
        Refusal: it ends in the past or too late, or its reason is not one line.
    """
    until, reason = request.input.until, (request.input.reason or '').strip() or None
    errors = [
        FieldError(field=field, message=message)
        for field, message in _pause_errors(until, reason, request.deps.clock.now())
    ]
    if errors:
        raise Refusal(422, errors=errors)
    return until, reason


def _pause_errors(
    until: dt.datetime | None, reason: str | None, now: dt.datetime
) -> Iterable[tuple[str, str]]:
    if until is not None and until <= now:
        yield 'until', 'must be in the future'
    elif until is not None and until - now > LONGEST_PAUSE:
        yield 'until', f'must be at most {LONGEST_PAUSE.days} days ahead'
    if reason is not None and not is_one_line(reason):
        yield 'reason', 'must be one line, without control characters'


def _all_of(views: Sequence[TaskView]) -> TaskPage:
    tasks = [_reply(view) for view in views]
    return TaskPage(count=len(tasks), data=tasks, next=None, previous=None, total_count=len(tasks))


def _reply(view: TaskView) -> schemas.Task:
    facts, state = view.facts, view.state
    return schemas.Task(
        slug=facts.slug,
        name=facts.name,
        description=facts.description,
        group=facts.group,
        period_seconds=facts.period_s,
        timeout_minutes=facts.timeout_s / 60,
        state=view.condition,
        request_ids=list(view.request_ids),
        last_heartbeat=view.beat_at,
        heartbeat_age=view.beat_age_s,
        last_run_end=view.ended_at,
        last_run_outcome=view.outcome,
        date_paused=state.paused_at,
        paused_by=state.paused_by,
        paused_until=state.paused_until,
        pause_reason=state.pause_reason,
        asked_wait=asked_wait_reply(view.asked_wait),
        trouble=None if view.trouble is None else trouble_reply(view.trouble),
    )
