"""`ThreatIntelIndicators` as the stand-in keeps it: rows are only ever added."""

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

from tests.simulators.sentinel.column import columns
from tests.simulators.sentinel.validation import read_timestamp

DATA_CUT = 1000
"""Characters of `description` and `pattern` that `Data` keeps."""

KNOWN_PROPERTIES = frozenset(
    (
        'type', 'spec_version', 'id', 'created_by_ref', 'created', 'modified', 'revoked', 'labels',
        'confidence', 'lang', 'external_references', 'object_marking_refs', 'granular_markings',
        'extensions', 'name', 'description', 'indicator_types', 'pattern', 'pattern_type',
        'pattern_version', 'valid_from', 'valid_until', 'kill_chain_phases',
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One version of one object, as it came; its columns are worked out when asked for."""

    id: str
    source_system: str
    stix: dict[str, Any]
    stored_at: float
    is_revoked: bool
    version: int
    """1 for the first of its id, and so on."""
    request_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something the service takes without a word, but a correct sender never does."""

    kind: str
    id: str
    detail: str
    request_number: int


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
        self._anomalies: list[Anomaly] = []
        self.stored_count = 0
        """Objects taken ever, over restarts too."""

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
                history = self._history.setdefault(id_, [])
                newest = history[-1] if history else None
                for kind, detail in _oddities(stix, newest, is_twice=id_ in seen):
                    self._anomalies.append(
                        Anomaly(
                            kind=kind, id=stix['id'], detail=detail, request_number=request_number
                        )
                    )
                seen.add(id_)
                was_revoked = bool(newest and newest.is_revoked)
                row = Row(
                    id=id_,
                    source_system=source_system,
                    stix=stix,
                    stored_at=now,
                    is_revoked=stix.get('revoked', False) or (is_revoked_final and was_revoked),
                    version=newest.version + 1 if newest else 1,
                    request_number=request_number,
                )
                history.append(row)
                self._rows.append(row)
                self.stored_count += 1

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

    def held(self, visible_after_s: float = 0.0) -> dict[str, dict[str, Any]]:
        """Get the newest row for each `Id`."""
        return {id_: self._columns(row) for id_, row in self._newest(visible_after_s).items()}

    def held_objects(self, source_system: str | None = None) -> dict[str, dict[str, Any]]:
        """Get the newest object for each STIX id, exactly as it was sent."""
        return {
            row.stix['id']: row.stix
            for row in self._newest(0.0).values()
            if source_system in (None, row.source_system)
        }

    def objects(self) -> list[dict[str, Any]]:
        """Get every object in the order they came, exactly as they were sent."""
        with self._lock:
            return [row.stix for row in self._rows]

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
            return {rows[-1].stix['id']: rows[-1].version for rows in self._history.values()}

    def anomalies(self) -> list[Anomaly]:
        with self._lock:
            return list(self._anomalies)

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()
            self._history.clear()
            self._anomalies.clear()
            self.stored_count = 0

    def save(self, path: Path, head: dict[str, Any]) -> None:
        """Write the newest row for each id as JSON lines, after a line with `head`."""
        with self._lock:
            newest = list(self._newest(0.0).values())
            head = {
                **head,
                'stored_count': self.stored_count,
                'anomalies': [asdict(anomaly) for anomaly in self._anomalies],
            }
        part = path.with_name(f'{path.name}.part')
        with part.open('w', encoding='utf-8') as file:
            file.write(json.dumps(head) + '\n')
            for row in newest:
                file.write(json.dumps(asdict(row), ensure_ascii=False) + '\n')
        os.replace(part, path)  # noqa: PTH105 - the same, and known to be atomic

    def load(self, path: Path) -> dict[str, Any]:
        """Take up what `save` wrote in place of what is held; returns the `head`."""
        with path.open(encoding='utf-8') as file:
            head: dict[str, Any] = json.loads(file.readline())
            rows = [Row(**json.loads(line)) for line in file]
        with self._lock:
            self.clear()
            self._rows = rows
            self._history = {row.id: [row] for row in rows}
            self._anomalies = [Anomaly(**values) for values in head.pop('anomalies')]
            self.stored_count = head.pop('stored_count')
        return head

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


def _oddities(
    stix: dict[str, Any], newest: Row | None, *, is_twice: bool
) -> Iterable[tuple[str, str]]:
    """Find what a correct sender never does; kind and detail of each."""
    if is_twice:
        yield 'duplicate-in-batch', 'the same id twice in one request'
    if stix['type'] == 'indicator':
        if not stix.keys() <= KNOWN_PROPERTIES:
            yield 'unknown-property', ', '.join(sorted(stix.keys() - KNOWN_PROPERTIES))
        description = stix.get('description')
        if description is not None and not _is_json(description[:DATA_CUT]):
            yield 'description-not-json', f'{len(description)} characters, cut at {DATA_CUT}'
    if '' in stix.values():
        yield 'empty-value', ', '.join(name for name, value in stix.items() if value == '')
    if newest is None:
        return
    before = newest.stix
    if stix['created'] != before['created']:
        yield 'created-changed', f'{before["created"]} became {stix["created"]}'
    if newest.is_revoked and not stix.get('revoked', False):
        yield 'sent-after-revoked', f'revoked by request {newest.request_number}'
    if stix == before:
        return  # the same batch again, which is harmless
    modified, modified_before = read_timestamp(stix['modified']), read_timestamp(before['modified'])
    if modified < modified_before:
        yield 'modified-backwards', f'{before["modified"]} became {stix["modified"]}'
    elif modified == modified_before:
        yield 'modified-not-later', f'changed without a later modified than {stix["modified"]}'


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
