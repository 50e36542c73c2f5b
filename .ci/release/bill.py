"""The bill of materials in the package: a CycloneDX document of what is really in it."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from release.brought import Brought
from release.project import Revision

BILL = 'sbom.cdx.json'
_NAMESPACE = uuid.UUID('b65d7d99-80d5-5e57-a1e2-71d9044ebbc0')
"""The App's own id; the numbers of its bills are derived from it."""


def bill(
    packages: Iterable[Brought], *, version: str, revision: Revision, direct: Mapping[str, set[str]]
) -> str:
    """The document as JSON; the same for the same packages, version and revision.

    Args:
        packages: what is in the package.
        version: of the App.
        revision: what the package is made from; its time is that of the document.
        direct: the names of those that the App asks for itself, by their kind.
    """
    app = Component(
        type=ComponentType.APPLICATION,
        bom_ref=f'ms-sentinel@{version}',
        name='Microsoft Sentinel for ThreatConnect',
        version=version,
        licenses=[LicenseFactory().make_from_string('Apache-2.0')],
    )
    brought = sorted(packages, key=lambda each: (each.kind, each.name, each.version))
    parts = [(each, _component(each)) for each in brought]
    by_name: dict[tuple[str, str], list[Component]] = {}
    for each, part in parts:
        by_name.setdefault((each.kind, each.name), []).append(part)
    made = Bom(
        components=[part for _, part in parts],
        serial_number=_number(brought, version, revision),
        metadata=BomMetaData(component=app, timestamp=datetime.fromtimestamp(revision.time_s, UTC)),
    )
    asked = {(kind, name) for kind, names in direct.items() for name in names}
    made.register_dependency(app, [part for key in sorted(asked) for part in by_name[key]])
    for each, part in parts:
        needs = [need for name in each.needs for need in by_name.get((each.kind, name), ())]
        made.register_dependency(part, needs)
    return f'{JsonV1Dot6(made).output_as_string(indent=2)}\n'


def _component(each: Brought) -> Component:
    group, _, name = each.name.rpartition('/')
    address = PackageURL(type=each.kind, namespace=group or None, name=name, version=each.version)
    licenses = [LicenseFactory().make_from_string(each.license)] if each.license else []
    return Component(
        type=ComponentType.LIBRARY,
        bom_ref=str(address),
        group=group or None,
        name=name,
        version=each.version,
        purl=address,
        licenses=licenses,
        hashes=_hashes(each.integrity),
    )


def _hashes(integrity: str) -> list[HashType]:
    method, _, value = integrity.partition('-')
    if method != 'sha512':
        return []
    return [HashType(alg=HashAlgorithm.SHA_512, content=base64.b64decode(value).hex())]


def _number(brought: list[Brought], version: str, revision: Revision) -> uuid.UUID:
    listed = '\n'.join(f'{each.kind} {each.name} {each.version}' for each in brought)
    facts = f'{version}\n{revision.commit}\n{revision.time_s}\n{listed}'
    return uuid.uuid5(_NAMESPACE, hashlib.sha256(facts.encode()).hexdigest())
