"""ThreatConnect without a network: implements `Source` over what the stand-in holds."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sentinel_app.core.actor_group import ActorGroup, ActorProfile
from sentinel_app.core.clock import Clock
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.indicator import DeletedIndicator, Owner, TqlKeyword
from sentinel_app.core.question import Question, empty_question
from sentinel_app.core.source import DeletedPage, SourcePage
from sentinel_app.core.timestamp import from_text, to_seconds
from sentinel_app.errors import AnswerError, QueryError, ReadAuthError, ReadOrderError
from sentinel_app.threatconnect.parse import FIELDS
from tests.simulators.threatconnect import tql as dialect
from tests.simulators.threatconnect.row import Row, check_fields
from tests.simulators.threatconnect.store import Store
from tests.simulators.threatconnect.tree import And, Compare, Node, mentions
from tests.simulators.threatconnect.vocabulary import Kind

_FIELDS = check_fields(FIELDS)
_ACTOR_TYPES = frozenset(ActorGroupType)
_ACTIVE = Compare('indicatorActive', Kind.BOOLEAN, '=', (True,))


class TimedStore(Store):
    """What ThreatConnect holds, in the time of a clock of the test's."""

    def __init__(self, clock: Clock, **options: Any) -> None:
        self._clock = clock
        super().__init__(**options)

    def now(self) -> dt.datetime:
        return self._clock.now() + dt.timedelta(seconds=self.clock_offset_s)


class StoreGroups:
    """Gives the Groups that the stand-in holds; implements `GroupSource`.

    Args:
        store: what ThreatConnect holds.
        before: is told the name of each call, and may raise what a network would.
    """

    def __init__(self, store: Store, before: Callable[[str], None] = lambda name: None) -> None:
        self._store = store
        self.before = before

    def groups(self, ids: Sequence[int]) -> tuple[ActorGroup, ...]:
        self.before('groups')
        found = [group for number in ids if (group := self._store.groups.get(number))]
        return tuple(self._group(each) for each in found if each['type'] in _ACTOR_TYPES)

    def changed_groups(
        self, types: Collection[ActorGroupType], since: dt.datetime
    ) -> tuple[int, ...]:
        self.before('changed_groups')
        return tuple(
            group['id']
            for group in self._store.groups.groups()
            if group['type'] in types and group['lastModified'] >= to_seconds(since)
        )

    def _group(self, data: Mapping[str, Any]) -> ActorGroup:
        profile = self._store.groups.profile_of(data['id'])
        labels = data.get('securityLabels', {}).get('data', [])
        return ActorGroup(
            id=data['id'],
            type=ActorGroupType(data['type']),
            name=data['name'],
            owner_name=data['ownerName'],
            added_at=from_text(data['dateAdded']),
            modified_at=from_text(data['lastModified']),
            security_labels=tuple(label['name'] for label in labels),
            profile=None
            if profile is None
            else ActorProfile(name=profile.data['name'], mitre_id=profile.data.get('mitreId')),
        )


