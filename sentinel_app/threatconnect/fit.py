"""Checks of a response's rows against the question.

A proxy or gateway may drop a parameter or a body, and ThreatConnect then answers another question.
An owner, a type and an id never change, so that a single row with other ones proves that; but an
Indicator may be set inactive while it is read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NoReturn

from sentinel_app.core.error_text import one_line
from sentinel_app.core.question import Question
from sentinel_app.errors import ActivityError, AnswerError, ReadError, ReadOrderError

ANSWER_REMEDY: Final = (
    'Nothing of it was taken. It looks as if the question did not arrive as it was sent: see that '
    'no proxy or gateway between the App and ThreatConnect drops parameters, fields or the body of '
    'a request; if there is none, contact ThreatConnect support.'
)

ID_LIMIT: Final = 2**63
"""Exclusive upper bound of ids: signed 64-bit numbers in ThreatConnect and in the databases."""

_COLLECTIONS: Final = frozenset({'associatedGroups', 'attributes', 'securityLabels', 'tags'})
"""Values of `fields=` that add a member to every row, `{}` if it has no elements.

Source: ThreatConnect REST API v3, "Include Additional Fields" and its examples.
"""

_LONGEST_NAME: Final = 1_000
_SHOWN_NAMES: Final = 3
_SHOWN_LENGTH: Final = 100

Row = Mapping[str, object]


def row_id(row: Row) -> int:
    """Return the id of a row.

    Raises:
        ReadError: it is missing or invalid.
    """
    number = row.get('id')
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < ID_LIMIT:
        raise ReadError('ThreatConnect gave a row without a whole number as its id.')
    return number


def check_fit(
    rows: Sequence[Row], question: Question, *, limit: int, fields: Collection[str] = ()
) -> None:
    """Refuse a response with a row that does not fit the question.

    A row without owner or type proves nothing; it is found to be invalid later.

    Args:
        rows: all rows of the response.
        question: the question.
        limit: the requested maximum of rows.
        fields: the requested fields beyond the default properties.

    Raises:
        AnswerError: too many rows, or a row of another owner or type, or without any of the fields.
        ActivityError: a row that is not active or inactive as requested.
        ReadOrderError: a row with an id that was not requested.
        ReadError: a row without an id.
    """
    if len(rows) > limit:
        _refuse(f'it holds {len(rows):,} Indicators where at most {limit:,} were asked for')
    owners = _Names(question.owners, _folded)
    types = _Names(question.types, _folded_type)
    for row in rows:
        row_id(row)
        if owners.is_other(row.get('ownerName')):
            _refuse_name('owner', row['ownerName'], question.owners)
        if types.is_other(row.get('type')):
            _refuse_name('type', row['type'], question.types)
    check_members(rows, fields)
    _check_activity(rows, question)
    _check_ids(rows, question)


def check_empty(rows: Sequence[Row], count: int | None) -> None:
    """Refuse a non-empty response to a question that nothing can match.

    Raises:
        AnswerError: the response is not empty.
    """
    if rows or count:
        _refuse(
            f'it has {max(len(rows), count or 0):,} rows where a clause in the TQL lets none '
            'pass, as if the TQL had not arrived'
        )


def check_deleted(rows: Sequence[Row], owner: str) -> None:
    """Refuse a list of deleted Indicators with entries of another owner.

    Raises:
        AnswerError: there is such an entry.
    """
    owners = _Names((owner,), _folded)
    for row in rows:
        if owners.is_other(row.get('ownerName')):
            _refuse_name('owner', row['ownerName'], (owner,))


def check_groups(
    rows: Sequence[Row], *, ids: Collection[int] | None = None, types: Collection[str] = ()
) -> None:
    """Refuse Groups other than the requested ones.

    Args:
        rows: all rows of the response.
        ids: the requested ids; None for any.
        types: the requested types; empty for any.

    Raises:
        AnswerError: there is such a Group.
    """
    names = _Names(types, _folded_type)
    for row in rows:
        number = row.get('id')
        if ids is not None and (not isinstance(number, int) or number not in ids):
            _refuse(f'it holds the Group {_shown(str(number))}, which was not asked for')
        if names.is_other(row.get('type')):
            _refuse(
                f'it holds the Group {_shown(str(number))} of the type '
                f'{_shown(str(row["type"]))}, which was not asked for'
            )


def check_members(rows: Sequence[Row], fields: Collection[str]) -> None:
    """Refuse a response with a row that has none of the requested collections.

    Args:
        rows: all rows of the response.
        fields: the requested fields beyond the default properties.

    Raises:
        AnswerError: there is such a row.
    """
    members = _COLLECTIONS.intersection(fields)
    for row in rows:
        if members and members.isdisjoint(row):
            _refuse(
                f'the row {row_id(row)} comes without {", ".join(sorted(members))}, which were '
                'asked for and come even where they are empty'
            )


def check_profiles(rows: Sequence[Row], member: str) -> None:
    """Refuse Groups that all come without the profile that they were asked for by.

    Args:
        rows: all rows of the response.
        member: the name of the profile.

    Raises:
        AnswerError: no row has it.
    """
    if rows and all(member not in row for row in rows):
        _refuse(f'none of {len(rows):,} Groups with a profile comes with its {member}')


def check_order(rows: Sequence[Row], *, after_id: int | None = None) -> None:
    """Refuse a page after which paging by id would skip rows.

    Args:
        rows: all rows of the response.
        after_id: the last id of the page before; None on the first page.

    Raises:
        ReadOrderError: an id is not greater than the one before it.
    """
    last_id = after_id
    for row in rows:
        number = row_id(row)
        if last_id is not None and number <= last_id:
            raise ReadOrderError(
                'ThreatConnect does not sort by id as asked, so that going on after the last id '
                'would leave some out.',
                context={'id': number, 'after_id': last_id},
            )
        last_id = number


def _check_activity(rows: Sequence[Row], question: Question) -> None:
    if question.is_active is None:
        return
    unfit = not question.is_active
    for row in rows:
        activity = row.get('active')
        if activity is unfit:
            asked, found = ('active', 'inactive') if question.is_active else ('inactive', 'active')
            raise ActivityError(
                f"ThreatConnect's answer does not fit the question: it holds the {found} Indicator "
                f'{row_id(row)} where {asked} ones were asked for. {ANSWER_REMEDY}'
            )
        if not question.is_active and not isinstance(activity, bool):
            _refuse(
                'it does not say whether an Indicator is active, where inactive ones were asked for'
            )


def _check_ids(rows: Sequence[Row], question: Question) -> None:
    if question.after_id is None and question.ids is None:
        return
    for row in rows:
        number = row_id(row)
        is_behind = question.after_id is None or number > question.after_id
        if not is_behind or (question.ids is not None and number not in question.ids):
            raise ReadOrderError(
                f'ThreatConnect gave the Indicator {number}, whose id is not among those asked '
                'for, as if it took no account of "id" in TQL. Nothing is skipped: the page is '
                'asked for again.',
                context={'id': number, 'after_id': question.after_id},
            )


class _Names:
    """The requested names, in any spelling.

    Args:
        asked: the names; empty for any.
        folded: returns the common form of a name's spellings.
    """

    def __init__(self, asked: Iterable[str], folded: Callable[[str], str]) -> None:
        self._folded = folded
        self._asked = frozenset(map(folded, asked))
        self._found: set[str] = set()
        """Cache of spellings that match."""

    def is_other(self, name: object) -> bool:
        """Return whether it is a name that was not requested."""
        if not self._asked or not isinstance(name, str) or name in self._found:
            return False
        if not name or name.isspace():
            return False
        # No requested name is as long, and it must not fill the cache.
        if len(name) > _LONGEST_NAME or self._folded(name) not in self._asked:
            return True
        self._found.add(name)
        return False


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """Return a name without differences that TQL may ignore: case, Unicode form, outer blanks."""
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold()).strip()


@lru_cache(maxsize=4096)
def _folded_type(name: str) -> str:
    """Return the common form of a type's name; some versions spell `Email Subject` as one word."""
    return ''.join(_folded(name).split())


def _refuse_name(noun: str, found: object, asked: Sequence[str]) -> NoReturn:
    names = ', '.join(_shown(name) for name in asked[:_SHOWN_NAMES])
    more = len(asked) - _SHOWN_NAMES
    others = f' and {more:,} more' if more > 0 else ''
    _refuse(
        f'it holds an Indicator of the {noun} {_shown(str(found))} where only {names}{others} '
        'was asked for'
    )


def _refuse(fault: str) -> NoReturn:
    raise AnswerError(f"ThreatConnect's answer does not fit the question: {fault}. {ANSWER_REMEDY}")


def _shown(name: str) -> str:
    return f'"{one_line(name, _SHOWN_LENGTH)}"'
