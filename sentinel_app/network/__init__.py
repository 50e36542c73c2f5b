"""HTTP to other systems, bounded in time and size."""
