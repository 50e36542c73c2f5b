"""Puts the bundled dependencies on the import path; standard library only."""

from __future__ import annotations

import sys
from pathlib import Path

BUNDLE = 'deps'


def add_bundled_dependencies(app_path: Path | None = None) -> Path | None:
    """Put the folder that `tcex deps` fills first on the import path.

    A missing folder is no fault: the dependencies may come from a virtual environment.

    Args:
        app_path: the folder of the App; that of this file if left out.

    Returns:
        The folder, or None if the App has none.
    """
    folder = (app_path or Path(__file__).resolve().parent) / BUNDLE
    if not folder.is_dir():
        return None
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))
    return folder