class StoreSource:
    """Answers as the stand-in's server does, with the same reading of TQL and the same rows.

    Args:
        store: what ThreatConnect holds.
        page_cap: rows on a page at most, whatever is asked for.
        before: is told the name of each call, and may raise what a network would.
    """

    def __init__(
        self,
        store: Store,
        *,
        page_cap: int = 1_000,
        before: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.store = store
        self.page_cap = page_cap
        self.before = before
        self.hidden: frozenset[str] = frozenset()
        """Owners that the API user cannot read."""
        self.order: random.Random | None = None
        """Gives each page an order of its own, whatever sorting is asked for; None for by id."""
        self.ignores_start = False
        """Gives the deleted list from its beginning whatever page is asked for."""
        self.tells_count = True
        """Says how many entries the deleted list has."""
        self.date_ahead_s = 0.0
        """How far the `Date` of its answers is from its own time, a gateway's say."""
        self.calls = 0
        self.rows_read = 0

    def read_page(self, question: Question, *, limit: int) -> SourcePage:
        page = self._page('read_page', question.tql, limit, 0)
        ids: list[Any] = [row['id'] for row in page.rows]
        if ids != sorted(set(ids)):
            raise ReadOrderError('ThreatConnect does not sort by id.')
        return page

    def read_window(self, question: Question, *, limit: int, offset: int) -> SourcePage:
        return self._page('read_window', question.tql, limit, offset)

    def _page(self, name: str, tql: str, limit: int, offset: int) -> SourcePage:
        assert 1 <= limit <= 10_000
        assert offset >= 0
        self._enter(name)
        with self.store.lock:
            found = self._select(tql)
            count = None
            if name == 'read_window' and not offset:
                everything = list(found)
                found, count = iter(everything), len(everything)
            end = offset + min(limit, self.page_cap)
            texts = [row.render(_FIELDS, keep=False) for row in islice(found, offset, end)]
            server_at = self._server_at()
        self.rows_read += len(texts)
        rows = tuple(json.loads(text) for text in texts)
        return SourcePage(rows=rows, server_at=server_at, count=count)

    def _select(self, tql: str) -> Iterator[Row]:
        found = self.store.select(self._node(tql))
        if self.order is None:
            return found
        rows = list(found)
        self.order.shuffle(rows)
        return iter(rows)

    def count(self, question: Question) -> tuple[int, dt.datetime]:
        self._enter('count')
        with self.store.lock:
            return sum(1 for _ in self.store.select(self._node(question.tql))), self._server_at()

    def verify(self, question: Question) -> None:
        self._enter('verify')
        with self.store.lock:
            if any(self.store.select(self._node(empty_question(question).tql))):
                raise AnswerError('ThreatConnect gave what cannot be there.')

    def deleted(
        self, owner: str, *, since: dt.datetime | None, start: int, limit: int
    ) -> DeletedPage:
        assert 1 <= limit <= 10_000
        assert start >= 0
        self._enter('deleted')
        if owner not in self.store.owners or owner in self.hidden:
            raise ReadAuthError('ThreatConnect refused the owner.')
        with self.store.lock:
            entries = self.store.deleted_since(owner, None, to_seconds(since) if since else None)
            start = 0 if self.ignores_start else start
            page = entries[start : start + min(limit, self.page_cap)]
            server_at = self._server_at()
        return DeletedPage(
            entries=tuple(
                DeletedIndicator(
                    type=entry.type,
                    summary=entry.summary,
                    owner_name=entry.owner,
                    date=entry.at,
                )
                for entry in page
            ),
            server_at=server_at,
            count=len(entries) if self.tells_count else None,
        )

    def owners(self) -> tuple[Owner, ...]:
        self._enter('owners')
        return tuple(
            Owner(name=owner.name, type=owner.type)
            for owner in self.store.owners.values()
            if owner.name not in self.hidden
        )

    def keywords(self) -> tuple[TqlKeyword, ...]:
        raise AssertionError('no update asks for the keywords')

    def _enter(self, name: str) -> None:
        self.calls += 1
        self.before(name)

    def _node(self, tql: str) -> Node:
        try:
            node = dialect.parse(tql, now=self.store.now())
        except dialect.TqlError as error:
            raise QueryError('ThreatConnect refused the query.', reason=str(error)) from None
        clauses: list[Node] = [node]
        if not mentions(node, 'indicatorActive'):
            clauses.append(_ACTIVE)
        readable = tuple(sorted(set(self.store.owners) - self.hidden))
        clauses.append(Compare('ownerName', Kind.STRING, 'in', readable))
        return And(tuple(clauses))

    def _server_at(self) -> dt.datetime:
        now = self.store.now() + dt.timedelta(seconds=self.date_ahead_s)
        return now.replace(microsecond=0)
