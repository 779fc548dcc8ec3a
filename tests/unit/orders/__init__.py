"""Customers, the 050 inventory and number orders, on SQLite and PostgreSQL."""
