"""The files that people edit: rules, hunting queries and the workbook."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = 'docs/sentinel'
WORKBOOK = f'{FOLDER}/workbook.json'

PLACEHOLDER = 'let SourceSystemName = "ThreatConnect";'
"""First line of every query; no Service has this source system, as a name always follows."""

INDICATOR_TABLE = 'ThreatIntelIndicators'
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, 'urn:sentinel-app:content')


def rules(project: Path = ROOT) -> dict[str, Mapping[str, Any]]:
    """Return the analytics rules, by the name of their file."""
    return _read(project, 'rules')


def hunting_queries(project: Path = ROOT) -> dict[str, Mapping[str, Any]]:
    """Return the hunting queries, by the name of their file."""
    return _read(project, 'hunting')


def workbook(project: Path = ROOT) -> dict[str, Any]:
    """Return the workbook."""
    read: dict[str, Any] = json.loads((project / WORKBOOK).read_text(encoding='utf-8'))
    return read


def queries(project: Path = ROOT) -> dict[str, str]:
    """Return the KQL of everything, by where it is: `rules/file`, `workbook/by-owner`."""
    kinds = {'rules': rules(project), 'hunting': hunting_queries(project)}
    found = {
        f'{kind}/{name}': str(one['query'])
        for kind, files in kinds.items()
        for name, one in files.items()
    }
    for item in workbook(project)['items']:
        if 'query' in item['content']:
            found[f'workbook/{item["name"]}'] = item['content']['query']
    return found


def event_tables(rule: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tables that a rule reads beside that of the Indicators."""
    named = (table for one in rule['requiredDataConnectors'] for table in one['dataTypes'])
    return tuple(table for table in named if table != INDICATOR_TABLE)


def content_id(kind: str, name: str) -> str:
    """Return the id of a file, which depends on nothing but its name."""
    return str(uuid.uuid5(_NAMESPACE, f'{kind}/{name}'))


def _read(project: Path, kind: str) -> dict[str, Mapping[str, Any]]:
    paths = sorted((project / FOLDER / kind).glob('*.yaml'))
    return {path.stem: yaml.safe_load(path.read_text(encoding='utf-8')) for path in paths}
