"""The description of an object: JSON text that Sentinel keeps whole.

Sentinel truncates a longer description, and its workbook cannot read half a JSON text. So the text
is made to fit, member by member.

The limit applies to the description after the request is decoded: the JSON text with its own
escapes, where a line end in an attribute counts as two characters. The request body escapes that
text once more; that layer is removed before anything is counted.
Characters outside the Basic Multilingual Plane count as two, as they do in UTF-16, so that the
text fits whichever way the receiver counts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from json.encoder import encode_basestring as _quoted

import orjson

from sentinel_app.core.indicator import Attribute, Group, Indicator
from sentinel_app.core.text import fits, utf16_length

DESCRIPTION_LIMIT = 1000
"""Characters. Source: "Work with STIX objects and indicators", Microsoft Sentinel."""

_KEPT_LONGEST = frozenset({'First Seen', 'Last Seen'})
_LEAST_LENGTH = 100
"""Minimum length of a truncated text; all texts together fit the limit at this length."""
_ELLIPSIS = '…'
_SHORT_ESCAPES = frozenset('"\\\n\r\t\b\f')
_FIRST_PRINTABLE = ' '
_LAST_OF_BMP = '\uffff'


def description_of(indicator: Indicator) -> str:
    """Return an Indicator's description: valid JSON text of at most `DESCRIPTION_LIMIT` characters.

    What does not fit is dropped in this order: attributes from the last to the first, First Seen
    and Last Seen after all others; groups from the last to the second; the ends of the first
    group's texts; the end of the summary. An owner's name or a link that fills the limit by itself,
    which does not occur in ThreatConnect, is truncated last.
    """
    text = _whole(indicator)
    return _fitted(indicator) if text is None else text


def _whole(indicator: Indicator) -> str | None:
    """Return the complete description; None if it does not fit."""
    # Most fit; of the others, many are recognized by their longest part.
    for attribute in indicator.attributes:
        if len(attribute.value) > DESCRIPTION_LIMIT:
            return None
    members: dict[str, object] = {'type': indicator.type, 'summary': indicator.summary}
    if indicator.confidence is not None:
        members['confidence'] = indicator.confidence
    if indicator.rating is not None:
        members['rating'] = _plain_number(indicator.rating)
    if indicator.threat_assess_score is not None:
        members['threatAssessScore'] = indicator.threat_assess_score
    members['ownerName'] = indicator.owner_name
    members['associatedGroups'] = [
        {'type': group.type, 'name': group.name, 'ownerName': group.owner_name}
        for group in indicator.groups
    ]
    members['attributes'] = [
        {'type': attribute.type, 'value': attribute.value} for attribute in indicator.attributes
    ]
    if indicator.web_link is not None:
        members['webLink'] = indicator.web_link
    text = orjson.dumps(members).decode()
    return text if fits(text, DESCRIPTION_LIMIT) else None


def _fitted(indicator: Indicator) -> str:
    """Return the description with as much as fits."""
    head, middle, tail = _frame(indicator)
    room = DESCRIPTION_LIMIT - utf16_length(head) - utf16_length(middle) - utf16_length(tail)
    groups, left = _fitting((_group_text(group) for group in indicator.groups), room)
    if left < 0 or (indicator.groups and not groups):
        return _cut_to_fit(indicator)
    attributes = ''
    if len(groups) == len(indicator.groups):
        attributes = _fitting_attributes(indicator.attributes, left)
    return f'{head}{",".join(groups)}{middle}{attributes}{tail}'


def web_link_of(text: bytes) -> str | None:
    """Return the link to ThreatConnect in the text of an object that the App made."""
    link = orjson.loads(orjson.loads(text)['description']).get('webLink')
    return link if isinstance(link, str) else None


def _frame(indicator: Indicator) -> tuple[str, str, str]:
    """Return the texts before the groups, between groups and attributes, and after those."""
    head = [f'{{"type":"{indicator.type}","summary":{_quoted(indicator.summary)}']
    if indicator.confidence is not None:
        head.append(f'"confidence":{indicator.confidence}')
    if indicator.rating is not None:
        head.append(f'"rating":{orjson.dumps(_plain_number(indicator.rating)).decode()}')
    if indicator.threat_assess_score is not None:
        head.append(f'"threatAssessScore":{indicator.threat_assess_score}')
    head.append(f'"ownerName":{_quoted(indicator.owner_name)}')
    head.append('"associatedGroups":[')
    link = '' if indicator.web_link is None else f',"webLink":{_quoted(indicator.web_link)}'
    return ','.join(head), '],"attributes":[', f']{link}}}'


def _plain_number(number: float) -> float:
    """Return a whole number without a fraction, as in the product guide."""
    return int(number) if number.is_integer() else number


def _group_text(group: Group) -> str:
    kind, name, owner = _quoted(group.type), _quoted(group.name), _quoted(group.owner_name)
    return f'{{"type":{kind},"name":{name},"ownerName":{owner}}}'


def _attribute_text(attribute: Attribute) -> str:
    kind = _quoted(_bounded(attribute.type))
    return f'{{"type":{kind},"value":{_quoted(_bounded(attribute.value))}}}'


def _bounded(text: str) -> str:
    """Cut a text that cannot fit anyway to a length that still does not fit, to save work."""
    return text[: DESCRIPTION_LIMIT + 1]


def _fitting(texts: Iterable[str], room: int, *, is_first: bool = True) -> tuple[list[str], int]:
    """Return the longest prefix of `texts` that fits with its commas, and the room left."""
    kept: list[str] = []
    for text in texts:
        cost = utf16_length(text) + (0 if is_first and not kept else 1)
        if cost > room:
            break
        kept.append(text)
        room -= cost
    return kept, room


def _fitting_attributes(attributes: Sequence[Attribute], room: int) -> str:
    """Return the attributes that fit, in their own order, as the items of a JSON list."""
    seen = [attribute for attribute in attributes if attribute.type in _KEPT_LONGEST]
    kept, left = _fitting(map(_attribute_text, seen), room)
    if len(kept) < len(seen):
        return ','.join(kept)
    rest = (attribute for attribute in attributes if attribute.type not in _KEPT_LONGEST)
    others, _ = _fitting(map(_attribute_text, rest), left, is_first=not kept)
    if not (kept and others):
        return ','.join(kept or others)
    next_seen, next_other = iter(kept), iter(others)
    merged = (
        next(next_seen if attribute.type in _KEPT_LONGEST else next_other, None)
        for attribute in attributes
    )
    return ','.join(text for text in merged if text is not None)


def _cut_to_fit(indicator: Indicator) -> str:
    """Return the description with at most one group, no attributes, and truncated texts."""
    head, middle, tail = _frame(indicator)
    group = indicator.groups[0] if indicator.groups else None
    full = f'{head}{_group_text(group) if group else ""}{middle}{tail}'
    over = utf16_length(full) - DESCRIPTION_LIMIT
    if group is not None:
        name, over = _cut(group.name, over)
        kind, over = _cut(group.type, over)
        owner, over = _cut(group.owner_name, over)
        group = replace(group, name=name, type=kind, owner_name=owner)
    summary, over = _cut(indicator.summary, over)
    owner_name, over = _cut(indicator.owner_name, over)
    link, over = _cut(indicator.web_link or '', over)
    head, middle, tail = _frame(
        replace(indicator, summary=summary, owner_name=owner_name, web_link=link or None)
    )
    return f'{head}{_group_text(group) if group else ""}{middle}{tail}'


def _cut(text: str, over: int) -> tuple[str, int]:
    """Cut up to `over` characters from the end; return the text and what is still over."""
    if over <= 0:
        return text, over
    before = utf16_length(_quoted(text)) - 2
    room = max(_LEAST_LENGTH, before - over) - 1
    if before <= room + 1:
        return text, over
    lengths = list(accumulate(map(_cost, _bounded(text))))
    text = text[: bisect_right(lengths, room)] + _ELLIPSIS
    return text, over - before + utf16_length(_quoted(text)) - 2


def _cost(character: str) -> int:
    """Return the number of characters that one character takes in JSON text."""
    if character in _SHORT_ESCAPES or character > _LAST_OF_BMP:
        return 2
    return 6 if character < _FIRST_PRINTABLE else 1
