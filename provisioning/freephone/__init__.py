"""Freephone contracts: what may be set up, and what is kept of it."""
