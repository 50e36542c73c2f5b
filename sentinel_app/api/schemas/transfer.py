"""CONFIGURE: the saved TQL queries as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sentinel_app.api.schemas.base import Body, Moment, Reply
from sentinel_app.api.schemas.configure import MAX_QUERIES, Query, QueryBody

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
    queries: Annotated[list[QueryBody], Field(max_length=MAX_QUERIES)]


class ImportBody(Body):
    """A file that takes the place of the whole list."""

    version: int = Field(description='Of the list that it replaces')
    run: Literal['delta', 'full'] | None = None
    withdraw: Annotated[list[str], Field(max_length=MAX_QUERIES)] = Field(
        default_factory=list,
        description='Ids of queries that this import deletes, and whose objects are withdrawn now '
        'unless another query selects them; those of the others stay until they expire',
    )
    confirm_empty: bool = Field(
        default=False, description='Must be true to import an empty list in place of queries'
    )
    file: ImportFile
