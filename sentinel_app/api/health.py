"""The state of the App, and whether everything that it depends on works."""

from __future__ import annotations

from sentinel_app.api.call import Request
from sentinel_app.api.health_reply import check_reply, health_reply
from sentinel_app.api.schemas import CheckReport, EmptyBody, Health, Parameters
from sentinel_app.diagnostics.deadline import Deadline

LONGEST_CHECK_S = 120.0
"""No further check begins after so long."""


def read(request: Request[Parameters]) -> Health:
    """Return status and conditions, version, next update, storage and last error."""
    deps = request.deps
    return health_reply(deps.health.snapshot(), deps.updates.next_update())


def check(request: Request[EmptyBody]) -> CheckReport:
    """Check ThreatConnect, token, workspace and disk, one by one."""
    deps = request.deps
    results = deps.diagnostics.checks.run(Deadline(deps.clock, LONGEST_CHECK_S))
    return check_reply(results)
