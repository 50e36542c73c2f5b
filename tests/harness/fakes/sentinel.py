"""Sentinel without a network: implements `Sink` over the table and the rules of the stand-in."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from typing import Any

from sentinel_app.core.clock import Clock
from sentinel_app.core.sink import UploadReply
from tests.simulators.sentinel import Anomaly, Table
from tests.simulators.sentinel.validation import validate

SOURCE_SYSTEM = 'ThreatConnect-Test'

Stix = dict[str, Any]


class TableSink:
    """Takes what the service would take, and remembers what no correct sender does.

    Args:
        clock: of the test.
        before: is told of each send, and may raise what comes before anything is stored.
        after: is told of each send that was stored, and may raise what loses the answer.
        watch: is told what came, before it is known what becomes of it.
        answered: is told of each object in order, and whether it was taken, as soon as it is.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        before: Callable[[Sequence[Stix]], None] = lambda objects: None,
        after: Callable[[Sequence[Stix]], None] = lambda objects: None,
        watch: Callable[[Sequence[Stix]], None] = lambda objects: None,
        answered: Callable[[Stix, bool], None] = lambda stix, is_taken: None,
    ) -> None:
        self._watch = watch
        self._answered = answered
        self._clock = clock
        self.before = before
        self.after = after
        self.refused: frozenset[str] = frozenset()
        """Patterns that Sentinel refuses for now."""
        self.refused_copies: frozenset[tuple[str, str]] = frozenset()
        """Patterns with names that it refuses."""
        self.table = Table('workspace', 'tenant', clock=lambda: clock.now().timestamp())
        self.requests = 0
        self.objects = 0

    def prepare(self) -> None:
        """A token is always there."""

    def forget_token(self) -> None:
        """The next one is as good."""

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        batch = [json.loads(text) for text in objects]
        assert 1 <= len(batch) <= 100
        self.requests += 1
        self.objects += len(batch)
        self.before(batch)
        self._watch(batch)
        refusals = {
            place: tuple(messages)
            for place, stix in enumerate(batch)
            if (messages := validate(stix))
        }
        assert refusals == {}, 'the service would refuse this object by its rules'
        refusals = {
            place: ('Refused for now.',)
            for place, stix in enumerate(batch)
            if self.refuses(stix.get('pattern', ''), stix.get('name', ''))
        }
        self.table.append(
            SOURCE_SYSTEM,
            [stix for place, stix in enumerate(batch) if place not in refusals],
            self.requests,
        )
        for place, stix in enumerate(batch):
            self._answered(stix, place not in refusals)
        self.after(batch)
        return UploadReply(refusals=refusals)

    def refuses(self, pattern: str, name: str) -> bool:
        """Whether it refuses an object for now."""
        return pattern in self.refused or (pattern, name) in self.refused_copies

    def anomalies(self) -> list[Anomaly]:
        return self.table.anomalies()

    def held(self) -> dict[str, Stix]:
        """Return the newest Indicator object of each id."""
        return self.table.held_objects(SOURCE_SYSTEM, 'indicator')

    def live(self) -> dict[str, Stix]:
        """Return the objects that Sentinel believes now, by pattern.

        Raises:
            AssertionError: one value is there twice.
        """
        now = self._clock.now()
        found: dict[str, Stix] = {}
        for stix in self.held().values():
            if not stix.get('revoked') and dt.datetime.fromisoformat(stix['valid_until']) > now:
                other = found.setdefault(stix['pattern'], stix)
                assert other is stix, f'{stix["pattern"]} is live twice'
        return found
