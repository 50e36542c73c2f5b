"""Parsing of single inputs; faults are collected as messages for people."""

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
# Secrets of Entra ID and ThreatConnect are longer, so one pasted into the wrong input is not shown.
_LONGEST_SHOWN: Final = 32
_LONGEST_DOMAIN: Final = 253
_LARGEST_PORT: Final = 65535

Choice = TypeVar('Choice', bound=StrEnum)


def show(value: str) -> str:
    """Return a value quoted for messages: on one line, and only if it is short."""
    if len(value) > _LONGEST_SHOWN:
        return f'the text of {len(value)} characters'
    return f'"{_CONTROL.sub(" ", value)}"'


def guid(text: str) -> str | None:
    """Return the GUID in lower case and without braces; None if the text is not a GUID."""
    found = _GUID.fullmatch(text)
    return found.group(2).lower() if found else None


def domain(text: str) -> str | None:
    """Return the domain in lower-case ASCII; None if the text is not a domain with a dot."""
    ascii_text = ascii_name(text.rstrip('.'))
    found = _DOMAIN.fullmatch(ascii_text) and len(ascii_text) <= _LONGEST_DOMAIN
    return ascii_text if found else None


def host_name(text: str) -> str | None:
    """Return the host name as `domain` does, but one label is enough."""
    ascii_text = ascii_name(text.rstrip('.'))
    found = _HOST_NAME.fullmatch(ascii_text) and len(ascii_text) <= _LONGEST_DOMAIN
    return ascii_text if found else None


class Inputs:
    """Inputs of the Service by name, and the problems found while parsing them.

    Every method returns a usable value even if it records a problem, so that one start of the App
    shows all problems at once.

    Args:
        values: the values from the platform or its framework.
        labels: the labels of the known inputs.
    """

    def __init__(self, values: Mapping[str, object], labels: Mapping[str, str]) -> None:
        self._values = values
        self._labels = labels
        self.problems: list[str] = []

    def add_fault(self, name: str, fault: str) -> None:
        """Record a fault of an input and its remedy."""
        self.problems.append(f'{self._labels[name]} ({name}): {fault}')

    def entries(self, name: str) -> list[str]:
        """Return all non-empty values of an input with several."""
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
        """Return the text without outer blanks; empty if missing, which is a fault if required."""
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
        """Return the text as `text` does, but only one line."""
        text = self.text(name, required=required)
        if _CONTROL.search(text):
            self.add_fault(name, 'holds a line break or a control character. Type it in again.')
            return ''
        return text

    def identifier(self, name: str, remedy: str) -> str:
        """Return a GUID; the value is never shown, as a secret may have been pasted here."""
        text = self.line(name)
        found = guid(text)
        if text and not found:
            self.add_fault(name, f'is not a GUID. {remedy}')
        return found or ''

    def integer(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number within limits; without a default the input is required."""
        number = self._number(name, default)
        if number is None:
            return low
        if not number.is_integer():
            self._add_number_fault(name, 'is not a whole number', low, high, whole=True)
        elif not low <= number <= high:
            self._add_number_fault(name, 'is out of range', low, high, whole=True)
        else:
            return int(number)
        return low

    def positive_number(self, name: str, *, high: float) -> float:
        """Return a number above 0, with or without a fraction."""
        number = self._number(name, None)
        if number is None:
            return high
        if not 0 < number <= high:
            self._add_number_fault(name, 'is out of range', 0, high, whole=False)
            return high
        return number

    def choice(self, name: str, choices: type[Choice], default: Choice) -> Choice:
        """Return one of the choices, matched case-insensitively."""
        text = self.line(name, required=False)
        if not text:
            return default
        found = _chosen(text, choices)
        if found is None:
            self._add_choice_fault(name, text, choices)
        return found or default

    def choices(self, name: str, choices: type[Choice]) -> frozenset[Choice]:
        """Return the choices named in an input with several; all if there are none."""
        found: set[Choice] = set()
        for text in dict.fromkeys(self.entries(name)):
            choice = _chosen(text, choices)
            if choice is None:
                # One fault is enough: it has all the choices.
                self._add_choice_fault(name, text, choices)
                break
            found.add(choice)
        return frozenset(found or choices)

    def https_origin(self, name: str, default: str) -> str:
        """Return an address of the form https://host or https://host:port."""
        text = self.line(name, required=False)
        if not text:
            return default
        origin = _origin(text)
        if origin is None:
            self.add_fault(name, f'is not the https address of a host. Write it like {default}.')
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

    def _add_choice_fault(self, name: str, text: str, choices: type[StrEnum]) -> None:
        known = ', '.join(f'"{choice.value}"' for choice in choices)
        self.add_fault(name, f'{show(text)} is not one of the choices. Choose one of {known}.')

    def _add_number_fault(
        self, name: str, fault: str, low: float, high: float, *, whole: bool
    ) -> None:
        kind = 'a whole number from' if whole else 'a number above'
        until = 'to' if whole else 'and up to'
        shown = show(str(self._values.get(name)).strip())
        self.add_fault(name, f'{shown} {fault}. Give {kind} {low:g} {until} {high:.10g}.')

    def _text_of(self, name: str, value: object) -> str:
        """Return the value as text that files and headers can hold; else record a fault."""
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


def _chosen(text: str, choices: type[Choice]) -> Choice | None:
    """Return the choice of a text in any case; None if it is none of them."""
    for choice in choices:
        if choice.value.casefold() == text.casefold():
            return choice
    return None


def _plain(value: object) -> str:
    """Return a text or a number as text.

    Raises:
        ValueError: it is neither, or a number of thousands of digits.
    """
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError('neither text nor a number')


def _origin(text: str) -> str | None:
    """Return the normalized https origin; None if the text is not one."""
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
