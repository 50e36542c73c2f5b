"""SQL in files is found by name; what is badly written is told with its file."""

from __future__ import annotations

import ast
import contextlib
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import sentinel_app
from sentinel_app.storage.maintenance.schema import current_steps
from sentinel_app.storage.statements import SQL_FOLDER, Statements, split_script, statements

FILES = sorted(path.stem for path in SQL_FOLDER.glob('*.sql'))

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


def test_unknown_name_is_reported_with_its_file(tmp_path: Path) -> None:
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
def test_malformed_file_is_refused(tmp_path: Path, text: str) -> None:
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


def test_script_is_split_into_its_statements() -> None:
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


def named_in_sources() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What modules that load a file of statements ask it for, and all texts in these modules."""
    asked, texts = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for path in Path(sentinel_app.__file__).parent.rglob('*.py'):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding='utf-8'))))
        loaded = dict(loads(nodes))
        for file in loaded.values():
            texts[file] |= {
                node.value
                for node in nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            }
        for node in nodes:
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key))):
                    if name in loaded:
                        asked[loaded[name]].add(key)
    return asked, texts


def loads(nodes: list[ast.AST]) -> Iterator[tuple[str, str]]:
    """Each name in a module that stands for a file of statements, and the file."""
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
            ):
                match call:
                    case ast.Call(func=ast.Name(id='statements'), args=[ast.Constant(value=file)]):
                        yield name, file


def test_statements_are_all_used_and_all_requested_ones_exist() -> None:
    asked, texts = named_in_sources()
    assert sorted(texts) == FILES
    for file in FILES:
        names = set(statements(file))
        assert asked[file] <= names
        assert names <= texts[file], f'{names - texts[file]} of {file}.sql are used nowhere'


@pytest.mark.parametrize('file', FILES)
def test_statements_fit_the_schema(file: str) -> None:
    with contextlib.closing(sqlite3.connect(':memory:')) as connection:
        for step in current_steps():
            for statement in step:
                connection.execute(statement)
        for statement in statements(file).values():
            assert compiled(connection, statement)


def compiled(
    connection: sqlite3.Connection, statement: str, how: str = 'EXPLAIN'
) -> list[tuple[object, ...]]:
    """The program of a statement, or its plan, whatever it takes for values."""
    for values in (defaultdict[str, None](lambda: None), *((None,) * n for n in range(200))):
        with contextlib.suppress(sqlite3.ProgrammingError):
            return connection.execute(f'{how} {statement}', values).fetchall()
    raise AssertionError(f'it takes values in no known way: {statement}')


GOES_THROUGH_ALL = re.compile(
    r'SCAN (ledger|content)\b|SEARCH (ledger|content) .*\(rowid>\?\)'
    r'|SCAN (outbox|unconfirmed)\b(?!.* COVERING INDEX)'
    r'|SCAN (context_object|association|associated)\b(?! USING INDEX)'
)
"""As a plan says that a statement reads what grows with the number of Indicators, or the bodies of
objects, and not a few rows of it. Indexes of context objects that may be scanned are partial."""

MAY_GO_THROUGH_ALL = {
    # Once at the end of a reading of everything, outside a transaction that writes.
    'orphans.count_unchosen',
    'orphans.next_unchosen',
    # Once for a page of an owner's deleted list that names a File, reading by an index.
    'orphans.files_that_share_hashes',
    # Once at the end of an update that was stopped. An index for it would cost more, all in all.
    'ended_updates.forget_unused_rows',
    # When the process starts.
    'outbox.all_in_flight',
    # Twice in an update, for what it holds of each.
    'orphans.unconfirmed',
    # When the Cleaner runs, reading.
    'update_store.unused_jobs',
    # Once in a run of Verify, in portions, reading.
    'verified_ledger.scan',
    # When a person looks at what a withdrawal would take, reading.
    'withdrawal.count',
    'withdrawal.page',
}


def test_full_scans_are_limited_to_statements_that_need_them() -> None:
    found = set[str]()
    with contextlib.closing(sqlite3.connect(':memory:')) as connection:
        for step in current_steps():
            for statement in step:
                connection.execute(statement)
        for file in FILES:
            for name, statement in statements(file).items():
                plan = compiled(connection, statement, 'EXPLAIN QUERY PLAN')
                if any(GOES_THROUGH_ALL.search(str(detail)) for *_, detail in plan):
                    found.add(f'{file}.{name}')

    assert found == MAY_GO_THROUGH_ALL


@pytest.mark.parametrize('text', ['', '\n  \n', '-- nothing; at all', '-- nothing\n-- at all;\n'])
def test_script_may_be_empty(text: str) -> None:
    assert split_script(text) == ()
