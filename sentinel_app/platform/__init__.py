"""Fixes for the platform and its framework in the handling of requests and messages."""
