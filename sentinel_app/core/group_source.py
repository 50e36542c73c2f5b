"""Port to the Groups of ThreatConnect that are threat actors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Protocol

from sentinel_app.core.actor_group import ActorGroup
from sentinel_app.core.context_choice import ActorGroupType


class GroupSource(Protocol):
    """Groups that may be threat actors. Each call is one attempt."""

    def groups(self, ids: Sequence[int]) -> tuple[ActorGroup, ...]:
        """Return the Groups with these ids, in ascending order of id.

        Groups that are gone, not readable, of a type that is none of threat actors, or without a
        required value are absent.

        Raises:
            ReadTimeoutError: no response in time, or a server error; the next attempt asks for
                less at once.
            ReadError: a response that is not a page, or not all of it; status 429.
            ReadAuthError: the credentials were refused.
            AnswerError: the response does not fit the question.
            GatewayError: a proxy or gateway refused the request.
        """
        ...

    def changed_groups(
        self, types: Collection[ActorGroupType], since: dt.datetime
    ) -> tuple[int, ...]:
        """Return the ids of Groups of these types that were modified since a time, ascending.

        Args:
            types: the types, at least one.
            since: the first time that counts, by ThreatConnect's clock, truncated to the second.

        Raises:
            ReadOrderError: ids out of order.
            FatalError: the list has no end.
            SentinelAppError: as for `groups`.
        """
        ...
