"""CONFIGURE: the saved TQL queries as a file, out of one Service and into another."""

from __future__ import annotations

import falcon

from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.resources.configure import answer_list, save_list
from sentinel_app.api.schemas import ImportBody, Parameters
from sentinel_app.api.serialize import export_reply

FILE_NAME = 'sentinel-tql-queries.json'


class ExportResource:
    """`api/configure/export`: the saved list as a file.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Give the file."""
        parameters_of(req, Parameters)
        reply = export_reply(self._deps.app_state.query_list(), self._deps.clock.now())
        resp.set_header('Content-Disposition', f'attachment; filename="{FILE_NAME}"')
        resp.text = reply.model_dump_json(indent=2)


class ImportResource:
    """`api/configure/import`: a file in place of the saved list.

    Args:
        deps: the API's ports.
        catalog: says which owners there are.
    """

    def __init__(self, deps: ApiDeps, catalog: OptionCatalog) -> None:
        self._deps = deps
        self._catalog = catalog

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Save the file's list in place of the one that was looked at.

        A query that is known here stays the same one, with its cursor; any other one is new.
        """
        parameters_of(req, Parameters)
        body = body_of(req, ImportBody)
        known = {query.id for query in self._deps.app_state.query_list().queries}
        seen: set[str | None] = set()
        bodies = []
        for query in body.file.queries:
            is_known = query.id in known and query.id not in seen
            seen.add(query.id)
            bodies.append(query if is_known else query.model_copy(update={'id': None}))
        stored = save_list(
            req,
            self._deps,
            bodies,
            version=body.version,
            run=body.run,
            owner_names=self._catalog.owner_names(),
            action='configure-import',
            is_empty_meant=body.confirm_empty,
            withdraw=body.withdraw,
            field_prefix='file.',
        )
        answer_list(resp, self._deps, stored)
