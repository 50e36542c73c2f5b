"""A stand-in for the Log Analytics query API, with a KQL engine behind it."""

from tests.simulators.log_analytics.answer import Answer, View
from tests.simulators.log_analytics.fault import FAULTS
from tests.simulators.log_analytics.gateway import query_path
from tests.simulators.log_analytics.query_fault import (
    QueryFault,
    SemanticFault,
    SyntaxFault,
    UnsupportedFault,
)
from tests.simulators.log_analytics.schema import ALERTS, INDICATORS, OBJECTS, TABLES
from tests.simulators.log_analytics.server import LogAnalyticsRequest, LogAnalyticsSimulator
from tests.simulators.log_analytics.settings import LogAnalyticsSettings, RetryAfter

__all__ = [
    'ALERTS',
    'FAULTS',
    'INDICATORS',
    'OBJECTS',
    'TABLES',
    'Answer',
    'LogAnalyticsRequest',
    'LogAnalyticsSettings',
    'LogAnalyticsSimulator',
    'QueryFault',
    'RetryAfter',
    'SemanticFault',
    'SyntaxFault',
    'UnsupportedFault',
    'View',
    'query_path',
]
