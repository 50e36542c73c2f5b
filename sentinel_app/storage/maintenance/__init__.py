"""Maintenance of the data folder and the database: lock, disk space, damage, schema, upkeep."""
