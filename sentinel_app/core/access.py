"""Which roles administer the Service."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

ADMIN_ROLES: Final = (
    'Administrator',
    'System Administrator',
    'Operations Administrator',
    'Accounts Administrator',
    'Organization Administrator',
)
"""ThreatConnect's own roles that administer the instance or an Organization.

`System Administrator` is what the documentation also calls the System role `Administrator`.

Source: ThreatConnect Knowledge Base, "ThreatConnect System Roles and Permissions" and
"Organization Roles".
"""

# Longer than any role name. Normalization is quadratic in the number of consecutive marks.
_LONGEST_ROLE = 255


def is_administrator(role: str, admin_roles: Sequence[str]) -> bool:
    """Return whether a role is an administrator role, by its whole name.

    Case, letter width and runs of blanks are ignored.

    Args:
        role: the name of the role in ThreatConnect; blank if unknown.
        admin_roles: the names of the administrator roles.
    """
    name = _folded(role)
    return bool(name) and name in {_folded(each) for each in admin_roles}


def _folded(role: str) -> str:
    if len(role) > _LONGEST_ROLE:
        return ''
    return ' '.join(unicodedata.normalize('NFKC', role).casefold().split())
