"""Numbers stand for texts, whoever forgets which of them at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_app.storage.numbers import Numbers
from sentinel_app.storage.sqlite import Database


@pytest.fixture
def numbers(tmp_path: Path) -> Iterator[Numbers]:
    db = Database(tmp_path / 'state.db')
    yield Numbers(db, table='job', column='request_id')
    db.close()


def test_text_keeps_a_number_of_its_own(numbers: Numbers) -> None:
    found = numbers.numbers(['j1', 'j2', 'j1'])

    assert found.keys() == {'j1', 'j2'}
    assert len(set(found.values())) == 2
    assert numbers.numbers(['j2', 'j3'])['j2'] == found['j2']
    assert numbers.number('j1') == found['j1']
    assert numbers.text(found['j2']) == 'j2'


def test_unknown_text_gets_no_number_by_a_lookup(numbers: Numbers) -> None:
    assert numbers.known('j1') is None
    assert numbers.text(1) == ''
    assert numbers.number('j1') == numbers.known('j1')


def test_requested_numbers_stay_though_another_caller_forgets_them(numbers: Numbers) -> None:
    found = numbers.numbers(['j1', 'j2'])
    before = dict(found)
    numbers.forget(['j1'])

    assert found == before
    assert numbers.number('j1') == before['j1']
