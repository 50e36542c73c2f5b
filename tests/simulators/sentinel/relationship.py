"""Which two objects a relationship may join, of the types that the service takes.

Source: STIX 2.1, appendix "Relationship Summary Table", read for these types alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ENDS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ('indicator', 'indicates'): ('attack-pattern', 'threat-actor'),
        ('threat-actor', 'uses'): ('attack-pattern',),
        ('threat-actor', 'attributed-to'): ('identity',),
        ('threat-actor', 'impersonates'): ('identity',),
        ('threat-actor', 'targets'): ('identity',),
        ('attack-pattern', 'targets'): ('identity',),
    }
)
"""Types of the target by type of the source and type of the relationship."""
OF_ONE_TYPE = ('derived-from', 'duplicate-of')
"""Types of a relationship between any two objects of the same type."""
OF_ANY_TYPE = 'related-to'
TYPES = (*sorted({kind for _source, kind in ENDS}), *OF_ONE_TYPE, OF_ANY_TYPE)

NEVER_ENDS = frozenset(('relationship', 'marking-definition', 'sighting'))
"""What is neither a thing nor an observation, so that nothing relates to it."""


def type_of(stix_id: str) -> str:
    """Return the type of the object that has this id."""
    return stix_id.partition('--')[0]


def may_join(relationship_type: str, source_ref: str, target_ref: str) -> bool:
    """Tell whether a relationship of this type may lead from the one to the other."""
    source, target = type_of(source_ref), type_of(target_ref)
    if NEVER_ENDS & {source, target}:
        return False
    if relationship_type == OF_ANY_TYPE:
        return True
    if relationship_type in OF_ONE_TYPE:
        return source == target
    return target in ENDS.get((source, relationship_type), ())
