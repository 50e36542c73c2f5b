"""The Indicators, owners and deleted list that the stand-in holds, and what changes them.

Tests may call it from their own thread while the server answers: each call is atomic.
"""

from __future__ import annotations

import datetime as dt
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tests.simulators.threatconnect import file_hash, tql
from tests.simulators.threatconnect.group_store import GroupStore
from tests.simulators.threatconnect.predicate import Data, Surroundings, elements
from tests.simulators.threatconnect.profile import Profile
from tests.simulators.threatconnect.row import TYPE_KEYS, Row, complete_value
from tests.simulators.threatconnect.shelf import Shelf

FIRST_ID = 2**53 + 1
"""Ids start where a double can no longer tell neighbors apart."""
CACHED_ROWS = 200_000
"""Above this many rows their JSON is not remembered, to spare memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An Organization, Community or Source."""

    id: int
    name: str
    type: str = 'Source'


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """One entry of the deleted list; `at` is the moment of deletion."""

    owner: str
    type: str
    summary: str
    at: str


DEFAULT_OWNERS = (
    Owner(id=101, name='Demo Organization', type='Organization'),
    Owner(id=102, name='Demo Research', type='Source'),
    Owner(id=103, name='OSINT Community', type='Community'),
)
_TYPES_BY_ID = {owner.id: owner.type for owner in DEFAULT_OWNERS}

_FREE_KEYS = frozenset({'size', 'dnsActive', 'whoisActive'})
_IDENTIFYING = frozenset(
    {'id', 'type', 'summary', 'ownerName', 'ownerId', *chain(*TYPE_KEYS.values())} - _FREE_KEYS
)
"""What an update of a row cannot change; the hashes of a File have requests of their own."""


class DuplicateError(ValueError):
    """The owner has that value already."""


