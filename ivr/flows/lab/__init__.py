"""Test numbers, on every line."""
