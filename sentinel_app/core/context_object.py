"""Frame of context objects: the members that all three kinds have in common.

What is content comes first and `modified` last, so that the text of an object without its end is
its content; see `object_text`. Times are never taken from a clock: an object that stands for the
same facts has the same content at any time.

Source: STIX 2.1, section 3.2 (common properties).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.marking import marking_refs
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.tlp import Tlp


def context_object(
    kind: ContextKind,
    content: Mapping[str, object],
    *,
    object_id: str,
    created_at: dt.datetime,
    modified_at: dt.datetime,
    author_ref: str | None = None,
    tlp: Tlp | None = None,
    is_revoked: bool = False,
) -> dict[str, object]:
    """Return an object of a kind, without nulls, empty texts and empty lists.

    Args:
        kind: the kind, which decides about the type.
        content: the members of the type, none of them empty.
        object_id: the id of the object.
        created_at: never changes for one id.
        modified_at: if it is before `created_at`, that is taken.
        author_ref: the id of the author's identity.
        tlp: the level by which it is marked.
        is_revoked: whether it is withdrawn.
    """
    stix: dict[str, object] = {'type': kind.stix_type, 'spec_version': '2.1', 'id': object_id}
    if author_ref is not None:
        stix['created_by_ref'] = author_ref
    stix['created'] = to_millis(created_at)
    stix.update(content)
    if tlp is not None:
        stix['object_marking_refs'] = marking_refs(tlp)
    if is_revoked:
        stix['revoked'] = True
    stix['modified'] = to_millis(max(modified_at, created_at))
    return stix
