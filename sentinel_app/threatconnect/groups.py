"""Client of the Groups that are threat actors; one attempt for each call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.time_range import TimeRange
from sentinel_app.core.tql import one_of, range_clause
from sentinel_app.errors import FatalError, QueryError, ReadTimeoutError, SkippableError
from sentinel_app.log import EventLog
from sentinel_app.threatconnect.fit import check_order, check_profiles, row_id
from sentinel_app.threatconnect.group_pages import (
    GROUPS_IN_CLAUSE,
    GroupPages,
    GroupQuestion,
    ids_question,
)
from sentinel_app.threatconnect.instance import LARGEST_LIMIT, Instance
from sentinel_app.threatconnect.parse_group import (
    FIELDS,
    PROFILE,
    PROFILE_FIELDS,
    parse_group,
    parse_profile,
)
from sentinel_app.threatconnect.payload import Row, rows_of

_TYPES: Final = tuple(ActorGroupType)
_OF_ACTORS: Final = one_of('typeName', _TYPES)
_WITH_PROFILE: Final = f'hasCommonGroup({_OF_ACTORS})'

MOST_CHANGED: Final = 1_000_000
"""Maximum changed Groups; an instance with more is repeating itself."""

_log = EventLog(__name__)


class ThreatConnectGroups:
    """Implements `GroupSource`.

    Every response is checked against its question before any of it is returned.

    Args:
        instance: the instance of ThreatConnect.
    """

    def __init__(self, instance: Instance) -> None:
        self._pages = GroupPages(instance)
        self._group_size = _Size(GROUPS_IN_CLAUSE)
        self._page_size = _Size(LARGEST_LIMIT)
        self._has_profiles: bool | None = None
        """Whether the instance knows Threat Actor Profiles; None as long as it was not asked."""

    def groups(self, ids: Sequence[int]) -> tuple[ActorGroup, ...]:
        """Return the Groups with these ids, in ascending order of id.

        Groups that are gone, not readable, of a type that is none of threat actors, or without a
        required value are absent; the last are logged.

        Raises:
            ReadTimeoutError: no response in time, or a server error; the next attempt asks for
                less at once.
            ReadError: a response that is not a page, or not all of it; status 429.
            ReadAuthError: the credentials were refused.
            AnswerError: the response does not fit the question.
            GatewayError: a proxy or gateway refused the request.

        Source: ThreatConnect REST API v3, "Retrieve Groups" and "Threat Actor Profiles".
        """
        found: list[ActorGroup] = []
        invalid = 0
        rest = sorted(set(ids))
        while rest:
            with self._group_size.attempt() as size:
                part, rest = rest[:size], rest[size:]
                rows = self._pages.all_rows(
                    ids_question(part, FIELDS, types=_TYPES, clause=_OF_ACTORS)
                )
                profiles = self._profiles([row_id(row) for row in rows])
            groups = [_parsed(row, profiles) for row in rows]
            found += [group for group in groups if group is not None]
            invalid += groups.count(None)
        if invalid:
            _log.warning('groups-invalid', count=invalid, valid=len(found))
        return tuple(sorted(found, key=lambda group: group.id))

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
        names = sorted(types)
        tql = f'{one_of("typeName", names)} AND {range_clause(TimeRange(start_at=since))}'
        found: list[int] = []
        while len(found) < MOST_CHANGED:
            after = f'{tql} AND id > {found[-1]:d}' if found else tql
            question = GroupQuestion(tql=after, types=tuple(names))
            with self._page_size.attempt() as size:
                payload, _ = self._pages.page(question, limit=size)
            rows = rows_of(payload)
            check_order(rows, after_id=found[-1] if found else None)
            if not rows:
                return tuple(found)
            found += map(row_id, rows)
        raise FatalError(
            f'ThreatConnect keeps returning changed Groups: {len(found):,} so far, and there is '
            'no end. Contact ThreatConnect support.',
            code='TC-READ',
        )

    def _profiles(self, ids: Sequence[int]) -> Mapping[int, ActorProfile]:
        """Return the profiles of Groups, by the Groups' ids; none where there are no profiles."""
        if not ids or not self._knows_profiles(ids[0]):
            return {}
        question = ids_question(ids, PROFILE_FIELDS, types=_TYPES, clause=_WITH_PROFILE)
        rows = self._pages.all_rows(question)
        check_profiles(rows, PROFILE)
        profiles = {row_id(row): parse_profile(row) for row in rows}
        return {number: profile for number, profile in profiles.items() if profile is not None}

    def _knows_profiles(self, number: int) -> bool:
        """Return whether the instance knows Threat Actor Profiles, which came with 7.11.

        It is asked once, about one Group: a longer question could be refused for its length.
        """
        if self._has_profiles is None:
            question = ids_question([number], PROFILE_FIELDS, types=_TYPES, clause=_WITH_PROFILE)
            try:
                self._pages.try_page(question, limit=1)
            except QueryError as error:
                self._has_profiles = False
                _log.info('profiles-unknown', reason=error.reason)
            else:
                self._has_profiles = True
        return self._has_profiles


class _Size:
    """How much is asked for at once: half of it after a time-out, and up to all of it again.

    Args:
        most: the largest size, which is the first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._current = most

    @contextmanager
    def attempt(self) -> Iterator[int]:
        """Give the size for a request, and learn from how the request ends."""
        size = self._current
        try:
            yield size
        except ReadTimeoutError:
            self._current = max(1, size // 2)
            raise
        self._current = min(self._most, size * 2)


def _parsed(row: Row, profiles: Mapping[int, ActorProfile]) -> ActorGroup | None:
    """Return the Group of a row; None if it cannot be used."""
    number = row_id(row)
    try:
        return parse_group(row, profiles.get(number))
    except SkippableError as error:
        _log.warning('group-invalid', group_id=number, reason=error.message)
        return None
