"""Repairs of what the platform and its framework do with requests and messages."""
