"""CONFIGURE: the saved TQL queries as a file."""

from __future__ import annotations

from typing import Literal

from sentinel_app.api.schemas.base import Body, Moment, Reply
from sentinel_app.api.schemas.configure import Query, QueryBodies, SaveBody

FORMAT: Literal['ms-sentinel-tql-queries'] = 'ms-sentinel-tql-queries'
FORMAT_VERSION: Literal[1] = 1


class ExportFile(Reply):
    """The saved TQL queries, highest precedence first."""

    format: Literal['ms-sentinel-tql-queries']
    format_version: Literal[1]
    exported_at: Moment
    queries: list[Query]


class ImportFile(Body):
    """A file as the export makes it.

    A query is the saved one with its id or, where the id is unknown, with its content.
    """

    format: Literal['ms-sentinel-tql-queries']
    format_version: Literal[1]
    exported_at: Moment | None = None
    queries: QueryBodies


class ImportBody(SaveBody):
    """A file that takes the place of the whole list, and how it is saved."""

    file: ImportFile
