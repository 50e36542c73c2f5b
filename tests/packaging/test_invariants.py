"""`docs/invariants.md` names tests for each promise, and all of them are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / 'docs' / 'invariants.md').read_text()
PROMISES = re.split(r'^(?=\d+\. )', TEXT, flags=re.MULTILINE)[1:]
NAMED = re.findall(r'`(tests/\S+?\.py)::(\w+)`', TEXT)


@cache
def functions(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize('promise', PROMISES, ids=lambda text: text.split('.')[0])
def test_each_promise_names_a_test(promise: str) -> None:
    assert re.search(r'`tests/\S+?\.py::test_\w+`', promise)


@pytest.mark.parametrize(('path', 'name'), sorted(set(NAMED)))
def test_each_named_test_is_there(path: str, name: str) -> None:
    assert name in functions(path)


def test_the_promises_are_counted_through() -> None:
    numbers = [int(promise.split('.')[0]) for promise in PROMISES]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 9
