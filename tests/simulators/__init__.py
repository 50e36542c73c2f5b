"""Stand-ins for ThreatConnect, Entra ID, Sentinel and the platform; they share no code with the App."""
