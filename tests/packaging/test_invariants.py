"""Documents name tests for each promise and each event, and all of them are there."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.harness.project import PROJECT

TEXT = (PROJECT / 'docs' / 'invariants.md').read_text()
PROMISES = re.split(r'^(?=\d+\. )', TEXT, flags=re.MULTILINE)[1:]
ARCHITECTURE = (PROJECT / 'docs' / 'architecture.md').read_text()
EVENTS = [
    line
    for line in ARCHITECTURE.partition('\n## Lifecycle\n')[2].partition('\n## ')[0].splitlines()
    if line.startswith('| **')
]
NAMED = re.findall(r'`(tests/\S+?\.py)::(\w+)`', TEXT + ARCHITECTURE)


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize('promise', PROMISES, ids=lambda text: text.split('.')[0])
def test_each_promise_names_a_test(promise: str) -> None:
    assert re.search(r'`tests/\S+?\.py::test_\w+`', promise)


@pytest.mark.parametrize('event', EVENTS, ids=lambda line: line.split('**')[1])
def test_each_event_of_the_lifecycle_names_a_test(event: str) -> None:
    _, what, outcome, shown_by, _ = event.split('|')
    assert what.strip()
    assert outcome.strip()
    assert re.search(r'`tests/\S+?\.py::test_\w+`', shown_by)


def test_lifecycle_has_all_its_events() -> None:
    assert len(EVENTS) >= 25


def test_named_tests_exist() -> None:
    assert [(path, name) for path, name in NAMED if name not in functions(path)] == []


def test_promises_are_numbered_without_gap() -> None:
    numbers = [int(promise.split('.')[0]) for promise in PROMISES]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 9
