"""Threat Actor Profiles: what ThreatConnect says of one actor whose Groups it has joined.

Source: ThreatConnect developer documentation, v3 API, "Threat Actor Profiles" (7.11 and later).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.simulators.threatconnect.predicate import Data

PROPERTIES = frozenset(
    ('name', 'description', 'priority', 'deprecated', 'mitreId', 'mitreLink', 'externalDateAdded',
     'externalLastModified', 'dateAdded', 'lastModified')
)  # fmt: skip
_ALIASES = {'mitreAliases': 'mitre_aliases', 'customAliases': 'custom_aliases'}
"""Member to attribute; the name of the second is assumed, the documentation only mentions it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One profile."""

    id: int
    group_ids: tuple[int, ...]
    data: Data
    mitre_aliases: tuple[str, ...] = ()
    custom_aliases: tuple[str, ...] = ()

    def common_group(
        self, fields: Iterable[str], linked: Iterable[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Return what a Group shows of it.

        Args:
            fields: extra data asked for; aliases and the linked Groups are such.
            linked: the Groups that it joins, as far as they may show.
        """
        wanted = set(fields)
        found: dict[str, Any] = {'id': self.id, **self.data}
        if 'aliases' in wanted:
            for member, attribute in _ALIASES.items():
                if names := getattr(self, attribute):
                    found[member] = self._aliases(names)
        if 'linkedGroups' in wanted:
            found['linkedGroups'] = {'data': list(linked)}
        return found

    def _aliases(self, names: tuple[str, ...]) -> dict[str, Any]:
        members = [
            {'id': self.id + number, 'alias': name, 'lastModified': self.data['lastModified']}
            for number, name in enumerate(names, 1)
        ]
        return {'data': members, 'count': len(members)}


def make(
    profile_id: int,
    group_ids: Iterable[int],
    now: str,
    *,
    mitre_aliases: Iterable[str] = (),
    custom_aliases: Iterable[str] = (),
    **properties: Any,
) -> Profile:
    """Make a profile; what it does not say is filled in.

    Raises:
        ValueError: an unknown property, or no name.
    """
    unknown = properties.keys() - PROPERTIES
    if unknown:
        raise ValueError(f'a profile has no {", ".join(sorted(unknown))}')
    if not properties.get('name'):
        raise ValueError('a profile without a name')
    defaults = {'dateAdded': now, 'lastModified': now, 'priority': 'LOW', 'deprecated': False}
    return Profile(
        id=profile_id,
        group_ids=tuple(dict.fromkeys(group_ids)),
        data={**defaults, **properties},
        mitre_aliases=tuple(mitre_aliases),
        custom_aliases=tuple(custom_aliases),
    )
