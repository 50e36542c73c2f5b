"""What is asked about the packages that are brought along, and what is made of the answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from release.audit import Verdict, audit, worst
from release.command import Finished, ReleaseError
from release.update import Old, old_packages, table

from tests.packaging.conftest import PROJECT

CLEAN = {'dependencies': [{'name': 'falcon', 'version': '4.4.0', 'vulns': []}]}
WEAK = {
    'dependencies': [
        {
            'name': 'requests',
            'version': '2.34.2',
            'vulns': [{'id': 'PYSEC-2027-1', 'fix_versions': ['2.34.3']}],
        },
        {'name': 'tcex', 'skip_reason': 'not found'},
    ]
}
NPM_CLEAN: dict[str, Any] = {
    'vulnerabilities': {},
    'metadata': {'dependencies': {'prod': 42}},
}
NPM_WEAK = {
    'vulnerabilities': {'react': {'severity': 'high', 'range': '<19.3.2'}},
    'metadata': {'dependencies': {'prod': 42}},
}
OUTDATED = [{'name': 'pydantic_core', 'version': '2.50.4', 'latest_version': '2.50.5'}]
NPM_OUTDATED = {
    'vite': {'current': '8.3.8', 'latest': '8.4.0', 'type': 'devDependencies'},
    'react': {'current': '19.3.1', 'latest': '19.4.0', 'type': 'dependencies'},
}


class Tools:
    """Programs that answer as they are told, and remember how they were called."""

    def __init__(self, python: Finished, npm: Finished) -> None:
        self._python = python
        self._npm = npm
        self.calls: list[tuple[tuple[str, ...], Path]] = []

    def __call__(
        self, arguments: Sequence[str], folder: Path, added: Mapping[str, str] | None = None
    ) -> Finished:
        self.calls.append((tuple(arguments), folder))
        return self._npm if arguments[0] == 'npm' else self._python


def answering(content: object, code: int = 0, errors: str = '') -> Finished:
    return Finished(code=code, output=json.dumps(content), errors=errors)


# -- audit


def test_no_known_weakness_is_said_with_the_number_of_packages() -> None:
    tools = Tools(answering(CLEAN), answering(NPM_CLEAN))
    audits = audit(PROJECT, tools)
    assert [each.verdict for each in audits] == [Verdict.CLEAN, Verdict.CLEAN]
    assert audits[1].lines == ('no known weakness in 42 packages',)
    assert worst(audits) == 0
    (python, at), (npm, beside) = tools.calls
    assert python[1:5] == ('-m', 'pip_audit', '--requirement', 'requirements.lock')
    assert at == PROJECT
    assert npm == ('npm', 'audit', '--json', '--omit=dev')
    assert beside == PROJECT / 'ui'


def test_a_weakness_is_said_with_the_version_that_mends_it() -> None:
    audits = audit(PROJECT, Tools(answering(WEAK, 1), answering(NPM_WEAK, 1)))
    assert audits[0].lines[0] == 'requests 2.34.2: PYSEC-2027-1, mended in 2.34.3'
    assert audits[1].lines == ('react: high, versions <19.3.2',)
    assert worst(audits) == 1


@pytest.mark.parametrize(
    ('python', 'said'),
    [
        (
            Finished(code=1, output='', errors='ERROR:pip_audit._cli:connection refused\n'),
            'connection refused',
        ),
        (Finished(code=1, output=''), 'exit code 1'),
        (
            answering({'dependencies': [{'name': 'falcon', 'skip_reason': 'not found on PyPI'}]}),
            'not found on PyPI',
        ),
        (answering([]), '[]'),
    ],
)
def test_a_service_that_does_not_answer_is_never_taken_for_a_good_sign(
    python: Finished, said: str
) -> None:
    first, second = audits = audit(PROJECT, Tools(python, answering(NPM_CLEAN)))
    assert first.verdict is Verdict.UNKNOWN
    assert first.lines[0].startswith('The advisory service could not be asked, so nothing is known')
    assert said in first.lines[1]
    assert second.verdict is Verdict.CLEAN
    assert worst(audits) == 2


@pytest.mark.parametrize(
    ('npm', 'said'),
    [
        (answering({'message': '405 Method Not Allowed', 'error': {'summary': ''}}, 1), '405'),
        (answering({'error': {'summary': 'getaddrinfo ENOTFOUND'}}, 1), 'ENOTFOUND'),
        (Finished(code=1, output='', errors='npm error audit endpoint'), 'audit endpoint'),
    ],
)
def test_a_registry_without_advisories_is_never_taken_for_a_good_sign(
    npm: Finished, said: str
) -> None:
    audits = audit(PROJECT, Tools(answering(CLEAN), npm))
    assert audits[1].verdict is Verdict.UNKNOWN
    assert said in audits[1].lines[1]
    assert worst(audits) == 2


def test_one_package_that_nobody_knows_leaves_the_whole_unknown() -> None:
    found = {'dependencies': [*CLEAN['dependencies'], {'name': 'tcex', 'skip_reason': 'not found'}]}
    first, _ = audit(PROJECT, Tools(answering(found), answering(NPM_CLEAN)))
    assert first.verdict is Verdict.UNKNOWN
    assert first.lines == ('tcex: not found',)


def test_a_weakness_counts_more_than_what_is_not_known() -> None:
    audits = audit(PROJECT, Tools(answering(WEAK, 1), Finished(code=1, output='')))
    assert worst(audits) == Verdict.WEAK


# -- updates


def test_what_is_old_is_listed_with_who_needs_it_the_delivered_first() -> None:
    old = old_packages(PROJECT, Tools(answering(OUTDATED), answering(NPM_OUTDATED, 1)))
    assert table(old).splitlines() == [
        '        package        locked  newest  needed by',
        'Python  pydantic_core  2.50.4  2.50.5  App',
        'npm     react          19.3.1  19.4.0  page',
        'npm     vite           8.3.8   8.4.0   tests and build',
    ]


def test_nothing_old_is_said() -> None:
    assert table(old_packages(PROJECT, Tools(answering([]), answering({})))) == 'Nothing is old.'
    one = Old(kind='npm', name='x', version='1', newest='2', use='page')
    assert 'Nothing' not in table((one,))


@pytest.mark.parametrize(
    ('python', 'npm', 'told'),
    [
        (
            answering([], errors='WARNING: Retrying after connection broken'),
            answering({}),
            'The index of Python packages could not be asked',
        ),
        (Finished(code=1, output=''), answering({}), 'The index of Python packages'),
        (answering([]), Finished(code=1, output=''), 'The registry of npm packages'),
        (
            answering([]),
            answering({'error': {'code': 'ENOTFOUND'}}, 1),
            'The registry of npm packages',
        ),
        (answering([]), Finished(code=1, output='npm error'), 'The registry of npm packages'),
    ],
)
def test_a_registry_that_does_not_answer_is_told(
    python: Finished, npm: Finished, told: str
) -> None:
    with pytest.raises(ReleaseError, match=told):
        old_packages(PROJECT, Tools(python, npm))


@pytest.mark.parametrize('name', ['requirements.lock', 'requirements-dev.lock'])
@pytest.mark.parametrize('python', ['3.11.0', '3.11.2', '3.11.99'])
def test_a_lock_serves_every_release_of_the_language_version(name: str, python: str) -> None:
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
