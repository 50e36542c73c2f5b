"""One page of a list, cut to the size of a reply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar
from urllib.parse import urlencode

from sentinel_app.api.call import Request
from sentinel_app.api.schemas import Page, PageFields, Parameters, Reply

# Replies go through the platform's broker as one piece and stay under 1 MB.
MAX_DATA_BYTES = 950_000

PageModel = TypeVar('PageModel', bound=Page)
Wanted = TypeVar('Wanted', bound=PageFields)


def page_of(
    request: Request[Wanted],
    model: type[PageModel],
    items: Iterable[Reply],
    *,
    total: int,
    **facts: object,
) -> PageModel:
    """Return the page that a request wants.

    A page that would grow too large ends early; `next` begins where it ended.

    Args:
        request: has the limit and offset, and what `next` and `previous` repeat.
        model: of the page.
        items: the page's items, at most as many as its limit.
        total: number of items of all pages.
        facts: further members of the page.
    """
    limit, offset = request.input.limit, request.input.offset
    data = _fitting(items)
    following = offset + len(data)
    is_linked = isinstance(request.input, Parameters)
    has_next = is_linked and bool(data) and following < total
    has_previous = is_linked and offset > 0
    return model.model_validate(
        {
            **facts,
            'count': len(data),
            'data': data,
            'next': _link(request.query, limit, following) if has_next else None,
            'previous': _link(request.query, limit, max(0, offset - limit))
            if has_previous
            else None,
            'total_count': total,
        }
    )


def _fitting(items: Iterable[Reply]) -> list[Reply]:
    """Return as many items as fit into a reply, and at least one where there is one."""
    found: list[Reply] = []
    size_bytes = 0
    for item in items:
        size_bytes += len(item.model_dump_json().encode())
        if found and size_bytes > MAX_DATA_BYTES:
            break
        found.append(item)
    return found


def _link(query: Mapping[str, str | list[str]], limit: int, offset: int) -> str:
    names = {**query, 'limit': str(limit), 'offset': str(offset)}
    return '?' + urlencode(names, doseq=True, safe=':~,')
