"""One call of the API: how it is declared, what its handler takes, and what that returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.schemas import Body, Shape
from sentinel_app.api.user import known_user
from sentinel_app.errors import NotFoundError

JSON = 'application/json'
CSV = 'text/csv'
TEXT = 'text/plain'

_LARGEST_ID = 2**63 - 1
"""The largest integer that the database takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A reply that is not a model: a file, or text of another kind."""

    content: bytes
    media_type: str
    file_name: str | None = None
    """Name under which a browser saves it; None where it shows it."""


Input = TypeVar('Input', bound=Shape)
Output = TypeVar('Output', bound=Shape | Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[Input]):
    """A request that has been checked."""

    deps: ApiDeps
    input: Input
    """The parameters of a GET, the body of a POST or PUT."""
    path: Mapping[str, str]
    """The values in its path by name."""
    query: Mapping[str, str | list[str]]
    """The query string's names and values, for the links to the pages beside this one."""
    token: str | None = field(repr=False)
    """ThreatConnect's, which stands for the user."""

    @property
    def user_name(self) -> str | None:
        """Name of the user for the audit; None where ThreatConnect does not say."""
        user = known_user(self.deps.identity, self.token)
        return user.name if user else None

    def number_in_path(self, name: str, *, of: str) -> int:
        """Return the numeric ID in its path.

        Args:
            name: the name of the value.
            of: what has such an ID, in words for people.

        Raises:
            NotFoundError: nothing can have it.
        """
        text = self.path[name]
        # The length first: `int` raises `ValueError` for thousands of digits.
        is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_ID))
        if not is_number or int(text) > _LARGEST_ID:
            raise NotFoundError(f'No {of} has this ID.')
        return int(text)


@dataclass(frozen=True, slots=True)
class Call(Generic[Input, Output]):
    """One method of one path."""

    method: Literal['GET', 'POST', 'PUT']
    path: str
    handler: Callable[[Request[Input]], Output | Document]
    input: type[Input]
    """The model of its parameters or, of a POST or PUT, of its body."""
    reply: type[Output]
    """The model of its JSON; `Document` where it has none."""
    summary: str
    status: int = 200
    """Of a reply that is not a refusal."""
    may_conflict: bool = False
    """Whether it is refused with 409 in some states."""
    media_types: tuple[str, ...] = (JSON,)

    @property
    def has_body(self) -> bool:
        """Whether `input` is the model of a body."""
        return issubclass(self.input, Body)

    @property
    def refusals(self) -> frozenset[int]:
        """Statuses of the refusals that not every call has."""
        unknown = {404} if '{' in self.path else set()
        conflict = {409} if self.may_conflict else set()
        return frozenset(unknown | conflict | ({413, 415, 422} if self.has_body else set()))
