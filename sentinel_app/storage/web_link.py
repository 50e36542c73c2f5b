"""Links to ThreatConnect in the stored texts of objects."""

from __future__ import annotations

from sentinel_app.core.description import web_link_of
from sentinel_app.storage.cell import read_cell
from sentinel_app.storage.packing import unpack


def packed_web_link(body: bytes) -> str | None:
    """Return the link to ThreatConnect in an object's packed text; None if it has none."""
    text = read_cell(unpack, body)
    try:
        return web_link_of(text)
    except (LookupError, TypeError, ValueError):
        return None
