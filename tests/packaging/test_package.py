"""The package as ThreatConnect gets it: what it holds, and that it runs by itself."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shlex
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from release import project
from release.archive import TOP
from release.vendor import OLDEST_GLIBC

import sentinel_app
from sentinel_app.config.settings import LABELS
from tests.packaging.conftest import PROJECT, Made
from tests.simulators.demo import demo_queries, load_indicators
from tests.simulators.demonstration import Demonstration, has_succeeded
from tests.simulators.platform.instance import Services
from tests.simulators.stand import Stand

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(400)]

NAME = 'TCVA_-_Microsoft_Sentinel_v2'
INDICATORS = 300
LARGEST_MB = 25
READY_WITHIN_S = 60
BARE_PYTHON = (str(getattr(sys, '_base_executable', sys.executable)), '-s', '-S')
"""The interpreter that the virtual environment was made with, without its own site-packages."""
BARE_ENVIRONMENT = {
    'PATH': '/usr/bin:/bin',
    'PYTHONPATH': '',
    'PYTHONNOUSERSITE': '1',
    'VIRTUAL_ENV': '',
    # Whoever asks for anything beyond this machine is refused.
    'PIP_NO_INDEX': '1',
    'HTTP_PROXY': 'http://127.0.0.1:9',
    'HTTPS_PROXY': 'http://127.0.0.1:9',
    'NO_PROXY': 'localhost,127.0.0.1',
}


@pytest.fixture(scope='module')
def contents(package: Made) -> dict[str, bytes]:
    """Every file of the package by its path below the one folder."""
    with zipfile.ZipFile(package.path) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if not name.endswith('/')]
        assert {name.split('/')[0] for name in names} == {NAME}
        return {name.partition('/')[2]: archive.read(name) for name in names}


@pytest.fixture(scope='module')
def unpacked(package: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The package unpacked into an empty folder, and how long that took."""
    if platform.machine() != 'x86_64':
        pytest.skip('some dependencies in the package are compiled for x86-64')
    began = time.monotonic()
    folder = tmp_path_factory.mktemp('unpacked')
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(folder)
    return folder / NAME, time.monotonic() - began


# -- what it holds


def test_packaging_prints_name_version_size_and_checksum(package: Made) -> None:
    content = package.path.read_bytes()
    assert package.path.name == f'{NAME}.tcx'
    assert str(package.path) in package.said
    assert f'Version  {sentinel_app.__version__}, made from ' in package.said
    assert f'Size     {len(content) / 1e6:.1f} MB' in package.said
    assert hashlib.sha256(content).hexdigest() in package.said
    assert len(content) < LARGEST_MB * 1e6


def test_top_folder_holds_exactly_what_belongs_there(contents: dict[str, bytes]) -> None:
    assert {name.split('/')[0] for name in contents} == TOP
    assert {
        'CHANGELOG.md',
        'LICENSE',
        'NOTICE',
        'README.md',
        'THIRD-PARTY-LICENSES.txt',
        'app.py',
        'app_lib.py',
        'deps',
        'install.json',
        'layout.json',
        'requirements.txt',
        'run.py',
        'sbom.cdx.json',
        'sentinel_app',
        'tcex.json',
        'ui',
    } == TOP


