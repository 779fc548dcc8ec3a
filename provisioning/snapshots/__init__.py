"""The whole state of the office under a name (LAB-03)."""
