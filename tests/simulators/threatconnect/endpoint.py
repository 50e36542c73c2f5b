"""The endpoints, once it is clear who asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.simulators.https import Reply, Request, json_reply
from tests.simulators.threatconnect import lie, options, page, tql
from tests.simulators.threatconnect.auth import ApiError, User, error_reply
from tests.simulators.threatconnect.fault import Fault
from tests.simulators.threatconnect.group import Group
from tests.simulators.threatconnect.notification import read_notification
from tests.simulators.threatconnect.predicate import build_for
from tests.simulators.threatconnect.row import TYPE_KEYS, Row
from tests.simulators.threatconnect.shelf import K, Shelf
from tests.simulators.threatconnect.store import CACHED_ROWS
from tests.simulators.threatconnect.tree import Compare, id_bounds

if TYPE_CHECKING:
    from tests.simulators.threatconnect.server import ThreatConnectSimulator

LIST = '/api/v3/indicators'
GROUPS = '/api/v3/groups'
OWNERS = '/api/v3/security/owners'
_JSON = {'Content-Type': 'application/json;charset=utf-8'}


@dataclass(slots=True)
class Exchange:
    """What is known of a request while it is being answered."""

    request: Request
    user: User | None = None
    rows: int | None = None
    faults: tuple[str, ...] = ()


Endpoint = Callable[['ThreatConnectSimulator', Exchange, User], Reply]


def answer(simulator: ThreatConnectSimulator, exchange: Exchange, user: User) -> Reply:
    """Find the endpoint and let it answer.

    Raises:
        ApiError: whatever is not a success.
    """
    request = exchange.request
    endpoint = _ROUTES.get((request.method, request.path))
    if endpoint is not None:
        return endpoint(simulator, exchange, user)
    head, _, last = request.target.partition('?')[0].rpartition('/')
    if request.method == 'GET' and last:
        if head == LIST:
            return _one(simulator, exchange, user, unquote(last))
        if head == GROUPS:
            return _one_group(simulator, exchange, user, last)
        if head == OWNERS:
            return _one_owner(simulator, user, last)
        if head.startswith('/api/internal/variable/runtime/'):
            return _variable(simulator, f'{head.rpartition("/")[2]}/{last}')
    if request.method != 'GET' and f'{request.path}/'.startswith((f'{LIST}/', f'{GROUPS}/')):
        raise ApiError(405, 'This stand-in is read-only')
    raise ApiError(404, 'The requested resource was not found')


def _list(simulator: ThreatConnectSimulator, exchange: Exchange, user: User) -> Reply:
    store = simulator.store
    whole = bool(simulator.take(exchange, 'whole_ratings'))
    keep = len(store) <= CACHED_ROWS

    def render(row: Row, fields: frozenset[str]) -> bytes:
        return row.render(fields, owners=user.owners, whole_ratings=whole, keep=keep)

    return _page(simulator, exchange, user, store, render)


def _groups(simulator: ThreatConnectSimulator, exchange: Exchange, user: User) -> Reply:
    groups = simulator.store.groups

    def render(found: Group, fields: frozenset[str]) -> bytes:
        return groups.render(found, fields, owners=user.owners)

    return _page(simulator, exchange, user, groups, render)


def _page(
    simulator: ThreatConnectSimulator,
    exchange: Exchange,
    user: User,
    shelf: Shelf[K],
    render: Callable[[K, frozenset[str]], bytes],
) -> Reply:
    wanted = page.parse_request(exchange.request, simulator.store, user, shelf.target)
    failure = _failing_page(simulator, exchange, wanted)
    if failure is not None:
        return failure
    if fault := simulator.take(exchange, 'page_cap'):
        wanted = page.capped(wanted, fault['rows'])
    random_order = simulator.take(exchange, 'random_order')
    quirks = page.Quirks(
        ignores_sorting=bool(simulator.take(exchange, 'ignores_sorting')),
        ignores_id_filter=bool(simulator.take(exchange, 'ignores_id_filter')),
        ignores_case=bool(simulator.take(exchange, 'ignores_case')),
        seed=simulator.request_count if random_order else None,
    )
    with simulator.store.lock:
        found = page.cut(shelf, wanted, quirks)
    rows = _repeated(simulator, exchange, wanted, found.rows)
    data = b','.join(render(row, wanted.fields) for row in rows)
    if fault := simulator.take(exchange, 'odd_labels'):
        data = _with_labels(data, fault['labels'])
    exchange.rows = len(rows)
    head = _links(simulator, exchange, wanted, has_more=found.has_more)
    tail = {} if found.count is None else {'count': found.count}
    simulator.page_read(exchange, wanted, found)
    reply = Reply(200, page.envelope(data, head=head, tail=tail), dict(_JSON))
    if not simulator.faults.has_any(lie.LIES):
        return reply
    first = next((render(row, wanted.fields) for row in shelf.select(None)), b'{}')
    return lie.page(reply, wanted, partial(simulator.take, exchange), json.loads(first))


def _with_labels(data: bytes, labels: Any) -> bytes:
    rows = [row | {'securityLabels': labels} for row in json.loads(b'[%b]' % data)]
    return json.dumps(rows)[1:-1].encode()


def _failing_page(
    simulator: ThreatConnectSimulator, exchange: Exchange, wanted: page.ListRequest
) -> Reply | None:
    if wanted.has_tql and (fault := simulator.take(exchange, 'tql_timeout')):
        return _timed_out(fault)
    fault = simulator.take(exchange, 'slow_above', lambda fault: wanted.limit > fault['rows'])
    if fault is not None:
        return _timed_out(fault)
    end = wanted.start + wanted.limit
    if simulator.take(exchange, 'offset_ceiling', lambda fault: end > fault['rows']):
        raise ApiError(400, 'The result window is too large')
    return None


def _timed_out(fault: Fault) -> Reply:
    wait_s = fault.params.get('wait_s', 0.0)
    if fault['status'] == 'drop':
        return Reply(drop=True, wait_s=wait_s)
    return replace(error_reply(LIST, fault['status'], 'The TQL query timed out'), wait_s=wait_s)


def _repeated(
    simulator: ThreatConnectSimulator,
    exchange: Exchange,
    wanted: page.ListRequest,
    rows: list[K],
) -> list[K]:
    """Put the end of the page before in front of a further page, if that fault is on."""
    last = simulator.last_rows.get(wanted.target, [])
    simulator.last_rows[wanted.target] = rows
    if wanted.start == 0 and id_bounds(wanted.node)[0] is None:
        return rows
    fault = simulator.take(exchange, 'duplicate_rows')
    return rows if fault is None else last[-fault['rows'] :] + rows


def _links(
    simulator: ThreatConnectSimulator,
    exchange: Exchange,
    wanted: page.ListRequest,
    *,
    has_more: bool,
) -> dict[str, str]:
    path = exchange.request.path
    base = f'{simulator.url}{path}'
    if has_more:
        if fault := simulator.take(exchange, 'next_other_host'):
            base = f'https://{fault["host"]}{path}'
        if simulator.take(exchange, 'next_http'):
            base = base.replace('https://', 'http://')
    repeats = not (wanted.from_body and simulator.take(exchange, 'next_without_query'))
    return page.links(base, wanted, has_more=has_more, repeats=repeats)


def _one(simulator: ThreatConnectSimulator, exchange: Exchange, user: User, name: str) -> Reply:
    store = simulator.store
    pairs, _ = page.parameters(exchange.request)
    fields = page.parse_fields(pairs, store, user)
    owner = dict(reversed(pairs)).get('owner')
    if owner is not None:
        page.check_owner(owner, store, user)
    with store.lock:
        row = store.row(int(name)) if name.isascii() and name.isdigit() else None
        row = row or store.named(owner or user.organization, name)
    if row is None or (user.owners is not None and row.data['ownerName'] not in user.owners):
        raise ApiError(404, 'The requested resource was not found')
    text = row.render(fields, owners=user.owners, keep=False)
    return Reply(200, b'{"data":%s,"status":"Success"}' % text, dict(_JSON))


def _one_group(
    simulator: ThreatConnectSimulator, exchange: Exchange, user: User, name: str
) -> Reply:
    store = simulator.store
    pairs, _ = page.parameters(exchange.request)
    fields = page.parse_fields(pairs, store, user, 'group')
    with store.lock:
        found = store.groups.row(int(name)) if name.isascii() and name.isdigit() else None
        if found is None or (
            user.owners is not None and found.data['ownerName'] not in user.owners
        ):
            raise ApiError(404, 'The requested resource was not found')
        text = store.groups.render(found, fields, owners=user.owners)
    return Reply(200, b'{"data":%s,"status":"Success"}' % text, dict(_JSON))


def _deleted(simulator: ThreatConnectSimulator, exchange: Exchange, user: User) -> Reply:
    store = simulator.store
    pairs, _ = page.parameters(exchange.request)
    values = dict(reversed(pairs))
    start, limit = page.paging(pairs)
    if fault := simulator.take(exchange, 'page_cap'):
        limit = min(limit, fault['rows'])
    if simulator.take(exchange, 'ignores_start') is not None:
        start = 0
    owner = page.check_owner(values.get('owner', user.organization), store, user)
    type_name = values.get('type')
    if type_name is not None and type_name not in TYPE_KEYS:
        raise ApiError(400, f'Unknown type "{type_name}"')
    since = values.get('deletedSince')
    if since is not None:
        since = _date(simulator, since)
    entries = store.deleted_since(owner, type_name, since)
    rows = [
        {'ownerName': entry.owner, 'dateAdded': entry.at, 'type': entry.type,
         'summary': entry.summary}
        for entry in entries[start : start + limit]
    ]  # fmt: skip
    exchange.rows = len(rows)
    links = page.links(
        f'{simulator.url}{LIST}/deleted',
        page.ListRequest(pairs=pairs, start=start, limit=limit),
        has_more=start + limit < len(entries),
    )
    answer = {**links, 'data': rows, 'count': len(entries)}
    return _success(lie.deleted(answer, owner, partial(simulator.take, exchange)))


def _date(simulator: ThreatConnectSimulator, text: str) -> str:
    """Read a date parameter by the rules of TQL."""
    escaped = text.replace('\\', '\\\\').replace('"', '\\"')
    try:
        node = tql.parse(f'dateAdded >= "{escaped}"', now=simulator.store.now())
    except tql.TqlError as error:
        raise ApiError(400, f'The request was not properly formed: {error}') from None
    assert isinstance(node, Compare)
    return str(node.values[0])


def _owners(simulator: ThreatConnectSimulator, exchange: Exchange, user: User) -> Reply:
    pairs, _ = page.parameters(exchange.request)
    values = dict(reversed(pairs))
    start, limit = page.paging(pairs)
    rows = options.owners(simulator.store, user)
    if 'tql' in values:
        try:
            node = tql.parse(values['tql'], 'owner', simulator.store.now())
        except tql.TqlError as error:
            raise ApiError(400, f'Invalid TQL: {error}') from None
        rows = list(filter(build_for(node, 'owner'), rows))
    counted = values.get('count', '').lower() == 'true' and start == 0
    count = {'count': len(rows)} if counted else {}
    links = page.links(
        f'{simulator.url}{OWNERS}',
        page.ListRequest(pairs=pairs, start=start, limit=limit),
        has_more=start + limit < len(rows),
    )
    rows = rows[start : start + limit]
    exchange.rows = len(rows)
    answer = {**links, 'data': rows, **count}
    return _success(lie.owners(answer, partial(simulator.take, exchange)))


def _one_owner(simulator: ThreatConnectSimulator, user: User, name: str) -> Reply:
    for row in options.owners(simulator.store, user):
        if str(row['id']) == name:
            return _success({'data': row})
    raise ApiError(404, 'The requested resource was not found')


def _properties(_simulator: ThreatConnectSimulator, exchange: Exchange, _user: User) -> Reply:
    shown = dict(exchange.request.query).get('show', '').lower() == 'readonly'
    return json_reply(options.indicator_properties(read_only=shown))


def _group_properties(_simulator: ThreatConnectSimulator, exchange: Exchange, _user: User) -> Reply:
    shown = dict(exchange.request.query).get('show', '').lower() == 'readonly'
    return json_reply(options.group_properties(read_only=shown))


def _issue_token(simulator: ThreatConnectSimulator, _exchange: Exchange, user: User) -> Reply:
    return _success({'data': simulator.issue_token(user)[0]})


def _variable(simulator: ThreatConnectSimulator, name: str) -> Reply:
    if name not in simulator.variables:
        raise ApiError(404, 'The requested resource was not found')
    return _success({'data': simulator.variables[name]})


def _notify(simulator: ThreatConnectSimulator, exchange: Exchange, _user: User) -> Reply:
    simulator.notifications.append(read_notification(exchange.request, simulator.people))
    return json_reply({'status': 'Success'})


_ROUTES: dict[tuple[str, str], Endpoint] = {
    ('GET', LIST): _list,
    ('GET', f'{LIST}/deleted'): _deleted,
    ('OPTIONS', LIST): _properties,
    ('OPTIONS', f'{LIST}/fields'): lambda *_: json_reply(options.indicator_fields()),
    ('OPTIONS', f'{LIST}/tql'): lambda *_: json_reply(options.keywords('indicator')),
    ('GET', GROUPS): _groups,
    ('OPTIONS', GROUPS): _group_properties,
    ('OPTIONS', f'{GROUPS}/fields'): lambda simulator, _e, _u: json_reply(
        options.group_fields(has_profiles=simulator.store.groups.has_profiles)
    ),
    ('OPTIONS', f'{GROUPS}/tql'): lambda simulator, _e, _u: json_reply(
        options.keywords('group', simulator.store.groups.unknown_keywords)
    ),
    ('GET', OWNERS): _owners,
    ('OPTIONS', f'{OWNERS}/tql'): lambda *_: json_reply(options.keywords('owner')),
    ('POST', '/api/v2/notifications'): _notify,
    ('GET', '/api/v2/whoami'): lambda _s, _e, user: json_reply(options.who_am_i(user)),
    ('GET', '/api/v2/owners/mine'): lambda simulator, _e, user: json_reply(
        options.own_owner(simulator.store, user)
    ),
    ('GET', '/api/v2/types/indicatorTypes'): lambda *_: json_reply(options.indicator_types()),
    ('POST', '/api/internal/token/api'): _issue_token,
}


def _success(members: Mapping[str, Any]) -> Reply:
    body = json.dumps({**members, 'status': 'Success'}, ensure_ascii=False).encode()
    return Reply(200, body, dict(_JSON))
