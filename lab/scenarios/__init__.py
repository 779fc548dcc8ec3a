"""Scenarios: calls that real phones place, written down in short files and played on a carrier."""
