"""Wrapper of secrets against accidental disclosure."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A secret that only `value` discloses.

    Its text form is `***`, it is compared in constant time, and it cannot be pickled.
    """

    __slots__ = ('_value',)

    def __init__(self, value: str) -> None:
        self._value = value

    @property
    def value(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return 'Secret(***)'

    def __str__(self) -> str:
        return '***'

    def __format__(self, _spec: str) -> str:
        return '***'

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other.value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError('a secret cannot be pickled')
