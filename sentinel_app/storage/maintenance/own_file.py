"""Regular files of the data folder, opened without following links.

Otherwise anybody with write access to the folder could make the App change files elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from sentinel_app.errors import StorageError

_MODE = 0o600
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # A pipe without a writer would block.


def open_own(path: Path, flags: int) -> int:
    """Return a descriptor of a regular file; a new one is accessible to its owner only.

    Args:
        path: the file.
        flags: the flags of `os.open`. A file opened for writing must not have hard links.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    try:
        descriptor = os.open(path, flags | _FLAGS, _MODE)
    except OSError as fault:
        if fault.errno == errno.ELOOP:
            raise _fault(errno.ELOOP, 'it is a link', path) from fault
        raise
    try:
        _require_plain(
            os.fstat(descriptor), path, may_have_links=flags & os.O_ACCMODE == os.O_RDONLY
        )
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def create_own(path: Path) -> int:
    """Return a descriptor of a new file, replacing whatever had that name.

    Raises:
        OSError: it cannot be created, or a folder has that name.
    """
    path.unlink(missing_ok=True)
    return open_own(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def mark_own(path: Path) -> None:
    """Create an empty file unless something has that name.

    Raises:
        OSError: it cannot be created.
    """
    with contextlib.suppress(FileExistsError):
        os.close(open_own(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))


def refuse_links(paths: Iterable[Path]) -> None:
    """Check files that a library opens, following links; they may be missing.

    Raises:
        StorageError: one of them is a link or not a regular file.
    """
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            try:
                _require_plain(path.lstat(), path, may_have_links=False)
            except FileNotFoundError:
                raise
            except OSError as fault:
                raise StorageError(
                    f'{path} cannot be used: {fault.strerror or fault}. Put the file itself there,'
                    ' or move away what is there.',
                    reason=str(fault),
                    context={'file': str(path)},
                ) from fault


def _require_plain(found: os.stat_result, path: Path, *, may_have_links: bool) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _fault(errno.ELOOP, 'it is a link', path)
    if not stat.S_ISREG(found.st_mode):
        raise _fault(errno.EINVAL, 'it is no plain file', path)
    if found.st_nlink > 1 and not may_have_links:
        raise _fault(errno.EMLINK, 'the file has a second name (a hard link)', path)


def _fault(number: int, words: str, path: Path) -> OSError:
    return OSError(number, words, str(path))
