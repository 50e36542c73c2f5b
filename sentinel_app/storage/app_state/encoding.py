"""Encoding of frozen models as JSON documents, and their validated decoding.

Decoding trusts nothing: a value is accepted only if everything that is done with it later can be
done. Encoding keeps to the same bounds, so that whatever was stored can be read again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import re
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Final, NotRequired, Required, TypeVar

import typing_extensions
from pydantic import (
    AfterValidator,
    AllowInfNan,
    BeforeValidator,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
)

from sentinel_app.core.timestamp import from_text

Model = TypeVar('Model')

# Far enough from the calendar's ends for every zone, interval and TTL.
EARLIEST: Final = dt.datetime(1000, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
MOST: Final = 2**63 - 1
"""Maximum of whole numbers, as in SQLite; the minimum is 0."""
MOST_S: Final = 1e12
"""Maximum of numbers with a fraction, all of which are seconds; the minimum is 0."""
_NOT_UTF8 = re.compile('[\ud800-\udfff]')


def encode(value: object) -> Any:
    """Return the value as JSON data, without members that are None or empty and have a default.

    A number or a time out of bounds is stored as the nearest one within, and a character that UTF-8
    cannot represent as U+FFFD.
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
    """Return the model of a document; unknown members are ignored.

    Raises:
        ValueError: a member without a default is missing, or a member has another shape or is out
            of bounds.
    """
    untyped: Any = kind
    try:
        model: Model = _adapter(untyped).validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = '.'.join(map(str, first['loc']))
        raise ValueError(f'{place}: {first["msg"]}') from None
    return model


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, tuple | Mapping) and not value)


@functools.cache
def _members(kind: Any) -> tuple[tuple[str, bool], ...]:
    """Return each member's name, and whether it has a default."""
    return tuple(
        (
            field.name,
            field.default is not dataclasses.MISSING
            or field.default_factory is not dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _moment(value: Any) -> dt.datetime:
    if type(value) is not str:
        raise ValueError('a time is not text')
    return from_text(value)


_SCALARS: Final[Mapping[Any, Any]] = {
    # Any constraint makes pydantic refuse text that UTF-8 cannot represent.
    str: Annotated[str, Strict(), Field(min_length=0)],
    bool: Annotated[bool, Strict()],
    int: Annotated[int, Strict(), Field(ge=0, le=MOST)],
    float: Annotated[float, Strict(), AllowInfNan(allow_inf_nan=False), Field(ge=0, le=MOST_S)],
    dt.datetime: Annotated[
        dt.datetime, BeforeValidator(_moment), Field(ge=EARLIEST, le=LATEST), Strict()
    ],
}


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(_validated(kind))


@functools.cache
def _validated(hint: Any) -> Any:
    """Return a type hint with the bounds of documents; a model is validated as a typed dict."""
    origin = typing.get_origin(hint)
    if origin is not None:
        arguments = [each if each is ... else _validated(each) for each in typing.get_args(hint)]
        if origin is types.UnionType:
            return typing.Union[tuple(arguments)]  # noqa: UP007 - of a list that is not known here
        generic: Any = tuple if origin is tuple else dict
        return generic[tuple(arguments)]
    if not dataclasses.is_dataclass(hint):
        return _SCALARS.get(hint, hint)
    kind: Any = hint
    return Annotated[_typed_dict(kind), AfterValidator(lambda found: kind(**found))]


def _typed_dict(kind: Any) -> Any:
    hints = typing.get_type_hints(kind)
    # Before Python 3.12, pydantic needs that of `typing_extensions`, on which it depends itself.
    named: Any = typing_extensions.TypedDict
    return named(
        kind.__name__,
        {
            name: (NotRequired if has_default else Required)[_validated(hints[name])]
            for name, has_default in _members(kind)
        },
    )
