"""Recipients of notifications."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ORGANIZATION: Final = 'organization'


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """ThreatConnect users by name, and whether the API user's Organization is notified."""

    users: tuple[str, ...] = ()
    is_organization: bool = False

    def __bool__(self) -> bool:
        return bool(self.users) or self.is_organization


def read_recipients(entries: Iterable[str]) -> Recipients:
    """Parse an input's recipients: users, or the word `organization`."""
    names = tuple(dict.fromkeys(entries))
    users = tuple(name for name in names if name.casefold() != ORGANIZATION)
    return Recipients(users=users, is_organization=len(users) < len(names))
