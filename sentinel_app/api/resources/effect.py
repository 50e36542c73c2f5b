"""CONFIGURE: what saving a list of TQL queries would change."""

from __future__ import annotations

import falcon

from sentinel_app.api.effect_reply import effect_reply
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.query_check import queries_of
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.resources.configure import checked_list
from sentinel_app.api.schemas import EffectBody, Parameters


class EffectResource:
    """`api/configure/effect`: objects more and fewer, and the time that sending them takes.

    Args:
        deps: the API's ports.
        catalog: says which owners there are.
    """

    def __init__(self, deps: ApiDeps, catalog: OptionCatalog) -> None:
        self._deps = deps
        self._catalog = catalog

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Say what a save would change; nothing is sent and nothing is stored."""
        parameters_of(req, Parameters)
        body = body_of(req, EffectBody)
        saved = self._deps.app_state.query_list()
        checked_list(
            saved,
            body.queries,
            version=body.version,
            owner_names=self._catalog.owner_names(),
            withdraw=body.withdraw,
        )
        new = queries_of(body.queries, self._deps.new_id)
        effects = self._deps.inquiries.effects
        found = effects.effect(saved.queries, new, body.withdraw)
        known = {query.id for query in saved.queries}
        resp.text = effect_reply(found, effects.seconds, new, known).model_dump_json()
