"""Customers and their contracts."""
