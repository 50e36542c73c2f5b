"""KQL of the verification, over the newest row of each object of the Service's source system.

Source: MicrosoftDocs, "Work with STIX objects and indicators" (`Id`, republishing every 7 to 10
days), Azure Monitor tables reference, `ThreatIntelIndicators` and `ThreatIntelObjects`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel_app.core.finding import UnknownRow
from sentinel_app.core.kql import text_literal, time_literal
from sentinel_app.core.verification import SeenObject, Sums, VerifiedTable

HISTORY_COLUMNS: Final = (
    *('TimeGenerated', 'LastUpdateMethod', 'Modified', 'ValidUntil', 'Confidence'),
    *('IsActive', 'Revoked', 'IsDeleted', 'ObservableKey'),
)

MOST_PREFIXES: Final = 900
"""Maximum prefixes named in a query, so that its text stays below 8 KB."""

MOST_NAME_CHARS: Final = 256
"""Maximum characters that are read of the name of an unknown context object."""

HISTORY_DAYS: Final = 30
MOST_HISTORY_ROWS: Final = 50

_UUID_LENGTH: Final = 36
_UUID: Final = f'Uuid = substring(Id, strlen(Id) - {_UUID_LENGTH})'
_DIGITS: Final = ' + '.join(
    f"indexof('0123456789abcdef', substring(Id, strlen(Id) - {_UUID_LENGTH - place}, 1)) * {weight}"
    for place, weight in ((4, 4096), (5, 256), (6, 16), (7, 1))
)
"""The fifth to the eighth digit as a number; of two objects that differ, it hardly ever agrees."""
_ROWS_OF: Final = '14d'
"""Every object that has not expired gets a new row within 10 days; the rest is margin."""
_EPOCH: Final = 'datetime(1970-01-01)'
_NEVER: Final = 'datetime(9999-12-31)'


def _ms(column: str) -> str:
    """Return a time as milliseconds since 1970."""
    return f"datetime_diff('millisecond', {column}, {_EPOCH})"


def _marks(*marks: str) -> str:
    """Return the column with the marks of a row; see `Mark`."""
    return f'Marks = {" + ".join(marks)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """What is asked of a table; what cannot be compared there is in no column."""

    extracted: str
    """Columns that are made of the object itself; empty without any."""
    state: str
    """Columns that say how an object stands."""
    live: Callable[[dt.datetime], str]
    """Returns the condition that an object is live at a time."""
    summed: tuple[str, ...]
    """Numbers of an object besides its digits and its version; 0 unless it is live."""
    sums: tuple[str, ...]
    """Sums of a partition besides those of the digits and the versions."""
    seen: tuple[str, ...]
    """Columns of an object's newest row after its UUID and its version."""
    described: str
    """Columns besides the state that tell what an unknown object is."""
    unknown: tuple[str, ...]
    """Columns of an unknown object after its UUID and its version."""


