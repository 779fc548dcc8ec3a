"""The diversions of every line."""
