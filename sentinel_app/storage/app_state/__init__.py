"""The few and bounded things, in one TinyDB file."""
