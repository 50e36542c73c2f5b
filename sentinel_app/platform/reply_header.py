"""Headers of every reply, whether of the API, the page or the bridge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The page's components add style elements; scripts are only loaded from files.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)


def content_security_policy(script_hashes: tuple[str, ...] = ()) -> str:
    """Return the policy that allows only the App's own files to be loaded or run.

    Args:
        script_hashes: hashes of the inline scripts that may run, for example `sha256-...`.
    """
    return _POLICY.format(scripts=''.join(f" '{each}'" for each in script_hashes))


PROTECTION: Final[Mapping[str, str]] = {
    'Content-Security-Policy': content_security_policy(),
    # The same as `frame-ancestors`, for clients without support of the policy.
    'X-Frame-Options': 'SAMEORIGIN',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
    'Cache-Control': 'no-store',
}
"""Default headers of replies; the page's files override the first and the last."""
