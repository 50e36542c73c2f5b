"""Bodies and query strings as their models, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, get_origin

from pydantic import ValidationError

from sentinel_app.api.schemas.base import FieldError, Shape

Model = TypeVar('Model', bound=Shape)


class InvalidInputError(Exception):
    """What was sent does not have the shape of its model."""

    def __init__(self, errors: Sequence[FieldError], *, is_malformed: bool = False) -> None:
        super().__init__('; '.join(f'{error.field}: {error.message}' for error in errors))
        self.errors = tuple(errors)
        self.is_malformed = is_malformed
        """The body is not JSON at all."""


_MESSAGES = {
    'missing': 'is required',
    'extra_forbidden': 'is not known',
    'too_short': 'needs at least {min_length}',
    'too_long': 'may have at most {max_length} entries',
    'string_too_short': 'must not be empty',
    'string_too_long': 'may have at most {max_length} characters',
    'timezone_aware': 'needs a time zone, for example Z',
}


def _field_errors(problem: ValidationError) -> list[FieldError]:
    found: dict[str, str] = {}
    for error in problem.errors(include_url=False, include_input=False):
        name = '.'.join(str(part) for part in error['loc']) or 'body'
        words = _MESSAGES.get(error['type'], error['msg'].removeprefix('Value error, '))
        facts = error.get('ctx', {}) if error['type'] in _MESSAGES else {}
        found.setdefault(name, words.format(**facts) if facts else words)
    return [FieldError(field=name, message=message) for name, message in found.items()]


def list_names(model: type[Shape]) -> frozenset[str]:
    """Return the parameters of a model that may have several values."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if get_origin(field.annotation) is list)


def read_body(model: type[Model], body: bytes) -> Model:
    """Return the body as its model.

    Raises:
        InvalidInputError: it is not JSON, or not of that shape.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as problem:
        is_malformed = any(error['type'] == 'json_invalid' for error in problem.errors())
        raise InvalidInputError(_field_errors(problem), is_malformed=is_malformed) from None


def read_parameters(model: type[Model], query: Mapping[str, object]) -> Model:
    """Return a query string's names and values as their model.

    Raises:
        InvalidInputError: an unknown name, or a value of another kind.
    """
    try:
        return model.model_validate(query)
    except ValidationError as problem:
        raise InvalidInputError(_field_errors(problem)) from None
