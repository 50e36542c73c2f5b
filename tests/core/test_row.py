"""What an Indicator has now, and what it has lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.row import digests_of_row, hash_digests, lost_objects
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import make_row

LENGTHS = {32: ('md5', 'MD5'), 40: ('sha1', 'SHA-1'), 64: ('sha256', 'SHA-256')}

hashes = st.sampled_from(sorted(LENGTHS)).flatmap(
    lambda length: st.text('0123456789abcdefABCDEF', min_size=length, max_size=length)
)
separators = st.text(' :;,|/\t\n', min_size=1, max_size=5)


def key(digest: str) -> bytes:
    return digest_of(f'File|{LENGTHS[len(digest)][1]}|{digest.upper()}')


def digest_of(text: str) -> bytes:
    return ObjectKey.from_text(text).digest


def file(*digests: str, **members: Any) -> dict[str, Any]:
    values: dict[str, Any] = dict.fromkeys(name for name, _ in LENGTHS.values())
    values |= {LENGTHS[len(digest)][0]: digest for digest in digests}
    return make_row(IndicatorType.FILE, **values | {'summary': ' : '.join(digests)} | members)


@given(st.lists(st.tuples(separators, hashes), max_size=4), separators)
def test_hashes_are_found_in_any_order_and_with_any_separator(
    parts: list[tuple[str, str]], end: str
) -> None:
    text = ''.join(separator + digest for separator, digest in parts) + end
    assert hash_digests(text) == {key(digest) for _, digest in parts}


@given(st.text())
def test_text_that_is_not_a_hash_is_never_taken_for_one(text: str) -> None:
    words = [word for word in re.findall('[0-9A-Za-z]+', text) if len(word) in LENGTHS]
    assert len(hash_digests(text)) <= len(words)
    assert hash_digests(f'G{"A" * 32}') == hash_digests('A' * 33) == frozenset()


@given(st.lists(hashes, min_size=1, max_size=3, unique_by=len), st.data())
def test_hashes_that_a_file_no_longer_has_are_lost(digests: list[str], data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(digests), min_size=1, unique=True))
    held = {7: {key(digest): place for place, digest in enumerate(digests)}}
    lost = lost_objects([file(*kept, id=7)], held, parse_indicator)
    assert lost == {place: 7 for place, digest in enumerate(digests) if digest not in kept}


def test_hash_that_only_the_summary_shows_is_not_lost() -> None:
    digests = ('A' * 32, 'B' * 40)
    row = file(digests[0], summary=' : '.join(digests))
    assert digests_of_row(row, parse_indicator) == {key(digest) for digest in digests}
    row = file(summary=' : '.join(digests))
    assert digests_of_row(row, parse_indicator) == {key(digest) for digest in digests}


def test_file_without_a_usable_hash_has_none_of_those_that_it_had() -> None:
    row = file(summary='no hash', md5='no hash')
    assert lost_objects([row | {'id': 7}], {7: {key('A' * 32): 1}}, parse_indicator) == {1: 7}


@pytest.mark.parametrize(
    'row',
    [
        file(),
        make_row(IndicatorType.FILE, md5=None, sha1=None, sha256=None, summary=None),
        file('A' * 32, lastModified='never'),
        file('A' * 32, type='Mutex'),
        make_row(ip='no address'),
        make_row(type=None),
    ],
    ids=['no-hash-told', 'nothing-told', 'no-time', 'other-type', 'no-value', 'no-type'],
)
def test_ambiguous_row_leads_to_no_conclusion(row: dict[str, Any]) -> None:
    row |= {'id': 7, 'summary': row.get('summary') or None}
    assert digests_of_row(row, parse_indicator) is None
    assert lost_objects([row], {7: {key('A' * 32): 1}}, parse_indicator) == {}


def test_address_in_another_spelling_is_not_lost() -> None:
    row = make_row(id=7, ip='2001:DB8::5', summary='2001:DB8::5')
    held = {7: {digest_of('Address||2001:db8:0:0:0:0:0:5'): 1}}
    assert lost_objects([row], held, parse_indicator) == {}


def test_indicator_without_ledger_rows_has_lost_nothing() -> None:
    held = {8: {digest_of('Host||a.example'): 1}}
    assert lost_objects([make_row(id=7)], held, parse_indicator) == {}
