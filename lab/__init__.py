"""The bench: command line, composition root and configuration."""
