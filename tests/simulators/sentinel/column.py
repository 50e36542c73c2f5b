"""The columns of `ThreatIntelIndicators` and `ThreatIntelObjects`, worked out from an object."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.simulators.sentinel.change import REPUBLISHED
from tests.simulators.sentinel.check import read_timestamp
from tests.simulators.sentinel.pattern import read_equality

TLP_LEVELS = {
    'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9': 'White',
    'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da': 'Green',
    'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82': 'Amber',
    'marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed': 'Red',
}
OWN_COLUMNS = frozenset(
    ('type', 'created', 'modified', 'valid_from', 'valid_until', 'confidence', 'revoked')
)
"""Properties that an Indicator's `Data` leaves out because a column holds them."""
DATA_CUT = 1000
"""Characters of `description` and `pattern` that `Data` keeps."""
CUT_IN_DATA = ('description', 'pattern')
LOST_IN_REPUBLISHED = frozenset(('external_references', 'extensions', 'granular_markings', 'lang'))
"""Properties that are no longer in `Data` when the platform has rebuilt it."""


def columns(
    row_id: str,
    source_system: str,
    stix: dict[str, Any],
    *,
    stored_at: float,
    is_revoked: bool,
    is_deleted: bool,
    update_method: str,
    workspace_id: str,
    tenant_id: str,
    now: float,
    cut: int,
) -> dict[str, Any]:
    """Make one row.

    Args:
        row_id: the `Id` column.
        source_system: `sourcesystem` of the request.
        stix: the object as sent.
        stored_at: when it was stored, in seconds.
        is_revoked: whether this id is revoked, by this object or by an earlier one.
        is_deleted: whether a person has deleted it.
        update_method: the `LastUpdateMethod` column.
        workspace_id: the workspace.
        tenant_id: the Entra tenant.
        now: the time for which `IsActive` is worked out, in seconds.
        cut: characters of description and pattern that `Data` keeps.
    """
    is_rebuilt = update_method == REPUBLISHED
    common = {
        'TimeGenerated': dt.datetime.fromtimestamp(stored_at, dt.UTC)
        .isoformat(timespec='milliseconds')
        .replace('+00:00', 'Z'),
        'Id': row_id,
        'Source': source_system,
        'SourceSystem': source_system,
        'IsDeleted': is_deleted,
        'AdditionalFields': _additional_fields(stix),
        'LastUpdateMethod': update_method,
        'AzureTenantId': tenant_id,
        'TenantId': workspace_id,
        'WorkspaceId': workspace_id,
    }
    if stix['type'] != 'indicator':
        # There is no column for what is revoked, so that only `Data` can tell.
        state = {**stix, 'revoked': True} if is_revoked else stix
        return {
            **common,
            'StixType': stix['type'],
            'Data': _data(state, LOST_IN_REPUBLISHED if is_rebuilt else frozenset(), cut),
            'Type': 'ThreatIntelObjects',
        }
    pattern = stix.get('pattern', '')
    key, value = read_equality(pattern)
    return {
        **common,
        'ObservableKey': key,
        'ObservableValue': value,
        'Pattern': pattern,
        'Confidence': stix.get('confidence'),
        'Created': stix['created'],
        'Modified': stix['modified'],
        'ValidFrom': stix.get('valid_from'),
        'ValidUntil': stix.get('valid_until'),
        'IsActive': not is_revoked and not is_deleted and _is_valid(stix, now),
        'Revoked': is_revoked,
        'Tags': ', '.join(stix.get('labels', ())),
        'Data': _data(stix, OWN_COLUMNS | LOST_IN_REPUBLISHED if is_rebuilt else OWN_COLUMNS, cut),
        'Type': 'ThreatIntelIndicators',
    }


def _is_valid(stix: dict[str, Any], now: float) -> bool:
    at = dt.datetime.fromtimestamp(now, dt.UTC)
    valid_until = stix.get('valid_until')
    has_begun = read_timestamp(stix['valid_from']) <= at
    return has_begun and (valid_until is None or at < read_timestamp(valid_until))


def _additional_fields(stix: dict[str, Any]) -> dict[str, Any]:
    for marking in stix.get('object_marking_refs', ()):
        if marking in TLP_LEVELS:
            return {'TLPLevel': TLP_LEVELS[marking]}
    return {}


def _data(stix: dict[str, Any], left_out: frozenset[str], cut: int) -> dict[str, Any]:
    """Get the rest of an object; empty values are dropped, and long texts cut."""
    return {
        name: value[:cut] if name in CUT_IN_DATA else value
        for name, value in stix.items()
        if name not in left_out and value not in ('', [], {})
    }
