"""Customers, their contracts and the plans these follow."""
