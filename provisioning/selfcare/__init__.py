"""Logging in to the self-care portal."""
