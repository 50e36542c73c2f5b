"""Other programs, run to their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class ReleaseError(Exception):
    """Why something could not be made or checked, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a program ended."""

    code: int
    output: str
    errors: str = ''

    @property
    def said(self) -> str:
        """Everything that it printed, for a message."""
        return '\n'.join(text.strip() for text in (self.output, self.errors) if text.strip())


class Run(Protocol):
    """Runs a program in a folder until it ends."""

    def __call__(
        self, arguments: Sequence[str], folder: Path, added: Mapping[str, str] | None = None
    ) -> Finished:
        """Args: `added` are variables on top of the environment."""


def run(arguments: Sequence[str], folder: Path, added: Mapping[str, str] | None = None) -> Finished:
    """Run a program on this machine.

    Raises:
        ReleaseError: if there is no such program.
    """
    try:
        ended = subprocess.run(
            list(arguments),
            cwd=folder,
            env={**os.environ, **(added or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ReleaseError(f'{arguments[0]} is not installed.') from error
    return Finished(code=ended.returncode, output=ended.stdout, errors=ended.stderr)
