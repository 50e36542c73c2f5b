"""KQL of the verification, over the newest row of each object of the Service's source system.

Source: MicrosoftDocs, "Work with STIX objects and indicators" (`Id`, republishing every 7 to 10
days), Azure Monitor tables reference, `ThreatIntelIndicators`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sentinel_app.core.kql import text_literal, time_literal

SUM_COLUMNS: Final = (
    *('Part', 'Rows', 'Live', 'DigitSum', 'ModifiedSum', 'UntilSum', 'ConfidenceSum', 'Unparsed'),
)
OBJECT_COLUMNS: Final = ('Uuid', 'ModifiedMs', 'UntilMs', 'Confidence', 'Marks')
UNKNOWN_COLUMNS: Final = ('Uuid', 'ModifiedMs', 'CreatedMs', 'FromMs', 'Pattern')
HISTORY_COLUMNS: Final = (
    *('TimeGenerated', 'LastUpdateMethod', 'Modified', 'ValidUntil', 'Confidence'),
    *('IsActive', 'Revoked', 'IsDeleted', 'ObservableKey'),
)

MOST_PREFIXES: Final = 900
"""Maximum prefixes named in a query, so that its text stays below 8 KB."""

HISTORY_DAYS: Final = 30
MOST_HISTORY_ROWS: Final = 50

_UUID_LENGTH: Final = 36
_UUID: Final = f'Uuid = substring(Id, strlen(Id) - {_UUID_LENGTH})'
_DIGITS: Final = ' + '.join(
    f"indexof('0123456789abcdef', substring(Id, strlen(Id) - {_UUID_LENGTH - place}, 1)) * {weight}"
    for place, weight in ((4, 4096), (5, 256), (6, 16), (7, 1))
)
"""The fifth to the eighth digit as a number; of two objects that differ, it hardly ever agrees."""
_STATE: Final = 'Modified, ValidUntil, Confidence, Revoked, IsDeleted, IsActive, ObservableKey'
_ROWS_OF: Final = '14d'
"""Every object that has not expired gets a new row within 10 days; the rest is margin."""
_EPOCH: Final = 'datetime(1970-01-01)'
_NEVER: Final = 'datetime(9999-12-31)'


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationQueries:
    """Queries about the objects of one source system."""

    source_system: str

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
        is_live = f'{_live(now)} and Modified < {time_literal(settled_before)}'
        sums = (
            'Rows = count()',
            'Live = countif(IsLive)',
            'DigitSum = sum(Digits)',
            'ModifiedSum = sum(ModifiedMs)',
            'UntilSum = sum(UntilMs)',
            'ConfidenceSum = sum(Sure)',
            'Unparsed = countif(IsLive and isempty(ObservableKey))',
        )
        part = f'Part = substring(Id, strlen(Id) - {_UUID_LENGTH}, {digits})'
        parts = (
            f'Digits = iff(IsLive, {_DIGITS}, 0)',
            f'ModifiedMs = iff(IsLive, {_ms("Modified")}, 0)',
            f'UntilMs = iff(IsLive, coalesce({_ms("ValidUntil")}, 0), 0)',
            'Sure = iff(IsLive, coalesce(toint(Confidence), -1) + 1, 0)',
        )
        lines = (
            *self._newest(_STATE, among),
            f'| extend {part}, IsLive = {is_live}',
            f'| extend {", ".join(parts)}',
            f'| summarize {", ".join(sums)} by Part',
        )
        return '\n'.join(lines)

    def objects(self, among: Iterable[str]) -> str:
        """Return the query for the newest row of each object in partitions.

        Args:
            among: prefixes of one length; none for all.
        """
        marks = (
            'iff(coalesce(Revoked, false), 1, 0)',
            'iff(coalesce(IsDeleted, false), 2, 0)',
            'iff(coalesce(IsActive, true), 0, 4)',
            'iff(isempty(ObservableKey), 8, 0)',
        )
        columns = (
            _UUID,
            f'ModifiedMs = {_ms("Modified")}',
            f'UntilMs = {_ms("ValidUntil")}',
            'Confidence',
            f'Marks = {" + ".join(marks)}',
        )
        return '\n'.join((*self._newest(_STATE, among), f'| project {", ".join(columns)}'))

    def unknown(self, among: Iterable[str], *, now: dt.datetime) -> str:
        """Return the query for what a withdrawal needs of the live objects in partitions."""
        columns = (
            _UUID,
            f'ModifiedMs = {_ms("Modified")}',
            f'CreatedMs = {_ms("Created")}',
            f'FromMs = {_ms("ValidFrom")}',
            'Pattern',
        )
        lines = (
            *self._newest(f'{_STATE}, Created, ValidFrom, Pattern', among),
            f'| where {_live(now)}',
            f'| project {", ".join(columns)}',
        )
        return '\n'.join(lines)

    def history(self, sentinel_id: str) -> str:
        """Return the query for the rows of one object, newest first."""
        wanted = f'TimeGenerated > ago({HISTORY_DAYS}d) and Id == {text_literal(sentinel_id)}'
        lines = (
            'ThreatIntelIndicators',
            f'| where {wanted}',
            f'| top {MOST_HISTORY_ROWS} by TimeGenerated desc',
            f'| project {", ".join(HISTORY_COLUMNS)}',
        )
        return '\n'.join(lines)

    def _newest(self, columns: str, among: Iterable[str]) -> tuple[str, ...]:
        """Return the lines that leave the newest row of each object."""
        wanted = tuple(among)
        source = text_literal(self.source_system)
        lines = [
            'ThreatIntelIndicators',
            f'| where TimeGenerated > ago({_ROWS_OF}) and SourceSystem == {source}',
        ]
        if wanted and wanted != ('',):
            texts = ', '.join(map(text_literal, wanted))
            first = f'substring(Id, strlen(Id) - {_UUID_LENGTH}, {len(wanted[0])})'
            lines.append(f'| where {first} in ({texts})')
        lines.append(f'| summarize arg_max(TimeGenerated, {columns}) by Id')
        return tuple(lines)


READ_BACK: Final = (
    f'ThreatIntelIndicators\n| where TimeGenerated > ago({_ROWS_OF})\n| project Id\n| take 1'
)
"""Whether the table can be read at all."""


def _live(now: dt.datetime) -> str:
    """Return the condition that an object is live."""
    return (
        'coalesce(IsActive, true) and not(coalesce(Revoked, false))'
        f' and not(coalesce(IsDeleted, false)) and coalesce(ValidUntil, {_NEVER}) >'
        f' {time_literal(now)}'
    )


def _ms(column: str) -> str:
    """Return a time as milliseconds since 1970."""
    return f"datetime_diff('millisecond', {column}, {_EPOCH})"
