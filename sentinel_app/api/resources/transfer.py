"""CONFIGURE: the saved TQL queries as a file, out of one Service and into another."""

from __future__ import annotations

import falcon

from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.query_check import queries_of
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.resources.configure import answer_list, save_list
from sentinel_app.api.schemas import ImportBody, Parameters
from sentinel_app.api.serialize import export_reply
from sentinel_app.core.query_match import matched_ids

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

        A query whose id or content is known here stays the same one, with its cursor; any other
        one is new.
        """
        parameters_of(req, Parameters)
        body = body_of(req, ImportBody)
        queries = body.file.queries
        ids = matched_ids(
            queries_of(queries, lambda: ''), self._deps.app_state.query_list().queries
        )
        bodies = [
            query.model_copy(update={'id': query_id})
            for query, query_id in zip(queries, ids, strict=True)
        ]
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
