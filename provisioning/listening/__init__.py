"""Messages as files that browsers and programs hear, whole or in ranges."""
