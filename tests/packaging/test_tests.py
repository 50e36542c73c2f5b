"""Tests are found from what they test: a folder for each package, a file for each module."""

from __future__ import annotations

import pytest

from tests.harness.project import PROJECT

PACKAGES = sorted(
    each.parent.relative_to(PROJECT / 'sentinel_app')
    for each in (PROJECT / 'sentinel_app').rglob('__init__.py')
    if each.parent.name != 'sentinel_app'
)
ARTICLES = ('test_a_', 'test_an_', 'test_the_')


@pytest.mark.parametrize('package', PACKAGES, ids=str)
def test_each_file_begins_with_the_module_or_package_that_it_tests(package: object) -> None:
    product = PROJECT / 'sentinel_app' / str(package)
    names = {each.stem for each in product.iterdir() if each.suffix == '.py' or each.is_dir()}
    names |= {product.name}
    for file in (PROJECT / 'tests' / str(package)).glob('test_*.py'):
        topic = file.stem.removeprefix('test_')
        assert any(topic == name or topic.startswith(f'{name}_') for name in names), file


def test_names_begin_with_the_thing_and_not_with_an_article() -> None:
    names = [
        f'{file.relative_to(PROJECT)}: {line.strip()}'
        for file in (PROJECT / 'tests').rglob('test_*.py')
        for line in file.read_text(encoding='utf-8').splitlines()
        if line.lstrip().startswith('def test_')
    ]
    assert len(names) > 2_000
    assert [name for name in names if name.split('def ')[1].startswith(ARTICLES)] == []
