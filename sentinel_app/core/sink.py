"""Port to Microsoft Sentinel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadReply:
    """Response of Sentinel to one batch: refusals by position; everything else is accepted."""

    refusals: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


class Sink(Protocol):
    """Microsoft Sentinel. Each call is one attempt."""

    def prepare(self) -> None:
        """Prepare an access token for `send`, without using up the upload limit.

        Raises:
            TokenError: retry.
            TokenRefusedError: a person must act.
        """
        ...

    def send(self, objects: Sequence[bytes]) -> UploadReply:
        """Send one batch of STIX objects, each already JSON text.

        Raises:
            ThrottledError, UploadServerError, UnauthorizedError, TokenError: retry.
            BatchTooLargeError, BatchRefusedError: halve the batch.
            UploadDeniedError, TokenRefusedError: a person must act.
        """
        ...

    def forget_token(self) -> None:
        """Discard the token, so that the next send gets a new one."""
        ...
