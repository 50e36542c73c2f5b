"""The tables a query can name: their columns with the KQL type of each, as documented."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Columns = Mapping[str, str]
"""KQL type of each column, in the order in which the table shows them."""

_TEXT = 'string'
_TIME = 'datetime'

INDICATORS = 'ThreatIntelIndicators'
OBJECTS = 'ThreatIntelObjects'
ALERTS = 'SecurityAlert'

_SYSTEM = {
    '_BilledSize': 'real',
    '_IsBillable': _TEXT,
    '_ResourceId': _TEXT,
    '_SubscriptionId': _TEXT,
}
_STIX = {
    'TimeGenerated': _TIME,
    'Id': _TEXT,
    'Source': _TEXT,
    'SourceSystem': _TEXT,
    'LastUpdateMethod': _TEXT,
    'IsDeleted': 'bool',
    'AdditionalFields': 'dynamic',
    'Data': 'dynamic',
    'AzureTenantId': _TEXT,
    'TenantId': _TEXT,
    'WorkspaceId': _TEXT,
    'Type': _TEXT,
}

TABLES: Mapping[str, Columns] = MappingProxyType(
    {
        INDICATORS: {
            **_STIX,
            'ObservableKey': _TEXT,
            'ObservableValue': _TEXT,
            'Pattern': _TEXT,
            'Confidence': 'int',
            'Created': _TIME,
            'Modified': _TIME,
            'ValidFrom': _TIME,
            'ValidUntil': _TIME,
            'IsActive': 'bool',
            'Revoked': 'bool',
            'Tags': _TEXT,
            **_SYSTEM,
        },
        OBJECTS: {**_STIX, 'StixType': _TEXT, **_SYSTEM},
        ALERTS: {
            'TimeGenerated': _TIME,
            'SystemAlertId': _TEXT,
            'AlertName': _TEXT,
            'DisplayName': _TEXT,
            'AlertSeverity': _TEXT,
            'AlertType': _TEXT,
            'AlertLink': _TEXT,
            'Description': _TEXT,
            'Status': _TEXT,
            'StartTime': _TIME,
            'EndTime': _TIME,
            'ProcessingEndTime': _TIME,
            'CompromisedEntity': _TEXT,
            'ConfidenceLevel': _TEXT,
            'ConfidenceScore': 'real',
            'Entities': _TEXT,
            'ExtendedLinks': _TEXT,
            'ExtendedProperties': _TEXT,
            'IsIncident': 'bool',
            'ProductComponentName': _TEXT,
            'ProductName': _TEXT,
            'ProviderName': _TEXT,
            'RemediationSteps': _TEXT,
            'ResourceId': _TEXT,
            'SourceComputerId': _TEXT,
            'SourceSystem': _TEXT,
            'Tactics': _TEXT,
            'Techniques': _TEXT,
            'SubTechniques': _TEXT,
            'TenantId': _TEXT,
            'Type': _TEXT,
            'VendorName': _TEXT,
            'VendorOriginalId': _TEXT,
            'WorkspaceResourceGroup': _TEXT,
            'WorkspaceSubscriptionId': _TEXT,
            '_BilledSize': 'real',
            '_IsBillable': _TEXT,
        },
    }
)
"""Columns by table.

`SecurityAlert` keeps its entities and properties as text, which a query reads by `parse_json`.
"""
