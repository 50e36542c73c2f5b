"""The control address `/_control`: what tests and people switch, change and ask, without signing.

All bodies are JSON objects. `GET /_control` lists the calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tests.simulators.https import Reply, Request, json_reply
from tests.simulators.threatconnect import group_control
from tests.simulators.threatconnect.fault import FAULTS
from tests.simulators.threatconnect.tql import TqlError

if TYPE_CHECKING:
    from tests.simulators.threatconnect.server import ThreatConnectSimulator

_CALLS = {
    'GET /_control': 'this list, the faults there are, and how much is held',
    'GET /_control/rows?tql=&owner=': 'all rows held, active or not, one JSON object a line',
    'GET /_control/deleted': 'the deleted list',
    'GET /_control/requests': 'the requests seen; DELETE forgets them',
    'GET /_control/faults': 'the faults that are on, with hits; DELETE switches all off',
    'POST /_control/faults': '{"name", "count"?, "path"?, "after"?, ...parameters}: one on',
    'DELETE /_control/faults/<name>': 'one off',
    'POST /_control/rows': 'one row or a list: add; answers the ids',
    'POST /_control/modify': '{"id" | "tql", "changes": {...}, "at"?, "touch"?}',
    'POST /_control/hash': '{"id", "add" | "remove", "merge"?, "listed"?, "at"?}: of a File',
    'POST /_control/deactivate': '{"id" | "tql", "at"?}; also activate',
    'POST /_control/delete': '{"id" | "tql", "at"?, "listed"?}',
    'POST /_control/tie': '{"tql"?, "at"?}: one lastModified for many rows',
    'POST /_control/churn': '{"add", "modify", "deactivate", "delete", "seed"}: random changes',
    'POST /_control/clock': '{"offset_s"}: how far the server clock is off',
    'POST /_control/token': '{"lifetime_s"?, "access_id"?}: a platform token',
    'POST /_control/variable': '{"value", "kind"?, "provider"?, "variable_id"?}: answers its text',
    'POST /_control/reset': 'everything as at the start',
    **group_control.CALLS,
}


def answer(simulator: ThreatConnectSimulator, request: Request) -> Reply:
    """Answer one control request; a mistake in it gets a 400 that names the mistake."""
    path = request.path.removeprefix('/_control').strip('/')
    try:
        if request.method == 'GET':
            return _get(simulator, path, dict(request.query))
        if request.method == 'DELETE':
            return _delete(simulator, path)
        body = request.json() if request.body else {}
        return json_reply(_post(simulator, path, body))
    except TqlError as error:
        return json_reply({'message': f'Invalid TQL: {error}'}, 400)
    except LookupError as error:
        return json_reply({'message': f'not found: {error}'}, 404)
    except (ValueError, TypeError) as error:
        return json_reply({'message': str(error)}, 400)


def _get(simulator: ThreatConnectSimulator, path: str, query: dict[str, str]) -> Reply:
    store = simulator.store
    if path == 'rows':
        rows = store.rows(query.get('tql'))
        if 'owner' in query:
            rows = [row for row in rows if row['ownerName'] == query['owner']]
        return _lines(rows)
    if path == 'groups':
        return _lines(store.groups.groups(query.get('tql')))
    if path == 'profiles':
        return json_reply([asdict(profile) for profile in store.groups.profiles])
    if path == 'deleted':
        return json_reply([asdict(entry) for entry in store.deleted])
    if path == 'requests':
        return json_reply([asdict(seen) for seen in simulator.requests])
    if path == 'faults':
        return json_reply(simulator.faults.active())
    if path:
        raise LookupError(path)
    return json_reply(
        {
            'calls': _CALLS,
            'faults': {
                name: {'means': text, 'parameters': params}
                for name, (text, params) in FAULTS.items()
            },
            'rows': len(store),
            'groups': len(store.groups),
            'deleted': len(store.deleted),
            'owners': [asdict(owner) for owner in store.owners.values()],
            'requests': simulator.request_count,
            'now': store.now_text(),
        }
    )


def _lines(objects: Iterable[Mapping[str, Any]]) -> Reply:
    lines = (json.dumps(each, ensure_ascii=False) + '\n' for each in objects)
    return Reply(200, ''.join(lines).encode(), {'Content-Type': 'application/x-ndjson'})


def _delete(simulator: ThreatConnectSimulator, path: str) -> Reply:
    if path == 'requests':
        simulator.forget_requests()
        return json_reply({})
    noun, _, name = path.partition('/')
    if noun != 'faults':
        raise LookupError(path)
    return json_reply({'off': simulator.faults.off(name or None)})


def _post(simulator: ThreatConnectSimulator, path: str, body: Any) -> Any:
    store = simulator.store
    if path == 'rows':
        rows = body if isinstance(body, list) else [body]
        return {'ids': [store.add(row)['id'] for row in rows]}
    if path == 'groups':
        return group_control.add(store, body)
    if not isinstance(body, dict):
        raise TypeError('the body must be a JSON object')
    calls: dict[str, Callable[[], Any]] = {
        'faults': lambda: asdict(simulator.faults.on(**body)),
        'churn': lambda: store.churn(**body),
        'tie': lambda: {'rows': store.tie(body.get('at'), body.get('tql'))},
        'clock': lambda: _set_clock(simulator, float(body.get('offset_s', 0))),
        'token': lambda: _token(simulator, body),
        'variable': lambda: {'variable': simulator.set_variable(**body)},
        'reset': lambda: _reset(simulator),
        'modify': lambda: _change(simulator, body, _modify),
        'hash': lambda: _change_hash(simulator, **body),
        'deactivate': lambda: _change(simulator, body, _deactivate),
        'activate': lambda: _change(simulator, body, _activate),
        'delete': lambda: _change(simulator, body, _remove),
        **group_control.calls(store, body),
    }
    if path not in calls:
        raise LookupError(path)
    return calls[path]()


Change = Callable[['ThreatConnectSimulator', int, dict[str, Any]], object]


def _change(simulator: ThreatConnectSimulator, body: dict[str, Any], change: Change) -> Any:
    """Do something to the row with that id, or to all rows that a query selects."""
    if not ('id' in body or 'tql' in body):
        raise ValueError('`id` or `tql` must say which rows')
    with simulator.store.lock:
        ids: Iterable[int]
        ids = [body['id']] if 'id' in body else [r['id'] for r in simulator.store.rows(body['tql'])]
        for row_id in ids:
            change(simulator, row_id, body)
    return {'ids': ids}


def _modify(simulator: ThreatConnectSimulator, row_id: int, body: dict[str, Any]) -> object:
    changes = {
        name: value
        for name, value in body.get('changes', {}).items()
        if name not in {'at', 'touch'}
    }
    return simulator.store.modify(
        row_id, at=body.get('at'), touch=body.get('touch', True), **changes
    )


def _change_hash(
    simulator: ThreatConnectSimulator,
    id: int,  # noqa: A002 - as the body names it
    add: str | None = None,
    remove: str | None = None,
    **options: Any,
) -> dict[str, str]:
    """Add or remove one hash of a File."""
    if (add is None) == (remove is None):
        raise ValueError('one of `add` and `remove` must name the hash')
    store = simulator.store
    if add is not None:
        return {'summary': store.add_hash(id, add, **options)['summary']}
    return {'summary': store.remove_hash(id, str(remove), **options)['summary']}


def _deactivate(simulator: ThreatConnectSimulator, row_id: int, body: dict[str, Any]) -> object:
    return simulator.store.deactivate(row_id, at=body.get('at'))


def _activate(simulator: ThreatConnectSimulator, row_id: int, body: dict[str, Any]) -> object:
    return simulator.store.activate(row_id, at=body.get('at'))


def _remove(simulator: ThreatConnectSimulator, row_id: int, body: dict[str, Any]) -> object:
    return simulator.store.delete(row_id, at=body.get('at'), listed=body.get('listed', True))


def _reset(simulator: ThreatConnectSimulator) -> dict[str, int]:
    simulator.reset()
    return {'rows': len(simulator.store)}


def _set_clock(simulator: ThreatConnectSimulator, offset_s: float) -> dict[str, str]:
    simulator.store.clock_offset_s = offset_s
    return {'now': simulator.store.now_text()}


def _token(simulator: ThreatConnectSimulator, body: dict[str, Any]) -> dict[str, Any]:
    users = simulator.gate.users
    user = users[body['access_id']] if 'access_id' in body else next(iter(users.values()))
    token, expires = simulator.issue_token(user, body.get('lifetime_s', 3600))
    return {'token': token, 'expires': expires}
