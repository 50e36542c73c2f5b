"""Holds the rows of an answer against the question; the one place where that is done.

Whoever stands between the App and ThreatConnect may drop a parameter or a body, and ThreatConnect
then answers another question. An owner, a type and an id never change, so that one row with others
than were asked for proves it; an Indicator may be set inactive while it is read.
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
    'a request; if there is none, tell the support of ThreatConnect.'
)

ID_LIMIT: Final = 2**63
"""Ids are 64-bit numbers with a sign, in ThreatConnect and in the databases alike."""

_COLLECTIONS: Final = frozenset({'associatedGroups', 'attributes', 'securityLabels', 'tags'})
"""Values of `fields=` that put a member into every row; one without elements is `{}`.

Source: ThreatConnect REST API v3, "Include Additional Fields" and its examples.
"""

_LONGEST_NAME: Final = 1_000
_SHOWN_NAMES: Final = 3
_SHOWN_LENGTH: Final = 100

Row = Mapping[str, object]


def row_id(row: Row) -> int:
    """Return the id of a row.

    Raises:
        ReadError: there is none, or one that no Indicator can have.
    """
    number = row.get('id')
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < ID_LIMIT:
        raise ReadError('ThreatConnect gave an Indicator without a whole number as its id.')
    return number


def check_fit(
    rows: Sequence[Row], question: Question, *, limit: int, fields: Collection[str] = ()
) -> None:
    """Refuse an answer that holds a row which was not asked for.

    A row that does not name its owner or type is no proof; it is found to be invalid later.

    Args:
        rows: the whole answer.
        question: what was asked.
        limit: how many rows were asked for at most.
        fields: what was asked for beyond the default properties.

    Raises:
        AnswerError: too many rows, or a row of another owner or type, or without any of the fields.
        ActivityError: a row that is not as active as asked.
        ReadOrderError: a row whose id is outside of what was asked for.
        ReadError: a row without an id.
    """
    if len(rows) > limit:
        _refuse(f'it holds {len(rows):,} Indicators where at most {limit:,} were asked for')
    owners = _Names(question.owners, _folded)
    types = _Names(question.types, _folded_type)
    members = _COLLECTIONS.intersection(fields)
    for row in rows:
        number = row_id(row)
        if owners.is_other(row.get('ownerName')):
            _refuse_name('owner', row['ownerName'], question.owners)
        if types.is_other(row.get('type')):
            _refuse_name('type', row['type'], question.types)
        if members and members.isdisjoint(row):
            _refuse(
                f'the Indicator {number} comes without {", ".join(sorted(members))}, which were '
                'asked for and come even where they are empty'
            )
    _check_activity(rows, question)
    _check_ids(rows, question)


def check_empty(rows: Sequence[Row], count: int | None) -> None:
    """Refuse an answer with anything in it to a question that nothing can match.

    Raises:
        AnswerError: there is something.
    """
    if rows or count:
        _refuse(
            f'it has {max(len(rows), count or 0):,} Indicators where a clause in the TQL lets none '
            'pass, as if the TQL had not arrived'
        )


def check_deleted(rows: Sequence[Row], owner: str) -> None:
    """Refuse a list of deleted Indicators that holds those of another owner.

    Raises:
        AnswerError: it does.
    """
    owners = _Names((owner,), _folded)
    for row in rows:
        if owners.is_other(row.get('ownerName')):
            _refuse_name('owner', row['ownerName'], (owner,))


def check_order(rows: Sequence[Row]) -> None:
    """Refuse a page from which the next one could not be asked for without leaving rows out.

    Raises:
        ReadOrderError: an id is not greater than the one before it.
    """
    last_id: int | None = None
    for row in rows:
        number = row_id(row)
        if last_id is not None and number <= last_id:
            raise ReadOrderError(
                'ThreatConnect does not sort Indicators by id as asked, so that going on after the '
                'last id would leave some out.',
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
    """The names that were asked for, in whatever spelling.

    Args:
        asked: none where any name will do.
        folded: a name without what its spellings differ in.
    """

    def __init__(self, asked: Iterable[str], folded: Callable[[str], str]) -> None:
        self._folded = folded
        self._asked = frozenset(map(folded, asked))
        self._found: set[str] = set()
        """What was found to be one of them, as it is spelled."""

    def is_other(self, name: object) -> bool:
        """Whether it is a name, and none that was asked for."""
        if not self._asked or not isinstance(name, str) or name in self._found:
            return False
        if not name or name.isspace():
            return False
        # Nothing so long was asked for, and it is not to be remembered.
        if len(name) > _LONGEST_NAME or self._folded(name) not in self._asked:
            return True
        self._found.add(name)
        return False


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    """Return a name without what TQL may take no account of: case, form and blanks around it."""
    return unicodedata.normalize('NFC', unicodedata.normalize('NFC', name).casefold()).strip()


@lru_cache(maxsize=4096)
def _folded_type(name: str) -> str:
    """Return the name of a type, of which some versions spell `Email Subject` as one word."""
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
