"""A stand-in for the Microsoft Sentinel upload API and for the tables behind it."""

from tests.simulators.sentinel.anomaly import Anomaly
from tests.simulators.sentinel.fault import FAULTS
from tests.simulators.sentinel.gateway import API_VERSION, SentinelSettings, upload_path
from tests.simulators.sentinel.limit import RollingLimit
from tests.simulators.sentinel.reply import ErrorListName, RetryAfter
from tests.simulators.sentinel.server import WORKSPACE_ID, SentinelRequest, SentinelSimulator
from tests.simulators.sentinel.table import Row, Table
from tests.simulators.sentinel.validation import validate

__all__ = [
    'API_VERSION',
    'FAULTS',
    'WORKSPACE_ID',
    'Anomaly',
    'ErrorListName',
    'RetryAfter',
    'RollingLimit',
    'Row',
    'SentinelRequest',
    'SentinelSettings',
    'SentinelSimulator',
    'Table',
    'upload_path',
    'validate',
]
