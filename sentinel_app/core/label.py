"""Labels of an object: as many as Sentinel keeps complete."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sentinel_app.core.indicator import Tag

LABELS_LIMIT = 32_766
"""Exclusive upper bound of the labels' total size, in bytes of UTF-8.

Sentinel keeps them in one column, `Tags`, truncates it in the middle of a tag, and reports that in
its health log at each upload. How it joins them is not documented; JSON text with blanks after the
commas is the longest likely form.

Source: a report of trimmed `Tags`, in the repository Azure/Azure-Sentinel.
"""

_BRACKETS = len('[]')
_SEPARATOR = len(', ')
_QUOTES = len('""')
_LONGEST_CHARACTER = len(r'\u0001')


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels to send, and the number of those left out."""

    kept: tuple[str, ...]
    left_out: int


def labels_of(tags: Iterable[Tag]) -> Labels:
    """Return the labels of tags: sorted, without repeats, each of them complete."""
    return kept_labels(sorted(set(map(_label, tags))))


def kept_labels(labels: Sequence[str]) -> Labels:
    """Return the labels that together stay below `LABELS_LIMIT`, in their order.

    A label that does not fit is skipped and those after it are still tried, so that one oversized
    tag does not displace all others.

    Args:
        labels: the labels, without repeats.
    """
    longest = _LONGEST_CHARACTER * sum(map(len, labels)) + (_QUOTES + _SEPARATOR) * len(labels)
    if longest < LABELS_LIMIT - _BRACKETS:
        return Labels(kept=tuple(labels), left_out=0)
    kept: list[str] = []
    size = _BRACKETS
    for label in labels:
        cost = len(json.dumps(label, ensure_ascii=False).encode()) + (_SEPARATOR if kept else 0)
        if size + cost < LABELS_LIMIT:
            kept.append(label)
            size += cost
    return Labels(kept=tuple(kept), left_out=len(labels) - len(kept))


def _label(tag: Tag) -> str:
    """Return the tag's name, prefixed with the technique's id unless it is there already."""
    if tag.technique_id is None or tag.name.startswith(tag.technique_id):
        return tag.name
    return f'{tag.technique_id} - {tag.name}'
