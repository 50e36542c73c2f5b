"""Validation of objects against STIX 2.1 by OASIS's own libraries.

They are too slow to check every object, so this is only for single ones that are shown to people.
"""

from __future__ import annotations

from collections.abc import Mapping

import stix2
from stix2.exceptions import STIXError

from sentinel_app.core.error_text import one_line


def stix_fault(stix: Mapping[str, object]) -> str | None:
    """Return why an object is not valid STIX 2.1; None if it is.

    `stix2` checks the properties, and the pattern through `stix2-patterns`.
    """
    try:
        stix2.parse(dict(stix), allow_custom=False, version='2.1')
    except (STIXError, ValueError, TypeError) as error:
        return one_line(str(error)) or type(error).__name__
    return None
