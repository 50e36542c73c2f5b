"""The tables of a workspace as the stand-in keeps them: rows are only ever added.

Indicators are rows of `ThreatIntelIndicators`, objects of all other types of `ThreatIntelObjects`.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.simulators.sentinel import change
from tests.simulators.sentinel.anomaly import Anomaly, oddities
from tests.simulators.sentinel.column import DATA_CUT, columns

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One state of one object; its columns are worked out when asked for."""

    id: str
    source_system: str
    stix: dict[str, Any]
    """As it was sent, but for what a person changed since."""
    stored_at: float
    is_revoked: bool
    version: int
    """How often its id was sent by then, this time included."""
    request_number: int
    """The request by which it was sent last."""
    update_method: str = change.UPLOADED
    is_deleted: bool = False

    @property
    def is_sent(self) -> bool:
        """Whether it is an object as it was sent, not what became of one within Sentinel."""
        return self.update_method == change.UPLOADED

    @property
    def stix_type(self) -> str:
        return str(self.stix['type'])

    @property
    def is_indicator(self) -> bool:
        return self.stix_type == 'indicator'


class Table:
    """The rows of one workspace; safe between threads."""

    def __init__(
        self, workspace_id: str, tenant_id: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.workspace_id = workspace_id
        self.tenant_id = tenant_id
        self._clock = clock
        self._lock = threading.RLock()
        self._rows: list[Row] = []
        self._history: dict[str, list[Row]] = {}
        self._sent: dict[str, Row] = {}
        self._anomalies: list[Anomaly] = []
        self.stored_count = 0
        """Objects taken ever, over restarts too."""
        self.generation = 0
        """Changes when rows are taken away; otherwise they are only ever added."""

    def append(
        self,
        source_system: str,
        objects: Iterable[dict[str, Any]],
        request_number: int,
        *,
        is_revoked_final: bool = True,
    ) -> None:
        """Store objects that were found sound, and note what is odd about them."""
        with self._lock:
            now = self._clock()
            seen: set[str] = set()
            for stix in objects:
                id_ = row_id(source_system, stix['id'])
                is_gone = id_ in self._history and self._history[id_][-1].is_deleted
                before = self._sent.get(id_)
                for kind, detail in oddities(stix, before, is_twice=id_ in seen):
                    self._anomalies.append(
                        Anomaly(
                            kind=kind, id=stix['id'], detail=detail, request_number=request_number
                        )
                    )
                seen.add(id_)
                # Only what was sent binds the sender: what a person did, the next upload undoes.
                was_revoked = bool(before and before.is_revoked and not is_gone)
                row = Row(
                    id=id_,
                    source_system=source_system,
                    stix=stix,
                    stored_at=now,
                    is_revoked=stix.get('revoked', False) or (is_revoked_final and was_revoked),
                    version=before.version + 1 if before else 1,
                    request_number=request_number,
                )
                self._add(row)
                self.stored_count += 1

    def edit(self, id_: str, **changes: Any) -> None:
        """Add the row of a person's edit.

        Args:
            id_: a row's `Id` or a bare STIX id.
            changes: new values by STIX property, `None` to remove one; see `change.EDITABLE` and
                `change.EDITABLE_OF_OTHERS`.

        Raises:
            KeyError: no such object, or one that is deleted.
            ValueError: a property that no person can change.
        """
        with self._lock:
            self._add(change.edited(self._find(id_), changes, at=self._clock()))

    def delete(self, id_: str) -> None:
        """Add the last row of an object that a person deletes; raises as `edit` does."""
        with self._lock:
            self._add(change.deleted(self._find(id_), at=self._clock()))

    def republish(self, older_than_days: float = 7.0) -> int:
        """Repeat all that is neither deleted nor expired, and whose newest row is that old.

        Returns:
            The number of rows added.
        """
        with self._lock:
            now = self._clock()
            due = [
                row
                for row in (rows[-1] for rows in self._history.values())
                if row.stored_at <= now - older_than_days * _DAY_S
                and not row.is_deleted
                and not change.is_expired(row, now)
            ]
            for row in due:
                self._add(change.republished(row, at=now))
            return len(due)

    def __len__(self) -> int:
        """Count the ids held."""
        return len(self._history)

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def rows(self, visible_after_s: float = 0.0) -> list[dict[str, Any]]:
        """Get all rows in the order they came, those younger than `visible_after_s` left out."""
        with self._lock:
            rows = list(self._rows)
        return [self._columns(row) for row in self._visible(rows, visible_after_s)]

    def rows_from(self, position: int, limit: int) -> list[tuple[Row, dict[str, Any]]]:
        """Get at most `limit` rows after the first `position`, each with its columns."""
        with self._lock:
            rows = self._rows[position : position + limit]
        return [(row, self._columns(row)) for row in rows]

    def held(self, visible_after_s: float = 0.0) -> dict[str, dict[str, Any]]:
        """Get the newest row for each `Id`."""
        return {id_: self._columns(row) for id_, row in self._newest(visible_after_s).items()}

    def held_objects(
        self, source_system: str | None = None, *types: str
    ) -> dict[str, dict[str, Any]]:
        """Get the newest object for each STIX id, exactly as sent; of these types, or all."""
        with self._lock:
            return {
                row.stix['id']: row.stix
                for row in self._sent.values()
                if source_system in (None, row.source_system)
                and (not types or row.stix_type in types)
            }

    def objects(self, *types: str) -> list[dict[str, Any]]:
        """Get every object in the order they came, exactly as sent; of these types, or all."""
        with self._lock:
            return [
                row.stix
                for row in self._rows
                if row.is_sent and (not types or row.stix_type in types)
            ]

    def knows(self, source_system: str, stix_id: str) -> bool:
        """Tell whether a source has an object of this id that nobody has deleted."""
        with self._lock:
            rows = self._history.get(row_id(source_system, stix_id))
            return rows is not None and not rows[-1].is_deleted

    def history(self, id_: str) -> list[dict[str, Any]]:
        """Get every row of one id, oldest first; a row's `Id` or a bare STIX id."""
        with self._lock:
            rows = [
                row
                for key, rows in self._history.items()
                if key == id_ or key.endswith(f'---{id_}')
                for row in rows
            ]
        return [self._columns(row) for row in rows]

    def versions(self) -> dict[str, int]:
        """Get how often each STIX id was stored."""
        with self._lock:
            return {row.stix['id']: row.version for row in self._sent.values()}

    def anomalies(self) -> list[Anomaly]:
        with self._lock:
            return list(self._anomalies)

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()
            self._history.clear()
            self._sent.clear()
            self._anomalies.clear()
            self.stored_count = 0
            self.generation += 1

    def save(self, path: Path, head: dict[str, Any]) -> None:
        """Write the rows as JSON lines, after a line with `head`.

        Of what was sent only the newest for each id is kept, of all else everything.
        """
        with self._lock:
            kept = [row for row in self._rows if not row.is_sent or row is self._sent[row.id]]
            head = {
                **head,
                'stored_count': self.stored_count,
                'anomalies': [asdict(anomaly) for anomaly in self._anomalies],
            }
        part = path.with_name(f'{path.name}.part')
        with part.open('w', encoding='utf-8') as file:
            file.write(json.dumps(head) + '\n')
            for row in kept:
                file.write(json.dumps(asdict(row), ensure_ascii=False) + '\n')
        os.replace(part, path)  # noqa: PTH105 - the same, and known to be atomic

    def load(self, path: Path) -> dict[str, Any]:
        """Take up what `save` wrote in place of what is held; returns the `head`."""
        with path.open(encoding='utf-8') as file:
            head: dict[str, Any] = json.loads(file.readline())
            rows = [Row(**json.loads(line)) for line in file]
        with self._lock:
            self.clear()
            for row in rows:
                self._add(row)
            self._anomalies = [Anomaly(**values) for values in head.pop('anomalies')]
            self.stored_count = head.pop('stored_count')
        return head

    def _add(self, row: Row) -> None:
        self._rows.append(row)
        self._history.setdefault(row.id, []).append(row)
        if row.is_sent:
            self._sent[row.id] = row

    def _find(self, id_: str) -> Row:
        """Get the newest row of an object that a person can still see."""
        for key in (id_, *(key for key in self._history if key.endswith(f'---{id_}'))):
            row = self._history[key][-1] if key in self._history else None
            if row and not row.is_deleted:
                return row
        raise KeyError(f'no such object: {id_}')

    def _newest(self, visible_after_s: float) -> dict[str, Row]:
        with self._lock:
            rows = list(self._rows)
        return {row.id: row for row in self._visible(rows, visible_after_s)}

    def _visible(self, rows: list[Row], visible_after_s: float) -> list[Row]:
        if not visible_after_s:
            return rows
        latest = self._clock() - visible_after_s
        return [row for row in rows if row.stored_at <= latest]

    def _columns(self, row: Row) -> dict[str, Any]:
        return columns(
            row.id,
            row.source_system,
            row.stix,
            stored_at=row.stored_at,
            is_revoked=row.is_revoked,
            is_deleted=row.is_deleted,
            update_method=row.update_method,
            workspace_id=self.workspace_id,
            tenant_id=self.tenant_id,
            now=self._clock(),
            cut=DATA_CUT,
        )


@lru_cache(maxsize=64)
def _prefix(source_system: str) -> str:
    return base64.b64encode(source_system.encode()).decode()


def row_id(source_system: str, stix_id: str) -> str:
    """Make the identity under which the service keeps an object."""
    return f'{_prefix(source_system)}---{stix_id}'
