"""One page of a list, as JSON text that stays within the size of a reply."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from sentinel_app.api.schemas import Reply

# Replies go through the platform's broker as one piece and stay under 1 MB.
MAX_DATA_BYTES = 950_000


def page_text(
    items: Iterable[Reply],
    *,
    total: int,
    limit: int,
    offset: int,
    given: Mapping[str, str | list[str]],
    facts: Mapping[str, str | int | None] | None = None,
) -> str:
    """The page `{"count", "data", "next", "previous", "total_count"}`.

    A page that would grow too large ends early; `next` begins where it ended.

    Args:
        items: the page's items, at most `limit`.
        total: how many there are in all.
        limit: how many were asked for.
        offset: where the page begins.
        given: the query string's names and values, for the addresses of the pages beside it.
        facts: further members of the page.
    """
    texts: list[str] = []
    size_bytes = 0
    for item in items:
        text = item.model_dump_json()
        size_bytes += len(text.encode())
        if texts and size_bytes > MAX_DATA_BYTES:
            break
        texts.append(text)
    following = offset + len(texts)
    has_next, has_previous = bool(texts) and following < total, offset > 0
    members = {
        **(facts or {}),
        'count': len(texts),
        'next': _address(given, limit, following) if has_next else None,
        'previous': _address(given, limit, max(0, offset - limit)) if has_previous else None,
        'total_count': total,
    }
    return f'{json.dumps(members)[:-1]}, "data": [{", ".join(texts)}]}}'


def _address(given: Mapping[str, str | list[str]], limit: int, offset: int) -> str:
    names = {**given, 'limit': str(limit), 'offset': str(offset)}
    return '?' + urlencode(names, doseq=True, safe=':~,')
