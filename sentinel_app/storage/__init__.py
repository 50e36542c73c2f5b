"""Data on disk: app state in TinyDB, outbox and ledger in SQLite."""
