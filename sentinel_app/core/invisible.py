"""Invisible characters, as the content of a regular expression's character class.

Source: Unicode 15, general categories Zs, Zl, Zp, Cc and Cf, and the property
Default_Ignorable_Code_Point; plus the Braille blank, which has none of these.
"""

from __future__ import annotations

from typing import Final

BLANK: Final = ' \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000'
"""Blanks, and line and paragraph separators."""

CONTROL: Final = '\x00-\x1f\x7f-\x9f'
"""Control characters, including tab, line feed and carriage return."""

IGNORABLE: Final = (
    '\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5'
    '\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0'
    '\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3'
    '\U0001d173-\U0001d17a\U000e0000-\U000e0fff'
)
"""Zero-width characters, joiners, direction marks, fillers, variation selectors and tags."""
