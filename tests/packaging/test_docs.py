"""The documents keep up with the code: inputs, routes, codes, figures, links, versions."""

from __future__ import annotations

import importlib.util
import json
import re
import struct
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from license_expression import get_spdx_licensing
from release import licenses, project

import sentinel_app
from sentinel_app.api.calls import CALLS
from sentinel_app.api.openapi import document
from sentinel_app.config.settings import LABELS
from sentinel_app.container.stores import DOCUMENTS_FILE
from sentinel_app.container.tasks import UPLOAD_THREADS
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import JobStatus, Outcome
from sentinel_app.core.task import TASK_FACTS
from sentinel_app.sentinel.refusal import REMEDIES
from tests.harness import api_reference
from tests.harness.project import PROJECT

DOCS = PROJECT / 'docs'
GUIDES = (
    PROJECT / 'README.md',
    PROJECT / 'CHANGELOG.md',
    PROJECT / 'CONTRIBUTING.md',
    PROJECT / 'SECURITY.md',
    PROJECT / 'tcex.d' / 'README.md',
    *sorted(DOCS.rglob('*.md')),
)
ADRS = sorted((DOCS / 'adr').glob('*.md'))
CODE = re.compile(r"'((?:TC|AZ|MAP|RUN|APP)-[A-Z0-9][A-Z0-9-]*|NET)'")
PAGE_CODE = re.compile(r"'(PAGE-[A-Z]+)'")
LARGEST_IMAGE_BYTES = 200_000
MEASURED = frozenset({DOCS / 'benchmarks.md', DOCS / 'invariants.md'})
"""Written from the runs that they tell of; links to them wait until then, and say so."""


@cache
def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding='utf-8')


@cache
def sources() -> str:
    """The App's own Python."""
    files = [PROJECT / 'app.py', PROJECT / 'run.py', *(PROJECT / 'sentinel_app').rglob('*.py')]
    return '\n'.join(file.read_text(encoding='utf-8') for file in files)


