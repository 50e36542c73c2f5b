"""What the App keeps on disk: documents in TinyDB, work and ledger in SQLite."""
