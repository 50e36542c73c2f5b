"""The ARM template: rules, hunting queries and workbook for one source system.

Queries are variables, and so plain text: an expression may have 24,576 characters at most. Names of
resources are made from the workspace, the source system and the file, so that deploying twice
updates, and two Services can share a workspace.

Source: "Understand the structure and syntax of ARM templates" and "Best practices for templates",
Azure Resource Manager; the reference of each resource type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from content.source import (
    FOLDER,
    PLACEHOLDER,
    ROOT,
    content_id,
    event_tables,
    hunting_queries,
    rules,
    workbook,
)

TEMPLATE = f'{FOLDER}/azuredeploy.json'
SOURCE_SYSTEM_LIMIT = 256
"""Characters. Source: the REST specification of the upload API, `sourcesystem`."""

_SUFFIX_LIMIT = 100
"""Characters of the source system in a display name."""
_OPERATORS = {'gt': 'GreaterThan', 'lt': 'LessThan', 'eq': 'Equal', 'ne': 'NotEqual'}
_DURATION = re.compile(r'(\d+)([mhd])')
_WORKSPACE = "resourceId('Microsoft.OperationalInsights/workspaces', parameters('workspace'))"
_RULE_PROPERTIES = (
    *('severity', 'customDetails', 'entityMappings', 'alertDetailsOverride'),
    *('eventGroupingSettings', 'triggerThreshold', 'tactics'),
)
_WORKBOOK_NAME = 'ThreatConnect Indicators'


def text(project: Path = ROOT) -> str:
    """Return the template as it is stored."""
    return json.dumps(template(project), indent=2, ensure_ascii=False) + '\n'


def template(project: Path = ROOT) -> dict[str, Any]:
    """Return the template, with a source system that no Service has."""
    found, hunts = rules(project), hunting_queries(project)
    tables = sorted({table for rule in found.values() for table in event_tables(rule)})
    return {
        '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
        'contentVersion': '1.0.0.0',
        'parameters': _parameters(tables),
        'variables': {
            **_source_variables(),
            **{f'rule-{name}': _rest(rule['query']) for name, rule in found.items()},
            **{f'hunting-{name}': _rest(hunt['query']) for name, hunt in hunts.items()},
            'workbook': json.dumps(workbook(project), ensure_ascii=False, separators=(',', ':')),
        },
        'resources': [
            *(_rule_resource(name, rule) for name, rule in found.items()),
            *(_hunting_resource(name, hunt) for name, hunt in hunts.items()),
            _workbook_resource(),
        ],
    }


def _parameters(tables: list[str]) -> dict[str, Any]:
    return {
        'workspace': {
            'type': 'string',
            'minLength': 1,
            'metadata': {
                'description': 'Name of the Log Analytics workspace that Microsoft Sentinel is '
                'enabled in; it is in this resource group.'
            },
        },
        'sourceSystem': {
            'type': 'string',
            'minLength': 1,
            'maxLength': SOURCE_SYSTEM_LIMIT,
            'metadata': {
                'description': 'SourceSystem of the Indicators: ThreatConnect- and the input '
                'Sentinel Source Name of the Service.'
            },
        },
        'tables': {
            'type': 'array',
            'defaultValue': tables,
            'metadata': {
                'description': 'Tables of events that the workspace has. A rule on any other is '
                'left out, as Sentinel refuses a rule on a table that is not there.'
            },
        },
        'rulesEnabled': {
            'type': 'bool',
            'defaultValue': True,
            'metadata': {'description': 'Whether the rules run as soon as they are deployed.'},
        },
        'location': {
            'type': 'string',
            'defaultValue': '[resourceGroup().location]',
            'metadata': {'description': 'Region of the workbook.'},
        },
    }


def _source_variables() -> dict[str, str]:
    """Return the first line of every query, as KQL and within the JSON of the workbook."""
    escaped = r"""replace(replace(parameters('sourceSystem'), '\', '\\'), '"', '\"')"""
    return {
        'source': f"""[concat('let SourceSystemName = "', {escaped}, '";')]""",
        'placeholderInJson': _in_json(PLACEHOLDER),
        'sourceInJson': r"""[replace(replace(variables('source'), '\', '\\'), '"', '\"')]""",
        'suffix': f"[concat(' (', take(parameters('sourceSystem'), {_SUFFIX_LIMIT}), ')')]",
    }


def _rule_resource(name: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    grouping = rule['incidentConfiguration']['groupingConfiguration']
    return {
        'type': 'Microsoft.OperationalInsights/workspaces/providers/alertRules',
        'apiVersion': '2023-11-01',
        'name': "[concat(parameters('workspace'), '/Microsoft.SecurityInsights/', "
        f'{_guid(rule["id"])})]',
        'condition': _condition(rule),
        'kind': rule['kind'],
        'properties': {
            'displayName': _display_name(rule['name']),
            'description': _plain(rule['description'].strip()),
            'enabled': "[parameters('rulesEnabled')]",
            'query': _query(f'rule-{name}'),
            'queryFrequency': iso_duration(rule['queryFrequency']),
            'queryPeriod': iso_duration(rule['queryPeriod']),
            'triggerOperator': _OPERATORS[rule['triggerOperator']],
            'suppressionEnabled': False,
            'suppressionDuration': iso_duration(rule['queryFrequency']),
            'techniques': rule['relevantTechniques'],
            **{member: rule[member] for member in _RULE_PROPERTIES},
            'incidentConfiguration': {
                **rule['incidentConfiguration'],
                'groupingConfiguration': {
                    **grouping,
                    'lookbackDuration': iso_duration(grouping['lookbackDuration']),
                },
            },
        },
    }


def _hunting_resource(name: str, hunt: Mapping[str, Any]) -> dict[str, Any]:
    tags = {
        'description': ' '.join(hunt['description'].split()),
        'tactics': ','.join(hunt['tactics']),
        'techniques': ','.join(hunt['relevantTechniques']),
    }
    return {
        'type': 'Microsoft.OperationalInsights/workspaces/savedSearches',
        'apiVersion': '2020-08-01',
        'name': f"[concat(parameters('workspace'), '/', {_guid(hunt['id'])})]",
        'properties': {
            'category': 'Hunt Queries',
            'displayName': _display_name(hunt['name']),
            'query': _query(f'hunting-{name}'),
            'version': 2,
            'tags': [{'name': tag, 'value': _plain(value)} for tag, value in tags.items()],
        },
    }


def _workbook_resource() -> dict[str, Any]:
    filled = (
        "replace(variables('workbook'), variables('placeholderInJson'), variables('sourceInJson'))"
    )
    return {
        'type': 'Microsoft.Insights/workbooks',
        'apiVersion': '2022-04-01',
        'name': f'[{_guid(content_id("workbook", "workbook"))}]',
        'location': "[parameters('location')]",
        'kind': 'shared',
        'properties': {
            'displayName': _display_name(_WORKBOOK_NAME),
            'serializedData': f'[{filled}]',
            'version': '1.0',
            'category': 'sentinel',
            'sourceId': f'[{_WORKSPACE}]',
        },
    }


def iso_duration(kql: str) -> str:
    """Return a duration such as `14d` in the form of ISO 8601, `P14D`.

    Raises:
        ValueError: if it is none.
    """
    match = _DURATION.fullmatch(kql)
    if match is None:
        raise ValueError(f'No duration: {kql}')
    number, unit = match.groups()
    return f'P{number}D' if unit == 'd' else f'PT{number}{unit.upper()}'


def _rest(query: str) -> str:
    """Return a query without its first line, which each deployment has of its own.

    Raises:
        ValueError: if the query has another first line.
    """
    head, _, rest = query.strip().partition('\n')
    if head != PLACEHOLDER:
        raise ValueError(f'A query begins with {PLACEHOLDER}, not {head}')
    return f'\n{rest}'


def _query(variable: str) -> str:
    return f"[concat(variables('source'), variables('{variable}'))]"


def _condition(rule: Mapping[str, Any]) -> str:
    tests = [f"contains(parameters('tables'), '{table}')" for table in event_tables(rule)]
    return f'[{tests[0]}]' if len(tests) == 1 else f'[and({", ".join(tests)})]'


def _display_name(name: str) -> str:
    return f"[concat({_quoted(name)}, variables('suffix'))]"


def _guid(seed: str) -> str:
    return f"guid({_WORKSPACE}, parameters('sourceSystem'), '{seed}')"


def _quoted(plain: str) -> str:
    """Return a text as a literal within an expression."""
    doubled = plain.replace("'", "''")
    return f"'{doubled}'"


def _plain(value: str) -> str:
    """Return a text that is not taken for an expression."""
    return f'[{value}' if value.startswith('[') else value


def _in_json(value: str) -> str:
    """Return a text as it stands between the quotes of a JSON text."""
    return json.dumps(value, ensure_ascii=False)[1:-1]
