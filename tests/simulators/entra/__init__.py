"""A stand-in for Microsoft Entra ID: metadata, instance discovery and the token end point."""

from tests.simulators.entra.issuer import (
    Claims,
    Cloud,
    TokenIssuer,
    TokenRefusedError,
)
from tests.simulators.entra.registration import AppState, Registration
from tests.simulators.entra.server import (
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT_DOMAIN,
    TENANT_ID,
    EntraSettings,
    EntraSimulator,
)

__all__ = [
    'CLIENT_ID',
    'CLIENT_SECRET',
    'TENANT_DOMAIN',
    'TENANT_ID',
    'AppState',
    'Claims',
    'Cloud',
    'EntraSettings',
    'EntraSimulator',
    'Registration',
    'TokenIssuer',
    'TokenRefusedError',
]
