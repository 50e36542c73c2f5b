"""The bill of materials in the package: what cyclonedx-py and npm say, as one CycloneDX document.

`npm sbom` takes the place of `@cyclonedx/cyclonedx-npm`; see ADR 0017.
"""

from __future__ import annotations

import json
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from release.command import ReleaseError, Run, run
from release.project import ROOT, Revision

BILL = 'sbom.cdx.json'
_NAMESPACE = uuid.UUID('b65d7d99-80d5-5e57-a1e2-71d9044ebbc0')
"""The App's own id, from which the numbers of its bills are derived."""
_DEVELOPMENT = {'name': 'cdx:npm:package:development', 'value': 'true'}
_OF_ANY_NPM = ('bom-ref', 'type', 'name', 'version', 'purl', 'hashes', 'licenses')
"""What every release of npm says alike; it takes them from the lock file."""
_CYCLONEDX_PY = ('environment', '-S', '--short-PURLs', '--output-reproducible', '--no-validate')
_NPM_SBOM = ('sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--include=dev')

Document = dict[str, Any]


def python_bill(folder: Path, run: Run = run) -> Document:
    """Return the bill of the Python packages in a folder, as cyclonedx-py makes it.

    Raises:
        ReleaseError: if it failed.
    """
    command = str(Path(sys.executable).with_name('cyclonedx-py'))
    # With -S, the interpreter's path has this folder and the standard library, nothing else.
    made = _made(run, (command, *_CYCLONEDX_PY, sys.executable), ROOT, {'PYTHONPATH': str(folder)})
    declared = {each.name: each.metadata.json for each in distributions(path=[str(folder)])}
    for part in made['components']:
        # cyclonedx-py leaves out what is no SPDX identifier, such as "BSD".
        stated = declared[part['name']].get('license', 'see its text')
        part.setdefault('licenses', [{'license': {'name': stated}}])
    return made


def page_bill(project: Path, run: Run = run) -> Document:
    """Return the bill of the packages that the page is built from, as npm makes it.

    Raises:
        ReleaseError: if it failed.
    """
    made = _made(run, (str(ROOT / '.ci' / 'with-node'), 'npm', *_NPM_SBOM), project / 'ui', {})
    # With --omit=dev, npm would leave out whatever a development package needs as well: React.
    made['components'] = [
        {key: part[key] for key in _OF_ANY_NPM if key in part}
        for part in made['components']
        if part['scope'] == 'required' and _DEVELOPMENT not in part['properties']
    ]
    return made


def bill(python: Document, page: Document, project: Path, revision: Revision, version: str) -> str:
    """Return one document, the same for the same packages, version and revision.

    Args:
        python: made by `python_bill`.
        page: made by `page_bill`.
        project: holds requirements.txt, which names what the App asks for itself.
        revision: what the package is made from; its time is that of the document.
        version: of the App.

    Raises:
        ReleaseError: if the document does not follow the schema of CycloneDX.
    """
    app = {
        'type': 'application',
        'bom-ref': f'ms-sentinel@{version}',
        'name': 'Microsoft Sentinel for ThreatConnect',
        'version': version,
        'licenses': [{'license': {'id': 'Apache-2.0'}}],
    }
    components = [*python['components'], *page['components']]
    refs = {part['bom-ref'] for part in components}
    needs = {
        each['ref']: [ref for ref in each.get('dependsOn', ()) if ref in refs]
        for each in (*python['dependencies'], *page['dependencies'])
    }
    asked = _asked_for(project)
    direct = [p['bom-ref'] for p in python['components'] if canonicalize_name(p['name']) in asked]
    needs[app['bom-ref']] = direct + needs[page['metadata']['component']['bom-ref']]
    document = {
        'bomFormat': 'CycloneDX',
        'specVersion': '1.6',
        'version': 1,
        'metadata': {
            'timestamp': datetime.fromtimestamp(revision.time_s, UTC).isoformat(),
            'component': app,
        },
        'components': components,
        'dependencies': [
            {'ref': ref, 'dependsOn': needs[ref]} for ref in sorted({app['bom-ref'], *refs})
        ],
    }
    # Imported here because it takes a second, and most commands do not need it.
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415

    facts = json.dumps([document, revision.commit], sort_keys=True)
    document['serialNumber'] = uuid.uuid5(_NAMESPACE, facts).urn
    text = json.dumps(document, indent=2, sort_keys=True)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ReleaseError(f'{BILL} is no CycloneDX document: {wrong}')
    return f'{text}\n'


def stated_licenses(part: Document) -> list[str]:
    """Return the licenses of a component: SPDX identifiers, or words where it has none."""
    named = [each.get('license', each) for each in part['licenses']]
    spdx = [each.get('expression') or each['id'] for each in named if 'name' not in each]
    return spdx or [each['name'].rpartition(' :: ')[2] for each in named]


def _made(run: Run, arguments: tuple[str, ...], folder: Path, added: dict[str, str]) -> Document:
    ended = run(arguments, folder, added)
    if ended.code:
        raise ReleaseError(f'{Path(arguments[0]).name} failed.\n{ended.said}')
    made: Document = json.loads(ended.output)
    return made


def _asked_for(project: Path) -> set[str]:
    lines = (project / 'requirements.txt').read_text(encoding='utf-8').splitlines()
    return {
        canonicalize_name(Requirement(line).name)
        for line in lines
        if line.strip() and not line.startswith('#')
    }
