"""Groups above the highest TLP level to send are named nowhere; all others always are."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.description import description_of
from sentinel_app.core.fingerprint import fingerprint
from sentinel_app.core.indicator import DeletedIndicator, Owner, TqlKeyword
from sentinel_app.core.question import Question
from sentinel_app.core.source import DeletedPage, Source, SourcePage
from sentinel_app.core.tlp import Tlp
from sentinel_app.errors import ReadTimeoutError
from sentinel_app.pipeline.group_screen import MOST_KNOWN, VALID_FOR_S, GroupScreen, KnownGroups
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import make_row
from tests.harness.clocks import NOON, StandingClock
from tests.harness.strategies import json_values, law

QUESTION = Question(tql='rating > 3')
RANKS: Mapping[str, int] = {
    'TLP:CLEAR': 0,
    'tlp white': 0,
    'TLP:GREEN': 1,
    'TLP:AMBER': 2,
    'TLP_AMBER+STRICT': 3,
    'TLP:RED': 4,
    'TLP:RED ORGANIZATION ONLY': 4,
    'TLP:NONESUCH': 4,
    'Internal': 0,
}
"""How strict each label is; 0 where it says nothing of TLP."""
LEVELS = tuple(Tlp)
BIG = 2**53 + 1


class LabeledRows:
    """Implements `LabeledSource`: rows, and the labels of the Groups that it knows."""

    def __init__(
        self, *rows: dict[str, Any], labels: Mapping[int, tuple[str, ...]] | None = None
    ) -> None:
        self.rows = rows
        self.labels = dict(labels or {})
        self.asked: list[list[int]] = []
        self.error: Exception | None = None

    def group_labels(self, ids: Sequence[int]) -> Mapping[int, tuple[str, ...]]:
        self.asked.append(list(ids))
        if self.error is not None:
            raise self.error
        return {number: self.labels[number] for number in ids if number in self.labels}

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        assert (question, limit) == (QUESTION, 7)
        return SourcePage(rows=self.rows, server_at=NOON)

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        assert (question, limit, offset) == (QUESTION, 7, 3)
        return SourcePage(rows=self.rows, server_at=NOON, count=11)

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        assert question == QUESTION
        return 11, NOON

    def verify(self, question: Question) -> None:
        raise ReadTimeoutError(question.tql)

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        assert (since, start, limit) == (NOON, 5, 6)
        gone = DeletedIndicator(type='Host', summary='x', owner_name=owner, date='')
        return DeletedPage(entries=(gone,), server_at=NOON)

    def owners(self) -> tuple[Owner, ...]:
        return (Owner(name='A', type='Source'),)

    def keywords(self) -> tuple[TqlKeyword, ...]:
        return (TqlKeyword(name='rating', type='Integer', description=''),)


def group(number: object, **members: Any) -> dict[str, Any]:
    named = {'type': 'Report', 'name': f'Group {number}.', 'ownerName': 'Example Org'}
    return {'id': number, **named, **members}


def row(*groups: object, **members: Any) -> dict[str, Any]:
    return make_row(associatedGroups={'data': list(groups), 'count': len(groups)}, **members)


def screen(
    source: LabeledRows, highest: Tlp = Tlp.AMBER, known: KnownGroups | None = None
) -> GroupScreen:
    return GroupScreen(source, highest=highest, known=known or KnownGroups(StandingClock()))


def read(source: Source) -> tuple[Mapping[str, object], ...]:
    """The rows that come out of both ways of reading, which are the same."""
    rows = source.read_page(QUESTION, limit=7).rows
    assert source.read_window(QUESTION, limit=7, offset=3).rows == rows
    return rows


def ids_in(one: Mapping[str, Any]) -> list[int]:
    return [each['id'] for each in one['associatedGroups'].get('data', [])]


@law
@given(
    st.dictionaries(
        st.integers(min_value=BIG, max_value=BIG + 8),
        st.none() | st.lists(st.sampled_from(sorted(RANKS)), max_size=3),
        max_size=8,
    ),
    st.lists(st.lists(st.integers(min_value=BIG, max_value=BIG + 9), max_size=5), max_size=4),
    st.sampled_from(LEVELS),
)
def test_group_is_named_exactly_where_its_labels_are_known_and_none_is_above_the_level(
    labels: dict[int, list[str] | None], groups: list[list[int]], highest: Tlp
) -> None:
    known = {number: tuple(each) for number, each in labels.items() if each is not None}
    rows = [row(*map(group, numbers)) for numbers in groups]
    found = read(screen(LabeledRows(*rows, labels=known), highest))
    limit = LEVELS.index(highest)
    for before, after, numbers in zip(rows, found, groups, strict=True):
        wanted = [
            number
            for number in numbers
            if number in known and all(RANKS[label] <= limit for label in known[number])
        ]
        assert ids_in(after) == wanted
        assert {**after, 'associatedGroups': None} == {**before, 'associatedGroups': None}
        for number in numbers:
            assert (f'Group {number}.' in str(after)) == (number in wanted)


def test_removed_group_is_as_if_it_had_never_been_associated() -> None:
    plain = make_row(associatedGroups={})
    labels = {1: ('TLP:RED',), 2: ('TLP:GREEN',)}
    none, one = read(screen(LabeledRows(row(group(1)), row(group(1), group(2)), labels=labels)))
    assert none == plain
    assert fingerprint(none, b'x') == fingerprint(plain, b'x')
    described = description_of(parse_indicator(one))
    assert 'Group 2.' in described
    assert 'Group 1.' not in described


def test_row_that_keeps_all_its_groups_is_left_as_it_is() -> None:
    whole, none, empty = row(group(1)), make_row(associatedGroups=None), make_row()
    found = read(screen(LabeledRows(whole, none, empty, labels={1: ()})))
    assert [each is given for each, given in zip(found, (whole, none, empty), strict=True)] == [
        *(True, True, True)
    ]


@pytest.mark.parametrize('number', [None, '1', 1.0, True, [], {}])
def test_group_without_an_id_is_removed(number: object) -> None:
    source = LabeledRows(row(group(number), 'Group 1.', None, group(1)), labels={1: ()})
    (found,) = read(screen(source))
    assert found['associatedGroups'] == {'data': [group(1)]}


@law
@given(json_values)
def test_groups_in_any_other_form_are_removed(value: object) -> None:
    (found,) = read(screen(LabeledRows(make_row(associatedGroups=value), labels={})))
    assert found.get('associatedGroups') in (None, {}, value if not value else {})


def test_page_keeps_its_time_and_count() -> None:
    screened = screen(LabeledRows(row(group(1))))
    assert screened.read_window(QUESTION, limit=7, offset=3).count == 11
    assert screened.read_page(QUESTION, limit=7).server_at == NOON


def test_all_groups_of_a_page_are_asked_for_at_once_and_each_once() -> None:
    source = LabeledRows(
        row(group(BIG + 2), group(BIG)), row(group(BIG), group(BIG + 1)), labels={BIG: ()}
    )
    screened = screen(source)
    read(screened)
    assert source.asked == [[BIG, BIG + 1, BIG + 2]]


def test_page_without_groups_asks_nothing() -> None:
    source = LabeledRows(make_row(), make_row(associatedGroups=None), row())
    assert len(read(screen(source))) == 3
    assert source.asked == []


def test_labels_are_asked_for_again_after_some_time() -> None:
    clock = StandingClock()
    source = LabeledRows(row(group(1)), labels={1: ('TLP:GREEN',)})
    screened = screen(source, known=KnownGroups(clock))
    read(screened)
    source.labels[1] = ('TLP:RED',)
    clock.advance(VALID_FOR_S - 1)
    assert [ids_in(dict(each)) for each in read(screened)] == [[1]]
    assert len(source.asked) == 1
    clock.advance(1)
    assert [ids_in(dict(each)) for each in read(screened)] == [[]]
    assert len(source.asked) == 2


def test_failed_request_fails_the_page_and_is_made_again() -> None:
    source = LabeledRows(row(group(1)), labels={1: ()})
    screened = screen(source)
    source.error = ReadTimeoutError('late')
    with pytest.raises(ReadTimeoutError):
        screened.read_page(QUESTION, limit=7)
    source.error = None
    assert [ids_in(dict(each)) for each in read(screened)] == [[1]]
    assert source.asked == [[1], [1]]


def test_groups_that_were_known_first_are_forgotten_first() -> None:
    clock = StandingClock()
    known = KnownGroups(clock)
    known.add(dict.fromkeys(range(10), True))
    known.add({0: False})
    known.add(dict.fromkeys(range(10, MOST_KNOWN + 2), True))
    found = known.find(range(MOST_KNOWN + 2))
    assert len(found) == MOST_KNOWN
    assert sorted(set(range(10)) - set(found)) == [1, 2]
    assert found[0] is False
    clock.advance(VALID_FOR_S)
    assert known.find(range(MOST_KNOWN + 2)) == {}


def test_page_with_more_groups_than_are_known_at_once_is_still_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr('sentinel_app.pipeline.group_screen.MOST_KNOWN', 2)
    labels = {number: (('TLP:RED',) if number % 2 else ()) for number in range(9)}
    source = LabeledRows(row(*map(group, range(9))), labels=labels)
    assert [ids_in(dict(each)) for each in read(screen(source))] == [[0, 2, 4, 6, 8]]


def test_screens_share_what_they_know_from_any_thread() -> None:
    known = KnownGroups(StandingClock())
    barrier = threading.Barrier(4)

    def use(start: int) -> list[list[int]]:
        numbers = range(start, start + 50)
        source = LabeledRows(row(*map(group, numbers)), labels=dict.fromkeys(numbers, ()))
        barrier.wait(timeout=30)
        return [ids_in(dict(each)) for each in read(screen(source, known=known))]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(use, (0, 25, 50, 75)))
    assert found == [[list(range(start, start + 50))] for start in (0, 25, 50, 75)]
    again = LabeledRows(row(*map(group, range(125))))
    assert [ids_in(dict(each)) for each in read(screen(again, known=known))] == [list(range(125))]
    assert again.asked == []


def test_all_else_is_asked_as_it_is() -> None:
    source = LabeledRows()
    screened = screen(source)
    assert screened.count(QUESTION) == (11, NOON)
    assert screened.owners() == source.owners()
    assert screened.keywords() == source.keywords()
    page = screened.deleted('A', since=NOON, start=5, limit=6)
    assert [each.owner_name for each in page.entries] == ['A']
    with pytest.raises(ReadTimeoutError, match='rating > 3'):
        screened.verify(QUESTION)
    assert source.asked == []
