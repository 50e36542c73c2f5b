"""Import path of the bundled dependencies; standard library only."""

from __future__ import annotations

import sys
from pathlib import Path

BUNDLE = 'deps'


def add_bundled_dependencies(app_path: Path | None = None) -> Path | None:
    """Put the folder that `tcex deps` fills first on the import path.

    The folder may be missing, as dependencies may come from a virtual environment.

    Args:
        app_path: the folder of the App; by default that of this file.

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
