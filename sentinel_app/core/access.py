"""Who counts as an administrator of the Service."""

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

# More than a role's name can have. Normalizing takes time by the square of the marks in a row.
_LONGEST_ROLE = 255


def is_administrator(role: str, admin_roles: Sequence[str]) -> bool:
    """Whether a role is one of those that count, by its whole name.

    Case, the width of letters, and how many blanks there are do not count.

    Args:
        role: as ThreatConnect names it; blank where it does not.
        admin_roles: the names that count.
    """
    name = _folded(role)
    return bool(name) and name in {_folded(each) for each in admin_roles}


def _folded(role: str) -> str:
    if len(role) > _LONGEST_ROLE:
        return ''
    return ' '.join(unicodedata.normalize('NFKC', role).casefold().split())
