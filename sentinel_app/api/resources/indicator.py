"""REPORTS: what became of one value."""

from __future__ import annotations

import falcon

from sentinel_app.api.inquiry_reply import findings_reply
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.schemas import LookupBody, Parameters


class IndicatorResource:
    """`api/indicator`: what became of one value.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what Sentinel holds of a value, and what ThreatConnect holds now."""
        parameters_of(req, Parameters)
        value = body_of(req, LookupBody).value.strip()
        found = self._deps.inquiries.lookups.look_up(value)
        reply = findings_reply(value, found, self._deps.app_state.query_list())
        resp.text = reply.model_dump_json()
