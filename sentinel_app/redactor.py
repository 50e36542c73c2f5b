"""Registry of secrets, which masks them in texts of other systems.

The App's own secrets are registered permanently; tokens and cookies of requests or the framework as
long as they may be echoed in a response.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from sentinel_app.core.masking import Needles, mask_named, mask_values, raw_parts

SHORTEST_RECENT: Final = 12
"""Minimum characters of a request's secrets, as a cookie may contain ordinary words."""

MOST_RECENT: Final = 64
"""Maximum recent values of one kind, more than the maximum of concurrent requests."""


class Redactor:
    """Masks secrets in texts; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lasting: frozenset[str] = frozenset()
        self._recent: dict[str, OrderedDict[str, None]] = {}
        self._needles = Needles()
        self._recent_needles = Needles()
        self._raw: tuple[bytes, ...] = ()
        self._recent_raw: tuple[bytes, ...] = ()

    @property
    def longest(self) -> int:
        """Maximum characters of a secret in a text."""
        return max(self._needles.longest, self._recent_needles.longest)

    def protect(self, secrets: Iterable[str]) -> None:
        """Mask these values from now on."""
        with self._lock:
            self._lasting |= set(secrets)
            self._needles = Needles.of(self._lasting)
            self._raw = raw_parts((*self._needles.plain, *self._needles.spelled))

    def protect_recent(self, secrets: Iterable[str], *, kind: str) -> None:
        """Mask these values until `MOST_RECENT` others of their kind have followed."""
        wanted = [each for each in secrets if len(each) >= SHORTEST_RECENT]
        with self._lock:
            kept = self._recent.setdefault(kind, OrderedDict())
            is_new = not kept.keys() >= set(wanted)
            for secret in wanted:
                kept[secret] = None
                kept.move_to_end(secret)
            while len(kept) > MOST_RECENT:
                kept.popitem(last=False)
            if is_new:
                known = [each for values in self._recent.values() for each in values]
                self._recent_needles = Needles.of(known, shortest=SHORTEST_RECENT)
                self._recent_raw = raw_parts(self._recent_needles.plain)

    def redact(self, text: str) -> str:
        """Mask known and named secrets in a text."""
        return mask_named(self.mask(text))

    def mask(self, text: str, extra: Needles | None = None) -> str:
        """Mask known secrets in a text.

        Args:
            text: the text; the cost grows with its length.
            extra: further secrets for this text only.
        """
        for needles in (self._needles, self._recent_needles, extra):
            if needles is not None:
                text = mask_values(text, needles)
        return text

    def is_suspect(self, body: bytes) -> bool:
        """Return whether a JSON body may contain a secret; fast, for large bodies.

        The App's own secrets are found in every encoding, those of requests only unencoded. Escapes
        of arbitrary letters are left to the JSON parser.
        """
        lowered = body.lower()
        return any(part in lowered for parts in (self._raw, self._recent_raw) for part in parts)
