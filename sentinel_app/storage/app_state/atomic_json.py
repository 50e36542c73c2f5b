"""TinyDB storage that replaces its file atomically and keeps the previous generation."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tinydb.storages import Storage

from sentinel_app.errors import ConfigError, StorageError
from sentinel_app.storage.disk_full import write_error
from sentinel_app.storage.maintenance.own_file import create_own, open_own

FORMAT = 1
_META = 'meta'
# Some network and user-space file systems do not support hard links.
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})

Tables = dict[str, dict[str, Any]]
"""Documents by table and id; the content of a document is never changed in place."""


class _UnreadableError(Exception):
    """A generation of the file exists but cannot be used."""


class AtomicJsonStorage(Storage):
    """Tables in one JSON file that is always one complete generation, whatever happens.

    The data are kept in memory, so that reading needs no disk access, and so is each document's
    JSON text, so that a write only serializes the documents that changed.

    Not thread-safe; the caller holds a lock.

    Args:
        path: the file; its folder is created if missing.
        now: returns the time for the name of a file that is set aside.
        check: raises any exception for tables that cannot be used.

    Raises:
        ConfigError: the file has a newer format; nothing was changed.
        StorageError: the file exists, but the system does not allow reading it.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], dt.datetime],
        check: Callable[[Tables], object],
    ) -> None:
        self.warning: str | None = None
        """Problem with the file at the start, for people; None if there was none."""
        self._path = path
        self._previous = path.with_name(f'{path.name}.previous')
        self._next = path.with_name(f'{path.name}.next')
        self._check = check
        self._tables: Tables = {}
        self._texts: dict[str, dict[str, str]] = {}
        self._staged: Tables | None = None
        self._open(now)

    def read(self) -> Tables:
        """Return a copy of all tables; inside `together`, of the staged tables."""
        if self._staged is not None:
            return self._staged
        return {
            name: {key: dict(document) for key, document in table.items()}
            for name, table in self._tables.items()
        }

    def write(self, data: Tables) -> None:
        """Replace the file with these tables; inside `together`, stage them.

        Raises:
            StorageError: the file could not be written; memory and disk are unchanged.
        """
        if self._staged is None:
            self._replace(data)
        else:
            self._staged = data

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Combine all writes within into one replacement of the file, or none on an exception."""
        self._staged = {name: dict(table) for name, table in self._tables.items()}
        try:
            yield
            self._replace(self._staged)
        finally:
            self._staged = None

    def _replace(self, tables: Tables) -> None:
        kept, texts = self._compared(tables)
        try:
            self._replace_file(_joined(texts))
        except OSError as fault:
            raise write_error(
                self._path,
                fault,
                words=f'{self._path} could not be written: {fault.strerror or fault}. Let the App '
                'write there. Nothing was changed.',
                remedy='Free space on that disk. Nothing was changed.',
            ) from fault
        self._tables, self._texts = kept, texts

    def _compared(self, tables: Tables) -> tuple[Tables, dict[str, dict[str, str]]]:
        """Return the tables and their texts, reusing those that have not changed."""
        kept: Tables = {}
        texts: dict[str, dict[str, str]] = {}
        for name, table in tables.items():
            old_table, old_texts = self._tables.get(name, {}), self._texts.get(name, {})
            kept[name], texts[name] = {}, {}
            for key, document in table.items():
                old = old_table.get(key)
                is_same = old is document or (old is not None and old == document)
                kept[name][key] = old if is_same else document
                texts[name][key] = (
                    old_texts[key] if is_same else json.dumps(document, allow_nan=False)
                )
        return kept, texts

    def _replace_file(self, content: bytes) -> None:
        folder = self._path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_first, is_replaced = not self._path.exists(), False
        try:
            _write_new(self._next, content)
            self._keep_previous()
            self._next.replace(self._path)
            is_replaced = True
            _sync_folder(folder)
        except OSError:
            # Memory is unchanged, so the file must be restored as well.
            with contextlib.suppress(OSError):
                self._undo(is_first=is_first, is_replaced=is_replaced)
            raise

    def _undo(self, *, is_first: bool, is_replaced: bool) -> None:
        if is_replaced and is_first:
            self._path.unlink()
        elif is_replaced or not (is_first or self._path.exists()):
            self._previous.replace(self._path)
        self._next.unlink(missing_ok=True)

    def _keep_previous(self) -> None:
        """Link the current file to its second name, so that one generation exists at any moment."""
        link = self._path.with_name(f'{self._path.name}.link')
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        try:
            os.link(self._path, link)
        except FileNotFoundError:
            return
        except OSError as fault:
            if fault.errno not in _NO_HARD_LINKS:
                raise
            self._path.replace(self._previous)
        else:
            link.replace(self._previous)

    def _open(self, now: Callable[[], dt.datetime]) -> None:
        try:
            tables = self._load(self._path)
        except _UnreadableError as fault:
            self._recover(f'could not be read ({fault})', now)
            return
        if tables is not None:
            self._take(tables)
        elif os.path.lexists(self._previous):
            self._recover('is missing', now)

    def _recover(self, problem: str, now: Callable[[], dt.datetime]) -> None:
        """Continue with the previous generation, or with no data."""
        try:
            tables = self._load(self._previous)
        except _UnreadableError:
            tables = None
        stamp = now().astimezone(dt.UTC).strftime('%Y%m%dT%H%M%S.%fZ')
        spoilt = [self._path] if tables is not None else [self._path, self._previous]
        for path in spoilt:
            try:
                path.rename(path.with_name(f'{path.name}.unreadable-{stamp}'))
            except FileNotFoundError:
                continue
            except OSError as fault:
                raise _storage_error(path, 'set aside', fault, 'Move it away.') from fault
        if tables is None:
            self.warning = (
                f'{self._path} {problem}, and there is no older copy that can be used. It was set '
                'aside; TQL queries and Jobs have to be entered again, and the next update is full.'
            )
            return
        self.warning = (
            f'{self._path} {problem}. The copy before it is used, so the last change may be '
            'missing; look through CONFIGURE.'
        )
        self._take(tables)
        with contextlib.suppress(OSError):
            self._replace_file(_joined(self._texts))

    def _take(self, tables: Tables) -> None:
        self._tables, self._texts = self._compared(tables)

    def _load(self, path: Path) -> Tables | None:
        """Return the tables of one generation; None if the file does not exist."""
        try:
            with os.fdopen(open_own(path, os.O_RDONLY), 'rb') as file:
                content = file.read()
        except FileNotFoundError:
            return None
        except OSError as fault:
            remedy = 'Put a file there that the App may read.'
            raise _storage_error(path, 'read', fault, remedy) from fault
        try:
            return self._parsed(path, content)
        except (ConfigError, MemoryError):
            raise
        except Exception as fault:
            # Whatever the fault, it would recur at each start.
            raise _UnreadableError(f'{type(fault).__name__}: {fault!s:.200}') from fault

    def _parsed(self, path: Path, content: bytes) -> Tables:
        tables = _object(
            json.loads(
                content,
                object_pairs_hook=_unique,
                parse_float=_finite,
                parse_constant=_refuse_constant,
            )
        )
        version = _object(tables.pop(_META))['format']
        if type(version) is not int or version < 1:
            raise ValueError('no such format')
        if version > FORMAT:
            raise ConfigError(
                f'{path} was written by a newer version of the App (format {version}; this one '
                f'knows {FORMAT}). Install that version again, or move the file away to start '
                'anew.',
                context={'file': str(path), 'format': version},
            )
        for table in tables.values():
            for document in _object(table).values():
                _object(document)
        self._check(tables)
        return tables


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f'{value!r:.60} is no object')
    return value


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise ValueError('a member is there twice')
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError('a number is too large')
    return number


def _refuse_constant(name: str) -> Any:
    raise ValueError(f'{name} is no JSON')


def _storage_error(path: Path, what: str, fault: OSError, remedy: str) -> StorageError:
    words = fault.strerror or str(fault)
    return StorageError(
        f'{path} could not be {what}: {words}. {remedy}', reason=words, context={'file': str(path)}
    )


def _joined(texts: Mapping[str, Mapping[str, str]]) -> bytes:
    """Return the file's content: one line for each document."""
    parts = [f'{{"{_META}": {{"format": {FORMAT}}}']
    for name, table in texts.items():
        lines = ',\n'.join(f'{json.dumps(key)}: {text}' for key, text in table.items())
        parts.append(f'{json.dumps(name)}: {{\n{lines}\n}}')
    return (',\n'.join(parts) + '}\n').encode()


def _write_new(path: Path, content: bytes) -> None:
    """Write and sync a file that only its owner can read."""
    descriptor = create_own(path)
    with os.fdopen(descriptor, 'wb') as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Sync the folder, so that a replacement survives a power failure."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
