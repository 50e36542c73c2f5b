"""TLP levels of security labels.

The filter fails closed: a label that begins with TLP is a TLP label, and one that is not understood
counts as the strictest level.

Source: FIRST, Traffic Light Protocol, version 2.0; TLP:WHITE is version 1's name of TLP:CLEAR.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sentinel_app.core.invisible import IGNORABLE


class Tlp(StrEnum):
    """TLP levels, the least strict first."""

    CLEAR = 'TLP:CLEAR'
    GREEN = 'TLP:GREEN'
    AMBER = 'TLP:AMBER'
    AMBER_STRICT = 'TLP:AMBER+STRICT'
    RED = 'TLP:RED'

    @property
    def strictness(self) -> int:
        """Rank of the level; 0 is the least strict."""
        return _STRICTNESS[self]

    def is_above(self, highest: Tlp) -> bool:
        """Return whether the level is stricter than the highest one to send."""
        return self.strictness > highest.strictness


@dataclass(frozen=True, slots=True, kw_only=True)
class TlpReading:
    """TLP reading of a security label."""

    level: Tlp
    is_understood: bool
    """False if the label says TLP but no known level, so that it counts as the strictest."""


_READINGS = {str(level): TlpReading(level=level, is_understood=True) for level in Tlp}
_STRICTNESS = {level: at for at, level in enumerate(Tlp)}
_STRICTEST = Tlp.RED
_WORDS = {
    'CLEAR': Tlp.CLEAR,
    'WHITE': Tlp.CLEAR,
    'GREEN': Tlp.GREEN,
    'AMBER': Tlp.AMBER,
    'RED': Tlp.RED,
}
_IGNORED = re.compile(f'[{IGNORABLE}]')
# Greek, Cyrillic, Cherokee and Lisu look-alikes of T, L and P.
_LOOK_ALIKES = str.maketrans(
    '\u03a4\u0422\u13a2\ua4d4\u13de\ua4e1\u03a1\u0420\u13e2\ua4d1', 'TTTTLLPPPP'
)
# Far longer than any level. A longer label is not understood.
_LONGEST_HEAD = 100
# Excludes signs that could turn a level into another one, such as `<`, `!` and a final plus sign.
_BETWEEN = r"""[\s:_=.,/|+*#()\[\]{}"'\u2010-\u2015\u2212\u2236\ua789-]*"""
_AFTER = r"""[\s.)\]}"']*"""
_BEGINNING = re.compile(r'[\W_]*(?:TLP|T[\W_]*L[\W_]*P(?![^\W_]))')
_KNOWN = re.compile(
    rf'[^\w!~<>\xac-]*T{_BETWEEN}L{_BETWEEN}P{_BETWEEN}'
    rf'(?:(CLEAR|WHITE|GREEN|AMBER|RED)|(AMBER){_BETWEEN}STRICT){_AFTER}'
)


def read_tlp(label: str) -> TlpReading | None:
    """Return the TLP reading of a security label; None if it is not a TLP label.

    Case, blanks, invisible characters, accents and look-alikes of T, L and P are ignored. The level
    may follow TLP after a colon, a hyphen, an underscore, a blank, nothing and the like.
    """
    if label in _READINGS:
        return _READINGS[label]
    text = _IGNORED.sub('', label).strip()
    # Truncated first, as composing marks is quadratic in their number.
    decomposed = unicodedata.normalize('NFKD', text[:_LONGEST_HEAD])
    plain = ''.join(each for each in decomposed if unicodedata.category(each)[0] != 'M')
    head = plain.upper().translate(_LOOK_ALIKES)
    if not _BEGINNING.match(head):
        return None
    known = _KNOWN.fullmatch(head) if len(text) <= _LONGEST_HEAD else None
    if known is None:
        return TlpReading(level=_STRICTEST, is_understood=False)
    level = Tlp.AMBER_STRICT if known[2] else _WORDS[known[1]]
    return TlpReading(level=level, is_understood=True)


def strictest(labels: Iterable[str]) -> Tlp | None:
    """Return the strictest TLP level of security labels; None without a TLP label."""
    found: Tlp | None = None
    for label in labels:
        reading = read_tlp(label)
        if reading and (found is None or reading.level.strictness > found.strictness):
            found = reading.level
    return found


def are_above(labels: Iterable[str], highest: Tlp) -> bool:
    """Return whether any of the security labels is above the highest level to send."""
    level = strictest(labels)
    return level is not None and level.is_above(highest)