def test_package_holds_the_sources_under_version_control_and_the_built_page(
    contents: dict[str, bytes],
) -> None:
    own = {name for name in contents if name.startswith('sentinel_app/')}
    listed = subprocess.run(
        ['git', 'ls-files', 'sentinel_app'],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        assert own == set(listed.stdout.split())
    page = PROJECT / 'ui' / 'dist'
    built = [file for file in page.rglob('*') if file.is_file() and file.name != '.ready']
    assert {name for name in contents if name.startswith('ui/')} == {
        str(file.relative_to(PROJECT)) for file in built
    }
    assert 'ui/dist/index.html' in contents
    changed = {'README.md', 'install.json', 'tcex.json'}
    for name, content in contents.items():
        if not name.startswith('deps/') and name not in changed and (PROJECT / name).exists():
            assert content == (PROJECT / name).read_bytes(), name


def test_build_files_and_traces_of_this_machine_are_not_packaged(
    contents: dict[str, bytes],
) -> None:
    unwanted = {'node_modules', '__pycache__', '.git', '.env', '.venv', 'tcex.d', 'docs', '.ci'}
    for name in contents:
        parts = PurePosixPath(name).parts
        assert not unwanted & set(parts if parts[0] != 'deps' else parts[:2]), name
        assert not name.endswith(('.pyc', '.map', '.lock', '.ts', '.tsx')) or 'deps/' in name, name
        assert parts[:2] != ('deps', 'bin'), 'commands with the path of an interpreter in them'
    here = [str(PROJECT), str(Path(sys.prefix).resolve()), os.environ.get('TMPDIR') or '/tmp/ms-']
    for name, content in contents.items():
        assert not [path for path in here if path.encode() in content], name


def test_definition_is_that_of_the_sources(contents: dict[str, bytes], package: Made) -> None:
    packed: dict[str, Any] = json.loads(contents['install.json'])
    source = json.loads((PROJECT / 'install.json').read_text())
    assert packed['appId'] == 'b65d7d99-80d5-5e57-a1e2-71d9044ebbc0'
    for key in ('programVersion', 'displayName', 'displayPath', 'runtimeLevel', 'sdkVersion'):
        assert packed[key] == source[key]
    assert [param['name'] for param in packed['params']] == list(LABELS)
    assert set(packed['features']) == set(source['features'])
    commit = project.revision(PROJECT).commit
    assert packed.get('commitHash') == commit
    assert f'made from {commit or "files that have been changed"}' in package.said


def test_readme_links_to_nothing_outside_the_package(contents: dict[str, bytes]) -> None:
    text = contents['README.md'].decode()
    assert '](docs/' not in text
    assert '![' not in text
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        assert target in contents
    assert text.startswith('# Microsoft Sentinel for ThreatConnect\n')
    assert {name for name in LABELS if f'(`{name}`)' not in text} == set()
    assert 'make run' not in text


# -- what it brings along


def test_dependencies_are_those_of_the_lock_file(contents: dict[str, bytes]) -> None:
    found = {}
    for name, content in contents.items():
        if re.fullmatch(r'deps/[^/]+\.dist-info/METADATA', name):
            head = content.decode().split('\n\n')[0]
            (own,) = re.findall(r'^Name: (.+)$', head, re.MULTILINE)
            (version,) = re.findall(r'^Version: (.+)$', head, re.MULTILINE)
            found[own.strip().lower().replace('_', '-')] = version.strip()
    assert found == project.locked(PROJECT)


def test_compiled_parts_need_no_newer_system_than_declared(contents: dict[str, bytes]) -> None:
    compiled = {name: content for name, content in contents.items() if '.so' in Path(name).name}
    assert len(compiled) > 20
    for name, content in compiled.items():
        assert re.search(r'\.(cpython-311-x86_64-linux-gnu|abi3)\.so$', name), name
        asked = {int(minor) for minor in re.findall(rb'GLIBC_2\.(\d+)', content)}
        assert max(asked, default=0) <= OLDEST_GLIBC, name
    assert f'glibc 2.{OLDEST_GLIBC} or newer' in (PROJECT / 'docs' / 'install.md').read_text()


def test_bill_of_materials_names_everything_with_its_license_and_needs(
    contents: dict[str, bytes],
) -> None:
    document = json.loads(contents['sbom.cdx.json'])
    made = Bom.from_json(document)  # type: ignore[attr-defined]
    assert document['specVersion'] == '1.6'
    about = document['metadata']['component']
    assert (about['name'], about['version']) == (
        'Microsoft Sentinel for ThreatConnect',
        sentinel_app.__version__,
    )
    addresses = {part.purl.to_string() for part in made.components}
    assert len(addresses) == len(document['components'])
    locked = {f'pkg:pypi/{name}@{v}' for name, v in project.locked(PROJECT).items()}
    locked |= {f'pkg:npm/{name.replace("@", "%40")}@{v}' for name, v in page_packages()}
    assert {address.replace('_', '-') for address in addresses} == locked
    assert all(part.licenses for part in made.components)
    assert all(part.hashes for part in made.components if part.purl.type == 'npm')
    needs = {entry['ref']: set(entry.get('dependsOn', [])) for entry in document['dependencies']}
    reached, waiting = set(), set(needs[about['bom-ref']])
    while waiting:
        reached.add(part := waiting.pop())
        waiting |= needs[part] - reached
    listed = {part['bom-ref'] for part in document['components']}
    assert reached == listed, 'everything is there because something asks for it'


def page_packages() -> set[tuple[str, str]]:
    """The packages that the page is built from, by its lock file."""
    packages = json.loads((PROJECT / 'ui' / 'package-lock.json').read_text())['packages']
    return {
        (path.rpartition('node_modules/')[2], facts['version'])
        for path, facts in packages.items()
        if path and not (facts.keys() & {'dev', 'devOptional', 'optional'})
    }


def test_license_texts_are_all_packaged(contents: dict[str, bytes]) -> None:
    text = contents['THIRD-PARTY-LICENSES.txt'].decode()
    for name, version in project.locked(PROJECT).items():
        assert re.search(
            rf'^=+\n(?:.*, )?{name} {re.escape(version)}(?:, .*)?\n=+$', text, re.MULTILINE
        )
    own = [name for name in contents if re.search(r'\.dist-info/.*LICEN[CS]E', name)]
    assert len(own) > 40
    for name in own:
        assert contents[name].decode().replace('\r\n', '\n') in text, name
    assert text.endswith(contents['ui/dist/licenses.txt'].decode())
    assert contents['LICENSE'] == (PROJECT / 'LICENSE').read_bytes()
    assert b'Kenneth Reitz' in contents['NOTICE']


def test_page_brings_the_licenses_of_what_it_is_made_of(contents: dict[str, bytes]) -> None:
    text = contents['ui/dist/licenses.txt'].decode()
    heading = re.compile(r'^## (\S+) - (\d\S*) \(.+\)\n\n(?!## )\S', re.MULTILINE)
    found = set(heading.findall(text))
    assert len(found) > 30
    assert found <= page_packages()
    for own in ('react', 'react-dom', '@mantine/core', 'react-remove-scroll-bar'):
        assert own in {name for name, _ in found}


# -- that it runs


def test_modules_all_come_from_the_package_or_from_python_itself(
    unpacked: tuple[Path, float],
) -> None:
    folder, _ = unpacked
    code = (
        'import sys, sysconfig; import run; run.Run().setup(); import app;'
        'files = [getattr(m, "__file__", None) for m in list(sys.modules.values())];'
        'own = (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), sys.argv[1]);'
        'strange = [f for f in files if f and (not f.startswith(own) or "-packages" in f)];'
        'print(len(files), strange)'
    )
    ended = subprocess.run(
        [*BARE_PYTHON, '-c', code, str(folder)],
        cwd=folder,
        env={**BARE_ENVIRONMENT, 'PYTHONDONTWRITEBYTECODE': '1'},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    count, _, strange = ended.stdout.strip().partition(' ')
    assert strange == '[]'
    assert int(count) > 500


@pytest.fixture(scope='module')
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One program in place of the interpreter and its options."""
    program = tmp_path_factory.mktemp('bin') / 'python'
    program.write_text(f'#!/bin/sh\nexec {shlex.join(BARE_PYTHON)} "$@"\n')
    program.chmod(0o700)
    return str(program)


@pytest.fixture(scope='module')
def stand(
    unpacked: tuple[Path, float], bare_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    """The unpacked package on a bare Python, with a real broker and a real store."""
    missing = Services.missing_programs()
    if missing and not os.environ.get('CI'):
        pytest.skip(f'not installed: {", ".join(missing)}')
    with Stand(
        tmp_path_factory.mktemp('stand'),
        rows=load_indicators(INDICATORS, own=True),
        services=Services.REAL,
        app_folder=unpacked[0],
        python=bare_python,
        environment=BARE_ENVIRONMENT,
    ) as running:
        yield running


@pytest.fixture(scope='module')
def ready_s(stand: Stand, unpacked: tuple[Path, float]) -> float:
    """Seconds from unpacking to the first Ready."""
    assert stand.app.started_s is not None
    return unpacked[1] + stand.app.started_s


def test_package_is_ready_soon_after_unpacking(
    stand: Stand, ready_s: float, package: Made, unpacked: tuple[Path, float]
) -> None:
    folder, _ = unpacked
    size_bytes = package.path.stat().st_size
    print(f'{size_bytes:,} bytes; {ready_s:.1f} s from unpacking to Ready')  # noqa: T201 - for -s
    assert ready_s < READY_WITHIN_S
    mapped = Path(f'/proc/{stand.app.pid}/maps').read_text()
    libraries = set(re.findall(r'(/\S+\.cpython-\S+\.so)', mapped))
    bundled = {path for path in libraries if path.startswith(str(folder / 'deps'))}
    assert bundled
    assert not [path for path in libraries - bundled if '-packages' in path]
    assert f'version={sentinel_app.__version__}' in stand.app.log


def test_package_serves_the_page_and_the_api(stand: Stand, contents: dict[str, bytes]) -> None:
    page = stand.api('GET', '')
    assert page.status_code == 200
    assert page.content == contents['ui/dist/index.html']
    assets = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', page.text)
    assert assets
    guide = [name for name in contents if name.startswith('ui/dist/help/')]
    assert 'ui/dist/help/operations.html' in guide
    packaged = [name.removeprefix('ui/dist/') for name in guide]
    for asset in (*assets, 'content/azuredeploy.json', *packaged):
        answer = stand.api('GET', asset)
        assert answer.status_code == 200
        assert answer.content == contents[f'ui/dist/{asset}']
    health = stand.api('GET', 'api/health')
    assert health.status_code == 200
    assert health.json()['version'] == sentinel_app.__version__


def test_package_runs_a_whole_update(stand: Stand) -> None:
    said: list[str] = []
    jobs = Demonstration(stand.api, said.append).run(
        demo_queries(load_indicators(INDICATORS, own=True))
    )
    assert has_succeeded(jobs), said
    sent = sum(job['count_sent'] for job in jobs)
    assert len(stand.sentinel.held()) >= sent > INDICATORS / 2, 'a File is an object for each hash'
    assert stand.sentinel.anomalies() == []
    assert sum(job['count_failed'] for job in jobs) == 0


def test_package_stops_on_request_and_starts_again(stand: Stand, ready_s: float) -> None:
    assert stand.app.shutdown() == 0
    assert stand.app.message_tc.strip() == 'Microsoft Sentinel has stopped.'
    assert stand.app.console.strip() == ''
    stand.app.start()
    assert stand.api('GET', 'api/health').status_code == 200
    assert ready_s < READY_WITHIN_S
