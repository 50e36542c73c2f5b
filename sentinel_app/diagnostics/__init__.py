"""Diagnostics beside the updates: previews, checks, health, and look-ups of values."""
