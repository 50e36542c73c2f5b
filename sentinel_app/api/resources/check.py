"""Whether everything that the App depends on is as it must be."""

from __future__ import annotations

import falcon

from sentinel_app.api.inquiry_reply import check_reply
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.schemas import EmptyBody, Parameters
from sentinel_app.diagnostics.deadline import Deadline

LONGEST_S = 120.0
"""No further check begins after so long."""


class CheckResource:
    """`api/health/check`: ThreatConnect, token, workspace and disk, one by one.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Try everything, and say what to do where it fails."""
        parameters_of(req, Parameters)
        body_of(req, EmptyBody)
        results = self._deps.inquiries.checks.run(Deadline(self._deps.clock, LONGEST_S))
        resp.text = check_reply(results).model_dump_json()
