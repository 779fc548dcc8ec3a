"""The numbering plan: digits and a caller in, a destination out; no I/O."""
