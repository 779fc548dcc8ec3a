"""Orders of 050 numbers: what is added, its passwords and letter, and how numbers end."""
