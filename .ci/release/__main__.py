"""The commands behind `make package`, `make validate` and `make gen`.

python -m release package [--target FOLDER] | validate | licenses
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from release import licenses
from release.archive import Package
from release.command import ReleaseError
from release.package import build, check_definitions
from release.project import ROOT, untracked
from release.staging import FILES, SOURCES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog='python -m release', description=__doc__)
    parser.add_argument('command', choices=('package', 'validate', 'licenses'))
    parser.add_argument('--target', type=Path, default=ROOT / 'target', help='of the package')
    given = parser.parse_args(arguments)
    try:
        if given.command == 'package':
            for name in untracked(ROOT, (*FILES, SOURCES)):
                print(f'Not packaged, as it is not under version control: {name}', file=sys.stderr)
            print(_told(build(ROOT, given.target.resolve())))
        elif given.command == 'validate':
            print(check_definitions(ROOT).strip())
        else:
            (ROOT / licenses.PAGE).write_text(licenses.page(ROOT), encoding='utf-8')
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _told(package: Package) -> str:
    made_from = package.commit or 'files that have been changed since the last commit'
    return '\n'.join(
        (
            f'Package  {package.path}',
            f'Version  {package.version}, made from {made_from}',
            f'Size     {package.size_bytes / 1e6:.1f} MB, {package.file_count:,} files',
            f'SHA-256  {package.sha256}',
        )
    )


if __name__ == '__main__':
    sys.exit(main())
