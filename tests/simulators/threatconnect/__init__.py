"""A stand-in for the ThreatConnect platform's REST API, as strict as its documentation."""

from tests.simulators.threatconnect.auth import ACCESS_ID, DEFAULT_USER, SECRET_KEY, User
from tests.simulators.threatconnect.fault import Fault, FaultBoard
from tests.simulators.threatconnect.group_store import GroupStore
from tests.simulators.threatconnect.profile import Profile
from tests.simulators.threatconnect.server import PageEvent, Seen, ThreatConnectSimulator
from tests.simulators.threatconnect.store import (
    FIRST_ID,
    Deleted,
    DuplicateError,
    Owner,
    Store,
)

__all__ = [
    'ACCESS_ID',
    'DEFAULT_USER',
    'FIRST_ID',
    'SECRET_KEY',
    'Deleted',
    'DuplicateError',
    'Fault',
    'FaultBoard',
    'GroupStore',
    'Owner',
    'PageEvent',
    'Profile',
    'Seen',
    'Store',
    'ThreatConnectSimulator',
    'User',
]
