"""Mapping of Indicators to STIX 2.1 objects, as plain dicts; ids and times are never generated.

Source: STIX 2.1, section 4.7 (indicator); "Import threat intelligence to Microsoft Sentinel with
the upload API".
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from sentinel_app.core.context_key import identity_id
from sentinel_app.core.description import description_of
from sentinel_app.core.indicator import Attribute, Indicator, IndicatorType
from sentinel_app.core.label import labels_of
from sentinel_app.core.marking import marking_refs
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.pattern import PatternStyle, stix_pattern, written_value
from sentinel_app.core.text import fits, shortened, utf16_length
from sentinel_app.core.timestamp import to_millis
from sentinel_app.core.tlp import strictest

SORT_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        'confidence': 'Confidence',
        'dateAdded': 'Date Added',
        'id': 'ID',
        'lastModified': 'Last Modified',
        'ownerName': 'Owner Name',
        'rating': 'Threat Rating',
        'summary': 'Summary',
        'threatAssessScore': 'ThreatAssess Score',
        'typeName': 'Indicator Type',
    }
)
"""Labels of the sort fields, by TQL keyword."""

NAME_LIMIT = 1000
"""Maximum characters of a name; the end of its value is truncated.

No limit is documented; this is that of Sentinel's other text columns.

Source: "Work with STIX objects and indicators", Microsoft Sentinel (`description`, `pattern`).
"""
_OWNER_LIMIT = 200

MAPPING_NUMBER = 1
"""Incremented whenever the mapping of rows changes, so that no row is recognized as unchanged."""

_MILLISECOND = dt.timedelta(milliseconds=1)
_HOUR_MS = 3_600_000
_LAST_TIME = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
_ID_DIGITS = 19

_PHASE_ATTRIBUTE = 'phase of intrusion'
_KILL_CHAIN = 'lockheed-martin-cyber-kill-chain'
_PHASE_ALIASES = {
    'c2': 'command-and-control',
    'action-on-objectives': 'actions-on-objectives',
}
_PHASE_LIMIT = 100
_MOST_PHASES = 50
"""Maximum number of phases per Indicator, and characters of a phase's name."""
_NOT_IN_A_PHASE = re.compile(r'[\W_]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingOptions:
    """Inputs that decide about the form of objects. `ttl_hours` has every type."""

    ttl_hours: Mapping[IndicatorType, int]
    pattern_style: PatternStyle = PatternStyle.AS_IN_THE_GUIDE
    has_author: bool = False
    """Whether objects name the identity of the owner as their author."""

    @property
    def ttl_ms(self) -> dict[IndicatorType, int]:
        """TTL of each type, in milliseconds."""
        return {kind: hours * _HOUR_MS for kind, hours in self.ttl_hours.items()}


def valid_until(indicator: Indicator, now: dt.datetime, options: MappingOptions) -> dt.datetime:
    """Return the end of validity: `now` plus the type's TTL, or the Indicator's own if earlier."""
    until_at = _later(now, options.ttl_hours[indicator.type])
    return until_at if indicator.expires_at is None else min(until_at, indicator.expires_at)


@lru_cache(maxsize=64)
def _later(now: dt.datetime, hours: int) -> dt.datetime:
    try:
        return now + dt.timedelta(hours=hours)
    except OverflowError:
        return _LAST_TIME


def is_expired(indicator: Indicator, now: dt.datetime) -> bool:
    """Return whether the Indicator has expired in ThreatConnect."""
    return indicator.expires_at is not None and indicator.expires_at <= now


def stix_object(
    indicator: Indicator,
    key: ObjectKey,
    *,
    object_id: str,
    created_at: dt.datetime,
    modified_at: dt.datetime,
    valid_until_at: dt.datetime,
    options: MappingOptions,
    is_revoked: bool = False,
) -> dict[str, object]:
    """Map an Indicator to one STIX object, without nulls, empty texts and empty lists.

    Args:
        indicator: the copy to send.
        key: the key of the object, one of the Indicator's.
        object_id: the id of that key.
        created_at: when the copy first sent was added; never changes for one id.
        modified_at: later than that of every version sent before under this id.
        valid_until_at: the end of validity.
        options: the inputs that decide about the form of objects.
        is_revoked: whether the object is withdrawn.
    """
    until_at = _whole_milliseconds(valid_until_at)
    modified_at = max(modified_at, created_at)
    # STIX requires `valid_until` later than `valid_from`, and Sentinel treats an object as active
    # from `valid_from` on, so a future time in ThreatConnect must not delay it.
    from_at = min(
        _whole_milliseconds(indicator.modified_at),
        _whole_milliseconds(modified_at),
        until_at - _MILLISECOND,
    )
    stix: dict[str, object] = {
        'type': 'indicator',
        'spec_version': '2.1',
        'id': object_id,
    }
    if options.has_author:
        stix['created_by_ref'] = identity_id(indicator.owner_name)
    stix['created'] = to_millis(created_at)
    if is_revoked:
        stix['revoked'] = True
    stix['name'] = _name(indicator, key, options.pattern_style)
    stix['description'] = description_of(indicator)
    stix['indicator_types'] = ['malicious-activity']
    stix['pattern'] = stix_pattern(indicator, key, options.pattern_style)
    stix['pattern_type'] = 'stix'
    stix['pattern_version'] = '2.1'
    if phases := _phases(indicator.attributes):
        stix['kill_chain_phases'] = [
            {'kill_chain_name': _KILL_CHAIN, 'phase_name': phase} for phase in phases
        ]
    if labels := labels_of(indicator.tags).kept:
        stix['labels'] = list(labels)
    if indicator.confidence is not None:
        stix['confidence'] = indicator.confidence
    stix['lang'] = 'en'
    if level := strictest(indicator.security_labels):
        stix['object_marking_refs'] = marking_refs(level)
    # Members that are not content come last; see `object_text`.
    stix['modified'] = to_millis(modified_at)
    stix['valid_from'] = to_millis(from_at)
    stix['valid_until'] = to_millis(until_at)
    return stix


def sort_value(indicator: Indicator, sort_field: str) -> float | str | None:
    """Return the sort key of an Indicator, in a form that SQLite orders naturally.

    Numbers are floats and texts are case-folded. Ids, which a float cannot hold exactly, and times
    are texts of equal length. None, which SQLite sorts first, stands for no value.

    Args:
        indicator: the Indicator.
        sort_field: one of `SORT_FIELDS`.
    """
    return _SORT_VALUES[sort_field](indicator)


def _name(indicator: Indicator, key: ObjectKey, style: PatternStyle) -> str:
    """Return value and owner; if the style matters, the value is spelled as in the pattern."""
    if key.type is IndicatorType.REGISTRY_KEY:
        value = indicator.summary
    elif key.type is IndicatorType.FILE or style is PatternStyle.AS_LOGS_WRITE_IT:
        value = written_value(indicator, key, style)
    else:
        value = indicator.value
    name = f'{value} | {indicator.owner_name}'
    if fits(name, NAME_LIMIT):
        return name
    end = f' | {shortened(indicator.owner_name, _OWNER_LIMIT)}'
    return shortened(value, NAME_LIMIT - utf16_length(end)) + end


def _phases(attributes: Iterable[Attribute]) -> list[str]:
    phases: dict[str, None] = {}
    for attribute in attributes:
        kind = attribute.type
        if len(kind) == len(_PHASE_ATTRIBUTE) and kind.lower() == _PHASE_ATTRIBUTE:
            words = attribute.value.lower().replace('&', ' and ')
            phase = _NOT_IN_A_PHASE.sub('-', words).strip('-')
            if 0 < len(phase) <= _PHASE_LIMIT:
                phases[_PHASE_ALIASES.get(phase, phase)] = None
    return list(phases)[:_MOST_PHASES]


def _whole_milliseconds(at: dt.datetime) -> dt.datetime:
    beyond = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - beyond) if beyond else at


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


_SORT_VALUES: Mapping[str, Callable[[Indicator], float | str | None]] = {
    'confidence': lambda indicator: _number(indicator.confidence),
    'dateAdded': lambda indicator: to_millis(indicator.added_at),
    'id': lambda indicator: f'{indicator.id:0{_ID_DIGITS}d}',
    'lastModified': lambda indicator: to_millis(indicator.modified_at),
    'ownerName': lambda indicator: indicator.owner_name.casefold(),
    'rating': lambda indicator: _number(indicator.rating),
    'summary': lambda indicator: indicator.summary.casefold(),
    'threatAssessScore': lambda indicator: _number(indicator.threat_assess_score),
    'typeName': lambda indicator: indicator.type.casefold(),
}
