"""Microsoft Sentinel as the App sends to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReply:
    """What Sentinel said of one batch: refusals by position, everything else is accepted."""

    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Sink(Protocol):
    """Microsoft Sentinel. Each call is one attempt."""

    def prepare(self) -> None:
        """Make ready what a send needs, an access token, without using up the upload limit.

        Raises:
            TokenError: try again.
            TokenRefusedError: somebody must act.
        """
        ...

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        """Send one batch of STIX objects, each already JSON text.

        Raises:
            ThrottledError, UploadServerError, UnauthorizedError, TokenError: try again.
            BatchTooLargeError, BatchRefusedError: halve.
            UploadDeniedError, TokenRefusedError: somebody must act.
        """
        ...

    def forget_token(self) -> None:
        """Let the next send ask for a new token."""
        ...
