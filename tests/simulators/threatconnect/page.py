"""`GET /v3/indicators` and `/v3/groups`: reading the parameters and cutting one page out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Generic
from urllib.parse import urlencode

from tests.simulators.https import Request
from tests.simulators.threatconnect import group, tql
from tests.simulators.threatconnect.auth import ApiError, User
from tests.simulators.threatconnect.predicate import Getter, build, getter
from tests.simulators.threatconnect.row import check_fields
from tests.simulators.threatconnect.shelf import K, Shelf
from tests.simulators.threatconnect.store import Store
from tests.simulators.threatconnect.tree import And, Compare, Node, mentions
from tests.simulators.threatconnect.vocabulary import KEYWORDS, Kind

Pairs = list[tuple[str, str]]
DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
_DIRECTIONS = frozenset({'asc', 'desc', 'nullsfirst', 'nullslast'})
_UNSORTABLE = frozenset(
    {'tag', 'attackTag', 'securityLabel', 'associatedGroup', 'tagOwner', 'tagOwnerName',
     'sameNameAs', 'associatedIndicator', 'parentGroup', 'childGroup', 'victimAsset'}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """A checked request for a page."""

    pairs: Pairs
    """Parameters as given, which `next` repeats."""
    start: int
    limit: int
    from_body: bool = False
    node: Node | None = None
    has_tql: bool = False
    target: str = 'indicator'
    """The kind of object, as TQL has it."""
    fields: frozenset[str] = frozenset()
    sorting: tuple[tuple[str, str], ...] = ()
    wants_count: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Which faults bend this page."""

    ignores_sorting: bool = False
    ignores_id_filter: bool = False
    ignores_case: bool = False
    seed: int | None = None
    """For a random order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[K]):
    """Rows in order, the total if it was counted, and whether more follow."""

    rows: list[K]
    has_more: bool
    count: int | None


def parameters(request: Request) -> tuple[Pairs, bool]:
    """Return the parameters from the query or, without one, from a `{"data": {...}}` body.

    Returns:
        The pairs in order, and whether they come from a body.
    """
    pairs = request.query
    if pairs or not request.body:
        return pairs, False
    try:
        data = request.json()['data']
        items = list(data.items())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ApiError(400, 'The request was not properly formed') from None
    body: Pairs = []
    for name, value in items:
        for member in value if isinstance(value, list) else [value]:
            body.append((name, member if isinstance(member, str) else json.dumps(member)))
    return body, True


def paging(pairs: Pairs) -> tuple[int, int]:
    """Return offset and page size.

    Raises:
        ApiError: 400 for anything but whole numbers in range; a size above the maximum is cut.
    """
    values = dict(reversed(pairs))
    start = values.get('resultStart', '0')
    limit = values.get('resultLimit', str(DEFAULT_LIMIT))
    if not all(text.isascii() and text.isdigit() for text in (start, limit)) or limit == '0':
        raise ApiError(400, 'resultStart and resultLimit must be integers')
    return int(start), min(int(limit), MAX_LIMIT)


def parse_request(
    request: Request, store: Store, user: User, target: str = 'indicator'
) -> ListRequest:
    """Check everything about a request for a list of Indicators, or of Groups.

    Raises:
        ApiError: 400 or 403.
    """
    pairs, from_body = parameters(request)
    values = dict(reversed(pairs))
    start, limit = paging(pairs)
    node = None
    if 'tql' in values:
        try:
            node = tql.parse(
                values['tql'], target, store.now(), without=store.groups.unknown_keywords
            )
        except tql.TqlError as error:
            raise ApiError(400, f'Invalid TQL: {error}') from None
    return ListRequest(
        pairs=pairs,
        from_body=from_body,
        target=target,
        node=_visible(node, values.get('owner'), store, user, target),
        has_tql='tql' in values,
        fields=parse_fields(pairs, store, user, target),
        sorting=parse_sorting(values.get('sorting'), target),
        start=start,
        limit=limit,
        wants_count=values.get('count', '').lower() == 'true' and start == 0,
    )


def parse_fields(
    pairs: Pairs, store: Store, user: User, target: str = 'indicator'
) -> frozenset[str]:
    """Check the `fields` parameters."""
    names = [value for name, value in pairs if name == 'fields']
    try:
        if target == 'group':
            return group.check_fields(
                names,
                has_profiles=store.groups.has_profiles,
                exceeds_link_limit=user.exceeds_link_limit,
            )
        return check_fields(names, exceeds_link_limit=user.exceeds_link_limit)
    except ValueError as error:
        raise ApiError(400, f'The request was not properly formed: {error}') from None


def check_owner(name: str, store: Store, user: User) -> str:
    """Refuse an owner that does not exist or that the user cannot read, with the same 403."""
    if name not in store.owners or (user.owners is not None and name not in user.owners):
        raise ApiError(403, 'The requested owner was not found')
    return name


def _visible(
    node: Node | None, owner: str | None, store: Store, user: User, target: str
) -> Node | None:
    """Add what the platform adds: only active rows unless asked, only the user's owners."""
    clauses = [] if node is None else [node]
    if target == 'indicator' and (node is None or not mentions(node, 'indicatorActive')):
        clauses.append(Compare('indicatorActive', Kind.BOOLEAN, '=', (True,)))
    names = user.owners
    if owner is not None:
        names = frozenset({check_owner(owner, store, user)})
    if names is not None:
        clauses.append(Compare('ownerName', Kind.STRING, 'in', tuple(sorted(names))))
    return And(tuple(clauses))


