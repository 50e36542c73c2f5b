"""SQL in files: named statements, and scripts that are run as a whole.

In a file of statements, each follows a line with its name::

    -- name: remove_kind
    DELETE FROM error_kind WHERE request_id = ?;
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SQL_FOLDER: Final = Path(__file__).parent / 'sql'

_NAME: Final = re.compile(r'^-- name:[ \t]*(.*?)[ \t]*$', re.MULTILINE)
_NAME_FORM: Final = re.compile(r'[a-z][a-z0-9_]*')


class Statements(Mapping[str, str]):
    """The statements of one file, by name.

    Args:
        path: the file.

    Raises:
        ValueError: a name is missing, malformed or used twice, or has not exactly one statement.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _, *parts = _NAME.split(path.read_text(encoding='utf-8'))
        self._statements: dict[str, str] = {}
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if not _NAME_FORM.fullmatch(name) or name in self._statements:
                raise ValueError(f'{path}: {name!r} is no name of a statement, or used twice')
            found = split_script(text)
            if len(found) != 1:
                raise ValueError(f'{path}: {name} has {len(found)} statements in place of one')
            self._statements[name] = found[0]
        if not self._statements:
            raise ValueError(f'{path} holds no named statement')

    def __getitem__(self, name: str) -> str:
        """Return the statement with this name.

        Raises:
            KeyError: the file has none.
        """
        if name not in self._statements:
            raise KeyError(f'{self._path.name} has no statement named {name!r}')
        return self._statements[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)


@functools.cache
def statements(name: str) -> Statements:
    """Return the statements of the file `sql/<name>.sql`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is malformed.
    """
    return Statements(SQL_FOLDER / f'{name}.sql')


def split_script(text: str) -> tuple[str, ...]:
    """Return the statements of a script, without leading comments and semicolons.

    Raises:
        ValueError: the last statement is unterminated.
    """
    found: list[str] = []
    pending = ''
    for part in re.split(r'(?<=;)', text):
        pending += part
        # False for a semicolon inside a text, a comment or the body of a trigger.
        if part.endswith(';') and sqlite3.complete_statement(pending):
            found.append(_bare(pending)[:-1].rstrip())
            pending = ''
    if rest := _bare(pending):
        raise ValueError(f'a statement without a semicolon at its end: {rest[:60]!r}')
    return tuple(found)


def _bare(text: str) -> str:
    """Return the text without surrounding space and leading comments."""
    text = text.strip()
    while text.startswith('--'):
        text = text.partition('\n')[2].lstrip()
    return text
