"""Meanings of pasted texts, and which of them Sentinel or ThreatConnect knows."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sentinel_app.core.containment import contents_digest
from sentinel_app.core.host import shown_host
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.record import Holding, RefusedObject
from sentinel_app.core.refang import readings, refang, stix_id
from sentinel_app.core.registry import is_registry_key
from sentinel_app.core.value import hashes_of_value, keys_of_value, spellings
from sentinel_app.diagnostics.value_copy import ValueCopy
from sentinel_app.storage.holdings import Holdings

MOST_OF_KEY: Final = 100
"""Maximum values of one Registry Key that are looked up."""

_SCHEME: Final = re.compile('[a-z][a-z0-9+.-]*:', re.IGNORECASE)
_BETWEEN: Final = ' : '


@dataclass(slots=True, kw_only=True)
class Meaning:
    """One reading of a text, and everything that is known about it."""

    text: str
    keys: list[ObjectKey]
    holdings: dict[bytes, Holding] = field(default_factory=dict)
    refused: list[RefusedObject] = field(default_factory=list)
    summaries: set[str] = field(default_factory=set)
    """Possible summaries in ThreatConnect, besides those that follow from its keys."""
    copies: list[ValueCopy] = field(default_factory=list)
    _is_specific: bool | None = None

    @property
    def is_specific(self) -> bool:
        """Whether the text has the form of a type; any text may be a subject."""
        if self._is_specific is None:
            self._is_specific = refang(self.text) == self.text and any(
                is_specific_key(key, self.text) for key in self.keys
            )
        return self._is_specific

    @property
    def is_held(self) -> bool:
        """Whether it is in the ledger."""
        return bool(self.holdings or self.refused)

    def is_live(self, now: dt.datetime) -> bool:
        """Return whether Sentinel has it as an active object."""
        return any(each.is_live(now) for each in self.holdings.values())

    def add(self, found: Iterable[Holding]) -> None:
        """Add its holdings in the ledger."""
        self.holdings.update((each.digest, each) for each in found)

    def asked_summaries(self) -> tuple[str, ...]:
        """Return its possible summaries in ThreatConnect; Files are looked up by hash."""
        spelled = [text for key in self.keys for text in _spellings(key, self.text)]
        return tuple(dict.fromkeys((self.text, *spelled, *sorted(self.summaries))))


@dataclass(slots=True, kw_only=True)
class Asked:
    """A text to look up."""

    given: str
    times: int
    meanings: list[Meaning]
    """Its meanings; the text as given is first."""

    def chosen(self, now: dt.datetime) -> Meaning:
        """Return the meaning to answer for.

        A known meaning of the text as given has precedence; then one that is in Sentinel now, one
        that was, and one that ThreatConnect has. If none is known, the form of the text decides.
        """
        first, *others = self.meanings
        if first.is_held or first.copies:
            return first
        wanted = (
            lambda each: each.is_live(now),
            lambda each: each.is_held,
            lambda each: bool(each.copies),
        )
        for is_wanted in wanted:
            if found := next(filter(is_wanted, others), None):
                return found
        return next((each for each in self.meanings if each.is_specific), first)


def asked_values(texts: Sequence[str]) -> list[Asked]:
    """Return the texts with their meanings, without repeats."""
    counts: dict[str, int] = defaultdict(int)
    for text in texts:
        counts[text.strip()] += 1
    return [
        Asked(
            given=text,
            times=times,
            meanings=[
                Meaning(text=each, keys=list(keys_of_value(each))) for each in readings(text)
            ],
        )
        for text, times in counts.items()
        if text
    ]


def enter_known(meanings: Sequence[Meaning], holdings: Holdings, now: dt.datetime) -> None:
    """Add the holdings of all meanings, with a few statements in total."""
    _enter_ids(meanings, holdings)
    _enter_registry_keys(meanings, holdings, now)
    enter_keys(meanings, holdings)
    by_summary = holdings.of_summaries({each.text for each in meanings})
    for meaning in meanings:
        meaning.add(by_summary.get(meaning.text, ()))
    # Other hashes of the same Files.
    ids = sorted({held.indicator_id for each in meanings for held in each.holdings.values()})
    by_indicator = holdings.of_indicators(ids)
    for meaning in meanings:
        for number in {each.indicator_id for each in meaning.holdings.values()}:
            meaning.add(by_indicator.get(number, ()))


def enter_keys(meanings: Sequence[Meaning], holdings: Holdings) -> None:
    """Add the holdings of the meanings' keys."""
    keys = {key.text: key for each in meanings for key in each.keys}
    found, refused = holdings.of_keys(keys.values()), holdings.refused(keys.values())
    for meaning in meanings:
        digests = dict.fromkeys(key.digest for key in meaning.keys)
        meaning.add(found[digest] for digest in digests if digest in found)
        meaning.refused = [each for digest in digests for each in refused.get(digest, ())]


