"""Inputs of the Service: parsed, validated and typed."""
