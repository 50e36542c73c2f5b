"""The Sentinel stand-in itself: upload, control address and what a test asks of it."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.simulators.certificates import Certificates
from tests.simulators.entra import TENANT_ID, Cloud, TokenIssuer
from tests.simulators.faults import ControlPanel, Fault, FaultBook
from tests.simulators.https import Reply, Request, Server, json_reply
from tests.simulators.sentinel import reply as replies
from tests.simulators.sentinel.anomaly import Anomaly
from tests.simulators.sentinel.control import control_views
from tests.simulators.sentinel.fault import (
    FAULTS,
    REFUSED_REASON,
    REQUEST_FAULTS,
    TRANSIENT_FAULTS,
    contains,
    is_stored_first,
    poisons,
    spoil,
)
from tests.simulators.sentinel.gateway import Bearer, Gateway, SentinelSettings, Upload, upload_path
from tests.simulators.sentinel.limit import RollingLimit
from tests.simulators.sentinel.reply import RefusedError
from tests.simulators.sentinel.table import Table
from tests.simulators.sentinel.validation import DANGLING, REFERENCES, message, validate

WORKSPACE_ID = 'a3c1f0de-52b7-4c1e-9d0a-7f2e6b8c4d15'


@dataclass(slots=True, kw_only=True)
class SentinelRequest:
    """One request seen; never its token."""

    number: int
    at: float
    identity: str
    status: int = 0
    """0 when no answer was sent."""
    fault: str | None = None
    ids: tuple[str, ...] = ()
    """STIX ids in the order sent."""
    stored_count: int = 0
    refused_count: int = 0
    size_bytes: int = 0


class SentinelSimulator:
    """The upload API of one workspace; use as a context manager or `start()` / `stop()`."""

    def __init__(
        self,
        certificates: Certificates,
        issuer: TokenIssuer,
        *,
        port: int = 0,
        workspace_id: str = WORKSPACE_ID,
        tenant_id: str = TENANT_ID,
        cloud: Cloud = Cloud.COMMERCIAL,
        limit_count: int = 100,
        limit_window_s: float = 60.0,
        latency_s: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.workspace_id = workspace_id
        self.settings = SentinelSettings(latency_s=latency_s)
        self.faults = FaultBook(FAULTS, TRANSIENT_FAULTS)
        self.limit = RollingLimit(count=limit_count, window_s=limit_window_s, clock=clock)
        self.table = Table(workspace_id, tenant_id, clock=clock)
        self._gateway = Gateway(
            issuer, self.settings, workspace_id=workspace_id, tenant_id=tenant_id, cloud=cloud
        )
        self._certificates = certificates
        self._port = port
        self._clock = clock
        self._server: Server | None = None
        self._lock = threading.Lock()
        self._number = 0
        self._status_counts: Counter[int] = Counter()
        self._requests: deque[SentinelRequest] = deque(maxlen=20_000)
        self._control = ControlPanel(self.faults, self.settings, control_views(self))

    @property
    def url(self) -> str:
        """Origin, once started; kept over a stop and a start."""
        if not self._port:
            raise RuntimeError('not started yet')
        return f'https://localhost:{self._port}'

    @property
    def upload_url(self) -> str:
        return f'{self.url}{upload_path(self.workspace_id)}'

    @property
    def requests(self) -> tuple[SentinelRequest, ...]:
        """The last 20,000 requests, oldest first."""
        with self._lock:
            return tuple(self._requests)

    @property
    def status_counts(self) -> Counter[int]:
        """How many requests ended with each status; 0 where no answer was sent."""
        with self._lock:
            return Counter(self._status_counts)

    def rows(self) -> list[dict[str, Any]]:
        """Get all visible rows, oldest first."""
        return self.table.rows(self.settings.visibility_delay_s)

    def held(self) -> dict[str, dict[str, Any]]:
        """Get what the workspace holds now: the newest visible row by its `Id`."""
        return self.table.held(self.settings.visibility_delay_s)

    def held_objects(
        self, source_system: str | None = None, *types: str
    ) -> dict[str, dict[str, Any]]:
        """Get the newest object by its STIX id, exactly as sent, without any delay.

        Args:
            source_system: whose objects; `None` for those of every source.
            types: STIX types such as `indicator`; those of every type without any.
        """
        return self.table.held_objects(source_system, *types)

    def sent_objects(self, *types: str) -> list[dict[str, Any]]:
        """Get every object that was taken, each time it was, in the order of arrival.

        Args:
            types: STIX types such as `relationship`; those of every type without any.
        """
        return self.table.objects(*types)

    def history(self, id_: str) -> list[dict[str, Any]]:
        """Get every row of one `Id` or STIX id, oldest first."""
        return self.table.history(id_)

    def anomalies(self, *kinds: str) -> list[Anomaly]:
        """Get what was odd, of these kinds or of any."""
        return [anomaly for anomaly in self.table.anomalies() if not kinds or anomaly.kind in kinds]

    def edit(self, id_: str, **changes: Any) -> None:
        """Let a person change an object.

        Args:
            id_: a row's `Id` or a STIX id.
            changes: `confidence`, `labels`, `revoked`, `modified`, and of an Indicator
                `valid_until`, of another object `name`, `description`, `aliases`; `None` removes.

        Raises:
            KeyError: no such object, or one that is deleted.
            ValueError: a property that no person can change.
        """
        self.table.edit(id_, **changes)

    def delete(self, id_: str) -> None:
        """Let a person delete an object by its `Id` or STIX id; raises as `edit` does."""
        self.table.delete(id_)

    def republish(self, older_than_days: float = 7.0) -> int:
        """Repeat what is neither deleted nor expired and that old; returns how many rows."""
        return self.table.republish(older_than_days)

    def forget(self) -> None:
        """Empty the table, the windows and what was recorded; settings and faults stay."""
        self.table.clear()
        self.limit.clear()
        with self._lock:
            self._requests.clear()
            self._status_counts.clear()

    def save(self, path: Path) -> None:
        """Write what is held, what became of it, the counters and the windows as JSON lines."""
        with self._lock:
            head = {
                'number': self._number,
                'status_counts': dict(self._status_counts),
                'limit': self.limit.dump(),
            }
        self.table.save(path, head)

    def load(self, path: Path) -> int:
        """Take up what `save` wrote, if it is there; returns how many objects that was."""
        if not path.exists():
            return 0
        head = self.table.load(path)
        self.limit.load(head['limit'])
        with self._lock:
            self._number = head['number']
            self._status_counts = Counter(
                {int(status): count for status, count in head['status_counts'].items()}
            )
        return len(self.table)

    def alter(self, change: Callable[[Request, Reply], Reply]) -> None:
        """Have each answer changed before it goes out, from now until it stops."""
        assert self._server is not None
        self._server.alter = change

    def start(self) -> Self:
        self._server = Server(self._handle, self._certificates, self._port)
        self._server.start()
        self._port = self._server.port
        return self

    def stop(self) -> None:
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _handle(self, request: Request) -> Reply:
        if ControlPanel.covers(request):
            return self._control.reply(request)
        bearer = self._gateway.read_bearer(request)
        wait_s = self.limit.admit(bearer.identity)
        with self._lock:
            self._number += 1
            seen = SentinelRequest(
                number=self._number,
                at=self._clock(),
                identity=bearer.identity,
                size_bytes=len(request.body),
            )
            self._requests.append(seen)
        if wait_s:
            reply = replies.throttled(wait_s, self.settings.retry_after, self._clock())
        else:
            reply = self._answer(request, bearer, seen)
        seen.status = 0 if reply.drop or reply.cut_after is not None else reply.status
        with self._lock:
            self._status_counts[seen.status] += 1
        return dataclasses.replace(reply, wait_s=reply.wait_s + self.settings.latency_s)

    def _answer(self, request: Request, bearer: Bearer, seen: SentinelRequest) -> Reply:
        fault = self.faults.take(REQUEST_FAULTS)
        honest = None
        if fault is None or is_stored_first(fault):
            try:
                honest = self._store(self._gateway.read_upload(request, bearer), seen)
            except RefusedError as refused:
                honest = refused.reply
        if fault is None:
            return honest or Reply()
        seen.fault = fault.name
        return spoil(fault, honest, self.workspace_id, self._clock())

    def _store(self, upload: Upload, seen: SentinelRequest) -> Reply:
        objects = upload.objects
        seen.ids = tuple(
            str(stix['id']) for stix in objects if isinstance(stix, dict) and 'id' in stix
        )
        self._strike_batch(objects, seen)
        refusals = self._refusals(objects, seen)
        if self.settings.are_dangling_refused:
            self._refuse_dangling(upload, refusals)
        self.table.append(
            upload.source_system,
            (stix for index, stix in enumerate(objects) if index not in refusals),
            seen.number,
            is_revoked_final=self.settings.is_revoked_final,
        )
        seen.refused_count = len(refusals)
        seen.stored_count = len(objects) - len(refusals)
        if not refusals:
            return Reply()
        errors = [
            {'recordIndex': index, self.settings.error_list_name: messages}
            for index, messages in sorted(refusals.items())
        ]
        is_all_ours = seen.fault != 'refuse-all' and not seen.stored_count
        status = self.settings.all_refused_status if is_all_ours else 200
        return json_reply({'errors': errors}, status)

    def _strike_batch(self, objects: list[Any], seen: SentinelRequest) -> None:
        """Refuse the whole request where a fault says so."""
        large = self.faults.take(
            ('too-large',),
            lambda fault: (
                seen.size_bytes > fault.params.get('bytes', seen.size_bytes)
                or len(objects) > fault.params.get('objects', len(objects))
            ),
        )
        if large:
            seen.fault = large.name
            raise RefusedError(replies.too_large())
        poisoned = self.faults.take(
            ('refuse-batch',),
            lambda fault: any(poisons(fault, stix) for stix in objects),
        )
        if poisoned:
            seen.fault = poisoned.name
            raise RefusedError(replies.bad_body('stixobjects', 'The request is malformed.'))

    def _refusals(self, objects: list[Any], seen: SentinelRequest) -> dict[int, list[str]]:
        """Get the messages for each refused record by its place, by the rules or by a fault."""
        refusals = {
            index: messages
            for index, stix in enumerate(objects)
            if (messages := validate(stix, is_any_type_taken=self.settings.is_any_type_taken))
        }
        if self.faults.take(('refuse-all',)):
            seen.fault = 'refuse-all'
            refusals.update(self._refuse(objects, range(len(objects)), refusals))
        for fault in self.faults.take_all(
            ('refuse-objects',), lambda fault: bool(_contained(fault, objects))
        ):
            seen.fault = seen.fault or 'refuse-objects'
            reason = fault.params.get('reason', REFUSED_REASON)
            refusals.update(self._refuse(objects, _contained(fault, objects), refusals, reason))
        return refusals

    def _refuse_dangling(self, upload: Upload, refusals: dict[int, list[str]]) -> None:
        """Add what refers to an object that neither the table has nor this request brings.

        The order within a request does not matter. What is refused itself brings nothing.
        """
        rest = {index: stix for index, stix in enumerate(upload.objects) if index not in refusals}
        while True:
            brought = {stix['id'] for stix in rest.values()}
            found = {
                index: [message(name, DANGLING, stix[name])]
                for index, stix in rest.items()
                for name in REFERENCES
                if name in stix
                and stix[name] not in brought
                and not self.table.knows(upload.source_system, stix[name])
            }
            if not found:
                return
            refusals.update(found)
            rest = {index: stix for index, stix in rest.items() if index not in found}

    @staticmethod
    def _refuse(
        objects: list[Any],
        places: Iterable[int],
        refusals: dict[int, list[str]],
        reason: str = REFUSED_REASON,
    ) -> dict[int, list[str]]:
        return {
            index: [_refusal(objects[index], reason)] for index in places if index not in refusals
        }


def _contained(fault: Fault, objects: list[Any]) -> list[int]:
    """Get the places of the objects that hold the fault's text."""
    return [index for index, stix in enumerate(objects) if contains(fault, stix)]


def _refusal(stix: Any, reason: str) -> str:
    if isinstance(stix, dict) and 'pattern' not in stix:
        return message('id', reason, stix.get('id'))
    return message('pattern', reason, stix['pattern'] if isinstance(stix, dict) else stix)
