"""Makes a dictionary for `storage.packing` of typical objects.

python -m tests.harness.dictionary NUMBER    writes sentinel_app/storage/dictionaries/NUMBER.txt

A dictionary that was released stays as it is: a better one gets the next number.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sentinel_app.core.object_text import object_text
from sentinel_app.errors import SkippableError
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import make_objects
from tests.harness.golden import examples
from tests.harness.project import PROJECT
from tests.simulators.demo import compose, generate_indicators

FOLDER = PROJECT / 'sentinel_app' / 'storage' / 'dictionaries'
SIZE = 4096
"""Bytes; half of the window, so that all of it can be referred to from a usual object."""
GENERATED = 1_200
SHARED_BY = 4
"""What fewer objects have is their own."""
STRETCH = 48
PIECE = 6
"""Characters of what goes into the dictionary at once, and of what is counted in it."""
CANDIDATES = 150


def texts_of(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The texts of the objects that rows become."""
    for row in rows:
        try:
            objects = make_objects(parse_indicator(row))
        except SkippableError:
            continue
        yield from (object_text(stix).decode() for stix in objects)


def samples() -> list[str]:
    """Typical objects: generated, composed and golden ones."""
    rows = [*generate_indicators(GENERATED), *compose(), *(each.row for each in examples())]
    return list(texts_of(rows))


def dictionary_of(texts: Sequence[str]) -> bytes:
    """The stretches that have the most in common with the most texts, the best ones at the end.

    The nearer something is to the end, the shorter is what refers to it, and the longer it stays in
    the window.
    """
    counts = Counter(piece for text in texts for piece in {*_pieces(text)})
    worth = {piece: count for piece, count in counts.items() if count >= SHARED_BY}
    candidates = texts[:: max(1, len(texts) // CANDIDATES)]
    found = b''
    while len(found) < SIZE:
        stretch = max((_best(text, worth) for text in candidates), key=lambda each: each[0])[1]
        found = stretch.encode() + found
        for piece in _pieces(stretch):
            worth.pop(piece, None)
    return found[-SIZE:].decode('utf-8', 'ignore').encode()


def _pieces(text: str) -> Iterator[str]:
    return (text[at : at + PIECE] for at in range(len(text) - PIECE + 1))


def _best(text: str, worth: Mapping[str, int]) -> tuple[int, str]:
    """The most valuable stretch of a text, and its value."""
    values = [worth.get(piece, 0) for piece in _pieces(text)]
    width = STRETCH - PIECE + 1
    total = sum(islice(values, width))
    best, start = total, 0
    for at in range(width, len(values)):
        total += values[at] - values[at - width]
        if total > best:
            best, start = total, at - width + 1
    return best, text[start : start + STRETCH]


def main() -> None:
    """Write the dictionary of the number that is given."""
    FOLDER.joinpath(f'{int(sys.argv[1])}.txt').write_bytes(dictionary_of(samples()))


if __name__ == '__main__':
    main()
