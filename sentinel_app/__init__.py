"""Microsoft Sentinel for ThreatConnect: sends Indicators to Microsoft Sentinel and accounts for each."""

__version__ = '1.0.0'
