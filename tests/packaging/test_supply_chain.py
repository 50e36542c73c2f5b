"""The lock files, and the audit of what they name."""

from __future__ import annotations

import os
import re
import subprocess
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.packaging.conftest import MADE, PROJECT

NOWHERE = 'http://127.0.0.1:9/'


@pytest.fixture(scope='module')
def audited() -> subprocess.CompletedProcess[str]:
    """An audit on a machine that reaches nobody."""
    environment = {name: value for name, value in os.environ.items() if name != 'MAKEFLAGS'}
    unreachable = dict.fromkeys(('HTTPS_PROXY', 'HTTP_PROXY', 'npm_config_registry'), NOWHERE)
    return subprocess.run(
        ['make', '--no-print-directory', *MADE, 'audit'],
        cwd=PROJECT,
        env={**environment, **unreachable, 'npm_config_fetch_retries': '0'},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_advisory_service_that_does_not_answer_is_never_taken_for_a_good_sign(
    audited: subprocess.CompletedProcess[str],
) -> None:
    assert audited.returncode != 0
    said = audited.stdout + audited.stderr
    assert 'No known vulnerabilities' not in said
    assert 'found 0 vulnerabilities' not in said


def test_both_services_are_asked_even_if_the_first_does_not_answer(
    audited: subprocess.CompletedProcess[str],
) -> None:
    assert 'ProxyError' in audited.stderr
    assert 'audit endpoint returned an error' in audited.stderr


@pytest.mark.parametrize('name', ['requirements.lock', 'requirements-dev.lock'])
@pytest.mark.parametrize('python', ['3.11.0', '3.11.2', '3.11.99'])
def test_lock_serves_every_release_of_the_language_version(name: str, python: str) -> None:
    text = (PROJECT / name).read_text()
    pinned = {canonicalize_name(found) for found in re.findall(r'^([\w.-]+)==', text, re.MULTILINE)}
    missing = {
        f'{found} needs {needed}'
        for found in pinned
        for needed in map(Requirement, metadata.requires(found) or ())
        if needed.marker is None
        or needed.marker.evaluate(
            {'python_full_version': python, 'python_version': '3.11', 'extra': ''}
        )
        if canonicalize_name(needed.name) not in pinned
    }
    assert missing == set()
