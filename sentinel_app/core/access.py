"""Who counts as an administrator of the Service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

ADMIN_ROLES: Final = (
    'Administrator',
    'Organization Administrator',
    'System Administrator',
)
"""ThreatConnect's own roles that administer an organization or the whole instance."""


def is_administrator(role: str, admin_roles: Sequence[str]) -> bool:
    """Whether a role is one of those that count, by its whole name in any case.

    Args:
        role: as ThreatConnect names it; blank where it does not.
        admin_roles: the names that count.
    """
    name = role.strip().casefold()
    return bool(name) and name in {each.strip().casefold() for each in admin_roles}
