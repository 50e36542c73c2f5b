"""How the App is, and the description of its API."""

from __future__ import annotations

import functools
import json

import falcon

from sentinel_app.api.health_reply import health_reply
from sentinel_app.api.openapi import document
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.reading import parameters_of
from sentinel_app.api.schemas import Parameters


class HealthResource:
    """`api/health`: status and conditions, version, next update, storage, last error.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the present state."""
        parameters_of(req, Parameters)
        reply = health_reply(self._deps.health.snapshot(), self._deps.updates.next_update())
        resp.text = reply.model_dump_json()


class OpenApiResource:
    """`api/openapi.json`: the description of this API."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give the document."""
        parameters_of(req, Parameters)
        resp.text = _document_text()


@functools.cache
def _document_text() -> str:
    # Made when it is first asked for: few ever do, and every start would wait for it.
    return json.dumps(document())