def enter_copies(
    meanings: Sequence[Meaning], copies: Sequence[ValueCopy], holdings: Holdings
) -> None:
    """Assign ThreatConnect's copies to the meanings, and add the copies' holdings."""
    by_key: dict[str, list[ValueCopy]] = defaultdict(list)
    by_summary: dict[str, list[ValueCopy]] = defaultdict(list)
    by_hash: dict[str, list[ValueCopy]] = defaultdict(list)
    for copy in copies:
        summary = copy.facts.summary or ''
        by_summary[summary.casefold()].append(copy)
        for key in copy.keys:
            by_key[key.text].append(copy)
        if copy.facts.type == IndicatorType.FILE:
            for _, digest in hashes_of_value(summary):
                by_hash[digest].append(copy)
    for meaning in meanings:
        found = [
            *(each for key in meaning.keys for each in by_key.get(key.text, ())),
            *(
                each
                for text in meaning.asked_summaries()
                for each in by_summary.get(text.casefold(), ())
            ),
            *(each for _, text in hashes_of_value(meaning.text) for each in by_hash.get(text, ())),
        ]
        meaning.copies = list({id(each): each for each in found}.values())
    _enter_held_of_copies(meanings, holdings)


def _enter_held_of_copies(meanings: Sequence[Meaning], holdings: Holdings) -> None:
    with_copies = [each for each in meanings if each.copies]
    for meaning in with_copies:
        keys = {key.text: key for key in meaning.keys}
        keys |= {key.text: key for copy in meaning.copies for key in copy.keys}
        meaning.keys = list(keys.values())
    enter_keys(with_copies, holdings)
    # Hashes that a File has lost are not among its keys.
    numbers = {copy.facts.id for each in with_copies for copy in each.copies}
    by_indicator = holdings.of_indicators(
        sorted(number for number in numbers if number is not None)
    )
    for meaning in with_copies:
        for copy in meaning.copies:
            if copy.facts.id is not None:
                meaning.add(by_indicator.get(copy.facts.id, ()))


def _enter_ids(meanings: Sequence[Meaning], holdings: Holdings) -> None:
    """Replace ids of objects with their values."""
    ids = {id(each): found for each in meanings if (found := stix_id(each.text))}
    if not ids:
        return
    keys = holdings.keys_of_ids(set(ids.values()))
    for meaning in meanings:
        key = keys.get(ids.get(id(meaning), ''))
        if key is not None:
            meaning.text, meaning.keys = key.value, [key]


def _enter_registry_keys(meanings: Sequence[Meaning], holdings: Holdings, now: dt.datetime) -> None:
    """Add the keys of all values of a Registry Key that is given without a value."""
    wanted: dict[int, list[Meaning]] = defaultdict(list)
    for meaning in meanings:
        if is_registry_key(meaning.text):
            for key in meaning.keys:
                if key.type is IndicatorType.REGISTRY_KEY and (found := contents_digest(key)):
                    wanted[found].append(meaning)
    held = holdings.in_containers(wanted, now=now, most=MOST_OF_KEY) if wanted else {}
    keys = holdings.keys_of([each.object for several in held.values() for each in several])
    for digest, several in held.items():
        for meaning in wanted[digest]:
            for each in several:
                key, summary = keys[each.object]
                if _is_value_of(summary, meaning.text):
                    meaning.keys.append(key)
                    meaning.summaries.add(summary)


def _is_value_of(summary: str, text: str) -> bool:
    """Return whether a Registry Key's summary has the value in the text, if there is one."""
    _, between, value = text.partition(_BETWEEN)
    return not between or summary.partition(_BETWEEN)[2].casefold() == value.casefold()


def _spellings(key: ObjectKey, text: str) -> Iterable[str]:
    if key.type is IndicatorType.FILE:
        return ()
    if key.type is IndicatorType.REGISTRY_KEY and not is_registry_key(text):
        return ()
    if key.type is IndicatorType.HOST:
        return (key.value, shown_host(key.value))
    return spellings(key)


def is_specific_key(key: ObjectKey, text: str) -> bool:
    """Return whether a text clearly has the form of a key's type."""
    match key.type:
        case IndicatorType.EMAIL_SUBJECT:
            return False
        case IndicatorType.REGISTRY_KEY:
            return is_registry_key(text)
        case IndicatorType.HOST:
            return '.' in text
        case IndicatorType.URL:
            return bool(_SCHEME.match(text)) or ('/' in text and ' ' not in text)
        case IndicatorType.ASN:
            return not text.isdigit()
        case _:
            return True
