"""The headers that every reply carries, whoever writes it: the API, the page, the bridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Style elements are how the page's components bring their styles; scripts come from files alone.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def content_security_policy(script_hashes: tuple[str, ...] = ()) -> str:
    """Return the policy that lets nothing be loaded or run but the App's own files.

    Args:
        script_hashes: hashes of the inline scripts that may run, for example `sha256-...`.
    """
    return _POLICY.format(scripts=''.join(f" '{each}'" for each in script_hashes))


PROTECTION: Final[Mapping[str, str]] = {
    'Content-Security-Policy': content_security_policy(),
    # For what reads no policy: the same as `frame-ancestors`.
    'X-Frame-Options': 'SAMEORIGIN',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
}
"""What a reply says that has no rules of its own, such as the page's files have for the first and
the last."""