class Store(Shelf[Row]):
    """Holds the rows sorted by id; see `add`, `modify`, `deactivate`, `delete` and `churn`.

    Args:
        rows: v3 objects with everything `fields` could ask for; missing ids, dates and flags are
            filled in. Read once, so it may be a generator.
        owners: who may hold rows; left out, the three demonstration owners. Owners that only the
            rows name are added to them (one with the same id takes the place of the default).
        retention_days: how long the deleted list remembers.
        groups: v3 objects of Groups; an Indicator is associated with those whose ids are in its
            `associatedGroups`. Members of it that are no such Groups are only shown.
        profiles: arguments of `GroupStore.set_profile`, for each Threat Actor Profile.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        *,
        owners: Iterable[Owner] | None = None,
        retention_days: int = 30,
        groups: Iterable[Mapping[str, Any]] = (),
        profiles: Iterable[Mapping[str, Any]] = (),
    ) -> None:
        self.lock = threading.RLock()
        self.clock_offset_s = 0.0
        self.retention_days = self._given_retention_days = retention_days
        self.shows_gaps = False
        """Whether the summary of a File with MD5 and SHA256 alone shows that SHA1 is absent."""
        self._given_owners = None if owners is None else tuple(owners)
        super().__init__()
        self.groups = GroupStore(self)
        self._start(rows, groups, profiles)
        self._initial = tuple(self._rows.values())
        self._initial_groups = tuple(self.groups.groups())
        self._initial_profiles = self.groups.profiles

    def _start(
        self,
        rows: Iterable[Mapping[str, Any]],
        groups: Iterable[Mapping[str, Any]] = (),
        profiles: Iterable[Mapping[str, Any] | Profile] = (),
    ) -> None:
        self.owners: dict[str, Owner] = {
            owner.name: owner
            for owner in (DEFAULT_OWNERS if self._given_owners is None else self._given_owners)
        }
        self.version = 0
        self.deleted: list[Deleted] = []
        self.empty()
        self._next_id = FIRST_ID
        self._by_value: dict[tuple[str, str, str], int] = {}
        self._tags: tuple[int, list[Data]] = (-1, [])
        self.groups.start(groups, profiles)
        now = self.now_text()
        for row in rows:
            self._put(self._complete(row, now), sort=False)
        self._ids = sorted(self._rows)

    def reset(self) -> None:
        """Go back to the rows, the clock and the empty deleted list of the start."""
        with self.lock:
            version = self.version
            self.clock_offset_s = 0.0
            self.shows_gaps = False
            self.retention_days = self._given_retention_days
            self._start(
                (row.data for row in self._initial), self._initial_groups, self._initial_profiles
            )
            self.version = version + 1

    # -- time

    def now(self) -> dt.datetime:
        """Return the server's time: the real one plus `clock_offset_s`."""
        return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.clock_offset_s)

    def now_text(self) -> str:
        return text_of(self.now())

    # -- reading

    def find(self, owner: str, type_name: str, summary: str) -> Data | None:
        """Return one row's data by owner, type and summary."""
        row_id = self._by_value.get((owner, type_name, summary))
        return None if row_id is None else self.get(row_id)

    def named(self, owner: str, summary: str) -> Row | None:
        """Return the row of one owner with this summary, whatever its type."""
        for type_name in TYPE_KEYS:
            row_id = self._by_value.get((owner, type_name, summary))
            if row_id is not None:
                return self._rows[row_id]
        return None

    def rows(self, query: str | None = None) -> list[Data]:
        """Return the data of all rows in order of id, active or not, or of those TQL selects."""
        with self.lock:
            if query is None:
                return [self._rows[row_id].data for row_id in self._ids]
            node = tql.parse(query, now=self.now())
            return [row.data for row in self.select(node)]

    def surroundings(
        self, *, ignores_case: bool = False, ignores_id_filter: bool = False
    ) -> Surroundings:
        """Return what queries may ask about beyond one row."""
        return Surroundings(
            tags=self.tags,
            row=self.get,
            indicators_of=self.groups.indicators_of,
            linked_to=self.groups.linked_to,
            profile_of=self._profile_of,
            ignores_case=ignores_case,
            ignores_id_filter=ignores_id_filter,
        )

    def _profile_of(self, group_id: int) -> Data | None:
        found = self.groups.profile_of(group_id)
        return None if found is None else found.data

    def tags(self) -> list[Data]:
        """Return every tag on any row, once."""
        if self._tags[0] != self.version:
            known = {tag['name']: tag for row in self._rows.values()
                     for tag in elements(row.data, 'tags')}  # fmt: skip
            self._tags = (self.version, list(known.values()))
        return self._tags[1]

    def deleted_since(
        self, owner: str, type_name: str | None = None, since: str | None = None
    ) -> list[Deleted]:
        """Return the deleted list of one owner, as far as it is still remembered."""
        oldest = text_of(self.now() - dt.timedelta(days=self.retention_days))
        with self.lock:
            return [
                entry
                for entry in self.deleted
                if entry.owner == owner
                and entry.at >= max(oldest, since or '')
                and type_name in {None, entry.type}
            ]

    # -- changing

    def add(self, row: Mapping[str, Any]) -> Data:
        """Add one Indicator.

        Args:
            row: at least `type`, `ownerName` and either `summary` or the type's own properties.

        Raises:
            DuplicateError: the owner has that value already.
            ValueError: unknown type or owner, or no value.
        """
        with self.lock:
            data = self._complete(row, self.now_text())
            self._put(data)
            self.version += 1
            return data

    def modify(
        self, row_id: int, *, at: str | None = None, touch: bool = True, **changes: Any
    ) -> Data:
        """Change properties of one row; None takes a property away.

        Args:
            row_id: which one.
            at: its new `lastModified`; now if left out.
            touch: False to leave `lastModified` alone, as some changes on the platform may.
            changes: properties by name (`**{'Value Name': 'x'}` for names with blanks).
        """
        if not changes.keys().isdisjoint(_IDENTIFYING):
            raise ValueError('what identifies an Indicator cannot change in this way')
        with self.lock:
            data = {**self._rows[row_id].data, **changes}
            if touch and 'lastModified' not in changes:
                data['lastModified'] = at or self.now_text()
            data = {key: value for key, value in data.items() if value is not None}
            if 'associatedGroups' in changes:
                data = dict(self.groups.taken_up(data))
            self.replace(Row(data))
            return data

    def replace(self, row: Row) -> None:
        """Put a changed row in the place of the one with the same id."""
        self._rows[row.id] = row
        self.version += 1

    def add_hash(
        self,
        row_id: int,
        digest: str,
        *,
        merge: bool = False,
        at: str | None = None,
        listed: bool = True,
    ) -> Data:
        """Add a hash to a File; its summary follows.

        Args:
            row_id: which File.
            digest: MD5, SHA1 or SHA256 in upper case.
            merge: whether another File of the owner that has the hash may go up in this one.
            at: the new `lastModified`; now if left out.
            listed: whether the deleted list names the other File, which is not documented.

        Raises:
            DuplicateError: another File of the owner has the hash, and `merge` is not set.
            ValueError: the File has a hash of that kind, or both Files have one of the same kind.
        """
        with self.lock:
            data = self._rows[row_id].data
            changed = file_hash.with_hash(data, digest)
            others = self._with_hash(data, digest)
            if others and not merge:
                raise DuplicateError(f'another File of {data["ownerName"]} has {digest}')
            if others:
                # What the other Files have of the same kind decides, so the hash comes with them.
                changed = dict(data)
            for other in others:
                changed = file_hash.merged(changed, other.data)
            for other in others:
                self.delete(other.id, at=at, listed=listed)
            return self._revalue(row_id, changed, at)

    def remove_hash(self, row_id: int, digest: str, *, at: str | None = None) -> Data:
        """Take one hash off a File that has others; its summary follows.

        Raises:
            DuplicateError: the owner has a File with just the other hashes.
            ValueError: the File does not have the hash, or has no other.
        """
        with self.lock:
            data = self._rows[row_id].data
            return self._revalue(row_id, file_hash.without_hash(data, digest), at)

    def revalue(self, row_id: int, *, at: str | None = None, **properties: Any) -> Data:
        """Set another value in a row, as no documented request can, but a mended database may.

        Raises:
            DuplicateError: the owner has that value already.
        """
        with self.lock:
            return self._revalue(row_id, {**self._rows[row_id].data, **properties}, at)

    def _revalue(self, row_id: int, changed: Data, at: str | None) -> Data:
        """Store a row with its new value, summary and time of modification."""
        before = self._rows[row_id].data
        data = {
            name: value
            for name, value in changed.items()
            if name != 'summary' and value is not None
        }
        complete_value(data, shows_gaps=self.shows_gaps)
        data['lastModified'] = at or self.now_text()
        key = (data['ownerName'], data['type'], data['summary'])
        if self._by_value.get(key, row_id) != row_id:
            raise DuplicateError(f'{key} is there already')
        del self._by_value[before['ownerName'], before['type'], before['summary']]
        self._by_value[key] = row_id
        self._rows[row_id] = Row(data)
        self.version += 1
        return data

    def _with_hash(self, data: Data, digest: str) -> list[Row]:
        """The other Files of the same owner with that hash."""
        return [
            row
            for row in self._rows.values()
            if row.id != data['id']
            and row.data['ownerName'] == data['ownerName']
            and digest in file_hash.hashes_of(row.data).values()
        ]

    def deactivate(self, row_id: int, *, at: str | None = None) -> Data:
        """Make a row inactive: hidden from queries that do not ask for such rows."""
        return self.modify(row_id, at=at, active=False)

    def activate(self, row_id: int, *, at: str | None = None) -> Data:
        """Make a row active again."""
        return self.modify(row_id, at=at, active=True)

    def delete(self, row_id: int, *, at: str | None = None, listed: bool = True) -> Data:
        """Take a row away; `listed=False` keeps it out of the deleted list, as a purge may."""
        with self.lock:
            data: Data = self._drop(row_id)
            self.groups.forget(row_id)
            key = (data['ownerName'], data['type'], data['summary'])
            del self._by_value[key]
            if listed:
                self.deleted.append(
                    Deleted(owner=key[0], type=key[1], summary=key[2], at=at or self.now_text())
                )
            self.version += 1
            return data

    def tie(self, at: str | None = None, query: str | None = None) -> int:
        """Set the same `lastModified` in many rows, as a bulk import does; return how many."""
        with self.lock:
            moment = at or self.now_text()
            ids = [data['id'] for data in self.rows(query)]
            for row_id in ids:
                self._rows[row_id] = Row({**self._rows[row_id].data, 'lastModified': moment})
            self.version += 1
            return len(ids)

    def churn(
        self, *, add: int = 0, modify: int = 0, deactivate: int = 0, delete: int = 0, seed: int = 0
    ) -> dict[str, list[int]]:
        """Change random rows; the same seed on the same rows changes the same ones.

        Returns:
            The ids by kind of change; no id occurs twice.
        """
        with self.lock:
            chance = random.Random(seed)
            picked = chance.sample(self._ids, min(len(self._ids), modify + deactivate + delete))
            modified = picked[:modify]
            deactivated = picked[modify : modify + deactivate]
            removed = picked[modify + deactivate :]
            for row_id in modified:
                self.modify(row_id, confidence=chance.randrange(101))
            for row_id in deactivated:
                self.deactivate(row_id)
            for row_id in removed:
                self.delete(row_id)
            added = [self._add_random(chance)['id'] for _ in range(add)]
        return {'add': added, 'modify': modified, 'deactivate': deactivated, 'delete': removed}

    def _add_random(self, chance: random.Random) -> Data:
        owner = chance.choice(sorted(self.owners))
        # Anywhere between the others, so that keyset paging meets ids behind its cursor too.
        row_id = None
        if self._ids:
            row_id = chance.randint(self._ids[0], self._ids[-1] + 1000)
            while row_id in self._rows:
                row_id += 1
        while True:
            name = f'new-{chance.getrandbits(48):012x}.example.org'
            if (owner, 'Host', name) not in self._by_value:
                break
        row = {'type': 'Host', 'ownerName': owner, 'summary': name, 'id': row_id}
        return self.add({**row, 'confidence': chance.randrange(101)})

    # -- inside

    def _put(self, data: dict[str, Any], *, sort: bool = True) -> None:
        key = (data['ownerName'], data['type'], data['summary'])
        row_id = data['id']
        if self._by_value.setdefault(key, row_id) != row_id or row_id in self._rows:
            raise DuplicateError(f'{key} or id {row_id} is there already')
        self._keep(Row(self.groups.taken_up(data)), sort=sort)
        self._next_id = max(self._next_id, row_id + 1)

    def _complete(self, row: Mapping[str, Any], now: str) -> dict[str, Any]:
        data = {key: value for key, value in row.items() if value is not None}
        type_name = data.get('type')
        if type_name not in TYPE_KEYS:
            raise ValueError(f'{type_name!r} is no type of Indicator')
        self.complete_owner(data)
        complete_value(data, shows_gaps=self.shows_gaps)
        if 'id' not in data:
            data['id'] = self._next_id
        added = data.setdefault('dateAdded', now)
        data.setdefault('lastModified', added)
        data.setdefault('active', True)
        data.setdefault('activeLocked', False)
        data.setdefault('privateFlag', False)
        return data

    def complete_owner(self, data: dict[str, Any]) -> None:
        """Set the owner's id in an object that has the owner's name.

        Raises:
            ValueError: there is no such owner.
        """
        name = data.get('ownerName')
        owner = self.owners.get(name) if name is not None else None
        if owner is None:
            if name is None or 'ownerId' not in data or self._given_owners is not None:
                raise ValueError(f'there is no owner {name!r}')
            owner_id = data['ownerId']
            owner = Owner(id=owner_id, name=name, type=_TYPES_BY_ID.get(owner_id, 'Source'))
            self.owners = {
                other.name: other for other in self.owners.values() if other.id != owner_id
            }
            self.owners[name] = owner
        data['ownerId'] = owner.id


def text_of(moment: dt.datetime) -> str:
    """Write a UTC time as the API does: whole seconds and a Z."""
    return f'{moment:%Y-%m-%dT%H:%M:%SZ}'
