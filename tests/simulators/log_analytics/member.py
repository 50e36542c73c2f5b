"""What an answer has beside its tables when `Prefer` asks for it."""

from __future__ import annotations

from typing import Any

from tests.simulators.log_analytics.answer import Answer
from tests.simulators.log_analytics.gateway import Query
from tests.simulators.log_analytics.schema import TABLES
from tests.simulators.log_analytics.spelling import names
from tests.simulators.log_analytics.workspace import Workspace

RESOURCE_ID = (
    '/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/standin'
    '/providers/microsoft.operationalinsights/workspaces/standin'
)


def members(
    query: Query, answer: Answer, workspace: Workspace, *, elapsed_s: float
) -> dict[str, Any]:
    """Return the members by their names.

    That they exist is documented; their form is not, but for a few names.
    """
    used = set(names(query.text))
    tables = [table for table in TABLES if table in used]
    found: dict[str, Any] = {
        'statistics': {
            'query': {
                'executionTime': round(elapsed_s, 7),
                'datasetStatistics': [{'tableRowCount': len(answer.rows)}],
            }
        },
        'render': {},
        'permissions': {
            'resources': [{'resourceId': RESOURCE_ID}],
            'dataSources': [
                {'resourceId': RESOURCE_ID, 'denyTables': list(workspace.denied())},
            ],
        },
        'dataSources': [
            {
                'resourceId': RESOURCE_ID,
                'region': 'westeurope',
                'cluster': 'standin',
                'tables': tables,
            }
        ],
    }
    return {name: found[name] for name in found if name in query.preference.includes}
