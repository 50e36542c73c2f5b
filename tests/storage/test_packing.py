"""Texts of objects come back as they were packed, or not at all."""

from __future__ import annotations

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.storage.cell import CellError
from sentinel_app.storage.packing import DICTIONARY, pack, unpack
from tests.harness.dictionary import FOLDER, texts_of
from tests.simulators.demo import generate_indicators

DIGESTS = {1: '0a5b401a978cc8f4298b579322bdef7ab1c4fb1bd9ae33a62ed26d48a0c9ad67'}
"""Of the dictionaries, by their numbers. None of them changes: bodies are stored by them."""

TEXT = b'{"type":"indicator","spec_version":"2.1","id":"indicator--0"}'


@given(st.binary(max_size=2_000) | st.binary(max_size=20).map(lambda part: part * 2_000))
def test_bytes_of_any_content_are_restored(text: bytes) -> None:
    assert unpack(pack(text)) == text


def test_usual_objects_shrink_to_a_fifth_of_their_size() -> None:
    texts = [text.encode() for text in texts_of(generate_indicators(2_000, seed=7))]
    blobs = [pack(text) for text in texts]
    assert [unpack(blob) for blob in blobs] == texts
    assert sum(map(len, blobs)) / len(blobs) <= 260
    assert sum(map(len, blobs)) <= sum(map(len, texts)) / 5


def test_first_byte_names_the_dictionary() -> None:
    assert pack(TEXT)[0] == DICTIONARY
    assert len(pack(TEXT)) < len(TEXT) / 2


@pytest.mark.parametrize('number', sorted(set(range(256)) - DIGESTS.keys()))
def test_unknown_dictionary_is_a_cell_error(number: int) -> None:
    with pytest.raises(CellError, match='dictionary'):
        unpack(bytes([number]) + pack(TEXT)[1:])


@pytest.mark.parametrize(
    'blob',
    [
        b'',
        pack(TEXT)[:1],
        pack(TEXT)[:-1],
        pack(TEXT) + b'x',
        pack(TEXT)[:1] + b'\xff' * 20,
        pack(TEXT)[:1] + zlib.compress(TEXT),
    ],
)
def test_cell_that_was_not_packed_is_a_cell_error(blob: bytes) -> None:
    with pytest.raises(CellError):
        unpack(blob)


@given(st.binary(max_size=200))
def test_cell_errors_are_the_only_ones_raised_for_any_bytes(blob: bytes) -> None:
    try:
        unpack(blob)
    except CellError:
        return


def test_dictionaries_never_change() -> None:
    assert {
        int(path.stem): hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()
    } == DIGESTS
