"""Every command that a document shows is run by a test, or says why it is not."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sentinel_app.config.pem import read_pem
from tests.packaging.conftest import MADE, PROJECT
from tests.packaging.test_docs import GUIDES
from tests.packaging.test_invariants import functions

FENCED = re.compile(r'^ *```(?:sh|bash|console|shell)\n(.*?)^ *```', re.MULTILINE | re.DOTALL)
INLINE = re.compile(
    r'`((?:make|python3?|curl|sqlite3|npm|npx|git|pip|openssl|tcex|\.venv/bin/[\w-]+)'
    r' [^`]+|[A-Z_]+=\S+ (?:make|python|\.venv)[^`]*)`'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who runs a command: a test, which runs this part of the target's recipe where it is one."""

    test: str
    recipe: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """A command that no test runs."""

    because: str


MAKE_RUN = 'tests/simulators/test_make_run.py::'
TCEX_RUN = 'tests/packaging/test_tcex_run.py::'
TCEX_RUNS = f'{TCEX_RUN}test_page_and_api_answer_on_its_port_until_it_is_stopped'
RELEASE = 'tests/packaging/test_release.py::'
PACKAGE = 'tests/packaging/test_package.py::'
SUPPLY = 'tests/packaging/test_supply_chain.py::'
HERE = 'tests/packaging/test_commands.py::'
PART_OF_TEST = 'it is a part of `make test`, which runs this'
WHOLE = 'it is `make test`, which runs this'
TAKES_HOURS = 'it takes too long'

COMMANDS: dict[str, By | Not] = {
    'make run': By(
        test=f'{MAKE_RUN}test_first_run_saves_queries_and_the_second_keeps_them',
        recipe='exec $(PY) -m tests.simulators\n',
    ),
    'make run FRESH=1': By(
        test=f'{MAKE_RUN}test_first_run_saves_queries_and_the_second_keeps_them'
    ),
    'make test': Not(because=WHOLE),
    'make help': By(test=f'{HERE}test_make_help_lists_all_targets', recipe='MAKEFILE_LIST'),
    'make setup': Not(because=PART_OF_TEST),
    'make stand-ins': By(test=TCEX_RUNS, recipe='exec $(PY) -m tests.simulators --without-app\n'),
    'make check': Not(because='`make test` runs all of it'),
    'make pytest': Not(because=PART_OF_TEST),
    'make coverage': Not(because='`make pytest` runs the same tests'),
    'make e2e': Not(because='`make pytest` runs the same tests'),
    'make pictures': Not(
        because='it changes the pictures; tests/e2e/test_pictures.py finds what it would change'
    ),
    'make lint': Not(because=PART_OF_TEST),
    'make format': Not(because='it changes the sources; `make lint` finds what it would change'),
    'make gen': By(
        test='tests/packaging/test_docs.py::test_list_of_licenses_is_current',
        recipe='$(RELEASE) licenses\n',
    ),
    'make content': By(
        test='tests/content/test_template.py::test_stored_template_is_what_is_made_of_the_sources',
        recipe='$(CONTENT)\n',
    ),
    'make ui': Not(because=PART_OF_TEST),
    'make ui-check': Not(because=PART_OF_TEST),
    'make ui-dev': Not(because='it serves a person who changes the page'),
    'make bench': Not(because=TAKES_HOURS),
    'make crash': Not(
        because=f'{TAKES_HOURS}; tests/process/crash/test_crash.py is its short form'
    ),
    'make soak': Not(because=f'{TAKES_HOURS}; `make pytest` runs the short form of each'),
    'make package': By(
        test=f'{PACKAGE}test_packaging_prints_name_version_size_and_checksum',
        recipe='$(RELEASE) package',
    ),
    'make validate': By(
        test=f'{HERE}test_make_validate_finds_nothing', recipe='$(RELEASE) validate\n'
    ),
    'make audit': By(
        test=f'{SUPPLY}test_both_services_are_asked_even_if_the_first_does_not_answer',
        recipe='/pip-audit ',
    ),
    'make lock': Not(because='it asks the package index, and changes the lock files'),
    'make clean': By(test=f'{HERE}test_make_clean_leaves_the_sources', recipe='rm -rf'),
    'tcex deps': By(test=f'{PACKAGE}test_dependencies_are_those_of_the_lock_file'),
    'tcex package': By(test=f'{PACKAGE}test_top_folder_holds_exactly_what_belongs_there'),
    'tcex run': By(test=TCEX_RUNS),
    'npm sbom': By(
        test=f'{PACKAGE}test_bill_of_materials_names_everything_with_its_license_and_needs'
    ),
    'set -a; . .run/stand-ins.env; set +a': By(test=TCEX_RUNS),
    'set -a; . ./.env; set +a': By(test=TCEX_RUNS),
    '.venv/bin/tcex run --config tcex.d/profiles/offline.json': By(test=TCEX_RUNS),
    '.venv/bin/tcex run --config tcex.d/profiles/sandbox.json': By(test=TCEX_RUNS),
    'python run.py': By(test=f'{PACKAGE}test_package_is_ready_soon_after_unpacking'),
    'python -m tests.bench': Not(because=TAKES_HOURS),
    'python -m tests.harness.golden --accept': Not(
        because='it changes the examples; '
        'tests/core/test_mapping_golden.py finds what it would change'
    ),
    '.venv/bin/python -m tests.harness.fuzz 50': By(
        test='tests/api/test_calls_fuzz.py::test_answer_to_any_call_is_one_that_the_document_names'
    ),
    '.venv/bin/pytest tests/core/test_window.py': By(
        test='tests/core/test_window.py::test_successive_windows_tile_without_a_gap'
    ),
    'openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj "/CN=ThreatConnect to Sentinel" '
    '-keyout key.pem -out certificate.pem': By(
        test=f'{HERE}test_self_signed_certificate_of_the_guide_is_one_that_the_app_takes'
    ),
    'sqlite3 state.db ".backup copy.db"': By(
        test='tests/process/test_backup.py::test_backup_made_while_the_app_runs_can_be_restored'
    ),
    '.venv/bin/pre-commit install': Not(
        because='it changes the clone; tests/packaging/test_contributor.py runs the hooks'
    ),
    'az deployment group create --resource-group my-group --template-file azuredeploy.json '
    '--parameters workspace=my-workspace': Not(
        because='it deploys to Azure; tests/content/test_template.py works out what it would deploy'
    ),
    'curl -I': Not(because='it is for a real instance'),
}


