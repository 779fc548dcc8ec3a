"""The carrier's office: who has what, and what it is set to."""
