"""Comparison of the ledger with the current Indicators, by id.

The value of an Indicator may change: hashes are added to a File, removed from it, or merged into
it. Neither its old value nor the deleted list, which has no ids, shows what became of it. Both only
select the Indicators to read, and ThreatConnect's response by id decides what is orphaned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sentinel_app.core.clock import Stop
from sentinel_app.core.indicator import DeletedIndicator, IndicatorType
from sentinel_app.core.job import Update
from sentinel_app.core.question import Question, selection_question
from sentinel_app.core.row import Parse, Row, digests_of_row, lost_objects, row_id
from sentinel_app.core.time_range import TimeRange
from sentinel_app.core.tql import IDS_IN_CLAUSE, both_clauses, ids_clause, range_clause
from sentinel_app.pipeline.row_reader import RowQuestion, RowReader
from sentinel_app.storage.orphans import Orphans

CHANGEABLE = (IndicatorType.FILE,)
"""Types whose value can be changed in ThreatConnect; changes of others show only when an update
reads the Indicator.

Source: ThreatConnect developer documentation, v3 API, "Indicator-Specific Fields" and "Merge File
Hashes".
"""


class Identities:
    """Marks live objects as orphaned whose Indicators are gone or no longer have their keys.

    Args:
        reader: reads rows beside the queries.
        orphans: the store of live and orphaned objects.
        parse: parses a raw row into an Indicator; raises `SkippableError` if it cannot be sent.
    """

    def __init__(self, *, reader: RowReader, orphans: Orphans, parse: Parse) -> None:
        self._reader = reader
        self._orphans = orphans
        self._parse = parse

    def take_deleted(
        self, update: Update, entries: Sequence[DeletedIndicator], *, stop: Stop
    ) -> None:
        """Process entries of the deleted list.

        An entry may match an Indicator that was created again or, as a File had other hashes
        before, one that still exists.

        Raises:
            RetryableError, FatalError: as raised by the source, after the last attempt.
            Cancelled: the reading was interrupted.
        """
        self._judge(
            update,
            self._orphans.named(entries),
            owners=sorted({entry.owner_name for entry in entries}),
            # The list also has custom types, whose names TQL may not know.
            types=sorted({str(kind) for kind in IndicatorType} & {entry.type for entry in entries}),
            stop=stop,
        )

    def find_changed(
        self, update: Update, owners: Sequence[str], time_range: TimeRange, stop: Stop
    ) -> dt.datetime:
        """Find Indicators modified within the time range whose value may have changed.

        It does not matter whether a query still returns them: lost values are lost.

        Returns:
            The time up to which changes are known, by ThreatConnect's clock.

        Raises:
            RetryableError, FatalError: as raised by the source, after the last attempt.
            Cancelled: the reading was interrupted.
        """
        others: set[int] = set()

        def take(rows: Sequence[Row]) -> None:
            self._compare(rows)
            others.update(self._former_holders(rows))

        known_at = self._reader.read(
            update,
            'changed',
            _active(owners, CHANGEABLE),
            time_range,
            take=take,
            stop=stop,
        )
        self._judge(update, others, owners=owners, types=CHANGEABLE, stop=stop)
        return known_at

    def _judge(
        self,
        update: Update,
        indicator_ids: Collection[int],
        *,
        owners: Sequence[str],
        types: Sequence[str],
        stop: Stop,
    ) -> None:
        """Read Indicators by id, and mark the objects that they have lost.

        An inactive Indicator has lost everything, like one that does not exist.
        """
        ordered = sorted(indicator_ids)
        for start in range(0, len(ordered), IDS_IN_CLAUSE):
            part = ordered[start : start + IDS_IN_CLAUSE]
            found: list[Row] = []
            self._reader.read(
                update,
                'lost',
                _active(owners, types, clause=ids_clause(part)),
                TimeRange(),
                take=found.extend,
                stop=stop,
            )
            self._compare(found)
            known = {row_id(row) for row in found}
            self._orphans.orphan_indicators([item for item in part if item not in known])

    def _compare(self, rows: Sequence[Row]) -> None:
        """Mark the live objects of these Indicators with keys that they no longer have."""
        held = self._orphans.live_objects([row_id(row) for row in rows])
        lost = lost_objects(rows, held, self._parse)
        if lost:
            self._orphans.orphan_objects(lost)

    def _former_holders(self, rows: Sequence[Row]) -> set[int]:
        """Return other Indicators of the same owners that hold live objects for these values.

        When a hash is merged into another File its own File is gone; whether the deleted list names
        that one is not documented.
        """
        present = {row_id(row): digests_of_row(row, self._parse) or frozenset() for row in rows}
        holders = self._orphans.holders(sorted({key for keys in present.values() for key in keys}))
        return {
            holders[key].indicator_id
            for row in rows
            for key in present[row_id(row)]
            if key in holders
            and holders[key].owner_name == row.get('ownerName')
            and holders[key].indicator_id != row_id(row)
        }


def _active(
    owners: Sequence[str], types: Sequence[str], *, clause: str | None = None
) -> RowQuestion:
    """Return the question for a page of active Indicators."""

    def question(time_range: TimeRange, last_id: int | None) -> Question:
        return selection_question(
            owners, types, clause=both_clauses(clause, range_clause(time_range)), after_id=last_id
        )

    return question
