"""The only disk: recordings and other files."""
