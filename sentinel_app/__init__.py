"""Sends Indicators from ThreatConnect to Microsoft Sentinel and accounts for every single one."""

__version__ = '2.0.0'
