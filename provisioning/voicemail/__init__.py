"""Voicemail: boxes, messages and greetings, each a row and a file that agree whatever happens."""
