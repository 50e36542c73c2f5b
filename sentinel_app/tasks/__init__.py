"""Background activity: the scheduler thread and the Tasks."""
