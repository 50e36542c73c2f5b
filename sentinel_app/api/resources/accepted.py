"""The answer to a request that queues an update."""

from __future__ import annotations

import falcon

from sentinel_app.api.schemas import UpdateAccepted
from sentinel_app.core.job import Update


def accept(resp: falcon.Response, update: Update) -> None:
    """Answer with the update that was queued, and the Request IDs of its Jobs."""
    accepted = UpdateAccepted(update_id=update.id, request_ids=list(update.request_ids))
    resp.status = falcon.HTTP_202
    resp.text = accepted.model_dump_json()
