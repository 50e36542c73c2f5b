"""Processes of a test's own that need no imports: they have all that the test's process has."""

from __future__ import annotations

import multiprocessing

FORK = multiprocessing.get_context('fork')
"""For a process that is killed, or that works on what would end the test's own."""
