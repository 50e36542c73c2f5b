"""Length limits of texts."""

from __future__ import annotations

_ELLIPSIS = '…'


def utf16_length(text: str) -> int:
    """Return the length in UTF-16, where a character beyond the first 65,536 counts as two.

    A text that is short enough by this count is short enough by every count of characters.
    """
    return len(text) if text.isascii() else len(text.encode('utf-16-le', 'surrogatepass')) // 2


def fits(text: str, limit: int) -> bool:
    """Return whether a text has at most `limit` characters in UTF-16."""
    # No character counts more than two, so most texts need not be encoded.
    return 2 * len(text) <= limit or utf16_length(text) <= limit


def shortened(text: str, limit: int) -> str:
    """Return the text, truncated with an ellipsis if it is longer than `limit` in UTF-16.

    No character is split.
    """
    if fits(text, limit):
        return text
    room = max(0, limit - len(_ELLIPSIS))
    beginning = text[:room].encode('utf-16-le', 'surrogatepass')[: 2 * room]
    return beginning.decode('utf-16-le', 'ignore') + _ELLIPSIS
