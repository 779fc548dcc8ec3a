"""The texts, a file a language."""
