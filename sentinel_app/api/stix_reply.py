"""An Indicator of ThreatConnect, and a STIX object, as several replies show them."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_app.api import schemas
from sentinel_app.diagnostics.row_facts import RowFacts

VALID = 'valid STIX 2.1'


def row_members(facts: RowFacts) -> dict[str, str | None]:
    """Return the members that name an Indicator."""
    return {
        'id': None if facts.id is None else str(facts.id),
        'type': facts.type,
        'summary': facts.summary,
        'owner': facts.owner_name,
        'web_link': facts.web_link,
    }


def stix_reply(stix: Mapping[str, object], fault: str | None) -> schemas.StixObject:
    """Return a STIX object, and whether it is valid."""
    return schemas.StixObject(object=dict(stix), is_valid=fault is None, verdict=fault or VALID)
