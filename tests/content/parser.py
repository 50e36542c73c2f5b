"""Microsoft's own parser of KQL, over the tables of a workspace."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.content.tables import WORKSPACE_TABLES
from tests.harness.project import PROJECT

_SCRIPT = PROJECT / 'tests' / 'content' / 'diagnostics.cjs'
_WITH_NODE = PROJECT / '.ci' / 'with-node'


def diagnostics(queries: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """What the parser has to say of each query: `code`, `message` and the `text` it is about."""
    asked = {
        'tables': {name: dict(columns) for name, columns in WORKSPACE_TABLES.items()},
        'queries': dict(queries),
    }
    done = subprocess.run(
        [_WITH_NODE, 'node', _SCRIPT],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return answer
