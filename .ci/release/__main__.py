"""The commands behind `make package`, `validate`, `audit`, `check-updates` and `gen`.

python -m release package [--target FOLDER] | validate | audit | updates | licenses
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from release import licenses
from release.archive import Package
from release.audit import audit, worst
from release.command import ReleaseError
from release.package import build, check_definitions
from release.project import ROOT, untracked
from release.staging import FILES, SOURCES
from release.update import old_packages, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog='python -m release', description=__doc__)
    parser.add_argument('command', choices=('package', 'validate', 'audit', 'updates', 'licenses'))
    parser.add_argument('--target', type=Path, default=ROOT / 'target', help='of the package')
    given = parser.parse_args(arguments)
    try:
        return _COMMANDS[given.command](given.target)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1


def _package(target: Path) -> int:
    for name in untracked(ROOT, (*FILES, SOURCES)):
        print(f'Not packaged, as it is not under version control: {name}', file=sys.stderr)
    print(_told(build(ROOT, target.resolve())))
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


def _validate(_target: Path) -> int:
    print(check_definitions(ROOT).strip())
    return 0


def _audit(_target: Path) -> int:
    audits = audit(ROOT)
    for each in audits:
        print(f'{each.name}: {each.verdict.name.lower()}')
        for line in each.lines:
            print(f'  {line}')
    return worst(audits)


def _updates(_target: Path) -> int:
    print(table(old_packages(ROOT)))
    return 0


def _licenses(_target: Path) -> int:
    (ROOT / licenses.PAGE).write_text(licenses.page(ROOT), encoding='utf-8')
    return 0


_COMMANDS = {
    'package': _package,
    'validate': _validate,
    'audit': _audit,
    'updates': _updates,
    'licenses': _licenses,
}

if __name__ == '__main__':
    sys.exit(main())
