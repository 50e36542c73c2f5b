"""SQL in files is found by name; what is badly written is told with its file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from sentinel_app.storage.statements import Statements, split_script

GOOD = """
-- About the whole file; this is no statement.
-- name: add_thing
-- Why this is so; said at length.
INSERT INTO thing (a) VALUES (?);

-- name:  find_thing
SELECT a, ';' AS text FROM thing  -- not the end; nor this
WHERE a = :a
ORDER BY a;
"""


def written(folder: Path, text: str) -> Path:
    path = folder / 'things.sql'
    path.write_text(text)
    return path


def test_statements_are_found_by_name(tmp_path: Path) -> None:
    found = Statements(written(tmp_path, GOOD))
    assert dict(found) == {
        'add_thing': 'INSERT INTO thing (a) VALUES (?)',
        'find_thing': "SELECT a, ';' AS text FROM thing  -- not the end; nor this\n"
        'WHERE a = :a\nORDER BY a',
    }
    assert len(found) == 2


def test_an_unknown_name_is_told_with_its_file(tmp_path: Path) -> None:
    found = Statements(written(tmp_path, GOOD))
    with pytest.raises(KeyError, match=r"things\.sql has no statement named 'other'"):
        found['other']


BAD = {
    '-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;': "'one' is no name",
    '-- name: One\nSELECT 1;': "'One' is no name",
    '-- name:\nSELECT 1;': "'' is no name",
    '-- name: one\n': 'one has 0 statements',
    '-- name: one\n-- name: two\nSELECT 1;': 'one has 0 statements',
    '-- name: one\nSELECT 1; SELECT 2;': 'one has 2 statements',
    '-- name: one\nSELECT 1': "without a semicolon at its end: 'SELECT 1'",
    'SELECT 1;': 'holds no named statement',
}


@pytest.mark.parametrize('text', BAD)
def test_a_badly_written_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=BAD[text]):
        Statements(written(tmp_path, text))


SCRIPT = """
-- The things; all of them.
CREATE TABLE thing (a TEXT DEFAULT ';');
CREATE TRIGGER log AFTER INSERT ON thing BEGIN
    INSERT INTO entry VALUES (new.a);
    DELETE FROM entry WHERE a IS NULL;
END;
CREATE TABLE entry (
    -- Why; at length.
    a TEXT
) ; -- the end
"""


def test_a_script_is_split_into_its_statements() -> None:
    found = split_script(SCRIPT)
    assert [text.split()[:3] for text in found] == [
        ['CREATE', 'TABLE', 'thing'],
        ['CREATE', 'TRIGGER', 'log'],
        ['CREATE', 'TABLE', 'entry'],
    ]
    connection = sqlite3.connect(':memory:')
    for text in found:
        connection.execute(text)
    connection.execute('INSERT INTO thing DEFAULT VALUES')
    assert connection.execute('SELECT a FROM entry').fetchall() == [(';',)]
    connection.close()


@pytest.mark.parametrize('text', ['', '\n  \n', '-- nothing; at all', '-- nothing\n-- at all;\n'])
def test_a_script_may_be_empty(text: str) -> None:
    assert split_script(text) == ()
