"""The Groups that the stand-in holds, their associations with Indicators and their profiles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulators.threatconnect import group, profile, tql
from tests.simulators.threatconnect.group import Group
from tests.simulators.threatconnect.predicate import Data, Surroundings, elements
from tests.simulators.threatconnect.profile import Profile
from tests.simulators.threatconnect.row import Row, render
from tests.simulators.threatconnect.shelf import Shelf
from tests.simulators.threatconnect.tree import Node

if TYPE_CHECKING:
    from tests.simulators.threatconnect.store import Store

FIRST_GROUP_ID = 2**53 + 10**9 + 1
FIRST_PROFILE_ID = 2**53 + 2 * 10**9 + 1
"""Far from the Indicators' ids, so that nobody takes one for the other."""

PROFILE_KEYWORDS = frozenset(('hascommongroup', 'hasthreatactorprofile'))
"""Keywords that an instance without Threat Actor Profiles does not know."""


class GroupStore(Shelf[Group]):
    """Groups sorted by id; each call is atomic, under the lock of the store.

    An Indicator's `associatedGroups` are kept with its row, so that a query sees them there. What
    happens to a Group happens there too, without moving the Indicator's `lastModified`.
    """

    target = 'group'

    def __init__(self, store: Store) -> None:
        self._store = store
        self.lock = store.lock
        self.has_profiles: bool = True
        """Whether the instance knows Threat Actor Profiles."""
        super().__init__()

    def start(
        self, groups: Iterable[Mapping[str, Any]], profiles: Iterable[Profile | Mapping[str, Any]]
    ) -> None:
        """Forget everything and begin with these."""
        self.empty()
        self.has_profiles = True
        self._next_id = FIRST_GROUP_ID
        self._next_profile_id = FIRST_PROFILE_ID
        self._profiles: dict[int, Profile] = {}
        self._by_indicator: dict[int, tuple[int, ...]] = {}
        self._by_group: dict[int, dict[int, None]] = {}
        self.version += 1
        for entry in groups:
            self.add(entry)
        for given in profiles:
            if isinstance(given, Profile):
                self._profiles[given.id] = given
                self._next_profile_id = max(self._next_profile_id, given.id + 1000)
            else:
                self.set_profile(**given)

    # -- reading

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """The Threat Actor Profiles there are."""
        return tuple(self._profiles.values())

    def groups(self, query: str | None = None) -> list[Data]:
        """Return the data of all Groups in order of id, or of those that TQL selects."""
        with self.lock:
            node = None if query is None else tql.parse(query, 'group', self._store.now())
            return [found.data for found in self.select(node)]

    def of(self, indicator_id: int) -> tuple[int, ...]:
        """Return the ids of an Indicator's Groups in the order in which they were associated."""
        return self._by_indicator.get(indicator_id, ())

    def indicators_of(self, group_id: int) -> list[Data]:
        """Return the Indicators that a Group is associated with."""
        rows = (self._store.get(row_id) for row_id in self._by_group.get(group_id, ()))
        return [data for data in rows if data is not None]

    def profile_of(self, group_id: int) -> Profile | None:
        """Return the profile that joins a Group with others."""
        return next((it for it in self._profiles.values() if group_id in it.group_ids), None)

    def linked_to(self, group_id: int) -> list[Data]:
        """Return the Groups of one profile, the Group itself with them."""
        found = self.profile_of(group_id)
        ids = () if found is None else found.group_ids
        return [self._rows[other].data for other in ids if other in self._rows]

    def surroundings(
        self, *, ignores_case: bool = False, ignores_id_filter: bool = False
    ) -> Surroundings:
        """Return what queries about Groups may ask about beyond one Group."""
        around = self._store.surroundings(
            ignores_case=ignores_case, ignores_id_filter=ignores_id_filter
        )
        return replace(around, target=self.target, tags=self._tags)

    def parse(self, text: str) -> Node:
        """Read TQL about Groups as the endpoint does; raises as `tql.parse`."""
        return tql.parse(text, 'group', self._store.now(), without=self.unknown_keywords)

    @property
    def unknown_keywords(self) -> frozenset[str]:
        """Keywords of TQL, in lower case, that this instance does not know."""
        return frozenset() if self.has_profiles else PROFILE_KEYWORDS

    def render(
        self, found: Group, fields: frozenset[str], *, owners: frozenset[str] | None = None
    ) -> bytes:
        """Return the JSON object of a Group as the endpoint sends it.

        Args:
            found: the Group.
            fields: extra data asked for.
            owners: names of the owners whose objects may show with it; None for all of them.
        """

        def seen(objects: Iterable[Data]) -> list[Data]:
            return [it for it in objects if owners is None or it['ownerName'] in owners]

        def common() -> dict[str, Any] | None:
            held = self.profile_of(found.id)
            if held is None:
                return None
            linked = [group.nested(it) for it in seen(self.linked_to(found.id))]
            shown = group.shown({'linkedGroups': linked}, 'linkedGroups', fields)
            return held.common_group(fields, shown.get('data', ()))

        def indicators() -> list[dict[str, Any]]:
            rows = seen(self.indicators_of(found.id))
            return [json.loads(render(data, frozenset())) for data in rows]

        with self.lock:
            return group.render(found.data, fields, indicators=indicators, common=common)

    def _tags(self) -> list[Data]:
        return list(
            {
                tag['name']: tag
                for found in self._rows.values()
                for tag in elements(found.data, 'tags')
            }.values()
        )

    # -- changing

    def add(self, entry: Mapping[str, Any]) -> Data:
        """Add one Group.

        Args:
            entry: at least `type`, `name` and `ownerName`.

        Raises:
            ValueError: unknown type, owner or property, no name, or an id that is there already.
        """
        with self.lock:
            data = dict(entry)
            group.check(data)
            self._store.complete_owner(data)
            data.setdefault('id', self._next_id)
            if data['id'] in self._rows:
                raise ValueError(f'the id {data["id"]} is there already')
            data = group.complete(data, self._store.now_text())
            self._next_id = max(self._next_id, data['id'] + 1)
            self._keep(Group(data))
            self.version += 1
            return data

    def modify(
        self, group_id: int, *, at: str | None = None, touch: bool = True, **changes: Any
    ) -> Data:
        """Change properties of one Group; None takes a property away.

        Args:
            group_id: which one.
            at: its new `lastModified`; now if left out.
            touch: False to leave `lastModified` alone, as some changes on the platform may.
            changes: properties by name.

        Raises:
            KeyError: no such Group.
            ValueError: an unknown property, or one that cannot change.
        """
        with self.lock:
            data = group.changed(self._rows[group_id].data, changes)
            if touch and 'lastModified' not in changes:
                data['lastModified'] = at or self._store.now_text()
            self._rows[group_id] = Group(data)
            self.version += 1
            for row_id in self._by_group.get(group_id, ()):
                self._show(row_id)
            return data

    def label(self, group_id: int, *names: str, at: str | None = None, touch: bool = True) -> Data:
        """Give a Group these security labels and no others; see `modify`."""
        labels = [group.security_label(name) for name in names]
        return self.modify(group_id, at=at, touch=touch, securityLabels={'data': labels})

    def delete(self, group_id: int) -> Data:
        """Take a Group away, and with it its associations; no list remembers it.

        Raises:
            KeyError: no such Group.
        """
        with self.lock:
            data: Data = self._drop(group_id)
            for row_id in tuple(self._by_group.pop(group_id, ())):
                self._associate(row_id, tuple(it for it in self.of(row_id) if it != group_id))
            for held in self.profiles:
                if group_id in held.group_ids:
                    rest = tuple(it for it in held.group_ids if it != group_id)
                    self._profiles[held.id] = replace(held, group_ids=rest)
            self.version += 1
            return data

    def associate(
        self, group_id: int, indicator_id: int, *, at: str | None = None, touch: bool = True
    ) -> None:
        """Associate a Group with an Indicator.

        Args:
            group_id: which Group.
            indicator_id: which Indicator.
            at: the new `lastModified` of the Indicator; now if left out.
            touch: False to leave it alone: whether the platform does is not documented.

        Raises:
            KeyError: no such Group or Indicator.
        """
        with self.lock:
            if group_id not in self._rows or self._store.get(indicator_id) is None:
                raise KeyError(f'{group_id} or {indicator_id}')
            if group_id not in self.of(indicator_id):
                self._associate(indicator_id, (*self.of(indicator_id), group_id))
            self._touch(indicator_id, at=at, touch=touch)

    def dissociate(
        self, group_id: int, indicator_id: int, *, at: str | None = None, touch: bool = True
    ) -> None:
        """Part a Group from an Indicator; see `associate`.

        Raises:
            KeyError: they are not associated.
        """
        with self.lock:
            if group_id not in self.of(indicator_id):
                raise KeyError(f'{group_id} at {indicator_id}')
            rest = tuple(it for it in self.of(indicator_id) if it != group_id)
            self._associate(indicator_id, rest)
            self._touch(indicator_id, at=at, touch=touch)

    def set_profile(
        self, groups: Iterable[int], *, profile_id: int | None = None, **properties: Any
    ) -> Profile:
        """Join Groups in a Threat Actor Profile; no `lastModified` moves by that.

        Args:
            groups: ids of Groups; each leaves the profile that it was in.
            profile_id: the profile to set anew; a new one if left out.
            properties: `name`, `description`, `priority`, `deprecated`, `mitreId`, `mitreLink`,
                `externalDateAdded`, `externalLastModified`; `mitre_aliases`, `custom_aliases`.

        Raises:
            KeyError: no such Group.
            ValueError: a Group of another type, an unknown property, or no name.
        """
        with self.lock:
            ids = tuple(groups)
            for group_id in ids:
                if self._rows[group_id].data['type'] not in group.PROFILED_TYPES:
                    raise ValueError(f'{group_id} is of no type that a profile joins')
            made = profile.make(
                profile_id or self._next_profile_id, ids, self._store.now_text(), **properties
            )
            # Aliases have ids too.
            self._next_profile_id = max(self._next_profile_id, made.id + 1000)
            for held in self.profiles:
                rest = tuple(it for it in held.group_ids if it not in ids)
                self._profiles[held.id] = replace(held, group_ids=rest)
            self._profiles[made.id] = made
            self.version += 1
            return made

    def drop_profile(self, profile_id: int) -> None:
        """Take a profile away; its Groups stay.

        Raises:
            KeyError: no such profile.
        """
        with self.lock:
            del self._profiles[profile_id]
            self.version += 1

    # -- what the store of Indicators asks

    def taken_up(self, data: Data) -> Data:
        """Return a row with its associated Groups as they are now, and remember which these are.

        Raises:
            ValueError: a member that is nothing but an id, of no Group there is.
        """
        members = elements(data, 'associatedGroups')
        for member in members:
            if member.keys() == {'id'} and member['id'] not in self._rows:
                raise ValueError(f'there is no Group {member["id"]}')
        ids = tuple(dict.fromkeys(it['id'] for it in members if it.get('id') in self._rows))
        self._remember(data['id'], ids)
        return self._with_groups(data) if ids else data

    def forget(self, indicator_id: int) -> None:
        """Forget an Indicator that is gone."""
        self._remember(indicator_id, ())

    def _remember(self, indicator_id: int, ids: tuple[int, ...]) -> None:
        for group_id in self._by_indicator.pop(indicator_id, ()):
            self._by_group.get(group_id, {}).pop(indicator_id, None)
        if ids:
            self._by_indicator[indicator_id] = ids
        for group_id in ids:
            self._by_group.setdefault(group_id, {})[indicator_id] = None

    def _associate(self, indicator_id: int, ids: tuple[int, ...]) -> None:
        gone = set(self.of(indicator_id)) - set(ids)
        self._remember(indicator_id, ids)
        self._show(indicator_id, gone)

    def _show(self, indicator_id: int, gone: Iterable[int] = ()) -> None:
        data = self._store.get(indicator_id)
        assert data is not None
        self._store.replace(Row(self._with_groups(data, gone)))

    def _with_groups(self, data: Data, gone: Iterable[int] = ()) -> Data:
        """Return a row with its Groups, after those that are written out in the row alone."""
        ids = self.of(data['id'])
        others = {*ids, *gone}
        members = [it for it in elements(data, 'associatedGroups') if it.get('id') not in others]
        members += [group.nested(self._rows[group_id].data) for group_id in ids]
        return {**data, 'associatedGroups': {'data': members} if members else {}}

    def _touch(self, indicator_id: int, *, at: str | None, touch: bool) -> None:
        if touch:
            self._store.modify(indicator_id, at=at)
