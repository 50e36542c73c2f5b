"""App state, which is small and bounded, in one TinyDB file."""
