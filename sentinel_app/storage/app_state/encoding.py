"""How frozen models stand in a JSON document, and how they come back.

Reading believes nothing: a value comes back only if everything that is done with it later can be
done. Writing keeps to the same bounds, so that whatever was stored can be read again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from sentinel_app.core.timestamp import from_text

Model = TypeVar('Model')

# Far enough from the calendar's ends for every zone, interval and TTL.
EARLIEST: Final = dt.datetime(1000, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
MOST: Final = 2**63 - 1
"""Largest whole number, as in SQLite; none is negative."""
MOST_S: Final = 1e12
"""Largest number with a fraction, all of which are seconds; none is negative."""
_NOT_UTF8 = re.compile('[\ud800-\udfff]')


def encode(value: object) -> Any:
    """The value in terms of JSON. What is absent is left out; reading puts the default there.

    A number or a time beyond what can be read is stored as the nearest one that can, and text
    without what UTF-8 lacks.
    """
    if isinstance(value, str | int | float | dt.datetime | None):
        return _encoded_scalar(value)
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {encode(key): encode(item) for key, item in value.items()}
    kind: Any = type(value)
    return {
        name: encode(item)
        for name, has_default in _members(kind)
        if not _is_absent(item := getattr(value, name)) or not has_default
    }


def _encoded_scalar(value: str | float | dt.datetime | None) -> str | float | None:
    if isinstance(value, str):
        return _NOT_UTF8.sub('\ufffd', value)
    if isinstance(value, dt.datetime):
        return min(max(value, EARLIEST), LATEST).isoformat()
    if value is None or isinstance(value, bool):
        return value
    return min(max(value, 0), MOST if isinstance(value, int) else MOST_S)


def decode(kind: type[Model], document: Mapping[str, Any]) -> Model:
    """The model that `encode` made the document from. Unknown members are passed over.

    Raises:
        KeyError: a member without a default is missing.
        TypeError, ValueError: a member has another shape, or lies beyond the bounds.
    """
    untyped: Any = kind
    hints = _hints(untyped)
    return kind(
        **{
            name: _decoded(hints[name], document[name])
            for name, has_default in _members(untyped)
            if not has_default or name in document
        }
    )


def whole(value: Any, most: int = MOST) -> int:
    """A whole number that is not negative.

    Raises:
        TypeError, ValueError: it is none, or too large.
    """
    number = of_kind(int, value)
    if not 0 <= number <= most:
        raise ValueError(f'{number:.4g} is out of range')
    return number


def of_kind(kind: type[Model], value: Any) -> Model:
    """The value, of exactly this type.

    Raises:
        TypeError: it is of another one.
    """
    if type(value) is not kind:
        raise TypeError(f'{value!r:.60} is no {kind.__name__}')
    return value


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, tuple | Mapping) and not value)


@functools.cache
def _members(kind: Any) -> tuple[tuple[str, bool], ...]:
    """Each member's name, and whether it may be left out."""
    return tuple(
        (
            field.name,
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decoded(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is not None:
        return _decoded_generic(origin, typing.get_args(hint), value)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast('type[Any]', hint), of_kind(dict, value))
    if issubclass(hint, StrEnum):
        return hint(of_kind(str, value))
    return _SCALARS[hint](value)


def _decoded_generic(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    """A value that may be absent, a tuple of one kind, or a mapping."""
    if origin is types.UnionType:
        return None if value is None else _decoded(arguments[0], value)
    if origin is tuple:
        return tuple(_decoded(arguments[0], item) for item in of_kind(list, value))
    key_hint, item_hint = arguments
    items = of_kind(dict, value).items()
    return {_decoded(key_hint, key): _decoded(item_hint, item) for key, item in items}


def _moment(value: Any) -> dt.datetime:
    moment = from_text(of_kind(str, value))
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f'{moment} is out of range')
    return moment


def _seconds(value: Any) -> float:
    number = value if type(value) is int else of_kind(float, value)
    # Also false for what is no number.
    if not 0 <= number <= MOST_S:
        raise ValueError('a number is out of range')
    return float(number)


def _text(value: Any) -> str:
    text = of_kind(str, value)
    if _NOT_UTF8.search(text):
        raise ValueError('a text is cut within a character')
    return text


_SCALARS: Final[Mapping[Any, Callable[[Any], Any]]] = {
    dt.datetime: _moment,
    int: whole,
    float: _seconds,
    str: _text,
    bool: functools.partial(of_kind, bool),
}
