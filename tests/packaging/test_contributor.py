"""What meets a contributor in the first hour: container, hooks, workflows and templates."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from release.staging import FILES

from tests.packaging.conftest import PROJECT

HOOKS = PROJECT / '.pre-commit-config.yaml'
WORKFLOWS = sorted((PROJECT / '.github' / 'workflows').glob('*.yml'))
TEMPLATES = sorted((PROJECT / '.github' / 'ISSUE_TEMPLATE').glob('*.yml'))
RENOVATE = PROJECT / '.github' / 'renovate.json'
CONTAINER = PROJECT / '.devcontainer' / 'devcontainer.json'
DOCKERFILE = PROJECT / '.devcontainer' / 'Dockerfile'
DEVELOPMENT = (
    *('.devcontainer', '.editorconfig', '.gitattributes', '.github', '.pre-commit-config.yaml'),
    *('.python-version', 'CONTRIBUTING.md', 'SECURITY.md'),
)
PYTHON = (PROJECT / '.python-version').read_text().strip()


def program(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the project's environment, and return how it ended."""
    return subprocess.run(
        [str(PROJECT / '.venv' / 'bin' / name), *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def workflow(name: str) -> dict[str, Any]:
    """A workflow; YAML reads the key "on" as true."""
    return yaml.safe_load((PROJECT / '.github' / 'workflows' / name).read_text())


def job(name: str) -> dict[str, Any]:
    (only,) = workflow(name)['jobs'].values()
    return only


def commands(name: str) -> list[str]:
    return [step['run'] for step in job(name)['steps'] if 'run' in step]


@cache
def targets() -> frozenset[str]:
    makefile = (PROJECT / 'Makefile').read_text()
    return frozenset(re.findall(r'^([a-z0-9-]+):', makefile, re.MULTILINE))


# -- the files themselves


@pytest.mark.parametrize('name', DEVELOPMENT)
def test_it_is_there_and_in_no_package(name: str) -> None:
    assert (PROJECT / name).exists()
    assert name not in FILES


def test_files_follow_their_schemas() -> None:
    # In this process, and all in one test: the program takes a second to import.
    from check_jsonschema import main

    schemas = {
        'github-workflows': WORKFLOWS,
        'github-issue-forms': TEMPLATES,
        'renovate': [RENOVATE],
    }
    for schema, files in schemas.items():
        assert files
        names = map(str, files)
        ended = CliRunner().invoke(main, ['--builtin-schema', f'vendor.{schema}', *names])
        assert ended.exit_code == 0, ended.output


def test_each_hook_is_a_program_of_the_environment_or_a_target() -> None:
    ended = program('pre-commit', 'validate-config', str(HOOKS))
    assert ended.returncode == 0, ended.stdout
    (local,) = yaml.safe_load(HOOKS.read_text())['repos']
    for hook in local['hooks']:
        name, first, *_ = [*hook['entry'].split(), '']
        if name == 'make':
            assert first in targets()
        else:
            assert name.startswith('.venv/bin/')
            assert (PROJECT / name).is_file(), name


@pytest.mark.parametrize('hook', ['check-json', 'check-yaml', 'workflows'])
def test_files_of_the_project_pass(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('PRE_COMMIT_HOME', str(tmp_path / 'home'))
    # pre-commit refuses a file of hooks that is changed and not staged.
    shutil.copy(HOOKS, tmp_path / 'hooks.yaml')
    arguments = ('run', hook, '--all-files', '--config', str(tmp_path / 'hooks.yaml'))
    ended = program('pre-commit', *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_secret_is_found_and_a_hash_is_none(tmp_path: Path) -> None:
    (local,) = yaml.safe_load(HOOKS.read_text())['repos']
    (entry,) = (hook['entry'] for hook in local['hooks'] if hook['id'] == 'detect-secrets')
    name, *arguments = Path(entry.split()[0]).name, *entry.split()[1:]
    file = tmp_path / 'settings.py'
    file.write_text(f'digest = "{"0123456789abcdef" * 4}"\n')
    assert program(name, *arguments, str(file)).returncode == 0
    file.write_text('client_' + 'secret = "Q8xR2mZp0LwT7vKc"\n')
    assert program(name, *arguments, str(file)).returncode == 1


# -- versions


def test_python_is_the_same_everywhere() -> None:
    project = tomllib.loads((PROJECT / 'pyproject.toml').read_text())
    major, minor = PYTHON.split('.')
    assert project['project']['requires-python'] == f'>={PYTHON},<{major}.{int(minor) + 1}'
    assert project['tool']['mypy']['python_version'] == PYTHON
    assert project['tool']['ruff']['target-version'] == f'py{major}{minor}'
    assert json.loads((PROJECT / 'install.json').read_text())['languageVersion'] == PYTHON
    assert f'install python{PYTHON}' in (PROJECT / '.ci' / 'make-venv').read_text()
    assert f'devcontainers/python:{PYTHON}-' in DOCKERFILE.read_text()
    assert json.loads(RENOVATE.read_text())['constraints']['python'] == PYTHON
    for file in WORKFLOWS:
        assert job(file.name)['container']['image'].startswith(f'python:{PYTHON}-')


def test_node_is_the_same_everywhere() -> None:
    package = json.loads((PROJECT / 'ui' / 'package.json').read_text())
    lowest = package['engines']['node'].removeprefix('>=')
    major, minor = lowest.split('.')
    assert package['devDependencies']['@types/node'].startswith(f'{major}.')
    assert f'Node {lowest} or newer' in (PROJECT / '.ci' / 'with-node').read_text()
    assert f'major === {major} && minor >= {minor}' in (PROJECT / '.ci' / 'with-node').read_text()
    (feature,) = json.loads(CONTAINER.read_text())['features'].items()
    assert feature == ('ghcr.io/devcontainers/features/node:1', {'version': major})
    for file in WORKFLOWS:
        steps = job(file.name)['steps']
        (node,) = (each for each in steps if each.get('uses', '').startswith('actions/setup-node@'))
        assert node['with']['node-version'] == major


def test_container_gets_from_the_system_what_the_tests_need() -> None:
    text = DOCKERFILE.read_text()
    assert 'COPY .ci/system-packages .ci/test-packages ' in text
    assert re.search(r'^RUN \S+/test-packages$', text, re.MULTILINE)
    needed = (PROJECT / '.ci' / 'test-packages').read_text()
    for name in ('chromium-headless-shell', 'redis-server', 'mosquitto', 'sqlite3'):
        assert f'missing+=({name})' in needed


# -- what they run


def test_ci_runs_what_everybody_runs() -> None:
    assert commands('ci.yml')[-1] == '.ci/run'
    assert (PROJECT / '.ci' / 'run').read_text().splitlines()[-1] == 'exec make test'
    assert {'push', 'pull_request'} <= set(workflow('ci.yml')[True])


def test_long_proofs_run_every_night() -> None:
    assert commands('soak.yml')[-1] == 'make soak'
    (schedule,) = workflow('soak.yml')[True]['schedule']
    assert re.fullmatch(r'\d+ \d+ \* \* \*', schedule['cron'])


@pytest.mark.parametrize('file', WORKFLOWS, ids=lambda file: file.name)
def test_workflow_may_read_only_and_ends_in_time(file: Path) -> None:
    assert workflow(file.name)['permissions'] == {'contents': 'read'}
    assert job(file.name)['timeout-minutes'] <= 360


@pytest.mark.parametrize(
    'file', [*WORKFLOWS, *TEMPLATES, CONTAINER, HOOKS, RENOVATE, PROJECT / '.ci' / 'run']
)
def test_every_target_and_program_that_a_file_names_exists(file: Path) -> None:
    text = file.read_text()
    assert set(re.findall(r'(?:^|[ \"`])make ([a-z][a-z-]*)', text, re.MULTILINE)) <= targets()
    for name in re.findall(r'(?:^|[ \"])(\.ci/[\w-]+)', text, re.MULTILINE):
        assert (PROJECT / name).is_file(), name


def test_pull_request_names_targets_that_exist() -> None:
    text = (PROJECT / '.github' / 'pull_request_template.md').read_text()
    named = set(re.findall(r'`make ([a-z-]+)`', text))
    assert {'test', 'gen'} <= named <= targets()


def test_everything_has_an_owner() -> None:
    lines = (PROJECT / '.github' / 'CODEOWNERS').read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith('#')]
    assert rules[0][0] == '*'
    assert all(re.fullmatch(r'@[\w-]+(/[\w-]+)?', owner) for _, *own in rules for owner in own)


def has_changed(clone: Path, *paths: str, ci: str = '') -> bool:
    environment = {**os.environ, 'CI': ci, 'GIT_CEILING_DIRECTORIES': str(clone.parent)}
    done = subprocess.run(['.ci/has-changed', *paths], cwd=clone, env=environment, check=False)
    assert done.returncode in {0, 1}
    return not done.returncode


def test_part_has_changed_where_it_is_not_as_on_the_main_branch(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        own = ('-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.test')
        subprocess.run(['git', *own, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / '.ci').mkdir()
    shutil.copy(PROJECT / '.ci' / 'has-changed', tmp_path / '.ci')
    for name in ('page', 'other'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'file').write_text('as it was')
    # Without git, or without a main branch to compare with, nothing is known.
    assert has_changed(tmp_path, 'page')
    git('init', '--initial-branch', 'main')
    git('add', '.')
    git('commit', '--message', 'first')
    assert has_changed(tmp_path, 'page')
    git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    assert not has_changed(tmp_path, 'page')
    assert has_changed(tmp_path, 'page', ci='true')

    (tmp_path / 'page' / 'file').write_text('not committed')
    assert has_changed(tmp_path, 'page')
    assert not has_changed(tmp_path, 'other')
    git('commit', '--all', '--message', 'not on the main branch')
    assert has_changed(tmp_path, 'page', 'other')
    git('update-ref', 'refs/remotes/origin/main', 'HEAD')
    (tmp_path / 'page' / 'fresh').write_text('unknown to git')
    assert has_changed(tmp_path, 'page')
