from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.indicator import Tag
from sentinel_app.core.label import LABELS_LIMIT, labels_of
from tests.harness.builders.indicator import make_indicator, make_objects
from tests.harness.strategies import law, tags


def named(*names: str) -> tuple[Tag, ...]:
    return tuple(Tag(name=name) for name in names)


def numbered(count: int, character: str = 'x') -> tuple[Tag, ...]:
    return named(*(f'{number:05d}'.ljust(128, character) for number in range(count)))


def size(labels: tuple[str, ...]) -> int:
    return len(json.dumps(labels, ensure_ascii=False).encode())


@pytest.mark.parametrize('character', ['x', 'ü', '😀', '"', '\\', '\x01'])
def test_labels_are_whole_and_together_below_the_limit(character: str) -> None:
    found = labels_of(numbered(300, character))
    names = [tag.name for tag in numbered(300, character)]
    assert list(found.kept) == names[: len(found.kept)]
    assert size(found.kept) < 32_766 <= size((*found.kept, names[len(found.kept)]))
    assert found.left_out == 300 - len(found.kept) > 0


def test_limit_is_met_exactly() -> None:
    fitting = LABELS_LIMIT - 1 - len('["a", ""]')
    assert labels_of(named('a', 'b' * fitting)).left_out == 0
    assert size(labels_of(named('a', 'b' * fitting)).kept) == 32_765
    assert labels_of(named('a', 'b' * (fitting + 1))).kept == ('a',)


def test_absurd_tag_does_not_cost_the_others() -> None:
    found = labels_of(named('a', 'b' * 10**5, 'c'))
    assert found.kept == ('a', 'c')
    assert found.left_out == 1


@law
@given(st.lists(tags, max_size=10))
def test_usual_tags_are_all_kept(found: list[Tag]) -> None:
    labels = labels_of(found)
    assert labels.left_out == 0
    assert list(labels.kept) == sorted(set(labels.kept))


def test_object_has_the_labels_that_are_kept() -> None:
    (stix,) = make_objects(make_indicator(tags=numbered(300)))
    assert stix['labels'] == list(labels_of(numbered(300)).kept)
    (stix,) = make_objects(make_indicator(tags=named('x' * 10**5)))
    assert 'labels' not in stix
