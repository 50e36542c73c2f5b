"""What the control address does with Groups, their associations and their profiles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulators.threatconnect.store import Store

CALLS = {
    'GET /_control/groups?tql=': 'all Groups, one JSON object a line',
    'GET /_control/profiles': 'the Threat Actor Profiles',
    'POST /_control/groups': 'one Group or a list: add; answers the ids',
    'POST /_control/group': '{"id" | "tql", "changes": {...}, "at"?, "touch"?}',
    'POST /_control/label': '{"id" | "tql", "labels": [...], "at"?, "touch"?}: of Groups',
    'POST /_control/vanish': '{"id" | "tql"}: Groups go away',
    'POST /_control/associate': '{"group", "id" | "tql" of Indicators, "at"?, "touch"?}',
    'POST /_control/dissociate': 'the same, undone',
    'POST /_control/profile': '{"groups": [ids], "name", "mitreId"?, "mitre_aliases"?, ...}',
    'POST /_control/profiles': '{"is_known": false}: an instance without profiles, or with them',
}


def add(store: Store, body: Any) -> dict[str, list[int]]:
    """Add one Group or several."""
    entries = body if isinstance(body, list) else [body]
    return {'ids': [store.groups.add(entry)['id'] for entry in entries]}


def calls(store: Store, body: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return what each call does with a body, by its path."""
    groups = store.groups
    moved = {'at': body.get('at'), 'touch': body.get('touch', True)}

    def each(ids: list[int], change: Callable[[int], object]) -> dict[str, list[int]]:
        for each_id in ids:
            change(each_id)
        return {'ids': ids}

    def group_ids() -> list[int]:
        if 'id' in body:
            return [body['id']]
        return [data['id'] for data in groups.groups(_query(body))]

    def indicator_ids() -> list[int]:
        return [body['id']] if 'id' in body else [row['id'] for row in store.rows(_query(body))]

    def modify(group_id: int) -> object:
        return groups.modify(group_id, **moved, **body.get('changes', {}))

    def label(group_id: int) -> object:
        return groups.label(group_id, *body['labels'], **moved)

    return {
        'group': lambda: each(group_ids(), modify),
        'label': lambda: each(group_ids(), label),
        'vanish': lambda: each(group_ids(), groups.delete),
        'associate': lambda: each(
            indicator_ids(), lambda row_id: groups.associate(body['group'], row_id, **moved)
        ),
        'dissociate': lambda: each(
            indicator_ids(), lambda row_id: groups.dissociate(body['group'], row_id, **moved)
        ),
        'profile': lambda: asdict(groups.set_profile(**body)),
        'profiles': lambda: _know_profiles(store, body),
    }


def _query(body: dict[str, Any]) -> str:
    if 'tql' not in body:
        raise ValueError('`id` or `tql` must say which')
    return str(body['tql'])


def _know_profiles(store: Store, body: dict[str, Any]) -> dict[str, bool]:
    is_known = body['is_known']
    if not isinstance(is_known, bool):
        raise TypeError('`is_known` is true or false')
    store.groups.has_profiles = is_known
    return {'is_known': is_known}
