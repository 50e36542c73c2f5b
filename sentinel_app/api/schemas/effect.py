"""CONFIGURE: what saving a list of TQL queries would change."""

from __future__ import annotations

from pydantic import Field

from sentinel_app.api.schemas.base import Moment, Reply, Seconds
from sentinel_app.api.schemas.configure import Labeled, ListBody, QueryBodies, QueryMark
from sentinel_app.core.effect import Change


class EffectBody(ListBody):
    """The list as it would be saved; nothing is stored."""

    queries: QueryBodies


class QueryEffect(Labeled):
    """What the save would change for one TQL query. Numbers of objects are estimates."""

    query_id: str | None = Field(description='Null for a new query')
    position: int | None = Field(description='In the new list; null for a deleted query')
    change: Change
    count: int | None = Field(
        description='Indicators that it returns now: of an added, edited or enabled query, and of '
        'one that may take over objects of a higher query'
    )
    not_counted: str | None = Field(description='Why they could not be counted')
    objects_live: int = Field(description='Active objects in Sentinel because of it')
    objects_more: int | None = Field(
        description='About how many objects are new in Sentinel. Null where nobody could count. '
        'Values that other queries have as well count here, unless one of them covers this one; a '
        'File counts as one object, and has one for each hash'
    )
    objects_fewer: int | None = Field(description='About how many are withdrawn')
    objects_staying: int = Field(
        description='About how many nobody renews any more: they stay until they expire, or until '
        'another query takes them over'
    )
    staying_until: Moment | None = Field(description='When the last of these expires')
    taken_over_by: list[QueryMark] = Field(
        description='Enabled queries of the new list that return all that this one returns, so '
        'that nothing of it is lost or new'
    )


class Effect(Reply):
    """What the save would change in Sentinel. Numbers of objects are estimates."""

    queries: list[QueryEffect] = Field(
        description='Those of the new list in their order, then the deleted ones'
    )
    objects_more: int
    objects_fewer: int
    objects_staying: int
    is_complete: bool = Field(description='Whether every new, edited or enabled query was counted')
    seconds_more: Seconds = Field(description='What sending the new ones takes at the API limit')
    objects_full: int | None = Field(
        description='About how many objects a full update sends; null where nobody could count'
    )
    seconds_full: Seconds | None = Field(description='What that takes at the API limit')
