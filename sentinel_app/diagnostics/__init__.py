"""What people ask of the App beside its updates: previews, checks, what became of a value."""
