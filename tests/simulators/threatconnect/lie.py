"""Lies: answers to other questions, or that never end, and gateways that change or refuse requests.

Each is a fault that is switched on like the others; `after` lets so many requests through before.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from tests.simulators.https import Reply, Request
from tests.simulators.threatconnect.tree import id_bounds

if TYPE_CHECKING:
    from tests.simulators.threatconnect.fault import Fault
    from tests.simulators.threatconnect.page import ListRequest

Data = dict[str, Any]
Take = Callable[..., 'Fault | None']

LIES: dict[str, tuple[str, Mapping[str, Any]]] = {
    # a gateway in front
    'drops_body': ('The body of a GET does not arrive.', {}),
    'drops_parameter': ('The parameter `which` does not arrive.', {'which': 'tql'}),
    'refuses_body': ('A GET with a body gets `status` with an HTML page.', {'status': 403}),
    'refuses_address': (
        'An address with a query of more than 2,000 characters gets `status` with an HTML page.',
        {'status': 414},
    ),
    'refuses_all': ('Every request gets `status` with an HTML page.', {'status': 403}),
    # an instance that answers another question
    'changed_rows': (
        'The last row of a page of more than one has `value` as its `member`; None for without it.',
        {'member': 'ownerName', 'value': 'Somebody Else'},
    ),
    'without_fields': ('Rows come without what `fields` asked for.', {}),
    'repeated_rows': ('The first row comes twice, and is counted twice.', {}),
    'surplus_rows': ('Pages have more rows than the limit, where there are more.', {}),
    'endless_rows': (
        'Where the TQL holds `only`, there are always `rows` more, like the first one there is.',
        {'rows': 1000, 'only': ''},
    ),
    'endless_deleted': ('The deleted list goes on for ever, `rows` at a time.', {'rows': 1000}),
    'foreign_deleted': ('The deleted list is that of another owner.', {'owner': 'Somebody Else'}),
    'endless_owners': ('The list of owners goes on for ever.', {}),
}
"""Each lie's meaning and its parameters with their defaults."""

_HTML = b'<html><head><title>Refused</title></head><body><h1>Request blocked</h1></body></html>'
_COLLECTIONS = frozenset(
    {'associatedGroups', 'attributes', 'commonGroup', 'securityLabels', 'tags'}
)
LONGEST_ADDRESS = 2000
_numbers = itertools.count(1)


def refusal(request: Request, take: Take) -> Reply | None:
    """Answer in the place of the platform, if a gateway does."""
    fault = take('refuses_all')
    if fault is None and request.body:
        fault = take('refuses_body')
    if fault is None and len(urlsplit(request.target).query) > LONGEST_ADDRESS:
        fault = take('refuses_address')
    if fault is None:
        return None
    return Reply(fault['status'], _HTML, {'Content-Type': 'text/html'})


def arrived(request: Request, take: Take) -> Request:
    """Return the request as it arrives at the platform, after its signature was checked."""
    if request.body and take('drops_body'):
        request = replace(request, body=b'')
    if fault := take('drops_parameter'):
        name = fault['which']
        pairs = [pair for pair in request.query if pair[0] != name]
        body = request.body
        if body:
            data = json.loads(body)['data']
            body = json.dumps({'data': {key: data[key] for key in data if key != name}}).encode()
        target = f'{request.path}?{urlencode(pairs)}' if pairs else request.path
        request = replace(request, target=target, body=body)
    return request


def page(reply: Reply, wanted: ListRequest, take: Take, first: Data) -> Reply:
    """Return a page with what is not true of it; `first` is the first object there is."""
    answer = json.loads(reply.body)
    rows: list[Data] = answer['data']
    tql = dict(wanted.pairs).get('tql', '')
    if 'id < 0' not in tql and (fault := take('endless_rows', lambda it: it['only'] in tql)):
        rows = _endless(first, wanted, fault['rows'], is_active='Active = false' not in tql)
    if len(rows) > 1 and (fault := take('changed_rows')):
        rows[-1].pop(fault['member'], None)
        if fault['value'] is not None:
            rows[-1][fault['member']] = fault['value']
    if rows and take('without_fields'):
        rows = [{name: row[name] for name in row if name not in _COLLECTIONS} for row in rows]
    if rows and take('repeated_rows'):
        rows = [*rows, rows[0]][: wanted.limit]
        if 'count' in answer:
            answer['count'] += 1
    if rows and take('surplus_rows'):
        rows = [*rows, *(row | {'id': row['id'] + 10**6} for row in rows)]
    return replace(reply, body=json.dumps(answer | {'data': rows}).encode())


def _endless(first: Data, wanted: ListRequest, rows: int, *, is_active: bool) -> list[Data]:
    is_indicators = wanted.target == 'indicator'
    names = ('hostName', 'summary') if is_indicators else ('name',)
    like = first | {'active': is_active} if is_indicators else first
    start = (id_bounds(wanted.node)[0] or first.get('id', 1)) - 1
    return [
        like | {'id': start + number} | dict.fromkeys(names, name)
        for number in range(1, min(rows, wanted.limit) + 1)
        for name in [f'endless-{start + number}.example.com']
    ]


def deleted(answer: Data, owner: str, take: Take) -> Data:
    """Return a deleted list with what is not true of it."""
    if fault := take('endless_deleted'):
        entries = [
            {'ownerName': owner, 'type': 'Host', 'summary': f'gone-{next(_numbers)}.example.com'}
            for _ in range(fault['rows'])
        ]
        return answer | {'data': entries}
    if fault := take('foreign_deleted'):
        entry = {'ownerName': fault['owner'], 'type': 'Host', 'summary': 'gone.example.com'}
        return answer | {'data': [*answer['data'], entry]}
    return answer


def owners(answer: Data, take: Take) -> Data:
    """Return a list of owners with what is not true of it."""
    if not take('endless_owners'):
        return answer
    number = next(_numbers)
    row = {'id': 10**6 + number, 'name': f'Owner {number}', 'type': 'Source'}
    return answer | {'data': [*answer['data'], row], 'next': 'https://localhost/more'}
