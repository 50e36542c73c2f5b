"""Compares what the ledger holds of Indicators with what they are now, each by its id.

The value of an Indicator may change: hashes are added to a File, taken off it, or merged into it.
Neither its old value nor the deleted list, which knows no ids, tells what became of it. So both
only say which Indicators to ask for, and ThreatConnect's answer by id decides what is orphaned.
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
"""The types whose value can be changed in ThreatConnect; of the others only an update that reads
such an Indicator would tell.

Source: ThreatConnect developer documentation, v3 API, "Indicator-Specific Fields" and "Merge File
Hashes".
"""


class Identities:
    """Orphans what is held of Indicators that are gone, or under keys that they no longer have.

    Args:
        reader: reads rows beside the queries.
        orphans: knows what is held, and remembers what has lost its copy.
        parse: makes an Indicator of a raw row; raises `SkippableError` for one that cannot be sent.
    """

    def __init__(self, *, reader: RowReader, orphans: Orphans, parse: Parse) -> None:
        self._reader = reader
        self._orphans = orphans
        self._parse = parse

    def take_deleted(
        self, update: Update, entries: Sequence[DeletedIndicator], *, stop: Stop
    ) -> None:
        """Take up entries of the deleted list.

        One of them may mean an Indicator that has been made anew, or, as a File had other hashes
        before, one that still exists beside it.

        Raises:
            RetryableError, FatalError: as the source does, when there is no more hope.
            Cancelled: the reading was interrupted.
        """
        self._judge(
            update,
            self._orphans.named(entries),
            owners=sorted({entry.owner_name for entry in entries}),
            # The list has types of the instance's own too, whose names TQL need not know.
            types=sorted({str(kind) for kind in IndicatorType} & {entry.type for entry in entries}),
            stop=stop,
        )

    def find_changed(
        self, update: Update, owners: Sequence[str], time_range: TimeRange, stop: Stop
    ) -> dt.datetime:
        """Find Indicators modified within the time range that may have another value now.

        Whether a query still returns them does not matter: what they have lost is lost.

        Returns:
            Up to when it is known, in ThreatConnect's time.

        Raises:
            RetryableError, FatalError: as the source does, when there is no more hope.
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
        """Ask for Indicators by their ids, and orphan what they have lost.

        What is not active has lost everything, as what does not exist.
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
        """Orphan what the ledger holds of these Indicators under keys that they no longer have."""
        held = self._orphans.live_objects([row_id(row) for row in rows])
        lost = lost_objects(rows, held, self._parse)
        if lost:
            self._orphans.orphan_objects(lost)

    def _former_holders(self, rows: Sequence[Row]) -> set[int]:
        """Return the other Indicators of the same owners whose objects stand for these values now.

        A hash that is merged into another File leaves its own one, which then is gone; whether the
        deleted list names that one is not documented.
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
    """Return the question for active Indicators, as it is asked for each page."""

    def question(time_range: TimeRange, last_id: int | None) -> Question:
        return selection_question(
            owners, types, clause=both_clauses(clause, range_clause(time_range)), after_id=last_id
        )

    return question
