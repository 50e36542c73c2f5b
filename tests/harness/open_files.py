"""What this process has open."""

from __future__ import annotations

import contextlib
from pathlib import Path


def open_files(beginning: Path | None = None) -> set[tuple[str, str]]:
    """Return number and target of each open file, socket and pipe.

    What other tests of this process left open is among them, unless `beginning` is given.

    Args:
        beginning: what the targets begin with; None for all.
    """
    found = set()
    for path in Path('/proc/self/fd').iterdir():
        # The folder itself is open while it is listed, and gone after.
        with contextlib.suppress(FileNotFoundError):
            found.add((path.name, str(path.readlink())))
    return {each for each in found if beginning is None or each[1].startswith(str(beginning))}
