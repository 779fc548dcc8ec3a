"""Real softphones on a leash: each starts, registers, dials, keys, records and stops by its pid."""
