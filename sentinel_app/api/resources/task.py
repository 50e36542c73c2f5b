"""TASKS: how each Task stands, and what people do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import falcon

from sentinel_app.api.middleware import user_of
from sentinel_app.api.page import page_text
from sentinel_app.api.ports import ApiDeps, Tasks
from sentinel_app.api.reading import body_of, given_parameters, parameters_of
from sentinel_app.api.schemas import EmptyBody, PageParameters, Parameters
from sentinel_app.api.serialise import task_reply
from sentinel_app.core.task import TaskView


class TaskAction(Protocol):
    """One thing that people do with a Task."""

    def __call__(self, slug: str, *, by: str | None) -> TaskView:
        """Do it, and give how the Task stands after it."""
        ...


def task_actions(tasks: Tasks) -> Mapping[str, TaskAction]:
    """Give the actions by the last part of their addresses."""
    return {
        'run': tasks.run,
        'pause': tasks.pause,
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


class TaskActionResource:
    """`api/task/{slug}/run`, `pause`, `resume`, `kill` and `send-now`.

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
