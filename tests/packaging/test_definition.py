"""install.json, layout.json and tcex.json agree with the settings and with what tcex accepts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

import sentinel_app
from sentinel_app.config.settings import (
    LABELS,
    SECRET_INPUTS,
    TTL_INPUTS,
    AzureCloud,
    MaxTlp,
    PatternStyle,
    UiAccess,
    WithdrawPolicy,
    read_settings,
)
from sentinel_app.core.context_choice import ContextChoice
from tests.harness.project import PROJECT

GUID = '9c2d7d5e-4d8a-4a53-8e0f-1b6f6f5e2a11'
REQUIRED = {
    'client_id',
    'client_secret',
    'tenant_id',
    'workspace_id',
    'sentinel_source_name',
    'threatconnect_access_id',
    'threatconnect_secret_key',
    'schedule_interval_hours',
    *TTL_INPUTS.values(),
}
SEVERAL = {'never_send', 'actor_group_types', 'admin_roles', 'notify'}
CHOICES = {
    'azure_cloud': AzureCloud,
    'withdraw_indicators': WithdrawPolicy,
    'pattern_style': PatternStyle,
    'max_tlp': MaxTlp,
    'context_objects': ContextChoice,
    'ui_access': UiAccess,
}
DEFAULTS = {
    'schedule_interval_hours': '1',
    **dict.fromkeys(TTL_INPUTS.values(), '720'),
    'azure_cloud': 'Public',
    'reconcile_interval_hours': '168',
    'verify_interval_hours': '24',
    'match_interval_hours': '1',
    'withdraw_indicators': 'Deleted in ThreatConnect',
    'withdraw_limit_percent': '20',
    'requests_per_minute': '100',
    'pattern_style': 'As in the guide',
    'max_tlp': 'All',
    'context_objects': 'None',
    'ui_access': 'Any signed-in user',
    'retention_days': '30',
}


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((PROJECT / name).read_text())
    return loaded


INSTALL = load('install.json')
PARAMS: dict[str, dict[str, Any]] = {param['name']: param for param in INSTALL['params']}


def test_definition_is_that_of_this_app() -> None:
    expected = {
        'displayName': 'Microsoft Sentinel',
        'displayPath': 'ms_sentinel',
        'languageVersion': '3.11',
        'listDelimiter': '|',
        'minServerVersion': '7.2.0',
        'programLanguage': 'PYTHON',
        'programMain': 'run.py',
        'runtimeLevel': 'ApiService',
        'sdkVersion': '5.0.0',
        'appId': 'b65d7d99-80d5-5e57-a1e2-71d9044ebbc0',  # never changes
    }
    assert {key: INSTALL[key] for key in expected} == expected
    assert uuid.UUID(INSTALL['appId']).version == 5
    assert {'linkApiPath', 'layoutEnabledApp', 'fileParams'} <= set(INSTALL['features'])
    assert (PROJECT / INSTALL['programMain']).is_file()


def test_versions_agree() -> None:
    project = tomllib.loads((PROJECT / 'pyproject.toml').read_text())['project']
    assert INSTALL['programVersion'] == sentinel_app.__version__ == project['version']
    assert project['requires-python'].startswith(f'>={INSTALL["languageVersion"]}')
    requirements = (PROJECT / 'requirements.txt').read_text()
    assert f'tcex~={INSTALL["sdkVersion"]}' in requirements


def test_every_input_of_the_settings_is_defined_in_their_order_and_no_other() -> None:
    assert {name: param['label'] for name, param in PARAMS.items()} == dict(LABELS)
    assert list(PARAMS) == list(LABELS)
    assert [param['sequence'] for param in INSTALL['params']] == list(range(1, len(LABELS) + 1))


@pytest.mark.parametrize('name', list(LABELS))
def test_input_is_defined_as_it_is_read(name: str) -> None:
    param = PARAMS[name]
    assert param['required'] is (name in REQUIRED)
    assert param.get('default') == DEFAULTS.get(name)
    assert param.get('encrypt', False) is (name in SECRET_INPUTS)
    assert param['serviceConfig'] is (name != 'retention_days')
    assert param.get('allowMultiple', False) is (name in SEVERAL)
    assert param['type'] == ('Choice' if name in CHOICES else 'String')
    assert len(param['note']) >= 40
    assert param['note'].endswith(('.', 'private'))
    assert not name.startswith('tc_'), 'the framework would take it for its own'


@pytest.mark.parametrize('name', list(LABELS))
def test_input_offers_what_it_accepts(name: str) -> None:
    offered = PARAMS[name].get('validValues', [])
    if name in CHOICES:
        assert offered == [choice.value for choice in CHOICES[name]]
    elif PARAMS[name]['serviceConfig']:
        store = 'KEYCHAIN' if name in SECRET_INPUTS else 'TEXT'
        assert offered == [f'${{ORGANIZATION:{store}}}', f'${{USER:{store}}}']
    else:
        assert offered == []


def test_defaults_are_valid_settings() -> None:
    inputs = {name: param.get('default') for name, param in PARAMS.items()}
    inputs |= dict.fromkeys(('client_id', 'tenant_id', 'workspace_id'), GUID)
    inputs |= {name: 'some-value' for name in REQUIRED if not inputs.get(name)}
    settings = read_settings(inputs)
    without = read_settings({name: inputs[name] for name in REQUIRED})
    assert settings == without, 'a default of the form is the default of the code'


def test_layout_lists_what_the_service_configuration_does_not() -> None:
    layout = load('layout.json')
    listed = [entry['name'] for part in layout['inputs'] for entry in part['parameters']]
    assert listed == [name for name, param in PARAMS.items() if not param['serviceConfig']]


def test_package_keeps_its_name() -> None:
    package = load('tcex.json')['package']
    assert package['app_name'] == 'TCVA_-_Microsoft_Sentinel'
    assert 'app_version' not in package
    assert package['excludes'] == sorted(set(package['excludes'])), 'as tcex writes it'


@pytest.mark.parametrize('name', ['offline', 'keychain', 'sandbox'])
def test_profile_sets_every_input_and_holds_no_secret(name: str) -> None:
    profile = load(f'tcex.d/profiles/{name}.json')
    assert set(profile) == {'description', 'inputs', 'stage'}
    inputs = profile['inputs']
    assert set(LABELS) <= set(inputs)
    for own in SECRET_INPUTS | {'tc_api_secret_key', 'client_id', 'tc_api_path'}:
        assert re.fullmatch(r'(&\{TC:KEYCHAIN:)?\$\{env\.[A-Z_]+\}\}?', inputs[own])
    kept = {own for own, value in inputs.items() if str(value).startswith('&{')}
    assert kept == (SECRET_INPUTS if name == 'keychain' else set())
    names = set(re.findall(r'\$\{env\.([A-Z_]+)\}', json.dumps(profile)))
    documented = (PROJECT / 'tcex.d' / 'README.md').read_text()
    assert {name for name in names if f'`{name}`' not in documented} == set()


def tcex(folder: Path, *arguments: str) -> str:
    """What the tool says; its exit code says nothing."""
    result = subprocess.run(
        [str(Path(sys.executable).with_name('tcex')), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The App as it is packaged, with a built page and with what must stay behind."""
    folder = tmp_path / 'ms_sentinel'
    folder.mkdir()
    for path in PROJECT.iterdir():
        if path.is_file() and path.suffix in {'.py', '.json', '.txt', '.lock', '.toml', '.md'}:
            shutil.copy(path, folder)
    shutil.copytree(
        PROJECT / 'sentinel_app', folder / 'sentinel_app', ignore=shutil.ignore_patterns('*.pyc')
    )
    for name in (
        'ui/dist/index.html',
        'ui/dist/assets/index-abc.js',
        'ui/dist/assets/tests/x.js',
        'ui/src/main.tsx',
        'ui/node_modules/react/index.js',
        'ui/index.html',
        'ui/package.json',
        'ui/vite.config.ts',
        'ui/.eslintcache',
        'ui/demo/x.ts',
        'deps/falcon/__init__.py',
        'deps/falcon/tests/__init__.py',
        'docs/adr/0001.md',
        'tcex.d/profiles/offline.json',
        'tests/test_x.py',
        '.ci/run',
        '.devcontainer/devcontainer.json',
        '.editorconfig',
        '.github/workflows/ci.yml',
        '.pre-commit-config.yaml',
        '.python-version',
        '.env',
        '.run/state.db',
        '.mypy_cache/x',
        'Makefile',
        'coverage.xml',
        'log/app.log',
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('x = 1\n' if name.endswith('.py') else '{}')
    return folder


def test_package_made_with_the_vendors_command_holds_what_runs_and_nothing_else(
    copied: Path,
) -> None:
    output = tcex(copied, 'package')
    assert not re.search(r'validation errors|failed', output, re.IGNORECASE), output
    (package,) = (copied / 'target').glob('*.tcx')
    assert package.name == 'TCVA_-_Microsoft_Sentinel_v2.tcx'
    with zipfile.ZipFile(package) as archive:
        names = [name for name in archive.namelist() if not name.endswith('/')]
        top = {name.split('/', 1)[0] for name in names}
        inside = {name.split('/', 1)[1] for name in names}
        packed = json.loads(archive.read('TCVA_-_Microsoft_Sentinel_v2/install.json'))
    assert top == {'TCVA_-_Microsoft_Sentinel_v2'}
    ui = {name for name in inside if name.startswith('ui/')}
    assert ui == {
        'ui/dist/index.html',
        'ui/dist/assets/index-abc.js',
        'ui/dist/assets/tests/x.js',
    }
    assert {'run.py', 'app.py', 'app_lib.py', 'install.json', 'requirements.txt'} <= inside
    assert {'deps/falcon/__init__.py', 'sentinel_app/platform/wsgi_bridge.py'} <= inside
    for sources in (
        'sentinel_app/log.py',
        'sentinel_app/config/settings.py',
        'sentinel_app/errors.py',
    ):
        assert sources in inside
    left_out = (
        '.',
        'CONTRIBUTING',
        'Makefile',
        'SECURITY',
        'docs',
        'tcex.d',
        'tests',
        'coverage',
        'log/',
        'pyproject',
    )
    assert [name for name in inside if name.startswith(left_out)] == []
    assert [name for name in inside if name.endswith(('.lock', 'requirements-dev.txt'))] == []
    assert packed['appId'] == INSTALL['appId']
    assert packed['programVersion'] == INSTALL['programVersion']
    assert {param['name'] for param in packed['params']} == set(LABELS)
    assert set(packed['features']) == set(INSTALL['features'])