_ENDS: Final = ", ' ', ".join(
    f'tostring(Data.{name})' for name in ('source_ref', 'relationship_type', 'target_ref')
)
_NAMED: Final = f"iff(StixType == 'relationship', strcat({_ENDS}), tostring(Data.name))"
_EXTRACTED: Final = (
    'Modified = todatetime(Data.modified)',
    'Created = todatetime(Data.created)',
    "Revoked = tostring(Data.revoked) == 'true'",
    f'Name = substring({_NAMED}, 0, {MOST_NAME_CHARS})',
)
_COLUMNS: Final = {
    VerifiedTable.INDICATORS: _Columns(
        extracted='',
        state='Modified, ValidUntil, Confidence, Revoked, IsDeleted, IsActive, ObservableKey',
        live=lambda now: (
            'coalesce(IsActive, true) and not(coalesce(Revoked, false))'
            f' and not(coalesce(IsDeleted, false)) and coalesce(ValidUntil, {_NEVER}) >'
            f' {time_literal(now)}'
        ),
        summed=(
            f'UntilMs = iff(IsLive, coalesce({_ms("ValidUntil")}, 0), 0)',
            'Sure = iff(IsLive, coalesce(toint(Confidence), -1) + 1, 0)',
        ),
        sums=(
            'UntilSum = sum(UntilMs)',
            'ConfidenceSum = sum(Sure)',
            'Unparsed = countif(IsLive and isempty(ObservableKey))',
        ),
        seen=(
            f'UntilMs = {_ms("ValidUntil")}',
            'Confidence',
            _marks(
                'iff(coalesce(Revoked, false), 1, 0)',
                'iff(coalesce(IsDeleted, false), 2, 0)',
                'iff(coalesce(IsActive, true), 0, 4)',
                'iff(isempty(ObservableKey), 8, 0)',
            ),
        ),
        described='Created, ValidFrom, Pattern',
        unknown=(
            f'CreatedMs = {_ms("Created")}',
            f'FromMs = {_ms("ValidFrom")}',
            'Pattern',
        ),
    ),
    VerifiedTable.OBJECTS: _Columns(
        extracted=', '.join(_EXTRACTED),
        state='Modified, Revoked, IsDeleted',
        live=lambda _: 'not(Revoked) and not(coalesce(IsDeleted, false)) and isnotnull(Modified)',
        summed=(),
        sums=(),
        seen=(
            _marks(
                'iff(Revoked, 1, 0)',
                'iff(coalesce(IsDeleted, false), 2, 0)',
                'iff(isnull(Modified), 16, 0)',
            ),
        ),
        described='Created, StixType, Name',
        unknown=(f'CreatedMs = {_ms("Created")}', 'StixType', 'Name'),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationQueries:
    """Queries about the objects of one source system in one table, and what their rows say."""

    source_system: str
    table: VerifiedTable = VerifiedTable.INDICATORS

    @property
    def sum_columns(self) -> tuple[str, ...]:
        """Columns of the answer to `sums`."""
        return ('Part', 'Rows', 'Live', 'DigitSum', 'ModifiedSum', *map(_name, self._asked.sums))

    @property
    def object_columns(self) -> tuple[str, ...]:
        """Columns of the answer to `objects`; the first one is the UUID."""
        return ('Uuid', 'ModifiedMs', *map(_name, self._asked.seen))

    @property
    def unknown_columns(self) -> tuple[str, ...]:
        """Columns of the answer to `unknown`; the first one is the UUID."""
        return ('Uuid', 'ModifiedMs', *map(_name, self._asked.unknown))

    def sums(
        self,
        digits: int,
        *,
        now: dt.datetime,
        settled_before: dt.datetime,
        among: Iterable[str] = (),
    ) -> str:
        """Return the query for the sums of partitions, of those that have rows.

        Args:
            digits: number of digits that tell the partitions apart.
            now: when the run began; what has ended by then is not live.
            settled_before: later versions are left out of the sums.
            among: prefixes of one length that limit it; none for all.
        """
        is_live = f'{self._asked.live(now)} and Modified < {time_literal(settled_before)}'
        sums = (
            'Rows = count()',
            'Live = countif(IsLive)',
            'DigitSum = sum(Digits)',
            'ModifiedSum = sum(ModifiedMs)',
            *self._asked.sums,
        )
        part = f'Part = substring(Id, strlen(Id) - {_UUID_LENGTH}, {digits})'
        numbers = (
            f'Digits = iff(IsLive, {_DIGITS}, 0)',
            f'ModifiedMs = iff(IsLive, {_ms("Modified")}, 0)',
            *self._asked.summed,
        )
        lines = (
            *self._newest(self._asked.state, among),
            f'| extend {part}, IsLive = {is_live}',
            f'| extend {", ".join(numbers)}',
            f'| summarize {", ".join(sums)} by Part',
        )
        return '\n'.join(lines)

    @staticmethod
    def sums_of(row: Sequence[Any]) -> tuple[str, Sums, int]:
        """Return a partition, its sums, and the number of its rows."""
        part, rows, *sums = row
        return str(part), Sums(*map(int, sums)), int(rows)

    def objects(self, among: Iterable[str]) -> str:
        """Return the query for the newest row of each object in partitions.

        Args:
            among: prefixes of one length; none for all.
        """
        columns = (_UUID, f'ModifiedMs = {_ms("Modified")}', *self._asked.seen)
        return '\n'.join(
            (*self._newest(self._asked.state, among), f'| project {", ".join(columns)}')
        )

    def seen(self, row: Sequence[Any]) -> SeenObject:
        """Return the newest row of an object, of an answer to `objects`."""
        if self.table is VerifiedTable.OBJECTS:
            _, modified, marks = row
            return SeenObject(modified or 0, None, None, marks)
        _, modified, valid_until, confidence, marks = row
        return SeenObject(modified or 0, valid_until, confidence, marks)

    def unknown(self, among: Iterable[str], *, now: dt.datetime) -> str:
        """Return the query for what tells the live objects in partitions apart, and withdraws them.

        Args:
            among: prefixes of one length; none for all.
            now: when the run began; what has ended by then is not live.
        """
        columns = (_UUID, f'ModifiedMs = {_ms("Modified")}', *self._asked.unknown)
        lines = (
            *self._newest(f'{self._asked.state}, {self._asked.described}', among),
            f'| where {self._asked.live(now)}',
            f'| project {", ".join(columns)}',
        )
        return '\n'.join(lines)

    def unknown_row(self, digest: bytes, row: Sequence[Any]) -> UnknownRow:
        """Return an unknown object, of an answer to `unknown`.

        Args:
            digest: the bytes of its id.
            row: its row.
        """
        if self.table is VerifiedTable.OBJECTS:
            _, modified, created, stix_type, name = row
            return UnknownRow(digest, modified or 0, created or 0, stix_type=stix_type, name=name)
        _, modified, created, valid_from, pattern = row
        return UnknownRow(digest, modified or 0, created or 0, valid_from or 0, pattern)

    def history(self, sentinel_id: str) -> str:
        """Return the query for the rows of one Indicator, newest first."""
        wanted = f'TimeGenerated > ago({HISTORY_DAYS}d) and Id == {text_literal(sentinel_id)}'
        lines = (
            VerifiedTable.INDICATORS.value,
            f'| where {wanted}',
            f'| top {MOST_HISTORY_ROWS} by TimeGenerated desc',
            f'| project {", ".join(HISTORY_COLUMNS)}',
        )
        return '\n'.join(lines)

    @property
    def _asked(self) -> _Columns:
        return _COLUMNS[self.table]

    def _newest(self, columns: str, among: Iterable[str]) -> tuple[str, ...]:
        """Return the lines that leave the newest row of each object."""
        wanted = tuple(among)
        source = text_literal(self.source_system)
        lines = [
            self.table.value,
            f'| where TimeGenerated > ago({_ROWS_OF}) and SourceSystem == {source}',
        ]
        if wanted and wanted != ('',):
            texts = ', '.join(map(text_literal, wanted))
            first = f'substring(Id, strlen(Id) - {_UUID_LENGTH}, {len(wanted[0])})'
            lines.append(f'| where {first} in ({texts})')
        if self._asked.extracted:
            lines.append(f'| extend {self._asked.extracted}')
        lines.append(f'| summarize arg_max(TimeGenerated, {columns}) by Id')
        return tuple(lines)


READ_BACK: Final = (
    f'ThreatIntelIndicators\n| where TimeGenerated > ago({_ROWS_OF})\n| project Id\n| take 1'
)
"""Whether the table can be read at all."""


def _name(column: str) -> str:
    """Return the name of a column that a query makes or takes."""
    return column.partition(' = ')[0]
