"""Compression of objects' texts with a dictionary of their common parts.

The first byte is the number of the dictionary, so that new texts can use a better one. A released
dictionary is never changed.
"""

from __future__ import annotations

import zlib
from functools import cache
from pathlib import Path
from typing import Final

from sentinel_app.storage.cell import CellError

DICTIONARY: Final = 1
"""Number of the dictionary for new texts."""

_FOLDER: Final = Path(__file__).with_name('dictionaries')
_LEVEL: Final = 3
_WINDOW_BITS: Final = -13
"""No header, and a window of 8 KiB, which holds the dictionary and an object."""
_MEMORY_LEVEL: Final = 4
_MARK: Final = bytes([DICTIONARY])


def pack(text: bytes) -> bytes:
    """Return a compressed text."""
    # Copying a compressor with a loaded dictionary is far faster than creating one.
    packer = _packer().copy()
    return _MARK + packer.compress(text) + packer.flush()


def unpack(blob: bytes) -> bytes:
    """Return the text of a packed blob.

    Raises:
        CellError: the blob was not made by `pack`, or with an unknown dictionary.
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
