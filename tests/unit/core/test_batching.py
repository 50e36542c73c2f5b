from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.batching import MAX_BYTES, MAX_OBJECTS, fitting, halves
from tests.strategies import law

SIZES = st.lists(st.integers(min_value=0, max_value=300), max_size=60)
LIMITS = {
    'max_objects': st.integers(min_value=1, max_value=20),
    'max_bytes': st.integers(min_value=1, max_value=600),
}


def batches(sizes: list[int], max_objects: int, max_bytes: int) -> list[list[int]]:
    made, rest = [], sizes
    while rest:
        count = fitting(rest, max_objects=max_objects, max_bytes=max_bytes)
        assert count > 0
        made.append(rest[:count])
        rest = rest[count:]
    return made


@law
@given(sizes=SIZES, **LIMITS)
def test_batches_rejoin_to_the_input(sizes: list[int], max_objects: int, max_bytes: int):
    made = batches(sizes, max_objects, max_bytes)

    assert [size for batch in made for size in batch] == sizes


@law
@given(sizes=SIZES, **LIMITS)
def test_every_batch_keeps_both_limits_or_is_one_large_object(
    sizes: list[int], max_objects: int, max_bytes: int
):
    for batch in batches(sizes, max_objects, max_bytes):
        assert len(batch) <= max_objects
        assert sum(batch) <= max_bytes or len(batch) == 1


@law
@given(sizes=SIZES, **LIMITS)
def test_no_batch_is_smaller_than_it_has_to_be(sizes: list[int], max_objects: int, max_bytes: int):
    made = batches(sizes, max_objects, max_bytes)

    for batch, following in itertools.pairwise(made):
        assert len(batch) == max_objects or sum(batch) + following[0] > max_bytes


def test_nothing_fits_where_there_is_nothing():
    assert fitting([]) == 0


def test_the_standing_limits_are_a_hundred_objects_and_a_megabyte():
    assert (MAX_OBJECTS, MAX_BYTES) == (100, 1_000_000)
    assert fitting([1] * 101) == 100
    assert fitting([400_000, 400_000, 200_000, 1]) == 3
    assert fitting([1_000_001, 1]) == 1


@law
@given(st.lists(st.integers()))
def test_halves_rejoin_and_differ_by_one_at_most(items: list[int]):
    first, second = halves(items)

    assert [*first, *second] == items
    assert abs(len(first) - len(second)) <= 1


@law
@given(st.lists(st.integers(), min_size=1), st.data())
def test_halving_again_and_again_finds_the_culprit(items: list[int], data: st.DataObject):
    place = data.draw(st.integers(min_value=0, max_value=len(items) - 1))
    found, first_place = list(items), 0
    for _ in range(len(items).bit_length()):
        if len(found) == 1:
            break
        first, second = halves(found)
        assert first
        assert second
        if place < first_place + len(first):
            found = list(first)
        else:
            found, first_place = list(second), first_place + len(first)

    assert (found, first_place) == ([items[place]], place)
