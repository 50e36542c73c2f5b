"""What the App knows of secrets, so that they can be masked in whatever another system says.

Our own secrets are known for good; what only a request or the framework knew, a token or a cookie,
for as long as it may come back in an answer.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from sentinel_app.core.masking import Needles, mask_named, mask_values, raw_parts

SHORTEST_RECENT: Final = 12
"""Shorter values of requests are passed over: a cookie may hold a word of every day."""

MOST_RECENT: Final = 64
"""Values of one kind that are remembered; more than requests can be under way at once."""


class Redactor:
    """Masks secrets in texts; safe for many threads."""

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
        """Characters that a secret can take up in a text."""
        return max(self._needles.longest, self._recent_needles.longest)

    def protect(self, secrets: Iterable[str]) -> None:
        """Mask these values from now on."""
        with self._lock:
            self._lasting |= set(secrets)
            self._needles = Needles.of(self._lasting)
            self._raw = raw_parts((*self._needles.plain, *self._needles.spelled))

    def protect_recent(self, secrets: Iterable[str], *, kind: str) -> None:
        """Mask these values until `MOST_RECENT` others of their kind have come after them."""
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
        """Return the text without secrets: those that are known and those that are named."""
        return mask_named(self.mask(text))

    def mask(self, text: str, extra: Needles | None = None) -> str:
        """Return the text without the values that are known to be secrets.

        Args:
            text: the cost grows with its length.
            extra: what is a secret for this text alone.
        """
        for needles in (self._needles, self._recent_needles, extra):
            if needles is not None:
                text = mask_values(text, needles)
        return text

    def is_suspect(self, body: bytes) -> bool:
        """Whether a secret may stand in a body of JSON; quick, for large bodies.

        Our own are found in every spelling, what requests carried as it is. Escapes that could
        write any letter are for the reader of the JSON to see.
        """
        lowered = body.lower()
        return any(part in lowered for parts in (self._raw, self._recent_raw) for part in parts)
