"""A stand-in for the Log Analytics query API, with a KQL engine behind it."""

from tests.simulators.log_analytics.engine import Answer, Engine, View
from tests.simulators.log_analytics.query_fault import (
    QueryFault,
    SemanticFault,
    SyntaxFault,
    UnsupportedFault,
)
from tests.simulators.log_analytics.schema import ALERTS, INDICATORS, OBJECTS, TABLES

__all__ = [
    'ALERTS',
    'INDICATORS',
    'OBJECTS',
    'TABLES',
    'Answer',
    'Engine',
    'QueryFault',
    'SemanticFault',
    'SyntaxFault',
    'UnsupportedFault',
    'View',
]
