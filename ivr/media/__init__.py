"""Media as values: packets, frames, tones and keys; no I/O."""