def shown() -> dict[str, str]:
    """Every command that a document shows, and the document."""
    found: dict[str, str] = {}
    for guide in GUIDES:
        content = guide.read_text(encoding='utf-8')
        blocks = FENCED.findall(content)
        lines = [line for block in blocks for line in block.splitlines()]
        plain = re.sub(r'^ *```.*?^ *```', '', content, flags=re.MULTILINE | re.DOTALL)
        for line in (*lines, *INLINE.findall(plain)):
            command = re.sub(r'(^|\s+)#.*$', '', line).strip()
            if command:
                found.setdefault(command, str(guide.relative_to(PROJECT)))
    return found


def recipe(target: str) -> str:
    text = (PROJECT / 'Makefile').read_text(encoding='utf-8')
    found = re.search(rf'^{target}:[^\n]*\n((?:\t[^\n]*\n)+)', text, re.MULTILINE)
    return found.group(1) if found else ''


def test_every_command_in_a_document_is_known_here() -> None:
    commands = shown()
    assert {command: at for command, at in commands.items() if command not in COMMANDS} == {}
    assert set(COMMANDS) - set(commands) == set(), 'no document shows these any more'
    assert len(commands) > 30


@pytest.mark.parametrize('command', list(COMMANDS))
def test_command_names_an_existing_test_or_a_reason(command: str) -> None:
    known = COMMANDS[command]
    if isinstance(known, Not):
        assert len(known.because) > 10
        for path in re.findall(r'tests/\S+\.py', known.because):
            assert (PROJECT / path).is_file()
        return
    path, _, name = known.test.partition('::')
    assert name in functions(path)
    if command.startswith('make '):
        assert known.recipe in recipe(command.split()[1])


# -- those that are run here


def make(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != 'MAKEFLAGS'}
    ended = subprocess.run(
        ['make', '--no-print-directory', *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_make_help_lists_all_targets() -> None:
    text = (PROJECT / 'Makefile').read_text(encoding='utf-8')
    (phony,) = re.findall(r'^\.PHONY: ((?:[^\n]*\\\n)*[^\n]*)$', text, re.MULTILINE)
    listed = [line.split()[0] for line in make(PROJECT, 'help').splitlines()]
    assert sorted(listed) == sorted(phony.replace('\\', '').split())


def test_make_validate_finds_nothing() -> None:
    assert 'passed' in make(PROJECT, *MADE, 'validate')


def test_make_clean_leaves_the_sources(tmp_path: Path) -> None:
    shutil.copy(PROJECT / 'Makefile', tmp_path)
    made = ('.run', 'target', 'ui/dist', 'ui/node_modules', '.venv', '.mypy_cache')
    for name in (*made, 'ui/src', 'sentinel_app'):
        (tmp_path / name / 'part').mkdir(parents=True)
    make(tmp_path, 'clean')
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*')}
    assert left == {'Makefile', 'ui', 'ui/src', 'ui/src/part', 'sentinel_app', 'sentinel_app/part'}


def test_self_signed_certificate_of_the_guide_is_one_that_the_app_takes(tmp_path: Path) -> None:
    (command,) = (each for each in COMMANDS if each.startswith('openssl req'))
    if shutil.which('openssl') is None and not os.environ.get('CI'):
        pytest.skip('not installed: openssl')
    subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, check=True)
    guide = (PROJECT / 'docs' / 'install.md').read_text(encoding='utf-8')
    (together,) = re.findall(r'`cat ([\w.]+) ([\w.]+)`', guide)
    pem = read_pem(''.join((tmp_path / name).read_text() for name in together))
    (certificate,) = pem.certificates
    assert certificate.expires_at > dt.datetime.now(dt.UTC) + dt.timedelta(days=364)
