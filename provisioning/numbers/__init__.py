"""The 050 inventory: blocks of numbers, and the state each number is in."""
