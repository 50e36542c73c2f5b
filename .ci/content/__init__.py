"""The content for Sentinel in `docs/sentinel/`, and the ARM template that is made from it."""
