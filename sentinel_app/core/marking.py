"""Marking of objects by TLP level."""

from __future__ import annotations

import stix2

from sentinel_app.core.tlp import Tlp

_MARKINGS = {
    Tlp.CLEAR: str(stix2.TLP_WHITE.id),
    Tlp.GREEN: str(stix2.TLP_GREEN.id),
    Tlp.AMBER: str(stix2.TLP_AMBER.id),
    # STIX 2.1 and Sentinel have four levels. AMBER+STRICT maps to the stricter neighbor: a marking
    # must never permit more sharing than the owner of the information does.
    Tlp.AMBER_STRICT: str(stix2.TLP_RED.id),
    Tlp.RED: str(stix2.TLP_RED.id),
}


def marking_refs(level: Tlp) -> list[str]:
    """Return the `object_marking_refs` of an object of this level."""
    return [_MARKINGS[level]]
