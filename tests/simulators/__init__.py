"""Stand-ins for everything around the App; they share no code with it."""
