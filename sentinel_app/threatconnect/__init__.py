"""The ThreatConnect v3 adapter."""
