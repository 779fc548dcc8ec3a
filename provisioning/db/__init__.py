"""Where the office keeps its rows: one schema on SQLite or PostgreSQL."""
