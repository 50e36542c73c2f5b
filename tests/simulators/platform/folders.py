"""The folders the platform gives to an App, and what the App leaves in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Folders:
    """The four folders below one; `out` is the one that is kept for ever."""

    root: Path

    @property
    def in_(self) -> Path:
        return self.root / 'in'

    @property
    def out(self) -> Path:
        return self.root / 'out'

    @property
    def log(self) -> Path:
        return self.root / 'log'

    @property
    def temp(self) -> Path:
        return self.root / 'tmp'

    @property
    def app_log(self) -> Path:
        """The log of TcEx and the App."""
        return self.log / 'app.log'

    @property
    def console(self) -> Path:
        """Standard output and error of the process, over all starts."""
        return self.log / 'console.log'

    @property
    def message(self) -> Path:
        """The text the App leaves for the platform at its end."""
        return self.out / 'message.tc'

    def make(self) -> None:
        """Create those that are missing."""
        for folder in (self.in_, self.out, self.log, self.temp):
            folder.mkdir(parents=True, exist_ok=True)

    def story(self, what: str) -> str:
        """Add to a message what the App left behind, for the one who must find out why."""
        tails = (
            (path.name, '\n  '.join(read(path).splitlines()[-_TAIL_LINES:]))
            for path in (self.message, self.console, self.app_log)
        )
        ends = (f'end of {name}:\n  {tail}' for name, tail in tails if tail)
        return '\n'.join((what, *ends))


def read(path: Path) -> str:
    """Return a file's text; empty where there is no file."""
    return path.read_text(encoding='utf-8', errors='replace') if path.exists() else ''
