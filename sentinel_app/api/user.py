"""Who makes a request, from ThreatConnect's `whoami` with the request's own token."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from sentinel_app.api.ports import Identity, UserInfo
from sentinel_app.core.clock import Clock
from sentinel_app.core.error_text import one_line
from sentinel_app.errors import SentinelAppError
from sentinel_app.log import EventLog

KEPT = dt.timedelta(minutes=5)
"""How long an answer is believed: a role that is taken away counts after that at the latest."""

KEPT_FAILURE = dt.timedelta(seconds=30)
MOST_KEPT = 256

LONGEST_NAME = 200
"""Characters of a user's name or role that are kept and shown."""

_log = EventLog(__name__)


def known_user(identity: Identity, token: str | None) -> UserInfo | None:
    """Return who makes a request; None where ThreatConnect does not say."""
    try:
        return identity.user_of(token)
    except SentinelAppError:
        return None


class WhoAmI:
    """Looks users up and remembers them for some minutes; implements the port `Identity`.

    Args:
        whoami: returns ThreatConnect's answer for a token; None where there is no way to get one.
        clock: the present.
    """

    def __init__(
        self, whoami: Callable[[str], Mapping[str, object]] | None, *, clock: Clock
    ) -> None:
        self._whoami = whoami
        self._clock = clock
        self._lock = threading.Lock()
        # Until when by the monotonic clock: a clock that is put back prolongs no belief.
        self._known: OrderedDict[str, tuple[float, UserInfo | None]] = OrderedDict()

    def user_of(self, token: str | None) -> UserInfo | None:
        """Return the user, from a cache of some minutes; None where that cannot be had."""
        whoami = self._whoami
        if not token or whoami is None:
            return None
        # The token itself is a secret that has no place in a long-lived table.
        key = hashlib.sha256(token.encode()).hexdigest()
        now = self._clock.monotonic()
        with self._lock:
            until, user = self._known.get(key, (now, None))
        if until > now:
            return user
        user = _asked(whoami, token)
        with self._lock:
            kept = KEPT if user else KEPT_FAILURE
            self._known[key] = (now + kept.total_seconds(), user)
            self._known.move_to_end(key)
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        return user


def _asked(whoami: Callable[[str], Mapping[str, object]], token: str) -> UserInfo | None:
    try:
        return _user(whoami(token))
    except SentinelAppError as error:
        _log.warning('user-unknown', code=error.code, reason=error.reason or error.message)
        return None


def _user(answer: Mapping[str, object]) -> UserInfo | None:
    """Source: ThreatConnect REST API v2, whoami: `data.user` with `userName` and `role`."""
    data = answer.get('data')
    user = data.get('user') if isinstance(data, dict) else None
    if not isinstance(user, dict) or not isinstance(user.get('userName'), str):
        return None
    role = user.get('role')
    return UserInfo(
        name=one_line(user['userName'], LONGEST_NAME),
        role=one_line(role, LONGEST_NAME) if isinstance(role, str) else '',
    )
