"""Services of au lines."""
