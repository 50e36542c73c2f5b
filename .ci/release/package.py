"""Makes the package that ThreatConnect installs."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from release.archive import Package, looked_through, normalize
from release.project import agreed_version, revision
from release.staging import describe, stage, stage_page
from release.vendor import make_bundle, make_package, validate


def build(project: Path, target: Path) -> Package:
    """Make the package in a copy beside the project and put it into a folder.

    Nothing but the package is left behind: the vendor's command writes into the folder that it
    works in.

    Raises:
        ReleaseError: if anything is not as it should be; then there is no package.
    """
    agreed_version(project)
    state = revision(project)
    with tempfile.TemporaryDirectory(prefix='ms-sentinel-') as name:
        folder = Path(name).resolve()
        stage(project, folder, state.commit)
        stage_page(project, folder)
        bundle = make_bundle(folder)
        describe(project, folder, bundle, state)
        made = make_package(folder)
        normalize(made, state.time_s)
        looked_through(made, project, state.commit)
        target.mkdir(parents=True, exist_ok=True)
        path = target / made.name
        shutil.copyfile(made, path)
    return looked_through(path, project, state.commit)


def check_definitions(project: Path) -> str:
    """What the vendor's command says of a clean copy of the definition files.

    Raises:
        ReleaseError: if it found anything wrong.
    """
    with tempfile.TemporaryDirectory(prefix='ms-sentinel-') as name:
        folder = Path(name).resolve()
        stage(project, folder)
        return validate(folder)
