"""Care of the data folder and the database: lock, room on the disk, damage, shape and upkeep."""
