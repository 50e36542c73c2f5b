"""Nothing that only chance decides fails a test."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import TESTS, pytest_collection_modifyitems


class WithoutRoom:
    """Its finalizer fails as one does at the depth that Python allows."""

    def __del__(self) -> None:
        self.__del__()


def test_finalizer_without_room_fails_no_test() -> None:
    WithoutRoom()
    gc.collect()


@pytest.mark.parametrize('workers', [1, 3])
def test_each_process_begins_with_long_tests_and_files_stay_whole(workers: int) -> None:
    folders = ['core', 'updates', 'e2e', 'storage', 'process', 'updates', 'core', 'e2e', 'api']
    items: list[Any] = [
        SimpleNamespace(path=TESTS / folder / f'test_{number}.py', number=n)
        for number, folder in enumerate(folders)
        for n in range(10)
    ]
    config: Any = SimpleNamespace(workerinput={'workercount': workers})
    ordered = list(items)
    pytest_collection_modifyitems(config, ordered)

    assert sorted(map(id, ordered)) == sorted(map(id, items))
    files = [item.path for item in ordered]
    assert list(dict.fromkeys(files)) == files[::10], 'the tests of a file stay together'
    share = len(items) // workers
    first: list[Path] = [files[number * share] for number in range(workers)]
    assert {path.parent.name for path in first} <= {'e2e', 'process', 'updates'}
    assert files[-1].parent.name in {'core', 'storage', 'api'}