@cache
def tracked() -> tuple[Path, ...]:
    """All text files of the project that are under version control."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z'], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip('this is no working copy, so nobody knows which files belong to the project')
    files = [PROJECT / name for name in listed.stdout.split('\0') if name]
    return tuple(file for file in files if file.is_file() and b'\0' not in file.read_bytes())


def figure(name: str) -> int:
    """A constant of the App, wherever it is kept."""
    (value,) = re.findall(rf'^{name}(?:: \w+)? = ([\d_]+)$', sources(), re.MULTILINE)
    return int(value)


def code_in(markdown: str) -> str:
    """What stands between fences or backticks."""
    fenced = re.findall(r'^```\w*\n(.*?)^```', markdown, re.MULTILINE | re.DOTALL)
    rest = re.sub(r'^```.*?^```', '', markdown, flags=re.MULTILINE | re.DOTALL)
    return '\n'.join([*fenced, *re.findall(r'`([^`\n]+)`', rest)])


def prose_of(markdown: str) -> str:
    """The text without code, where brackets are links."""
    rest = re.sub(r'^```.*?^```', '', markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r'`[^`\n]*`', '', rest)


# -- inputs


@pytest.mark.parametrize('name', list(LABELS))
def test_every_input_is_explained(name: str) -> None:
    assert f'**{LABELS[name]}** (`{name}`)' in text('docs/install.md')
    assert f'`{name}`' in text('docs/operations.md')


def test_inputs_stand_in_the_order_of_the_form_with_what_it_shows() -> None:
    shape = re.compile(r'^\| (\d+) \| \*\*(.+?)\*\* \(`(\w+)`\)( \*)? \| (.*?) ?\| ', re.MULTILINE)
    rows = [
        (int(number), label, name, bool(star), default)
        for number, label, name, star, default in shape.findall(text('docs/install.md'))
    ]
    params = sorted(json.loads(text('install.json'))['params'], key=lambda each: each['sequence'])
    assert rows == [
        (each['sequence'], each['label'], each['name'], each['required'], each.get('default', ''))
        for each in params
    ]


def test_documents_name_no_unknown_input() -> None:
    shape = re.compile(r'\*\*[^*\n]+\*\* \(`([a-z_]+)`\)')
    assert set(shape.findall(text('docs/install.md'))) == set(LABELS)
    assert set(re.findall(r'ttl_hours_[a-z_]+', text('docs/install.md'))) <= set(LABELS)


def test_every_choice_of_an_input_is_written_out() -> None:
    for param in json.loads(text('install.json'))['params']:
        if param['type'] == 'Choice':
            row = next(
                line
                for line in text('docs/install.md').splitlines()
                if f'(`{param["name"]}`)' in line
            )
            for choice in param['validValues']:
                assert f'`{choice}`' in row, (param['name'], choice)


# -- routes, codes, events


def test_reference_of_the_api_is_current() -> None:
    assert text('docs/api.md') == api_reference.page(), 'run make gen'


def test_every_route_is_in_the_reference_and_every_call_in_a_guide_exists() -> None:
    calls = {
        f'{method.upper()} {path[1:]}'
        for path, methods in document(CALLS)['paths'].items()
        for method in methods
    }
    reference = text('docs/api.md')
    assert {call for call in calls if f'### `{call}`' not in reference} == set()
    named: set[str] = set()
    for guide in GUIDES:
        found = re.findall(
            r'\b(?:GET|PUT|POST|DELETE) api/[a-z0-9_./{}-]+', guide.read_text(encoding='utf-8')
        )
        named |= {call.rstrip('.') for call in found}
    assert named - calls == set()


def test_every_error_code_is_explained_and_no_other() -> None:
    page = '\n'.join(
        file.read_text(encoding='utf-8')
        for file in (PROJECT / 'ui' / 'src').rglob('*.ts*')
        if '.test.' not in file.name
    )
    used = set(CODE.findall(sources())) | {
        code for code in PAGE_CODE.findall(page) if code != 'PAGE-'
    }
    assert len(used) > 20
    explained = set(
        re.findall(
            r'^\| `((?:TC|AZ|MAP|RUN|APP|PAGE)-[A-Z0-9-]+|NET)`',
            text('docs/troubleshooting.md'),
            re.MULTILINE,
        )
    )
    assert explained - {'PAGE-'} == used


@pytest.mark.parametrize('part', ['## Health conditions', '## Codes of Jobs'])
def test_every_code_has_cause_remedy_and_a_sign_that_it_is_over(part: str) -> None:
    table = text('docs/troubleshooting.md').partition(f'\n{part}\n')[2].partition('\n## ')[0]
    rows = re.findall(r'^\| `[A-Za-z0-9-]+` \|.*$', table, re.MULTILINE)
    assert len(rows) > 15
    for row in rows:
        _, _, cause, remedy, over, _ = (cell.strip() for cell in re.split(r'(?<!\\)\|', row))
        assert min(map(len, (cause, remedy, over))) > 2, row


def test_every_error_of_entra_id_with_a_remedy_is_explained() -> None:
    known = set(map(int, re.findall(r'AADSTS(\d+)', text('docs/troubleshooting.md'))))
    assert known == set(REMEDIES)


def test_events_that_a_guide_mentions_are_logged() -> None:
    logged = set(re.findall(r"'([a-z]+(?:-[a-z]+)+)'", sources()))
    for guide in GUIDES:
        named = set(re.findall(r'event=([a-z]+-[a-z-]+)', guide.read_text(encoding='utf-8')))
        assert named <= logged, guide.name


def test_every_outcome_status_and_task_is_in_the_glossary() -> None:
    glossary = text('docs/glossary.md')
    assert {each for each in Outcome if f'| **{each}** |' not in glossary} == set()
    assert {each for each in JobStatus if f'*{each}*' not in glossary} == set()
    assert {each.name for each in TASK_FACTS if each.name not in glossary} == set()


# -- figures; those of the guides are in test_guide_figures.py


def test_architecture_counts_the_threads_right() -> None:
    words = {8: 'eight'}
    assert f'| upload | {words[UPLOAD_THREADS]},' in text('docs/architecture.md')
    assert f'Upload<br>{UPLOAD_THREADS} threads' in text('docs/architecture.md')


def test_every_indicator_type_has_its_example() -> None:
    for kind in IndicatorType:
        assert f'"type": "{kind}"' in text('docs/mapping.md')


# -- commands


def test_every_make_target_in_a_document_exists() -> None:
    targets = set(re.findall(r'^([a-z0-9-]+):', text('Makefile'), re.MULTILINE))
    assert {'run', 'test'} <= targets
    for guide in GUIDES:
        code = code_in(guide.read_text(encoding='utf-8'))
        named = set(re.findall(r'\bmake ([a-z][a-z0-9-]*)', code))
        assert named <= targets, guide.name


def test_contributing_lists_every_make_target() -> None:
    listed = set(re.findall(r'^\| `make ([a-z0-9-]+)`', text('docs/contributing.md'), re.MULTILINE))
    described = set(re.findall(r'^([a-z0-9-]+):.*##', text('Makefile'), re.MULTILINE))
    assert described - listed == {'run', 'test'}, 'those two stand above the table'
    assert listed <= described


def test_every_file_and_module_that_a_document_names_exists() -> None:
    named = re.compile(
        r'^(?:sentinel_app|tests|ui|docs|tcex\.d|\.ci)/[\w./-]*$|^[a-z_]+\.(?:py|json|toml)$'
    )
    beside = ('', 'sentinel_app/core/', 'docs/', 'docs/sentinel/', 'tcex.d/profiles/')
    for guide in GUIDES:
        code = code_in(guide.read_text(encoding='utf-8'))
        for word in re.split(r'[\s,;()]+', code):
            is_made = word == DOCUMENTS_FILE or word.startswith('ui/dist')
            if named.match(word) and not is_made:
                assert any((PROJECT / f'{at}{word}').exists() for at in beside), (guide.name, word)
        for module in re.findall(r'python -m ([\w.]+)', code):
            assert importlib.util.find_spec(module), (guide.name, module)


# -- links and pictures


def anchors(file: Path) -> set[str]:
    """The places of a document that a link may lead to, as code hosts name them."""
    found: set[str] = set()
    content = file.read_text(encoding='utf-8')
    for heading in re.findall(r'^#+ (.+)$', content, re.MULTILINE):
        plain = re.sub(r'[`*]|\[([^]]*)\]\([^)]*\)', r'\1', heading).strip().lower()
        found.add(re.sub(r'[^\w\- ]', '', plain).replace(' ', '-'))
    return found | set(re.findall(r'<a id="([^"]+)">', content))


def links() -> Iterator[tuple[Path, str]]:
    for guide in GUIDES:
        prose = prose_of(guide.read_text(encoding='utf-8'))
        for target in re.findall(r'\]\(([^)\s]+)\)', prose):
            if not re.match(r'[a-z]+:', target):
                yield guide, target


def test_every_link_leads_somewhere() -> None:
    checked = 0
    waiting = set()
    for guide, target in links():
        path, _, anchor = target.partition('#')
        file = (guide.parent / unquote(path)).resolve() if path else guide
        if file in MEASURED and not file.exists():
            waiting.add(file.name)
            continue
        assert file.exists(), f'{guide.name}: {target}'
        assert file.is_relative_to(PROJECT), f'{guide.name}: {target}'
        if anchor:
            assert anchor in anchors(file), f'{guide.name}: {target}'
        checked += 1
    assert checked > 50
    if waiting:
        pytest.skip(f'not written yet: {", ".join(sorted(waiting))}; all other links are right')


def test_documents_can_all_be_reached_from_the_readme() -> None:
    reached, waiting = set(), {PROJECT / 'README.md'}
    while waiting:
        guide = waiting.pop()
        reached.add(guide)
        for source, target in links():
            file = (guide.parent / target.partition('#')[0]).resolve()
            if source == guide and file.suffix == '.md' and file not in reached:
                waiting.add(file)
    assert set(DOCS.rglob('*.md')) - reached == set()


def test_pictures_are_small_and_wide_enough() -> None:
    record = DOCS / 'images' / 'pictures.json'
    pictures = sorted(set((DOCS / 'images').iterdir()) - {record})
    words = json.loads(record.read_text('utf-8'))['words']
    assert sorted(words) == [file.stem for file in pictures]
    shown = {(guide.parent / target).resolve() for guide, target in links() if '.png' in target}
    assert set(pictures) == shown
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b'\x89PNG')
        assert len(content) < LARGEST_IMAGE_BYTES
        assert struct.unpack('>I', content[16:20]) == (1280,)


# -- decisions


def test_decisions_are_numbered_without_gap_and_listed() -> None:
    assert [int(file.name[:4]) for file in ADRS] == list(range(1, len(ADRS) + 1))
    listed = text('docs/architecture.md')
    for file in ADRS:
        content = file.read_text(encoding='utf-8')
        assert content.startswith(f'# {file.name[:4]}: ')
        assert re.findall(r'^## (.+)$', content, re.MULTILINE) == [
            'Context',
            'Decision',
            'Consequences',
        ]
        assert f'(adr/{file.name})' in listed


# -- versions and licenses


def test_versions_all_agree() -> None:
    stated = project.versions(PROJECT)
    assert stated == dict.fromkeys(stated, sentinel_app.__version__)
    assert len(stated) == 7


def test_list_of_licenses_is_current() -> None:
    assert text(licenses.PAGE) == licenses.page(PROJECT), 'run make gen'


PERMISSIVE = {
    *('0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0'),
    'PSF-2.0',
    # Words of older packages.
    *('Apache Software License', 'BSD', 'BSD License'),
}
"""They ask for their text to be kept, and for nothing of the software around them."""
UNCHANGED_ONLY = {'MPL-2.0', 'Mozilla Public License 2.0 (MPL 2.0)'}
"""They ask for the source of a changed file as well. Nothing is changed here."""


def may_be_brought_along(stated: str) -> bool:
    """Whether a license, or a choice that an SPDX expression offers, asks for no more than that."""
    allowed = PERMISSIVE | UNCHANGED_ONLY
    if stated in allowed:
        return True
    licensing = get_spdx_licensing()
    parsed = licensing.parse(stated)
    known = {
        symbol: licensing.TRUE if symbol.key in allowed else licensing.FALSE
        for symbol in parsed.symbols
    }
    return parsed.subs(known, simplify=True) == licensing.TRUE


def test_bundled_packages_have_acceptable_licenses() -> None:
    rows = re.findall(r'^\| (\S+) \| \S+ \| (.+) \|$', text(licenses.PAGE), re.MULTILINE)
    stated = {name: words.split(', ') for name, words in rows if name not in {'package', '---'}}
    assert len(stated) > 80
    assert {n: each for n, each in stated.items() if not all(map(may_be_brought_along, each))} == {}


@pytest.mark.parametrize(
    ('stated', 'may_be'),
    [
        ('MIT', True),
        ('GPL-3.0-only', False),
        ('EPL-2.0 OR BSD-3-Clause', True),
        ('MPL-2.0 AND (Apache-2.0 OR MIT)', True),
        ('GPL-3.0-only AND (Apache-2.0 OR MIT)', False),
    ],
)
def test_choice_is_as_good_as_its_best_part(stated: str, may_be: bool) -> None:
    assert may_be_brought_along(stated) is may_be


def test_license_is_apache_2() -> None:
    words = ' '.join(text('LICENSE').split())
    assert words.startswith('Apache License Version 2.0, January 2004')
    assert '9. Accepting Warranty or Additional Liability.' in words
    assert 'END OF TERMS AND CONDITIONS' in words
    assert 'Apache License, Version 2.0' in text('NOTICE')


# -- what must not stand in any file


FORBIDDEN = {
    "a path of somebody's machine": re.compile(r'(?<![\w.~-])/(?:home|root|Users|work)/[a-z]'),
    'a host of a package registry': re.compile(
        r'registry\.[\w-]+\.(?:com|org|net|io|dev)|pypi\.org|pythonhosted|index-url[ =]+http'
    ),
    'a folder beside the project': re.compile(r'(?<![\w-])shared/'),
    'a number of an issue': re.compile(r'\b(?:[Ii]ssue|[Tt]icket) #?\d'),
    'a name of no meaning': re.compile(r'\b[Hh]elpers?\b'),
    'something left to do': re.compile(r'\b(?:TODO|FIXME|XXX)\b'),
}
LOCKS = ('package-lock.json', '.lock')
"""Made by tools, and full of the names that packages have."""


@pytest.mark.parametrize('what', list(FORBIDDEN))
def test_no_file_holds(what: str) -> None:
    found = [
        f'{file.relative_to(PROJECT)}: {match.group()}'
        for file in tracked()
        if file != Path(__file__).resolve()
        and not (what != 'a host of a package registry' and file.name.endswith(LOCKS))
        for match in [FORBIDDEN[what].search(file.read_text(encoding='utf-8', errors='replace'))]
        if match
    ]
    assert found == []
