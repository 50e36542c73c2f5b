"""Reads single input values and collects what is wrong with them, in words a person can act on."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlsplit

from sentinel_app.core.host import ascii_name

_GUID: Final = re.compile(
    r'(\{)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?(1)\})', re.IGNORECASE
)
_LABEL: Final = r'[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
_DOMAIN: Final = re.compile(rf'{_LABEL}(?:\.{_LABEL})+', re.IGNORECASE)
_HOST_NAME: Final = re.compile(rf'{_LABEL}(?:\.{_LABEL})*', re.IGNORECASE)
_NUMBER: Final = re.compile(r'[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)')
_UNRESOLVED: Final = re.compile(r'&\{[A-Za-z]+:[A-Za-z]+:[^}]*\}')
_CONTROL: Final = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029]')
_UNFIT: Final = re.compile('[\x00\ud800-\udfff]')
# Secrets of Entra ID and of ThreatConnect are longer: one that was pasted into the wrong input is
# not shown.
_LONGEST_SHOWN: Final = 32
_LONGEST_DOMAIN: Final = 253
_LARGEST_PORT: Final = 65535

Choice = TypeVar('Choice', bound=StrEnum)


def show(value: str) -> str:
    """A value as a message quotes it: on one line, and only if it is short."""
    if len(value) > _LONGEST_SHOWN:
        return f'the text of {len(value)} characters'
    return f'"{_CONTROL.sub(" ", value)}"'


def guid(text: str) -> str | None:
    """The GUID in lower case and without braces, or None if the text is none."""
    found = _GUID.fullmatch(text)
    return found.group(2).lower() if found else None


def domain(text: str) -> str | None:
    """The domain in lower case and in its ASCII form, or None if the text is none with a dot."""
    ascii_text = ascii_name(text.rstrip('.'))
    found = _DOMAIN.fullmatch(ascii_text) and len(ascii_text) <= _LONGEST_DOMAIN
    return ascii_text if found else None


def host_name(text: str) -> str | None:
    """As `domain`, but one label is enough."""
    ascii_text = ascii_name(text.rstrip('.'))
    found = _HOST_NAME.fullmatch(ascii_text) and len(ascii_text) <= _LONGEST_DOMAIN
    return ascii_text if found else None


class Inputs:
    """The inputs of the Service by name, and the problems found while reading them.

    Every reader returns a usable value even when it notes a problem, so that one start of the App
    shows all problems at once.

    Args:
        values: what the platform sent; text, or what a framework made of it.
        labels: the label of each input that is known.
    """

    def __init__(self, values: Mapping[str, object], labels: Mapping[str, str]) -> None:
        self._values = values
        self._labels = labels
        self.problems: list[str] = []

    def add_fault(self, name: str, fault: str) -> None:
        """Note what is wrong with an input and what to do about it."""
        self.problems.append(f'{self._labels[name]} ({name}): {fault}')

    def entries(self, name: str) -> list[str]:
        """All values of an input that takes several, the empty ones left out."""
        value = self._values.get(name)
        if value is None:
            return []
        parts = list(value) if isinstance(value, list | tuple | set) else [value]
        found = []
        for part in parts:
            text = self._text_of(name, part)
            found += [piece.strip() for piece in re.split(r'[|\r\n]', text)]
        return [piece for piece in found if piece]

    def text(self, name: str, *, required: bool = True) -> str:
        """The text without blanks around it; empty if absent, which is noted when required."""
        value = self._values.get(name)
        if isinstance(value, list | tuple | set):
            kept = [part for part in value if part not in (None, '')]
            if len(kept) > 1:
                self.add_fault(name, f'holds {len(kept)} values. Give exactly one.')
            value = kept[0] if kept else None
        noted = len(self.problems)
        text = '' if value is None else self._text_of(name, value).strip()
        if len(self.problems) > noted:
            return ''
        if text and _UNRESOLVED.search(text):
            self.add_fault(
                name,
                'holds a variable that ThreatConnect did not fill in. Check that the variable '
                'exists and that this Service may use it.',
            )
            return ''
        if not text and required:
            self.add_fault(name, 'is missing. Fill it in in the configuration of the Service.')
        return text

    def line(self, name: str, *, required: bool = True) -> str:
        """As `text`, but on one line."""
        text = self.text(name, required=required)
        if _CONTROL.search(text):
            self.add_fault(name, 'holds a line break or a control character. Type it in again.')
            return ''
        return text

    def identifier(self, name: str, remedy: str) -> str:
        """A GUID; the value itself is never shown, as a secret may have been pasted here."""
        text = self.line(name)
        found = guid(text)
        if text and not found:
            self.add_fault(name, f'is not a GUID. {remedy}')
        return found or ''

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number within its limits; without a default the input is required."""
        number = self._number(name, default)
        if number is None:
            return low
        if not number.is_integer():
            self._add_number_fault(name, 'is no whole number', low, high, whole=True)
        elif not low <= number <= high:
            self._add_number_fault(name, 'is out of range', low, high, whole=True)
        else:
            return int(number)
        return low

    def positive_number(self, name: str, *, high: float) -> float:
        """A number above 0, fractions allowed."""
        number = self._number(name, None)
        if number is None:
            return high
        if not 0 < number <= high:
            self._add_number_fault(name, 'is out of range', 0, high, whole=False)
            return high
        return number

    def choice(self, name: str, choices: type[Choice], default: Choice) -> Choice:
        """One of the choices, whatever the case it is written in."""
        text = self.line(name, required=False)
        if not text:
            return default
        for choice in choices:
            if choice.value.casefold() == text.casefold():
                return choice
        known = ', '.join(f'"{choice.value}"' for choice in choices)
        self.add_fault(name, f'{show(text)} is none of the choices. Choose one of {known}.')
        return default

    def https_origin(self, name: str, default: str) -> str:
        """An address of the form https://host or https://host:port."""
        text = self.line(name, required=False)
        if not text:
            return default
        origin = _origin(text)
        if origin is None:
            self.add_fault(name, f'is no https address of a host alone. Write it like {default}.')
        return origin or default

    def _number(self, name: str, default: int | None) -> float | None:
        value = self._values.get(name)
        if isinstance(value, bool):
            self.add_fault(
                name, f'"{str(value).lower()}" is not a number. Write digits, for example 1.'
            )
            return None
        text = self.line(name, required=default is None)
        if not text:
            return None if default is None else float(default)
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        if not math.isfinite(number):
            hint = 'Write fractions with a point' if ',' in text else 'Write digits'
            self.add_fault(name, f'{show(text)} is not a number. {hint}, for example 1.')
            return None
        return number

    def _add_number_fault(
        self, name: str, fault: str, low: float, high: float, *, whole: bool
    ) -> None:
        kind = 'a whole number from' if whole else 'a number above'
        until = 'to' if whole else 'and up to'
        shown = show(str(self._values.get(name)).strip())
        self.add_fault(name, f'{shown} {fault}. Give {kind} {low:g} {until} {high:.10g}.')

    def _text_of(self, name: str, value: object) -> str:
        """The value as text that a file, a header and a message can hold; else a note, and none."""
        try:
            text = value.decode() if isinstance(value, bytes) else _plain(value)
        except ValueError:
            self.add_fault(name, 'is not text. Give it as text in UTF-8.')
            return ''
        if _UNFIT.search(text):
            self.add_fault(
                name, 'holds a NUL character or half of a character, as of an emoji. Type it again.'
            )
            return ''
        return text


def _plain(value: object) -> str:
    """A text or a number as text.

    Raises:
        ValueError: it is neither, or a number of thousands of digits.
    """
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError('neither text nor a number')


def _origin(text: str) -> str | None:
    """The https origin that the text is, in its plainest form, or None."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ''
    usable_host = ':' in host or host_name(host) is not None
    beyond = parts.username or parts.password or parts.path.strip('/') or parts.query
    fragment = parts.fragment or text.rstrip('/').endswith(('?', '#', '@'))
    if parts.scheme != 'https' or not usable_host or beyond or fragment:
        return None
    shown = f'[{host}]' if ':' in host else host_name(host)
    return f'https://{shown}' + (f':{port}' if port and port <= _LARGEST_PORT else '')
