"""TASKS: how each Task stands, and what people do with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import falcon

from sentinel_app.api.middleware import user_of
from sentinel_app.api.page import page_text
from sentinel_app.api.ports import ApiDeps, Tasks
from sentinel_app.api.problem import Refusal
from sentinel_app.api.reading import body_of, given_parameters, parameters_of
from sentinel_app.api.schemas import EmptyBody, FieldError, PageParameters, Parameters, PauseBody
from sentinel_app.api.serialize import task_reply
from sentinel_app.core.task import LONGEST_PAUSE, TaskView, is_one_line


class TaskAction(Protocol):
    """One thing that people do with a Task."""

    def __call__(self, slug: str, *, by: str | None) -> TaskView:
        """Do it, and give how the Task stands after it."""
        ...


def task_actions(tasks: Tasks) -> Mapping[str, TaskAction]:
    """Return the actions that need no more than a Task, by the last part of their addresses."""
    return {
        'run': tasks.run,
        'resume': tasks.resume,
        'kill': tasks.kill,
        'send-now': tasks.send_now,
    }


class TaskListResource:
    """`api/task`: how each Task stands.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give a page of Tasks; all of them fit on the first."""
        wanted = parameters_of(req, PageParameters)
        views = self._deps.tasks.views()
        resp.text = page_text(
            (task_reply(view) for view in views[wanted.offset : wanted.offset + wanted.limit]),
            total=len(views),
            limit=wanted.limit,
            offset=wanted.offset,
            given=given_parameters(req),
        )


class TaskPauseResource:
    """`api/task/{slug}/pause`: pause a Task, perhaps until a time, perhaps with a reason.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response, slug: str) -> None:
        """Pause it, and return how it stands after that."""
        body = _pause_of(req, self._deps)
        user = user_of(req, self._deps.identity)
        view = self._deps.tasks.pause(
            slug, by=user.name if user else None, until=body.until, reason=body.reason
        )
        resp.text = task_reply(view).model_dump_json()


class PipelinePauseResource:
    """`api/task/pause`: pause Download, Convert, Upload and Schedule Updates at once.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Pause them, and return how all Tasks stand after that."""
        body = _pause_of(req, self._deps)
        user = user_of(req, self._deps.identity)
        views = self._deps.tasks.pause_pipeline(
            by=user.name if user else None, until=body.until, reason=body.reason
        )
        resp.text = _all(views)


class PipelineResumeResource:
    """`api/task/resume`: resume all of these that are paused.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Resume them, and return how all Tasks stand after that."""
        parameters_of(req, Parameters)
        body_of(req, EmptyBody)
        user = user_of(req, self._deps.identity)
        resp.text = _all(self._deps.tasks.resume_pipeline(by=user.name if user else None))


def _all(views: Sequence[TaskView]) -> str:
    return page_text(
        (task_reply(view) for view in views), total=len(views), limit=len(views), offset=0, given={}
    )


def _pause_of(req: falcon.Request, deps: ApiDeps) -> PauseBody:
    """Return how long the pause of a request lasts, and why.

    Raises:
        Refusal: it ends in the past or too late, or its reason is not one line.
    """
    parameters_of(req, Parameters)
    body = body_of(req, PauseBody)
    reason = (body.reason or '').strip() or None
    errors = [
        FieldError(field=field, message=said)
        for field, said in _pause_errors(body.until, reason, deps.clock.now())
    ]
    if errors:
        raise Refusal(422, errors=errors)
    return PauseBody(until=body.until, reason=reason)


def _pause_errors(
    until: dt.datetime | None, reason: str | None, now: dt.datetime
) -> Iterable[tuple[str, str]]:
    if until is not None and until <= now:
        yield 'until', 'must be in the future'
    elif until is not None and until - now > LONGEST_PAUSE:
        yield 'until', f'must be at most {LONGEST_PAUSE.days} days ahead'
    if reason is not None and not is_one_line(reason):
        yield 'reason', 'must be one line, without control characters'


class TaskActionResource:
    """`api/task/{slug}/run`, `resume`, `kill` and `send-now`.

    Args:
        deps: the API's ports.
        action: what this address does.
    """

    def __init__(self, deps: ApiDeps, action: TaskAction) -> None:
        self._deps = deps
        self._action = action

    def on_post(self, req: falcon.Request, resp: falcon.Response, slug: str) -> None:
        """Do it, and give how the Task stands after it."""
        parameters_of(req, Parameters)
        body_of(req, EmptyBody)
        user = user_of(req, self._deps.identity)
        view = self._action(slug, by=user.name if user else None)
        resp.text = task_reply(view).model_dump_json()
