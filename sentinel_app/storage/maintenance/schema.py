"""Schema of the database: its migrations, and the check that a file has it.

Each migration is a file `sql/migrations/NNNN_words.sql`; the number of files is the schema's
version. A released migration is never changed; a change of the schema is a new file.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from sentinel_app.storage.statements import SQL_FOLDER, split_script

Steps = tuple[tuple[str, ...], ...]
"""Statements of each migration, which runs in a transaction of its own."""

MIGRATIONS = SQL_FOLDER / 'migrations'
"""Folder of the migrations."""

_FILE = re.compile(r'(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)*\.sql')

_Parts = Mapping[tuple[str, str], str]


def current_steps() -> Steps:
    """Return the migrations of this version of the App."""
    return read_steps(MIGRATIONS)


@functools.cache
def read_steps(folder: Path) -> Steps:
    """Return the migrations of a folder in order.

    Raises:
        OSError: a file cannot be read.
        ValueError: a file has no number, is not next in order, or is malformed.
    """
    steps: list[tuple[str, ...]] = []
    for number, path in enumerate(sorted(folder.glob('*.sql')), start=1):
        name = _FILE.fullmatch(path.name)
        if name is None or int(name[1]) != number:
            raise ValueError(f'{path} is not named as step {number}: {number:04}_words.sql')
        steps.append(split_script(path.read_text(encoding='utf-8')))
    if not steps:
        raise ValueError(f'{folder} holds no step')
    return tuple(steps)


def version_of(connection: sqlite3.Connection) -> int:
    """Return the stored number of migrations of the file."""
    return int(connection.execute('PRAGMA user_version').fetchone()[0])


def shape_fault(connection: sqlite3.Connection, steps: Steps) -> str | None:
    """Return the first difference between a file and the schema of its stored version.

    Args:
        connection: a connection to the file.
        steps: all migrations of this version. A file with more of them has no fault here.

    Returns:
        A few words for people; None if there is no difference.
    """
    version = version_of(connection)
    if version > len(steps):
        return None
    if version < 0:
        return f'its schema has the number {version}'
    wanted, found = _made_by(steps[:version]), _parts(connection)
    for what, parts, others in (('missing', wanted, found), ('foreign', found, wanted)):
        for kind, name in parts:
            if (kind, name) not in others:
                return f'the {kind} {name:.60} is {what} in schema {version}'
    for (kind, name), text in wanted.items():
        if found[kind, name] != text:
            return f'the {kind} {name} is another one than that of schema {version}'
    return None


@functools.cache
def _made_by(steps: Steps) -> _Parts:
    with contextlib.closing(sqlite3.connect(':memory:')) as connection:
        for statements in steps:
            for statement in statements:
                connection.execute(statement)
        return _parts(connection)


def _parts(connection: sqlite3.Connection) -> _Parts:
    """Return the definitions by kind and name, without SQLite's own, such as statistics."""
    rows = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ' ORDER BY name'
    )
    # Line breaks of a statement do not matter.
    return {(str(kind), str(name)): ' '.join(str(text).split()) for kind, name, text in rows}
