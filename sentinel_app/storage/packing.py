"""Texts of objects, packed small: compressed with a dictionary of what all of them have in common.

The first byte is the number of the dictionary, so that a better one can be used for what is packed
from then on. A dictionary that anything may be packed with stays as it is, for ever.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Final

from sentinel_app.storage.cell import CellError

DICTIONARY: Final = 1
"""Number of the dictionary that is packed with."""

_FOLDER: Final = Path(__file__).with_name('dictionaries')
_LEVEL: Final = 3
_WINDOW_BITS: Final = -13
"""No header, and a window of 8 KiB, in which the dictionary and an object have room."""
_MEMORY_LEVEL: Final = 4
_MARK: Final = bytes([DICTIONARY])


def pack(text: bytes) -> bytes:
    """Return a text compressed."""
    # A copy of one that has taken in the dictionary is far quicker than a new one.
    packer = _packer().copy()
    return _MARK + packer.compress(text) + packer.flush()


def unpack(blob: bytes) -> bytes:
    """Return the text that was packed.

    Raises:
        CellError: `pack` did not make the blob, or made it with a dictionary that is not there.
    """
    dictionary = _dictionary(blob[0]) if blob else None
    if dictionary is None:
        raise CellError(f'packed with no known dictionary: {blob[:1].hex()!r}')
    unpacker = zlib.decompressobj(_WINDOW_BITS, zdict=dictionary)
    try:
        text = unpacker.decompress(memoryview(blob)[1:])
    except zlib.error as fault:
        raise CellError(f'{fault!s:.200}') from fault
    if not unpacker.eof or unpacker.unused_data:
        raise CellError('packed text that is cut off, or has something after it')
    return text


@cache
def _packer() -> zlib._Compress:
    dictionary = _dictionary(DICTIONARY) or b''
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL, zdict=dictionary)


@cache
def _dictionary(number: int) -> bytes | None:
    path = _FOLDER / f'{number}.txt'
    return path.read_bytes() if path.exists() else None
