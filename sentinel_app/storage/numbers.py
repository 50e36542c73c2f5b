"""Small numbers in place of long texts that occur repeatedly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sentinel_app.storage.sqlite import Database


class Numbers:
    """The numbers of one table, cached once they are stored; a text's highest, if it has several.

    Thread-safe: a text that one thread forgets is read again by others.

    Args:
        db: the database.
        table: a table with the columns `id` and `column`.
        column: the column of the text.
    """

    def __init__(self, db: Database, *, table: str, column: str) -> None:
        self._db = db
        self._insert = (
            f'INSERT INTO {table} ({column}) SELECT ?1 '  # noqa: S608 - fixed
            f'WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {column} = ?1)'
        )
        self._by_text = f'SELECT max(id) FROM {table} WHERE {column} = ?'  # noqa: S608 - fixed
        self._by_number = f'SELECT {column} FROM {table} WHERE id = ?'  # noqa: S608 - fixed
        self._numbers: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def numbers(self, texts: Iterable[str]) -> Mapping[str, int]:
        """Return the number of each text; new ones are assigned in a transaction."""
        remembered = {text: self._numbers.get(text) for text in texts}
        found = {text: number for text, number in remembered.items() if number is not None}
        if missing := sorted(remembered.keys() - found.keys()):
            with self._db.write() as transaction:
                transaction.executemany(self._insert, [(text,) for text in missing])
                new = {
                    text: int(transaction.execute(self._by_text, (text,)).fetchone()[0])
                    for text in missing
                }
            self._remember(new)
            found |= new
        return found

    def number(self, text: str) -> int:
        """Return the number of a text; a new one is assigned if it has none."""
        return self.known(text) or self.numbers((text,))[text]

    def known(self, text: str) -> int | None:
        """Return the number of a text; None if it has none."""
        number = self._numbers.get(text)
        if number is None:
            with self._db.read() as connection:
                row = connection.execute(self._by_text, (text,)).fetchone()
            if row[0] is None:
                return None
            number = int(row[0])
            self._remember({text: number})
        return number

    def text(self, number: int) -> str:
        """Return the text of a number; empty if it is not stored."""
        text = self._texts.get(number)
        if text is None:
            with self._db.read() as connection:
                row = connection.execute(self._by_number, (number,)).fetchone()
            if row is None:
                return ''
            text = str(row[0])
            self._remember({text: number})
        return text

    def forget(self, texts: Iterable[str]) -> None:
        """Remove texts from the cache whose numbers were removed."""
        for text in texts:
            self._texts.pop(self._numbers.pop(text, 0), None)

    def _remember(self, found: Mapping[str, int]) -> None:
        self._numbers.update(found)
        self._texts.update((number, text) for text, number in found.items())
