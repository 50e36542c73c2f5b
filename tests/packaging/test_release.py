"""The parts of the making of the package, one by one, and what they do when something is wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from release import archive, licenses, project, readme, staging, vendor
from release.bill import bill, page_bill, python_bill
from release.command import Finished, ReleaseError, run
from release.project import Revision

import sentinel_app
from tests.packaging.conftest import PROJECT

VERSION = sentinel_app.__version__
REVISION = Revision(commit='0123abc', time_s=1_790_000_000)
STATING_THE_VERSION = (
    *('install.json', 'sentinel_app/__init__.py', 'CHANGELOG.md', 'pyproject.toml'),
    *('ui/package.json', 'ui/package-lock.json'),
)


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A working copy of its own, with what is packaged and what states the version."""
    folder = tmp_path / 'sources'
    packaged = project.tracked(PROJECT, (*staging.FILES, staging.LOCK, readme.GUIDE))
    names = {*packaged, *STATING_THE_VERSION}
    for name in sorted(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    git(folder, 'init', '--quiet')
    git(folder, 'add', '.')
    git(folder, 'commit', '--quiet', '--message', 'All')
    return folder


def git(folder: Path, *arguments: str) -> str:
    own = ('-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.com')
    return subprocess.run(
        ['git', *own, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def saying(output: str, code: int = 0) -> Callable[..., Finished]:
    """A program that only says something."""

    def run(
        _arguments: Sequence[str], _folder: Path, _added: Mapping[str, str] | None = None
    ) -> Finished:
        return Finished(code=code, output=output)

    return run


# -- the working copy


def test_agreeing_versions_are_one(sources: Path) -> None:
    assert project.agreed_version(sources) == VERSION


@pytest.mark.parametrize('name', STATING_THE_VERSION)
def test_file_with_another_version_is_reported(sources: Path, name: str) -> None:
    text = (sources / name).read_text()
    (sources / name).write_text(text.replace(VERSION, '99.0.7', 1))
    with pytest.raises(ReleaseError, match=r'The versions do not agree: .*99\.0\.7'):
        project.agreed_version(sources)


def test_commit_is_known_only_of_a_working_copy_without_changes(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv('SOURCE_DATE_EPOCH', raising=False)
    commit, time_s = git(sources, 'show', '-s', '--format=%H %ct').split()
    assert project.revision(sources) == Revision(commit=commit, time_s=int(time_s))
    (sources / 'run.py').write_text('changed')
    assert project.revision(sources) == Revision(commit=None, time_s=int(time_s))
    monkeypatch.setenv('SOURCE_DATE_EPOCH', '1790000000')
    assert project.revision(sources).time_s == 1_790_000_000


def test_sources_without_version_control_are_used_as_they_are(
    sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('GIT_CEILING_DIRECTORIES', str(sources.parent))
    monkeypatch.delenv('SOURCE_DATE_EPOCH', raising=False)
    (sources / 'sentinel_app' / '__pycache__').mkdir()
    (sources / 'sentinel_app' / '__pycache__' / 'x.pyc').touch()
    shutil.rmtree(sources / '.git')
    assert project.tracked(sources, ('sentinel_app', 'run.py')) == (
        'run.py',
        'sentinel_app/__init__.py',
    )
    revision = project.revision(sources)
    assert revision.commit is None
    assert revision.time_s > 0


# -- the copy


def test_copy_holds_what_is_under_version_control_and_nothing_else(
    sources: Path, tmp_path: Path
) -> None:
    for stray in ('sentinel_app/stray.py', 'notes.md', 'app_inputs.json', '.env'):
        (sources / stray).write_text('{}')
    staging.stage(sources, tmp_path / 'copy')
    files = {str(file.relative_to(tmp_path / 'copy')) for file in each_file(tmp_path / 'copy')}
    assert files == {*staging.FILES, staging.LOCK, 'sentinel_app/__init__.py'}
    assert project.untracked(sources, ('sentinel_app',)) == ('sentinel_app/stray.py',)


def test_copy_names_the_commit_that_it_was_made_from(sources: Path, tmp_path: Path) -> None:
    staging.stage(sources, tmp_path / 'copy', '0123abc')
    named = json.loads((tmp_path / 'copy' / 'install.json').read_text())
    assert named.pop('commitHash') == '0123abc'
    assert named == json.loads((sources / 'install.json').read_text())


def test_two_copies_are_the_same(tmp_path: Path) -> None:
    copies = []
    for name in ('one', 'two'):
        staging.stage(PROJECT, tmp_path / name)
        copies.append(
            {
                str(f.relative_to(tmp_path / name)): f.read_bytes()
                for f in each_file(tmp_path / name)
            }
        )
    assert copies[0] == copies[1]
    assert len(copies[0]) > 100


def test_missing_file_and_missing_page_are_reported(sources: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match='The page is not built: run make ui'):
        staging.stage_page(sources, tmp_path / 'copy')
    git(sources, 'rm', '--quiet', 'NOTICE')
    with pytest.raises(ReleaseError, match='not under version control: NOTICE'):
        staging.stage(sources, tmp_path / 'copy')


def test_readme_of_the_package_keeps_links_to_what_lies_beside_it() -> None:
    text = '# App\n\nWhat it is.\n\n![A picture](docs/images/a.png)\n\n## Try it\n\nmake run\n'
    guide = (
        '# Installing\n\nSee [the limits](operations.md#limits), [LICENSE](LICENSE), '
        '[a page](https://example.com/).\n\n   ![Another](images/b.png)\n\n## Inputs\n\nx\n'
    )
    assert readme.packaged(text, guide, ['LICENSE']) == (
        '# App\n\nWhat it is.\n\n## Installing\n\nSee the limits, [LICENSE](LICENSE), '
        '[a page](https://example.com/).\n\n## Inputs\n\nx\n\n'
        'This guide is in ui/dist/help/install.html too, with its pictures, beside the others that '
        'it names; in the App, they are under About.\n'
    )


# -- the vendor's command


@pytest.fixture(scope='module')
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('definitions')
    staging.stage(PROJECT, folder)
    return folder


def test_definitions_are_valid(definitions: Path) -> None:
    assert 'passed' in vendor.validate(definitions)


@pytest.mark.parametrize(
    ('name', 'content', 'told'),
    [
        ('layout.json', '{"inputs": [], "outputs": []}', 'retention_days'),
        ('layout.json', '{', 'layout.json'),
        ('install.json', '{', 'install.json'),
        ('install.json', '{}', 'displayName'),
        ('run.py', 'def', 'run.py'),
    ],
)
def test_wrong_definition_is_reported_whatever_the_exit_code(
    definitions: Path, tmp_path: Path, name: str, content: str, told: str
) -> None:
    shutil.copytree(definitions, tmp_path / 'app')
    (tmp_path / 'app' / name).write_text(content)
    with pytest.raises(ReleaseError, match='tcex validate failed') as caught:
        vendor.validate(tmp_path / 'app')
    assert told in str(caught.value)


def test_name_with_blanks_makes_no_package(definitions: Path, tmp_path: Path) -> None:
    shutil.copytree(definitions, tmp_path / 'app')
    file = tmp_path / 'app' / 'tcex.json'
    file.write_text(file.read_text().replace('TCVA_-_', 'TCVA - '))
    with pytest.raises(ReleaseError, match='tcex package failed'):
        vendor.make_package(tmp_path / 'app')


def test_silent_command_has_not_made_a_package(tmp_path: Path) -> None:
    for said in ('', 'Package written', '{"package_data": {}}'):
        with pytest.raises(ReleaseError, match='it did not say what it found'):
            vendor.make_package(tmp_path, saying(said))
    unseen = json.dumps({'package_data': {}, 'validation_data': {'errors': ['x is wrong']}})
    assert vendor.package_problems(f'...\n{unseen}')[0] == 'x is wrong'
    assert 'run.py (fileSyntax) was not looked at' in vendor.package_problems(unseen)


def test_missing_dependencies_are_reported(definitions: Path, tmp_path: Path) -> None:
    shutil.copytree(definitions, tmp_path / 'app')
    with pytest.raises(ReleaseError, match=r'did not install what is locked: .*falcon 4\.4\.0'):
        vendor.make_bundle(tmp_path / 'app', saying('No network', 1))


def test_unlocked_packages_take_no_part_in_the_build(tmp_path: Path) -> None:
    given: dict[str, str] = {}

    def run(
        _arguments: Sequence[str], _folder: Path, added: Mapping[str, str] | None = None
    ) -> Finished:
        given.update(added or {})
        return Finished(code=0, output='')

    (tmp_path / 'requirements.lock').write_text('falcon==4.4.0 \\\n    --hash=sha256:00\n')
    with pytest.raises(ReleaseError):
        vendor.make_bundle(tmp_path, run)
    info = 'stray-1.0.dist-info'
    with zipfile.ZipFile(tmp_path / 'stray-1.0-py3-none-any.whl', 'w') as wheel:
        wheel.writestr(f'{info}/METADATA', 'Metadata-Version: 2.1\nName: stray\nVersion: 1.0\n')
        wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any\n')
        wheel.writestr(f'{info}/RECORD', '')
    pip = (sys.executable, '-m', 'pip', 'install', '--dry-run', '--no-index')
    shown = subprocess.run(
        [*pip, '--find-links', str(tmp_path), 'stray==1.0'],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Hashes are required in --require-hashes mode' in shown.stdout + shown.stderr
    assert given['PIP_NO_BUILD_ISOLATION'] == '0'
    assert given['PIP_NO_COMPILE'] == '0'
    assert given['PIP_NO_DEPS'] == '1'


def test_other_installer_that_the_vendors_command_prefers_is_kept_from_it(tmp_path: Path) -> None:
    (tmp_path / 'requirements.lock').write_text('falcon==4.4.0 \\\n    --hash=sha256:00\n')
    seen: list[int] = []

    def run(
        _arguments: Sequence[str], _folder: Path, added: Mapping[str, str] | None = None
    ) -> Finished:
        found = shutil.which('uv', path=(added or {})['PATH'])
        assert found is not None
        seen.append(subprocess.run([found, '--help'], check=False).returncode)
        return Finished(code=0, output='')

    with pytest.raises(ReleaseError):
        vendor.make_bundle(tmp_path, run)
    assert seen == [1]


def test_unrequested_dependencies_are_reported(tmp_path: Path) -> None:
    (tmp_path / 'requirements.lock').write_text('falcon==4.4.0 \\\n    --hash=sha256:00\n')
    for name in ('falcon-4.4.0', 'stray-1.0'):
        info = tmp_path / 'deps' / f'{name}.dist-info'
        info.mkdir(parents=True)
        own, _, version = name.partition('-')
        (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {own}\nVersion: {version}\n')
    with pytest.raises(ReleaseError, match='what is not locked: stray'):
        vendor.make_bundle(tmp_path, saying(''))


# -- the archive


def made(folder: Path, **changes: bytes | None) -> Path:
    """A small package with all that belongs into one; `changes` by path, None leaves out."""
    path = folder / 'App_v1.tcx'
    files: dict[str, bytes | None] = dict.fromkeys(
        archive.TOP - {'deps', 'ui', 'sentinel_app'}, b'x'
    )
    files |= {'deps/x.py': b'x', 'sentinel_app/x.py': b'x', 'ui/dist/index.html': b'<html>'}
    files['install.json'] = (PROJECT / 'install.json').read_bytes()
    with zipfile.ZipFile(path, 'w') as written:
        for name, content in {**files, **changes}.items():
            if content is not None:
                written.writestr(f'App_v1/{name}', content)
    return path


def test_complete_package_is_released_with_its_facts(tmp_path: Path) -> None:
    facts = archive.looked_through(made(tmp_path), PROJECT, '0123abc')
    assert (facts.version, facts.commit) == (VERSION, '0123abc')
    assert facts.size_bytes == facts.path.stat().st_size


@pytest.mark.parametrize(
    ('name', 'content', 'told'),
    [
        ('docs/install.md', b'x', 'docs does not belong there'),
        ('tests/x.py', b'x', 'tests does not belong there'),
        ('ui/src/main.tsx', b'x', 'ui/src/main.tsx is not of the built page'),
        ('ui/dist/node_modules/x.js', b'x', 'node_modules/x.js does not belong there'),
        ('ui/dist/index.html', None, 'the built page is missing'),
        ('sbom.cdx.json', None, 'sbom.cdx.json is missing'),
        ('deps/x.py', None, 'deps is missing'),
        ('../x.py', b'x', '.. does not belong there'),
        ('install.json', b'{"appId": "another"}', 'appId is another'),
    ],
)
def test_faulty_package_is_not_released(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    with pytest.raises(ReleaseError, match='is not as it should be') as caught:
        archive.looked_through(made(tmp_path, **{name: content}), PROJECT, None)
    assert told in str(caught.value)


def test_same_content_makes_the_same_file(tmp_path: Path) -> None:
    packages = []
    for name, order in (('one', 1), ('two', -1)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / 'App_v1.tcx'
        with zipfile.ZipFile(path, 'w') as written:
            for part in ('App_v1/', 'App_v1/a.py', 'App_v1/b.py')[::order]:
                entry = zipfile.ZipInfo(part, (2026, 1, 2 + order, 0, 0, 0))
                entry.external_attr = (0o600 + order) << 16
                written.writestr(entry, b'' if part.endswith('/') else b'content' * 99)
        archive.normalize(path, 1_790_000_000)
        packages.append(path.read_bytes())
    assert packages[0] == packages[1]
    with zipfile.ZipFile(path) as written:
        assert written.namelist() == ['App_v1/', 'App_v1/a.py', 'App_v1/b.py']
        assert written.read('App_v1/a.py') == b'content' * 99
        assert written.infolist()[1].date_time == (2026, 9, 21, 14, 13, 20)


# -- what is brought along


def installed(folder: Path, name: str, version: str, **files: str) -> None:
    """Put a Python package into a folder, with files about itself."""
    info = folder / f'{name}-{version}.dist-info'
    info.mkdir(parents=True)
    head = f'Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense: BSD\n'
    for own, text in {'METADATA': head, **files}.items():
        (info / own).write_text(text)
    listed = [f'{info.name}/{own},,' for own in ('METADATA', *files, 'RECORD')]
    (info / 'RECORD').write_text('\n'.join(listed))


@pytest.fixture(scope='module')
def page() -> dict[str, Any]:
    return page_bill(PROJECT)


def test_bill_of_materials_depends_only_on_its_contents(
    tmp_path: Path, page: dict[str, Any]
) -> None:
    installed(tmp_path, 'falcon', '4.4.0')
    python = python_bill(tmp_path)
    one, two, other = (
        bill(python, page, PROJECT, REVISION, version) for version in ('1.0.0', '1.0.0', '1.0.1')
    )
    assert one == two
    assert json.loads(other)['serialNumber'] != json.loads(one)['serialNumber']
    parts = {part['name']: part for part in json.loads(one)['components']}
    assert parts['falcon']['licenses'] == [{'license': {'name': 'BSD'}}]
    assert parts['react']['hashes'][0]['alg'] == 'SHA-512'
    (app,) = (e for e in json.loads(one)['dependencies'] if e['ref'] == 'ms-sentinel@1.0.0')
    assert {'falcon==4.4.0', parts['react']['bom-ref']} <= set(app['dependsOn'])


def test_bill_that_no_program_could_read_is_told(page: dict[str, Any]) -> None:
    part = {'bom-ref': 'x', 'name': 'x', 'type': 'no such type', 'licenses': []}
    python = {'components': [part], 'dependencies': [{'ref': 'x'}]}
    with pytest.raises(ReleaseError, match='no CycloneDX document'):
        bill(python, page, PROJECT, REVISION, '1.0.0')


def test_tool_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match='cyclonedx-py failed'):
        python_bill(tmp_path, saying('', 2))


def test_equal_license_texts_stand_there_once_and_those_of_the_page_last(tmp_path: Path) -> None:
    for name in ('requests', 'falcon'):
        installed(tmp_path, name, '1.0', LICENSE='Apache ...', NOTICE=f'Notice of {name}')
    (tmp_path / 'licenses.txt').write_text('MIT ...')
    text = licenses.texts(tmp_path, tmp_path / 'licenses.txt')
    assert text.count('Apache ...') == 1
    assert 'falcon 1.0, requests 1.0\n' in text
    assert 'Notice of falcon' in text
    assert text.endswith('MIT ...')


def test_package_without_a_license_text_is_reported(tmp_path: Path) -> None:
    installed(tmp_path, 'falcon', '1.0', LICENSE='Apache ...')
    installed(tmp_path, 'stray', '1.0')
    with pytest.raises(ReleaseError, match='No license text comes with stray'):
        licenses.texts(tmp_path, tmp_path / 'licenses.txt')


def test_license_texts_kept_here_are_all_needed(page: dict[str, Any]) -> None:
    kept = {file.stem for file in licenses.KEPT.iterdir()}
    names = {part['name'].replace('/', '__') for part in page['components']}
    assert kept <= names | set(project.locked(PROJECT))


def test_missing_program_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match='no-such-program is not installed'):
        run(['no-such-program'], tmp_path)


def each_file(folder: Path) -> list[Path]:
    return [file for file in folder.rglob('*') if file.is_file()]