def parse_sorting(text: str | None, target: str = 'indicator') -> tuple[tuple[str, str], ...]:
    """Read `keyword direction` pairs, parted by blanks."""
    if text is None:
        return ()
    words = text.split()
    levels = []
    for keyword, direction in zip(words[::2], words[1::2], strict=False):
        name, kind = KEYWORDS[target].get(keyword.lower(), (keyword, Kind.SUB_QUERY))
        if kind is Kind.SUB_QUERY or name in _UNSORTABLE or direction.lower() not in _DIRECTIONS:
            raise ApiError(400, f'Invalid sorting: "{keyword} {direction}"')
        levels.append((name, direction.lower()))
    if not words or len(words) % 2:
        raise ApiError(400, f'Invalid sorting: "{text}"')
    return tuple(levels)


def cut(shelf: Shelf[K], wanted: ListRequest, quirks: Quirks) -> Page[K]:
    """Take one page out of what there is; hold the lock meanwhile."""
    rows = _ordered(shelf, wanted, quirks)
    page = list(islice(rows, wanted.start, wanted.start + wanted.limit))
    follows = sum(1 for _ in (rows if wanted.wants_count else islice(rows, 1)))
    count = None
    if wanted.wants_count:
        count = len(page) + follows
    return Page(rows=page, has_more=follows > 0, count=count)


def _ordered(shelf: Shelf[K], wanted: ListRequest, quirks: Quirks) -> Iterator[K]:
    around = shelf.surroundings(
        ignores_case=quirks.ignores_case, ignores_id_filter=quirks.ignores_id_filter
    )
    sorting = () if quirks.ignores_sorting or quirks.seed is not None else wanted.sorting
    if sorting and sorting[0][0] == 'id':
        return shelf.matching(wanted.node, around, reverse=sorting[0][1] == 'desc')
    everything: Iterable[K] = shelf.shuffled(quirks.seed)
    if wanted.node is not None:
        test = build(wanted.node, around)
        everything = (row for row in everything if test(row.data))
    if not sorting:
        return iter(everything)
    rows = list(everything)
    for keyword, direction in reversed(sorting):
        rows = _sorted(rows, getter(wanted.target, keyword)[0], direction)
    return iter(rows)


def _sorted(rows: list[K], get: Getter, direction: str) -> list[K]:
    valued = [row for row in rows if get(row.data) is not None]
    nulls = [row for row in rows if get(row.data) is None]
    valued.sort(key=lambda row: get(row.data), reverse=direction == 'desc')
    return nulls + valued if direction in {'desc', 'nullsfirst'} else valued + nulls


def link(base: str, wanted: ListRequest, start: int, *, repeats: bool = True) -> str:
    """Write the address of another page, which repeats all parameters of this one."""
    others = [
        pair for pair in wanted.pairs if repeats and pair[0] not in {'resultStart', 'resultLimit'}
    ]
    paged = [('resultStart', str(start)), ('resultLimit', str(wanted.limit))]
    return f'{base}?{urlencode(paged + others)}'


def links(
    base: str, wanted: ListRequest, *, has_more: bool, repeats: bool = True
) -> dict[str, str]:
    """Return `next` where more follows, and `prev` where something came before."""
    found = {}
    if has_more:
        found['next'] = link(base, wanted, wanted.start + wanted.limit, repeats=repeats)
    if wanted.start > 0:
        before = max(0, wanted.start - wanted.limit)
        found['prev'] = link(base, wanted, before, repeats=repeats)
    return found


def capped(wanted: ListRequest, rows: int) -> ListRequest:
    """Return the same request with a smaller page."""
    return replace(wanted, limit=min(wanted.limit, rows))


def envelope(data: bytes, *, head: dict[str, Any], tail: dict[str, Any]) -> bytes:
    """Put rendered rows between the other members without parsing them again."""
    before = json.dumps(head)[1:-1].encode()
    after = json.dumps({**tail, 'status': 'Success'})[1:-1].encode()
    return b'{%s"data":[%s],%s}' % (before + b',' if head else b'', data, after)
