"""The inventory of 050 numbers."""
