"""The Microsoft Sentinel adapter."""
