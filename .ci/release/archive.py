"""The package as a file: made the same each time, and looked through before it is given away."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from release.bill import BILL
from release.command import ReleaseError
from release.licenses import TEXTS
from release.staging import FILES, PAGE, SOURCES
from release.vendor import BUNDLE

TOP = frozenset({*FILES, SOURCES, BUNDLE, 'ui', BILL, TEXTS})
"""What lies at the top of the package, and nothing else."""
_UNWANTED = frozenset({'__pycache__', 'node_modules', '.git', '.env', '.venv', '.ready'})
_FILE_MODE = 0o100644 << 16
_FOLDER_MODE = 0o040755 << 16 | 0x10


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that was made."""

    path: Path
    version: str
    commit: str | None
    size_bytes: int
    file_count: int
    sha256: str


def normalize(path: Path, time_s: int) -> None:
    """Write the archive anew: names in order, one time and one kind of rights for all.

    What the vendor's command leaves to the moment and to the machine would make every package
    another file.
    """
    date = time.gmtime(time_s)[:6]
    fresh = path.with_suffix('.new')
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(fresh, 'w', zipfile.ZIP_DEFLATED) as new,
    ):
        for name in sorted(old.namelist()):
            entry = zipfile.ZipInfo(name, date)
            entry.create_system = 3  # as on Linux, where the App runs
            is_folder = name.endswith('/')
            entry.external_attr = _FOLDER_MODE if is_folder else _FILE_MODE
            entry.compress_type = zipfile.ZIP_STORED if is_folder else zipfile.ZIP_DEFLATED
            new.writestr(entry, b'' if is_folder else old.read(name))
    fresh.replace(path)


def looked_through(path: Path, project: Path, commit: str | None) -> Package:
    """The facts of a package that holds what it should.

    Raises:
        ReleaseError: if it does not.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith('/')]
        problems = list(_problems(names, path.stem))
        definition = json.loads(archive.read(f'{path.stem}/install.json'))
    wanted = json.loads((project / 'install.json').read_text(encoding='utf-8'))
    problems += [
        f'install.json: {key} is {definition.get(key)}, not {wanted[key]}'
        for key in ('appId', 'programVersion', 'runtimeLevel', 'languageVersion')
        if definition.get(key) != wanted[key]
    ]
    if problems:
        raise ReleaseError(f'{path.name} is not as it should be: {"; ".join(problems)}.')
    content = path.read_bytes()
    return Package(
        path=path,
        version=definition['programVersion'],
        commit=commit,
        size_bytes=len(content),
        file_count=len(names),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _problems(names: list[str], stem: str) -> list[str]:
    paths = [PurePosixPath(name) for name in names]
    outside = [str(path) for path in paths if path.parts[0] != stem]
    inside = [path.relative_to(stem) for path in paths if path.parts[0] == stem]
    top = {path.parts[0] for path in inside}
    page = [path for path in inside if path.parts[0] == 'ui']
    unwanted = [str(path) for path in inside if _UNWANTED & set(path.parts)]
    problems = [
        *(f'{name} lies outside of {stem}' for name in outside),
        *(f'{name} is missing' for name in sorted(TOP - top)),
        *(f'{name} does not belong there' for name in sorted(top - TOP)),
        *(f'{name} does not belong there' for name in unwanted),
        *(f'{path} is not of the built page' for path in page if not path.is_relative_to(PAGE)),
    ]
    if PurePosixPath(PAGE, 'index.html') not in page:
        problems.append('the built page is missing')
    return problems
