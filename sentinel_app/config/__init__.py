"""The inputs of the Service: read, checked, and given types."""
