"""How frozen models stand in a JSON document, and how they come back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

Model = TypeVar('Model')


def encode(value: object) -> Any:
    """The value in terms of JSON. What is absent is left out; reading puts the default there."""
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, dt.datetime):
        return value.isoformat()
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


def decode(kind: type[Model], document: Mapping[str, Any]) -> Model:
    """The model that `encode` made the document from. Unknown members are passed over.

    Raises:
        KeyError: a member without a default is missing.
        TypeError, ValueError: a member has another shape.
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
        return decode(typing.cast('type[Any]', hint), _of(dict, value))
    if hint is dt.datetime:
        moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError('a time without a zone')
        return moment
    if issubclass(hint, StrEnum):
        return hint(value)
    return float(value) if hint is float and type(value) is int else _of(hint, value)


def _decoded_generic(origin: Any, arguments: tuple[Any, ...], value: Any) -> Any:
    """A value that may be absent, a tuple of one kind, or a mapping."""
    if origin is types.UnionType:
        return None if value is None else _decoded(arguments[0], value)
    if origin is tuple:
        return tuple(_decoded(arguments[0], item) for item in _of(list, value))
    key_hint, item_hint = arguments
    items = _of(dict, value).items()
    return {_decoded(key_hint, key): _decoded(item_hint, item) for key, item in items}


def _of(kind: type[Model], value: Any) -> Model:
    if type(value) is not kind:
        raise TypeError(f'{value!r:.60} is no {kind.__name__}')
    return value
