"""Refanging: recovery of plain values from pasted text.

Reports and mails defang values so that nobody clicks on them, and lists put marks, labels and
quotes around them. A text may have several readings, so all of them are looked up. The text as
given comes first: a plain value is never changed.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from sentinel_app.core.invisible import BLANK, CONTROL, IGNORABLE
from sentinel_app.core.pasted import is_plain
from sentinel_app.core.registry import is_registry_key, long_key, short_key

LONGEST: Final = 2_000
"""Maximum characters; a longer text is looked up unchanged."""

_UNSEEN: Final = re.compile(f'[{IGNORABLE}]')
_BLANKS: Final = re.compile(f'[{BLANK}{CONTROL}]+')
_DOTS: Final = re.compile('[\u2024\u3002\uff0e\uff61]')

_OPENERS: Final = '[({<'
_CLOSERS: Final = '])}>'
_OPENER_OF: Final = dict(zip(_CLOSERS, _OPENERS, strict=True))
_CLOSER_OF: Final = {opener: closer for closer, opener in _OPENER_OF.items()}
_BRACKETS: Final = frozenset(_OPENERS + _CLOSERS)
_QUOTES: Final = (
    '"\'`\xab\xb4\xbb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f'
    '\u2032\u2033\u2039\u203a\u300c\u300d\u300e\u300f\uff02\uff07'
)
_BEFORE: Final = frozenset(f' ,;{_QUOTES}')
_AFTER: Final = frozenset(f' ,;.\u2026{_QUOTES}')
_BULLETS: Final = '>#*+\xb7\u2013\u2014\u2022\u2023\u25aa\u25cf\u25e6\u2610\u2611-'
_LIST_MARK: Final = re.compile(rf'(?:[{_BULLETS}]{{1,4}}|\(?[0-9]{{1,3}}[.)]|\[[ xX]\]) +(?=\S)')

_BRACKETED: Final = re.compile(
    r' ?[\[({<][\[({< ]{0,8}(\.|dot|d0t|@|at|://|:/|:|//|/)[\])}> ]{0,8}[\])}>] ?', re.IGNORECASE
)
_WORDS: Final = {'dot': '.', 'd0t': '.', 'at': '@'}
_HALF_BRACKETED: Final = re.compile(r'[\[({]\.(?=[^\W_])|(?<=[^\W_])\.[\])}](?=[^\W_])')
_SCHEME: Final = re.compile(
    r'(?:(h)(?:xx|tx|xt|\*\*|__|--)(ps?)|(f)x(ps?)|(https?|ftps?|wss?)) ?: ?//? ?(?=[^/ ])',
    re.IGNORECASE,
)
_ESCAPED: Final = re.compile(r'\\([.:@/\[\](){}<>_*-])')
_SPELT: Final = re.compile(r'\S+(?: (?:dot|at) \S+)+', re.IGNORECASE)
_SPELT_WORD: Final = re.compile(r' (dot|at) ', re.IGNORECASE)
_SPACED: Final = re.compile(r' +([.:@/]) *')

_LABEL: Final = re.compile(
    r'(?:(?:malicious|source|src|dest(?:ination)?|dst|remote|c2|file)[ _-])?'
    r'(?:sha[ -]?(?:1|256)|md5|hash|ip(?:v[46])?(?: ?addr(?:ess)?)?|addr(?:ess)?|fqdn|dns|'
    r'domain(?: ?name)?|host(?: ?name)?|ur[li]|link|e-?mail(?: ?address)?|mailto|from|sender|'
    r'reply-to|subject|asn?|cidr|subnet|network|registry(?: ?key)?|reg ?key|key|ioc|indicator|'
    r'stix(?: ?id)?)(?: hash| sum)?(?P<mark> ?[:=]+>? ?| )(?P<rest>\S.*)',
    re.IGNORECASE,
)
_DIGITS: Final = re.compile('[0-9]{1,5}')
_MAILBOX: Final = re.compile(r'[^<>]*<([^<>\s]+@[^<>\s]+)>')
_LINK: Final = re.compile(r'\[[^\]]*\]\(<?((?:https?|ftp)://[^\s<>]+?)>?\)', re.IGNORECASE)
_PATTERN: Final = re.compile(r"\[ ?[a-z0-9-]+:[^=]{1,80}= ?'((?:[^'\\]|\\.)*)' ?\]", re.IGNORECASE)
_CHECKSUM_LINE: Final = re.compile(
    r'([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}) [ *]?\S.*', re.IGNORECASE
)
_HASHES: Final = re.compile(r'[0-9a-f]{32,64}(?:[ :|,;]+[0-9a-f]{32,64})*', re.IGNORECASE)

_PORTED: Final = re.compile(r'(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+):[0-9]{1,5}/?', re.IGNORECASE)
_ONLY_HOST: Final = re.compile(r'([^\s:/@\[\]]+)/')
_SCHEMELESS: Final = re.compile(r'[^\s:/@\[\]]+\.[^\W\d_]{2,}(?::[0-9]{1,5})?/\S*')
_BARE_URL: Final = re.compile(r'[a-z]{2,5}://[^\s/?#]+/?', re.IGNORECASE)
_ZONED: Final = re.compile(r'\[?([0-9a-f:.]+)%[^\]\s]+\]?', re.IGNORECASE)
_SENTINEL_ID: Final = re.compile(
    r'(?:\S{1,400}---)?(indicator--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})', re.IGNORECASE
)


def refang(text: str) -> str:
    """Return the plain value of a text, without defanging, marks, labels and quotes.

    A plain text is returned unchanged. The function is idempotent.
    """
    if len(text) > LONGEST:
        return text.strip()
    while (found := _step(text)) != text:
        text = found
    return text


def readings(text: str) -> tuple[str, ...]:
    """Return all readings of a text, without repeats and empty texts.

    The text as given is first, then its plain value, then variants of that: without a port, as an
    address in place of a block of one, with a scheme, and so on.
    """
    given = text.strip()
    plain = refang(given)
    found = (given, plain, *_variants(plain))
    return tuple(dict.fromkeys(each for each in found if each))


def stix_id(text: str) -> str | None:
    """Return the STIX indicator id in a text, without the prefix that Sentinel puts before it."""
    found = _SENTINEL_ID.fullmatch(text)
    return found.group(1).lower() if found else None


def _step(text: str) -> str:
    text = _BLANKS.sub(' ', _UNSEEN.sub('', text)).strip()
    if is_registry_key(text) or _HASHES.fullmatch(text):
        return text
    return _without_label(_trimmed(_without_marks(_without_list_mark(text))))


def _without_list_mark(text: str) -> str:
    found = _LIST_MARK.match(text)
    return text[found.end() :] if found else text


def _without_marks(text: str) -> str:
    """Replace defanged dots, colons and at signs."""
    text = _DOTS.sub('.', _ESCAPED.sub(r'\1', text))
    for form in (_LINK, _PATTERN, _MAILBOX):
        if found := form.fullmatch(text):
            return re.sub(r'\\(.)', r'\1', found.group(1))
    text = _BRACKETED.sub(_mark, text)
    text = _HALF_BRACKETED.sub('.', text)
    if found := _SCHEME.match(text):
        h, http, f, ftp, known = found.groups()
        scheme = known or (f'{h}tt{http}' if h else f'{f}t{ftp}')
        text = f'{scheme}://{text[found.end() :]}'
    for form, joined in ((_SPELT, _SPELT_WORD.sub), (_SPACED, None)):
        if joined is not None and form.fullmatch(text):
            close = joined(lambda word: _WORDS[word.group(1).lower()], text)
        elif joined is None:
            close = form.sub(r'\1', text)
        else:
            continue
        if close != text and is_plain(close):
            return close
    return text


def _mark(found: re.Match[str]) -> str:
    mark = found.group(1).lower()
    return _WORDS.get(mark, mark)


def _trimmed(text: str) -> str:
    """Strip quotes, punctuation and brackets that are not part of the value."""
    brackets = [char for char in text if char in _BRACKETS]
    counts = Counter(brackets)
    partner = _partners(text) if brackets else {}
    start, end = 0, len(text)
    while start < end:
        first, last = text[start], text[end - 1]
        if last in _AFTER:
            end -= 1
        elif first in _BEFORE:
            start += 1
        elif last in _OPENER_OF and counts[_OPENER_OF[last]] < counts[last]:
            counts[last] -= 1
            end -= 1
        elif first in _CLOSER_OF and counts[_CLOSER_OF[first]] < counts[first]:
            counts[first] -= 1
            start += 1
        elif partner.get(start) == end - 1:
            counts[first] -= 1
            counts[last] -= 1
            start, end = start + 1, end - 1
        else:
            break
    return text[start:end]


def _partners(text: str) -> dict[int, int]:
    """Return the position of the closing bracket of each opening one."""
    opened: list[int] = []
    partner = {}
    for at, char in enumerate(text):
        if char in _CLOSER_OF:
            opened.append(at)
        elif char in _OPENER_OF and opened and text[opened[-1]] == _OPENER_OF[char]:
            partner[opened.pop()] = at
    return partner


def _without_label(text: str) -> str:
    if found := _CHECKSUM_LINE.fullmatch(text):
        return found.group(1)
    found = _LABEL.fullmatch(text)
    if found is None:
        return text
    rest = found['rest']
    if found['mark'] == ' ':
        # In `Host names of ours`, `Host` is not a label.
        return rest if is_plain(rest) and ' ' not in rest else text
    is_part_of_value = rest.startswith('//') or (
        bool(_DIGITS.fullmatch(rest)) and not text.lower().startswith('as')
    )
    return text if is_part_of_value else rest


def _variants(plain: str) -> Iterator[str]:
    identifier = stix_id(plain)
    if identifier is not None:
        yield identifier
    if found := _PORTED.fullmatch(plain):
        yield found.group(1).strip('[]')
    if found := _ONLY_HOST.fullmatch(plain):
        yield found.group(1)
    if found := _ZONED.fullmatch(plain):
        yield found.group(1)
    if plain.endswith(('/32', '/128')) and (address := _only_address(plain)) is not None:
        yield address
    if _SCHEMELESS.fullmatch(plain):
        yield f'http://{plain}'
        yield f'https://{plain}'
    if _BARE_URL.fullmatch(plain):
        yield plain[:-1] if plain.endswith('/') else f'{plain}/'
    if (key := long_key(plain)) is not None:
        yield key
        yield short_key(key)


def _only_address(block: str) -> str | None:
    """Return the address of a block of one; None for anything else."""
    try:
        network = ipaddress.ip_network(block)
    except ValueError:
        return None
    return str(network.network_address) if network.num_addresses == 1 else None
