"""Orders of 050 numbers: all or nothing, once."""
